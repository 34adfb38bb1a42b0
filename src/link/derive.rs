//! From one secret to every key: HKDF-SHA256 with an empty salt, one purpose and one tenant a key.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::facts::KeyId;
use crate::base::TenantId;

/// HMAC-SHA256 with its key in place. Cloning it is how one key authenticates many texts: the key blocks are hashed
/// once, at derivation.
#[derive(Clone)]
pub(super) struct Mac(Hmac<Sha256>);

/// What a derived key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Tag,
    Message,
    Recipient,
    KeyId,
    /// The nonce of a page; no part of the link format.
    Continue,
}

/// The tenant of keys that belong to no tenant ([`Purpose::KeyId`], [`Purpose::Continue`]).
pub(super) const NOBODY: TenantId = TenantId(0);

/// The 32 bytes that the derivation gives for a purpose and a tenant.
pub(super) fn derive(secret: &[u8; 32], purpose: Purpose, tenant: TenantId) -> Zeroizing<[u8; 32]> {
    let mut okm = Zeroizing::new([0; 32]);
    expand(secret, &[], &[b"sekisho v1 ", purpose.label(), &[0], &tenant.0.to_be_bytes()], okm.as_mut_slice());
    okm
}

/// The name of a key: the first four bytes of its derivation for that purpose.
pub(super) fn key_id(secret: &[u8; 32]) -> KeyId {
    let derived = derive(secret, Purpose::KeyId, NOBODY);
    let [a, b, c, d, ..] = *derived;
    KeyId([a, b, c, d])
}

/// RFC 5869 over SHA-256; `info` is the concatenation of its pieces.
pub(super) fn expand(secret: &[u8], salt: &[u8], info: &[&[u8]], okm: &mut [u8]) {
    // The one error is an output over 255 × 32 bytes; `okm` then stays as it was, and no caller asks for more than 32.
    let expanded = Hkdf::<Sha256>::new(Some(salt), secret).expand_multi_info(info, okm);
    debug_assert!(expanded.is_ok());
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Tag => b"tag",
            Self::Message => b"message",
            Self::Recipient => b"recipient",
            Self::KeyId => b"key id",
            Self::Continue => b"continue",
        }
    }
}

impl Mac {
    /// The keyed HMAC for a purpose and a tenant.
    pub(super) fn derived(secret: &[u8; 32], purpose: Purpose, tenant: TenantId) -> Self {
        Self::new(derive(secret, purpose, tenant).as_slice())
    }

    /// HMAC-SHA256 under `key`.
    pub(super) fn new(key: &[u8]) -> Self {
        // HMAC takes keys of every length; the type of the constructor does not say so.
        #[allow(clippy::expect_used)]
        Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    /// Further bytes of the text.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        #[cfg(test)]
        work::add(bytes.len(), 0);
        self.0.update(bytes);
    }

    /// The text with its length before it, so that two fields never run into each other.
    pub(super) fn update_sized(&mut self, bytes: &[u8]) {
        // A text of 4 GiB has no place in mail; a length that saturates still never equals another text's input.
        self.0.update(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.update(bytes);
    }

    /// The first `N` bytes of the tag, `N` at most 32.
    pub(super) fn finish<const N: usize>(self) -> [u8; N] {
        let full: [u8; 32] = self.0.finalize().into_bytes().into();
        let mut tag = [0; N];
        tag.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        tag
    }

    /// Whether `tag` is the beginning of the tag; the comparison takes the same time whatever the answer.
    pub(super) fn verify(self, tag: &[u8; 16]) -> bool {
        #[cfg(test)]
        work::add(0, 1);
        self.0.verify_truncated_left(tag).is_ok()
    }
}

/// Counts what verifying costs, for the test that every bad link costs the same.
#[cfg(test)]
pub(super) mod work {
    use std::cell::Cell;

    thread_local! {
        static DONE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    }

    pub(crate) fn add(bytes: usize, verified: usize) {
        DONE.set((DONE.get().0 + bytes, DONE.get().1 + verified));
    }

    /// Bytes hashed and tags compared on this thread while `of` ran.
    pub(crate) fn of(of: impl FnOnce()) -> (usize, usize) {
        let before = DONE.get();
        of();
        (DONE.get().0 - before.0, DONE.get().1 - before.1)
    }
}
