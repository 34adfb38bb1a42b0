//! Tests through the public surface, linked once.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[cfg(feature = "server")]
mod auth;
#[cfg(feature = "server")]
mod browser;
#[cfg(feature = "server")]
mod clamd;
#[cfg(feature = "server")]
mod cli;
#[cfg(feature = "server")]
mod click;
#[cfg(feature = "server")]
mod configs;
#[cfg(feature = "server")]
mod crash;
#[cfg(feature = "server")]
mod demo;
#[cfg(feature = "server")]
mod dns;
#[cfg(feature = "server")]
mod escapes;
mod features;
#[cfg(feature = "server")]
mod feed;
mod floors;
mod fuzz;
#[cfg(feature = "server")]
mod hash_server;
#[cfg(feature = "server")]
mod house;
mod link;
#[cfg(feature = "server")]
mod linkers;
mod list;
mod look;
mod lookalikes;
#[cfg(feature = "server")]
mod looks;
#[cfg(feature = "server")]
mod mails;
mod message;
#[cfg(feature = "server")]
mod mutations;
#[cfg(feature = "server")]
mod packaging;
#[cfg(feature = "server")]
mod post;
mod rewrite;
mod rows;
#[cfg(feature = "server")]
mod ruling;
#[cfg(feature = "server")]
mod store;
#[cfg(feature = "server")]
mod supply;
mod support;
mod url;
#[cfg(feature = "server")]
mod visit;
