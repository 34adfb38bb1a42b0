//! Response policy zones: what a name server with policies would refuse to answer, taken as a list of hosts.
//!
//! A zone comes from a file ([`read`]) or by transfer from its primary ([`transfer()`], AXFR over TCP, signed with TSIG
//! where a key is named). [`Rules`] are what of it can be said of a URL: names, names below a name, and addresses that
//! stand as a host. What the zone lets pass is let pass by this zone alone. Triggers and actions that mean nothing for a
//! URL are counted and told, and so are rules that would reach everything below a public suffix. A [`PolicyZone`] keeps
//! a zone fresh by the timers of its SOA, with the last good version on the disk; one whose time is over still objects
//! and proves nothing.

mod rules;
mod source;
mod text;
mod transfer;

pub use rules::{Action, Hit, Rules, Skipped};
pub use source::{Origin, PolicyZone, Settings, State};
pub use text::{ReadError, Zone, read};
pub use transfer::{Key, Primary, TransferError, Transferred, transfer};
