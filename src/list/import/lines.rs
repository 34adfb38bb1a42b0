//! Formats of lines.

use super::{Cause, place::Place, sink::Sink};
use crate::list::{Fault, MAX_LINE_BYTES};

/// One line of text, without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) number: u32,
    pub(super) text: &'a str,
}

impl<'a> Line<'a> {
    /// The place of a part of the line, which must be a slice of it.
    pub(super) fn place(&self, part: &str) -> Place {
        let offset = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let before = self.text.get(..offset).unwrap_or_default();
        Place { line: self.number, column: u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX) }
    }

    /// What stands before a comment that one of `marks` opens: at the start of the line or behind a blank. `None` where
    /// nothing else stands in it.
    pub(super) fn without_comment(&self, marks: &[char]) -> Option<&'a str> {
        let opens = |(at, _): &(usize, &str)| *at == 0 || self.text[..*at].ends_with([' ', '\t']);
        let comment = self.text.match_indices(marks).find(opens).map_or(self.text.len(), |(at, _)| at);
        Some(self.text[..comment].trim()).filter(|text| !text.is_empty())
    }
}

/// Reads line by line. A line that is too long or no UTF-8 is refused here.
pub(super) fn each(bytes: &[u8], sink: &mut Sink<'_, '_>, read: fn(Line<'_>, &mut Sink<'_, '_>)) {
    for (number, line) in numbered(bytes) {
        if let Some(line) = checked(number, line, sink) {
            read(line, sink);
        }
    }
}

/// Lines with their numbers, without their ends, and without the nothing behind the last.
pub(super) fn numbered(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    (1_u32..).zip(lines)
}

/// The line as text, or a refusal.
pub(super) fn checked<'a>(number: u32, line: &'a [u8], sink: &mut Sink<'_, '_>) -> Option<Line<'a>> {
    let start = Place { line: number, column: 1 };
    if line.len() > MAX_LINE_BYTES {
        // Enough to find it by; the bytes of a line that long need not be text.
        let shown: String =
            line.iter().take(80).filter(|byte| byte.is_ascii_graphic()).map(|b| char::from(*b)).collect();
        sink.refuse(start, &shown, Cause::Entry(Fault::LongLine(line.len())));
        return None;
    }
    match std::str::from_utf8(line) {
        Ok(text) => Some(Line { number, text }),
        Err(error) => {
            let good = line.get(..error.valid_up_to()).unwrap_or_default();
            let good = std::str::from_utf8(good).unwrap_or_default();
            let column = u32::try_from(good.chars().count() + 1).unwrap_or(u32::MAX);
            sink.refuse(Place { line: number, column }, good, Cause::Entry(Fault::NotUtf8));
            None
        }
    }
}
