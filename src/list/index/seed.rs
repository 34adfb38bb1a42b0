use std::{fmt, hash::Hasher};

use siphasher::sip::SipHasher13;

/// A secret under which an index hashes its keys, one for each index. Who adds entries to a list and does not know it
/// cannot make them fall on one line, or on the tag of somebody else's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 16]);

impl Seed {
    pub(super) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(super) fn hasher(&self) -> KeyHasher {
        KeyHasher(SipHasher13::new_with_key(&self.0))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// Hashes keys, whole or piece by piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyHasher(SipHasher13);

impl KeyHasher {
    pub(super) fn hash(&self, key: &[u8]) -> u64 {
        self.0.hash(key)
    }

    /// Takes up a further part of the key.
    pub(super) fn put(&mut self, part: &[u8]) {
        self.0.write(part);
    }

    /// The hash of all parts so far.
    pub(super) fn so_far(&self) -> u64 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hash_as_the_whole() {
        let hasher = Seed([7; 16]).hasher();
        let key = b"example.com/a/path/of/some/length/";
        for cut in 0..key.len() {
            let mut parts = hasher;
            parts.put(&key[..cut]);
            assert_eq!(parts.so_far(), hasher.hash(&key[..cut]));
            parts.put(&key[cut..]);
            assert_eq!(parts.so_far(), hasher.hash(key));
        }
        assert_ne!(hasher.hash(key), Seed([8; 16]).hasher().hash(key));
    }

    #[test]
    fn it_is_not_shown() {
        assert_eq!(format!("{:?}", Seed([7; 16])), "Seed(…)");
    }
}
