use std::sync::Arc;

use crate::base::{Raw, Span};

use super::{Disposition, LimitHit, MediaType, Newline, Transfer};

/// One part of a message as ranges of the raw bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `1.2` as IMAP numbers parts (RFC 9051 section 6.4.5); a multipart that is the content of a message is its `0`;
    /// what stands before the first delimiter of multipart `2` is `2.preamble`, behind the last `2.epilogue`.
    pub id: String,
    /// Index of the multipart or message around it.
    pub parent: Option<usize>,
    /// The fields with their line breaks, without the empty line that ends them. Empty for preambles and epilogues.
    pub header: Span<Raw>,
    /// The content, without the line break that belongs to the next delimiter. It begins where the header ends if no
    /// empty line stands between them.
    pub body: Span<Raw>,
    /// Content-Type, or the default of its place.
    pub media: MediaType,
    /// Content-Transfer-Encoding.
    pub transfer: Transfer,
    /// The charset parameter as the sender wrote it.
    pub charset: Option<String>,
    /// Content-Disposition.
    pub disposition: Disposition,
    /// From Content-Disposition, or else from the name of Content-Type.
    pub filename: Option<String>,
    /// What kind of part it is.
    pub role: Role,
    /// Content-Base (RFC 2110): a base URL for the links inside.
    pub content_base: Option<String>,
    /// Content-Location (RFC 2557).
    pub content_location: Option<String>,
    /// `format=flowed` (RFC 3676).
    pub format_flowed: bool,
    /// `delsp=yes` (RFC 3676).
    pub delsp: bool,
    /// Under a signature (multipart/signed, or opaque S/MIME), itself or something around it: an edit breaks it.
    pub signed: bool,
    /// Under encryption, itself or something around it.
    pub encrypted: bool,
    /// Of the multiparts around it, so that no edit makes a line that would end it.
    pub(super) boundaries: Option<Arc<Boundaries>>,
}

/// The boundaries of the multiparts around a part, innermost first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Boundaries {
    pub(super) own: Vec<u8>,
    pub(super) outer: Option<Arc<Boundaries>>,
}

impl Boundaries {
    /// Whether a line would end a part.
    pub(super) fn delimits(&self, line: &[u8]) -> bool {
        let Some(text) = line.strip_prefix(b"--").map(<[u8]>::trim_ascii_end) else { return false };
        std::iter::successors(Some(self), |around| around.outer.as_deref())
            .any(|around| delimiter_kind(text, &around.own).is_some())
    }
}

/// Whether `text`, which stood behind `--`, is the boundary; `Some(true)` for the closing form.
pub(super) fn delimiter_kind(text: &[u8], boundary: &[u8]) -> Option<bool> {
    match text.strip_prefix(boundary)? {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

/// What kind of part one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Content.
    Leaf,
    /// Parts between delimiters; they follow in [`super::Structure::parts`].
    Multipart,
    /// A message/rfc822 whose content follows as parts.
    Message,
    /// Text before the first delimiter, which clients do not show.
    Preamble,
    /// Text behind the closing delimiter, which clients do not show.
    Epilogue,
}

/// The whole message, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// In the order of the message, every container before what it holds.
    pub parts: Vec<Part>,
    /// Where clients may read it otherwise, in the order of the message.
    pub ambiguities: Vec<Ambiguity>,
    /// Where it was not looked at to the end.
    pub limits_hit: Vec<LimitHit>,
    /// The fields of the message itself.
    pub header: Span<Raw>,
    /// All behind the header of the message itself.
    pub body: Span<Raw>,
    /// How lines end.
    pub newline: Newline,
}

impl Structure {
    /// The Message-ID as it stands, without blanks around it.
    pub fn message_id<'a>(&self, raw: &'a [u8]) -> Option<&'a [u8]> {
        self.header_value(raw, "message-id")
    }

    /// The first value of a field of the message itself; still folded, still encoded.
    pub fn header_value<'a>(&self, raw: &'a [u8], name: &str) -> Option<&'a [u8]> {
        super::header_value(raw, self.header, name)
    }
}

/// A place that readers of mail read differently. We take the first of several, and say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ambiguity {
    /// What is the matter.
    pub kind: AmbiguityKind,
    /// Offset in the raw message.
    pub at: usize,
}

/// What readers of mail read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AmbiguityKind {
    /// A second Content-Type (attack row 71).
    DuplicateContentType,
    /// A second Content-Transfer-Encoding (attack row 71).
    DuplicateTransferEncoding,
    /// Two boundaries in one Content-Type (attack row 70).
    DuplicateBoundary,
    /// Two charsets in one Content-Type.
    DuplicateCharset,
    /// A multipart without a boundary is one leaf (attack row 72).
    MissingBoundary,
    /// A multipart that no closing delimiter ends (attack row 72).
    NotClosed,
    /// A multipart in which no delimiter was found at all (attack row 72).
    NoDelimiter,
    /// A delimiter behind the closing one; it stays in the epilogue (attack row 72).
    DelimiterAfterClose,
    /// A multipart with a transfer encoding, which it must not have, is read as if it had none (attack row 74).
    EncodedMultipart,
    /// A message/rfc822 with a transfer encoding, which it must not have, is one leaf (attack row 89).
    EncodedMessage,
    /// A Content-Transfer-Encoding that nobody knows (attack row 75).
    UnknownTransfer,
    /// The header ends at a line that is no field, without an empty line (attack row 88).
    MissingSeparator,
    /// A CR without its LF, which ends a line for some (attack row 87); the first one is noted.
    BareCr,
    /// A line of blanks in the header, which continues it, or ends it for some (attack row 88).
    BlankContinuation,
    /// A blank before the colon of a field, which then is none for some (attack row 88); the first one is noted.
    BlankBeforeColon,
    /// A multipart with the boundary of one around it (attack row 72).
    SharedBoundary,
    /// A part of a digest that does not say that it is a message (attack row 73).
    DigestDefault,
    /// A line that begins as a delimiter does and goes on, which for some is one (attack row 72).
    LooseDelimiter,
    /// A boundary that is written so that readers come to different ones: escapes, comments, blanks (attack row 72).
    UnclearBoundary,
}
