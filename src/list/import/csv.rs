//! Feeds in CSV: rows with a URL in one of their columns (RFC 4180, and comments that begin with `#`).

use super::{
    Cause, NoList,
    place::{Cursor, Place},
    sink::{Sink, said},
};
use crate::list::{Fault, Note};

/// Where a feed has what.
pub(super) struct Shape {
    /// The column of the URL.
    pub(super) url: Column,
    /// The column that says why, where there is one.
    pub(super) reason: Option<Column>,
    /// The column of a number to find the row by again.
    pub(super) reference: Option<Column>,
}

/// A column: by the name in the header, or by its place where there is no header.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) at: usize,
}

impl Column {
    fn find(&self, header: &csv::ByteRecord) -> Option<usize> {
        let is_it = |field: &[u8]| field.trim_ascii().eq_ignore_ascii_case(self.name.as_bytes());
        header.iter().position(is_it)
    }
}

/// Where the columns are in this file.
struct Columns {
    url: usize,
    reason: Option<usize>,
    reference: Option<usize>,
}

impl Columns {
    fn by_place(shape: &Shape) -> Self {
        let at = |column: &Option<Column>| column.as_ref().map(|column| column.at);
        Self { url: shape.url.at, reason: at(&shape.reason), reference: at(&shape.reference) }
    }

    /// Of a first row that is a header.
    fn by_name(shape: &Shape, header: &csv::ByteRecord) -> Option<Self> {
        let find = |column: &Option<Column>| column.as_ref().and_then(|column| column.find(header));
        let url = shape.url.find(header)?;
        Some(Self { url, reason: find(&shape.reason), reference: find(&shape.reference) })
    }
}

pub(super) fn read(bytes: &[u8], shape: &Shape, sink: &mut Sink<'_, '_>) -> Result<(), NoList> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).from_reader(bytes);
    let (mut record, mut cursor) = (csv::ByteRecord::new(), Cursor::new(bytes));
    let mut columns: Option<Columns> = None;
    loop {
        let from = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        // The reader reads from memory and takes rows of any length: it has nothing to fail at.
        if !reader.read_byte_record(&mut record).unwrap_or(false) {
            return Ok(());
        }
        let to = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX).min(bytes.len());
        let from = first_of_row(bytes, from.min(to));
        let start = cursor.go(from);
        if to == bytes.len() && is_open(bytes.get(from..to).unwrap_or_default()) {
            return Err(NoList::OpenQuote { line: start.line.into() });
        }
        match &columns {
            Some(columns) => row(&record, columns, &Row { bytes, from, start, cursor: &cursor }, sink),
            None => columns = Some(head(&record, shape, &Row { bytes, from, start, cursor: &cursor }, sink)?),
        }
    }
}

/// Makes columns of the first row, which may be a header or the first of the rows.
fn head(record: &csv::ByteRecord, shape: &Shape, at: &Row<'_, '_>, sink: &mut Sink<'_, '_>) -> Result<Columns, NoList> {
    if let Some(columns) = Columns::by_name(shape, record) {
        sink.pass();
        return Ok(columns);
    }
    let columns = Columns::by_place(shape);
    let holds_url = record.get(columns.url).is_some_and(|field| memchr::memmem::find(field, b"://").is_some());
    if !holds_url {
        return Err(NoList::NoColumn(shape.url.name));
    }
    row(record, &columns, at, sink);
    Ok(columns)
}

/// Where a row stands.
struct Row<'a, 'c> {
    bytes: &'a [u8],
    from: usize,
    start: Place,
    cursor: &'c Cursor<'a>,
}

impl Row<'_, '_> {
    /// The place of a field: quotation marks hide commas and line ends.
    fn place(&self, field: usize) -> Place {
        let (mut at, mut left, mut marks) = (self.from, field, Marks::default());
        while let Some(byte) = self.bytes.get(at).filter(|_| left > 0) {
            if marks.pass(*byte) {
                left -= 1;
            }
            at += 1;
        }
        self.cursor.clone().go(at)
    }
}

fn row(record: &csv::ByteRecord, columns: &Columns, at: &Row<'_, '_>, sink: &mut Sink<'_, '_>) {
    let text = |field: Option<usize>| std::str::from_utf8(record.get(field?)?).ok();
    let Some(field) = record.get(columns.url) else {
        let shown = text(Some(0)).unwrap_or_default();
        return sink.refuse(at.start, shown, Cause::Fields { wanted: columns.url + 1, found: record.len() });
    };
    let place = at.place(columns.url);
    let Ok(url) = std::str::from_utf8(field) else {
        return sink.refuse(place, "", Cause::Entry(Fault::NotUtf8));
    };
    let reason = text(columns.reason).and_then(said);
    let reference = text(columns.reference).and_then(said);
    sink.url(place, url.trim(), Some(Note { reason, reference, ..Note::default() }));
}

/// Where the row begins: the reader passes over comments and empty lines before it.
fn first_of_row(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b'\r' | b'\n') => at += 1,
            Some(b'#') => {
                let line = bytes.get(at..).unwrap_or_default();
                at += memchr::memchr(b'\n', line).map_or(line.len(), |end| end + 1);
            }
            _ => return at,
        }
    }
}

/// Whether a quotation mark of the row is not closed.
fn is_open(row: &[u8]) -> bool {
    let mut marks = Marks::default();
    for byte in row {
        marks.pass(*byte);
    }
    marks.open
}

/// Quotation marks of a row: one opens at the start of a field alone.
struct Marks {
    open: bool,
    start: bool,
}

impl Default for Marks {
    fn default() -> Self {
        Self { open: false, start: true }
    }
}

impl Marks {
    /// Goes on by a byte; answers whether a field ended before it.
    fn pass(&mut self, byte: u8) -> bool {
        let ends = !self.open && byte == b',';
        match byte {
            // Inside, two marks stand for one, and two turns change nothing.
            b'"' if self.open || self.start => self.open = !self.open,
            _ => {}
        }
        self.start = ends || (!self.open && matches!(byte, b'\n' | b'\r'));
        ends
    }
}
