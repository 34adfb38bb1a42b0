//! What stands behind the `;` of an entry: `reason="…" by=alice until=2026-12-31 ref=INC-7 confirm=suffix`.

use super::{
    Confirm, Day, Note,
    fault::{Fault, Spot},
    line::{check_characters, find_blank, skip_blanks},
    nearest,
};

const KEYS: [&str; 5] = ["reason", "by", "until", "ref", "confirm"];
const CONFIRMS: [&str; 2] = ["suffix", "never-block"];

/// Reads a note. Offsets of faults are bytes in `text`. `None` where nothing stands there.
pub(super) fn read(text: &str) -> Result<Option<Box<Note>>, Spot> {
    let mut note = Note::default();
    let mut seen = [false; KEYS.len()];
    let mut at = skip_blanks(text, 0);
    while at < text.len() && !text[at..].starts_with('#') {
        let (key, value_at) = read_key(text, at)?;
        let name = KEYS[key];
        if std::mem::replace(&mut seen[key], true) {
            return Err(Spot { at, fault: Fault::RepeatedKey(name) });
        }
        let (value, end) = read_value(text, value_at)?;
        if value.is_empty() {
            return Err(Spot { at: value_at, fault: Fault::NoValue(name) });
        }
        set(&mut note, name, value).map_err(|fault| Spot { at: value_at, fault })?;
        at = skip_blanks(text, end);
    }
    check_characters(&text[..at])?;
    Ok(seen.contains(&true).then(|| Box::new(note)))
}

/// The place of the key in [`KEYS`], and the offset behind its `=`.
fn read_key(text: &str, at: usize) -> Result<(usize, usize), Spot> {
    let word = &text[at..find_blank(text, at)];
    let fault = match word.split_once('=') {
        None | Some(("", _)) => Fault::NotAPair(word.to_owned()),
        Some((key, _)) => match KEYS.iter().position(|known| *known == key) {
            Some(known) => return Ok((known, at + key.len() + 1)),
            None => Fault::UnknownKey { key: key.to_owned(), nearest: nearest(key, &KEYS) },
        },
    };
    Err(Spot { at, fault })
}

/// The value at `at`, in quotation marks or up to the next blank, and the offset behind it.
fn read_value(text: &str, at: usize) -> Result<(String, usize), Spot> {
    let Some(quoted) = text[at..].strip_prefix('"') else {
        let end = find_blank(text, at);
        let value = &text[at..end];
        return match value.ends_with([';', ',']) {
            true => Err(Spot { at: end - 1, fault: Fault::NoteEnd }),
            false => Ok((value.to_owned(), end)),
        };
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (offset, c) in quoted.char_indices() {
        match c {
            _ if std::mem::take(&mut escaped) => value.push(c),
            '\\' => escaped = true,
            '"' if matches!(quoted[offset + 1..].chars().next(), None | Some(' ' | '\t')) => {
                return Ok((value, at + 1 + offset + 1));
            }
            '"' => break,
            _ => value.push(c),
        }
    }
    Err(Spot { at, fault: Fault::OpenQuote })
}

fn set(note: &mut Note, key: &str, value: String) -> Result<(), Fault> {
    match key {
        "reason" => note.reason = Some(value.into()),
        "by" => note.by = Some(value.into()),
        "ref" => note.reference = Some(value.into()),
        "until" => note.until = Some(Day::parse(&value).ok_or(Fault::BadDay(value))?),
        _ => note.confirm = confirm(&value)?,
    }
    Ok(())
}

fn confirm(value: &str) -> Result<Confirm, Fault> {
    let mut confirm = Confirm::default();
    for word in value.split(',') {
        match word {
            "suffix" => confirm.suffix = true,
            "never-block" => confirm.never_block = true,
            _ => return Err(Fault::BadConfirm { value: word.to_owned(), nearest: nearest(word, &CONFIRMS) }),
        }
    }
    Ok(confirm)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (usize, Fault) {
        let spot = read(text).unwrap_err();
        (spot.at, spot.fault)
    }

    #[test]
    fn every_key_is_read() {
        let note =
            read(r#" reason="says \"hi\"; # \\" by=alice until=2026-12-31 ref=INC-7 confirm=suffix,never-block # x"#);
        let wanted = Note {
            reason: Some(r#"says "hi"; # \"#.into()),
            by: Some("alice".into()),
            until: Day::parse("2026-12-31"),
            reference: Some("INC-7".into()),
            confirm: Confirm { suffix: true, never_block: true },
        };
        assert_eq!(note, Ok(Some(Box::new(wanted))));
        assert_eq!(read("  "), Ok(None));
        assert_eq!(read(" # by=x"), Ok(None));
    }

    #[test]
    fn what_is_not_understood_is_refused_where_it_stands() {
        assert_eq!(fault(" untill=x"), (1, Fault::UnknownKey { key: "untill".into(), nearest: Some("until") }));
        assert_eq!(fault(" owner=x"), (1, Fault::UnknownKey { key: "owner".into(), nearest: None }));
        assert_eq!(fault(" by=a by=b"), (6, Fault::RepeatedKey("by")));
        assert_eq!(fault(" by="), (4, Fault::NoValue("by")));
        assert_eq!(fault(" by=\"\""), (4, Fault::NoValue("by")));
        assert_eq!(fault(" by=alice smith"), (10, Fault::NotAPair("smith".into())));
        assert_eq!(fault(" =x"), (1, Fault::NotAPair("=x".into())));
        assert_eq!(fault(" until=2026-02-30"), (7, Fault::BadDay("2026-02-30".into())));
        assert_eq!(fault(" reason=\"x"), (8, Fault::OpenQuote));
        assert_eq!(fault(" reason=\"x\"y"), (8, Fault::OpenQuote));
        assert_eq!(fault(" reason=\"x\\\""), (8, Fault::OpenQuote));
        assert_eq!(fault(" by=a; ref=b"), (5, Fault::NoteEnd));
        assert_eq!(fault(" by=a, ref=b"), (5, Fault::NoteEnd));
        let nearest = Some("suffix");
        assert_eq!(fault(" confirm=sufix"), (9, Fault::BadConfirm { value: "sufix".into(), nearest }));
        assert_eq!(fault(" by=a\u{200b}"), (5, Fault::OddCharacter('\u{200b}')));
    }
}
