//! Content lines of calendars and cards (RFC 5545 section 3.1, RFC 6350, and vCalendar 1.0 with its quoted-printable):
//! taken apart, their values as a client reads them, and laid in lines again. What no edit touches keeps its folds.

use std::ops::Range;

use super::splice::Splice;

/// One property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    /// Where its lines stand, without the last line break.
    pub(crate) span: Range<usize>,
    /// Name and parameters, with the colon.
    pub(crate) head: String,
    /// The value as it stands behind it, unfolded.
    pub(crate) value: String,
    /// How the value is written.
    pub(crate) coding: Coding,
    /// What it is.
    pub(crate) content: Content,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// With a backslash before what means something.
    Escaped,
    /// In quoted-printable.
    QuotedPrintable,
    /// In base64.
    Base64,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// An HTML document, or a piece of one.
    Html,
    /// A URI, and nothing else.
    Uri,
    /// Text, or whatever a client shows as such.
    Text,
}

const URIS: [&str; 9] =
    ["URL", "ATTACH", "CONFERENCE", "SOURCE", "TZURL", "IMAGE", "STRUCTURED-DATA", "X-GOOGLE-CONFERENCE", "AGENT"];

/// All properties of a text, in order. Lines without a colon are passed over.
pub(crate) fn properties(text: &str) -> Vec<Property> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (mut end, mut next) = line(text, at);
        let mut logical = text.get(at..end).unwrap_or_default().to_owned();
        // Another encoding goes on behind a `=` at the end of a line.
        let printable = coding(&logical) == Coding::QuotedPrintable;
        loop {
            let rest = text.get(next..).unwrap_or_default();
            let soft = printable && logical.ends_with('=') && !rest.is_empty();
            let folded = rest.starts_with([' ', '\t']);
            if !soft && !folded {
                break;
            }
            let start = next + usize::from(folded);
            (end, next) = line(text, next);
            if soft {
                logical.pop();
            }
            logical.push_str(text.get(start..end).unwrap_or_default());
        }
        found.extend(property(at..end, &logical));
        at = next;
    }
    found
}

/// Where the line at `at` ends, and where the next one begins.
fn line(text: &str, at: usize) -> (usize, usize) {
    let rest = text.get(at..).unwrap_or_default();
    match memchr::memchr(b'\n', rest.as_bytes()) {
        Some(length) => {
            let cr = usize::from(rest.get(..length).is_some_and(|line| line.ends_with('\r')));
            (at + length - cr, at + length + 1)
        }
        None => (text.len(), text.len()),
    }
}

fn property(span: Range<usize>, logical: &str) -> Option<Property> {
    let colon = colon(logical)?;
    let (head, value) = logical.split_at_checked(colon + 1)?;
    let upper = head.to_ascii_uppercase();
    let name = upper.split([';', ':']).next().unwrap_or_default();
    // Whatever else stands before a colon is a text for those who show it, `https:` too.
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !named || upper.ends_with("HTTP:") || upper.ends_with("HTTPS:") {
        return None;
    }
    let name = name.rsplit('.').next().unwrap_or_default();
    let content =
        if upper.contains("FMTTYPE=TEXT/HTML") || upper.contains("FMTTYPE=\"TEXT/HTML") || name == "X-ALT-DESC" {
            // An attachment of that type is a page elsewhere, or one in base64.
            if URIS.contains(&name) && coding(head) != Coding::Base64 { Content::Uri } else { Content::Html }
        } else if URIS.contains(&name) && coding(head) == Coding::Escaped {
            Content::Uri
        } else {
            Content::Text
        };
    Some(Property { span, head: head.to_owned(), value: value.to_owned(), coding: coding(head), content })
}

/// The first colon outside of quotes.
fn colon(line: &str) -> Option<usize> {
    let mut quoted = false;
    line.bytes()
        .position(|byte| {
            quoted ^= byte == b'"';
            byte == b':' && !quoted
        })
        .or_else(|| line.find(':'))
}

fn coding(line: &str) -> Coding {
    let head = colon(line).and_then(|colon| line.get(..colon)).unwrap_or(line).to_ascii_uppercase();
    if head.contains("QUOTED-PRINTABLE") {
        Coding::QuotedPrintable
    } else if head.contains("ENCODING=B") || head.contains(";BASE64") {
        Coding::Base64
    } else {
        Coding::Escaped
    }
}

