//! How far a worker is behind.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(5);
/// A worker that comes to everything so much later than it should is behind.
const LATE: Duration = Duration::from_millis(25);
/// Being behind for so long is no hiccup: more comes than can be done. Who comes then waits as long to hear that it is too
/// much as for an answer.
const LONG: Duration = Duration::from_millis(100);
/// From then on newcomers are sent away whenever a worker is so late, so that it never falls behind as far again.
const BUSY: Duration = Duration::from_millis(15);
/// On time for so long, and it is over.
const OVER: Duration = Duration::from_secs(1);
/// Whoever has fewer clients than this is late because of others on the machine, and to send clients away would not help.
const MANY: usize = 64;

/// Tells by how late a clock is heard whether a worker has more to do than it can.
pub(super) struct Lateness {
    clock: Interval,
    by: Duration,
    behind_since: Option<Instant>,
    on_time_since: Option<Instant>,
    is_flooded: bool,
}

impl Lateness {
    pub(super) fn new() -> Self {
        let mut clock = interval(EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { clock, by: Duration::ZERO, behind_since: None, on_time_since: None, is_flooded: false }
    }

    /// Waits for the clock, and sees how late it is.
    pub(super) async fn look(&mut self) {
        let due = self.clock.tick().await;
        let now = Instant::now();
        self.see(now, now.saturating_duration_since(due));
    }

    fn see(&mut self, now: Instant, by: Duration) {
        self.by = by;
        let lasts = |since: Option<Instant>, is_so: bool| is_so.then(|| since.unwrap_or(now));
        self.behind_since = lasts(self.behind_since, by > LATE);
        self.on_time_since = lasts(self.on_time_since, by <= BUSY);
        let for_so_long = |since: Option<Instant>, long: Duration| since.is_some_and(|since| now - since >= long);
        self.is_flooded |= for_so_long(self.behind_since, LONG);
        self.is_flooded &= !for_so_long(self.on_time_since, OVER);
    }

    /// Whether a worker with so many clients should take no more for now.
    pub(super) fn is_too_much(&self, clients: usize) -> bool {
        self.is_flooded && clients >= MANY && self.by > BUSY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn newcomers_are_sent_away_only_while_more_comes_than_can_be_done() {
        let mut lateness = Lateness::new();
        let start = Instant::now();
        let mut see = |at: u32, by: Duration| {
            lateness.see(start + at * MS, by);
            (lateness.is_too_much(MANY), lateness.is_too_much(MANY - 1))
        };
        // A hiccup, however long.
        assert_eq!(see(1_000, 500 * MS), (false, false));
        assert_eq!(see(1_050, 20 * MS), (false, false));
        // Behind, and behind again: few clients are not what makes it late.
        assert_eq!(see(2_000, 26 * MS), (false, false));
        assert_eq!(see(2_099, 26 * MS), (false, false));
        assert_eq!(see(2_100, 26 * MS), (true, false));
        // It stays on its guard: less is enough, until it was on time for a while.
        assert_eq!(see(2_200, 16 * MS), (true, false));
        assert_eq!(see(2_300, 15 * MS), (false, false));
        assert_eq!(see(2_500, 16 * MS), (true, false));
        assert_eq!(see(2_600, MS), (false, false));
        assert_eq!(see(3_599, 15 * MS), (false, false));
        assert_eq!(see(3_600, MS), (false, false));
        assert_eq!(see(3_700, 24 * MS), (false, false));
    }
}
