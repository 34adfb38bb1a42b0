use std::{fmt, marker::PhantomData, ops::Range};

/// Offsets into the bytes of the message as it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Raw {}

/// Offsets into the text of one part, after its transfer encoding and its charset were undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decoded {}

/// A half-open range of byte offsets in one space, [`Raw`] or [`Decoded`]; the two never mix.
pub struct Span<S> {
    start: usize,
    end: usize,
    space: PhantomData<fn() -> S>,
}

impl<S> Span<S> {
    /// The range `start..end`. An `end` before `start` gives an empty span at `start`.
    pub const fn new(start: usize, end: usize) -> Self {
        let end = if end < start { start } else { end };
        Self { start, end, space: PhantomData }
    }

    /// First offset.
    pub const fn start(self) -> usize {
        self.start
    }

    /// One past the last offset.
    pub const fn end(self) -> usize {
        self.end
    }

    /// Bytes covered.
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether nothing is covered (an insertion point).
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The same span, `by` bytes further on.
    #[must_use]
    pub const fn shifted(self, by: usize) -> Self {
        Self::new(self.start + by, self.end + by)
    }

    /// Whether `other` lies wholly inside.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// As an index range.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The bytes covered, or an empty slice where the span reaches outside `bytes`.
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.range()).unwrap_or_default()
    }

    /// The text covered, or an empty one where the span reaches outside `text` or cuts a character.
    pub fn of_str(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}

// Derived impls would ask the same of `S`, which is a mark and never a value.
impl<S> Clone for Span<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Span<S> {}
impl<S> PartialEq for Span<S> {
    fn eq(&self, other: &Self) -> bool {
        (self.start, self.end) == (other.start, other.end)
    }
}
impl<S> Eq for Span<S> {}
impl<S> PartialOrd for Span<S> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<S> Ord for Span<S> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.start, self.end).cmp(&(other.start, other.end))
    }
}
impl<S> fmt::Debug for Span<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}
