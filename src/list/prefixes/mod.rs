//! Lists of hashes of which only the first four bytes are known (Safe Browsing, version 5).
//!
//! [`rice()`] reads the form in which a server sends prefixes and the places of those that went; a [`Prefixes`] is one
//! list as it counts, changed by an update and proved by its checksum; [`expressions()`] are the texts whose hashes a URL
//! is looked up by. A prefix that is found says only that somebody has to be asked for the whole hash.

mod expressions;
mod rice;
mod set;

pub use expressions::{MAX_EXPRESSIONS, expressions, hash, prefix_of};
pub use rice::{BadRice, MAX_ENTRIES, rice};
pub use set::{BadUpdate, Prefixes};
