use std::{fmt, sync::Arc};

use base64_simd::URL_SAFE_NO_PAD;

use super::{
    derive::{Mac, Purpose},
    destination::{Split, split},
    facts::{Facts, KeyId, LinkId},
    token::{self, DOMAIN, Flags, Header, TAG, VERSION},
};
use crate::{
    base::{MessageHash, RecipientHash, TenantId, Timestamp},
    url::WebUrl,
};

/// The longest destination that a link takes, in bytes of its serialisation.
pub const DESTINATION_MAX: usize = 16 * 1024;

/// Makes links for one tenant under the signing key. Cheap to clone; holds derived keys, never the secret.
#[derive(Clone)]
pub struct Minter {
    keys: Arc<Keys>,
}

struct Keys {
    id: KeyId,
    tenant: TenantId,
    /// First minute (since 2020) that the key signs.
    from: u32,
    tag: Mac,
    message: Mac,
    recipient: Mac,
}

/// A link without its base: what stands behind `https://our.host[/prefix]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// The host segment, with an odd port, or `-`.
    pub host: String,
    /// The token, version and all.
    pub token: String,
    /// Names this link in the wrap log.
    pub id: LinkId,
}

/// Displayed as the path of the link, `/host/token`.
impl fmt::Display for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", self.host, self.token)
    }
}

/// Why no link was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MintError {
    /// The destination is longer than [`DESTINATION_MAX`].
    #[error("the destination has {length} bytes, more than the {DESTINATION_MAX} that a link takes")]
    TooLong {
        /// Its bytes.
        length: usize,
    },
    /// Tenant 0 is nobody and mints nothing.
    #[error("tenant 0 is nobody; give the tenant an id from 1 to 65535")]
    Nobody,
    /// The facts name another tenant than the minter's.
    #[error("a minter of tenant {minter} was asked for a link of tenant {facts}")]
    OtherTenant {
        /// The minter's tenant.
        minter: TenantId,
        /// The one in the facts.
        facts: TenantId,
    },
    /// The link would be older than its key, and so never open.
    #[error("the clock says a time before the signing key {key} was made; set the clock of this machine")]
    BeforeKey {
        /// The signing key.
        key: KeyId,
    },
    /// A link cannot say such a time.
    #[error("the clock is outside the years 2020 to 10186; set the clock of this machine")]
    Clock,
}

impl Minter {
    pub(super) fn new(secret: &[u8; 32], id: KeyId, from: u32, tenant: TenantId) -> Self {
        let derived = |purpose| Mac::derived(secret, purpose, tenant);
        let (tag, message, recipient) = (derived(Purpose::Tag), derived(Purpose::Message), derived(Purpose::Recipient));
        Self { keys: Arc::new(Keys { id, tenant, from, tag, message, recipient }) }
    }

    /// Whose links it makes.
    pub fn tenant(&self) -> TenantId {
        self.keys.tenant
    }

    /// The key that signs them.
    pub fn key(&self) -> KeyId {
        self.keys.id
    }

    /// A link to `url` that says `facts`.
    ///
    /// Errors: [`MintError`]; a link that is returned opens.
    pub fn mint(&self, url: &WebUrl, facts: &Facts) -> Result<Minted, MintError> {
        let keys = &*self.keys;
        if facts.tenant != keys.tenant {
            return Err(MintError::OtherTenant { minter: keys.tenant, facts: facts.tenant });
        }
        let length = url.as_str().len();
        if length > DESTINATION_MAX {
            return Err(MintError::TooLong { length });
        }
        let issued = token::minutes(facts.issued).ok_or(MintError::Clock)?;
        if issued < keys.from {
            return Err(MintError::BeforeKey { key: keys.id });
        }
        let Split { segment, host_inside, rest } = split(url);
        let flags = Flags { https: url.is_https(), host_inside, place: facts.place }.to_byte();
        let (tenant, message, recipient) = (facts.tenant, facts.message, facts.recipient);
        let header = Header { key: keys.id, tenant, flags, issued, message, recipient };
        Ok(sign(&keys.tag, segment, header, rest.as_bytes()))
    }

    /// Names a message by its Message-ID (white space around it is dropped; empty where there is none) and the SHA-256
    /// of its raw body.
    pub fn message_hash(&self, message_id: &[u8], body_sha256: &[u8; 32]) -> MessageHash {
        let mut mac = self.keys.message.clone();
        mac.update(&self.keys.tenant.0.to_be_bytes());
        mac.update_sized(message_id.trim_ascii());
        mac.update(body_sha256);
        MessageHash(mac.finish())
    }

    /// Names a recipient within one message; never [`RecipientHash::SHARED`].
    ///
    /// Whitespace around the address is dropped and ASCII letters behind its last `@` are lower-cased. The local part
    /// stays as it is: only the receiving system knows whether its case matters (RFC 5321 section 2.4).
    pub fn recipient_hash(&self, message: MessageHash, address: &str) -> RecipientHash {
        let mut mac = self.keys.recipient.clone();
        mac.update(&self.keys.tenant.0.to_be_bytes());
        mac.update(&message.0);
        mac.update_sized(normal_address(address).as_bytes());
        match RecipientHash(mac.finish()) {
            RecipientHash::SHARED => RecipientHash([0, 0, 0, 0, 0, 0, 0, 1]),
            hash => hash,
        }
    }
}

impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minter").field("tenant", &self.keys.tenant).field("key", &self.keys.id).finish_non_exhaustive()
    }
}

/// Puts the tag behind header and `rest`, and all of it into characters.
pub(super) fn sign(key: &Mac, segment: String, header: Header, rest: &[u8]) -> Minted {
    let header = header.to_bytes();
    let mut mac = key.clone();
    tag_input(&mut mac, &header, segment.as_bytes(), rest.len());
    mac.update(rest);
    let tag: [u8; TAG] = mac.finish();
    let bytes = [&header, rest, &tag].concat();
    let mut token = String::with_capacity(bytes.len().div_ceil(3) * 4 + 1);
    URL_SAFE_NO_PAD.encode_append(&bytes, &mut token);
    token.push(char::from(VERSION));
    Minted { host: segment, token, id: LinkId(tag) }
}

/// Everything that is authenticated before `rest` itself. Each field has its length before it or a fixed one, so no
/// byte can move from one to the next (attack row 116).
pub(super) fn tag_input(mac: &mut Mac, header: &[u8; token::HEADER], segment: &[u8], rest_length: usize) {
    mac.update(DOMAIN);
    mac.update(header);
    mac.update(&u16::try_from(segment.len()).unwrap_or(u16::MAX).to_be_bytes());
    mac.update(segment);
    mac.update(&u32::try_from(rest_length).unwrap_or(u32::MAX).to_be_bytes());
}

fn normal_address(address: &str) -> String {
    let address = address.trim();
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_ascii_lowercase()),
        None => address.to_owned(),
    }
}

/// The last minute (since 2020) that a moment belongs to, kept inside the range.
pub(super) fn clamped_minutes(moment: Timestamp) -> u32 {
    match token::minutes(moment) {
        Some(minutes) => minutes,
        None if moment < token::moment(0) => 0,
        None => u32::MAX,
    }
}
