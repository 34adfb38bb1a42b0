//! Signals to verdict, computed at each click and never kept.
//!
//! Puts what the lists of this moment say of a URL, and what can be read off the URL itself, into the order of evidence:
//! a revocation, an admin's block or allow, then lists that keep heuristics away, then facts. Promises that one and the same URL, lists
//! and moment give one and the same verdict, with every signal that spoke and the one that settled it. Refuses to know
//! who clicks: that is the policy's.

mod facts;
mod judge;
mod revoked;

pub use judge::{MAX_ENTRIES, judge};
pub use revoked::revoke;
