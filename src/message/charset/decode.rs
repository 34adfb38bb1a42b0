use std::borrow::Cow;

use encoding_rs::{Decoder, DecoderResult, Encoding, ISO_2022_JP, UTF_8, UTF_16BE};

use super::{Charset, is_utf16, utf7};
use crate::message::map::Map;

/// The text of a part and where its characters come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) map: TextMap,
}

/// From offsets in the text to offsets in the bytes it was decoded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextMap {
    /// The text is the bytes.
    Same,
    /// Runs of characters.
    Runs(Map),
    /// The charset is not ASCII-compatible: such a part is only ever replaced whole.
    Whole,
}

impl Text {
    /// In time linear in `bytes`; what the charset does not allow becomes U+FFFD, as in a browser.
    pub(crate) fn decode(charset: Charset, bytes: Cow<'_, [u8]>) -> Self {
        match charset {
            Charset::Utf7 => Self { text: utf7::decode(&bytes), map: TextMap::Whole },
            Charset::Known(encoding) if is_utf16(encoding) => {
                Self { text: utf16(encoding, &bytes), map: TextMap::Whole }
            }
            Charset::Known(encoding) if encoding == UTF_8 => match String::from_utf8(bytes.into_owned()) {
                Ok(text) if !text.starts_with('\u{feff}') => Self { text, map: TextMap::Same },
                Ok(text) => utf8(text.as_bytes()),
                Err(error) => utf8(error.as_bytes()),
            },
            Charset::Known(encoding) if encoding.is_single_byte() => single_byte(encoding, &bytes),
            Charset::Known(encoding) => Stream::new(encoding, &bytes).decode(),
        }
    }
}

fn utf16(encoding: &'static Encoding, bytes: &[u8]) -> String {
    let mark: &[u8] = if encoding == UTF_16BE { b"\xfe\xff" } else { b"\xff\xfe" };
    let bytes = bytes.strip_prefix(mark).unwrap_or(bytes);
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

const REPLACEMENT: &str = "\u{fffd}";

fn utf8(bytes: &[u8]) -> Text {
    let (mut text, mut map) = (String::with_capacity(bytes.len()), Map::default());
    let mut rest = bytes;
    if let Some(marked) = bytes.strip_prefix("\u{feff}".as_bytes()) {
        map.gap(bytes.len() - marked.len());
        rest = marked;
    }
    for chunk in rest.utf8_chunks() {
        text.push_str(chunk.valid());
        map.same(chunk.valid().len());
        if let bad @ 1.. = chunk.invalid().len() {
            text.push_str(REPLACEMENT);
            map.unit(3, small(bad));
        }
    }
    Text { text, map: TextMap::Runs(map) }
}

/// Each byte is a character.
fn single_byte(encoding: &'static Encoding, bytes: &[u8]) -> Text {
    if bytes.is_ascii() {
        let text = encoding.decode_without_bom_handling(bytes).0.into_owned();
        return Text { text, map: TextMap::Same };
    }
    let text = encoding.decode_without_bom_handling(bytes).0.into_owned();
    let mut map = Map::default();
    for character in text.chars() {
        map.unit(small(character.len_utf8()), 1);
    }
    Text { text, map: TextMap::Runs(map) }
}

/// Decodes the charsets of more bytes a character, a byte at a time between runs of ASCII, since the decoder tells what
/// it wrote but not from which bytes.
struct Stream<'a> {
    bytes: &'a [u8],
    decoder: Decoder,
    /// ISO-2022-JP: the same bytes are kanji or ASCII, as the last escape says.
    escapes: bool,
    ascii: bool,
    /// The decoder took bytes back and may hold some that are counted as written.
    unsure: bool,
    /// Where the unit that is not complete yet begins, and how far bytes went in.
    unit: usize,
    at: usize,
    text: String,
    map: Map,
}

