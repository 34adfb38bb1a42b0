use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::derive::Mac;
use crate::base::{ClickId, Timestamp};

/// What every MAC input begins with.
const DOMAIN: &[u8] = b"sekisho continue v1\0";
/// Click id, expiry, tag.
const BYTES: usize = 10 + 8 + 16;
/// How long after it stopped signing a key still proves a nonce, in milliseconds. No page lives as long.
const GRACE: i64 = 60 * 60 * 1000;

/// The nonces of a page that asks before it goes on. Any node with the keyring can check what any other issued; they
/// are no part of the link format. Cheap to clone.
///
/// A nonce is bound to one click, one link and one moment at which it ends. It is no one-time token: using it again
/// goes on again, under the same click.
#[derive(Clone)]
pub struct Nonces {
    inner: Arc<Inner>,
}

struct Inner {
    signing: Mac,
    /// Keys that signed, and until when.
    retired: Vec<(Mac, Option<Timestamp>)>,
}

impl Nonces {
    pub(super) fn new(signing: Mac, retired: Vec<(Mac, Option<Timestamp>)>) -> Self {
        Self { inner: Arc::new(Inner { signing, retired }) }
    }

    /// A nonce of 46 base64url characters for `click` on the link at `path`, good until `expires` (whole seconds,
    /// rounded down). `path` must come out the same when it is checked: the link's own path, nothing glued to it.
    pub fn issue(&self, click: ClickId, path: &[u8], expires: Timestamp) -> String {
        let expires = expires.secs().to_be_bytes();
        let tag: [u8; 16] = input(&self.inner.signing, &click.0, &expires, path).finish();
        URL_SAFE_NO_PAD.encode([click.0.as_slice(), &expires, &tag].concat())
    }

    /// The click that `nonce` was issued for, if it is ours, for this `path`, and not yet over.
    pub fn check(&self, nonce: &str, path: &[u8], now: Timestamp) -> Option<ClickId> {
        let mut bytes = [0; BYTES + 2];
        if URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes) != Ok(BYTES) {
            return None;
        }
        let (click, expires) = (bytes.get(..10)?.try_into().ok()?, bytes.get(10..18)?.try_into().ok()?);
        let tag = bytes.get(18..BYTES)?.try_into().ok()?;
        let recent = |until: &Option<Timestamp>| until.is_none_or(|until| now.millis_since(until) <= GRACE);
        let retired = self.inner.retired.iter().filter(|(_, until)| recent(until)).map(|(key, _)| key);
        let mut keys = std::iter::once(&self.inner.signing).chain(retired);
        let proven = keys.any(|key| input(key, &click, &expires, path).verify(&tag));
        (proven && now.secs() < i64::from_be_bytes(expires)).then_some(ClickId(click))
    }
}

fn input(key: &Mac, click: &[u8; 10], expires: &[u8; 8], path: &[u8]) -> Mac {
    let mut mac = key.clone();
    mac.update(DOMAIN);
    mac.update(click);
    mac.update(expires);
    mac.update_sized(path);
    mac
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nonces").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KeyState, Keyring};
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);
    const END: Timestamp = Timestamp::from_secs(1_795_492_800 + 600);
    const CLICK: ClickId = ClickId([7; 10]);

    #[test]
    fn a_nonce_is_good_for_one_click_one_link_and_ten_minutes() {
        let nonces = Keyring::generate([1; 32], NOW).nonces();
        let nonce = nonces.issue(CLICK, b"/www.example.com/abc1", END);
        assert_eq!(nonce.len(), 46);
        assert_eq!(nonces.check(&nonce, b"/www.example.com/abc1", NOW), Some(CLICK));
        assert_eq!(nonces.check(&nonce, b"/www.example.com/abc1", END.plus_millis(-1)), Some(CLICK));
        assert_eq!(nonces.check(&nonce, b"/www.example.com/abc1", END), None);
        assert_eq!(nonces.check(&nonce, b"/www.example.com/abd1", NOW), None);
        let other = Keyring::generate([2; 32], NOW).nonces();
        assert_eq!(other.check(&nonce, b"/www.example.com/abc1", NOW), None);
    }

    #[test]
    fn every_changed_character_is_refused() {
        let nonces = Keyring::generate([1; 32], NOW).nonces();
        let nonce = nonces.issue(CLICK, b"/", END);
        for at in 0..nonce.len() {
            for put in ["A", "B", "-", "=", ""] {
                let changed = format!("{}{put}{}", &nonce[..at], &nonce[at + 1..]);
                assert_eq!(nonces.check(&changed, b"/", NOW).is_some(), changed == nonce, "{changed}");
            }
        }
        assert_eq!(nonces.check(&format!("{nonce}A"), b"/", NOW), None);
    }

    #[test]
    fn a_nonce_outlives_a_rotation_and_not_a_compromise() {
        let mut ring = Keyring::generate([1; 32], NOW);
        let old = ring.keys().next().unwrap().id();
        let nonce = ring.nonces().issue(CLICK, b"/", NOW.plus_millis(1_000_000_000));
        ring.rotate([2; 32], NOW).unwrap();
        assert_eq!(ring.nonces().check(&nonce, b"/", NOW), Some(CLICK));
        assert_eq!(ring.nonces().check(&nonce, b"/", NOW.plus_millis(2 * GRACE)), None);
        ring.set_state(old, KeyState::Compromised).unwrap();
        assert_eq!(ring.nonces().check(&nonce, b"/", NOW), None);
    }

    proptest! {
        #[test]
        fn reads_anything(nonce: String, path: Vec<u8>) {
            let nonces = Keyring::generate([1; 32], NOW).nonces();
            prop_assert_eq!(nonces.check(&nonce, &path, NOW), None);
        }
    }
}
