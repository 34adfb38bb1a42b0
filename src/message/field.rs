use crate::base::{Raw, Span};

use super::line::{Line, Newline, is_blank, trim};

/// One field of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as it stands, without blanks before the colon.
    pub name: &'a [u8],
    /// All between the colon and the last line break: still folded, still encoded.
    pub value: &'a [u8],
    /// Where [`Field::value`] stands.
    pub value_span: Span<Raw>,
    /// The whole field with its line break.
    pub span: Span<Raw>,
}

impl Field<'_> {
    /// Whether this is the field of that name (in any case).
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a header in their order. Lines that are neither field nor continuation are passed over.
pub fn fields(raw: &[u8], header: Span<Raw>) -> Fields<'_> {
    let source = raw.get(..header.end()).unwrap_or_default();
    Fields { source, at: header.start(), newline: Newline::of(header.of(raw)) }
}

/// The first value of a field, without blanks around it; still folded, still encoded.
pub fn header_value<'a>(raw: &'a [u8], header: Span<Raw>, name: &str) -> Option<&'a [u8]> {
    fields(raw, header).find(|field| field.is(name)).map(|field| trim(field.value))
}

/// See [`fields`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    source: &'a [u8],
    at: usize,
    newline: Newline,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        while self.at < self.source.len() {
            let first = Line::at(self.source, self.at, self.newline);
            self.at = first.next;
            let Some((name, colon)) = name_of(first.of(self.source)) else { continue };
            let mut end = first.end;
            while self.source.get(self.at).copied().is_some_and(is_blank) {
                let line = Line::at(self.source, self.at, self.newline);
                (end, self.at) = (line.end, line.next);
            }
            let value_span = Span::new(first.start + colon + 1, end);
            let span = Span::new(first.start, self.at);
            return Some(Field { name, value: value_span.of(self.source), value_span, span });
        }
        None
    }
}

/// Name and offset of the colon, where a line begins a field: printable ASCII and a colon (RFC 5322 section 3.6.8),
/// blanks before the colon allowed (section 4.5).
pub(crate) fn name_of(line: &[u8]) -> Option<(&[u8], usize)> {
    let colon = line.iter().position(|byte| !matches!(byte, 33..=57 | 59..=126))?;
    let name = line.get(..colon)?;
    let blanks = line.get(colon..)?.iter().take_while(|byte| is_blank(**byte)).count();
    (!name.is_empty() && line.get(colon + blanks) == Some(&b':')).then_some((name, colon + blanks))
}

/// Whether a line begins a field.
pub(crate) fn is_field(line: &[u8]) -> bool {
    name_of(line).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(raw: &[u8]) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        fields(raw, Span::new(0, raw.len())).map(|field| (text(field.name), text(field.value))).collect()
    }

    #[test]
    fn fields_are_folded_and_bad_lines_passed_over() {
        let raw = b"A: 1\r\n\t2\r\nnot a field\r\nB :x\r\n:y\r\nC:\r\n";
        assert_eq!(all(raw), [("A".into(), " 1\r\n\t2".into()), ("B".into(), "x".into()), ("C".into(), String::new())]);
    }

    #[test]
    fn values_are_found_by_name_in_any_case() {
        let raw = b"Subject: one\nSUBJECT: two\n";
        assert_eq!(header_value(raw, Span::new(0, raw.len()), "subject"), Some(&b"one"[..]));
        assert_eq!(header_value(raw, Span::new(0, raw.len()), "to"), None);
    }

    #[test]
    fn spans_cover_the_field_and_its_value() {
        let raw = b"A: 1\r\n 2\r\nB: 3\r\n";
        let found: Vec<_> = fields(raw, Span::new(0, raw.len())).collect();
        assert_eq!((found[0].span, found[0].value_span), (Span::new(0, 10), Span::new(2, 8)));
        assert_eq!(found[1].span, Span::new(10, 16));
    }
}
