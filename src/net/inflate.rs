use std::io::{self, Write};

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// From how many bytes on the growth of a body is looked at: what is small may be as regular as it likes.
const SMALL: usize = 64 << 10;

/// Collects a body and undoes its compression as it comes, until it is whole or more than is taken.
pub(super) struct Inflater {
    coding: Coding,
    came: usize,
    ratio: usize,
}

enum Coding {
    Plain(Room),
    Gzip(Box<MultiGzDecoder<Room>>),
    /// RFC 9110 section 8.4.1.2 means zlib; some send the bare stream. Its first two bytes tell.
    Unknown {
        first: Vec<u8>,
        most: usize,
    },
    Zlib(Box<ZlibDecoder<Room>>),
    Bare(Box<DeflateDecoder<Room>>),
}

/// A coding that is not undone here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OtherCoding(pub(super) String);

/// Why no more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The cap is reached.
    Cap,
    /// It grows more than anything honest.
    Bomb,
    /// It is not what it says it is, from here on.
    Broken,
}

/// Bytes up to a cap.
struct Room {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let take = bytes.len().min(self.most - self.bytes.len());
        if take == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes.get(..take).unwrap_or_default());
        Ok(take)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inflater {
    /// For a body with this `Content-Encoding`. One coding, if any: several around one another only bombs have (attack row
    /// 133).
    pub(super) fn new(encoding: Option<&str>, most: usize, ratio: usize) -> Result<Self, OtherCoding> {
        let room = || Room { bytes: Vec::new(), most };
        let coding = match encoding.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Coding::Plain(room()),
            "gzip" | "x-gzip" => Coding::Gzip(Box::new(MultiGzDecoder::new(room()))),
            "deflate" => Coding::Unknown { first: Vec::new(), most },
            other => return Err(OtherCoding(other.chars().take(40).collect())),
        };
        Ok(Self { coding, came: 0, ratio })
    }

    /// Takes a piece. Errors: no more is taken; what came before stays.
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<(), Full> {
        // A little at a time, so that what grows is seen to grow.
        for piece in piece.chunks(1024) {
            self.came += piece.len();
            let written = self.write(piece);
            let out = self.room().map_or(0, |room| room.bytes.len());
            let grows = out > SMALL && out > self.came.saturating_mul(self.ratio);
            match written {
                _ if grows => return Err(Full::Bomb),
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Err(Full::Cap),
                Err(_) => return Err(Full::Broken),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        if let Coding::Unknown { first, most } = &mut self.coding {
            first.extend_from_slice(piece);
            let [a, b, ..] = first.as_slice() else { return Ok(()) };
            // RFC 1950 section 2.2: method 8, and both bytes together a multiple of 31.
            let is_zlib = a & 15 == 8 && (u32::from(*a) * 256 + u32::from(*b)) % 31 == 0;
            let (first, room) = (std::mem::take(first), Room { bytes: Vec::new(), most: *most });
            self.coding = match is_zlib {
                true => Coding::Zlib(Box::new(ZlibDecoder::new(room))),
                false => Coding::Bare(Box::new(DeflateDecoder::new(room))),
            };
            return self.write(&first);
        }
        match &mut self.coding {
            Coding::Plain(room) => room.write_all(piece),
            Coding::Gzip(decoder) => decoder.write_all(piece),
            Coding::Zlib(decoder) => decoder.write_all(piece),
            Coding::Bare(decoder) => decoder.write_all(piece),
            Coding::Unknown { .. } => Ok(()),
        }
    }

    fn room(&self) -> Option<&Room> {
        match &self.coding {
            Coding::Plain(room) => Some(room),
            Coding::Gzip(decoder) => Some(decoder.get_ref()),
            Coding::Zlib(decoder) => Some(decoder.get_ref()),
            Coding::Bare(decoder) => Some(decoder.get_ref()),
            Coding::Unknown { .. } => None,
        }
    }

    /// What came of it, and whether it was all there.
    pub(super) fn end(mut self) -> (Vec<u8>, bool) {
        let whole = match &mut self.coding {
            Coding::Plain(_) => true,
            Coding::Unknown { first, .. } => first.is_empty(),
            Coding::Gzip(decoder) => self.came == 0 || decoder.try_finish().is_ok(),
            Coding::Zlib(decoder) => decoder.try_finish().is_ok(),
            Coding::Bare(decoder) => decoder.try_finish().is_ok(),
        };
        let room = match &mut self.coding {
            Coding::Plain(room) => Some(room),
            Coding::Gzip(decoder) => Some(decoder.get_mut()),
            Coding::Zlib(decoder) => Some(decoder.get_mut()),
            Coding::Bare(decoder) => Some(decoder.get_mut()),
            Coding::Unknown { .. } => None,
        };
        (room.map(|room| std::mem::take(&mut room.bytes)).unwrap_or_default(), whole)
    }
}

#[cfg(test)]
mod tests {
    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 200_000;

    fn packed(coding: &str, text: &[u8]) -> Vec<u8> {
        let best = Compression::best();
        match coding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), best);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), best);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "bare" => {
                let mut encoder = DeflateEncoder::new(Vec::new(), best);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            _ => text.to_vec(),
        }
    }

    fn unpacked(coding: &str, bytes: &[u8], piece: usize) -> (Result<(), Full>, Vec<u8>, bool) {
        let name = if coding == "bare" { "deflate" } else { coding };
        let mut inflater = Inflater::new(Some(name), MOST, 100).unwrap();
        let took = bytes.chunks(piece.max(1)).try_for_each(|piece| inflater.take(piece));
        let (bytes, whole) = inflater.end();
        (took, bytes, whole)
    }

    #[test]
    fn a_bomb_is_stopped_at_its_ratio_and_whatever_grows_at_the_cap() {
        let zeros = vec![0; 50 << 20];
        for coding in ["gzip", "deflate", "bare"] {
            let (took, bytes, _) = unpacked(coding, &packed(coding, &zeros), 16 << 10);
            assert_eq!(took, Err(Full::Bomb), "{coding}");
            assert!(bytes.len() <= MOST, "{coding}: {}", bytes.len());
        }
        let (took, bytes, _) = unpacked("identity", &vec![b'a'; MOST + 1], 16 << 10);
        assert_eq!((took, bytes.len()), (Err(Full::Cap), MOST));
    }

    #[test]
    fn what_is_not_undone_is_named() {
        for encoding in ["br", "zstd", "gzip, gzip", "gzip,deflate"] {
            let refused = Inflater::new(Some(encoding), MOST, 100).err();
            assert_eq!(refused, Some(OtherCoding(encoding.to_owned())));
        }
    }

    #[test]
    fn what_is_cut_off_is_kept_and_told() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(|number| number.to_string().into_bytes()).collect();
        for coding in ["gzip", "deflate", "bare"] {
            let whole = packed(coding, &text);
            let (took, bytes, is_whole) = unpacked(coding, &whole[..whole.len() / 2], 1000);
            assert_eq!((took, is_whole), (Ok(()), false), "{coding}");
            assert!(text.starts_with(&bytes) && !bytes.is_empty(), "{coding}");
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_out_however_it_comes_in(
            text in proptest::collection::vec(any::<u8>(), 0..5000),
            coding in proptest::sample::select(vec!["identity", "gzip", "deflate", "bare"]),
            piece in 1_usize..3000,
        ) {
            let (took, bytes, whole) = unpacked(coding, &packed(coding, &text), piece);
            prop_assert_eq!(took, Ok(()));
            prop_assert!(whole);
            prop_assert_eq!(bytes, text);
        }

        #[test]
        fn any_bytes_end_and_stay_below_the_cap(
            bytes in proptest::collection::vec(any::<u8>(), 0..5000),
            coding in proptest::sample::select(vec!["identity", "gzip", "deflate"]),
        ) {
            let (_, out, _) = unpacked(coding, &bytes, 100);
            prop_assert!(out.len() <= MOST);
        }
    }
}
