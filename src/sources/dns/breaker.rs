use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::base::Timestamp;

/// Failures in a row after which nobody is asked.
const FAILURES: u32 = 5;
/// How long nobody is asked then, at first; it doubles with each try that fails.
const PAUSE: Duration = Duration::from_secs(10);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Sees that one who is down is not asked by every click. After a pause one question goes through, and what comes of it
/// decides.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Until when nobody is asked, and how long that pause is.
    until: Option<(Timestamp, Duration)>,
    /// Until when the one question that is let through after a pause may take.
    trying: Option<Timestamp>,
}

/// Whether a question may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Open,
    /// This one may, to find out whether the other side is back.
    Try,
    /// Not before this moment.
    Shut(Timestamp),
}

impl Breaker {
    /// Whether a question may be asked now. Whoever is let through says how it went, or is taken for lost after a while.
    pub fn ask(&self, now: Timestamp) -> Gate {
        let mut state = self.state();
        match (state.until, state.trying) {
            (None, _) => Gate::Open,
            (Some((until, _)), _) if now < until => Gate::Shut(until),
            (Some(_), Some(trying)) if now < trying => Gate::Shut(trying),
            (Some(_), _) => {
                state.trying = Some(later(now, PAUSE));
                Gate::Try
            }
        }
    }

    /// An answer came.
    pub fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// None came.
    pub fn failed(&self, now: Timestamp) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let again = state.until.filter(|(until, _)| now >= *until);
        match again {
            Some((_, pause)) => state.shut(now, (pause * 2).min(LONGEST)),
            None if state.failures >= FAILURES && state.until.is_none() => state.shut(now, PAUSE),
            None => {}
        }
    }

    /// The other side asked to be left alone.
    pub fn refused(&self, now: Timestamp) {
        self.state().shut(now, LONGEST);
    }

    /// Until when nobody is asked, if that is still to come.
    pub fn shut_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.state().until.map(|(until, _)| until).filter(|until| now < *until)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn shut(&mut self, now: Timestamp, pause: Duration) {
        self.until = Some((later(now, pause), pause));
        self.trying = None;
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.plus_millis(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn broken() -> Breaker {
        let breaker = Breaker::default();
        (0..FAILURES).for_each(|_| breaker.failed(at(0)));
        breaker
    }

    #[test]
    fn it_shuts_after_failures_in_a_row_alone() {
        let breaker = Breaker::default();
        for _ in 0..10 {
            (1..FAILURES).for_each(|_| breaker.failed(at(0)));
            assert_eq!(breaker.ask(at(0)), Gate::Open);
            breaker.succeeded();
        }
        assert_eq!(broken().ask(at(0)), Gate::Shut(at(10)));
    }

    #[test]
    fn after_the_pause_one_question_goes_through_and_decides() {
        let breaker = broken();
        assert_eq!(breaker.ask(at(9)), Gate::Shut(at(10)));
        assert_eq!(breaker.ask(at(10)), Gate::Try);
        assert_eq!(breaker.ask(at(10)), Gate::Shut(at(20)), "one alone");
        breaker.failed(at(11));
        assert_eq!(breaker.ask(at(11)), Gate::Shut(at(31)), "twice as long");
        assert_eq!(breaker.ask(at(31)), Gate::Try);
        breaker.succeeded();
        assert_eq!((breaker.ask(at(31)), breaker.shut_until(at(31))), (Gate::Open, None));
    }

    #[test]
    fn a_try_that_is_never_heard_of_again_does_not_shut_it_for_ever() {
        let breaker = broken();
        assert_eq!(breaker.ask(at(10)), Gate::Try);
        assert_eq!(breaker.ask(at(20)), Gate::Try);
    }

    #[test]
    fn pauses_have_an_end_and_a_refusal_is_the_longest() {
        let breaker = broken();
        let mut now = at(0);
        for _ in 0..20 {
            let Some(until) = breaker.shut_until(now) else { break };
            assert!(until.millis_since(now) <= 600_000);
            now = until;
            assert_eq!(breaker.ask(now), Gate::Try);
            breaker.failed(now);
        }
        let breaker = Breaker::default();
        breaker.refused(at(0));
        assert_eq!(breaker.ask(at(0)), Gate::Shut(at(600)));
        breaker.failed(at(1));
        assert_eq!(breaker.ask(at(1)), Gate::Shut(at(600)), "who was asked before it shut changes nothing");
    }
}
