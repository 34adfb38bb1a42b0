use std::collections::HashMap;

use super::{
    frame::{CHUNK, Reply},
    session::{Draft, Field},
};

/// A message became something that no changes of the protocol say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what the message became cannot be told to the mail system: {0}")]
pub struct Inexpressible(&'static str);

/// How a message became another.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes<'a> {
    /// Of the header, in the order in which they have to be said.
    pub header: Vec<Reply<'a>>,
    /// Of the body; empty where it stays.
    pub body: Vec<Reply<'a>>,
}

/// The changes that make `after` of the message that came. They go by name and place among the fields of that name;
/// fields that are new stand at the end of the header.
pub fn changes<'a>(before: &'a Draft, after: &'a [u8]) -> Result<Changes<'a>, Inexpressible> {
    let (fields, body) = take_apart(after)?;
    let mut header = Vec::new();
    for Named { name, old, new } in by_name(before, &fields) {
        let value = |value: &[u8]| said(value, before.keeps_blank);
        for (index, (old, new)) in (1..).zip(old.iter().zip(&new)) {
            // What came without its blank was written down with one.
            let same = if before.keeps_blank { old.value == *new } else { new.strip_prefix(b" ") == Some(&*old.value) };
            if !same {
                header.push(Reply::Change { name, index, value: value(new)? });
            }
        }
        // From the last: then no number changes for what is still to go.
        let gone = (1..).zip(&old).skip(new.len()).map(|(index, _)| index);
        let gone: Vec<u32> = gone.collect();
        header.extend(gone.iter().rev().map(|index| Reply::Change { name, index: *index, value: Vec::new() }));
        for new in new.iter().skip(old.len()) {
            header.push(Reply::Add { name, value: value(new)? });
        }
    }
    let head: usize = before.fields.iter().map(|field| size(field, before.keeps_blank)).sum::<usize>() + 2;
    let body = if before.letter.raw.get(head..) == Some(body) {
        Vec::new()
    } else if body.is_empty() {
        vec![Reply::Body(b"")]
    } else {
        body.chunks(CHUNK).map(Reply::Body).collect()
    };
    Ok(Changes { header, body })
}

/// The fields of one name, as they came and as they are to be.
struct Named<'a> {
    name: &'a [u8],
    old: Vec<&'a Field>,
    new: Vec<&'a [u8]>,
}

/// In the order in which the names first appear. A header can have very many fields.
fn by_name<'a>(before: &'a Draft, after: &[(&'a [u8], &'a [u8])]) -> Vec<Named<'a>> {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut all: Vec<Named<'a>> = Vec::new();
    let mut place = |all: &mut Vec<Named<'a>>, name: &'a [u8]| {
        *places.entry(name.to_ascii_lowercase()).or_insert_with(|| {
            all.push(Named { name, old: Vec::new(), new: Vec::new() });
            all.len() - 1
        })
    };
    for field in &before.fields {
        let at = place(&mut all, &field.name);
        all.get_mut(at).into_iter().for_each(|named| named.old.push(field));
    }
    for (name, value) in after {
        let at = place(&mut all, name);
        all.get_mut(at).into_iter().for_each(|named| named.new.push(value));
    }
    all
}

fn size(field: &Field, keeps_blank: bool) -> usize {
    field.name.len() + 1 + usize::from(!keeps_blank) + field.value.len() + 2
}

/// A value as the protocol writes it: with line feeds, and with its blank only where the mail system expects one.
fn said(value: &[u8], keeps_blank: bool) -> Result<Vec<u8>, Inexpressible> {
    if value.contains(&0) {
        return Err(Inexpressible("a zero byte in a header field"));
    }
    let value = if keeps_blank { value } else { value.strip_prefix(b" ").unwrap_or(value) };
    let mut out = Vec::with_capacity(value.len());
    for (at, byte) in value.iter().enumerate() {
        if *byte != b'\r' || value.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    if out.is_empty() {
        // Nothing at all would remove the field.
        out.push(b' ');
    }
    Ok(out)
}

type Fields<'a> = Vec<(&'a [u8], &'a [u8])>;

/// Name and value of each field, and the body.
fn take_apart(message: &[u8]) -> Result<(Fields<'_>, &[u8]), Inexpressible> {
    let (mut fields, mut at) = (Fields::new(), 0);
    loop {
        let rest = message.get(at..).unwrap_or_default();
        if let Some(body) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) {
            return Ok((fields, body));
        }
        let end = end_of_field(rest).ok_or(Inexpressible("a header without an end"))?;
        let field = rest.get(..end).unwrap_or_default();
        let colon = field.iter().position(|byte| *byte == b':');
        let colon = colon.filter(|colon| *colon > 0).ok_or(Inexpressible("a line in the header that is no field"))?;
        let (name, value) = (field.get(..colon).unwrap_or_default(), field.get(colon + 1..).unwrap_or_default());
        if name.iter().any(|byte| matches!(byte, b'\n' | 0) || byte.is_ascii_whitespace() && name.first() == Some(byte))
        {
            return Err(Inexpressible("a line in the header that is no field"));
        }
        let value = value.strip_suffix(b"\n").unwrap_or(value);
        fields.push((name, value.strip_suffix(b"\r").unwrap_or(value)));
        at += end;
    }
}

