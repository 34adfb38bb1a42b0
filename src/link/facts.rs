use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    base::{BadId, MessageHash, RecipientHash, TenantId, Timestamp},
    url::WebUrl,
};

/// Where in a message the link stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// An attribute of an HTML part.
    Html,
    /// The text of a plain part.
    Text,
    /// A property of a calendar part.
    Calendar,
    /// Inside an attachment.
    Attachment,
}

impl Place {
    /// Every place, in the order of its number in the token.
    pub const ALL: [Self; 4] = [Self::Html, Self::Text, Self::Calendar, Self::Attachment];

    /// The word used in reports and in the test vectors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "text",
            Self::Calendar => "calendar",
            Self::Attachment => "attachment",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a link says beside its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whose policy applies.
    pub tenant: TenantId,
    /// Where the link stood.
    pub place: Place,
    /// When it was minted. A link keeps whole minutes, rounded down.
    pub issued: Timestamp,
    /// The message it was minted for.
    pub message: MessageHash,
    /// The recipient it was minted for, or [`RecipientHash::SHARED`].
    pub recipient: RecipientHash,
}

/// What a link holds. Nothing here is proven unless it stands in a [`super::Verified`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it goes.
    pub destination: WebUrl,
    /// What else it says.
    pub facts: Facts,
    /// The key that is said to have signed it.
    pub key: KeyId,
    /// Names this link and no other.
    pub id: LinkId,
}

/// Names a key: four bytes derived from its secret, never handed out by a counter, so that the rings of two
/// organisations can be put together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

/// Names one link: its tag, which no two different links share. For the wrap log and for revocation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub [u8; 16]);

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(bytes)
}

macro_rules! hex_text {
    ($($name:ident $wanted:literal),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl std::str::FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                from_hex(text).map(Self).ok_or_else(|| BadId { text: text.to_owned(), wanted: $wanted })
            }
        }
    )+};
}
hex_text!(KeyId "a key id (8 hexadecimal digits)", LinkId "a link id (32 hexadecimal digits)");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_and_read_as_hexadecimal() {
        assert_eq!(KeyId([0, 0x1f, 0xa0, 0xff]).to_string(), "001fa0ff");
        assert_eq!("001FA0ff".parse(), Ok(KeyId([0, 0x1f, 0xa0, 0xff])));
        for bad in ["", "001fa0f", "001fa0fff", "001fa0fg", "+01fa0ff", "ééab"] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
        assert_eq!(LinkId([0xab; 16]).to_string().parse(), Ok(LinkId([0xab; 16])));
        let text = serde_json::to_string(&KeyId([0, 1, 2, 3])).unwrap();
        assert_eq!(text, "\"00010203\"");
        assert_eq!(serde_json::from_str::<KeyId>(&text).unwrap(), KeyId([0, 1, 2, 3]));
    }
}
