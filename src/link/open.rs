use std::{fmt, ops::Deref, sync::Arc};

use super::{
    decode::{read, read_rest},
    derive::Mac,
    destination::NotALink,
    facts::{KeyId, Link},
    keyring::KeyState,
    mint::tag_input,
    token::{self, Candidate, Header, TAG},
};
use crate::base::{TenantId, Timestamp};

/// How far ahead of our own clock a link may say it was minted, in milliseconds: ten minutes.
pub const AHEAD_MAX: i64 = 10 * 60 * 1000;

/// Proves links. Cheap to clone; every key of every tenant it serves is derived once, when it is made.
#[derive(Clone)]
pub struct Opener {
    inner: Arc<Inner>,
}

struct Inner {
    /// Sorted by key and tenant.
    locks: Vec<Lock>,
    /// Does the work where there is no lock to do it with.
    decoy: Mac,
}

/// One key of the ring, for one tenant.
pub(super) struct Lock {
    pub(super) key: KeyId,
    pub(super) tenant: TenantId,
    pub(super) state: KeyState,
    /// First and last minute (since 2020) of the signing period.
    pub(super) period: (u32, u32),
    pub(super) tag: Mac,
}

/// Something that was proven to be ours. Only opening makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T>(T);

/// The link is not complete or has been changed. All that is ever said of a link that does not open, whatever the
/// cause, so that an answer teaches nothing (attack row 117).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this link is not complete or has been changed")]
pub struct Damaged;

impl Opener {
    pub(super) fn new(mut locks: Vec<Lock>) -> Self {
        locks.sort_by_key(Lock::name);
        locks.dedup_by_key(|lock| lock.name());
        Self { inner: Arc::new(Inner { locks, decoy: Mac::new(&[0; 32]) }) }
    }

    /// Proves and reads a link under a sound key.
    ///
    /// `path`: the raw bytes of the request target behind the prefix, so `/host/token…`; a query may still be there.
    /// `allowed`: the tenants whose links live on the host that was asked. Error: [`Damaged`], for every cause.
    ///
    /// Until the tag is proven nothing is allocated, and a bad link costs one HMAC over as many bytes as a good one.
    pub fn open(&self, path: &[u8], allowed: &[TenantId], now: Timestamp) -> Result<Verified<Link>, Damaged> {
        self.open_with(path, allowed, now, &|_| false)
    }

    /// As [`Opener::open`], and a link under a compromised key opens too if `is_logged` says that the wrap log holds
    /// it: whoever has the key can sign anything, but cannot have had us mint it.
    ///
    /// `is_logged` is asked once, about such a link alone, and must compare id *and* destination with what the log
    /// has.
    pub fn open_with(
        &self,
        path: &[u8],
        allowed: &[TenantId],
        now: Timestamp,
        is_logged: &dyn Fn(&Link) -> bool,
    ) -> Result<Verified<Link>, Damaged> {
        let proof = self.prove(path, allowed, now).ok_or(Damaged)?;
        let link = proof.link().map_err(|_| Damaged)?;
        match proof.lock.state {
            KeyState::Signing | KeyState::VerifyOnly => Ok(Verified(link)),
            KeyState::Compromised if is_logged(&link) => Ok(Verified(link)),
            KeyState::Compromised => Err(Damaged),
        }
    }

    /// One candidate, one HMAC, whatever is wrong with the path.
    fn prove<'a>(&'a self, path: &'a [u8], allowed: &[TenantId], now: Timestamp) -> Option<Proof<'a>> {
        let found = Candidate::find(path);
        let candidate = found.unwrap_or(Candidate::decoy(path));
        let (bytes, spelled) = candidate.header();
        let header = Header::from_bytes(&bytes);
        let lock = self.inner.lock(&header, allowed, now);
        let mut mac = lock.map_or(&self.inner.decoy, |lock| &lock.tag).clone();
        tag_input(&mut mac, &bytes, candidate.segment, candidate.rest_length());
        let mut kept = Kept::default();
        let tag = candidate.rest(|piece| {
            mac.update(piece);
            kept.push(piece);
        });
        let proven = mac.verify(&tag.unwrap_or_default());
        let lock = lock?;
        let tag = tag.filter(|_| proven && spelled && found.is_ok())?;
        Some(Proof { candidate, lock, header, kept, tag })
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("keys", &self.inner.locks.len()).finish_non_exhaustive()
    }
}

