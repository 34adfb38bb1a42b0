use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use super::{Reveal, mask_address, mask_url};
use crate::base::{BadId, MessageHash, RecipientHash, TenantId, Timestamp};

/// One link of one message: what it was, what was made of it, for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrap {
    /// When the message was rewritten.
    pub time: Timestamp,
    /// Whose policy applied.
    pub tenant: TenantId,
    /// The message.
    pub message: MessageHash,
    /// Its recipient; zero where many share the body.
    pub recipient: RecipientHash,
    /// The recipient's address, where it is known; masked when read.
    pub recipient_address: Option<String>,
    /// The Message-ID field, without its angle brackets or with them, as it was given.
    pub message_id: Option<String>,
    /// The sender's address.
    pub sender: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The part where it stood, as in `1.2`.
    pub part: String,
    /// How it stood there.
    pub place: Place,
    /// What was made of it.
    pub outcome: WrapOutcome,
    /// The rule or the reason, where it was left or defanged.
    pub rule: Option<String>,
    /// The URL, whole; masked when read. Cut at 20,000 bytes, which no link can hold.
    pub url: String,
    /// Its host (A-labels).
    pub host: Option<String>,
    /// Its registrable domain.
    pub domain: Option<String>,
    /// The tag of the link that was minted.
    #[serde(serialize_with = "as_hex")]
    pub link_id: Option<[u8; 16]>,
}

impl Wrap {
    /// As it is shown.
    pub(super) fn shown(mut self, reveal: Reveal) -> Self {
        if reveal == Reveal::Masked {
            self.url = mask_url(&self.url);
            self.recipient_address = self.recipient_address.as_deref().map(mask_address);
        }
        self
    }
}

fn as_hex<S: Serializer>(id: &Option<[u8; 16]>, serializer: S) -> Result<S::Ok, S::Error> {
    let hex = id.map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    hex.serialize(serializer)
}

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text),+ })
            }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(BadId { text: text.to_owned(), wanted: concat!("one of", $(" ", $text),+) }),
                }
            }
        }
    };
}
words! {
    /// What the rewriter made of a link.
    WrapOutcome {
        /// It became one of our links.
        Wrapped "wrapped",
        /// It stands as it came.
        Left "left",
        /// It was made unclickable.
        Defanged "defanged",
        /// It was one of our links already.
        AlreadyOurs "already_ours",
    }
}
words! {
    /// STAND-IN for link::Place.
    Place {
        /// html
        Html "html",
        /// text
        Text "text",
        /// calendar
        Calendar "calendar",
        /// attachment
        Attachment "attachment",
    }
}
