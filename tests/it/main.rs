//! Tests through the public surface, linked once.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod cli;
mod click;
mod demo;
mod escapes;
mod features;
mod feed;
mod floors;
mod link;
mod list;
mod message;
mod rewrite;
mod store;
mod support;
mod url;
