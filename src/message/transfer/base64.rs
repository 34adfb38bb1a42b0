use crate::message::line::{Newline, is_blank};
use memchr::memchr;

/// A line of the body that begins with a whole group, and the decoded offset at which its bytes begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) decoded: usize,
    pub(crate) raw: usize,
}

/// Bytes outside the alphabet are passed over (RFC 2045 section 6.8); missing padding is forgiven; padding ends a group,
/// and what follows it is read on (attack row 77).
pub(crate) fn decode(body: &[u8]) -> (Vec<u8>, Vec<Checkpoint>) {
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let mut checkpoints = vec![Checkpoint { decoded: 0, raw: 0 }];
    let mut group = Group::default();
    for (at, byte) in body.iter().enumerate() {
        match sextet(*byte) {
            Some(value) => group.push(value, &mut out),
            None if *byte == b'=' => group.flush(&mut out),
            None if *byte == b'\n' && group.count == 0 => {
                checkpoints.push(Checkpoint { decoded: out.len(), raw: at + 1 });
            }
            None => {}
        }
    }
    group.flush(&mut out);
    (out, checkpoints)
}

/// What decoders make of a body that is no clean base64 (attack row 77), other than [`decode`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Nothing counts behind the first `=`.
    StopsAtPadding,
    /// A `=` is passed over like any other character that is none of the alphabet.
    SkipsPadding,
    /// Each line is decoded by itself.
    LineByLine,
    /// Nothing counts behind the first character that is neither of the alphabet nor a blank.
    StopsAtNoise,
    /// `-` and `_` stand for `+` and `/`.
    UrlSafe,
}

/// Whether decoders could differ over a body: other characters than the alphabet and line breaks, padding before the
/// end, a group that is not whole.
pub(crate) fn is_damaged(body: &[u8]) -> bool {
    let (mut count, mut padding) = (0_usize, 0_usize);
    for byte in body {
        match byte {
            b'=' => padding += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            other if sextet(*other).is_some() && padding == 0 => count += 1,
            _ => return true,
        }
    }
    !(count + padding).is_multiple_of(4) || padding > 2
}

/// As a decoder with that habit decodes.
pub(crate) fn decode_as(body: &[u8], habit: Damage) -> Vec<u8> {
    let is_noise = |byte: &u8| sextet(*byte).is_none() && !byte.is_ascii_whitespace() && *byte != b'=';
    let until = |end: Option<usize>| decode(body.get(..end.unwrap_or(body.len())).unwrap_or_default()).0;
    match habit {
        Damage::StopsAtPadding => until(body.iter().position(|byte| *byte == b'=')),
        Damage::StopsAtNoise => until(body.iter().position(is_noise)),
        Damage::SkipsPadding => decode(&body.iter().copied().filter(|byte| *byte != b'=').collect::<Vec<_>>()).0,
        Damage::LineByLine => body.split(|byte| *byte == b'\n').flat_map(|line| decode(line).0).collect(),
        Damage::UrlSafe => {
            let standard = |byte: &u8| match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            };
            decode(&body.iter().map(standard).collect::<Vec<_>>()).0
        }
    }
}

#[derive(Default)]
struct Group {
    bits: u32,
    count: u8,
}

impl Group {
    fn push(&mut self, value: u8, out: &mut Vec<u8>) {
        self.bits = self.bits << 6 | u32::from(value);
        self.count += 1;
        if self.count == 4 {
            self.flush(out);
        }
    }

    /// The whole bytes of a group that may be short.
    fn flush(&mut self, out: &mut Vec<u8>) {
        let [_, first, second, third] = (self.bits << (24 - 6 * u32::from(self.count))).to_be_bytes();
        let bytes = usize::from(self.count) * 6 / 8;
        out.extend([first, second, third].into_iter().take(bytes));
        *self = Self::default();
    }
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// How the lines of a base64 body are laid, so that what is re-made looks like what stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Characters on a line, a multiple of 4.
    width: usize,
    newline: Newline,
}

