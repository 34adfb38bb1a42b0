//! URLs that stand in the path, the query or the fragment of any other.

use super::read;
use crate::url::WebUrl;

/// Escapes of escapes that are undone.
const MAX_ESCAPES: usize = 5;

/// The text of each URL that stands behind the host of `url`, until `found` has enough: plain, percent-encoded as often
/// as it may be, in base64 behind a `=` or `#`, or without a scheme (`=//host`). What stands inside another is left to
/// the next layer, so that each byte is looked at once a layer.
pub(super) fn each(url: &WebUrl, found: &mut dyn FnMut(&str) -> bool) {
    let text = url.after_host();
    let bytes = text.as_bytes();
    if !may_hold_one(bytes) {
        return;
    }
    let mark = memchr::memchr2(b'?', b'#', bytes).unwrap_or(bytes.len());
    let mut at = 1;
    while let Some(offset) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| begins(*byte))) {
        at += offset;
        let Some(candidate) = Candidate::at(text, at, mark) else {
            at += 1;
            continue;
        };
        at = candidate.end.max(at + 1);
        if let Some(inner) = candidate.text(text)
            && !found(&inner)
        {
            return;
        }
    }
}

/// Whether there is anything in it without which no URL stands there: a colon or an escape behind a scheme, two slashes
/// behind a `=`, or base64. Most URLs have none of it.
fn may_hold_one(bytes: &[u8]) -> bool {
    memchr::memchr3(b':', b'%', b'\\', bytes).is_some()
        || memchr::memchr_iter(b'a', bytes).any(|at| bytes.get(at..).is_some_and(|rest| rest.starts_with(b"aHR0c")))
        || memchr::memchr_iter(b'/', bytes).any(|at| matches!(bytes.get(at + 1), Some(b'/')))
}

/// Whether a URL may begin with this byte or behind it.
fn begins(byte: u8) -> bool {
    matches!(byte, b'h' | b'H' | b'=' | b'#')
}

/// Where a URL seems to stand.
struct Candidate {
    begin: usize,
    end: usize,
    form: Form,
}

enum Form {
    /// So many layers of percent-encoding.
    Escaped(usize),
    /// The same, and no scheme.
    Schemeless(usize),
    Base64,
}

impl Candidate {
    fn at(text: &str, at: usize, mark: usize) -> Option<Self> {
        let rest = text.get(at..)?;
        let Some(value) = rest.strip_prefix(['=', '#']) else {
            let escapes = scheme(rest.as_bytes())?;
            let end = end(text, at, mark, escapes);
            // Whoever reads a parameter decodes it once; nobody decodes a path.
            let escapes = if at > mark { escapes.max(1) } else { escapes };
            return Some(Self { begin: at, end, form: Form::Escaped(escapes) });
        };
        let begin = at + 1;
        if value.starts_with("aHR0c") {
            return Some(Self { begin, end: end(text, begin, 0, 1), form: Form::Base64 });
        }
        // `=//host`; behind a `#` nobody goes there.
        let slashes = rest.starts_with('=').then(|| slash(value.as_bytes())).flatten()?;
        let second = slash(value.as_bytes().get(slashes.0..)?)?;
        let escapes = slashes.1.max(second.1);
        Some(Self { begin, end: end(text, begin, mark, escapes), form: Form::Schemeless(escapes) })
    }

    fn text(&self, text: &str) -> Option<String> {
        let raw = text.get(self.begin..self.end)?;
        let undo = |escapes| (0..escapes).fold(raw.to_owned(), |text, _| read::percent(&text));
        match self.form {
            Form::Escaped(escapes) => Some(undo(escapes)),
            Form::Schemeless(escapes) => Some(format!("https:{}", undo(escapes))),
            Form::Base64 => read::base64_url(&read::percent(raw)),
        }
    }
}

/// Where the URL ends that begins at `begin`. In the path a plain one takes all that follows, for so it was written
/// there; an encoded one ends with its segment. Elsewhere it ends with its parameter.
fn end(text: &str, begin: usize, mark: usize, escapes: usize) -> usize {
    let rest = text.get(begin..).unwrap_or_default();
    let ends: &[char] = match (begin < mark, escapes) {
        (true, 0) => &[],
        (true, _) => &['/', '?', '#'],
        (false, _) => &['&', '#'],
    };
    rest.find(ends).map_or(text.len(), |end| begin + end)
}

/// Layers of percent-encoding of a text that begins `http:/` or `https:/`.
fn scheme(text: &[u8]) -> Option<usize> {
    let rest = text.get(4..).filter(|_| text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"http")))?;
    let rest = if matches!(rest.first(), Some(b's' | b'S')) { rest.get(1..)? } else { rest };
    let (length, colon) = escape(rest, b":", &[*b"3A"])?;
    let (_, slash) = slash(rest.get(length..)?)?;
    Some(colon.max(slash))
}

/// The length of a slash in whatever form, and its layers of percent-encoding.
fn slash(text: &[u8]) -> Option<(usize, usize)> {
    escape(text, b"/\\", &[*b"2F", *b"5C"])
}

fn escape(text: &[u8], plain: &[u8], digits: &[[u8; 2]]) -> Option<(usize, usize)> {
    if plain.contains(text.first()?) {
        return Some((1, 0));
    }
    let mut at = 1;
    text.first().filter(|first| **first == b'%')?;
    for escapes in 1..=MAX_ESCAPES {
        let pair = text.get(at..at + 2)?;
        if digits.iter().any(|digits| pair.eq_ignore_ascii_case(digits)) {
            return Some((at + 2, escapes));
        }
        if pair != b"25" {
            return None;
        }
        at += 2;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PIECES: &[&str] =
        &["http", "HTTPS", ":", "%3a", "%253A", "/", "\\", "%2F", "%255c", "=", "#", "?", "aHR0c", "a", "h", "x.y"];

    proptest! {
        #[test]
        fn nothing_stands_where_nothing_can(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..9)) {
            let text = ["/", &pieces.concat()].concat();
            let mark = text.find(['?', '#']).unwrap_or(text.len());
            let stands = (1..text.len()).any(|at| Candidate::at(&text, at, mark).is_some());
            prop_assert!(!stands || may_hold_one(text.as_bytes()), "{text}");
        }
    }
}
