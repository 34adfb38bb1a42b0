use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::api::Told;
use crate::{base::Timestamp, judge::Threat, list::prefixes::prefix_of};

/// Prefixes of which answers are kept. A click asks for a few at most.
const MOST: usize = 100_000;
/// No answer counts for longer, whatever it says.
const LONGEST_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// What the server said about prefixes: also that it knows no whole hash for one.
#[derive(Debug, Default)]
pub(super) struct Confirmed(Mutex<HashMap<u32, Entry>>);

#[derive(Debug)]
struct Entry {
    until: Timestamp,
    hashes: Vec<([u8; 32], Vec<Threat>)>,
}

/// What is kept about one hash.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recalled {
    /// Nothing, or nothing that counts any more.
    Unknown,
    /// What it was found to be, empty for nothing, until then.
    Known(Vec<Threat>, Timestamp),
}

impl Confirmed {
    pub(super) fn recall(&self, hash: &[u8; 32], now: Timestamp) -> Recalled {
        match self.entries().get(&prefix_of(hash)) {
            Some(entry) if now < entry.until => {
                let threats = entry.hashes.iter().filter(|(whole, _)| whole == hash).flat_map(|(_, threats)| threats);
                Recalled::Known(threats.copied().collect(), entry.until)
            }
            _ => Recalled::Unknown,
        }
    }

    /// Keeps what was said about all of these prefixes.
    pub(super) fn keep(&self, asked: &[u32], told: &Told, now: Timestamp) {
        let millis = i64::try_from(told.counts_for.as_millis()).unwrap_or(i64::MAX).min(LONGEST_MILLIS);
        let until = now.plus_millis(millis);
        let mut entries = self.entries();
        if entries.len() + asked.len() > MOST {
            entries.retain(|_, entry| now < entry.until);
        }
        if entries.len() + asked.len() > MOST {
            // None is over: they are asked for again where they are needed.
            entries.clear();
        }
        for prefix in asked {
            let of = told.hashes.iter().filter(|(hash, _)| prefix_of(hash) == *prefix);
            entries.insert(*prefix, Entry { until, hashes: of.cloned().collect() });
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<u32, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn both_answers_are_kept_for_their_time_and_no_more_than_so_many() {
        let (kept, now) = (Confirmed::default(), Timestamp::from_secs(0));
        let bad = [7; 32];
        let told = Told { hashes: vec![(bad, vec![Threat::Phishing])], counts_for: Duration::from_secs(300) };
        let prefix = prefix_of(&bad);
        kept.keep(&[prefix, 5], &told, now);
        let until = Timestamp::from_secs(300);
        assert_eq!(kept.recall(&bad, now), Recalled::Known(vec![Threat::Phishing], until));
        let mut other = bad;
        other[31] = 8;
        assert_eq!(kept.recall(&other, now), Recalled::Known(vec![], until), "another hash that begins so");
        let mut five = [0; 32];
        five[3] = 5;
        assert_eq!(kept.recall(&five, now), Recalled::Known(vec![], until), "nothing is an answer too");
        assert_eq!(kept.recall(&five, until), Recalled::Unknown);
        assert_eq!(kept.recall(&[9; 32], now), Recalled::Unknown);
        for number in 0..u32::try_from(MOST).unwrap() + 10 {
            kept.keep(&[number], &Told::default(), now);
        }
        assert!(kept.entries().len() <= MOST);
    }

    #[test]
    fn nothing_counts_for_longer_than_a_day() {
        let (kept, now) = (Confirmed::default(), Timestamp::from_secs(0));
        kept.keep(&[0], &Told { hashes: vec![], counts_for: Duration::from_secs(1_000_000) }, now);
        assert_eq!(kept.recall(&[0; 32], Timestamp::from_secs(86_400)), Recalled::Unknown);
    }
}
