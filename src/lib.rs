//! Sekisho, a checkpoint for links.
//!
//! The rewriter turns the URLs of a message into signed links; the proxy proves a link when it is clicked, judges its
//! destination there and then, and answers with a redirect or a page. With `default-features = false` the crate is the
//! rewriter alone: no async runtime, no server, no database.
//!
//! Modules stand on floors; one imports only from floors below its own (`tests/it/floors.rs` holds them to it).
//! ARCHITECTURE.md tells the two journeys and where to add what.

pub mod base;
pub mod judge;
pub mod link;
pub mod list;
pub mod look;
pub mod message;
pub mod policy;
pub mod rewrite;
pub mod url;

#[cfg(feature = "server")]
pub mod app;
#[cfg(feature = "server")]
pub mod auth;
#[cfg(feature = "server")]
pub mod clamd;
#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod click;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod demo;
#[cfg(feature = "server")]
pub mod feed;
#[cfg(feature = "server")]
pub mod hook;
#[cfg(feature = "server")]
pub mod http;
#[cfg(feature = "server")]
pub mod mail;
#[cfg(feature = "server")]
pub mod net;
#[cfg(feature = "server")]
pub mod ruling;
#[cfg(feature = "server")]
pub mod scan;
#[cfg(feature = "server")]
pub mod sources;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod supply;
#[cfg(feature = "server")]
pub mod verdict;
