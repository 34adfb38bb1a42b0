use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::base::Timestamp;

/// The first wait.
const FIRST: Duration = Duration::from_secs(15 * 60);
/// The longest.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The waits after failed requests (Safe Browsing, "Request frequency"): after the Nth in a row 2^(N-1) times 15
/// minutes, once to twice by chance, a day at most.
#[derive(Debug, Default)]
pub struct Backoff(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<Timestamp>,
}

impl Backoff {
    /// Until when nothing may be asked, if that is still to come.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        self.state().until.filter(|until| now < *until)
    }

    /// A request failed; `chance` is from 0 up to 1. Until when nothing may be asked.
    pub fn failed(&self, now: Timestamp, chance: f64) -> Timestamp {
        let mut state = self.state();
        let doubled = FIRST.saturating_mul(2_u32.saturating_pow(state.failures.min(16)));
        state.failures = state.failures.saturating_add(1);
        let wait = doubled.mul_f64(1.0 + chance.clamp(0.0, 1.0)).min(LONGEST);
        let until = now.plus_millis(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        state.until = Some(until);
        until
    }

    /// A request succeeded.
    pub fn succeeded(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_with_chance_up_to_a_day_and_end_with_a_success() {
        let (backoff, now) = (Backoff::default(), Timestamp::from_secs(0));
        let minutes = |chance| backoff.failed(now, chance).secs() / 60;
        assert_eq!([minutes(0.0), minutes(0.5), minutes(0.0)], [15, 45, 60]);
        assert_eq!((0..20).map(|_| minutes(1.0)).max(), Some(24 * 60));
        assert_eq!(backoff.until(Timestamp::from_secs(24 * 3600 - 1)), Some(Timestamp::from_secs(24 * 3600)));
        assert_eq!(backoff.until(Timestamp::from_secs(24 * 3600)), None);
        backoff.succeeded();
        assert_eq!((backoff.until(now), minutes(0.0)), (None, 15));
    }
}
