//! The central directory of a ZIP archive (APPNOTE.TXT sections 4.3.12 and 4.3.16), and as much of a member as somebody
//! asks for. What is not there whole is read by its local headers.

use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// Members that are listed.
pub(super) const MAX_MEMBERS: usize = 2000;

/// What an archive says it holds.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    pub(super) members: Vec<Member>,
    /// Whether there are more, or the directory does not agree with what stands before the members.
    pub(super) is_cut: bool,
}

/// One member.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) is_encrypted: bool,
    /// As the directory says; it may lie.
    pub(super) packed: u64,
    pub(super) unpacked: u64,
    method: u16,
    header: usize,
}

impl<'a> Directory<'a> {
    /// `None` where there is nothing like one.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        Self::central(bytes).or_else(|| Self::local(bytes))
    }

    fn central(bytes: &'a [u8]) -> Option<Self> {
        const END: &[u8] = b"PK\x05\x06";
        // The end record is 22 bytes and a comment of at most 64 KiB.
        let from = bytes.len().saturating_sub(22 + 0xffff);
        let end = from + memchr::memmem::rfind(bytes.get(from..)?, END)?;
        let (count, length, offset) = (u16_at(bytes, end + 10)?, u32_at(bytes, end + 12)?, u32_at(bytes, end + 16)?);
        // Something may stand before the archive: offsets count from its true start.
        let start = end.checked_sub(usize::try_from(length).ok()?)?;
        let before = start.saturating_sub(usize::try_from(offset).ok()?);
        let (mut members, mut at) = (Vec::new(), start);
        while members.len() < MAX_MEMBERS && bytes.get(at..at + 4) == Some(b"PK\x01\x02") {
            let field = |offset: usize| u16_at(bytes, at + offset);
            let (name, extra, comment) = (usize::from(field(28)?), usize::from(field(30)?), usize::from(field(32)?));
            let raw = bytes.get(at + 46..at + 46 + name)?;
            members.push(Member {
                name: name_of(raw, field(8)?),
                is_encrypted: field(8)? & 1 == 1,
                packed: u64::from(u32_at(bytes, at + 20)?),
                unpacked: u64::from(u32_at(bytes, at + 24)?),
                method: field(10)?,
                header: usize::try_from(u32_at(bytes, at + 42)?).ok()?.saturating_add(before),
            });
            at += 46 + name + extra + comment;
        }
        let is_cut = members.len() != usize::from(count) || at != end && bytes.get(at..at + 4) != Some(b"PK\x06\x06");
        (!members.is_empty() || count == 0).then_some(Self { bytes, members, is_cut })
    }

    /// A body that was cut has no directory: its members are found one after the other.
    fn local(bytes: &'a [u8]) -> Option<Self> {
        let (mut members, mut at) = (Vec::new(), 0);
        while members.len() < MAX_MEMBERS {
            let Some(found) = bytes.get(at..).and_then(|rest| memchr::memmem::find(rest, b"PK\x03\x04")) else { break };
            at += found;
            let (Some(flags), Some(method), Some(packed), Some(unpacked), Some(name)) = (
                u16_at(bytes, at + 6),
                u16_at(bytes, at + 8),
                u32_at(bytes, at + 18),
                u32_at(bytes, at + 22),
                u16_at(bytes, at + 26),
            ) else {
                break;
            };
            let Some(raw) = bytes.get(at + 30..at + 30 + usize::from(name)) else { break };
            members.push(Member {
                name: name_of(raw, flags),
                is_encrypted: flags & 1 == 1,
                packed: u64::from(packed),
                unpacked: u64::from(unpacked),
                method,
                header: at,
            });
            at += 30 + usize::from(name);
        }
        (!members.is_empty()).then_some(Self { bytes, members, is_cut: true })
    }

    /// The first `most` bytes of a member; fewer where it is damaged, none where it is encrypted or packed in another way.
    pub(super) fn open(&self, member: &Member, most: usize) -> Vec<u8> {
        let data = || {
            let header = member.header;
            (self.bytes.get(header..header.checked_add(4)?)? == b"PK\x03\x04").then_some(())?;
            let skip =
                30 + usize::from(u16_at(self.bytes, header + 26)?) + usize::from(u16_at(self.bytes, header + 28)?);
            self.bytes.get(header + skip..)
        };
        let Some(data) = data().filter(|_| !member.is_encrypted) else { return Vec::new() };
        match member.method {
            0 => {
                let length = usize::try_from(member.packed).unwrap_or(usize::MAX).min(most);
                data.get(..length).unwrap_or(data).to_vec()
            }
            8 => inflate(data, most),
            _ => Vec::new(),
        }
    }
}

