//! Header values with parameters: RFC 2045 section 5.1 as mail really writes it, RFC 2231 continuations and charsets.

use std::{collections::HashMap, ops::Range};

use super::{
    charset,
    line::{is_blank, trim},
};

/// `text/html; charset="utf-8"` taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Value {
    /// All before the first parameter, in lower case, without blanks, comments and quotes.
    pub(crate) head: String,
    pub(crate) params: Vec<Param>,
    /// Whether the value ends inside a quoted string or a comment, so that nothing can be put behind it.
    pub(crate) open_ended: bool,
}

/// One parameter, its RFC 2231 segments joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Param {
    /// In lower case, without `*`.
    pub(crate) name: String,
    pub(crate) value: String,
    /// The value before it was made text: a boundary is compared byte by byte.
    pub(crate) bytes: Vec<u8>,
    /// Where it stands in the value, name to end; one range a segment.
    pub(crate) at: Vec<Range<usize>>,
}

impl Value {
    pub(crate) fn parse(source: &[u8]) -> Self {
        let mut reader = Reader { source, at: 0, open_ended: false };
        let head = reader.head();
        let mut params = Joiner::default();
        while let Some(segment) = reader.segment() {
            params.add(segment);
        }
        Self { head, params: params.finish(), open_ended: reader.open_ended }
    }
}

/// What two simple readers take for the boundary: one that goes to the end of the quotes or to the first blank or
/// semicolon behind `boundary=`, wherever that stands and whatever is escaped in it; and one that stops at a semicolon
/// only, or at a quote that is not escaped.
pub(crate) fn simple_boundaries(value: &[u8]) -> [Option<Vec<u8>>; 2] {
    let unfolded: Vec<u8> = value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let lower = unfolded.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower.get(from..).and_then(|rest| memchr::memmem::find(rest, b"boundary")) {
        from += at + "boundary".len();
        let rest = unfolded.get(from..).unwrap_or_default();
        let rest = rest.strip_prefix(b"*0").unwrap_or(rest);
        let rest = rest.strip_prefix(b"*").unwrap_or(rest).trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b"=") else { continue };
        let rest = rest.trim_ascii_start();
        let until = |rest: &[u8], ends: &[u8]| {
            let end = rest.iter().position(|byte| ends.contains(byte)).unwrap_or(rest.len());
            Some(rest.get(..end).unwrap_or_default().trim_ascii_end().to_vec()).filter(|found| !found.is_empty())
        };
        return match rest.strip_prefix(b"\"") {
            Some(quoted) => [until(quoted, b"\""), until(quoted, b"\"")],
            None => [until(rest, b"; \t()"), until(rest, b";")],
        };
    }
    [None, None]
}

struct Segment {
    name: String,
    value: Vec<u8>,
    at: Range<usize>,
}

