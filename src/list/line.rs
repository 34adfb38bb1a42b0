//! The outermost grammar: what is a comment, a directive, an entry, a note.

use super::{
    fault::{Fault, Spot},
    parse::DIRECTIVES,
};

/// One line, taken apart. Offsets are bytes in the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Blank,
    Directive { name: &'a str, value: &'a str, at: usize },
    Entry { text: &'a str, at: usize, note: &'a str, note_at: usize },
}

const BLANKS: [char; 2] = [' ', '\t'];

/// Takes a line apart. `#` opens a comment at the start or behind a blank, `;` a note between blanks; anywhere else
/// both are what they are in a URL.
pub(super) fn split(line: &str) -> Result<Line<'_>, Spot> {
    let at = skip_blanks(line, 0);
    match line[at..].chars().next() {
        None | Some('#') => Ok(Line::Blank),
        Some('@') => directive(line, at),
        Some(_) => entry(line, at),
    }
}

/// The first offset from `at` on that is no blank.
pub(super) fn skip_blanks(line: &str, at: usize) -> usize {
    line.len() - line[at..].trim_start_matches(BLANKS).len()
}

/// The first offset from `at` on that is a blank, or the end.
pub(super) fn find_blank(line: &str, at: usize) -> usize {
    line[at..].find(BLANKS).map_or(line.len(), |found| at + found)
}

fn directive(line: &str, at: usize) -> Result<Line<'_>, Spot> {
    let end = find_blank(line, at);
    let (value_at, value_end) = (skip_blanks(line, end), comment(line, end));
    check_characters(&line[..value_end])?;
    let value = line.get(value_at..value_end).unwrap_or_default().trim_end_matches(BLANKS);
    Ok(Line::Directive { name: &line[at + 1..end], value, at })
}

/// Where a comment begins at or behind `at`, which is a blank or the end.
fn comment(line: &str, mut at: usize) -> usize {
    while at < line.len() {
        at = skip_blanks(line, at);
        if line[at..].starts_with('#') {
            return at;
        }
        at = find_blank(line, at);
    }
    line.len()
}

fn entry(line: &str, at: usize) -> Result<Line<'_>, Spot> {
    let mut end = find_blank(line, at);
    let (text, note, note_at) = loop {
        let next = skip_blanks(line, end);
        let rest = &line[next..];
        if rest.is_empty() || rest.starts_with('#') {
            break (&line[at..end], "", line.len());
        }
        if rest == ";" || rest.starts_with("; ") || rest.starts_with(";\t") {
            break (&line[at..end], &rest[1..], next + 1);
        }
        end = find_blank(line, next);
    };
    check_characters(&line[..end])?;
    if let Some(blank) = text.find(BLANKS) {
        return Err(words(text, blank, at));
    }
    Ok(Line::Entry { text, at, note, note_at })
}

/// What to make of an entry with a blank inside: a directive that lost its `@`, a note written too tightly, a line of a
/// hosts file, or none of these.
fn words(text: &str, blank: usize, at: usize) -> Spot {
    let rest = text[blank..].trim_start_matches(BLANKS);
    if DIRECTIVES.contains(&&text[..blank]) {
        return Spot { at, fault: Fault::NoAt { directive: text.to_owned() } };
    }
    if text[..blank].ends_with(';') || rest.starts_with(';') {
        let tight = if rest.starts_with(';') { text.len() - rest.len() } else { blank - 1 };
        return Spot { at: at + tight, fault: Fault::NoteSpacing };
    }
    let hosts_file = text[..blank].parse::<std::net::IpAddr>().is_ok() && !rest.contains(BLANKS);
    Spot { at: at + blank, fault: Fault::Words { host: hosts_file.then(|| rest.to_owned()) } }
}

/// Refuses what a person cannot see or would take for a blank: such a line does not mean what it seems to.
pub(super) fn check_characters(text: &str) -> Result<(), Spot> {
    match text.char_indices().find(|(_, c)| is_odd(*c)) {
        Some((at, c)) => Err(Spot { at, fault: Fault::OddCharacter(c) }),
        None => Ok(()),
    }
}

/// Whether nobody can see it, or would take it for a blank.
pub(super) fn is_odd(c: char) -> bool {
    !BLANKS.contains(&c) && (c.is_control() || c.is_whitespace() || is_invisible(c))
}

/// Zero-width and direction marks (UAX 9 and the joiners).
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_of(line: &str) -> (&str, &str) {
        match split(line) {
            Ok(Line::Entry { text, note, .. }) => (text, note.trim()),
            other => panic!("{line:?}: {other:?}"),
        }
    }

    #[test]
    fn a_comment_begins_at_the_start_or_behind_a_blank() {
        for blank in ["", "  ", "\t", "#", "  # x", "#example.com"] {
            assert_eq!(split(blank), Ok(Line::Blank), "{blank:?}");
        }
        assert_eq!(entry_of("example.com # why"), ("example.com", ""));
        assert_eq!(entry_of("  example.com\t#why"), ("example.com", ""));
        assert_eq!(entry_of("=https://x.test/#/login"), ("=https://x.test/#/login", ""));
        assert_eq!(entry_of("=https://x.test/#/login # why"), ("=https://x.test/#/login", ""));
    }

    #[test]
    fn a_note_stands_between_blanks() {
        assert_eq!(entry_of("a.test ; by=x # y"), ("a.test", "by=x # y"));
        assert_eq!(entry_of("=https://a.test/;x=1;y ; by=x"), ("=https://a.test/;x=1;y", "by=x"));
        assert_eq!(entry_of("a.test ;"), ("a.test", ""));
        for (tight, at) in [("a.test; by=x", 6), ("a.test ;by=x", 7)] {
            assert_eq!(split(tight), Err(Spot { at, fault: Fault::NoteSpacing }), "{tight:?}");
        }
    }

    #[test]
    fn a_line_of_a_hosts_file_is_told_what_it_wants_to_be() {
        let fault = Fault::Words { host: Some("a.test".into()) };
        assert_eq!(split("0.0.0.0 a.test"), Err(Spot { at: 7, fault }));
        assert_eq!(split("a.test b.test"), Err(Spot { at: 6, fault: Fault::Words { host: None } }));
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for (line, at, odd) in [
            ("a.test\u{3000}# x", 6, '\u{3000}'),
            ("a\u{200b}.test", 1, '\u{200b}'),
            ("a.test\u{a0}", 6, '\u{a0}'),
            ("a\0.test", 1, '\0'),
            ("@action\u{a0}allow", 7, '\u{a0}'),
        ] {
            assert_eq!(split(line), Err(Spot { at, fault: Fault::OddCharacter(odd) }), "{line:?}");
        }
        assert_eq!(split("# \u{200b}"), Ok(Line::Blank));
    }

    #[test]
    fn a_directive_has_a_name_and_a_value() {
        let directive = |name, value| Ok(Line::Directive { name, value, at: 0 });
        assert_eq!(split("@action allow"), directive("action", "allow"));
        assert_eq!(split("@action \t allow  # why"), directive("action", "allow"));
        assert_eq!(split("@action # why"), directive("action", ""));
        assert_eq!(split("@action"), directive("action", ""));
        assert_eq!(split("@policy a#b"), directive("policy", "a#b"));
    }
}