/// Where the field ends that `rest` begins with: behind the first line break that no blank follows.
fn end_of_field(rest: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', rest).map(|at| at + 1).find(|next| !matches!(rest.get(*next), Some(b' ' | b'\t')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mail::Letter;

    fn draft(fields: &[(&str, &str)], body: &str, keeps_blank: bool) -> Draft {
        let blank = if keeps_blank { "" } else { " " };
        let head: String = fields.iter().map(|(name, value)| format!("{name}:{blank}{value}\r\n")).collect();
        let fields =
            fields.iter().map(|(name, value)| Field { name: (*name).into(), value: (*value).into() }).collect();
        let letter = Letter { raw: format!("{head}\r\n{body}").into(), ..Letter::default() };
        let mut draft = Draft::default();
        (draft.fields, draft.letter, draft.keeps_blank) = (fields, letter, keeps_blank);
        draft
    }

    /// What a mail system makes of it.
    fn made(draft: &Draft, changes: &Changes<'_>) -> Vec<u8> {
        let mut fields = draft.fields.clone();
        let head = fields.iter().map(|field| size(field, draft.keeps_blank)).sum::<usize>() + 2;
        let mut body = draft.letter.raw[head..].to_vec();
        for change in &changes.header {
            match change {
                Reply::Add { name, value } => fields.push(Field { name: name.to_vec(), value: value.clone() }),
                Reply::Change { name, index, value } => {
                    let named = |field: &Field| field.name.eq_ignore_ascii_case(name);
                    let at = (0..fields.len()).filter(|at| named(&fields[*at])).nth(*index as usize - 1).unwrap();
                    if value.is_empty() {
                        fields.remove(at);
                    } else {
                        fields[at].value.clone_from(value);
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        if !changes.body.is_empty() {
            body = changes
                .body
                .iter()
                .flat_map(|reply| if let Reply::Body(piece) = reply { *piece } else { b"" })
                .copied()
                .collect();
        }
        let mut out = Vec::new();
        for field in fields {
            out.extend([&field.name[..], if draft.keeps_blank { b":" } else { b": " }].concat());
            let value = String::from_utf8(field.value).unwrap().replace("\r\n", "\n").replace('\n', "\r\n");
            out.extend(value.as_bytes());
            out.extend(b"\r\n");
        }
        out.extend(b"\r\n");
        out.extend(body);
        out
    }

    #[test]
    fn fields_go_change_and_come_by_their_number() {
        let before = draft(&[("A", " 1"), ("B", "2"), ("a", " 3\r\n 4"), ("A", " 5")], "text", true);
        let after = b"A: 1\r\nB: 2\r\na: 3\r\n 5\r\nC:\r\n\r\ntext";
        let changes = changes(&before, after).unwrap();
        let change = |name, index, value: &[u8]| Reply::Change { name, index, value: value.to_vec() };
        assert_eq!(
            changes.header,
            [
                change(b"A", 2, b" 3\n 5"),
                change(b"A", 3, b""),
                change(b"B", 1, b" 2"),
                Reply::Add { name: b"C", value: b" ".to_vec() }
            ]
        );
        assert_eq!(changes.body, []);
    }

    #[test]
    fn a_body_goes_in_pieces_that_every_mail_system_takes() {
        let before = draft(&[("A", " 1")], "x", true);
        let after = [&b"A: 1\r\n\r\n"[..], &[b'y'; CHUNK + 1]].concat();
        let changes = changes(&before, &after).unwrap();
        assert_eq!(changes.header, []);
        assert_eq!(changes.body, [Reply::Body(&[b'y'; CHUNK]), Reply::Body(b"y")]);
        let emptied = super::changes(&before, b"A: 1\r\n\r\n").unwrap();
        assert_eq!(emptied.body, [Reply::Body(b"")]);
    }

    #[test]
    fn what_the_protocol_cannot_say_is_an_error() {
        let before = draft(&[("A", " 1")], "x", true);
        for after in
            [&b"A: 1\r\n"[..], b"", b"no field\r\n\r\n", b"A: 1\0\r\n\r\nx", b": 1\r\n\r\nx", b" A: 1\r\n\r\nx"]
        {
            assert!(changes(&before, after).is_err(), "{after:?}");
        }
    }

    fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
        proptest::collection::vec(("[ABab]", "( [a-c]{0,2}(\r\n [a-c])?|[a-c]{1,2})"), 0..6)
    }

    proptest! {
        /// Name by name the same values in the same order, and the body to the byte.
        #[test]
        fn the_mail_system_comes_to_the_same_message(
            old in fields(), new in fields(), bodies in ("[a-c\r\n]{0,6}", "[a-c\r\n]{0,6}"), keeps in any::<bool>(),
        ) {
            let pairs = |fields: &[(String, String)]| -> Vec<(String, String)> {
                // Without its blank, a value begins with none.
                let value = |value: &String| if keeps { value.clone() } else { value.trim_start().to_owned() };
                fields.iter().map(|(name, text)| (name.clone(), value(text))).filter(|(_, text)| !text.is_empty()).collect()
            };
            let (old, new) = (pairs(&old), pairs(&new));
            let of = |fields: &[(String, String)], body: &str| {
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
                draft(&fields, body, keeps)
            };
            let (before, after) = (of(&old, &bodies.0), of(&new, &bodies.1).letter.raw);
            let changes = changes(&before, &after).unwrap();
            let made = made(&before, &changes);
            let ((mut got, body), (mut wanted, right)) = (take_apart(&made).unwrap(), take_apart(&after).unwrap());
            prop_assert_eq!(body, right);
            got.sort_by_key(|(name, _)| name.to_ascii_lowercase());
            wanted.sort_by_key(|(name, _)| name.to_ascii_lowercase());
            let lower = |fields: Fields<'_>| -> Vec<(Vec<u8>, Vec<u8>)> {
                fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec())).collect()
            };
            prop_assert_eq!(lower(got), lower(wanted));
            if before.letter.raw == after {
                prop_assert!(changes.header.is_empty() && changes.body.is_empty());
            }
        }
    }
}
