use std::io::Read;

use flate2::bufread::MultiGzDecoder;

/// How every gzip file begins (RFC 1952 section 2.3.1).
const GZIP: &[u8] = b"\x1f\x8b";

/// Bytes of a gzip file as they were before; other bytes as they are. At most `max` come out of it, and no more are ever
/// held: a small file can stand for a very large one.
///
/// # Errors
/// In words for an admin.
pub(super) fn unpack(bytes: Vec<u8>, max: u64) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(GZIP) {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes.as_slice()).take(max.saturating_add(1)).read_to_end(&mut unpacked);
    read.map_err(|error| format!("it is packed (gzip) and damaged or cut off: {error}"))?;
    match unpacked.len() as u64 > max {
        true => Err(too_large(max)),
        false => Ok(unpacked),
    }
}

/// What is said of a body that is larger than it may be.
pub(super) fn too_large(max: u64) -> String {
    format!("it is larger than {} megabytes; raise `max_megabytes` if that is meant", max >> 20)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_packed_is_unpacked_up_to_the_cap() {
        assert_eq!(unpack(b"plain".to_vec(), 9).unwrap(), b"plain");
        assert_eq!(unpack(packed(b"evil.example\n"), 13).unwrap(), b"evil.example\n");
        let two = [packed(b"one\n"), packed(b"two\n")].concat();
        assert_eq!(unpack(two, 100).unwrap(), b"one\ntwo\n", "several members are one file");
        let bomb = packed(&vec![b'a'; 4 << 20]);
        assert!(bomb.len() < 10_000);
        assert_eq!(unpack(bomb, 1 << 20).unwrap_err(), too_large(1 << 20));
        let whole = packed(b"evil.example\n");
        for end in 2..whole.len() {
            assert!(unpack(whole[..end].to_vec(), 100).is_err(), "{end}");
        }
    }
}
