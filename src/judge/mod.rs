//! The words of a judgement: signal, verdict, decision, outcome, click event.
//!
//! A *signal* is what one source says of a URL. A *verdict* is what all signals say together; it knows nothing of
//! people. A *decision* is what a policy makes of a verdict for one click. An *outcome* is what came of the click and
//! stands in its *event*. Four words, four types: none is ever used for another. A *flip* says that what was known when
//! people clicked has turned since.

mod authentication;
mod decision;
mod event;
mod flip;
mod signal;
mod verdict;

pub use authentication::{Authentication, Check, Hop, Method, Proof, Wish};
pub use decision::{Action, Decision, Outcome};
pub use event::{Actor, Asked, ClickEvent, Freshness, InnerUrl, Said};
pub use flip::{Flip, Rejudged};
pub use signal::{Charge, EntryRef, Evidence, HostFact, Objection, RevocationRef, Signal, Source};
pub use verdict::{Threat, Tier, Verdict};