struct Reader<'a> {
    source: &'a [u8],
    at: usize,
    open_ended: bool,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        self.source.get(start..self.at).unwrap_or_default()
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            self.take_while(is_space);
            if self.peek() != Some(b'(') {
                return;
            }
            self.skip_comment();
        }
    }

    /// Comments nest (RFC 5322 section 3.2.2).
    fn skip_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
        self.at = self.source.len();
        self.open_ended = true;
    }

    /// `text/html`; a parameter that follows without `;` begins where a word holds `=` (attack row 94).
    fn head(&mut self) -> String {
        let mut head = String::new();
        loop {
            self.skip_space_and_comments();
            let start = self.at;
            let word = self.take_while(|byte| !is_space(byte) && !matches!(byte, b';' | b'('));
            if word.is_empty() || word.contains(&b'=') && !head.is_empty() {
                self.at = start;
                return head;
            }
            head.extend(word.iter().filter(|b| **b != b'"').map(|b| char::from(b.to_ascii_lowercase())));
        }
    }

    fn segment(&mut self) -> Option<Segment> {
        loop {
            self.skip_space_and_comments();
            match self.peek()? {
                b';' | b'=' | b'"' => self.at += 1,
                _ => {
                    let start = self.at;
                    let name = self.take_while(|byte| !is_space(byte) && !matches!(byte, b';' | b'=' | b'"'));
                    self.take_while(is_space);
                    if self.peek() == Some(b'=') {
                        self.at += 1;
                        let name = charset::loose_text(name).to_ascii_lowercase();
                        let value = self.value(matches!(name.as_str(), "name" | "filename"));
                        return Some(Segment { name, value, at: start..self.at });
                    }
                }
            }
        }
    }

    fn value(&mut self, may_hold_blanks: bool) -> Vec<u8> {
        self.take_while(is_space);
        let mut value = Vec::new();
        if self.peek() == Some(b'"') {
            self.quoted(&mut value);
            // `"u"tf-8`: what touches the closing quote belongs to the value.
            value.extend(self.take_while(|byte| !is_space(byte) && byte != b';'));
            return value;
        }
        value.extend(self.take_while(|byte| !is_space(byte) && byte != b';'));
        if may_hold_blanks {
            let rest = self.source.get(self.at..).unwrap_or_default();
            let end = rest.iter().position(|b| matches!(b, b';' | b'=' | b'(' | b'"')).unwrap_or(rest.len());
            if matches!(rest.get(end), None | Some(b';')) {
                let rest = rest.get(..end).unwrap_or_default().trim_ascii_end();
                value.extend(rest.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')));
                self.at += rest.len();
            }
        }
        value
    }

    fn quoted(&mut self, value: &mut Vec<u8>) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return,
                b'\r' | b'\n' => {}
                b'\\' => {
                    value.extend(self.peek());
                    self.at += 1;
                }
                _ => value.push(byte),
            }
        }
        self.at = self.source.len();
        self.open_ended = true;
    }
}

fn is_space(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b'\r' | b'\n' | 0x0b | 0x0c | 0)
}

/// Joins `name*0=…; name*1*=…` (RFC 2231 section 3) and undoes `charset'language'%41` (section 4).
#[derive(Default)]
struct Joiner {
    found: Vec<Found>,
    continued: HashMap<String, usize>,
}

enum Found {
    Plain(Param),
    Continued { name: String, pieces: Vec<Piece> },
}

struct Piece {
    index: u32,
    extended: bool,
    value: Vec<u8>,
    at: Range<usize>,
}

impl Joiner {
    fn add(&mut self, Segment { name, value, at }: Segment) {
        let Some((base, rest)) = name.split_once('*') else {
            let bytes = trim(&value).to_vec();
            self.found.push(Found::Plain(Param { name, value: charset::loose_text(&bytes), bytes, at: vec![at] }));
            return;
        };
        let extended = rest.is_empty() || rest.ends_with('*');
        let index = rest.trim_end_matches('*').parse().unwrap_or(0);
        let piece = Piece { index, extended, value, at };
        match self.continued.get(base).and_then(|place| self.found.get_mut(*place)) {
            Some(Found::Continued { pieces, .. }) => pieces.push(piece),
            _ => {
                self.continued.insert(base.to_owned(), self.found.len());
                self.found.push(Found::Continued { name: base.to_owned(), pieces: vec![piece] });
            }
        }
    }

    fn finish(self) -> Vec<Param> {
        self.found
            .into_iter()
            .map(|found| match found {
                Found::Plain(param) => param,
                Found::Continued { name, pieces } => join(name, pieces),
            })
            .collect()
    }
}

fn join(name: String, mut pieces: Vec<Piece>) -> Param {
    pieces.sort_by_key(|piece| piece.index);
    let (mut bytes, mut label) = (Vec::new(), None);
    for (number, piece) in pieces.iter().enumerate() {
        let mut value = piece.value.as_slice();
        if !piece.extended {
            bytes.extend_from_slice(value);
            continue;
        }
        if number == 0 {
            let mut quoted = value.splitn(3, |byte| *byte == b'\'');
            if let (Some(charset), Some(_), Some(rest)) = (quoted.next(), quoted.next(), quoted.next()) {
                (label, value) = (Some(charset::loose_text(charset)), rest);
            }
        }
        percent_decode(value, &mut bytes);
    }
    let value = match label.as_deref().and_then(charset::encoding_for) {
        Some(encoding) => encoding.decode_without_bom_handling(&bytes).0.into_owned(),
        None => charset::loose_text(&bytes),
    };
    Param { name, value, bytes, at: pieces.into_iter().map(|piece| piece.at).collect() }
}

