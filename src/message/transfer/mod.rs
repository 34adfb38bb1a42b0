//! Transfer encodings (RFC 2045 section 6), undone as leniently as the most lenient client does it.

pub(crate) mod base64;
pub(crate) mod quoted_printable;

use std::borrow::Cow;

use self::base64::Checkpoint;
use super::map::Map;

/// How the body of a part is encoded for the journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transfer {
    /// `7bit`, and where nothing is said.
    SevenBit,
    /// `8bit`.
    EightBit,
    /// `binary`.
    Binary,
    /// `quoted-printable`.
    QuotedPrintable,
    /// `base64`.
    Base64,
    /// `x-uuencode`: files stand in the body as they do in text without a header (attack row 78).
    Uuencode,
    /// Another word, real or not; the bytes are taken as they stand (attack row 75).
    Unknown,
}

impl Transfer {
    /// What a Content-Transfer-Encoding says.
    pub(crate) fn parse(head: &str) -> Self {
        match head.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '+') {
            "" | "7bit" | "7bits" | "7-bit" => Self::SevenBit,
            "8bit" | "8bits" | "8-bit" => Self::EightBit,
            "binary" => Self::Binary,
            "quoted-printable" | "quotedprintable" | "quoted_printable" => Self::QuotedPrintable,
            "base64" => Self::Base64,
            "x-uuencode" | "uuencode" | "x-uue" | "uue" => Self::Uuencode,
            _ => Self::Unknown,
        }
    }

    /// Whether the body stands there as it is.
    pub const fn is_identity(self) -> bool {
        !matches!(self, Self::QuotedPrintable | Self::Base64)
    }
}

/// The way back from decoded bytes to the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TransferMap {
    Same,
    /// And whether decoders could differ over it.
    QuotedPrintable(Map, bool),
    Base64(Vec<Checkpoint>),
}

pub(crate) fn decode(transfer: Transfer, body: &[u8]) -> (Cow<'_, [u8]>, TransferMap) {
    match transfer {
        Transfer::QuotedPrintable => {
            let (bytes, map, damaged) = quoted_printable::decode(body);
            (Cow::Owned(bytes), TransferMap::QuotedPrintable(map, damaged))
        }
        Transfer::Base64 => {
            let (bytes, checkpoints) = base64::decode(body);
            (Cow::Owned(bytes), TransferMap::Base64(checkpoints))
        }
        _ => (Cow::Borrowed(body), TransferMap::Same),
    }
}