/// Deflated bytes undone, up to `most`; what comes before damage is kept.
pub(super) fn inflate(bytes: &[u8], most: usize) -> Vec<u8> {
    match decompress_to_vec_with_limit(bytes, most) {
        Ok(bytes) => bytes,
        Err(error) => {
            let mut output = error.output;
            output.truncate(most);
            output
        }
    }
}

/// Names are UTF-8 where a flag says so (APPNOTE.TXT section 4.4.4, bit 11), and often anyway.
fn name_of(raw: &[u8], flags: u16) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) if flags & 0x800 != 0 => crate::message::page_text(Some("utf-8"), raw).into_owned(),
        // Archives from Japan.
        Err(_) => crate::message::page_text(Some("shift_jis"), raw).into_owned(),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An archive of deflated members, whose flags are given.
    pub(in crate::look) fn archive(members: &[(&str, &[u8], u16)]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, data, flags) in members {
            let at = u32::try_from(out.len()).unwrap();
            let packed = miniz_oxide::deflate::compress_to_vec(data, 6);
            let mut shared = Vec::new();
            shared.extend(flags.to_le_bytes());
            shared.extend(8_u16.to_le_bytes());
            shared.extend([0; 8]);
            shared.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
            shared.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            shared.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            shared.extend([0; 2]);
            out.extend(b"PK\x03\x04\x14\0");
            out.extend(&shared);
            out.extend(name.as_bytes());
            out.extend(&packed);
            directory.extend(b"PK\x01\x02\x14\0\x14\0");
            directory.extend(&shared);
            directory.extend([0; 10]);
            directory.extend(at.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let (start, count) = (u32::try_from(out.len()).unwrap(), u16::try_from(members.len()).unwrap());
        out.extend(&directory);
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend(count.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend([0; 2]);
        out
    }

    #[test]
    fn members_are_listed_and_opened() {
        let bytes = archive(&[("a/b.txt", b"hello hello hello", 0), ("請求書.pdf", b"MZ", 0x801)]);
        for bytes in [bytes.clone(), [b"stub before it".as_slice(), &bytes].concat()] {
            let directory = Directory::of(&bytes).unwrap();
            let names: Vec<&str> = directory.members.iter().map(|member| member.name.as_str()).collect();
            assert_eq!(names, ["a/b.txt", "請求書.pdf"]);
            assert!(!directory.is_cut);
            assert_eq!(directory.open(&directory.members[0], 100), b"hello hello hello");
            assert_eq!(directory.open(&directory.members[0], 5), b"hello");
            assert!(directory.members[1].is_encrypted && directory.open(&directory.members[1], 5).is_empty());
        }
    }

    #[test]
    fn an_archive_that_was_cut_is_read_from_its_start() {
        let bytes = archive(&[("a.txt", b"hello", 0), ("b.exe", &[7; 3000], 0)]);
        let directory = Directory::of(&bytes[..bytes.len() - 60]).unwrap();
        assert!(directory.is_cut);
        assert_eq!(directory.members.len(), 2);
        assert_eq!(directory.open(&directory.members[0], 9), b"hello");
        assert!(Directory::of(b"PK").is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120), at in 0_usize..200, cut in 0_usize..300) {
            let mut bytes = archive(&[("a.txt", b"hello", 0), ("b/c.exe", b"MZ", 1)]);
            for (place, byte) in noise.iter().enumerate() {
                if let Some(old) = bytes.get_mut(at + place) {
                    *old = *byte;
                }
            }
            bytes.truncate(bytes.len().saturating_sub(cut % 50));
            if let Some(directory) = Directory::of(&bytes) {
                for member in &directory.members {
                    proptest::prop_assert!(directory.open(member, 64).len() <= 64);
                }
            }
        }
    }
}
