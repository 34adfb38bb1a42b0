use super::{
    value::{Param, Value, simple_boundaries},
    view::{Habit, View},
};

/// A media type with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    /// `text` of `text/html`, in lower case.
    pub kind: String,
    /// `html` of `text/html`, in lower case.
    pub subtype: String,
    /// Names in lower case, values with quotes, continuations and charsets undone; in their order, duplicates kept.
    pub params: Vec<(String, String)>,
    /// The first boundary, as bytes; blanks at its end are no part of it (RFC 2046 section 5.1.1).
    pub(super) boundary: Option<Vec<u8>>,
}

impl MediaType {
    pub(crate) fn new(kind: &str, subtype: &str) -> Self {
        Self { kind: kind.to_owned(), subtype: subtype.to_owned(), params: Vec::new(), boundary: None }
    }

    /// The type that a reader with these habits takes from the field.
    pub(crate) fn read(field: &[u8], view: View) -> Self {
        let mut value = Value::parse(field);
        if view.has(Habit::LastWins) {
            value.params.reverse();
        }
        let mut media = Self::from_value(&value);
        let [naive, wide] = simple_boundaries(field);
        if view.has(Habit::NaiveBoundary) {
            media.boundary = naive;
        } else if view.has(Habit::WideBoundary) {
            media.boundary = wide;
        }
        media
    }

    /// Whether simple readers come to another boundary than the one that the grammar says.
    pub(crate) fn is_unclear(&self, field: &[u8]) -> bool {
        self.kind == "multipart" && simple_boundaries(field).iter().any(|found| *found != self.boundary)
    }

    /// A value without a usable type is text/plain (RFC 2045 section 5.2); a multipart of no kind is one of parts.
    pub(crate) fn from_value(value: &Value) -> Self {
        let (kind, subtype) = match value.head.split_once('/') {
            Some((kind, subtype)) if !kind.is_empty() && !subtype.is_empty() => (kind, subtype),
            Some(("multipart", _)) => ("multipart", "mixed"),
            None if value.head == "multipart" => ("multipart", "mixed"),
            _ => ("text", "plain"),
        };
        let params = value.params.iter().map(|Param { name, value, .. }| (name.clone(), value.clone())).collect();
        let boundary = value.params.iter().find(|param| param.name == "boundary");
        let boundary = boundary.map(|param| param.bytes.trim_ascii_end().to_vec()).filter(|bytes| !bytes.is_empty());
        Self { params, boundary, ..Self::new(kind, subtype) }
    }

    /// Whether it is that type, both given in lower case.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind == kind && self.subtype == subtype
    }

    /// The first parameter of that name, given in lower case.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Whether a parameter comes twice with different values, so that readers may take either (attack row 70).
    pub(crate) fn is_ambiguous(&self, name: &str) -> bool {
        let mut values = self.params.iter().filter(|(found, _)| found == name).map(|(_, value)| value);
        let first = values.next();
        values.any(|other| Some(other) != first)
    }
}

impl std::fmt::Display for MediaType {
    /// `text/html`, without parameters.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.subtype)
    }
}

/// What a `Content-Disposition` says: the disposition, and the name of the file in the form that wins where there are more
/// (RFC 6266 section 4.3).
pub(crate) fn disposition_and_name(field: &str) -> (Disposition, Option<String>) {
    let value = Value::parse(field.as_bytes());
    let name = value.params.iter().find(|param| param.name == "filename").map(|param| param.value.clone());
    (Disposition::parse(&value.head), name)
}

/// How the sender wants a part shown (RFC 2183).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Disposition {
    /// Nothing is said.
    #[default]
    Unstated,
    /// `inline`.
    Inline,
    /// `attachment`, or a word that is neither (section 2.8).
    Attachment,
}

impl Disposition {
    pub(crate) fn parse(head: &str) -> Self {
        match head {
            "" => Self::Unstated,
            "inline" => Self::Inline,
            _ => Self::Attachment,
        }
    }
}
