//! The only URL parser.
//!
//! A URL is parsed once, by the WHATWG algorithm that browsers use, and every later stage works on the result: what is
//! signed, looked up, shown and redirected to is one [`WebUrl`]. Beside it stand what can be read off a URL without
//! asking anyone: its key for lists ([`Canonical`]), the facts about its host ([`host_facts`]), whose it can be taken for ([`Names`]), the URLs inside it
//! ([`unwrap`]), whether a single visit may use it up ([`single_use`]), and where a domain ends and a public suffix begins ([`Suffixes`]).
//!
//! It refuses everything that is not `http` or `https` with a host ([`NotWeb`] says why), never resolves a name and
//! never hands a canonical key back as a URL to go to.

mod canonical;
mod host;
mod lookalike;
mod plain;
mod single_use;
mod suffixes;
mod unwrap;
mod web;

pub use canonical::Canonical;
pub use host::host_facts;
pub use lookalike::{BadName, How, Likeness, Names};
pub use plain::is_plain_name;
pub use single_use::{SingleUse, single_use};
pub use suffixes::{BadSuffixList, Suffixes};
pub use unwrap::{Chain, Cut, Hop, MAX_CHAIN_BYTES, MAX_HOPS, MAX_LAYERS, Sealed, Way, unwrap};
pub use web::{Context, EncodeQuery, NotWeb, WebUrl, parse, parse_in};
