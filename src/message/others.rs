//! The texts that other readers could come to from one part: transfer encodings undone as they undo damage, charsets
//! taken from elsewhere or not known (attack rows 75 to 84). Nothing is ever edited by them; they only say whether a
//! link stands where nobody would look.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use memchr::{memchr, memchr_iter, memchr3, memmem};

use super::{
    Opened, Part, Transfer,
    charset::{self, Charset, Text},
    transfer::{TransferMap, base64, quoted_printable},
};

/// At most so many beside the one that decides; no damage makes more sense of a part than this.
const MAX: usize = 24;

impl Opened {
    /// Whether other readers could come to another text: the encodings of the part are damaged, or its charset is not
    /// the only one that it could be taken for. False for all but odd parts, and cheap.
    pub fn is_doubtful(&self, raw: &[u8]) -> bool {
        let body = self.part.body.of(raw);
        let damaged = match &self.transfer_map {
            TransferMap::Base64(_) => base64::is_damaged(body),
            TransferMap::QuotedPrintable(_, damaged) => *damaged,
            TransferMap::Same => self.part.transfer == Transfer::Unknown,
        };
        let bytes = self.bytes();
        let read_as_it_stands = self.bytes.is_none() && self.charset == Charset::Known(UTF_8);
        let needs_text = if read_as_it_stands { has_shifts(bytes) } else { needs_text(bytes, self.charset) };
        damaged || needs_text || !self.part.other_charsets(self.charset, bytes).is_empty()
    }
}

impl Part {
    /// The same part after it was written anew as UTF-8 ([`Opened::carry_whole`]).
    #[must_use]
    pub fn as_utf8(&self) -> Self {
        let transfer = if self.transfer == Transfer::Base64 { Transfer::Base64 } else { Transfer::QuotedPrintable };
        Self { charset: Some("utf-8".to_owned()), transfer, ..self.clone() }
    }

    /// Every other text of this part with that body; empty for a part whose encodings leave no doubt.
    pub fn other_texts(&self, body: &[u8], transfer: Transfer) -> Vec<String> {
        let (first, _) = super::transfer::decode(transfer, body);
        let mut readings: Vec<Cow<'_, [u8]>> = vec![first];
        let mut texts = Vec::new();
        readings.extend(undone_otherwise(transfer, body).into_iter().map(Cow::Owned));
        for (number, bytes) in readings.iter().enumerate() {
            let charset = self.charset_of(bytes);
            let others = self.other_charsets(charset, bytes);
            if number == 0 && others.is_empty() && !needs_text(bytes, charset) {
                continue;
            }
            let text = Text::decode(charset, Cow::Borrowed(bytes)).text;
            texts.extend(others.into_iter().map(|other| Text::decode(other, Cow::Borrowed(bytes)).text));
            texts.extend(read_otherwise(&text, bytes, self.charset.as_deref().unwrap_or_default()));
            if number > 0 {
                texts.push(text);
            }
        }
        texts.sort();
        texts.dedup();
        texts.truncate(MAX);
        texts
    }

    /// What else could be taken for the charset of these bytes, where it would make a difference.
    fn other_charsets(&self, first: Charset, bytes: &[u8]) -> Vec<Charset> {
        let label = self.charset.as_deref();
        let stated = label.and_then(charset::charset_for);
        let plain = bytes.is_ascii() && !bytes.contains(&0x1b);
        let mut found = Vec::new();
        let mut add = |charset: Charset| {
            let differs = !(plain && charset.is_ascii_compatible() && first.is_ascii_compatible());
            if charset != first && differs && !found.contains(&charset) {
                found.push(charset);
            }
        };
        if let Some(stated) = stated {
            add(stated);
        }
        if let Some(meta) = charset::meta_charset(bytes) {
            add(meta);
        }
        // A label that nobody knows, or none: a reader takes what it has.
        if stated.is_none() && !plain {
            add(Charset::Known(WINDOWS_1252));
            add(Charset::Known(UTF_8));
        }
        // Old browsers guess UTF-7 (attack row 80).
        let guessed = || memmem::find(bytes, b"+AD").is_some() || memmem::find(bytes, b"+AG").is_some();
        if stated.is_none() && guessed() {
            add(Charset::Utf7);
        }
        // And a reader that does not know it takes it for ASCII.
        if !first.is_ascii_compatible() && Encoding::for_bom(bytes).is_none() {
            add(Charset::Known(UTF_8));
        }
        found
    }
}

/// Whether anything in the bytes could make a reader of the same charset come to another text.
fn needs_text(bytes: &[u8], charset: Charset) -> bool {
    has_shifts(bytes) || !bytes.is_ascii() && (charset != Charset::Known(UTF_8) || std::str::from_utf8(bytes).is_err())
}

