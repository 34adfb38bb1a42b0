//! Texts in quotation marks in a script, without reading the script.

/// A text in a script, with escapes undone; pieces joined by `+` are one.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::look) struct Literal {
    /// What it says.
    pub(in crate::look) text: String,
    /// Where its first quotation mark stands.
    pub(in crate::look) start: usize,
    /// Behind its last one.
    pub(in crate::look) end: usize,
    /// Whether most of it was written in escapes, which hide it from whoever looks for words.
    pub(in crate::look) was_escaped: bool,
}

/// Quotation marks without a second one behind which the next one is tried.
const UNCLOSED: usize = 64;

/// Every literal of at least `shortest` bytes as it is written. Quotation marks in comments and patterns may begin one that
/// is none; it ends with its line, and no harm is done.
///
/// Linear in the length of the script.
pub(in crate::look) fn literals(script: &str, shortest: usize) -> Vec<Literal> {
    let bytes = script.as_bytes();
    let mut found: Vec<Literal> = Vec::new();
    let mut joined: Option<Literal> = None;
    let (mut at, mut unclosed) = (0, 0);
    let mut keep = |literal: Option<Literal>| {
        if let Some(literal) = literal.filter(|literal| literal.end - literal.start >= shortest + 2) {
            found.push(literal);
        }
    };
    while let Some(open) =
        bytes.get(at..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'"' | b'\'' | b'`')))
    {
        let start = at + open;
        let Some(&quote) = bytes.get(start) else { break };
        let Some(end) = close(bytes, start + 1, quote) else {
            // The next mark may be a true one; not so often that it would cost the square of the length.
            unclosed += 1;
            at = start + 1;
            if unclosed > UNCLOSED {
                at = bytes
                    .get(start..)
                    .and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
                    .map_or(bytes.len(), |line| start + line);
            }
            continue;
        };
        let inner = script.get(start + 1..end).unwrap_or_default();
        let (text, escapes) = unescaped(inner);
        let was_escaped = inner.len() >= 16 && escapes * 2 > inner.len();
        let between = joined.as_ref().and_then(|before| script.get(before.end..start));
        let goes_on = between.is_some_and(|between| between.len() < 64 && between.trim() == "+");
        match joined.as_mut().filter(|_| goes_on) {
            Some(before) => {
                before.text.push_str(&text);
                before.end = end + 1;
                before.was_escaped |= was_escaped;
            }
            None => keep(joined.replace(Literal { text, start, end: end + 1, was_escaped })),
        }
        at = end + 1;
    }
    keep(joined);
    found
}

/// Where a literal ends: at its quotation mark; nowhere, if its line ends before.
fn close(bytes: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at),
            b'\n' | b'\r' if quote != b'`' => return None,
            _ => at += 1,
        }
    }
}

/// Escapes undone, and how many bytes were written in those that hide a character.
fn unescaped(text: &str) -> (String, usize) {
    if !text.contains('\\') {
        return (text.to_owned(), 0);
    }
    let (mut out, mut hidden, mut rest) = (String::with_capacity(text.len()), 0, text);
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let escape = rest.get(at + 1..).unwrap_or_default();
        let mut chars = escape.chars();
        let code = |from: usize, to: usize| {
            let digits = escape.get(from..to)?;
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)
        };
        let (c, length) = match chars.next() {
            None => break,
            Some('x') => (code(1, 3), 3),
            Some('u') if escape.get(1..2) == Some("{") => {
                let end = escape.find('}').filter(|end| *end < 9).unwrap_or(1);
                (code(2, end), end + 1)
            }
            Some('u') => (code(1, 5), 5),
            Some('n' | 'r' | 't') => (Some(' '), 1),
            Some('\n') => (None, 1),
            Some(c) => (Some(c), c.len_utf8()),
        };
        if length > 1 && c.is_some() && matches!(escape.as_bytes().first(), Some(b'x' | b'u')) {
            hidden += length + 1;
        }
        out.extend(c);
        let length = if c.is_none() && length > 1 { 1 } else { length };
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    (out, hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(script: &str) -> Vec<String> {
        literals(script, 0).into_iter().map(|literal| literal.text).collect()
    }

    #[test]
    fn texts_are_found_and_joined() {
        assert_eq!(texts(r#"a("x", 'y\'z', `w`)"#), ["x", "y'z", "w"]);
        assert_eq!(texts("f('ab' +\n \"cd\"+'e')"), ["abcde"]);
        assert_eq!(texts("// don't\nf('x')"), ["x"]);
        assert_eq!(texts(r"'\x3c\u0070\u{3e}\n\q\é'"), ["<p> qé"]);
        assert_eq!(texts(r"'\x' + '\u12' + '\u{fffffffff}"), ["12"], "escapes that are none are left out");
        assert!(literals(r"'\x3c\x68\x74\x6d\x6c\x3e'", 0)[0].was_escaped);
        assert!(!literals(r"'a long text with one \x3c in it'", 0)[0].was_escaped);
        assert_eq!(texts("'never closed"), [""; 0]);
    }

    #[test]
    fn marks_that_never_close_cost_no_square() {
        assert!(literals(&"\\'".repeat(400_000), 0).is_empty());
        assert!(literals(&"'\\`\n".repeat(200_000), 0).len() < 200_001);
    }

    proptest::proptest! {
        #[test]
        fn any_script_is_read(script in "(['\"`\\\\+ux{}\n a-z0-9é]{0,60})") {
            for literal in literals(&script, 0) {
                proptest::prop_assert!(script.get(literal.start..literal.end).is_some());
                proptest::prop_assert!(literal.text.len() <= literal.end - literal.start);
            }
        }
    }
}
