use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident $word:literal),+ $(,)?) => {
        /// What is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Count { $($(#[$doc])* $name),+ }

        impl Count {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As the log calls it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

counts! {
    /// Connections taken.
    Connections "connections",
    /// Connections sent away because there were too many.
    Crowded "crowded",
    /// Connections that broke the protocol, or waited too long.
    Broken "broken",
    /// Messages that came whole.
    Messages "messages",
    /// Messages that went on examined.
    Passed "passed",
    /// Of these, how many were changed.
    Changed "changed",
    /// Messages kept aside.
    Quarantined "quarantined",
    /// Messages refused for good.
    Rejected "rejected",
    /// Messages that the mail system has to bring again.
    TriedAgain "tempfailed",
    /// Messages that went on unexamined, because the operator chose so.
    Unexamined "unexamined",
    /// Messages that failed too often.
    Poison "poison",
    /// Examinations that took too long.
    Late "late",
}

/// What happened since the start.
#[derive(Debug, Default)]
pub struct Counts([AtomicU64; Count::ALL.len()]);

impl Counts {
    /// One more.
    pub fn add(&self, count: Count) {
        if let Some(number) = self.0.get(count as usize) {
            number.fetch_add(1, Relaxed);
        }
    }

    /// How many there were.
    pub fn of(&self, count: Count) -> u64 {
        self.0.get(count as usize).map_or(0, |number| number.load(Relaxed))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, count) in Count::ALL.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", self.of(*count), count.as_str())?;
        }
        Ok(())
    }
}
