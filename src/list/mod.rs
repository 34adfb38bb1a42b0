//! Admins' lists: one grammar, one entry a line, and the index that finds the entries for a URL.
//!
//! Three scopes are written and never guessed (domain, `=host`, `*.subdomains`), and mean the same for block and for
//! allow. A line that is not understood, or that would reach further than anybody can have meant (a public suffix,
//! everything, our own hosts, a host on the never-block list), is refused with its line, its column, the cause and
//! what to write instead; it never stands for something else. A lookup yields every entry in force for a URL, and
//! [`Width`] says which is the narrowest. Nothing here reads a file or a clock.

mod cover;
mod day;
pub mod edit;
mod entry;
mod explain;
pub mod export;
mod fault;
mod head;
mod hit;
pub mod import;
mod index;
mod line;
mod nearest;
mod network;
mod note;
mod parse;
mod pattern;
pub mod prefixes;
mod protect;
mod relation;
mod scope;
mod spelt;
mod trust;
mod written;

pub use cover::covers;
pub use day::Day;
pub use entry::{Confirm, Entry, List, ListAction, Note, Reach, Scope};
pub use explain::{Checked, Explanation, check, explain, winner};
pub use fault::{BadLine, Fault};
pub use head::Head;
pub use hit::{Hit, Width};
pub use index::{
    BuildError, Builder, Bytes, ForTenant, Imprint, Index, MAX_REPEATS, Refused, Scratch, Seed, Table, Tables, Target,
    Unsorted,
};
pub use nearest::nearest;
pub use network::Network;
pub use parse::{
    Context, MAX_BAD_LINES, MAX_LINE_BYTES, MAX_PATTERNS, Read, action_of, parse, read, version_of, version_of_all,
};
pub use pattern::{MAX_PATTERN_BYTES, Pattern};
pub use protect::Protected;
pub use relation::{Relation, relation};
pub use scope::MAX_PREFIX_BYTES;
pub use trust::Trust;
pub use written::Written;
