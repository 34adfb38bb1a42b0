//! Signals to verdict, computed at each click and never kept.
//!
//! Puts what the lists of this moment say of a URL and of every URL inside it, and what can be read off them, into the
//! order of evidence: a revocation, an admin's block or allow, then lists that keep the word of others away, what feeds say,
//! what sources found that had to be asked, then facts. Promises that one and the same URL, lists and moment give one and the same verdict, with every signal that spoke and the one
//! that settled it. Refuses to know who clicks: that is the policy's.

mod facts;
mod judge;
mod revoked;

pub use judge::{Grounds, MAX_ENTRIES, judge, open_hops};
pub use revoked::revoke;
