//! What an entry is found under.

use std::net::IpAddr;

use super::bytes::put_number;
use crate::list::{Entry, Network, Reach, Scope, network::number};

/// Bits for how deep prefixes lie: one for each depth, and the last for all that lie deeper.
pub(super) const DEPTHS: u32 = 64;

/// What a record under a key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Under a name: an entry for hosts.
    Hosts,
    /// Under a name and a prefix: an entry for paths.
    Paths,
    /// Under a URL.
    Url,
    /// Under a family, a length and the bits of that many.
    Network,
    /// Under a hash.
    File,
    /// Under a name: that prefixes of certain depths are on it.
    Below,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Hosts, Self::Paths, Self::Url, Self::Network, Self::File, Self::Below];

    /// As a bit in a set.
    pub(super) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Kind and reach in a byte.
pub(super) fn put_kind(kind: Kind, reach: Reach) -> u8 {
    let reach = match reach {
        Reach::Host => 0,
        Reach::Subdomains => 1,
        Reach::Domain => 2,
    };
    kind as u8 | reach << 3
}

/// What [`put_kind`] put; the other bits do not matter.
pub(super) fn kind_of(byte: u8) -> Option<(Kind, Reach)> {
    let reach = match byte >> 3 & 3 {
        0 => Reach::Host,
        1 => Reach::Subdomains,
        2 => Reach::Domain,
        _ => return None,
    };
    Some((*Kind::ALL.get(usize::from(byte & 7))?, reach))
}

/// Writes the key of an entry; `None` for a regular expression, which is found under nothing.
///
/// No two kinds of key have the same bytes: a name has no `/` in it, one with a prefix has one behind it, URL and hash
/// have a colon outside brackets before any, and a network begins with 0 or 1.
pub(super) fn put_key(entry: &Entry, out: &mut Vec<u8>) -> Option<(Kind, Reach)> {
    let (kind, reach) = match &entry.scope {
        Scope::Hosts { reach, name } => {
            out.extend_from_slice(name.as_bytes());
            (Kind::Hosts, *reach)
        }
        Scope::Paths { reach, name, prefix } => {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(prefix.as_bytes());
            (Kind::Paths, *reach)
        }
        Scope::Url(text) => {
            out.extend_from_slice(text.as_bytes());
            (Kind::Url, Reach::Host)
        }
        Scope::Network(network) => {
            out.extend_from_slice(NetworkKey::new(network.first(), network.length()).as_bytes());
            (Kind::Network, Reach::Host)
        }
        Scope::File(sha256) => {
            out.extend_from_slice(&file_key(sha256));
            (Kind::File, Reach::Host)
        }
        Scope::Pattern(_) => return None,
    };
    Some((kind, reach))
}

/// How deep a prefix lies, from 1, and no deeper than there are bits for.
pub(super) fn depth_of(prefix: &[u8]) -> u32 {
    depth(memchr::memchr_iter(b'/', prefix).count())
}

pub(super) fn depth(slashes: usize) -> u32 {
    u32::try_from(slashes).unwrap_or(DEPTHS).clamp(1, DEPTHS)
}

/// The key of a range of addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct NetworkKey {
    bytes: [u8; 18],
    length: usize,
}

impl NetworkKey {
    /// That of the first `length` bits of `address`.
    pub(super) fn new(address: IpAddr, length: u8) -> Self {
        let mut bytes = [0; 18];
        let (family, width) = if address.is_ipv4() { (0, 32) } else { (1, 128) };
        let kept = u128::MAX.checked_shl(width - u32::from(length).min(width)).unwrap_or(0);
        let address = (number(address) & kept).to_be_bytes();
        let octets = &address[16 - width as usize / 8..];
        bytes[0] = family;
        bytes[1] = length;
        bytes[2..2 + octets.len()].copy_from_slice(octets);
        Self { bytes, length: 2 + octets.len() }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The network with this key.
    pub(super) fn network(key: &[u8]) -> Option<Network> {
        let (length, octets) = key.get(1..)?.split_first()?;
        let first = match <[u8; 4]>::try_from(octets) {
            Ok(octets) => IpAddr::from(octets),
            Err(_) => IpAddr::from(<[u8; 16]>::try_from(octets).ok()?),
        };
        Network::range(first, *length)
    }
}

/// `sha256:` and the hash in lower case.
pub(super) fn file_key(sha256: &[u8; 32]) -> [u8; 71] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut key = [0; 71];
    let (name, digits) = key.split_at_mut(7);
    name.copy_from_slice(b"sha256:");
    for (pair, byte) in digits.chunks_exact_mut(2).zip(sha256) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    key
}

/// Writes an entry's note; nothing of it is needed to find the entry.
pub(super) fn put_note(entry: &Entry, out: &mut Vec<u8>) {
    let Some(note) = entry.note.as_deref() else { return };
    let texts = [&note.reason, &note.by, &note.reference];
    let bits = texts.iter().zip(0..).fold(0, |bits, (text, at)| bits | u8::from(text.is_some()) << at);
    out.push(bits | u8::from(note.until.is_some()) << 3);
    for text in texts.into_iter().flatten() {
        put_number(out, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    }
    if let Some(until) = note.until {
        out.extend_from_slice(&until.to_number().to_le_bytes());
    }
}
