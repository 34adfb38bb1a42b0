//! Bytes of the token and of the two path segments, with nothing proven yet.

use base64_simd::{AsOut as _, URL_SAFE_NO_PAD};

use super::facts::{KeyId, Place};
use crate::base::{MessageHash, RecipientHash, TenantId, Timestamp};

/// What every tag input begins with.
pub(super) const DOMAIN: &[u8] = b"sekisho link v1\0";
/// The last character of a token.
pub(super) const VERSION: u8 = b'1';
/// The host segment of a link whose host stands inside the token.
pub(super) const INSIDE: &str = "-";
/// Bytes before `rest`.
pub(super) const HEADER: usize = 27;
/// Bytes after `rest`.
pub(super) const TAG: usize = 16;
/// Characters of the header: 27 bytes are 36 characters exactly, so the rest begins on a boundary.
const HEADER_CHARS: usize = HEADER / 3 * 4;
/// The longest `rest`. A destination has a scheme too, so the longest that is minted stays under it.
pub(super) const REST_MAX: usize = super::mint::DESTINATION_MAX;
/// No token has more characters before its version.
const CHARS_MAX: usize = (HEADER + REST_MAX + TAG).div_ceil(3) * 4;
/// The longest name in a host segment, port apart.
const NAME_MAX: usize = 253;
/// The epoch of `issued`, 2020-01-01T00:00Z, in minutes since 1970.
const EPOCH_MINUTES: i64 = 26_297_280;
/// Characters decoded at a time, on the stack.
const BLOCK: usize = 1024;

const HTTPS: u8 = 1;
const HOST_INSIDE: u8 = 1 << 1;
const PLACE_SHIFT: u8 = 2;
const PLACE_MASK: u8 = 0b111;
const KNOWN: u8 = HTTPS | HOST_INSIDE | PLACE_MASK << PLACE_SHIFT;

/// The flags of a token, each of them known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) https: bool,
    pub(super) host_inside: bool,
    pub(super) place: Place,
}

impl Flags {
    pub(super) fn to_byte(self) -> u8 {
        let place = Place::ALL.iter().zip(0..).find_map(|(place, at)| (*place == self.place).then_some(at));
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        bit(self.https, HTTPS) | bit(self.host_inside, HOST_INSIDE) | place.unwrap_or(0) << PLACE_SHIFT
    }

    /// `None` where a bit or a place is not known.
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        let place = *Place::ALL.get(usize::from(byte >> PLACE_SHIFT & PLACE_MASK))?;
        (byte & !KNOWN == 0).then_some(Self { https: byte & HTTPS != 0, host_inside: byte & HOST_INSIDE != 0, place })
    }
}

/// The 27 bytes before `rest`, as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) key: KeyId,
    pub(super) tenant: TenantId,
    pub(super) flags: u8,
    pub(super) issued: u32,
    pub(super) message: MessageHash,
    pub(super) recipient: RecipientHash,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let [k0, k1, k2, k3] = self.key.0;
        let [t0, t1] = self.tenant.0.to_be_bytes();
        let [i0, i1, i2, i3] = self.issued.to_be_bytes();
        let mut bytes = [0; HEADER];
        let (front, hashes) = bytes.split_at_mut(11);
        front.copy_from_slice(&[k0, k1, k2, k3, t0, t1, self.flags, i0, i1, i2, i3]);
        let (message, recipient) = hashes.split_at_mut(8);
        message.copy_from_slice(&self.message.0);
        recipient.copy_from_slice(&self.recipient.0);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; HEADER]) -> Self {
        let [k0, k1, k2, k3, t0, t1, flags, i0, i1, i2, i3, hashes @ ..] = *bytes;
        let [m0, m1, m2, m3, m4, m5, m6, m7, recipient @ ..] = hashes;
        Self {
            key: KeyId([k0, k1, k2, k3]),
            tenant: TenantId(u16::from_be_bytes([t0, t1])),
            flags,
            issued: u32::from_be_bytes([i0, i1, i2, i3]),
            message: MessageHash([m0, m1, m2, m3, m4, m5, m6, m7]),
            recipient: RecipientHash(recipient),
        }
    }
}

/// Minutes since 2020 of a moment, rounded down; `None` outside 2020 … 10186.
pub(super) fn minutes(moment: Timestamp) -> Option<u32> {
    u32::try_from(moment.secs().div_euclid(60) - EPOCH_MINUTES).ok()
}

/// The moment at which a minute since 2020 begins.
pub(super) fn moment(minutes: u32) -> Timestamp {
    Timestamp::from_secs((EPOCH_MINUTES + i64::from(minutes)) * 60)
}

