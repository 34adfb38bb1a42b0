//! The signed link, version 1: its bytes, the keyring, minting and opening.
//!
//! A link carries its destination, whole, and proves that one of our keys minted it for one tenant: what is minted once
//! opens for years, on any node that has the keyring, without a database. `docs/LINK-FORMAT.md` is the contract; this
//! module is one implementation of it and `tests/decode_link.py` another.
//!
//! Promises: what comes out of [`Opener::open`] is byte for byte the URL that went into [`Minter::mint`]; every bad
//! link gets one and the same answer, after one HMAC, without an allocation. Refuses: a second candidate, a second
//! spelling, any algorithm named by the link itself. A valid link says "we minted this", never "this is safe".

mod base;
mod chain;
mod decode;
mod derive;
mod destination;
mod facts;
mod keyring;
mod keyring_text;
mod mint;
mod moment;
mod nonce;
mod open;
mod ring_error;
mod token;

// Tests that read files, so no part of a pure floor; they see the derived keys, so no part of `tests/it`.
#[cfg(test)]
#[path = "../../tests/vectors/primitives.rs"]
mod primitives;
#[cfg(test)]
#[path = "../../tests/vectors/link_v1.rs"]
mod vectors;

pub use base::{BadLinkBase, LinkBase, is_reserved, is_whole, own_path};
pub use chain::chain;
pub use decode::decode;
pub use destination::NotALink;
pub use facts::{Facts, KeyId, Link, LinkId, Place};
pub use keyring::{Key, KeyState, Keyring, ROTATION_OVERLAP};
pub use mint::{DESTINATION_MAX, MintError, Minted, Minter};
pub use nonce::Nonces;
pub use open::{AHEAD_MAX, Damaged, Opener, Verified};
pub use ring_error::{KeyringError, Problem};
