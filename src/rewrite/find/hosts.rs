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

/// The host in a segment, without the punctuation of host names around it.
pub(super) fn host(segment: &str, suffixes: &Suffixes) -> Option<Range<usize>> {
    let edge = ['.', '-', '_'];
    let trimmed = segment.trim_start_matches(edge);
    let start = segment.len() - trimmed.len();
    let host = trimmed.trim_end_matches(edge);
    (is_host(host, suffixes) || address(host)).then(|| start..start + host.len())
}

/// Whether `host` has a suffix that people register domains under.
pub(crate) fn is_host(host: &str, suffixes: &Suffixes) -> bool {
    let Some((_, last)) = host.rsplit_once('.') else { return false };
    let labels = host.split('.').all(|label| !label.is_empty() && label.len() <= 63 * 4);
    labels && host.len() <= 1024 && last.chars().count() > 1 && suffixes.is_known(host)
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
