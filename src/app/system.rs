use std::time::UNIX_EPOCH;

use crate::base::{Clock, Timestamp};

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // The one place that reads it; all others take a Timestamp or this trait.
        #[expect(clippy::disallowed_methods, reason = "the clock trait ends here")]
        let now = std::time::SystemTime::now();
        let millis = match now.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        Timestamp::from_millis(millis)
    }
}

/// Bytes from the operating system that nobody can foretell. Error: it has none to give, which no program can mend.
pub fn entropy<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoEntropy)?;
    Ok(bytes)
}

/// The operating system has no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no randomness ({0}); is /dev/urandom there?")]
pub struct NoEntropy(getrandom::Error);
