use std::fmt;

use zeroize::Zeroizing;

use super::{
    derive::{self, Mac, NOBODY, Purpose},
    facts::KeyId,
    keyring_text,
    mint::{MintError, Minter, clamped_minutes},
    nonce::Nonces,
    open::{Lock, Opener},
    ring_error::{KeyringError, Problem},
    token,
};
use crate::base::{TenantId, Timestamp};

/// How long after a rotation a link may still be minted under the old key, in milliseconds: ten minutes, the time in
/// which every node reads the new ring. Without it, what a node mints in between would never open.
pub const ROTATION_OVERLAP: i64 = 10 * 60 * 1000;

/// The secrets that make and prove links. Losing it kills every link ever minted: it is the one thing to back up.
///
/// Exactly one key signs; any number prove links of their time; compromised ones prove a link only if the wrap log
/// holds it as well. Secrets are wiped from memory when the ring is dropped, and no `Debug` shows them.
#[derive(Debug)]
pub struct Keyring {
    signing: Key,
    retired: Vec<Key>,
}

/// What a key may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Signs new links and proves its own.
    Signing,
    /// Proves links of its signing period, for ever.
    VerifyOnly,
    /// Known to others: proves a link only together with the wrap log.
    Compromised,
}

/// One key of the ring.
pub struct Key {
    pub(super) id: KeyId,
    pub(super) state: KeyState,
    /// First minute (since 2020) of the signing period.
    pub(super) from: u32,
    /// Last minute; `None` for the key that signs, and for it alone.
    pub(super) until: Option<u32>,
    pub(super) secret: Zeroizing<[u8; 32]>,
}

impl Keyring {
    /// A ring of one key that signs from `now` on. `secret`: 32 bytes of entropy.
    pub fn generate(secret: [u8; 32], now: Timestamp) -> Self {
        Self { signing: Key::signing(secret, now), retired: Vec::new() }
    }

    /// Reads the text of a keyring file. Error: where it is wrong and what to do.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let (signing, retired) = keyring_text::parse(text)?;
        Ok(Self { signing, retired })
    }

    /// The text of the keyring file. It holds the secrets; whoever writes it somewhere must see to who can read it.
    pub fn to_text(&self) -> Zeroizing<String> {
        keyring_text::write(self.keys())
    }

    /// Every key, the signing one first.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.signing).chain(&self.retired)
    }

    /// Lets a new key sign from `now` on. The old one proves what it signed until [`ROTATION_OVERLAP`] from now.
    pub fn rotate(&mut self, secret: [u8; 32], now: Timestamp) -> Result<KeyId, KeyringError> {
        let key = Key::signing(secret, now);
        self.refuse_known(key.id)?;
        if key.from < self.signing.from {
            return Err(KeyringError::Ring(Problem::Clock(self.signing.id)));
        }
        let id = key.id;
        let mut old = std::mem::replace(&mut self.signing, key);
        old.retire(now.plus_millis(ROTATION_OVERLAP));
        self.retired.insert(0, old);
        Ok(id)
    }

    /// Declares a key compromised, or sound again. A key that signs must be rotated away first, and no key signs twice.
    pub fn set_state(&mut self, id: KeyId, state: KeyState) -> Result<(), KeyringError> {
        if id == self.signing.id {
            let problem = Problem::Signs(id);
            return if state == KeyState::Signing { Ok(()) } else { Err(KeyringError::Ring(problem)) };
        }
        let key = self.retired.iter_mut().find(|key| key.id == id);
        let key = key.ok_or(KeyringError::Ring(Problem::Absent(id)))?;
        if state == KeyState::Signing {
            return Err(KeyringError::Ring(Problem::SignedBefore(id)));
        }
        key.state = state;
        Ok(())
    }

    /// Takes over every key of another ring, given as its text, so that the links of a merged organisation open here.
    /// Its signing key stops signing now. Nothing is taken over if one of its ids is known.
    pub fn import(&mut self, text: &str, now: Timestamp) -> Result<Vec<KeyId>, KeyringError> {
        let Self { mut signing, mut retired } = Self::parse(text)?;
        if clamped_minutes(now) < signing.from {
            return Err(KeyringError::Ring(Problem::Clock(signing.id)));
        }
        signing.retire(now);
        retired.insert(0, signing);
        retired.iter().try_for_each(|key| self.refuse_known(key.id))?;
        let ids = retired.iter().map(|key| key.id).collect();
        self.retired.append(&mut retired);
        Ok(ids)
    }

    /// What makes links for `tenant`.
    pub fn minter(&self, tenant: TenantId, now: Timestamp) -> Result<Minter, MintError> {
        if tenant == NOBODY {
            return Err(MintError::Nobody);
        }
        let key = &self.signing;
        if token::minutes(now).ok_or(MintError::Clock)? < key.from {
            return Err(MintError::BeforeKey { key: key.id });
        }
        Ok(Minter::new(&key.secret, key.id, key.from, tenant))
    }

    /// What proves links of `tenants`. Every key is derived here, once.
    pub fn opener(&self, tenants: &[TenantId]) -> Opener {
        let tenants = || tenants.iter().filter(|tenant| **tenant != NOBODY);
        Opener::new(self.keys().flat_map(|key| tenants().map(|tenant| key.lock(*tenant))).collect())
    }

    /// What makes and checks the nonces of pages. A nonce outlives a rotation, but not the compromise of its key.
    pub fn nonces(&self) -> Nonces {
        let continues = |key: &Key| Mac::derived(&key.secret, Purpose::Continue, NOBODY);
        let sound = self.retired.iter().filter(|key| key.state == KeyState::VerifyOnly);
        Nonces::new(continues(&self.signing), sound.map(|key| (continues(key), key.until())).collect())
    }

    fn refuse_known(&self, id: KeyId) -> Result<(), KeyringError> {
        let known = self.keys().any(|key| key.id == id);
        if known { Err(KeyringError::Ring(Problem::Known(id))) } else { Ok(()) }
    }
}

impl KeyState {
    /// The word in the keyring file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::VerifyOnly => "verify-only",
            Self::Compromised => "compromised",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Signing, Self::VerifyOnly, Self::Compromised].into_iter().find(|state| state.as_str() == word)
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Key {
    fn signing(secret: [u8; 32], now: Timestamp) -> Self {
        let secret = Zeroizing::new(secret);
        let (id, from) = (derive::key_id(&secret), clamped_minutes(now));
        Self { id, state: KeyState::Signing, from, until: None, secret }
    }

    fn retire(&mut self, until: Timestamp) {
        self.state = KeyState::VerifyOnly;
        self.until = Some(clamped_minutes(until));
    }

    fn lock(&self, tenant: TenantId) -> Lock {
        let tag = Mac::derived(&self.secret, Purpose::Tag, tenant);
        let period = (self.from, self.until.unwrap_or(u32::MAX));
        Lock { key: self.id, tenant, state: self.state, period, tag }
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What it may do.
    pub fn state(&self) -> KeyState {
        self.state
    }

    /// When it began to sign, to the minute.
    pub fn from(&self) -> Timestamp {
        token::moment(self.from)
    }

    /// The last minute in which it signed; `None` for the key that signs.
    pub fn until(&self) -> Option<Timestamp> {
        self.until.map(token::moment)
    }
}

/// Everything but the secret.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until.map(super::moment::text);
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("from", &super::moment::text(self.from))
            .field("until", &until)
            .finish_non_exhaustive()
    }
}
