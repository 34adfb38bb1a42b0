use serde::Serialize;

use crate::{
    base::{MessageHash, RecipientHash, TenantId, Timestamp},
    link::{self, KeyState, Keyring, Link, Opener, Place},
    url,
};

/// What a link says, and whether it is ours.
#[derive(Debug, Clone, Serialize)]
pub struct Decoded {
    /// As it was given.
    pub link: String,
    /// Whether our keyring signed it; none where there is no keyring to tell by.
    pub valid: Option<bool>,
    /// Where it goes.
    pub url: Option<String>,
    /// The key that it says signed it.
    pub key: Option<String>,
    /// Whose it is.
    pub tenant: Option<TenantId>,
    /// When it was made: UTC, RFC 3339.
    pub issued: Option<String>,
    /// Where in the message it stood.
    pub place: Option<Place>,
    /// Names the message.
    pub message: Option<MessageHash>,
    /// Names the recipient.
    pub recipient: Option<RecipientHash>,
    /// Why it is not valid, or why that cannot be told.
    pub problem: Option<String>,
}

/// Reads links, and proves them where a keyring can be had. A keyring is a help and no condition: whoever holds a link
/// may read it.
pub struct Decoder {
    ring: Result<(Keyring, Opener), String>,
    tenants: Vec<TenantId>,
}

impl Decoder {
    /// For the links of these tenants. `ring`: the keyring, or why there is none.
    pub fn new(ring: Result<Keyring, String>, tenants: Vec<TenantId>) -> Self {
        let ring = ring.map(|ring| {
            let opener = ring.opener(&tenants);
            (ring, opener)
        });
        Self { ring, tenants }
    }

    /// What `bytes`, a link or the path of one, holds. `now`: links from the future prove nothing.
    pub fn decode(&self, bytes: &[u8], now: Timestamp) -> Decoded {
        let text = String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| bytes.escape_ascii().to_string());
        let link = match link::decode(bytes) {
            Ok(link) => link,
            Err(error) => return Decoded::nothing(text, error.to_string()),
        };
        let (valid, problem) = match &self.ring {
            Err(why) => (None, Some(why.clone())),
            Ok((_, opener)) if self.proves(opener, bytes, now) => (Some(true), None),
            Ok((ring, _)) => (Some(false), Some(self.doubt(ring, &link, now))),
        };
        Decoded {
            link: text,
            valid,
            url: Some(link.destination.as_str().to_owned()),
            key: Some(link.key.to_string()),
            tenant: Some(link.facts.tenant),
            issued: Some(moment(link.facts.issued)),
            place: Some(link.facts.place),
            message: Some(link.facts.message),
            recipient: Some(link.facts.recipient),
            problem,
        }
    }

    /// Whether some part of the path is a link of ours: a prefix or a preview may stand before it.
    fn proves(&self, opener: &Opener, bytes: &[u8], now: Timestamp) -> bool {
        let whole = std::str::from_utf8(bytes).ok().and_then(|text| url::parse(text).ok());
        let path = whole.as_ref().map_or(bytes, |url| url.after_host().as_bytes());
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        slashes.take(16).any(|at| opener.open(path.get(at..).unwrap_or_default(), &self.tenants, now).is_ok())
    }

    /// Why a link that can be read is not proven. For its operator; a click is never told.
    fn doubt(&self, ring: &Keyring, link: &Link, now: Timestamp) -> String {
        let issued = link.facts.issued;
        if !self.tenants.contains(&link.facts.tenant) {
            return format!("tenant {} is not configured here", link.facts.tenant);
        }
        let Some(key) = ring.keys().find(|key| key.id() == link.key) else {
            return format!("the keyring has no key {}", link.key);
        };
        if key.state() == KeyState::Compromised {
            return format!("key {} is compromised; the link opens only if the wrap log holds it", link.key);
        }
        if issued.millis_since(now) > link::AHEAD_MAX {
            return "it says that it was made in the future".into();
        }
        if issued < key.from() || key.until().is_some_and(|until| issued > until) {
            return format!("it says that it was made at a time when key {} did not sign", link.key);
        }
        "it has been changed: the signature does not belong to what it says".into()
    }
}

impl Decoded {
    fn nothing(link: String, problem: String) -> Self {
        Self {
            link,
            valid: Some(false),
            url: None,
            key: None,
            tenant: None,
            issued: None,
            place: None,
            message: None,
            recipient: None,
            problem: Some(problem),
        }
    }
}

/// A moment in UTC, as RFC 3339 writes it.
fn moment(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.millis()).map_or_else(|_| time.millis().to_string(), |time| time.to_string())
}
