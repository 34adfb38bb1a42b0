//! A content filter: takes messages by LMTP or SMTP (RFC 2033, RFC 5321), has a copy examined for each recipient, and hands
//! it on to the next hop.
//!
//! Nothing is kept here: a recipient is answered only when the next hop has answered, and with what it said, so that a
//! death at any moment loses nothing; the client has the message still. By LMTP each recipient has an answer of his own. SMTP
//! knows one answer alone, so one recipient is taken at a time (`452` to the others, who come again). A line feed without
//! its carriage return, or that alone, is refused: hosts that take it for the end of a line see other messages than those that
//! do not (SMTP smuggling).

mod command;
mod data;
mod hop;
mod server;

pub use command::{Command, Path, Wrong};
pub use data::Data;
pub use hop::{Next, Tongue};
pub use server::{Settings, serve};
