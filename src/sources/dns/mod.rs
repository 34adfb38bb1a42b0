//! Lists that are asked by DNS: SURBL, URIBL, Spamhaus, and whatever answers as they do.
//!
//! A [`Zone`] says what is asked of a list and what its codes mean, and comes whole from a [`Preset`]. A [`DnsList`] is
//! the source: it asks about the domain or the hosts of a URL, side by side, keeps each answer by name for its time to
//! live (within bounds), and stays within a budget. What a list answers beside 127.0.0.0/8 is no hit, since some
//! resolver made it up; what it answers to say that it does not serve this resolver is a silence with the reason, and
//! it is left alone for a while. A list that fails again and again is not asked by every click: one question after a
//! pause finds out whether it is back ([`Breaker`]).
//!
//! Never asked: names that no stranger could have registered (single words, `.local`, `.internal`, unknown top-level
//! domains) and addresses that are reached from inside alone.

mod breaker;
mod budget;
mod codes;
mod list;
mod names;
mod preset;
mod resolver;

pub use breaker::{Breaker, Gate};
pub use budget::{Budget, Spent};
pub use codes::{BadCode, Code, Codes, Meaning, Reading};
pub use list::{Counted, DnsList};
pub use names::{Asks, is_outside, names};
pub use preset::{Preset, Zone};
pub use resolver::{NoResolver, Resolver, Told};
