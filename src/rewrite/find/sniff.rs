//! What a client may take bytes for, whatever their type says, and what addresses stand in a file that is no text.

/// How a page begins by the MIME Sniffing standard (section 7.1), in lower case, before a blank or `>`.
const BEGINNINGS: [&str; 19] = [
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<!--",
    "<meta",
    "<svg",
];

/// Whether a client that looks at the content would show it as HTML (attack row 94).
pub(crate) fn looks_like_html(text: &str) -> bool {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n', '\u{c}']);
    let lower = start.get(..start.floor_char_boundary(32)).unwrap_or_default().to_ascii_lowercase();
    let begins = |tag: &&'static str| {
        lower
            .strip_prefix(*tag)
            .is_some_and(|rest| *tag == "<!--" || rest.starts_with([' ', '>', '\t', '\r', '\n', '/']))
    };
    BEGINNINGS.iter().any(begins) || lower.starts_with("<?xml")
}

/// Whether a document in XML gives words of its own a meaning, which a reader of HTML does not know.
pub(crate) fn defines_entities(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), b"<!ENTITY").is_some()
}

/// Web addresses in bytes of any kind, in ASCII and in UTF-16 (low byte first), at most `most`.
pub(crate) fn addresses(bytes: &[u8], most: usize) -> Vec<String> {
    let mut found = plain(bytes, 1, most);
    found.extend(plain(bytes, 2, most));
    found.sort();
    found.dedup();
    found.truncate(most);
    found
}

/// `width`: bytes of one character, of which all but the first are 0.
fn plain(bytes: &[u8], width: usize, most: usize) -> Vec<String> {
    const LONGEST: usize = 2048;
    let wanted: Vec<u8> = b"://".iter().flat_map(|byte| [*byte, 0].into_iter().take(width)).collect();
    let character = |at: usize| {
        let rest = bytes.get(at + 1..at + width)?;
        bytes.get(at).copied().filter(|byte| byte.is_ascii_graphic() && rest.iter().all(|byte| *byte == 0))
    };
    let mut found = Vec::new();
    let mut done = 0;
    for at in memchr::memmem::find_iter(bytes, &wanted) {
        if at < done || found.len() >= most {
            continue;
        }
        let scheme = ["https", "http"].iter().find(|scheme| {
            let start = at.checked_sub(scheme.len() * width);
            start.is_some_and(|start| {
                scheme.bytes().enumerate().all(|(number, wanted)| {
                    character(start + number * width).is_some_and(|byte| byte.eq_ignore_ascii_case(&wanted))
                })
            })
        });
        let Some(scheme) = scheme else { continue };
        let mut url = format!("{scheme}://");
        let mut next = at + 3 * width;
        while let Some(byte) = character(next).filter(|byte| !b"\"<>\\^`{|}()".contains(byte) && url.len() < LONGEST) {
            url.push(char::from(byte));
            next += width;
        }
        done = next;
        if url.len() > scheme.len() + 3 {
            found.push(url);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_known_by_their_beginning() {
        for text in ["<html>", " \r\n<!DOCTYPE html>", "<a href=x>", "<!--x", "<?xml version='1.0'?>", "\u{feff}<p>"] {
            assert!(looks_like_html(text), "{text}");
        }
        for text in ["x <html>", "<", "<article>", "<abc>", "<-- see", "é".repeat(40).as_str()] {
            assert!(!looks_like_html(text), "{text}");
        }
    }

    #[test]
    fn addresses_are_found_in_bytes() {
        let wide: Vec<u8> = "x HTTPS://b.example/\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bytes = [b"\0\x01http://a.example/x) http://\0".as_slice(), &wide].concat();
        assert_eq!(addresses(&bytes, 10), ["http://a.example/x", "https://b.example/"]);
        assert_eq!(addresses(&bytes, 1).len(), 1);
    }
}
