/// How much of a message is looked at. What lies beyond a limit is never dropped: see each field for what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Containers (multiparts and messages) open inside one another. A container deeper than this stays one leaf.
    pub depth: usize,
    /// Parts, preambles and epilogues counted. From the delimiter that would begin one part too many, nothing is split:
    /// the part that is open there runs to the end of the message.
    pub parts: usize,
    /// Bytes of one header that are read for fields. The rest of a longer header still belongs to the header.
    pub header_bytes: usize,
    /// Bytes of one part after its transfer encoding was undone. A longer part is [`super::Unreadable::TooLarge`].
    pub decoded_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, parts: 10_000, header_bytes: 1 << 20, decoded_bytes: 64 << 20 }
    }
}

/// A limit that a message reached, and where (offset in the raw message). Whoever goes on must say so: a part behind it
/// was not looked at as a client may look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LimitHit {
    /// Which of [`Limits`].
    pub limit: Limit,
    /// Offset in the raw message.
    pub at: usize,
}

/// The name of one of [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// [`Limits::depth`].
    Depth,
    /// [`Limits::parts`].
    Parts,
    /// [`Limits::header_bytes`].
    HeaderBytes,
}
