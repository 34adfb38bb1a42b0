use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use crate::base::{Decoded, Raw, Span};

use super::{
    Limits, Part, Role,
    charset::{self, Charset, Text, TextMap},
    map::{Map, Place},
    transfer::{self, TransferMap},
};

/// Why a part has no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It holds other parts; open those.
    #[error("part {part} is a container: its parts are read one by one")]
    Container {
        /// [`Part::id`].
        part: String,
    },
    /// It is longer than [`Limits::decoded_bytes`] allows.
    #[error("part {part} holds {length} bytes, more than the {limit} that are read")]
    TooLarge {
        /// [`Part::id`].
        part: String,
        /// Bytes that it holds, encoded or decoded.
        length: usize,
        /// The limit.
        limit: usize,
    },
}

/// A leaf with its transfer encoding and its charset undone, and the way back.
#[derive(Debug, Clone)]
pub struct Opened {
    pub(super) part: Part,
    pub(super) charset: Charset,
    text: String,
    /// The bytes that the text was decoded from, where they are not the text itself.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) text_map: TextMap,
    pub(super) transfer_map: TransferMap,
}

impl Part {
    /// Undoes the transfer encoding and the charset of a leaf, a preamble or an epilogue. `raw` is the message that
    /// [`super::split`] took apart. Whatever the bytes are, there is a text: what cannot be decoded becomes U+FFFD.
    ///
    /// Errors: [`Unreadable`], for containers and for parts over the limit.
    pub fn open(&self, raw: &[u8], limits: &Limits) -> Result<Opened, Unreadable> {
        if matches!(self.role, Role::Multipart | Role::Message) {
            return Err(Unreadable::Container { part: self.id.clone() });
        }
        let body = self.body.of(raw);
        if body.len() > Map::MAX_SOURCE {
            return Err(self.too_large(body.len(), Map::MAX_SOURCE));
        }
        let (bytes, transfer_map) = transfer::decode(self.transfer, body);
        if bytes.len() > limits.decoded_bytes {
            return Err(self.too_large(bytes.len(), limits.decoded_bytes));
        }
        let charset = self.charset_of(&bytes);
        let (Text { text, map: text_map }, bytes) = match as_it_stands(charset, bytes) {
            Ok(text) => (Text { text, map: TextMap::Same }, None),
            Err(bytes) => {
                let text = Text::decode(charset, Cow::Borrowed(&bytes));
                let bytes = (text.map != TextMap::Same).then(|| bytes.into_owned());
                (text, bytes)
            }
        };
        Ok(Opened { part: self.clone(), charset, text, bytes, text_map, transfer_map })
    }

    /// The bytes of a leaf, its transfer encoding undone.
    ///
    /// Errors: [`Unreadable`], for parts over the limit.
    pub fn content<'a>(&self, raw: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, Unreadable> {
        let bytes = transfer::decode(self.transfer, self.body.of(raw)).0;
        if bytes.len() > limits.decoded_bytes {
            return Err(self.too_large(bytes.len(), limits.decoded_bytes));
        }
        Ok(bytes)
    }

    /// Whether `body` can stand between the delimiters of the multiparts around this part.
    pub fn can_hold(&self, body: &[u8]) -> bool {
        let Some(boundaries) = &self.boundaries else { return true };
        !body.split(|byte| *byte == b'\n').any(|line| boundaries.delimits(line))
    }

    /// What it is called: by its disposition, and by its type.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        let by_type = self.media.params.iter().filter(|(name, _)| name == "name").map(|(_, value)| value.as_str());
        self.filename.as_deref().into_iter().chain(by_type).map(|name| name.trim().to_ascii_lowercase())
    }

    /// The charset in which decoded bytes of this part are read.
    pub(super) fn charset_of(&self, bytes: &[u8]) -> Charset {
        let html = matches!(self.media.subtype.as_str(), "html" | "xhtml+xml" | "x-amp-html") || self.looks_like_html();
        Charset::choose(self.charset.as_deref(), html, bytes)
    }

    /// An attached page has its type from its name.
    fn looks_like_html(&self) -> bool {
        let endings = [".html", ".htm", ".xhtml", ".shtml"];
        self.names().any(|name| endings.iter().any(|ending| name.ends_with(ending)))
    }

    fn too_large(&self, length: usize, limit: usize) -> Unreadable {
        Unreadable::TooLarge { part: self.id.clone(), length, limit }
    }
}

impl Opened {
    /// The text, as UTF-8; offsets into it are [`Decoded`] offsets.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The charset in which the part was read (UTF-8 for UTF-7, which browsers do not know).
    pub fn encoding(&self) -> &'static Encoding {
        self.charset.encoding()
    }

    /// The query of a URL as a browser sends it from a document in this charset, not yet percent-encoded: what the
    /// charset does not have is `%26%23…%3B`, a numeric reference.
    pub fn encode_query<'a>(&self, text: &'a str) -> Cow<'a, [u8]> {
        charset::encode_query(self.encoding(), text)
    }

    /// Where a piece of the text stands in the raw message. Exact for identity and quoted-printable; whole lines for
    /// base64; the whole body where the charset is not ASCII-compatible.
    pub fn raw_span(&self, span: Span<Decoded>) -> Span<Raw> {
        let whole = self.part.body;
        let (start, end) = match &self.text_map {
            TextMap::Same => (span.start(), span.end()),
            TextMap::Runs(map) => ends(span.is_empty(), map.place(span.start()), map.place(span.end())),
            TextMap::Whole => return whole,
        };
        let (start, end) = match &self.transfer_map {
            TransferMap::Same => (start, end),
            TransferMap::QuotedPrintable(map, _) => ends(start == end, map.place(start), map.place(end)),
            TransferMap::Base64(lines) => {
                let first = lines.partition_point(|line| line.decoded <= start).saturating_sub(1);
                let last = lines.partition_point(|line| line.decoded < end);
                let raw = |number: usize| lines.get(number).map_or(whole.len(), |line| line.raw);
                (raw(first), raw(last).max(raw(first)))
            }
        };
        Span::new(whole.start() + start.min(whole.len()), whole.start() + end.min(whole.len()))
    }

    /// The bytes that the text was decoded from.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(self.text.as_bytes())
    }
}

/// Bytes that are their text, as nearly all are; otherwise the bytes.
fn as_it_stands(charset: Charset, bytes: Cow<'_, [u8]>) -> Result<String, Cow<'_, [u8]>> {
    if charset != Charset::Known(UTF_8) || bytes.starts_with("\u{feff}".as_bytes()) {
        return Err(bytes);
    }
    match bytes {
        Cow::Owned(bytes) => String::from_utf8(bytes).map_err(|error| Cow::Owned(error.into_bytes())),
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Cow::Borrowed(bytes)),
    }
}

/// The narrowest range that makes the text between two places.
fn ends(empty: bool, start: Place, end: Place) -> (usize, usize) {
    let from = match start {
        Place::Within { start, .. } => start,
        Place::Between { after, .. } => after,
    };
    let to = match end {
        Place::Within { end, .. } => end,
        Place::Between { before, .. } => before,
    };
    (from, if empty { from } else { to.max(from) })
}