impl Layout {
    const USUAL: usize = 76;
    const LONGEST: usize = 996;

    /// As the first line of `body` has it. 76 where that is no layout to follow: a line that is too long for SMTP, or
    /// the only one there is and shorter than usual.
    pub(crate) fn of(body: &[u8], otherwise: Newline) -> Self {
        let text = body.trim_ascii();
        let end = memchr(b'\n', text);
        let newline = end.map_or(otherwise, |_| Newline::of(text));
        let line = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
        let width = line.iter().filter(|byte| !is_blank(**byte) && **byte != b'\r').count();
        let follows = width % 4 == 0 && (4..=Self::LONGEST).contains(&width) && (end.is_some() || width > Self::USUAL);
        Self { width: if follows { width } else { Self::USUAL }, newline }
    }

    /// `bytes` in lines, without a break after the last.
    pub(crate) fn encode(self, bytes: &[u8]) -> Vec<u8> {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = Vec::with_capacity(bytes.len() / 3 * 4 + bytes.len() / 28 + 8);
        let mut column = 0;
        for group in bytes.chunks(3) {
            if column == self.width {
                out.extend_from_slice(self.newline.as_bytes());
                column = 0;
            }
            let mut padded = [0; 4];
            for (place, byte) in padded.iter_mut().skip(1).zip(group) {
                *place = *byte;
            }
            let bits = u32::from_be_bytes(padded);
            for number in 0..4_usize {
                let value = (bits >> (18 - 6 * number)) as usize & 63;
                out.push(if number > group.len() { b'=' } else { ALPHABET[value] });
            }
            column += 4;
        }
        out
    }
}

/// How much of `body` is base64: without the line breaks and blanks at its end.
pub(crate) fn data_end(body: &[u8]) -> usize {
    body.trim_ascii_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(body: &str) -> String {
        String::from_utf8(decode(body.as_bytes()).0).unwrap()
    }

    #[test]
    fn damaged_base64_is_read_as_far_as_it_goes() {
        assert_eq!(decoded("aGVsbG8="), "hello");
        assert_eq!(decoded("aGVs\r\nbG8"), "hello");
        assert_eq!(decoded("aG!V*s b-G8"), "hello");
        assert_eq!(decoded("aGVsbG8=IHdvcmxk"), "hello world");
        assert_eq!(decoded("aA==aQ=="), "hi");
        assert_eq!(decoded("===="), "");
        assert_eq!(decoded("a"), "");
    }

    #[test]
    fn checkpoints_stand_where_a_line_begins_a_group() {
        let (_, checkpoints) = decode(b"aGVs\r\nbG\n8=\naGVs");
        let at = |decoded, raw| Checkpoint { decoded, raw };
        assert_eq!(checkpoints, [at(0, 0), at(3, 6), at(5, 12)]);
    }

    #[test]
    fn layout_follows_the_first_line() {
        let of = |body: &str| Layout::of(body.as_bytes(), Newline::Crlf);
        assert_eq!(of("aGVsbG8h\naGVs\n"), Layout { width: 8, newline: Newline::Lf });
        assert_eq!(of("aGVs").width, 76);
        assert_eq!(of(&"aGVs".repeat(500)).width, 76);
        assert_eq!(of(&"aGVs".repeat(25)).width, 100);
        assert_eq!(Layout { width: 8, newline: Newline::Crlf }.encode(b"hello world"), b"aGVsbG8g\r\nd29ybGQ=");
    }

    proptest! {
        #[test]
        fn encoding_is_undone(bytes in proptest::collection::vec(any::<u8>(), 0..300), groups in 1_usize..30) {
            let layout = Layout { width: groups * 4, newline: Newline::Crlf };
            let body = layout.encode(&bytes);
            prop_assert!(body.split(|byte| *byte == b'\n').all(|line| line.len() <= groups * 4 + 1));
            prop_assert_eq!(decode(&body).0, bytes);
        }
    }
}
