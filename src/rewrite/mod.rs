//! Message bytes to message bytes and a report. Pure: no clock, no file, no network.
//!
//! [`Rewriter::rewrite`] finds every link that a client could follow, chooses what becomes of it, and makes the edits;
//! [`Rewriter::restore`] turns links of ours back. What no edit covers comes back byte for byte, and each edit stands in
//! the report. A message without a link comes back as the same bytes; one that comes by twice is rewritten once. What
//! cannot be read safely never goes on as it was: a note stands in its place, or the whole message is [`Refused`].

mod choose;
mod find;
mod kind;
mod marker;
mod note;
mod own;
mod pass;
mod policy;
mod report;
mod rewriter;
mod write;

pub use find::Unsafe;
pub use policy::{Attachments, Policy, SchemeRule, Signed};
pub use report::{
    Change, Counts, Done, LeftPart, PartRule, Reason, RecodedPart, RemovedPart, Report, ReportedLink, Rule, Unread,
};
pub use rewriter::{Envelope, Refused, Rewriter, Rewritten};
