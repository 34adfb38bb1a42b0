//! The wiring: files, clock and entropy of this machine for the use cases.
//!
//! Opens the keyring, the store, the lists and the listeners in the order in which they depend on each other, and
//! tells of each failure which file and what to do.

mod admin_key;
mod alerts;
mod asked;
mod desk;
mod draft;
mod editor;
mod feeds;
mod flips;
mod gate;
mod lists;
pub mod metrics;
mod office;
mod overseer;
mod registrar;
mod reload;
mod ring;
mod sorter;
mod station;
mod system;
mod tokens;
mod visits;
mod watch;

pub use admin_key::ADMIN_KEY;
pub use asked::{SourceError, dns_lists};
pub use desk::{Desk, DeskError, Transport, rewriter};
pub use draft::{Draft, DraftError};
pub use editor::entry_line;
pub use feeds::{clicked_since, feeds_folder, stock};
pub use gate::Gate;
pub use lists::{ListsError, Shelf, compile_lists, long_lists, own_hosts, seed_lists};
pub use office::{Office, OfficeError};
pub use registrar::{Counter, Registrar, RegistrarError};
pub use ring::{Made, Origin, RingError, change_ring, decoder, make_ring, may_make_ring, open_ring, read_ring};
pub use sorter::{Sorter, SorterError};
pub use station::{Listeners, RunError, StartError, Station};
use station::{open_tls, watch_certificates};
pub use system::{NoEntropy, SystemClock, entropy};
pub use tokens::{TokensError, change_tokens, read_tokens};
pub use visits::{Internal, Visits, internal};
