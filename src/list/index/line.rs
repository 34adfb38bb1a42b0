//! The line: 64 bytes, which a processor fetches in one go. Twenty tags of 16 bits, how long the record behind each is, and
//! where those records begin: so a hit goes straight to its record, and costs one more fetch and no table in between.
//!
//! A tag of 16 bits is another key's by chance about once in five thousand lines that are looked at. That costs one look
//! at a record and nothing else, for no tag is believed before its record was read.
//!
//! A line that is full lets its next entry over into the line behind and says so. A lookup goes on to that line only
//! where this is said.

pub(super) const LINE: usize = 64;
pub(super) const TAGS: usize = 20;
/// Tags that a line has in the middle: 4.6 bytes for each, and one line in twenty is over-full.
pub(super) const MEAN_TAGS: u64 = 14;

/// Blocks of records begin at multiples of this.
pub(super) const UNIT: u64 = 16;
/// Records begin at multiples of this in their block, and are as many of it long.
pub(super) const STEP: usize = 4;
/// Bytes of a record that stands in its place, at most. One that is longer stands behind them all, and its place says
/// where.
pub(super) const NEAR: usize = (FAR as usize - 1) * STEP;
/// Length of what stands in the place of a record that stands elsewhere: where it begins in the block, and its length.
pub(super) const SIGN: usize = 8;

/// In the place of a length: that the record stands elsewhere.
const FAR: u8 = u8::MAX;
/// Where the lengths stand, and the place of the block.
const LENGTHS: usize = TAGS * 2;
const PLACE: usize = LENGTHS + TAGS;
/// That entries which belong here, or before, stand further on.
const SPILLS: u32 = 1 << 31;
/// What the place of a block may be at most, in units: 32 GiB of records.
pub(super) const PLACE_MAX: u64 = (SPILLS - 1) as u64;

/// A line, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a>(pub(super) &'a [u8; LINE]);

/// Where a record stands in the block of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// At this offset, so long.
    Near(usize, usize),
    /// At this offset it is said where.
    Far(usize),
}

/// The part of a hash that stands in a line; never 0, which is an empty slot.
pub(super) const fn tag_of(hash: u64) -> u16 {
    let tag = hash as u16;
    if tag == 0 { 1 } else { tag }
}

/// The line in which a key has its place, of so many. It never falls while the hash grows.
pub(super) const fn home_of(hash: u64, homes: u64) -> u64 {
    ((hash >> 32) * homes) >> 32
}

impl<'a> Line<'a> {
    fn words(self) -> &'a [[u8; 2]] {
        self.0.as_chunks().0
    }

    fn last(self) -> u32 {
        self.0.last_chunk().copied().map_or(0, u32::from_le_bytes)
    }

    /// Whether the tag may stand here or further on; where it says so, it need not. All of the line is compared, for that
    /// is four steps of a processor, and no branch depends on what is in it, so that the lines of all names of a lookup
    /// are fetched side by side.
    pub(super) fn may_hold(self, tag: u16) -> bool {
        let found = self.words().iter().fold(0_u16, |found, word| found | u16::from(u16::from_le_bytes(*word) == tag));
        found != 0 || self.spills()
    }

    /// The slots that have this tag.
    pub(super) fn slots(self, tag: u16) -> impl Iterator<Item = usize> + use<'a> {
        let words = self.words().iter().take(TAGS).enumerate();
        words.filter(move |(_, word)| u16::from_le_bytes(**word) == tag).map(|(slot, _)| slot)
    }

    pub(super) fn spills(self) -> bool {
        self.last() & SPILLS != 0
    }

    /// Where its block of records begins, in bytes.
    pub(super) fn block(self) -> u64 {
        u64::from(self.last() & !SPILLS) * UNIT
    }

    /// Where the record behind a slot stands in that block.
    pub(super) fn spot(self, slot: usize) -> Option<Spot> {
        let lengths = self.0.get(LENGTHS..PLACE)?;
        let (before, own) = (lengths.get(..slot)?, *lengths.get(slot)?);
        let at = before.iter().map(|length| taken(*length)).sum();
        Some(if own == FAR { Spot::Far(at) } else { Spot::Near(at, taken(own)) })
    }

    /// How many tags it has; the first slots are the taken ones.
    pub(super) fn len(self) -> usize {
        self.words().iter().take(TAGS).take_while(|word| **word != [0, 0]).count()
    }
}

fn taken(length: u8) -> usize {
    if length == FAR { SIGN } else { usize::from(length) * STEP }
}

/// What says how long a record is that stands in its place with so many bytes, which are a multiple of [`STEP`]; or that
/// it stands elsewhere.
pub(super) fn length_of(near: Option<usize>) -> u8 {
    near.and_then(|bytes| u8::try_from(bytes / STEP).ok()).unwrap_or(FAR)
}

/// Writes a line of these tags and [lengths](length_of); `place` is that of its block in units.
pub(super) fn put_line(slots: &[(u16, u8)], place: u32, spills: bool) -> [u8; LINE] {
    let mut line = [0; LINE];
    let (words, rest) = line.split_at_mut(LENGTHS);
    let (lengths, last) = rest.split_at_mut(TAGS);
    for ((word, length), (tag, bytes)) in words.as_chunks_mut().0.iter_mut().zip(lengths).zip(slots) {
        *word = tag.to_le_bytes();
        *length = *bytes;
    }
    last.copy_from_slice(&(place | if spills { SPILLS } else { 0 }).to_le_bytes());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_back_what_was_put() {
        let lengths = [length_of(Some(36)), length_of(None), length_of(Some(NEAR)), length_of(Some(4))];
        let slots: Vec<(u16, u8)> = [7, 9, 7, 8].into_iter().zip(lengths).collect();
        let line = put_line(&slots, 3, true);
        let line = Line(&line);
        assert_eq!(line.slots(7).collect::<Vec<_>>(), [0, 2]);
        assert_eq!((line.len(), line.block(), line.spills()), (4, 48, true));
        let spots: Vec<_> = (0..4).filter_map(|slot| line.spot(slot)).collect();
        let behind = 36 + SIGN;
        assert_eq!(spots, [Spot::Near(0, 36), Spot::Far(36), Spot::Near(behind, NEAR), Spot::Near(behind + NEAR, 4)]);
        assert_eq!(line.spot(TAGS), None);
    }

    #[test]
    fn a_full_line_is_full_to_its_last_slot() {
        let slots: Vec<(u16, u8)> = (1..=20).map(|tag| (tag, 9)).collect();
        let line = put_line(&slots, PLACE_MAX as u32, false);
        let line = Line(&line);
        assert_eq!((line.len(), line.block(), line.spills()), (TAGS, PLACE_MAX * UNIT, false));
        assert_eq!(line.slots(20).collect::<Vec<_>>(), [19]);
        assert_eq!(line.spot(19), Some(Spot::Near(19 * 36, 36)));
    }

    #[test]
    fn where_a_line_says_no_there_is_nothing() {
        let holds = |tag, spills, asked| Line(&put_line(&[(tag, 2)], 0, spills)).may_hold(asked);
        assert!(holds(7, false, 7) && !holds(7, false, 8));
        assert!(holds(7, true, 8), "further on");
    }

    #[test]
    fn homes_are_in_the_order_of_hashes() {
        let homes: Vec<u64> = (0..1000).map(|at| home_of(at * (u64::MAX / 999), 7)).collect();
        assert!(homes.is_sorted());
        assert_eq!((homes[0], homes[999]), (0, 6));
    }
}
