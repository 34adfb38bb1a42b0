//! Feeds: lists that others keep, fetched now and then, held against rules, and put in the place of the version before.
//!
//! A feed is wrong one day, and then for everybody at once. So an update is read whole beside what is in force, and what
//! cannot be meant ([`Refusal`]: a page for signing in, an empty or shrunken list, an entry for everything or for a
//! top-level domain, one that would stop a good part of the last hour's clicks) leaves in force what was; an admin can
//! overrule it, and take back what was taken ([`Stock`]). What is accepted is written as a list of our own grammar in the
//! folder of feeds and is looked up like any other. Whatever comes from outside is capped in bytes, entries and time, and
//! nothing of it is trusted to say who may be blocked: public suffixes, our own hosts and the never-block list hold for
//! it as for any list.

mod clicked;
mod draft;
mod fetch;
mod refusal;
mod rounds;
mod source;
mod state;
mod stock;
mod unpack;
mod update;

pub use clicked::Clicked;
pub use draft::{Draft, Grounds, Rows};
pub use fetch::{Body, Failure, Fetched, fetch};
pub use refusal::Refusal;
pub(crate) use rounds::jitter;
pub use rounds::{Board, Rounds, Surroundings, Wanted};
pub use source::{Feed, Place, PlaceError, feed_name, header};
pub use state::{FeedStanding, FeedState, FeedStatus, Told, Version};
pub use stock::{Stock, StockError};
pub use update::{Outcome, Updater, read_file};
