//! Character references by the rules of the HTML standard, with the way back to the source.

use std::{borrow::Cow, ops::Range};

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// Where a character reference stands; the two differ in names that lack their semicolon (attack row 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// An attribute value: `&copy=` and `&copyx` stay as they are.
    Attribute,
    /// A text node.
    Text,
}

/// Text after its character references were undone; offsets into it lead back into the source.
#[derive(Debug)]
pub(crate) struct Unescaped<'a> {
    text: Cow<'a, str>,
    references: Vec<Reference>,
}

#[derive(Debug)]
struct Reference {
    decoded: Range<usize>,
    source: Range<usize>,
}

impl<'a> Unescaped<'a> {
    /// Text in which there are no references.
    pub(crate) fn literal(source: &'a str) -> Self {
        Self { text: Cow::Borrowed(source), references: Vec::new() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_text(self) -> String {
        self.text.into_owned()
    }

    /// What of the source stands for `decoded`; a reference that is cut counts whole.
    pub(crate) fn source(&self, decoded: Range<usize>) -> Range<usize> {
        self.start(decoded.start)..self.end(decoded.end)
    }

    fn start(&self, at: usize) -> usize {
        let before = self.references.partition_point(|reference| reference.decoded.end <= at);
        match self.references.get(before) {
            Some(reference) if reference.decoded.start <= at => reference.source.start,
            _ => self.plain(before, at),
        }
    }

    fn end(&self, at: usize) -> usize {
        let before = self.references.partition_point(|reference| reference.decoded.start < at);
        match before.checked_sub(1).and_then(|last| self.references.get(last)) {
            Some(reference) if at < reference.decoded.end => reference.source.end,
            _ => self.plain(before, at),
        }
    }

    /// An offset with `before` whole references in front of it, and inside none.
    fn plain(&self, before: usize, at: usize) -> usize {
        match before.checked_sub(1).and_then(|last| self.references.get(last)) {
            Some(reference) => reference.source.end + (at - reference.decoded.end),
            None => at,
        }
    }
}

/// Undoes the character references of `source`, and reads NUL as U+FFFD as the tokenizer does.
pub(crate) fn unescape(source: &str, within: Within) -> Unescaped<'_> {
    let mut out = Unescaped { text: Cow::Borrowed(source), references: Vec::new() };
    let mut text = String::new();
    let mut done = 0;
    for at in memchr::memchr2_iter(b'&', 0, source.as_bytes()) {
        if at < done {
            continue;
        }
        let Some((decoded, length)) = reference(source.get(at..).unwrap_or_default(), within) else { continue };
        text.push_str(source.get(done..at).unwrap_or_default());
        let start = text.len();
        text.extend(decoded.into_iter().flatten());
        done = at + length;
        out.references.push(Reference { decoded: start..text.len(), source: at..done });
    }
    if done > 0 {
        text.push_str(source.get(done..).unwrap_or_default());
        out.text = Cow::Owned(text);
    }
    out
}

type Characters = [Option<char>; 2];

/// The reference that `source` begins with, and its length.
fn reference(source: &str, within: Within) -> Option<(Characters, usize)> {
    if source.starts_with('\0') {
        return Some(([Some('\u{fffd}'), None], 1));
    }
    match source.as_bytes().get(1)? {
        b'#' => numeric(source),
        byte if byte.is_ascii_alphanumeric() => named(source, within),
        _ => None,
    }
}

/// WHATWG "numeric character reference": the semicolon may be missing, the number of digits is not limited.
fn numeric(source: &str) -> Option<(Characters, usize)> {
    let (radix, first) = match source.as_bytes().get(2)? {
        b'x' | b'X' => (16, 3),
        _ => (10, 2),
    };
    let rest = source.get(first..)?;
    let digits = rest.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
    if digits == 0 {
        return None;
    }
    let number = rest.bytes().take(digits).fold(0_u32, |number, byte| {
        let digit = char::from(byte).to_digit(radix).unwrap_or_default();
        number.saturating_mul(radix).saturating_add(digit).min(0x11_0000)
    });
    let semicolon = usize::from(rest.as_bytes().get(digits) == Some(&b';'));
    Some(([Some(code_point(number)), None], first + digits + semicolon))
}

fn code_point(number: u32) -> char {
    let legacy = number.checked_sub(0x80).and_then(|at| C1_REPLACEMENTS.get(at as usize).copied().flatten());
    match number {
        0 => '\u{fffd}',
        _ => legacy.or_else(|| char::from_u32(number)).unwrap_or('\u{fffd}'),
    }
}

/// The longest name of the standard's table that `source` begins with. The table holds every prefix of a name too, so
/// the walk ends at the first character that no name has there.
fn named(source: &str, within: Within) -> Option<(Characters, usize)> {
    let mut found = None;
    for (at, byte) in source.bytes().enumerate().skip(1) {
        if !byte.is_ascii_alphanumeric() && byte != b';' {
            break;
        }
        match NAMED_ENTITIES.get(source.get(1..=at)?) {
            Some((0, _)) => {}
            Some((first, second)) => found = Some((*first, *second, at + 1)),
            None => break,
        }
    }
    let (first, second, length) = found?;
    let bare = source.as_bytes().get(length - 1) != Some(&b';');
    let next = source.as_bytes().get(length);
    if bare && within == Within::Attribute && next.is_some_and(|byte| *byte == b'=' || byte.is_ascii_alphanumeric()) {
        return None;
    }
    let second = if second == 0 { None } else { char::from_u32(second) };
    Some(([char::from_u32(first), second], length))
}

/// Writes `value` as an attribute value between double or single quotes.
pub(crate) fn escape_attribute(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    let mut done = 0;
    for (at, byte) in value.bytes().enumerate() {
        let reference = match byte {
            b'&' => "&amp;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => continue,
        };
        out.push_str(value.get(done..at).unwrap_or_default());
        out.push_str(reference);
        done = at + 1;
    }
    out.push_str(value.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(source: &str) -> String {
        unescape(source, Within::Attribute).into_text()
    }

    #[test]
    fn references_of_every_kind() {
        for (source, decoded) in [
            ("&#x68;ttps&colon;&sol;&sol;evil.test", "https://evil.test"),
            ("&#104ttps&#0000058;//x", "https://x"),
            ("h&NewLine;ttps://ev&Tab;il.test", "h\nttps://ev\til.test"),
            ("&#x110000;&#0;&#xD800;&#99999999999999999999;", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            ("&#x80;&#x81;", "\u{20ac}\u{81}"),
            ("&#;&#x;&;&", "&#;&#x;&;&"),
            ("a\0b", "a\u{fffd}b"),
            ("&nosuchname;&NotEqualTilde;", "&nosuchname;\u{2242}\u{338}"),
        ] {
            assert_eq!(attribute(source), decoded, "{source}");
        }
    }

    #[test]
    fn names_without_semicolon_stay_in_attributes_where_a_query_goes_on() {
        let source = "?a&copy=2&copyright&copy&lt=&notit;";
        assert_eq!(attribute(source), "?a&copy=2&copyright\u{a9}&lt=&notit;");
        assert_eq!(unescape(source, Within::Text).text(), "?a\u{a9}=2\u{a9}right\u{a9}<=\u{ac}it;");
    }

    #[test]
    fn offsets_lead_back() {
        let source = "x &#104;ttp://a.test/?b&amp;c y";
        let unescaped = unescape(source, Within::Text);
        assert_eq!(unescaped.text(), "x http://a.test/?b&c y");
        assert_eq!(source.get(unescaped.source(2..20)), Some("&#104;ttp://a.test/?b&amp;c"));
        assert_eq!(source.get(unescaped.source(3..18)), Some("ttp://a.test/?b"));
        assert_eq!(source.get(unescaped.source(0..22)), Some(source));
    }

    proptest! {
        #[test]
        fn any_source_is_read_and_any_offset_leads_inside(source in "(&|&#|&#x|[a-z0-9;]|&amp;|&lt|\0|é){0,24}") {
            for within in [Within::Attribute, Within::Text] {
                let unescaped = unescape(&source, within);
                let length = unescaped.text().len();
                prop_assert_eq!(unescaped.source(0..length), 0..source.len());
                for (at, _) in unescaped.text().char_indices() {
                    prop_assert!(source.get(unescaped.source(at..length)).is_some());
                    prop_assert!(source.get(unescaped.source(0..at)).is_some());
                }
            }
        }

        #[test]
        fn what_is_escaped_comes_back(value in "[^\0]*") {
            prop_assert_eq!(attribute(&escape_attribute(&value)), value);
        }
    }
}
