//! Clicks on their way to the store: append-only segments on the disk, written in groups and read into SQLite behind.
//!
//! Promises: an event that was counted as synced survives `kill -9` and a power cut, and comes into the store exactly
//! once, because how far the spool was read is written in the transaction that writes the events. Nobody who records
//! waits for the disk. The room is reserved at the start, so a full disk stops nothing; when it is used up the oldest
//! are kept. Each process has a folder of its own under a lock of the kernel, and takes over what others have left.
//! What is in the store does not stay here. docs/SPOOL.md has the format.

mod append;
mod drain;
mod folder;
mod frame;
mod intake;
mod ledger;
mod segment;
#[cfg(test)]
mod tests;
mod writer;

use std::{sync::Arc, time::Duration};

pub(super) use drain::{Drain, Left, Row};
pub(super) use folder::Folder;
pub(super) use ledger::Ledger;
pub(super) use segment::Extent;
pub(super) use writer::Writer;

use crate::base::Clock;

/// Names a folder of segments for ever, wherever it is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpoolId(pub(super) [u8; 16]);

/// A place in a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) segment: u64,
    pub(super) extent: Extent,
}

/// How long clicks stay, and by which clock.
#[derive(Clone)]
pub(super) struct Keep {
    pub(super) days: u32,
    pub(super) clock: Arc<dyn Clock>,
}

/// How fast events are written, and how patiently where they cannot be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How often events are put on the disk while there are some. Two of these and two syncs of the disk are what a
    /// power cut may cost.
    pub(super) sync: Duration,
    /// How long the first event of a batch waits for others on its way into the store.
    pub(super) gather: Duration,
    /// Most events of one transaction.
    pub(super) batch: usize,
    /// How long the drain rests after a whole batch, as a multiple of the time that it took: clicks come first, and
    /// what waits in the spool is safe. It does not rest where the spool fills up, or where somebody waits.
    pub(super) rest: u32,
    /// How long to wait for a lock before it counts as a failure.
    pub(super) patience: Duration,
    /// The pause after the first failure; doubled after each.
    pub(super) first_pause: Duration,
    /// The longest pause.
    pub(super) longest_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            sync: Duration::from_millis(25),
            gather: Duration::from_millis(250),
            batch: 2_048,
            rest: 19,
            patience: Duration::from_secs(2),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
        }
    }
}

impl Default for Position {
    /// Before everything.
    fn default() -> Self {
        Self { segment: 0, extent: Extent::NOTHING }
    }
}

impl SpoolId {
    fn new() -> std::io::Result<Self> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(std::io::Error::other)?;
        Ok(Self(id))
    }
}

/// How large each file of a spool of so much room is: small enough that one is read in a moment at a start, large enough
/// that they are not many.
pub(super) fn segment_size(room: u64) -> u32 {
    u32::try_from((room / 16).clamp(1 << 20, 64 << 20)).unwrap_or(64 << 20)
}
