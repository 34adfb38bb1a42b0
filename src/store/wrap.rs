use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use super::{Reveal, mask_address, mask_url};
use crate::{
    base::{BadId, MessageHash, RecipientHash, TenantId, Timestamp},
    link::{LinkId, Place},
};

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
    /// The link that was minted, by its tag.
    #[serde(serialize_with = "as_hex")]
    pub link_id: Option<LinkId>,
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

fn as_hex<S: Serializer>(id: &Option<LinkId>, serializer: S) -> Result<S::Ok, S::Error> {
    id.map(|id| id.to_string()).serialize(serializer)
}

/// What the rewriter made of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WrapOutcome {
    /// It became one of our links.
    Wrapped,
    /// It stands as it came.
    Left,
    /// It was made unclickable.
    Defanged,
    /// It was one of our links already.
    AlreadyOurs,
}

impl WrapOutcome {
    const ALL: [Self; 4] = [Self::Wrapped, Self::Left, Self::Defanged, Self::AlreadyOurs];

    /// As it stands in the store and in exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wrapped => "wrapped",
            Self::Left => "left",
            Self::Defanged => "defanged",
            Self::AlreadyOurs => "already_ours",
        }
    }
}

impl fmt::Display for WrapOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WrapOutcome {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId { text: text.to_owned(), wanted: "one of wrapped left defanged already_ours" };
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text).ok_or_else(bad)
    }
}
