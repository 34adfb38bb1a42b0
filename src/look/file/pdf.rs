//! PDF: actions that run something (ISO 32000-1 section 12.6). Objects are looked for by their names, in the file and in
//! its packed streams of objects; nothing is laid out.

use memchr::memmem;

use super::zip::inflate;
use crate::look::{Check, check::Seen};

/// Streams of objects that are unpacked, and bytes of each and of all.
const STREAMS: usize = 64;
const EACH: usize = 512 * 1024;
const ALL: usize = 4 * 1024 * 1024;

pub(super) fn look(bytes: &[u8], seen: &mut Seen<'_>) {
    let mut names = Names::default();
    names.read(bytes);
    let mut left = ALL;
    for at in memmem::find_iter(bytes, b"/ObjStm").take(STREAMS) {
        let Some(stream) = stream_behind(bytes, at) else { continue };
        let unpacked = unpacked(stream, EACH.min(left));
        left -= unpacked.len();
        names.read(&unpacked);
    }
    if names.launches {
        seen.mark(Check::FilePdfLaunch, "the document starts a program");
    }
    if names.scripts && names.opens {
        seen.mark(Check::FilePdfScript, "the document runs a script when it is opened");
    }
}

#[derive(Default)]
struct Names {
    launches: bool,
    scripts: bool,
    opens: bool,
}

impl Names {
    /// Names may be written with `#` and hexadecimal digits (section 7.3.5), which honest writers do not do to these.
    fn read(&mut self, bytes: &[u8]) {
        for at in memchr::memchr_iter(b'/', bytes) {
            let Some(rest) = bytes.get(at + 1..) else { break };
            let mut name = [0_u8; 16];
            let (mut length, mut from) = (0, 0);
            while let Some(&byte) = rest.get(from).filter(|byte| byte.is_ascii_alphanumeric() || **byte == b'#') {
                let hex = (byte == b'#')
                    .then(|| {
                        std::str::from_utf8(rest.get(from + 1..from + 3)?)
                            .ok()
                            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                    })
                    .flatten();
                let Some(place) = name.get_mut(length) else { break };
                *place = hex.unwrap_or(byte);
                from += if hex.is_some() { 3 } else { 1 };
                length += 1;
            }
            match name.get(..length).unwrap_or_default() {
                b"Launch" => self.launches = true,
                b"JavaScript" | b"JS" => self.scripts = true,
                b"OpenAction" | b"AA" => self.opens = true,
                _ => {}
            }
        }
    }
}

/// The bytes between `stream` and `endstream` behind a place.
fn stream_behind(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..)?;
    // A dictionary is short.
    let start = memmem::find(rest.get(..2048).unwrap_or(rest), b"stream")? + "stream".len();
    let rest = rest.get(start..)?;
    let rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).unwrap_or(rest);
    Some(rest.get(..EACH).unwrap_or(rest))
}

/// Flate with its two bytes of header (RFC 1950).
fn unpacked(stream: &[u8], most: usize) -> Vec<u8> {
    stream.get(2..).map(|deflated| inflate(deflated, most)).unwrap_or_default()
}
