//! Frames: one event each, as bytes that can be told from what they are not.

use crc32fast::Hasher;

use super::SpoolId;

/// What stands before the bytes of an event: their length and a checksum, each a 32-bit number, the lowest byte first.
pub(in crate::store) const HEAD: usize = 8;

/// Longest event: well above what a link, a user agent and the entries of lists can add up to.
pub(in crate::store) const EVENT_MAX: usize = 256 * 1024;

/// Checks the frames of one segment. A checksum holds for its place in this segment of this spool alone: what an earlier
/// use of the file left behind, or what stands elsewhere in it, is no frame.
#[derive(Debug, Clone)]
pub(super) struct Checker(Hasher);

/// What stands at a place of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// An event, whole.
    Event(&'a [u8]),
    /// Nothing: zeros, or no bytes at all.
    End,
    /// The beginning of something longer than the bytes that were given.
    Short,
    /// Something else.
    Torn,
}

impl Checker {
    pub(super) fn new(spool: SpoolId, segment: u64) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(&spool.0);
        hasher.update(&segment.to_le_bytes());
        Self(hasher)
    }

    fn sum(&self, at: u32, length: [u8; 4], event: &[u8]) -> [u8; 4] {
        let mut hasher = self.0.clone();
        hasher.update(&at.to_le_bytes());
        hasher.update(&length);
        hasher.update(event);
        hasher.finalize().to_le_bytes()
    }

    /// Puts the checksum into the first frame of `frames`, which will stand at `at`: how long that frame is, or none
    /// where there is no whole frame.
    pub(super) fn close(&self, at: u32, frames: &mut [u8]) -> Option<usize> {
        let (length, rest) = frames.split_first_chunk_mut::<4>()?;
        let (sum, rest) = rest.split_first_chunk_mut::<4>()?;
        let event = rest.get(..u32::from_le_bytes(*length) as usize)?;
        *sum = self.sum(at, *length, event);
        Some(HEAD + event.len())
    }

    /// What stands at `at`; `bytes` begin there.
    pub(super) fn read<'a>(&self, at: u32, bytes: &'a [u8]) -> Found<'a> {
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
            return if bytes.iter().all(|byte| *byte == 0) { Found::End } else { Found::Short };
        };
        let [a, b, c, d, sum @ ..] = *head;
        let length = [a, b, c, d];
        match u32::from_le_bytes(length) as usize {
            0 if sum == [0; 4] => Found::End,
            size @ 1..=EVENT_MAX => match rest.get(..size) {
                None => Found::Short,
                Some(event) if self.sum(at, length, event) == sum => Found::Event(event),
                Some(_) => Found::Torn,
            },
            _ => Found::Torn,
        }
    }

    /// How long the torn frame that `bytes` begin with says it is, if another frame does stand behind it, or `bytes` end
    /// there: then only what it holds is damaged.
    pub(super) fn past(&self, at: u32, bytes: &[u8]) -> Option<usize> {
        let (length, _) = bytes.split_first_chunk::<4>()?;
        let size = HEAD.checked_add(u32::from_le_bytes(*length) as usize).filter(|size| *size <= HEAD + EVENT_MAX)?;
        let behind = bytes.get(size..)?;
        let next = at.checked_add(u32::try_from(size).ok()?)?;
        (behind.is_empty() || matches!(self.read(next, behind), Found::Event(_))).then_some(size)
    }
}

/// How long the first frame of `frames` is; 0 where there is none.
pub(super) fn size(frames: &[u8]) -> usize {
    frames.split_first_chunk::<4>().map_or(0, |(length, _)| HEAD + u32::from_le_bytes(*length) as usize)
}

