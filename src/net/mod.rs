//! The one way out: fetches a single URL that a stranger named, without ever reaching what no stranger may reach.
//!
//! Promises that a connection is opened only to an address that was looked at before, and that every address a name has
//! was looked at: one forbidden answer refuses the host (attack rows 137 to 142). The address that was looked at is the one
//! that is dialled; nothing resolves a name a second time. Nothing of this machine or of whoever clicked goes out: no
//! cookie, no credential, no referrer, no proxy of the environment, and no connection is used twice (row 143). Every
//! phase has its time, whatever comes in has a cap, and what is compressed is undone here under a cap of its own (rows 132
//! and 133). Refuses to follow redirects: whoever follows one asks again, and all of it is looked at anew.

mod address;
mod budget;
mod dial;
mod fetch;
mod inflate;
mod limits;
mod name;
mod rehearsal;
mod tls;
mod wire;

pub use address::{Filter, Forbidden};
pub use budget::{Busy, Quota};
pub use dial::{Dialer, DialerError, Means};
pub use fetch::{Cut, NotFetched, Page, Phase, Stats};
pub use limits::Limits;
pub use name::{NoAddress, Resolver, ResolverError};
pub use rehearsal::{NotLoopback, Rehearsal};
