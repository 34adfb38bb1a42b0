//! Who sent a message, proven on the bytes as they came, and our word for it on the bytes as they go.
//!
//! [`Authenticator`] looks at SPF, DKIM, DMARC and ARC before anything is changed, within one deadline: what is not known by
//! then is `temperror`, and no mail is lost over it. What came of it becomes a field Authentication-Results
//! (RFC 8601), in which nobody else can speak for us ([`without_forged`]), and, where a key is there for it, a seal (RFC 8617)
//! over the message as it leaves. Promised: the number of signatures, names that are asked and fields that are signed is
//! bounded; what other programs wrote is believed only where the configuration names them. Refused: to judge by it. That is
//! for who reads [`crate::judge::Authentication`].

mod authenticator;
mod canon;
mod chain;
mod checks;
mod client;
mod dns;
mod field;
mod forged;
mod key;
mod mail;
mod received;
mod seal;

pub use authenticator::{AuthError, Authenticator, Seen, Settings};
pub use canon::{Canon, body_hash, relaxed_field};
pub use client::Client;
pub use field::{NAME, ResultsField};
pub use forged::without_forged;
pub use key::{KeyError, SealKey};
pub use received::path;
pub use seal::SealSettings;
