//! Wrap log, click log and revocations, in one SQLite file.
//!
//! Answers who received this URL, host or message, who clicked, and why they saw what they saw. Promises: a recorded
//! wrap is on the disk before the message goes on; a click is never waited for, is safe on the disk a moment later, and comes
//! into the store exactly once, even where that was full, locked or away for a while; what cannot be kept is counted. Several
//! processes write at once. URLs are kept whole and leave masked, unless [`Reveal::Whole`] is asked for by name.
//! Refuses files of newer versions and of other programs, and says of every error which file and what to do.

mod clicks;
mod column;
mod error;
mod explain;
mod file;
mod flips;
mod known;
mod log;
mod mask;
mod matches;
mod month;
mod notices;
mod report;
mod revocation;
mod revocations;
#[cfg(test)]
mod sample;
mod schema;
mod sink;
mod spool;
mod tally;
mod wrap;
mod wraps;

pub use clicks::{ClickFilter, Order};
pub use error::StoreError;
pub use explain::{Explanation, MintedFor, explain, printable};
pub use file::Store;
pub use flips::{Noted, REJUDGED_FOR, WAITING_MAX};
pub use known::Known;
pub use log::{BroughtIn, ClickLog, ClickWriter, LogSettings, LogStats, Unwritten, bring_in, is_left};
pub use mask::{MASK, Reveal, mask_address, mask_url};
pub use matches::MATCHES_MAX;
pub use notices::{NOTICES_MAX, Notice};
pub use report::{AnswerError, Answered, Filed, NewReport, Report, Reports};
pub use revocation::{Release, Revocation, RevokeError, Say, Scope, Touched};
pub use revocations::{REVOCATIONS_MAX, RevocationStamp, Revoked};
pub use tally::{DECISION_MICROS, Tally};
pub use wrap::{Wrap, WrapOutcome};
pub use wraps::WrapFilter;
