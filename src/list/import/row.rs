use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::Cause;
use crate::list::Entry;

/// Characters of a refused row that are shown, at most.
pub(super) const SHOWN: usize = 120;

/// What came of a row. One row may hold several entries, and each is one of these.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// An entry.
    Taken(Taken),
    /// Nothing.
    Refused(Refused),
}

/// An entry that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// The entry, canonical; its line is that of the row.
    pub entry: Entry,
    /// How it differs from what the row meant there, where it does.
    pub remark: Option<&'static str>,
}

/// A row, or an entry of one, that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its line, from 1.
    pub line: u32,
    /// Its column in characters, from 1.
    pub column: u32,
    /// What stands there, shortened to 120 characters.
    pub text: String,
    /// Why.
    pub cause: Cause,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, text, cause } = self;
        write!(f, "{line}:{column}: {text:?}: {cause}; {}", cause.remedy())
    }
}

impl Serialize for Refused {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Refused", 5)?;
        fields.serialize_field("line", &self.line)?;
        fields.serialize_field("column", &self.column)?;
        fields.serialize_field("text", &self.text)?;
        fields.serialize_field("cause", &self.cause.to_string())?;
        fields.serialize_field("remedy", &self.cause.remedy())?;
        fields.end()
    }
}

/// How many rows came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Entries that were taken.
    pub taken: usize,
    /// Entries that were refused.
    pub refused: usize,
    /// Rows that name no host and need not: comments, headers, what `/etc/hosts` begins with.
    pub passed: usize,
    /// Whether the last line has no end: the file may have been cut off.
    pub unended: bool,
}
