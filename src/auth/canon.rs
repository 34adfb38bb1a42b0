use sha2::{Digest as _, Sha256};

/// How the bytes of a body are made the same whoever handed them on (RFC 6376 section 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canon {
    /// As they stand, without empty lines at the end.
    Simple,
    /// The same, and blanks count as one or, at the end of a line, as none.
    Relaxed,
}

/// The SHA-256 of a body. A line feed ends a line with or without a carriage return before it: a pipe brings none.
pub fn body_hash(body: &[u8], canon: Canon) -> [u8; 32] {
    let mut hash = Sha256::new();
    let (mut empty, mut any, mut line) = (0_usize, false, Vec::new());
    for raw in body.split_inclusive(|byte| *byte == b'\n') {
        let bare = raw.strip_suffix(b"\n").map_or(raw, |raw| raw.strip_suffix(b"\r").unwrap_or(raw));
        let bare = match canon {
            Canon::Simple => bare,
            Canon::Relaxed => {
                line.clear();
                relaxed(bare, &mut line);
                &line
            }
        };
        if bare.is_empty() {
            empty += 1;
            continue;
        }
        for _ in 0..empty {
            hash.update(b"\r\n");
        }
        hash.update(bare);
        hash.update(b"\r\n");
        (empty, any) = (0, true);
    }
    if !any && canon == Canon::Simple {
        hash.update(b"\r\n");
    }
    hash.finalize().into()
}

/// Runs of blanks as one, none at the end.
fn relaxed(line: &[u8], out: &mut Vec<u8>) {
    let mut blank = false;
    for byte in line {
        if matches!(byte, b' ' | b'\t') {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) {
            out.push(b' ');
        }
        out.push(*byte);
    }
}

/// A field of a header by the relaxed rules (RFC 6376 section 3.4.2), with its line break: name in small letters, value
/// unfolded, without blanks at either end.
pub fn relaxed_field(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = name.trim_ascii().to_ascii_lowercase();
    out.push(b':');
    let start = out.len();
    let mut unfolded = Vec::with_capacity(value.len());
    for raw in value.split_inclusive(|byte| *byte == b'\n') {
        unfolded.extend_from_slice(raw.strip_suffix(b"\n").map_or(raw, |raw| raw.strip_suffix(b"\r").unwrap_or(raw)));
    }
    relaxed(&unfolded, &mut out);
    if out.get(start) == Some(&b' ') {
        out.remove(start);
    }
    out.extend_from_slice(b"\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str, canon: Canon) -> bool {
        body_hash(one.as_bytes(), canon) == body_hash(other.as_bytes(), canon)
    }

    #[test]
    fn a_body_is_what_the_rfc_says_whatever_its_line_breaks() {
        // The hashes of nothing and of an empty line are in RFC 6376, sections 3.4.3 and 3.4.4.
        let hex = |hash: [u8; 32]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert!(hex(body_hash(b"", Canon::Relaxed)).starts_with("e3b0c44298fc1c14"));
        assert_eq!(body_hash(b"", Canon::Simple), body_hash(b"\r\n\r\n", Canon::Simple));
        assert_eq!(body_hash(b"", Canon::Simple), <[u8; 32]>::from(Sha256::digest(b"\r\n")));
        assert!(same(" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n", Canon::Relaxed));
        assert!(!same(" C \r\nD \t E\r\n", " C\r\nD E\r\n", Canon::Simple));
        for canon in [Canon::Simple, Canon::Relaxed] {
            assert!(same("a\n\nb", "a\r\n\r\nb\r\n\r\n", canon));
            assert!(!same("a\r\n\r\nb", "a\r\nb", canon));
            assert!(!same("a\rb", "ab", canon));
        }
    }

    #[test]
    fn lines_of_blanks_at_the_end_are_no_lines_by_the_relaxed_rules() {
        assert!(same("a\r\n \t\r\n\r\n  \r\n", "a\r\n", Canon::Relaxed));
        assert!(same(" \r\n\t\r\n", "", Canon::Relaxed));
        assert!(!same("a\r\n \r\n", "a\r\n", Canon::Simple));
        assert!(same("a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n", Canon::Relaxed));
    }

    #[test]
    fn fields_are_unfolded() {
        assert_eq!(relaxed_field(b"SubJect ", b" a \r\n\t b\t\r\n"), b"subject:a b\r\n");
        assert_eq!(relaxed_field(b"A", b""), b"a:\r\n");
        assert_eq!(relaxed_field(b"A", b"  \r\n "), b"a:\r\n");
    }
}
