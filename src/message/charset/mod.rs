//! Which charset a part is in, its text, and the way back.

mod decode;
mod encode;
mod label;
mod utf7;

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

pub(crate) use decode::{State, Text, TextMap};
pub(crate) use encode::{encode, encode_query};
pub(crate) use label::{charset_for, encoding_for, is_unstated, meta_charset};

/// What undoes the bytes of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    /// One of the WHATWG Encoding standard.
    Known(&'static Encoding),
    /// RFC 2152: no browser knows it, mail clients do (attack row 80).
    Utf7,
}

impl Charset {
    /// A byte order mark beats the label, the label beats `<meta charset>`; without any of them UTF-8 if it is UTF-8, and
    /// windows-1252 otherwise, so that nothing goes unread (attack rows 79, 84).
    pub(crate) fn choose(label: Option<&str>, html: bool, bytes: &[u8]) -> Self {
        if let Some((encoding, _)) = Encoding::for_bom(bytes) {
            return Self::Known(encoding);
        }
        match label.and_then(label::charset_for) {
            Some(Self::Known(encoding)) if is_utf16(encoding) => {
                if let Some(encoding) = plausible_utf16(encoding, label.unwrap_or_default(), bytes) {
                    return Self::Known(encoding);
                }
            }
            Some(charset) => return charset,
            None => {}
        }
        if let Some(charset) = html.then(|| label::meta_charset(bytes)).flatten() {
            return charset;
        }
        Self::Known(if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 })
    }

    /// Whether ASCII bytes stand for themselves at the start of a text, so that edits can be spliced.
    pub(crate) fn is_ascii_compatible(self) -> bool {
        !matches!(self, Self::Utf7) && !is_utf16(self.encoding())
    }

    /// The encoding that a browser would count the document to be in.
    pub(crate) fn encoding(self) -> &'static Encoding {
        match self {
            Self::Known(encoding) => encoding,
            Self::Utf7 => UTF_8,
        }
    }
}

fn is_utf16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// UTF-16 with a line break, a blank or any markup holds a NUL; a label that lies is common, and then the bytes are read
/// as if they had none (attack row 79). `utf-16` alone says nothing of the order: RFC 2781 says big, WHATWG little; the
/// side on which the NULs lie decides.
fn plausible_utf16(encoding: &'static Encoding, label: &str, bytes: &[u8]) -> Option<&'static Encoding> {
    let nuls = |odd: usize| bytes.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    let unordered = !label.to_ascii_lowercase().contains("16le");
    match (even, odd) {
        (0, 0) => None,
        _ if encoding == UTF_16LE && unordered && even > odd => Some(UTF_16BE),
        _ => Some(encoding),
    }
}

/// Bytes of a header as text: UTF-8 if they are, windows-1252 otherwise.
pub(crate) fn loose_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// The bytes of a page as text, as a browser reads them: no mail client's charsets among them. What the charset does not
/// allow becomes U+FFFD.
pub(crate) fn page_text<'a>(label: Option<&str>, bytes: &'a [u8]) -> Cow<'a, str> {
    let encoding = match Charset::choose(label, true, bytes) {
        Charset::Known(encoding) => encoding,
        Charset::Utf7 => WINDOWS_1252,
    };
    encoding.decode_with_bom_removal(bytes).0
}

/// Bytes under a label as text, for header words; an unknown label is no reason to lose them.
pub(crate) fn text_under(label: &str, bytes: &[u8]) -> String {
    match label::charset_for(label) {
        Some(charset) => Text::decode(charset, Cow::Borrowed(bytes)).text,
        None => loose_text(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{ISO_2022_JP, SHIFT_JIS};

    fn choose(label: Option<&str>, html: bool, bytes: &[u8]) -> Charset {
        Charset::choose(label, html, bytes)
    }

    #[test]
    fn a_mark_beats_the_label_and_the_label_beats_meta() {
        let meta = b"<meta charset=Shift_JIS>";
        assert_eq!(choose(Some("shift_jis"), false, b"\xef\xbb\xbfx"), Charset::Known(UTF_8));
        assert_eq!(choose(Some("utf-8"), false, b"\xff\xfex\0"), Charset::Known(UTF_16LE));
        assert_eq!(choose(Some("iso-2022-jp"), true, meta), Charset::Known(ISO_2022_JP));
        assert_eq!(choose(None, true, meta), Charset::Known(SHIFT_JIS));
        assert_eq!(choose(None, false, meta), Charset::Known(UTF_8));
    }

    #[test]
    fn without_a_usable_label_utf_8_is_tried_first() {
        assert_eq!(choose(None, false, "é".as_bytes()), Charset::Known(UTF_8));
        assert_eq!(choose(Some("x-nonsense"), false, b"\xe9"), Charset::Known(WINDOWS_1252));
        assert_eq!(choose(Some("us-ascii"), false, "é".as_bytes()), Charset::Known(UTF_8));
        assert_eq!(choose(Some("hz-gb-2312"), false, b"http://a.example/"), Charset::Known(UTF_8));
    }

    #[test]
    fn pages_are_read_as_a_browser_reads_them() {
        assert_eq!(page_text(Some("shift_jis"), b"\x83\x8d\x83O"), "ログ");
        assert_eq!(page_text(None, b"\xef\xbb\xbf<p>\xc3\xa9"), "<p>é");
        assert_eq!(page_text(None, b"<meta charset=koi8-r>\xd0"), "<meta charset=koi8-r>п");
        assert_eq!(page_text(Some("utf-7"), b"+ADw-"), "+ADw-");
        assert_eq!(page_text(Some("utf-8"), b"a\xff"), "a\u{fffd}");
    }

    #[test]
    fn utf_16_is_believed_only_with_nuls() {
        assert_eq!(choose(Some("utf-16"), false, b"<\0a\0"), Charset::Known(UTF_16LE));
        assert_eq!(choose(Some("utf-16"), false, b"\0<\0a"), Charset::Known(UTF_16BE));
        assert_eq!(choose(Some("utf-16be"), false, b"\0<\0a"), Charset::Known(UTF_16BE));
        assert_eq!(choose(Some("utf-16le"), false, b"\0<\0a"), Charset::Known(UTF_16LE));
        assert_eq!(choose(Some("utf-16"), false, b"<a href=x>"), Charset::Known(UTF_8));
    }
}
