//! Edits of the text of a part, carried back to the raw message.

mod quoted_printable;
mod recode;
mod splice;

pub(crate) use quoted_printable::encode as encode_quoted_printable;

use std::{borrow::Cow, ops::Range};

use encoding_rs::UTF_8;
use memchr::{memchr, memchr_iter};

use crate::base::{Decoded, Edit, Overlap, Raw, Span, apply_text};

use super::{
    Newline, Opened, Transfer,
    charset::{Charset, Text, TextMap},
    transfer::{TransferMap, base64},
};

/// Edits of the raw message that make the edits of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carried {
    /// Sorted; inside the part, header edits included.
    pub edits: Vec<Edit<Raw>>,
    /// Why the part was re-encoded whole, if it was.
    pub recoded: Option<Recoded>,
}

/// Why a part was re-encoded whole rather than edited in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recoded {
    /// An edited line would be longer than the 998 octets that SMTP carries (RFC 5322 section 2.1.1); relays fold such
    /// lines and break what stands in them. Now quoted-printable.
    LongLine,
    /// The charset is not ASCII-compatible (UTF-16, UTF-7). Now UTF-8.
    Charset,
    /// The new text holds a character that the charset does not have. Now UTF-8.
    Unencodable,
    /// The new text is not ASCII, and the part says that it is 7bit. Now quoted-printable.
    EightBit,
    /// An edited line would be a delimiter. Now quoted-printable.
    Delimiter,
    /// A line break of the new text would be another in the message: a CR before the LF that ends the part, or an LF
    /// where a message has CR alone. Now quoted-printable.
    LineBreak,
    /// Spliced into its bytes, the edit would change the reading of what stands around it. Now UTF-8.
    Neighbours,
    /// Readers could undo its encodings in several ways, and one of them would come to other links. Now UTF-8.
    Readings,
}

/// Why edits cannot be carried back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    /// Edits that overlap, are out of order or reach outside the text.
    #[error("edits of part {part}: {cause}")]
    Overlap {
        /// [`super::Part::id`].
        part: String,
        /// Which.
        cause: Overlap,
    },
    /// An edit that cuts a character, or whose new text is not UTF-8.
    #[error("edit of part {part} at {at}: it cuts a character, or its text is not UTF-8")]
    NotText {
        /// [`super::Part::id`].
        part: String,
        /// Offset in the text.
        at: usize,
    },
    /// The part would have to be re-encoded, but it is a preamble or an epilogue, which have no header to say so in.
    #[error("part {part} has no header that could say how it is encoded ({reason:?})")]
    NoHeader {
        /// [`super::Part::id`].
        part: String,
        /// Why it would have to be.
        reason: Recoded,
    },
}

/// Longest line that SMTP carries, without its line break.
const MAX_LINE: usize = 998;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// An edit of the decoded bytes of a part.
pub(super) type ByteEdit = (Range<usize>, Vec<u8>);

impl Opened {
    /// Carries edits of [`Opened::text`] back to the raw message: identity at the same offsets, quoted-printable by
    /// re-making the touched lines, base64 from the first changed line on; and where that would not do, by re-encoding
    /// the part whole. The edited message, opened again, has exactly the edited text. `raw` is the message that the part
    /// was opened from.
    ///
    /// Errors: [`CarryError`]; nothing is edited then.
    pub fn carry(&self, raw: &[u8], edits: &[Edit<Decoded>]) -> Result<Carried, CarryError> {
        if edits.is_empty() {
            return Ok(Carried::default());
        }
        let wanted = self.edited_text(edits)?;
        let mut carried = match self.carry_in_place(raw, edits, &wanted) {
            Ok(edits) => Carried { edits, recoded: None },
            Err(reason) => Carried { edits: self.recode(raw, edits, &wanted, reason)?, recoded: Some(reason) },
        };
        // An empty body may lie between its header and a delimiter without a line break of its own.
        let glued = self.part.body.is_empty() && raw.get(self.part.body.end()..).unwrap_or_default().starts_with(b"--");
        if let Some(last) = carried.edits.last_mut().filter(|_| glued) {
            last.with.extend_from_slice(Newline::of(raw).as_bytes());
        }
        Ok(carried)
    }

    /// As [`Opened::carry`], but the part is encoded anew whatever the edits are, so that every reader reads this text.
    ///
    /// Errors: [`CarryError`]; nothing is edited then.
    pub fn carry_whole(&self, raw: &[u8], edits: &[Edit<Decoded>]) -> Result<Carried, CarryError> {
        let wanted = self.edited_text(edits)?;
        let edits = self.recode(raw, edits, &wanted, Recoded::Readings)?;
        Ok(Carried { edits, recoded: Some(Recoded::Readings) })
    }

