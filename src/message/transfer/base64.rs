use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::memchr;

use crate::message::line::{Newline, is_blank};

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
    let mut at = 0;
    while at < body.len() {
        let rest = body.get(at..).unwrap_or_default();
        let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest.get(..length).unwrap_or_default();
        at += length;
        if group.count > 0 || !decode_clean(line, &mut out) {
            line.iter().for_each(|byte| group.take(*byte, &mut out));
        }
        if group.count == 0 && line.ends_with(b"\n") {
            checkpoints.push(Checkpoint { decoded: out.len(), raw: at });
        }
    }
    group.flush(&mut out);
    (out, checkpoints)
}

/// Decodes a line of whole groups; `false`, and nothing done, for any other.
fn decode_clean(line: &[u8], out: &mut Vec<u8>) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let before = out.len();
    out.resize(before + line.len() / 4 * 3 + 3, 0);
    let room = out.get_mut(before..).unwrap_or_default();
    let decoded = STANDARD.decode_slice(line, room);
    out.truncate(before + decoded.as_ref().copied().unwrap_or(0));
    decoded.is_ok()
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
    let mut rest = body;
    while !rest.is_empty() {
        let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let (line, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        rest = behind;
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if padding == 0 && text.iter().fold(0, |all, byte| all | OTHERS[usize::from(*byte)]) == 0 {
            count += text.len();
            continue;
        }
        for byte in line {
            match byte {
                b'=' => padding += 1,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                other if sextet(*other).is_some() && padding == 0 => count += 1,
                _ => return true,
            }
        }
    }
    !(count + padding).is_multiple_of(4) || padding > 2
}

/// 1 for what is none of the alphabet.
static OTHERS: [u8; 256] = {
    let mut others = [1; 256];
    let mut at = 0;
    while at < 256 {
        if matches!(at as u8, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/') {
            others[at] = 0;
        }
        at += 1;
    }
    others
};

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
    fn take(&mut self, byte: u8, out: &mut Vec<u8>) {
        match sextet(byte) {
            Some(value) => self.push(value, out),
            None if byte == b'=' => self.flush(out),
            None => {}
        }
    }

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
        let mut out = String::with_capacity(bytes.len() / 3 * 4 + bytes.len() / 28 + 8);
        for (number, line) in bytes.chunks((self.width / 4 * 3).max(3)).enumerate() {
            if number > 0 {
                out.push_str(self.newline.as_str());
            }
            STANDARD.encode_string(line, &mut out);
        }
        out.into_bytes()
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

    /// One byte after the other.
    fn by_bytes(body: &[u8]) -> (Vec<u8>, Vec<Checkpoint>) {
        let (mut out, mut group) = (Vec::new(), Group::default());
        let mut checkpoints = vec![Checkpoint { decoded: 0, raw: 0 }];
        for (at, byte) in body.iter().enumerate() {
            group.take(*byte, &mut out);
            if *byte == b'\n' && group.count == 0 {
                checkpoints.push(Checkpoint { decoded: out.len(), raw: at + 1 });
            }
        }
        group.flush(&mut out);
        (out, checkpoints)
    }

    proptest! {
        #[test]
        fn lines_come_to_the_same_as_bytes(body in "(aGVs|[aQ+/= \r\n-]|\r\n|aQ==){0,24}") {
            prop_assert_eq!(decode(body.as_bytes()), by_bytes(body.as_bytes()));
        }

        #[test]
        fn encoding_is_undone(bytes in proptest::collection::vec(any::<u8>(), 0..300), groups in 1_usize..30) {
            let layout = Layout { width: groups * 4, newline: Newline::Crlf };
            let body = layout.encode(&bytes);
            prop_assert!(body.split(|byte| *byte == b'\n').all(|line| line.len() <= groups * 4 + 1));
            prop_assert_eq!(decode(&body).0, bytes);
        }
    }
}
