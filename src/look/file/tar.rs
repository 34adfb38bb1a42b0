//! The headers of a tar archive (POSIX.1-1988 ustar, with GNU and pax names passed over).

/// Members that are listed.
const MAX_MEMBERS: usize = 2000;

/// Name and first bytes of every member, as far as the bytes go.
pub(super) fn members(bytes: &[u8]) -> Vec<(String, &[u8])> {
    let (mut found, mut at) = (Vec::new(), 0_usize);
    // A long name stands as a member of its own before the one that it names.
    let mut long = None;
    while found.len() < MAX_MEMBERS {
        let Some(header) = bytes.get(at..at.saturating_add(512)) else { break };
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        let size = header.get(124..136).and_then(octal).unwrap_or(0);
        let data = bytes.get(at + 512..).unwrap_or_default();
        let data = data.get(..size).unwrap_or(data);
        match header.get(156) {
            Some(b'L') => long = Some(text(data.get(..4096).unwrap_or(data))),
            Some(b'0' | 0 | b'7') => {
                let name = long.take().unwrap_or_else(|| {
                    let prefix = header.get(345..500).map(text).unwrap_or_default();
                    let name = header.get(..100).map(text).unwrap_or_default();
                    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
                });
                found.push((name, data));
            }
            _ => {}
        }
        at = at.saturating_add(512).saturating_add(size.div_ceil(512).saturating_mul(512));
    }
    found
}

fn octal(field: &[u8]) -> Option<usize> {
    let digits = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    usize::from_str_radix(digits, 8).ok()
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    crate::message::page_text(Some("utf-8"), field.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::look) fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, data) in members {
            let mut header = vec![0; 512];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
            header[156] = b'0';
            header[257..262].copy_from_slice(b"ustar");
            out.extend(header);
            out.extend(*data);
            out.resize(out.len().div_ceil(512) * 512, 0);
        }
        out.extend([0; 1024]);
        out
    }

    #[test]
    fn members_are_listed() {
        let bytes = archive(&[("a.txt", b"hello"), ("b/c.exe", &[7; 700]), ("d", b"")]);
        let listed = members(&bytes);
        assert_eq!(
            listed.iter().map(|(name, data)| (name.as_str(), data.len())).collect::<Vec<_>>(),
            [("a.txt", 5), ("b/c.exe", 700), ("d", 0)]
        );
        assert_eq!(members(&bytes[..600]).len(), 1);
        assert!(members(b"short").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..1600)) {
            members(&noise);
        }
    }
}
