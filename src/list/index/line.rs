//! The line: 64 bytes, which a processor fetches in one go. Fifteen tags of 32 bits, and where the records behind them
//! stand, so that a hit costs one more fetch and no table in between.
//!
//! A line that is full lets its next entry over into the line behind and says so. A lookup goes on to that line only
//! where this is said.

pub(super) const LINE: usize = 64;
pub(super) const TAGS: usize = 15;
/// Tags that a line has in the middle: 5.8 bytes for each, and one line in fourteen is over-full.
pub(super) const MEAN_TAGS: u64 = 11;

/// Blocks of records begin at multiples of this.
pub(super) const UNIT: u64 = 16;
/// That entries which belong here, or before, stand further on.
const SPILLS: u32 = 1 << 31;
/// What the place of a block may be at most, in units: 32 GiB of records.
pub(super) const PLACE_MAX: u64 = (SPILLS - 1) as u64;

/// A line, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a>(pub(super) &'a [u8; LINE]);

/// The part of a hash that stands in a line; never 0, which is an empty slot.
pub(super) const fn tag_of(hash: u64) -> u32 {
    let tag = hash as u32;
    if tag == 0 { 1 } else { tag }
}

/// The line in which a key has its place, of so many. It never falls while the hash grows.
pub(super) const fn home_of(hash: u64, homes: u64) -> u64 {
    ((hash >> 32) * homes) >> 32
}

impl<'a> Line<'a> {
    fn word(self, at: usize) -> u32 {
        let word = self.0.as_chunks::<4>().0.get(at);
        word.map_or(0, |word| u32::from_le_bytes(*word))
    }

    /// Whether the tag may stand here or further on. No branch depends on what is in the line, so that the lines of all
    /// names of a lookup are fetched side by side.
    pub(super) fn may_hold(self, tag: u32) -> bool {
        let words = self.0.as_chunks::<4>().0;
        let found = words.iter().fold(false, |found, word| found | (u32::from_le_bytes(*word) == tag));
        found | self.spills()
    }

    /// The slots that have this tag.
    pub(super) fn slots(self, tag: u32) -> impl Iterator<Item = usize> + use<> {
        let words = self.0.as_chunks::<4>().0.iter().zip(0..TAGS);
        let mut bits = words.fold(0_u32, |bits, (word, at)| bits | u32::from(u32::from_le_bytes(*word) == tag) << at);
        std::iter::from_fn(move || {
            let slot = (bits != 0).then_some(bits.trailing_zeros() as usize);
            bits &= bits.wrapping_sub(1);
            slot
        })
    }

    pub(super) fn spills(self) -> bool {
        self.word(TAGS) & SPILLS != 0
    }

    /// Where its block of records begins, in bytes.
    pub(super) fn block(self) -> u64 {
        u64::from(self.word(TAGS) & !SPILLS) * UNIT
    }

    /// How many tags it has; the first slots are the taken ones.
    pub(super) fn len(self) -> usize {
        (0..TAGS).take_while(|slot| self.word(*slot) != 0).count()
    }
}

/// Writes a line; `place` is that of its block in units.
pub(super) fn put_line(tags: &[u32], place: u32, spills: bool) -> [u8; LINE] {
    let mut line = [0; LINE];
    let words = line.as_chunks_mut::<4>().0;
    for (word, tag) in words.iter_mut().zip(tags) {
        *word = tag.to_le_bytes();
    }
    if let Some(last) = words.last_mut() {
        *last = (place | if spills { SPILLS } else { 0 }).to_le_bytes();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_back_what_was_put() {
        let line = put_line(&[7, 9, 7], 3, true);
        let line = Line(&line);
        assert_eq!(line.slots(7).collect::<Vec<_>>(), [0, 2]);
        assert_eq!((line.len(), line.block(), line.spills()), (3, 48, true));
        assert!(Line(&put_line(&[7], 0, false)).may_hold(7) && !Line(&put_line(&[7], 0, false)).may_hold(8));
        assert!(Line(&put_line(&[7], 0, true)).may_hold(8), "further on");
    }

    #[test]
    fn homes_are_in_the_order_of_hashes() {
        let homes: Vec<u64> = (0..1000).map(|at| home_of(at * (u64::MAX / 999), 7)).collect();
        assert!(homes.is_sorted());
        assert_eq!((homes[0], homes[999]), (0, 6));
    }
}