    fn edited_text(&self, edits: &[Edit<Decoded>]) -> Result<String, CarryError> {
        apply_text(self.text(), edits).map_err(|cause| {
            let part = self.part.id.clone();
            let bad = edits.iter().find(|edit| {
                let cuts = |at| at <= self.text().len() && !self.text().is_char_boundary(at);
                cuts(edit.span.start()) || cuts(edit.span.end()) || std::str::from_utf8(&edit.with).is_err()
            });
            match bad {
                Some(edit) => CarryError::NotText { part, at: edit.span.start() },
                None => CarryError::Overlap { part, cause },
            }
        })
    }

    fn carry_in_place(&self, raw: &[u8], edits: &[Edit<Decoded>], wanted: &str) -> Result<Vec<Edit<Raw>>, Recoded> {
        let splices = self.splices(edits)?;
        // Where the text is its bytes, so is the edited text.
        let is_text = self.text_map == TextMap::Same && self.charset == Charset::Known(UTF_8);
        let bytes: Cow<'_, [u8]> =
            if is_text { wanted.as_bytes().into() } else { splice(self.bytes(), &splices).into() };
        if !self.reads_as(&bytes, wanted) {
            return Err(Recoded::Neighbours);
        }
        let body = self.part.body.of(raw);
        let within = match &self.transfer_map {
            TransferMap::Same => {
                let newline = Newline::of(raw);
                self.check_lines(body, &bytes, &splices, newline)?;
                let joins = bytes.ends_with(b"\r") && raw.get(self.part.body.end()) == Some(&b'\n');
                if joins || newline == Newline::Cr && memchr(b'\n', &bytes).is_some() {
                    return Err(Recoded::LineBreak);
                }
                splices
            }
            TransferMap::QuotedPrintable(map, _) => quoted_printable::carry(body, map, &splices, Newline::of(raw)),
            TransferMap::Base64(lines) => {
                let first = splices.first().map_or(0, |(range, _)| range.start);
                let from = lines.partition_point(|line| line.decoded <= first).saturating_sub(1);
                let (decoded, start) = lines.get(from).map_or((0, 0), |line| (line.decoded, line.raw));
                let layout = base64::Layout::of(body, Newline::of(raw));
                let end = base64::data_end(body).max(start);
                vec![(start..end, layout.encode(bytes.get(decoded..).unwrap_or_default()))]
            }
        };
        Ok(within.into_iter().map(|(range, with)| self.raw_edit(range, with)).collect())
    }

    /// An edit of the body as an edit of the message.
    fn raw_edit(&self, range: Range<usize>, with: Vec<u8>) -> Edit<Raw> {
        Edit::new(Span::new(range.start, range.end).shifted(self.part.body.start()), with)
    }

    /// Whether a part with these bytes would be read as that text, by the charset that it would then be taken to have.
    fn reads_as(&self, bytes: &[u8], wanted: &str) -> bool {
        let charset = self.part.charset_of(bytes);
        // As nearly all mail is, and nothing to decode.
        if charset == Charset::Known(UTF_8) && !bytes.starts_with(BYTE_ORDER_MARK) {
            return bytes == wanted.as_bytes();
        }
        Text::decode(charset, Cow::Borrowed(bytes)).text == wanted
    }

    /// Whether the lines that edits touch can stand in a message as they are.
    fn check_lines(&self, body: &[u8], edited: &[u8], splices: &[ByteEdit], newline: Newline) -> Result<(), Recoded> {
        let says_ascii = matches!(self.part.transfer, Transfer::SevenBit);
        if says_ascii && body.is_ascii() && !edited.is_ascii() {
            return Err(Recoded::EightBit);
        }
        let (mut start, mut breaks, mut shift) = (0, memchr_iter(newline.last(), edited), 0_isize);
        let mut end = breaks.next().unwrap_or(edited.len());
        for (range, with) in splices {
            let from = range.start.saturating_add_signed(shift);
            let to = from + with.len();
            shift = shift.saturating_add_unsigned(with.len()).saturating_sub_unsigned(range.len());
            loop {
                if from <= end {
                    self.check_line(edited.get(start..end).unwrap_or_default())?;
                }
                if to <= end {
                    break;
                }
                start = end + 1;
                end = breaks.next().unwrap_or(edited.len());
            }
        }
        Ok(())
    }

    fn check_line(&self, line: &[u8]) -> Result<(), Recoded> {
        if line.strip_suffix(b"\r").unwrap_or(line).len() > MAX_LINE {
            return Err(Recoded::LongLine);
        }
        let is_delimiter = self.part.boundaries.as_ref().is_some_and(|boundaries| boundaries.delimits(line));
        if is_delimiter { Err(Recoded::Delimiter) } else { Ok(()) }
    }
}

fn splice(bytes: &[u8], splices: &[ByteEdit]) -> Vec<u8> {
    let growth: usize = splices.iter().map(|(_, with)| with.len()).sum();
    let mut out = Vec::with_capacity(bytes.len() + growth);
    let mut done = 0;
    for (range, with) in splices {
        out.extend_from_slice(bytes.get(done..range.start).unwrap_or_default());
        out.extend_from_slice(with);
        done = range.end;
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    out
}
