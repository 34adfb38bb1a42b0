//! Message bytes to message bytes and a report. Pure: no clock, no file, no network.
//!
//! [`Rewriter::rewrite`] finds every link that a client could follow, chooses what becomes of it, and makes the edits;
//! [`Rewriter::restore`] turns links of ours back. What no edit covers comes back byte for byte, and each edit stands in
//! the report. A message without a link comes back as the same bytes; one that comes by twice is rewritten once. What
//! cannot be read safely never goes on as it was: a note stands in its place, or the whole message is [`Refused`].
//!
//! ```
//! use std::sync::Arc;
//! use sekisho::{base::{TenantId, Timestamp}, link::{Keyring, LinkBase}, rewrite::*, url::Suffixes};
//!
//! let (tenant, now) = (TenantId(1), Timestamp::from_secs(1_795_492_800));
//! let keyring = Keyring::generate([7; 32], now); // 32 bytes of entropy, kept: without them every link is dead
//! let base = LinkBase::parse("https://go.example.com")?;
//! let (minter, opener) = (keyring.minter(tenant, now)?, keyring.opener(&[tenant]));
//! let rewriter = Rewriter::new(minter, opener, base, Arc::new(Suffixes::builtin()), Policy::default());
//!
//! let mail = b"Content-Type: text/html\r\n\r\n<a href=\"https://shop.example/a?b\">Shop</a>";
//! let envelope = Envelope { recipient: Some("user@example.com") };
//! let rewritten = rewriter.rewrite(mail, &envelope, now)?;
//! assert_eq!(rewritten.report.links[0].destination.as_deref(), Some("https://shop.example/a?b"));
//! assert!(String::from_utf8(rewritten.message)?.contains("<a href=\"https://go.example.com/shop.example/"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod choose;
mod doubt;
mod find;
mod kind;
mod marker;
mod nested;
mod note;
mod opaque;
mod own;
mod pass;
mod policy;
mod proof;
mod report;
mod rewriter;
mod treatment;
mod uuencode;
mod write;

pub use find::{Unsafe, html_table};
pub use policy::{Amp, Attachments, Code, Elsewhere, Policy, SchemeRule, Scripts, Signed};
pub use report::{
    Change, Counts, Done, LeftPart, PartRule, Reason, RecodedPart, RemovedPart, Report, ReportedLink, Rule, Settled,
    Unread,
};
pub use rewriter::{Envelope, Refused, Rewriter, Rewritten};