/// Appends a frame without a checksum, which has its place only later, around what `write` writes. Error: what `write`
/// says, or none where it wrote nothing or too much; then nothing is appended.
pub(super) fn append<E>(
    frames: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), Option<E>> {
    let start = frames.len();
    frames.extend_from_slice(&[0; HEAD]);
    let written = write(frames);
    let size = frames.len().saturating_sub(start + HEAD);
    let length = u32::try_from(size).ok().filter(|_| (1..=EVENT_MAX).contains(&size));
    match (written, length, frames.get_mut(start..start + 4)) {
        (Ok(()), Some(length), Some(head)) => {
            head.copy_from_slice(&length.to_le_bytes());
            Ok(())
        }
        (written, ..) => {
            frames.truncate(start);
            Err(written.err())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPOOL: SpoolId = SpoolId([7; 16]);

    fn written(events: &[Vec<u8>], from: u32) -> Vec<u8> {
        let checker = Checker::new(SPOOL, 3);
        let mut bytes = Vec::new();
        for event in events {
            let start = bytes.len();
            append(&mut bytes, |bytes| {
                bytes.extend_from_slice(event);
                Ok::<_, ()>(())
            })
            .unwrap();
            assert_eq!(checker.close(from + start as u32, &mut bytes[start..]), Some(HEAD + event.len()));
        }
        bytes
    }

    /// The good prefix, and what ends it.
    fn read(bytes: &[u8], from: u32) -> (Vec<Vec<u8>>, Found<'_>) {
        let checker = Checker::new(SPOOL, 3);
        let (mut events, mut at) = (Vec::new(), 0);
        loop {
            match checker.read(from + at as u32, &bytes[at..]) {
                Found::Event(event) => {
                    at += HEAD + event.len();
                    events.push(event.to_vec());
                }
                end => return (events, end),
            }
        }
    }

    fn events() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..12)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(events in events(), from in 0_u32..1_000_000, zeros in 0_usize..20) {
            let mut bytes = written(&events, from);
            bytes.resize(bytes.len() + zeros, 0);
            prop_assert_eq!(read(&bytes, from), (events, Found::End));
        }

        #[test]
        fn of_what_is_cut_the_whole_frames_are_read(events in events(), cut in 0_usize..3_000) {
            let bytes = written(&events, 0);
            let cut = cut.min(bytes.len());
            let (found, end) = read(&bytes[..cut], 0);
            prop_assert_eq!(&found[..], &events[..found.len()]);
            prop_assert!(matches!(end, Found::End | Found::Short));
            let whole: usize = found.iter().map(|event| event.len() + HEAD).sum();
            let next = events.get(found.len()).map_or(usize::MAX, |event| event.len() + HEAD);
            prop_assert!(whole <= cut && cut < whole.saturating_add(next));
        }

        #[test]
        fn a_changed_byte_ends_the_reading_at_its_frame(events in events(), at: prop::sample::Index, with in 1_u8..) {
            let mut bytes = written(&events, 0);
            prop_assume!(!bytes.is_empty());
            let at = at.index(bytes.len());
            bytes[at] ^= with;
            let mut start = 0;
            let good = events.iter().take_while(|event| {
                start += HEAD + event.len();
                start <= at
            });
            let good: Vec<_> = good.cloned().collect();
            let (found, end) = read(&bytes, 0);
            prop_assert_eq!(found, good);
            prop_assert!(matches!(end, Found::Torn | Found::Short));
        }

        #[test]
        fn arbitrary_bytes_are_no_event_and_no_panic(bytes: Vec<u8>, at: u32) {
            let checker = Checker::new(SPOOL, 3);
            prop_assert!(!matches!(checker.read(at, &bytes), Found::Event(_)));
            checker.past(at, &bytes);
            checker.close(at, &mut bytes.clone());
        }

        #[test]
        fn a_frame_holds_at_its_place_alone(event in prop::collection::vec(any::<u8>(), 1..200), by in 1_u32..100) {
            let bytes = written(&[event], 500);
            prop_assert_eq!(Checker::new(SPOOL, 3).read(500 + by, &bytes), Found::Torn);
            prop_assert_eq!(Checker::new(SPOOL, 4).read(500, &bytes), Found::Torn);
            prop_assert_eq!(Checker::new(SpoolId([8; 16]), 3).read(500, &bytes), Found::Torn);
        }
    }

    #[test]
    fn a_damaged_event_is_stepped_over_where_its_length_is_not_damaged() {
        let mut bytes = written(&[b"one".to_vec(), b"two".to_vec(), b"three".to_vec()], 0);
        let checker = Checker::new(SPOOL, 3);
        bytes[HEAD] ^= 1;
        assert_eq!(checker.past(0, &bytes), Some(HEAD + 3));
        bytes[0] ^= 1;
        assert_eq!(checker.past(0, &bytes), None);
        assert_eq!(checker.past(22, &bytes[22..]), Some(HEAD + 5), "the last one");
    }

    #[test]
    fn what_is_no_event_is_not_appended() {
        let mut bytes = b"before".to_vec();
        assert_eq!(append(&mut bytes, |_| Ok::<_, u8>(())), Err(None));
        let too_long = |bytes: &mut Vec<u8>| {
            bytes.resize(bytes.len() + EVENT_MAX + 1, 1);
            Ok::<_, u8>(())
        };
        assert_eq!(append(&mut bytes, too_long), Err(None));
        assert_eq!(append(&mut bytes, |_| Err(5)), Err(Some(5)));
        assert_eq!(bytes, b"before");
    }
}