/// Whether a destination's host and port can stand in clear in the path: a name with a dot, of lower-case letters,
/// digits, `.`, `_` and `-`, no label empty, letter or digit first and last, at most 253 bytes, then perhaps a port.
pub(super) fn is_host_segment(segment: &[u8]) -> bool {
    let (name, port) = match segment.iter().position(|byte| *byte == b':') {
        Some(at) => (segment.get(..at).unwrap_or_default(), segment.get(at + 1..)),
        None => (segment, None),
    };
    is_name(name) && port.is_none_or(is_port)
}

fn is_name(name: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= NAME_MAX
        && name.first().is_some_and(plain)
        && name.last().is_some_and(plain)
        && name.iter().all(|byte| plain(byte) || matches!(byte, b'.' | b'_' | b'-'))
        && name.contains(&b'.')
        && !name.windows(2).any(|pair| pair == b"..")
}

/// Decimal, without a leading zero, 0 … 65535.
fn is_port(port: &[u8]) -> bool {
    let number = std::str::from_utf8(port).ok().and_then(|digits| digits.parse::<u16>().ok());
    number.is_some() && port.iter().all(u8::is_ascii_digit) && (port.len() == 1 || port.first() != Some(&b'0'))
}

/// Why bytes are not `/host/token`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shapeless {
    Path,
    Host,
    Token,
    Slash,
    Version,
    Length,
}

/// The one reading of a path: a host segment and the characters of a token without its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate<'p> {
    pub(super) segment: &'p [u8],
    pub(super) chars: &'p [u8],
    /// Bytes of the path that the link itself takes.
    pub(super) length: usize,
}

impl<'p> Candidate<'p> {
    /// Reads `/host/token` and whatever was glued to it.
    pub(super) fn find(path: &'p [u8]) -> Result<Self, Shapeless> {
        let inner = path.strip_prefix(b"/").ok_or(Shapeless::Path)?;
        // No segment is longer, so the search for its end needs to look no further.
        let near = inner.get(..NAME_MAX + 7).unwrap_or(inner);
        let slash = near.iter().position(|byte| *byte == b'/').ok_or(Shapeless::Path)?;
        let (segment, after) = (inner.get(..slash).unwrap_or_default(), inner.get(slash + 1..).unwrap_or_default());
        if segment != INSIDE.as_bytes() && !is_host_segment(segment) {
            return Err(Shapeless::Host);
        }
        let token = run(after);
        if after.get(token.len()) == Some(&b'/') {
            return Err(Shapeless::Slash);
        }
        let (version, chars) = token.split_last().ok_or(Shapeless::Token)?;
        if *version != VERSION {
            return Err(Shapeless::Version);
        }
        // One character over a multiple of four encodes no byte; the shortest `rest` is one byte.
        let bytes = bytes_of(chars.len());
        if chars.len() % 4 == 1 || bytes <= HEADER + TAG || bytes > HEADER + REST_MAX + TAG {
            return Err(Shapeless::Length);
        }
        Ok(Self { segment, chars, length: 2 + segment.len() + token.len() })
    }

    /// Something to spend the same work on where the path has no shape.
    pub(super) fn decoy(path: &'p [u8]) -> Self {
        let chars = path.get(..CHARS_MAX).unwrap_or(path);
        Self { segment: INSIDE.as_bytes(), chars, length: 0 }
    }

    /// The header, all zeros (and `false`) where the characters spell none.
    pub(super) fn header(&self) -> ([u8; HEADER], bool) {
        let mut bytes = [0; HEADER];
        let chars = self.chars.get(..HEADER_CHARS).unwrap_or_default();
        let sound = decoded(chars, &mut bytes) == Some(HEADER);
        (bytes, sound)
    }

    /// Bytes of `rest`.
    pub(super) fn rest_length(&self) -> usize {
        bytes_of(self.chars.len()).saturating_sub(HEADER + TAG)
    }

    /// Gives `rest` to `sink` in pieces and returns the tag, or `None` where the characters are not the one spelling
    /// of any bytes; `sink` then still gets as many bytes, so that the work is the same. Allocates nothing.
    pub(super) fn rest(&self, mut sink: impl FnMut(&[u8])) -> Option<[u8; TAG]> {
        let (mut left, mut tag, mut filled, mut sound) = (self.rest_length(), [0; TAG], 0, true);
        for block in self.chars.get(HEADER_CHARS..).unwrap_or_default().chunks(BLOCK) {
            let mut bytes = [0; BLOCK / 4 * 3];
            sound &= decoded(block, &mut bytes) == Some(bytes_of(block.len()));
            let decoded = bytes.get(..bytes_of(block.len())).unwrap_or_default();
            let (rest, end) = decoded.split_at(left.min(decoded.len()));
            sink(rest);
            left -= rest.len();
            for byte in end {
                if let Some(place) = tag.get_mut(filled) {
                    *place = *byte;
                }
                filled += 1;
            }
        }
        (sound && filled == TAG).then_some(tag)
    }
}

