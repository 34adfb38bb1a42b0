use std::sync::atomic::{AtomicU64, Ordering};

use crate::{base::Timestamp, link::LinkId};

/// Places for links that are being opened; a power of two.
const PLACES: usize = 1 << 16;
const TAG_BITS: u32 = 20;
const COUNT_BITS: u32 = 20;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;

/// How often each link was opened within this minute.
///
/// Half a megabyte, however many links there are: a link has one place, which its id names, and shares it with others.
/// Two that are opened at one time take turns in it and each begins anew, so that both go on; nobody can choose an id,
/// which is a signature.
pub(super) struct Rates {
    most: u32,
    places: Box<[AtomicU64]>,
}

impl Rates {
    /// At most so many a minute; 0 is no limit.
    pub(super) fn new(most: u32) -> Self {
        let places = if most == 0 { 0 } else { PLACES };
        Self { most, places: (0..places).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Counts an opening of `link`; whether it is one too many.
    pub(super) fn is_too_many(&self, link: LinkId, now: Timestamp) -> bool {
        let [a, b, c, d, e, f, g, h, ..] = link.0;
        let name = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let Some(place) = self.places.get(usize::try_from(name & (PLACES as u64 - 1)).unwrap_or(0)) else {
            return false;
        };
        let minute = u64::try_from(now.secs().div_euclid(60)).unwrap_or(0) & ((1 << (64 - TAG_BITS - COUNT_BITS)) - 1);
        let owner = minute << TAG_BITS | name >> (64 - TAG_BITS);
        let counted = |held: u64| if held >> COUNT_BITS == owner { (held & COUNT_MAX) + 1 } else { 1 };
        let put = |held| Some(owner << COUNT_BITS | counted(held).min(COUNT_MAX));
        let before = place.fetch_update(Ordering::Relaxed, Ordering::Relaxed, put).unwrap_or_else(|held| held);
        counted(before) > u64::from(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(place: u8, tag: u8) -> LinkId {
        let mut id = [0; 16];
        (id[0], id[7]) = (tag, place);
        LinkId(id)
    }

    #[test]
    fn a_link_may_be_opened_so_often_in_a_minute_and_others_do_not_count() {
        let rates = Rates::new(3);
        let now = Timestamp::from_secs(1_795_492_800);
        let opened = |link, now| (0..5).map(|_| rates.is_too_many(link, now)).collect::<Vec<_>>();
        assert_eq!(opened(link(1, 1), now), [false, false, false, true, true]);
        assert_eq!(opened(link(2, 1), now), [false, false, false, true, true]);
        assert_eq!(opened(link(1, 1), now.plus_millis(60_000)), [false, false, false, true, true]);
    }

    #[test]
    fn links_that_share_a_place_never_stop_each_other() {
        let rates = Rates::new(2);
        let now = Timestamp::from_secs(1_795_492_800);
        for _ in 0..20 {
            assert!(!rates.is_too_many(link(1, 1), now) && !rates.is_too_many(link(1, 2), now));
        }
    }

    #[test]
    fn no_limit_needs_no_places() {
        let rates = Rates::new(0);
        assert!(rates.places.is_empty() && !rates.is_too_many(link(1, 1), Timestamp::default()));
    }

    #[test]
    fn a_count_that_is_full_stays_full() {
        let rates = Rates::new(5);
        let now = Timestamp::from_secs(1_795_492_800);
        rates.is_too_many(link(1, 1), now);
        rates.places[1].fetch_or(COUNT_MAX, Ordering::Relaxed);
        assert!(rates.is_too_many(link(1, 1), now) && rates.is_too_many(link(1, 1), now));
        assert!(!rates.is_too_many(link(1, 1), now.plus_millis(60_000)));
    }
}
