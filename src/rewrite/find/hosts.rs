//! Which bare names in running text are hosts, and which are files, sentences or addresses.

use std::ops::Range;

use super::Shape;
use crate::url::Suffixes;

/// Top-level domains that are file extensions too. A bare name of two labels under one of them is a file's.
const EXTENSIONS: [&str; 22] = [
    "ai", "app", "as", "bz", "cab", "cc", "gdn", "md", "ml", "mm", "mo", "mov", "pl", "pm", "ps", "py", "rs", "sc",
    "sh", "so", "st", "zip",
];

/// Whether a character can stand in a host name as people write it. Everything that is no ASCII counts unless it is
/// punctuation: what it maps to is for the URL parser to say.
pub(super) fn in_host(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => true,
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' => true,
        _ => !character.is_ascii() && character.is_alphanumeric(),
    }
}

/// Scripts that are written without blanks: text in them goes on directly behind a URL.
pub(super) fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}' | '\u{e00}'..='\u{eff}')
}

/// The hosts in `run`, a run of host characters with a dot, one after the other.
///
/// A run that mixes a script without blanks with Latin letters is cut where they meet: `詳細はexample.comをご覧` names
/// `example.com`.
pub(super) fn hosts(run: &str, suffixes: &Suffixes) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for segment in segments(run) {
        let text = run.get(segment.clone()).unwrap_or_default();
        let trimmed = text.trim_start_matches(['.', '-', '_']);
        let start = segment.end - trimmed.len();
        let host = trimmed.trim_end_matches(['.', '-', '_']);
        if is_host(host, suffixes) {
            found.push(start..start + host.len());
        }
    }
    found
}

fn segments(run: &str) -> Vec<Range<usize>> {
    let (mut out, mut start, mut before) = (Vec::new(), 0, None);
    for (at, character) in run.char_indices() {
        let meets = before.is_some_and(|before: char| {
            before != '.' && character != '.' && is_unspaced(before) != is_unspaced(character)
        });
        if meets {
            out.push(start..at);
            start = at;
        }
        before = Some(character);
    }
    out.push(start..run.len());
    out
}

/// Whether `host` has a suffix that people register domains under.
pub(crate) fn is_host(host: &str, suffixes: &Suffixes) -> bool {
    let Some((_, last)) = host.rsplit_once('.') else { return false };
    let labels = host.split('.').all(|label| !label.is_empty() && label.len() <= 63 * 4);
    labels && host.len() <= 1024 && last.chars().count() > 1 && suffixes.is_known(host)
}

/// What to make of a bare host that nothing follows: no port, no path.
pub(super) fn shape(host: &str) -> Shape {
    let mut labels = host.rsplit('.');
    let (Some(last), Some(first)) = (labels.next(), labels.next()) else { return Shape::Bare };
    let two = labels.next().is_none();
    if two && EXTENSIONS.iter().any(|extension| last.eq_ignore_ascii_case(extension)) {
        return Shape::FileName;
    }
    let capital = last.starts_with(|c: char| c.is_uppercase()) && last.chars().skip(1).all(|c| c.is_lowercase());
    if two && capital && first.ends_with(|c: char| c.is_lowercase()) {
        return Shape::Sentence;
    }
    Shape::Bare
}

/// Whether `run` is an IPv4 address in dotted decimal.
pub(crate) fn address(run: &str) -> bool {
    let mut octets = 0;
    for octet in run.split('.') {
        octets += 1;
        if octets > 4 || octet.len() > 3 || octet.parse::<u8>().is_err() {
            return false;
        }
    }
    octets == 4
}
