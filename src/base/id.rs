use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {wanted}")]
pub struct BadId {
    /// What was given.
    pub text: String,
    /// What it should have been.
    pub wanted: &'static str,
}

/// Whose policy applies. Never used twice; 0 is nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(pub u16);

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Names a message to us and to nobody else: a keyed hash of tenant, Message-ID and raw body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MessageHash(pub [u8; 8]);

/// Names a recipient within one message; zero where many recipients share one body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RecipientHash(pub [u8; 8]);

impl RecipientHash {
    /// Many recipients share the body, so the link names none of them.
    pub const SHARED: Self = Self([0; 8]);
}

/// Names one event, and is the only key by which events are deduplicated (a UUID, version 7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

impl EventId {
    /// An id of this moment from ten bytes of entropy (RFC 9562 section 5.7).
    pub fn new(now: Timestamp, entropy: [u8; 10]) -> Self {
        let time = now.millis().to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&time[2..]);
        bytes[6..].copy_from_slice(&entropy);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Self(bytes)
    }
}

impl EventId {
    /// As it is written.
    pub(crate) fn letters(&self) -> [u8; 36] {
        let mut text = [b'-'; 36];
        let places = (0..36).filter(|at| !matches!(at, 8 | 13 | 18 | 23));
        for (at, digit) in places.zip(hex_digits(&self.0)) {
            text[at] = digit;
        }
        text
    }
}

impl FromStr for EventId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        from_hex(&digits).map(Self).ok_or_else(|| BadId { text: text.to_owned(), wanted: "an event id (a UUID)" })
    }
}

/// The reference that a page shows and that finds the click again: shared by a warning and the continue that follows.
///
/// Written in Crockford's base32 (no I, L, O, U; either case is read) as four groups of four, so that it survives
/// being read out over the telephone: `01JD-8Q2W-7M4K-X3ZT`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClickId(pub [u8; 10]);

impl ClickId {
    /// An id of this moment (first six bytes) from four bytes of entropy, so that ids sort by time.
    pub fn new(now: Timestamp, entropy: [u8; 4]) -> Self {
        let time = now.millis().to_be_bytes();
        let mut bytes = [0; 10];
        bytes[..6].copy_from_slice(&time[2..]);
        bytes[6..].copy_from_slice(&entropy);
        Self(bytes)
    }
}

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl ClickId {
    /// As it is written.
    pub(crate) fn letters(&self) -> [u8; 19] {
        let value = self.0.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        let mut text = [b'-'; 19];
        for at in 0..16 {
            text[at + at / 4] = CROCKFORD[(value >> (75 - 5 * at)) as usize & 31];
        }
        text
    }
}

impl FromStr for ClickId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId { text: text.to_owned(), wanted: "a reference such as 01JD-8Q2W-7M4K-X3ZT" };
        let (mut value, mut digits) = (0_u128, 0);
        for character in text.trim().chars().filter(|c| !matches!(c, '-' | ' ')) {
            let upper = match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let digit = CROCKFORD.iter().position(|c| char::from(*c) == upper).ok_or_else(bad)?;
            value = value << 5 | digit as u128;
            digits += 1;
            if digits > 16 {
                return Err(bad());
            }
        }
        if digits != 16 {
            return Err(bad());
        }
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&value.to_be_bytes()[6..]);
        Ok(Self(bytes))
    }
}

fn hex_digits(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| b"0123456789abcdef"[usize::from(half)])
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high << 4 | low) as u8;
    }
    Some(bytes)
}

macro_rules! hex_id {
    ($($name:ident $wanted:literal),+) => {$(
        impl $name {
            /// As it is written.
            pub(crate) fn letters(&self) -> [u8; 16] {
                let mut text = [0; 16];
                text.iter_mut().zip(hex_digits(&self.0)).for_each(|(place, digit)| *place = digit);
                text
            }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                from_hex(text).map(Self).ok_or_else(|| BadId { text: text.to_owned(), wanted: $wanted })
            }
        }
    )+};
}
hex_id!(MessageHash "a message hash (16 hexadecimal digits)", RecipientHash "a recipient hash (16 hexadecimal digits)");

// In one piece: every click writes five ids.
macro_rules! as_text {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(std::str::from_utf8(&self.letters()).map_err(|_| fmt::Error)?)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let letters = self.letters();
                serializer.serialize_str(std::str::from_utf8(&letters).map_err(serde::ser::Error::custom)?)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}
as_text!(MessageHash, RecipientHash, EventId, ClickId);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn references_are_read_as_people_write_them() {
        let id = ClickId::new(Timestamp::from_millis(1_795_492_800_000), [1, 2, 3, 4]);
        let text = id.to_string();
        assert_eq!(text.len(), 19);
        assert_eq!(text.to_lowercase().replace('-', " ").parse(), Ok(id));
        assert_eq!(text.replace('0', "o").replace('1', "l").parse(), Ok(id));
        assert!("".parse::<ClickId>().is_err());
        assert!(format!("{text}0").parse::<ClickId>().is_err());
        assert!("UUUU-UUUU-UUUU-UUUU".parse::<ClickId>().is_err());
    }

    #[test]
    fn event_ids_are_uuids_of_version_7() {
        let id = EventId::new(Timestamp::from_millis(1_795_492_800_000), [0xff; 10]);
        let text = id.to_string();
        assert_eq!((text.as_bytes()[14], text.as_bytes()[19]), (b'7', b'b'));
        assert_eq!(text.parse(), Ok(id));
    }

    proptest! {
        #[test]
        fn ids_survive_their_text(click: [u8; 10], hash: [u8; 8], event: [u8; 16]) {
            prop_assert_eq!(ClickId(click).to_string().parse(), Ok(ClickId(click)));
            prop_assert_eq!(MessageHash(hash).to_string().parse(), Ok(MessageHash(hash)));
            prop_assert_eq!(EventId(event).to_string().parse(), Ok(EventId(event)));
        }
    }
}
