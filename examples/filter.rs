//! A filter: a message comes in on stdin and goes out on stdout with signed links.
//!
//! `sekisho keys init` makes the keyring; then
//! `cargo run --example filter --no-default-features -- sekisho-data/keyring.toml < letter.eml`
#![allow(clippy::disallowed_methods)] // the clock: this is a program, not the library

use std::io::{self, Read as _, Write as _};
use std::{env, error::Error, fs, sync::Arc, time::SystemTime};

use sekisho::base::{TenantId, Timestamp};
use sekisho::link::{Keyring, LinkBase};
use sekisho::rewrite::{Envelope, Policy, Rewriter};
use sekisho::url::Suffixes;

fn main() -> Result<(), Box<dyn Error>> {
    let keyring = Keyring::parse(&fs::read_to_string(env::args().nth(1).ok_or("name the keyring")?)?)?;
    let now = Timestamp::from_secs(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() as i64);
    let (minter, opener) = (keyring.minter(TenantId(1), now)?, keyring.opener(&[TenantId(1)]));
    let base = LinkBase::parse("https://go.corp.example")?;
    let rewriter = Rewriter::new(minter, opener, base, Arc::new(Suffixes::builtin()), Policy::default());
    let mut message = Vec::new();
    io::stdin().read_to_end(&mut message)?;
    let rewritten = rewriter.rewrite(&message, &Envelope { recipient: None }, now)?; // an error: keep the message
    Ok(io::stdout().write_all(&rewritten.message)?)
}
