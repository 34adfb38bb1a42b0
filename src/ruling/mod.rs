//! What administrators ruled about links that are out already: which are taken back, and which messages went to many on
//! purpose.
//!
//! Rulings stand in the store, which every node shares, and are held in memory here: a thread asks the store four times a
//! second whether anything was added, so that a ruling is in force on every node within one. Promises that a click never
//! waits for the store, and that the last good set stays in force, and says so, where the store cannot be read or is
//! another one than before. Refuses to forget: what was taken back stays so until somebody releases it by name.

mod live;
mod rulings;

pub use live::{LiveRulings, RulingError, RulingState};
pub use rulings::Rulings;