fn has_shifts(bytes: &[u8]) -> bool {
    let tilde = |at: usize| bytes.get(at + 1) == Some(&b'{');
    memchr3(0x1b, 0x0e, 0, bytes).is_some() || memchr_iter(b'~', bytes).any(tilde)
}

fn undone_otherwise(transfer: Transfer, body: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    match transfer {
        Transfer::Base64 if base64::is_damaged(body) => {
            found.extend(
                [
                    base64::Damage::StopsAtPadding,
                    base64::Damage::SkipsPadding,
                    base64::Damage::LineByLine,
                    base64::Damage::StopsAtNoise,
                ]
                .map(|habit| base64::decode_as(body, habit)),
            );
            if body.contains(&b'-') || body.contains(&b'_') {
                found.push(base64::decode_as(body, base64::Damage::UrlSafe));
            }
            if body.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"+/= \t\r\n".contains(byte)) {
                found.push(body.to_vec());
            }
        }
        Transfer::QuotedPrintable if quoted_printable::is_damaged(body) => {
            found.extend(
                [quoted_printable::Damage::Dropped, quoted_printable::Damage::Kept]
                    .map(|habit| quoted_printable::decode_as(body, habit)),
            );
        }
        Transfer::Unknown => {
            if memchr(b'=', body).is_some() {
                found.push(quoted_printable::decode(body).0);
            }
            if !base64::is_damaged(body) {
                found.push(base64::decode(body).0);
            }
        }
        _ => {}
    }
    found
}

/// Texts of readers that know the charset and stumble otherwise over what it does not allow.
fn read_otherwise(text: &str, bytes: &[u8], label: &str) -> Vec<String> {
    let mut found = Vec::new();
    // The byte that begins a character takes the next one with it (attack row 83).
    let stated = memmem::find_iter(bytes, "\u{fffd}".as_bytes()).count();
    if text.matches('\u{fffd}').count() > stated {
        found.push(swallowed(text));
    }
    if text.contains('\0') {
        found.push(text.replace('\0', ""));
    }
    let lower = label.to_ascii_lowercase();
    if memchr(0x1b, bytes).is_some() {
        // Escapes that one decoder knows and the other does not, or that hold to the end of the line only.
        found.push(loosely(bytes));
        found.push(unshifted(bytes, Shift::Escapes));
    }
    if memchr(0x0e, bytes).is_some() {
        found.push(unshifted(bytes, Shift::Locking));
    }
    if memmem::find(bytes, b"~{").is_some() && (lower.is_empty() || lower.contains("hz") || lower.contains("gb")) {
        found.push(unshifted(bytes, Shift::Tilde));
    }
    if ["037", "500", "1047", "1140", "ebcdic"].iter().any(|name| lower.contains(name)) {
        found.push(bytes.iter().map(|byte| ebcdic(*byte)).collect());
    }
    found
}

fn loosely(bytes: &[u8]) -> String {
    Text::decode(Charset::Known(UTF_8), Cow::Borrowed(bytes)).text
}

fn swallowed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_bad = false;
    for character in text.chars() {
        if !(after_bad && character.is_ascii()) {
            out.push(character);
        }
        after_bad = character == '\u{fffd}';
    }
    out
}

/// How a charset of seven bits says that other characters follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shift {
    /// `ESC $ B` … `ESC ( B`, and whatever else begins like that; a line break ends it too.
    Escapes,
    /// SO … SI, as ISO-2022-KR and ISO-2022-CN have it.
    Locking,
    /// `~{` … `~}`, as HZ has it.
    Tilde,
}

/// The text with one placeholder for each shifted stretch: what stands in it is no ASCII for a reader that knows it.
fn unshifted(bytes: &[u8], shift: Shift) -> String {
    let (mut out, mut at, mut shifted) = (Vec::with_capacity(bytes.len()), 0, false);
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let (length, state) = match (shift, rest) {
            (Shift::Escapes, [0x1b, b'(' | b'.', _, ..]) => (3, Some(false)),
            (Shift::Escapes, [0x1b, b'$', b'(' | b')' | b'*' | b'+', _, ..]) => (4, Some(true)),
            (Shift::Escapes, [0x1b, b'$', _, ..]) => (3, Some(true)),
            (Shift::Locking, [0x1b, b'$', _, _, ..]) => (4, None),
            (Shift::Locking, [0x0e, ..]) => (1, Some(true)),
            (Shift::Locking, [0x0f, ..]) => (1, Some(false)),
            (Shift::Tilde, [b'~', b'{', ..]) => (2, Some(true)),
            (Shift::Tilde, [b'~', b'}', ..]) => (2, Some(false)),
            (_, [b'\n', ..]) => (0, Some(false)),
            _ => (0, None),
        };
        if state == Some(true) && !shifted {
            out.extend_from_slice("\u{3013}".as_bytes());
        }
        shifted = state.unwrap_or(shifted);
        if length == 0 && !shifted {
            out.push(*byte);
        }
        at += length.max(1);
    }
    loosely(&out)
}