impl<'a> Stream<'a> {
    fn new(encoding: &'static Encoding, bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            decoder: encoding.new_decoder_without_bom_handling(),
            escapes: encoding == ISO_2022_JP,
            ascii: true,
            unsure: false,
            unit: 0,
            at: 0,
            text: String::with_capacity(bytes.len() + bytes.len() / 2),
            map: Map::default(),
        }
    }

    fn decode(mut self) -> Text {
        while self.at < self.bytes.len() {
            if self.ascii && !self.unsure && self.unit == self.at && self.ascii_run() {
                continue;
            }
            match self.bytes.get(self.at..self.at + 3).filter(|_| self.escapes).and_then(State::of) {
                Some(state) => self.escape(state),
                None => self.byte(),
            }
        }
        self.feed(self.at, true);
        Text { text: self.text, map: TextMap::Runs(self.map) }
    }

    /// Takes bytes that decode to themselves; false where there are none.
    fn ascii_run(&mut self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        // Shift out, shift in and a lone escape are errors in ISO-2022-JP.
        let plain = |byte: &u8| byte.is_ascii() && !(self.escapes && matches!(byte, 0x0e | 0x0f | 0x1b));
        let length = rest.iter().position(|byte| !plain(byte)).unwrap_or(rest.len());
        let run = rest.get(..length).unwrap_or_default();
        if run.is_empty() {
            return false;
        }
        self.text.extend(std::str::from_utf8(run));
        self.map.same(length);
        // The decoder must see a character between two escapes, or it takes the second for an attack.
        if self.escapes {
            let mut scratch = [0; 32];
            let _ = self.decoder.decode_to_utf8_without_replacement(b"a", &mut scratch, false);
        }
        self.at += length;
        self.unit = self.at;
        true
    }

    fn byte(&mut self) {
        let (at, length) = (self.at, self.text.len());
        self.feed(at + 1, false);
        // A byte that comes out as itself, and alone, shows that nothing is held back.
        if self.bytes.get(at).is_some_and(u8::is_ascii)
            && self.text.as_bytes().get(length..) == self.bytes.get(at..at + 1)
        {
            self.unsure = false;
        }
    }

    fn escape(&mut self, state: State) {
        let start = self.at;
        self.feed(start + 3, false);
        self.ascii = state == State::Ascii;
        if self.unit == start {
            self.map.gap(3);
            self.unit = self.at;
        }
    }

    /// Puts bytes up to `end` into the decoder and books what comes out.
    fn feed(&mut self, end: usize, last: bool) {
        let mut scratch = [0; 64];
        loop {
            let source = self.bytes.get(self.at..end).unwrap_or_default();
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(source, &mut scratch, last);
            self.at += read;
            let made = scratch.get(..written).and_then(|made| std::str::from_utf8(made).ok()).unwrap_or_default();
            match result {
                DecoderResult::Malformed(bad, behind) => {
                    self.unsure |= behind > 0;
                    let from = self.at.saturating_sub(usize::from(behind) + usize::from(bad)).max(self.unit);
                    self.book(made, from);
                    self.book(REPLACEMENT, self.at.saturating_sub(usize::from(behind)));
                }
                DecoderResult::InputEmpty => {
                    self.book(made, self.at);
                    return;
                }
                DecoderResult::OutputFull => self.book(made, self.at),
            }
        }
    }

    /// `made` comes from the bytes `unit..end`.
    fn book(&mut self, made: &str, end: usize) {
        if made.is_empty() {
            return;
        }
        self.text.push_str(made);
        // Made of bytes that were booked before: a unit without source is the best that can be said.
        self.map.unit(small(made.len()), small(end.saturating_sub(self.unit)));
        self.unit = self.unit.max(end);
    }
}

/// What the bytes of ISO-2022-JP mean from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Ascii,
    Roman,
    Katakana,
    Kanji,
    OldKanji,
}

impl State {
    /// What an escape sequence switches to.
    pub(crate) fn of(escape: &[u8]) -> Option<Self> {
        match escape {
            b"\x1b(B" => Some(Self::Ascii),
            b"\x1b(J" => Some(Self::Roman),
            b"\x1b(I" => Some(Self::Katakana),
            b"\x1b$B" => Some(Self::Kanji),
            b"\x1b$@" => Some(Self::OldKanji),
            _ => None,
        }
    }

    pub(crate) fn escape(self) -> &'static [u8] {
        match self {
            Self::Ascii => b"\x1b(B",
            Self::Roman => b"\x1b(J",
            Self::Katakana => b"\x1b(I",
            Self::Kanji => b"\x1b$B",
            Self::OldKanji => b"\x1b$@",
        }
    }
}

