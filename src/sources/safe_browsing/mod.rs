//! Hash-prefix lists as the Safe Browsing API has them, version 5, in its mode with lists on the disk.
//!
//! A [`SafeBrowsing`] keeps the lists (`hashLists:batchGet`), each with its checksum, and looks up the texts of a URL in
//! them. Where nothing is found nobody is asked; where a prefix is found, the four bytes of it, and nothing else, go to the
//! server (`hashes:search`), which says the whole hashes that begin so. What it says, and that it says nothing, is kept
//! for as long as it says. It answers one of three things: it objects, it is clear, or it is silent, where the lists are
//! too old to prove anything or nobody could be asked. Requests keep to the server's waits and to the back-off that the
//! protocol sets.
//!
//! The JSON form of the API is spoken: it names its fields, so what is new in it is passed over, and the lists are
//! compressed inside of it all the same.

mod api;
mod backoff;
mod confirmed;
mod database;
mod settings;
mod source;

pub use api::{Api, ApiError, MAX_LIST_BYTES, Wanted};
pub use backoff::Backoff;
pub use database::{Database, Held, TakeError};
pub use settings::{Dice, Settings};
pub use source::{Counted, NAME, OpenError, SafeBrowsing};