/// Code page 37 as far as links go; what it does not have here is a blank.
fn ebcdic(byte: u8) -> char {
    const SYMBOLS: [(u8, char); 29] = [
        (0x4b, '.'),
        (0x4c, '<'),
        (0x4d, '('),
        (0x4e, '+'),
        (0x50, '&'),
        (0x5b, '$'),
        (0x5c, '*'),
        (0x5d, ')'),
        (0x5e, ';'),
        (0x60, '-'),
        (0x61, '/'),
        (0x6b, ','),
        (0x6c, '%'),
        (0x6d, '_'),
        (0x6e, '>'),
        (0x6f, '?'),
        (0x7a, ':'),
        (0x7b, '#'),
        (0x7c, '@'),
        (0x7d, '\''),
        (0x7e, '='),
        (0x7f, '"'),
        (0xa1, '~'),
        (0x5a, '!'),
        (0x79, '`'),
        (0x15, '\n'),
        (0x25, '\n'),
        (0x05, '\t'),
        (0xe0, '\\'),
    ];
    let letter = |first: u8, from: u8| char::from(first + (byte - from));
    match byte {
        0x81..=0x89 => letter(b'a', 0x81),
        0x91..=0x99 => letter(b'j', 0x91),
        0xa2..=0xa9 => letter(b's', 0xa2),
        0xc1..=0xc9 => letter(b'A', 0xc1),
        0xd1..=0xd9 => letter(b'J', 0xd1),
        0xe2..=0xe9 => letter(b'S', 0xe2),
        0xf0..=0xf9 => letter(b'0', 0xf0),
        other => SYMBOLS.iter().find(|(code, _)| *code == other).map_or(' ', |(_, symbol)| *symbol),
    }
}

#[cfg(test)]
mod tests {
    use crate::message::{Limits, split};

    fn others(head: &str, body: &[u8]) -> Vec<String> {
        let raw = [head.as_bytes(), b"\r\n\r\n", body].concat();
        let structure = split(&raw, &Limits::default());
        let part = &structure.parts[0];
        part.other_texts(part.body.of(&raw), part.transfer)
    }

    #[test]
    fn a_part_without_a_doubt_has_one_text() {
        for (head, body) in [
            ("Content-Type: text/html; charset=utf-8", "<a href=x>é</a>"),
            ("Content-Type: text/html", "<meta charset=shift_jis><a href=x>"),
            ("Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: base64", "aGVsbG8=\r\n"),
            (
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
                "a=3D=\r\nb=C3=A9",
            ),
        ] {
            assert_eq!(others(head, body.as_bytes()), Vec::<String>::new(), "{head}");
        }
    }

    #[test]
    fn damaged_encodings_have_several() {
        let base64 = others("Content-Transfer-Encoding: base64", b"aGVsbG8=IHdvcmxk");
        assert!(base64.contains(&"hello".to_owned()), "{base64:?}");
        let printable = others("Content-Transfer-Encoding: quoted-printable", b"ht=tps=3d");
        assert!(
            printable.contains(&"https=3d".to_owned()) || printable.contains(&"https=".to_owned()),
            "{printable:?}"
        );
        assert!(others("Content-Transfer-Encoding: 8bit+", b"aGVsbG8=").contains(&"hello".to_owned()));
    }

    #[test]
    fn charsets_have_several() {
        let has = |head: &str, body: &[u8], wanted: &str| {
            let found = others(head, body);
            assert!(found.iter().any(|text| text.contains(wanted)), "{head}: {found:?}");
        };
        has("Content-Type: text/html", b"+ADw-a href=x+AD4-", "<a href=x>");
        has("Content-Type: text/html; charset=shift_jis", b"<a title=\"\x81\"><p \">", "<a title=\"\u{fffd}><p");
        has("Content-Type: text/html; charset=hz-gb-2312", b"a~{<\">~}<a>", "a\u{3013}<a>");
        has("Content-Type: text/html; charset=iso-2022-kr", b"\x1b$)Ca\x0e\"<\x0f<a>", "a\u{3013}<a>");
        has("Content-Type: text/html; charset=iso-2022-jp", b"a\x1b$(D\"<\"<\x1b(B<a>", "a\u{3013}<a>");
        has("Content-Type: text/html; charset=ibm037", b"\x4c\x81\x40\x88\x99\x85\x86\x7e", "<a href=");
        has("Content-Type: text/html; charset=utf-7", b"<a href=x>+", "<a href=x>+");
    }
}
