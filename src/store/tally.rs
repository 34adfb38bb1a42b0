use std::sync::atomic::{AtomicU64, Ordering};

use crate::judge::{ClickEvent, Outcome};

/// Upper bounds of the buckets of decision time, in microseconds.
pub const DECISION_MICROS: [u64; 12] = [25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000];

/// Counts events by outcome and by the time of the decision: two additions and no lock for each.
#[derive(Debug, Default)]
pub struct Tally {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    /// The last takes what is slower than every bound.
    times: [AtomicU64; DECISION_MICROS.len() + 1],
    micros: AtomicU64,
}

impl Tally {
    pub(super) fn count<T>(&self, event: &ClickEvent<T>) {
        // Both indexes are within by their making; a counter that is not there counts nothing.
        let bucket = DECISION_MICROS.iter().position(|bound| event.decision_micros <= *bound);
        let bucket = self.times.get(bucket.unwrap_or(DECISION_MICROS.len()));
        let counters = self.outcomes.get(event.outcome as usize).into_iter().chain(bucket);
        for counter in counters {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(event.decision_micros, Ordering::Relaxed);
    }

    /// Every outcome, and how often it came.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, u64)> {
        Outcome::ALL.iter().map(|outcome| {
            let count = self.outcomes.get(*outcome as usize).map_or(0, |count| count.load(Ordering::Relaxed));
            (*outcome, count)
        })
    }

    /// How many decisions took at most so many microseconds, bucket by bucket (not summed up), the last without bound.
    pub fn times(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = DECISION_MICROS.into_iter().map(Some).chain([None]);
        bounds.zip(self.times.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// Microseconds of all decisions together.
    pub fn micros(&self) -> u64 {
        self.micros.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample::event;

    #[test]
    fn each_event_counts_once_by_outcome_and_by_time() {
        let tally = Tally::default();
        for (outcome, micros) in
            [(Outcome::Allowed, 25), (Outcome::Allowed, 26), (Outcome::ErrorFailedClosed, u64::MAX >> 1)]
        {
            tally.count(&ClickEvent { outcome, decision_micros: micros, ..event(1) });
        }
        let of = |wanted| tally.outcomes().find(|(outcome, _)| *outcome == wanted).unwrap().1;
        assert_eq!((of(Outcome::Allowed), of(Outcome::ErrorFailedClosed), of(Outcome::Blocked)), (2, 1, 0));
        let times: Vec<(Option<u64>, u64)> = tally.times().filter(|(_, count)| *count > 0).collect();
        assert_eq!(times, [(Some(25), 1), (Some(50), 1), (None, 1)]);
        assert_eq!(tally.micros(), (u64::MAX >> 1) + 51);
    }
}
