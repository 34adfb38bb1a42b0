use sha2::{Digest as _, Sha256};

use super::MAX_ENTRIES;

/// The first four bytes of the hashes of one list, as numbers (big-endian), in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prefixes(Vec<u32>);

/// An update that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUpdate {
    /// A place that goes and was not there, or stands out of order.
    #[error("it takes away entry {0}, of {1}")]
    Removal(u32, usize),
    /// More than anybody keeps.
    #[error("it makes a list of {0} entries")]
    TooMany(usize),
    /// What comes out is not what the server has.
    #[error("the checksum of the list is not the server's")]
    Checksum,
}

impl Prefixes {
    /// A list of these bytes, four for each entry, in ascending order; `None` where they are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<4>();
        let numbers: Vec<u32> = chunks.iter().map(|chunk| u32::from_be_bytes(*chunk)).collect();
        (rest.is_empty() && numbers.is_sorted() && numbers.len() <= MAX_ENTRIES).then_some(Self(numbers))
    }

    /// Four bytes for each entry, in ascending order.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a hash that begins so is listed, maybe.
    pub fn contains(&self, prefix: u32) -> bool {
        self.0.binary_search(&prefix).is_ok()
    }

    /// SHA-256 over all entries, as the protocol defines it.
    pub fn checksum(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for number in &self.0 {
            hash.update(number.to_be_bytes());
        }
        hash.finalize().into()
    }

    /// The list after an update: the entries at these places go, these come, and what results has this checksum.
    ///
    /// # Errors
    /// [`BadUpdate`]; this list is what it was.
    pub fn updated(&self, removals: &[u32], additions: &[u32], checksum: &[u8; 32]) -> Result<Self, BadUpdate> {
        let wrong = |place: u32| BadUpdate::Removal(place, self.0.len());
        if let Some(pair) = removals.windows(2).find(|pair| matches!(pair, [one, two] if one >= two)) {
            return Err(wrong(pair.last().copied().unwrap_or_default()));
        }
        if let Some(last) = removals.last().filter(|last| **last as usize >= self.0.len()) {
            return Err(wrong(*last));
        }
        let size = (self.0.len() - removals.len()).saturating_add(additions.len());
        if size > MAX_ENTRIES {
            return Err(BadUpdate::TooMany(size));
        }
        let mut goes = removals.iter().copied().peekable();
        let mut numbers = Vec::with_capacity(size);
        for (place, number) in self.0.iter().enumerate() {
            if goes.next_if(|going| *going as usize == place).is_none() {
                numbers.push(*number);
            }
        }
        numbers.extend_from_slice(additions);
        // Two runs that are in order already.
        numbers.sort();
        let updated = Self(numbers);
        if updated.checksum() == *checksum { Ok(updated) } else { Err(BadUpdate::Checksum) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn list(numbers: &[u32]) -> Prefixes {
        Prefixes(numbers.to_vec())
    }

    #[test]
    fn removals_go_by_their_place_before_additions_come() {
        let before = list(&[10, 20, 30, 40]);
        let after = list(&[5, 10, 30, 50]);
        assert_eq!(before.updated(&[1, 3], &[5, 50], &after.checksum()), Ok(after.clone()));
        assert!(after.contains(30) && !after.contains(20));
        assert_eq!(before.updated(&[1, 3], &[5, 50], &before.checksum()), Err(BadUpdate::Checksum));
        assert_eq!(before.updated(&[4], &[], &before.checksum()), Err(BadUpdate::Removal(4, 4)));
        assert_eq!(before.updated(&[2, 1], &[], &before.checksum()), Err(BadUpdate::Removal(1, 4)));
        assert_eq!(before.updated(&[1, 1], &[], &before.checksum()), Err(BadUpdate::Removal(1, 4)));
    }

    #[test]
    fn bytes_are_four_an_entry_and_in_order() {
        let some = list(&[1, 0x0102_0304]);
        assert_eq!(some.to_bytes(), [0, 0, 0, 1, 1, 2, 3, 4]);
        assert_eq!(Prefixes::from_bytes(&some.to_bytes()), Some(some));
        assert_eq!(Prefixes::from_bytes(&[0, 0, 1]), None);
        assert_eq!(Prefixes::from_bytes(&[0, 0, 0, 2, 0, 0, 0, 1]), None);
    }

    proptest! {
        #[test]
        fn an_update_does_what_sets_do(
            before in prop::collection::btree_set(any::<u32>(), 0..80), places in prop::collection::btree_set(0_u32..80, 0..20),
            added in prop::collection::btree_set(any::<u32>(), 0..20)
        ) {
            let numbers: Vec<u32> = before.iter().copied().collect();
            let places: Vec<u32> = places.into_iter().filter(|place| (*place as usize) < numbers.len()).collect();
            let gone: BTreeSet<u32> = places.iter().map(|place| numbers[*place as usize]).collect();
            let left: BTreeSet<u32> = before.difference(&gone).copied().collect();
            let added: Vec<u32> = added.difference(&left).copied().collect();
            let wanted: Vec<u32> = left.iter().copied().chain(added.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect();
            let wanted = Prefixes(wanted);
            prop_assert_eq!(Prefixes(numbers).updated(&places, &added, &wanted.checksum()), Ok(wanted));
        }
    }
}
