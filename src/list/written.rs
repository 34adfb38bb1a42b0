use super::{Day, Entry, Note};
use crate::base::Timestamp;

/// An entry as it stands in its list, borrowed from where it is kept: an [`Entry`], or the bytes of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    /// Its line, from 1.
    pub line: u32,
    /// As written, without its note.
    pub text: &'a str,
    /// `reason=`: why.
    pub reason: Option<&'a str>,
    /// `by=`: who.
    pub by: Option<&'a str>,
    /// `until=`: the last day on which it counts, in UTC.
    pub until: Option<Day>,
    /// `ref=`: a ticket or a case.
    pub reference: Option<&'a str>,
}

impl Written<'_> {
    /// Whether it counts at `now`: its last day, in UTC, has not ended.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until.end())
    }
}

impl<'a> From<&'a Entry> for Written<'a> {
    fn from(entry: &'a Entry) -> Self {
        let note = entry.note.as_deref();
        let text = |of: fn(&Note) -> &Option<Box<str>>| note.and_then(|note| of(note).as_deref());
        Self {
            line: entry.line,
            text: &entry.text,
            reason: text(|note| &note.reason),
            by: text(|note| &note.by),
            until: note.and_then(|note| note.until),
            reference: text(|note| &note.reference),
        }
    }
}
