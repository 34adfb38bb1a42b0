//! What a CMS structure signs (RFC 5652 section 5), without a look at the signature: S/MIME that is opaque hides a whole
//! message from whoever does not take it out, though nothing in it is secret (attack row 96).

/// Elements inside one another, at most.
const DEPTH: usize = 16;

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;
const OCTETS: u8 = 0x04;
const OCTETS_IN_PIECES: u8 = 0x24;

/// The content of a SignedData; `None` where the bytes are none, or its content is elsewhere.
pub fn signed_content(bytes: &[u8]) -> Option<Vec<u8>> {
    let info = Element::first(bytes, 0)?.inside(SEQUENCE)?;
    let kind = Element::first(info, 0)?;
    if kind.inside(OBJECT)? != SIGNED_DATA {
        return None;
    }
    let signed = Element::first(Element::first(kind.rest, 0)?.inside(CONTEXT_0)?, 0)?.inside(SEQUENCE)?;
    // Version and digest algorithms come first.
    let version = Element::first(signed, 0)?;
    let algorithms = Element::first(version.rest, 0)?;
    let encapsulated = Element::first(algorithms.rest, 0)?.inside(SEQUENCE)?;
    let kind = Element::first(encapsulated, 0)?;
    let content = Element::first(Element::first(kind.rest, 0)?.inside(CONTEXT_0)?, 0)?;
    let mut out = Vec::new();
    octets(&content, &mut out, 0)?;
    Some(out)
}

/// A string of octets, whole or in pieces.
fn octets(element: &Element<'_>, out: &mut Vec<u8>, depth: usize) -> Option<()> {
    match element.tag {
        OCTETS => out.extend_from_slice(element.content),
        OCTETS_IN_PIECES if depth < DEPTH => {
            let mut rest = element.content;
            while !rest.is_empty() {
                let piece = Element::first(rest, 0)?;
                octets(&piece, out, depth + 1)?;
                rest = piece.rest;
            }
        }
        _ => return None,
    }
    Some(())
}

/// One element of BER, with what follows it.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Element<'a> {
    fn first(bytes: &'a [u8], depth: usize) -> Option<Self> {
        let [tag, length, rest @ ..] = bytes else { return None };
        let (length, rest) = match *length {
            short @ 0..0x80 => (usize::from(short), rest),
            0x80 => return Self::endless(*tag, rest, depth),
            long => {
                let (digits, rest) =
                    rest.split_at_checked(usize::from(long & 0x7f)).filter(|(digits, _)| digits.len() <= 4)?;
                (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
            }
        };
        let (content, rest) = rest.split_at_checked(length)?;
        Some(Self { tag: *tag, content, rest })
    }

    /// Its length is not said: it goes to the two zeros behind its last element.
    fn endless(tag: u8, bytes: &'a [u8], depth: usize) -> Option<Self> {
        if depth >= DEPTH {
            return None;
        }
        let mut rest = bytes;
        loop {
            if let Some(behind) = rest.strip_prefix(&[0, 0]) {
                let content = bytes.get(..bytes.len() - rest.len())?;
                return Some(Self { tag, content, rest: behind });
            }
            rest = Self::first(rest, depth + 1)?.rest;
        }
    }

    fn inside(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];

    /// In the endless form, its content in two pieces.
    fn endless() -> Vec<u8> {
        let mut out = vec![0x30, 0x80];
        out.extend(HEAD);
        out.extend([0xa0, 0x80, 0x30, 0x80, 2, 1, 1, 0x31, 0, 0x30, 0x80, 6, 1, 1, 0xa0, 0x80, 0x24, 0x80]);
        out.extend([4, 2, b'h', b'e', 4, 3, b'l', b'l', b'o']);
        out.extend([0; 12]);
        out
    }

    #[test]
    fn the_content_is_taken_out() {
        assert_eq!(signed_content(&endless()).as_deref(), Some(&b"hello"[..]));
        assert_eq!(signed_content(&endless()[..30]), None);
        assert_eq!(signed_content(b"hello"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..80), at in 0_usize..50, byte in any::<u8>()) {
            signed_content(&bytes);
            let mut bent = endless();
            bent.iter_mut().skip(at).take(1).for_each(|place| *place = byte);
            signed_content(&bent);
        }
    }
}
