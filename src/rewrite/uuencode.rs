//! Files in text as they were sent before MIME (`begin 644 page.html`): some clients show them as attachments still
//! (attack row 78).

use std::ops::Range;

/// Files in one text, at most; what stands behind them is text.
const FILES: usize = 1000;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// In lower case.
    pub(super) name: String,
    /// Where its lines stand, without the first and the last one.
    pub(super) data: Range<usize>,
    pub(super) bytes: Vec<u8>,
    pub(super) newline: &'static str,
}

/// All files of a text, in order. One that does not end is taken as far as its lines go.
pub(super) fn files(text: &str) -> Vec<File> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) =
        bytes.get(at..).and_then(|rest| memchr::memmem::find(rest, b"begin ")).map(|start| at + start)
    {
        at = start + 1;
        let first = start == 0 || bytes.get(start - 1) == Some(&b'\n');
        let Some((line, next)) = line(text, start).filter(|_| first && found.len() < FILES) else { continue };
        let Some(name) = name(line) else { continue };
        let file = file(text, name, next);
        at = file.data.end.max(at);
        if !file.bytes.is_empty() {
            found.push(file);
        }
    }
    found
}

/// What stands on the line at `at`, and where the next one begins.
fn line(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
    let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
    let line = rest.get(..length)?;
    Some((line.strip_suffix('\r').unwrap_or(line), (at + length + 1).min(text.len())))
}

/// `begin`, a mode of three or four digits, a name.
fn name(line: &str) -> Option<String> {
    let (mode, name) = line.strip_prefix("begin ")?.trim_start().split_once(' ')?;
    let octal = (3..=4).contains(&mode.len()) && mode.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    octal.then(|| name.trim().to_ascii_lowercase())
}

fn file(text: &str, name: String, start: usize) -> File {
    let newline = if text.get(..start).is_some_and(|before| before.ends_with("\r\n")) { "\r\n" } else { "\n" };
    let (mut bytes, mut at) = (Vec::new(), start);
    while let Some((line, next)) = line(text, at) {
        let Some(decoded) = decoded(line.as_bytes()) else { break };
        bytes.extend(decoded);
        at = next;
    }
    File { name, data: start..at, bytes, newline }
}

/// The bytes of one line; `None` for what is none.
fn decoded(line: &[u8]) -> Option<Vec<u8>> {
    let (length, data) = line.split_first()?;
    let sextet = |byte: u8| matches!(byte, b' '..=b'`').then(|| u32::from(byte - b' ') & 63);
    let length = sextet(*length)? as usize;
    if line == b"end" || data.len() > length.div_ceil(3) * 4 + 2 {
        return None;
    }
    let mut out = Vec::with_capacity(length + 3);
    for group in data.chunks(4) {
        let mut bits = 0;
        for number in 0..4 {
            // Blanks at the end of a line get lost.
            bits = bits << 6 | sextet(group.get(number).copied().unwrap_or(b' '))?;
        }
        let [_, first, second, third] = bits.to_be_bytes();
        out.extend([first, second, third]);
    }
    out.resize(length, 0);
    Some(out)
}

/// Lines of a file, with the empty one that ends it.
pub(super) fn encoded(bytes: &[u8], newline: &str) -> String {
    let glyph = |value: u32| if value == 0 { '`' } else { char::from_u32(value + 32).unwrap_or('`') };
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + bytes.len() / 20 + 8);
    for line in bytes.chunks(45) {
        out.push(glyph(line.len() as u32));
        for group in line.chunks(3) {
            let mut padded = [0; 4];
            padded.iter_mut().skip(1).zip(group).for_each(|(place, byte)| *place = *byte);
            let bits = u32::from_be_bytes(padded);
            (0..4).for_each(|number| out.push(glyph(bits >> (18 - 6 * number) & 63)));
        }
        out.push_str(newline);
    }
    out.push('`');
    out.push_str(newline);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_are_found_and_written_back() {
        let text = "see\nbegin 644 A.TXT\n#0V%T\n`\nend\nbegin with a word\nbegin 644 x\nno";
        let found = files(text);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].bytes.as_slice()), ("a.txt", &b"Cat"[..]));
        assert_eq!(&text[found[0].data.clone()], encoded(b"Cat", "\n"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(begin 644 x\n)?[ -a\n]{0,200}") {
            for file in files(&text) {
                prop_assert!(text.get(file.data).is_some());
            }
        }

        #[test]
        fn encoding_is_undone(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            let text = format!("begin 644 x\r\n{}end\r\n", encoded(&bytes, "\r\n"));
            prop_assert_eq!(&files(&text)[0].bytes, &bytes);
        }
    }
}
