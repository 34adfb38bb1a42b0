use memchr::memrchr;

/// A line and a column in characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Goes through bytes in one direction and knows the place it is at; a row far behind costs no look back.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    place: Place,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, place: Place { line: 1, column: 1 } }
    }

    /// The place of the byte at `offset`; one behind the cursor is taken for where it stands.
    pub(super) fn go(&mut self, offset: usize) -> Place {
        let passed = self.bytes.get(self.at..offset).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', passed).count();
        self.place.line = self.place.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        let (before, rest) = match memrchr(b'\n', passed) {
            Some(end) => (1, &passed[end + 1..]),
            None => (self.place.column, passed),
        };
        self.place.column = before.saturating_add(characters(rest));
        self.at = self.at.max(offset.min(self.bytes.len()));
        self.place
    }
}

/// Characters of UTF-8: every byte but the continuations begins one.
pub(super) fn characters(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()).unwrap_or(u32::MAX)
}