fn percent_decode(source: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(byte) = source.get(at) {
        let pair = source.get(at + 1).zip(source.get(at + 2));
        match pair.and_then(|(high, low)| hex_pair(*high, *low)).filter(|_| *byte == b'%') {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
}

/// The byte that two hexadecimal digits of either case spell.
pub(crate) fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(source: &str) -> (String, Vec<(String, String)>) {
        let value = Value::parse(source.as_bytes());
        (value.head, value.params.into_iter().map(|param| (param.name, param.value)).collect())
    }

    fn params(source: &str) -> Vec<(String, String)> {
        parse(source).1
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn types_are_lower_case_and_comments_fall_away() {
        assert_eq!(parse(" Text/HTML (a (nested\\)) comment) "), ("text/html".into(), vec![]));
        assert_eq!(
            params("multipart/mixed (x); boundary=a (y); charset=b"),
            [pair("boundary", "a"), pair("charset", "b")]
        );
    }

    #[test]
    fn a_missing_semicolon_ends_the_type_before_the_first_parameter() {
        assert_eq!(
            parse("TEXT/HTML charset=windows-1252"),
            ("text/html".into(), vec![pair("charset", "windows-1252")])
        );
        assert_eq!(parse("text / plain"), ("text/plain".into(), vec![]));
    }

    #[test]
    fn quoted_and_bare_values() {
        assert_eq!(
            params(r#"a/b; x="q \"w\" ;e" ; y=----=_Next/Part?"#),
            [pair("x", "q \"w\" ;e"), pair("y", "----=_Next/Part?")]
        );
        assert_eq!(params("a/b; x=\"one\r\n two"), [pair("x", "one two")]);
        assert_eq!(params("a/b; charset=\"u\"tf-8"), [pair("charset", "utf-8")]);
        assert_eq!(params("a/b; name=my holiday.html ; y=1"), [pair("name", "my holiday.html"), pair("y", "1")]);
        assert_eq!(params("a/b; name=my y=1"), [pair("name", "my"), pair("y", "1")]);
        assert!(Value::parse(b"a/b; x=\"one").open_ended);
        assert!(!Value::parse(b"a/b; x=\"one\"").open_ended);
    }

    #[test]
    fn continuations_join_and_charsets_are_undone() {
        assert_eq!(params("a/b; boundary*1=def; boundary*0=\"abc\""), [pair("boundary", "abcdef")]);
        assert_eq!(params("a/b; name*=utf-8'ja'%E6%97%A5.html"), [pair("name", "日.html")]);
        assert_eq!(params("a/b; name*0*=shift_jis''%93%FA; name*1=%41; name*2*=%96%7B"), [pair("name", "日%41本")]);
        assert_eq!(params("a/b; name*=%41%4"), [pair("name", "A%4")]);
    }

    #[test]
    fn every_parameter_knows_where_it_stands() {
        let source = b"a/b; x=1; Charset=\"u\" ;y=2";
        let value = Value::parse(source);
        assert_eq!(&source[value.params[1].at[0].clone()], b"Charset=\"u\"");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(source in proptest::collection::vec(any::<u8>(), 0..200)) {
            let value = Value::parse(&source);
            for range in value.params.iter().flat_map(|param| &param.at) {
                prop_assert!(source.get(range.clone()).is_some());
            }
        }

        #[test]
        fn any_header_like_text_is_read(source in r#"[a/;=*01"'\\() %\r\n]{0,60}"#) {
            Value::parse(source.as_bytes());
        }
    }
}
