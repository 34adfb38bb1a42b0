//! URLs in CSS, as far as a base that goes concerns them: `url(…)` and `@import "…"`, without escapes.

use std::ops::Range;

/// Where the URLs of `css` stand, without their quotes.
pub(super) fn urls(css: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let bytes = css.as_bytes();
    for at in memchr::memchr2_iter(b'(', b'@', bytes) {
        let begins = |name: &str, start: Option<usize>| {
            start
                .and_then(|start| css.get(start..start + name.len()))
                .is_some_and(|text| text.eq_ignore_ascii_case(name))
        };
        let inside = if begins("url(", at.checked_sub(3)) {
            Some(at + 1)
        } else if begins("@import", Some(at)) {
            Some(at + "@import".len())
        } else {
            None
        };
        let Some(start) = inside else { continue };
        let rest = css.get(start..).unwrap_or_default();
        let start = start + (rest.len() - rest.trim_start().len());
        let quoted = bytes.get(start).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let (start, ends): (usize, &[u8]) = match (quoted, bytes.get(at)) {
            (Some(b'"'), _) => (start + 1, b"\"\r\n"),
            (Some(_), _) => (start + 1, b"'\r\n"),
            (None, Some(b'(')) => (start, b") \t\r\n\"'("),
            _ => continue,
        };
        let rest = bytes.get(start..).unwrap_or_default();
        let Some(length) = rest.iter().position(|byte| ends.contains(byte)) else { continue };
        let url = start..start + length;
        if length > 0 && css.get(url.clone()).is_some_and(|url| !url.contains('\\')) {
            found.push(url);
        }
    }
    found
}

/// Where the URLs of a `srcset` stand (HTML, "parse a srcset attribute", read simply).
pub(super) fn candidates(srcset: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let rest = srcset.get(at..).unwrap_or_default();
        let start = at + (rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',').len());
        let rest = srcset.get(start..).unwrap_or_default();
        let length = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let url = rest.get(..length).unwrap_or_default();
        let bare = url.trim_end_matches(',');
        if bare.is_empty() {
            return found;
        }
        found.push(start..start + bare.len());
        at = start + length;
        if bare.len() == url.len() {
            let rest = srcset.get(at..).unwrap_or_default();
            at += rest.find(',').unwrap_or(rest.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_found_without_quotes() {
        let css = "@import \"a.css\";@IMPORT url(b.css);p{background:URL( 'c.png' )} i{x:url(d(e)} b{y:url(\"f\n";
        let found: Vec<_> = urls(css).into_iter().map(|range| &css[range]).collect();
        assert_eq!(found, ["a.css", "b.css", "c.png", "d", "f"]);
        assert!(urls("behavior:url(\\68ttp);@media(a)").is_empty());
    }

    #[test]
    fn candidates_of_a_srcset() {
        let of = |text: &'static str| candidates(text).into_iter().map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(of("c.png 1x, d.png 2x"), ["c.png", "d.png"]);
        assert_eq!(of(" a,b.png, c.png"), ["a,b.png", "c.png"]);
        assert_eq!(of(""), [""; 0]);
        assert_eq!(of(",, ,"), [""; 0]);
    }
}
