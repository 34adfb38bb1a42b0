use serde::Serialize;

use crate::base::Timestamp;

/// How the last readings of what can be read again went: what health and the admin pages show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Renewal {
    /// Counts readings since the start, whatever came of them.
    pub readings: u64,
    /// Counts what was put in force, from 1; it grows when a reading changed something or could have.
    pub generation: u64,
    /// Each part that is read.
    pub parts: Vec<RenewedPart>,
    /// Keys that say something else than what is in force, and count at the next start.
    pub waiting: Vec<String>,
}

/// One part that is read again: `configuration`, `keyring`, `templates`, `lists`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RenewedPart {
    /// Which.
    pub part: &'static str,
    /// Readings that were taken, the start included.
    pub taken: u64,
    /// Readings that were refused.
    pub refused: u64,
    /// When it was read last.
    pub last: Timestamp,
    /// When a reading was taken last.
    pub last_taken: Timestamp,
    /// What is wrong with it as it stands; what was in force stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl RenewedPart {
    /// A part that was read at the start.
    pub fn new(part: &'static str, now: Timestamp) -> Self {
        Self { part, taken: 1, refused: 0, last: now, last_taken: now, problem: None }
    }

    /// One more reading, and what was wrong with it.
    pub fn note(&mut self, now: Timestamp, problem: Option<String>) {
        self.last = now;
        match &problem {
            Some(_) => self.refused += 1,
            None => {
                self.taken += 1;
                self.last_taken = now;
            }
        }
        self.problem = problem;
    }
}
