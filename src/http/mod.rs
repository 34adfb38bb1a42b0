//! The front end: listeners, limits, drain, and the one place where answers become status codes and headers.
//!
//! Promises that a redirect carries nothing but its destination, that a page is never kept, framed or scripted, that
//! every wait has an end, and that a shutdown finishes what is under way. Refuses hosts that are not ours, requests
//! that are too long or too slow, and every method but GET, HEAD and the POST that goes on.

mod admin;
pub mod api;
mod aside;
mod bind;
mod conversation;
mod counters;
mod form;
mod forwarded;
mod front;
mod handover;
mod head;
mod lateness;
mod limits;
mod networks;
pub mod pages;
mod peer;
mod proxy;
mod renewal;
mod replay;
mod reply;
mod room;
mod server;
mod shortcut;
mod tls;
mod wire;
mod workers;

pub use admin::{
    Admin, Change, Changed, FOUND_MAX, FeedChange, FeedChanged, Fitness, Found, FoundEntry, KeySeen, Met, NewEntry,
    NoChange, OldEntry, Overview, Pass, Related, Told, Vital,
};
pub use bind::{BindError, Company, Sockets, adopt_loopback, bind, bind_loopback};
pub use counters::Counters;
pub use forwarded::ForwardedHeader;
pub use front::Front;
pub use handover::{HandedOver, HandoverError};
pub use head::{Field, PlainHead};
pub use limits::Limits;
pub use networks::Networks;
pub use renewal::{Renewal, RenewedPart};
pub use server::{AtOnce, Door, Service, serve, serve_under};
pub use tls::{Certificate, CertificateError, CertificateFiles, Looked, Tls, TlsError};
pub use workers::Workers;
