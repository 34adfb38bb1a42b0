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
        _ => !character.is_ascii() && (character.is_alphanumeric() || is_symbol(character)),
    }
}

/// Arrows, dingbats and pictures: some registries sell names of them (`➡.ws`). Before and behind other names they are
/// bullets.
fn is_symbol(character: char) -> bool {
    matches!(character, '\u{2190}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{fe0f}'
        | '\u{1f000}'..='\u{1faff}')
}

/// Scripts that are written without blanks: text in them goes on directly behind a URL.
pub(super) fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}' | '\u{e00}'..='\u{eff}')
}

/// `run`, a run of host characters, cut where a script without blanks meets another: `詳細はexample.comをご覧` names
/// `example.com`.
pub(super) fn segments(run: &str) -> Vec<Range<usize>> {
    let (mut out, mut start, mut before) = (Vec::new(), 0, None);
    for (at, character) in run.char_indices() {
        if before.is_some_and(|before| meet(before, character)) {
            out.push(start..at);
            start = at;
        }
        before = Some(character);
    }
    out.push(start..run.len());
    out
}

/// Whether a script without blanks meets another between the two.
pub(super) fn meet(before: char, after: char) -> bool {
    before != '.' && after != '.' && is_unspaced(before) != is_unspaced(after)
}

/// The hosts in a segment, without the punctuation of host names around them, nor bullets and arrows.
pub(super) fn hosts(segment: &str, suffixes: &Suffixes) -> Vec<Range<usize>> {
    if segment.is_ascii() || !segment.contains(is_symbol) {
        return host(segment, 0..segment.len(), suffixes).into_iter().collect();
    }
    let bare = segment.trim_start_matches(is_symbol);
    let start = if bare.starts_with('.') { 0 } else { segment.len() - bare.len() };
    let end = segment.trim_end_matches(is_symbol).len();
    if let Some(whole) = host(segment, start..end.max(start), suffixes) {
        return vec![whole];
    }
    let (mut found, mut start) = (Vec::new(), 0);
    for (at, symbol) in segment.match_indices(is_symbol).chain([(segment.len(), "")]) {
        found.extend(host(segment, start..at, suffixes));
        start = at + symbol.len();
    }
    found
}

fn host(segment: &str, within: Range<usize>, suffixes: &Suffixes) -> Option<Range<usize>> {
    let edge = ['.', '-', '_'];
    let text = segment.get(within.clone())?;
    let trimmed = text.trim_start_matches(edge);
    let start = within.start + text.len() - trimmed.len();
    let host = trimmed.trim_end_matches(edge);
    (is_host(host, suffixes) || address(host)).then(|| start..start + host.len())
}

/// Whether `host` has a suffix that people register domains under, or begins with `www.`, which says enough.
pub(crate) fn is_host(host: &str, suffixes: &Suffixes) -> bool {
    let Some((_, last)) = host.rsplit_once('.') else { return false };
    let labels = host.split('.').all(|label| !label.is_empty() && label.len() <= 63 * 4);
    let valid = labels && host.len() <= 1024 && last.chars().count() > 1;
    valid && (suffixes.is_known(host) || is_www(host, last))
}

/// `www.evil.test`: whatever the top-level domain is, clients link it.
fn is_www(host: &str, last: &str) -> bool {
    let www = host.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
    www && host.matches('.').count() > 1 && last.starts_with(|c: char| c.is_alphabetic()) && !last.contains('_')
}

/// Top-level domains that are words which begin a sentence.
const WORDS: [&str; 44] = [
    "am", "as", "at", "be", "best", "bid", "buy", "by", "call", "date", "day", "do", "free", "get", "here", "hot",
    "how", "in", "is", "it", "like", "live", "love", "me", "meet", "my", "new", "news", "no", "now", "one", "open",
    "read", "safe", "save", "see", "so", "to", "today", "us", "watch", "win", "you", "zero",
];

/// What to make of a bare host that nothing follows: no port, no path.
///
/// A sentence that begins without a blank (`done.It`), and an item of a list or an initial (`3.You`, `R.Hughes`), end
/// in a word with a capital.
pub(super) fn shape(host: &str) -> Shape {
    let Some((before, last)) = host.rsplit_once('.') else { return Shape::Bare };
    let two = !before.contains('.');
    let is = |word: &&str| last.eq_ignore_ascii_case(word);
    if two && EXTENSIONS.iter().any(&is) {
        return Shape::FileName;
    }
    let capital = last.starts_with(|c: char| c.is_uppercase());
    let initials = before
        .split('.')
        .all(|label| label.chars().count() == 1 || label.len() <= 3 && label.bytes().all(|byte| byte.is_ascii_digit()));
    // `EXAMPLE.IN` and `Example.In` are hosts written large; a sentence has a capital where there was none before.
    let joined = two && WORDS.iter().any(is) && before.ends_with(|c: char| c.is_lowercase());
    if capital && (initials || joined) { Shape::Sentence } else { Shape::Bare }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_names_or_bullets() {
        let suffixes = Suffixes::builtin();
        for (segment, wanted) in [
            ("\u{27a1}.ws", &["\u{27a1}.ws"][..]),
            ("i\u{2764}.ws", &["i\u{2764}.ws"]),
            ("\u{25ba}www.evil.com\u{2190}", &["www.evil.com"]),
            ("a.com\u{2192}b.com\u{2192}c", &["a.com", "b.com"]),
            ("a.com\u{2192}x", &["a.com"]),
            ("\u{2192}", &[]),
        ] {
            let found: Vec<_> = hosts(segment, &suffixes).into_iter().map(|range| &segment[range]).collect();
            assert_eq!(found, wanted, "{segment}");
        }
    }
}
