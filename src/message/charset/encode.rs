use std::borrow::Cow;

use encoding_rs::{Encoder, EncoderResult, Encoding, UTF_8};

use super::{Charset, is_utf16};

/// `text` in the charset; `None` where a character has no place in it.
pub(crate) fn encode<'a>(charset: Charset, text: &'a str) -> Option<Cow<'a, [u8]>> {
    match charset {
        Charset::Known(encoding) if !is_utf16(encoding) => {
            let (bytes, _, unmappable) = encoding.encode(text);
            (!unmappable).then_some(bytes)
        }
        _ => None,
    }
}

/// The bytes whose percent-encoding is the query of a URL in a document of that encoding (WHATWG URL, "percent-encode
/// after encoding"): a character that has no place in it becomes `%26%23…%3B`, its numeric reference already
/// percent-encoded; UTF-16 counts as UTF-8.
pub(crate) fn encode_query<'a>(encoding: &'static Encoding, text: &'a str) -> Cow<'a, [u8]> {
    let encoding = encoding.output_encoding();
    if encoding == UTF_8 || (text.is_ascii() && encoding.is_ascii_compatible()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut encoder = encoding.new_encoder();
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    loop {
        let (result, read) = step(&mut encoder, rest, &mut out);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return Cow::Owned(out),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(character) => {
                out.extend_from_slice(format!("%26%23{}%3B", u32::from(character)).as_bytes());
            }
        }
    }
}

fn step(encoder: &mut Encoder, text: &str, out: &mut Vec<u8>) -> (EncoderResult, usize) {
    // Room for the escapes of ISO-2022-JP besides.
    out.reserve(text.len() * 4 + 32);
    encoder.encode_from_utf8_to_vec_without_replacement(text, out, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{ISO_2022_JP, SHIFT_JIS, UTF_16LE, WINDOWS_1252};

    #[test]
    fn queries_are_in_the_charset_of_the_document() {
        assert_eq!(&encode_query(WINDOWS_1252, "q=é")[..], b"q=\xe9");
        assert_eq!(&encode_query(SHIFT_JIS, "q=表")[..], b"q=\x95\x5c");
        assert_eq!(&encode_query(ISO_2022_JP, "q=日&a")[..], b"q=\x1b$BF|\x1b(B&a");
        assert_eq!(&encode_query(UTF_16LE, "é")[..], "é".as_bytes());
        assert_eq!(&encode_query(UTF_8, "é")[..], "é".as_bytes());
    }

    #[test]
    fn what_has_no_place_becomes_an_encoded_reference() {
        assert_eq!(&encode_query(WINDOWS_1252, "&#1;日é")[..], b"&#1;%26%2326085%3B\xe9");
        assert_eq!(&encode_query(ISO_2022_JP, "日😀本")[..], b"\x1b$BF|\x1b(B%26%23128512%3B\x1b$BK\\\x1b(B");
    }

    #[test]
    fn text_that_does_not_fit_is_not_encoded() {
        assert_eq!(encode(Charset::Known(WINDOWS_1252), "日"), None);
        assert_eq!(encode(Charset::Known(WINDOWS_1252), "é").as_deref(), Some(&b"\xe9"[..]));
        assert_eq!(encode(Charset::Known(UTF_16LE), "a"), None);
        assert_eq!(encode(Charset::Utf7, "a"), None);
    }
}