impl Inner {
    /// The key that this link must be signed with, if it is one of ours, for a tenant that may be opened here, and at
    /// a time at which it signed.
    fn lock(&self, header: &Header, allowed: &[TenantId], now: Timestamp) -> Option<&Lock> {
        let at = self.locks.binary_search_by_key(&(header.key, header.tenant), Lock::name).ok()?;
        let lock = self.locks.get(at)?;
        let (from, until) = lock.period;
        let in_period = (from..=until).contains(&header.issued);
        let ahead = token::moment(header.issued).millis_since(now);
        (in_period && ahead <= AHEAD_MAX && allowed.contains(&header.tenant)).then_some(lock)
    }
}

impl Lock {
    fn name(&self) -> (KeyId, TenantId) {
        (self.key, self.tenant)
    }
}

/// A candidate whose tag is right.
struct Proof<'a> {
    candidate: Candidate<'a>,
    lock: &'a Lock,
    header: Header,
    kept: Kept,
    tag: [u8; TAG],
}

impl Proof<'_> {
    fn link(&self) -> Result<Link, NotALink> {
        match self.kept.rest(self.candidate.rest_length()) {
            Some(rest) => read_rest(self.candidate.segment, self.header, rest, self.tag),
            None => read(&self.candidate),
        }
    }
}

/// `rest` as it was decoded to be proven, where it is not long: most are not, and need not be decoded again.
struct Kept {
    bytes: [u8; KEPT],
    length: usize,
}

const KEPT: usize = 512;

impl Default for Kept {
    fn default() -> Self {
        Self { bytes: [0; KEPT], length: 0 }
    }
}

impl Kept {
    fn push(&mut self, piece: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + piece.len()) {
            place.copy_from_slice(piece);
        }
        self.length += piece.len();
    }

    /// All of it, if it has this length and was kept whole.
    fn rest(&self, length: usize) -> Option<&[u8]> {
        self.bytes.get(..self.length).filter(|rest| rest.len() == length)
    }
}

impl<T> Verified<T> {
    /// What was proven, no longer marked as such.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Facts, Keyring, Minted, Minter, Nonces, Place, derive::work};
    use super::*;
    use crate::{
        base::{MessageHash, RecipientHash},
        url,
    };

    const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);
    const A: TenantId = TenantId(1);

    fn mint(ring: &Keyring, tenant: TenantId) -> Minted {
        let facts = Facts {
            tenant,
            place: Place::Text,
            issued: NOW,
            message: MessageHash([1; 8]),
            recipient: RecipientHash::SHARED,
        };
        let url = url::parse(&format!("https://www.shop.example/{}", "x".repeat(3000))).unwrap();
        ring.minter(tenant, NOW).unwrap().mint(&url, &facts).unwrap()
    }

    #[test]
    fn every_bad_link_costs_the_same_work_as_a_good_one() {
        let ring = Keyring::generate([1; 32], NOW);
        let opener = ring.opener(&[A]);
        let Minted { host, token, .. } = mint(&ring, A);
        let cost = |path: &str, now: Timestamp| {
            let mut opened = false;
            let cost = work::of(|| opened = opener.open(path.as_bytes(), &[A], now).is_ok());
            (opened, cost)
        };
        let (opened, good) = cost(&format!("/{host}/{token}"), NOW);
        assert!(opened && good.1 == 1);
        let stranger = mint(&Keyring::generate([2; 32], NOW), A).token;
        let changed = |at: usize| format!("{}.{}", &token[..at], &token[at + 1..]).replace('.', "_");
        // Well shaped: not one byte more or less.
        for token in [changed(2), changed(6), changed(15), changed(900), changed(token.len() - 9), stranger] {
            assert_eq!(cost(&format!("/{host}/{token}"), NOW), (false, good));
        }
        assert_eq!(cost(&format!("/{host}/{}", mint(&ring, TenantId(2)).token), NOW), (false, good));
        assert_eq!(cost(&format!("/{host}/{token}"), NOW.plus_millis(-2 * AHEAD_MAX)), (false, good));
        // Of no shape: the path stands in for the token.
        let upper = host.to_uppercase();
        for path in [format!("/{host}/{token}/"), format!("/{upper}/{token}"), format!("/{host}/{}2", &token[1..])] {
            let (opened, (bytes, compared)) = cost(&path, NOW);
            assert!(!opened && compared == 1 && bytes.abs_diff(good.0) < 64, "{bytes} {}", good.0);
        }
        for path in ["", "/", "/a", "/-/", "/-/1"] {
            let (opened, (bytes, compared)) = cost(path, NOW);
            assert!(!opened && compared == 1 && bytes > 0);
        }
    }

    #[test]
    fn what_servers_share_between_threads_can_be_shared() {
        fn shared<T: Clone + Send + Sync + 'static>() {}
        shared::<Opener>();
        shared::<Minter>();
        shared::<Nonces>();
        shared::<Verified<Link>>();
    }
}
