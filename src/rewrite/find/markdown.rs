//! Markdown: the destinations of links, as CommonMark reads them (section 6.3 and 4.7), with the escapes and references
//! that a text linker does not see through. Bare addresses and HTML in it are found by those who know them.

use std::ops::Range;

use super::{Within, unescape};

/// Where a destination stands, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) range: Range<usize>,
    pub(crate) value: String,
}

/// All destinations, in order.
pub(crate) fn destinations(text: &str) -> Vec<Destination> {
    let mut found: Vec<Destination> = Vec::new();
    for at in memchr::memchr_iter(b']', text.as_bytes()) {
        let rest = text.get(at + 1..).unwrap_or_default();
        let open = match rest.as_bytes().first() {
            Some(b'(') => Open::Inline,
            Some(b':') if begins_a_definition(text, at) => Open::Definition,
            _ => continue,
        };
        let inside = rest.get(1..).unwrap_or_default();
        let blanks = inside.len() - inside.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let start = at + 2 + blanks;
        if found.last().is_some_and(|last| last.range.end > start) {
            continue;
        }
        let range = destination(text, start, open);
        let value = text.get(range.clone()).unwrap_or_default();
        if !value.is_empty() {
            found.push(Destination { value: meant(value), range });
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Inline,
    Definition,
}

/// `[label]:` at the beginning of a line.
fn begins_a_definition(text: &str, close: usize) -> bool {
    const LABEL: usize = 1000;
    let before = text.as_bytes().get(close.saturating_sub(LABEL)..close).unwrap_or_default();
    let line = match memchr::memrchr(b'\n', before) {
        Some(at) => before.get(at + 1..).unwrap_or_default(),
        None if close <= LABEL => before,
        None => return false,
    };
    line.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'>')) == Some(&b'[')
}

fn destination(text: &str, start: usize, open: Open) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    if let Some(inside) = rest.strip_prefix('<') {
        let end = inside.find(['>', '<', '\n']).unwrap_or(inside.len());
        return start + 1..start + 1 + end;
    }
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, character) in rest.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' if depth == 0 && open == Open::Inline => return start..start + at,
            ')' => depth = depth.saturating_sub(1),
            _ if character.is_whitespace() || character.is_control() => return start..start + at,
            _ => {}
        }
    }
    start..text.len()
}

/// Without backslashes before punctuation, and with references undone.
fn meant(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(next) if character == '\\' && next.is_ascii_punctuation() => {
                out.extend(characters.next());
            }
            _ => out.push(character),
        }
    }
    unescape(&out, Within::Text).into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        destinations(text).into_iter().map(|found| found.value).collect()
    }

    #[test]
    fn destinations_are_found() {
        assert_eq!(of("[a](http://x.example) ![b](<y z> 't') [c]( /w(1) \"t\")"), ["http://x.example", "y z", "/w(1)"]);
        assert_eq!(of("[a]: http://x.example 't'\n> [b]:\n  <y>\ntext [c]: z"), ["http://x.example", "y"]);
        assert_eq!(of("[a](http&#58;\\/\\/x.example)"), ["http://x.example"]);
        assert_eq!(of("[a](  )"), Vec::<String>::new());
        assert_eq!(of("[a](x"), ["x"]);
    }
}