/// Units are a handful of bytes.
fn small(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::map::Place;
    use encoding_rs::{BIG5, EUC_JP, EUC_KR, GB18030, GBK, SHIFT_JIS, WINDOWS_1252};
    use proptest::prelude::*;

    fn decode(encoding: &'static Encoding, bytes: &[u8]) -> Text {
        Text::decode(Charset::Known(encoding), Cow::Borrowed(bytes))
    }

    fn place(text: &Text, at: usize) -> Place {
        match &text.map {
            TextMap::Same => Place::Between { before: at, after: at },
            TextMap::Runs(map) => map.place(at),
            TextMap::Whole => panic!("no map"),
        }
    }

    /// Encodes `text`, finds `needle` by the map in the bytes, and there it must stand as encoded alone.
    fn finds(encoding: &'static Encoding, text: &str, needle: &str) {
        let bytes = encoding.encode(text).0;
        let decoded = decode(encoding, &bytes);
        assert_eq!(decoded.text, text, "{}", encoding.name());
        let at = text.find(needle).unwrap();
        let range = place(&decoded, at).after()..place(&decoded, at + needle.len()).before();
        assert_eq!(&bytes[range], &encoding.encode(needle).0[..], "{}", encoding.name());
    }

    #[test]
    fn ascii_between_foreign_characters_is_found_in_every_charset() {
        for encoding in [UTF_8, SHIFT_JIS, EUC_JP, ISO_2022_JP, GBK, GB18030, BIG5] {
            finds(encoding, "日本http://例/a 表示\r\nx 日本", "http://");
            finds(encoding, "日本http://例/a 表示\r\nx 日本", "/a ");
            finds(encoding, "日本http://例/a 表示\r\nx 日本", "\r\nx ");
        }
        finds(EUC_KR, "한국어 <a href=x>링크</a>", "<a href=x>");
        finds(WINDOWS_1252, "é€<a>ü", "<a>");
        for label in ["koi8-r", "windows-1251", "iso-8859-5", "iso-8859-15", "windows-1250"] {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let text = if label.ends_with('5') || label.ends_with('0') { "Č<b>" } else { "Привет <b> мир" };
            let text = if label == "iso-8859-5" { "Привет <b> мир" } else { text };
            finds(encoding, if label == "iso-8859-15" { "€é<b>" } else { text }, "<b>");
        }
    }

    #[test]
    fn foreign_characters_are_found_too() {
        for encoding in [SHIFT_JIS, EUC_JP, GBK, BIG5] {
            finds(encoding, "a日本b表示c", "本b表");
        }
    }

    #[test]
    fn invalid_bytes_become_one_replacement_each_and_the_map_goes_on() {
        let text = decode(UTF_8, b"a\xff\xe3\x81b");
        assert_eq!(text.text, "a\u{fffd}\u{fffd}b");
        assert_eq!(place(&text, 7), Place::Between { before: 4, after: 4 });
        let text = decode(SHIFT_JIS, b"\x81\"><a>");
        assert_eq!(text.text, "\u{fffd}\"><a>");
        assert_eq!(place(&text, 3), Place::Between { before: 1, after: 1 });
    }

    #[test]
    fn a_mark_is_no_text() {
        let text = decode(UTF_8, "\u{feff}ab".as_bytes());
        assert_eq!(text.text, "ab");
        assert_eq!(place(&text, 0), Place::Between { before: 0, after: 3 });
        assert_eq!(decode(UTF_16BE, b"\xfe\xff\0a").text, "a");
        assert_eq!(decode(encoding_rs::UTF_16LE, b"a\0=\xd8\0\xde").text, "a😀");
    }

    #[test]
    fn escapes_are_gaps() {
        let bytes = b"a\x1b$B$\"\x1b(Bb\x1b(JcA\x1b(Bd";
        let text = decode(ISO_2022_JP, bytes);
        assert_eq!(text.text, "aあbcAd");
        assert_eq!(place(&text, 1), Place::Between { before: 1, after: 4 });
        assert_eq!(place(&text, 4), Place::Between { before: 6, after: 9 });
        assert_eq!(place(&text, 5), Place::Between { before: 10, after: 13 });
    }

    proptest! {
        #[test]
        fn text_is_what_the_plain_decoder_says(
            number in 0_usize..9,
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0x1b), Just(b'('), Just(b'$'), Just(b'B'), 0x81_u8..0xa0], 0..60)
        ) {
            let all = [UTF_8, SHIFT_JIS, EUC_JP, ISO_2022_JP, GBK, GB18030, BIG5, EUC_KR, WINDOWS_1252];
            let text = decode(all[number], &bytes);
            let (wanted, _) = all[number].decode_with_bom_removal(&bytes);
            prop_assert_eq!(&text.text, &wanted);
            let mut last = 0;
            for at in 0..=text.text.len() {
                let here = place(&text, at);
                prop_assert!(here.before() <= bytes.len() && here.after() <= bytes.len());
                if let Place::Between { before, after } = here {
                    prop_assert!(last <= before && before <= after);
                    last = after;
                }
            }
        }
    }
}