/// Characters of base64url. A table: every byte of every path that comes is held against it.
const SPELLS: [bool; 256] = {
    let mut spells = [false; 256];
    let mut byte = 0;
    while byte < spells.len() {
        spells[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_' || byte as u8 == b'-';
        byte += 1;
    }
    spells
};

/// The longest run of token characters, less the punctuation at its end, which a client may have glued on.
fn run(bytes: &[u8]) -> &[u8] {
    let glued = bytes.iter().position(|byte| !SPELLS[usize::from(*byte)]);
    let run = bytes.get(..glued.unwrap_or(bytes.len())).unwrap_or_default();
    let end = run.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1);
    run.get(..end).unwrap_or_default()
}

/// How many bytes `chars` spell, which are then in `bytes`. `None` where they are not the one spelling of any; what is in
/// `bytes` then is nothing to go by.
fn decoded(chars: &[u8], bytes: &mut [u8]) -> Option<usize> {
    URL_SAFE_NO_PAD.decode(chars, bytes.as_out()).ok().map(|bytes| bytes.len())
}

/// Bytes that so many characters spell.
const fn bytes_of(chars: usize) -> usize {
    chars * 3 / 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn host_segments() {
        let label = "x".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", &label[..61]);
        for good in ["a.b", "www.shop.example", "a-b_c.d--e.f0", "1.2.3.4:8080", "a.b:0", "a.b:65535", &longest] {
            assert!(is_host_segment(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            ".",
            "a",
            "-",
            "~",
            "a.",
            ".a",
            "a..b",
            "-a.b",
            "a.b-",
            "_a.b",
            "a.b_",
            "A.b",
            "a b.c",
            "a.b:",
            "a.b:01",
            "a.b:00",
            "a.b:65536",
            "a.b:+1",
            "a.b:1:2",
            "a.b:x",
            "[::1]",
            "a.b/",
            "a%2eb.c",
            "é.b",
            ":80",
            "robots.txt/",
        ] {
            assert!(!is_host_segment(bad.as_bytes()), "{bad}");
        }
        assert!(!is_host_segment(format!("{longest}x").as_bytes()));
    }

    #[test]
    fn each_flags_byte_has_one_reading_or_none() {
        let read: Vec<u8> = (0..=255).filter(|byte| Flags::from_byte(*byte).is_some()).collect();
        assert_eq!(read, (0..16).collect::<Vec<u8>>());
        assert!(read.iter().all(|byte| Flags::from_byte(*byte).map(Flags::to_byte) == Some(*byte)));
    }

    #[test]
    fn a_token_has_one_spelling() {
        let spelled = |last: &str| {
            let path = format!("/a.b/{}{last}1", "A".repeat(58));
            let mut rest = Vec::new();
            let tag = Candidate::find(path.as_bytes()).unwrap().rest(|piece| rest.extend_from_slice(piece));
            (rest, tag)
        };
        assert_eq!(spelled("A"), (vec![0], Some([0; TAG])));
        assert_eq!(spelled("E").1.map(|tag| tag[TAG - 1]), Some(1));
        // The two low bits of the last character spell nothing; set, they are refused, and the work stays the same.
        for other in ["B", "C", "D"] {
            assert_eq!((spelled(other).0.len(), spelled(other).1), (1, None), "{other}");
        }
    }

    proptest! {
        #[test]
        fn characters_spell_what_another_library_says(chars in "[A-Za-z0-9_-]{0,90}[A-Za-z0-9_=+/ -]{0,3}") {
            use base64::{Engine as _, engine::general_purpose};
            let mut bytes = [0; 128];
            let read = decoded(chars.as_bytes(), &mut bytes).map(|length| bytes[..length].to_vec());
            prop_assert_eq!(read, general_purpose::URL_SAFE_NO_PAD.decode(&chars).ok());
        }

        #[test]
        fn a_header_survives_its_bytes(bytes: [u8; 27]) {
            prop_assert_eq!(Header::from_bytes(&bytes).to_bytes(), bytes);
        }

        #[test]
        fn minutes_survive_as_moments(minutes: u32, within in 0..60_000_i64) {
            prop_assert_eq!(super::minutes(moment(minutes)), Some(minutes));
            prop_assert_eq!(super::minutes(moment(minutes).plus_millis(within)), Some(minutes));
        }
    }
}