/// A value without its backslashes, and the way back (RFC 5545 section 3.3.11).
pub(crate) fn unescaped(value: &str) -> Splice {
    let mut splice = Splice::default();
    let mut characters = value.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let escaped = characters.peek().filter(|_| character == '\\').map(|(_, next)| *next);
        let meant = match escaped {
            Some('n' | 'N') => Some('\n'),
            Some(other @ (',' | ';' | '\\' | ':' | '"')) => Some(other),
            _ => None,
        };
        match meant {
            Some(meant) => {
                splice.push(meant, at);
                characters.next();
            }
            None => splice.push(character, at),
        }
    }
    splice.end(value.len());
    splice
}

/// A text with the backslashes that it needs.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => {}
            ',' | ';' | '\\' => out.extend(['\\', character]),
            other => out.push(other),
        }
    }
    out
}

/// A property in lines of at most 75 octets. None of `whole` is cut, so that a link leads to its host even for a reader
/// that does not put the lines together.
pub(crate) fn folded(head: &str, value: &str, coding: Coding, newline: &str, whole: &[String]) -> String {
    let line = [head, value].concat();
    let mut out = String::with_capacity(line.len() + line.len() / 20 + 8);
    let (printable, mut column) = (coding == Coding::QuotedPrintable, 0);
    for (at, character) in line.char_indices() {
        let rest = line.get(at..).unwrap_or_default();
        let kept = whole
            .iter()
            .find(|kept| character == 'h' && rest.starts_with(kept.as_str()))
            .map_or(0, |kept| kept.len() + 2);
        // An escape is not cut: the rest of it would be read as text.
        let width = if printable && character == '=' { 3 } else { character.len_utf8() };
        let width = if kept < 60 { width.max(kept) } else { width };
        if column + width > 74 && printable {
            out.push('=');
            out.push_str(newline);
            column = 0;
        } else if column + width > 75 {
            out.push_str(newline);
            out.push(' ');
            column = 1;
        }
        out.push(character);
        column += character.len_utf8();
    }
    out
}

/// Quoted-printable of a value, undone.
pub(crate) fn printable(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let pair = behind.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let escape = pair.filter(|_| *first == b'=').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned(),
    }
}

/// A text in the quoted-printable of a value: whatever could end a line or an escape.
pub(crate) fn as_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'<' | b'>'..=b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("={other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_properties() {
        let text = "BEGIN:VEVENT\r\nURL;X=\"a:b\":https://a\r\n .example\r\nDESCRIPTION;ENCODING=QUOTED-PRINTABLE:a=\r\nb=3D\r\nno colon\r\nitem1.URL:x";
        let found = properties(text);
        let seen: Vec<_> =
            found.iter().map(|found| (found.head.as_str(), found.value.as_str(), found.content)).collect();
        assert_eq!(
            seen,
            [
                ("BEGIN:", "VEVENT", Content::Text),
                ("URL;X=\"a:b\":", "https://a.example", Content::Uri),
                ("DESCRIPTION;ENCODING=QUOTED-PRINTABLE:", "ab=3D", Content::Text),
                ("item1.URL:", "x", Content::Uri),
            ]
        );
        assert_eq!(&text[found[1].span.clone()], "URL;X=\"a:b\":https://a\r\n .example");
    }

    #[test]
    fn values_are_unescaped_and_escaped() {
        assert_eq!(unescaped("a\\, b\\n\\\\c\\x").text(), "a, b\n\\c\\x");
        assert_eq!(escaped("a, b\n\\c"), "a\\, b\\n\\\\c");
        assert_eq!(printable("a=3Db=C3=A9=zz"), "a=bé=zz");
        assert_eq!(as_printable("a=bé"), "a=3Db=C3=A9");
    }

    #[test]
    fn lines_are_folded_between_characters() {
        let folded = folded("DESCRIPTION:", &"é".repeat(80), Coding::Escaped, "\r\n", &[]);
        assert!(folded.split("\r\n").all(|line| line.len() <= 75));
        assert_eq!(properties(&folded)[0].value, "é".repeat(80));
    }
}
