use memchr::memmem;

use super::{charset, transfer};

/// The text of a header value: unfolded, encoded words undone (RFC 2047), raw 8-bit bytes as UTF-8 or windows-1252.
///
/// A word that cannot be decoded stays as it stands. Comments and quotes stay.
pub fn decode_words(value: &[u8]) -> String {
    let unfolded: Vec<u8> = value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let (mut out, mut rest) = (String::new(), unfolded.as_slice());
    let mut pending = Pending::default();
    while let Some(start) = memmem::find(rest, b"=?") {
        let (before, word) = rest.split_at_checked(start).unwrap_or((rest, &[]));
        let Some(Word { label, bytes, length }) = Word::first(word) else {
            pending.flush(&mut out);
            out.push_str(&charset::loose_text(rest.get(..start + 2).unwrap_or_default()));
            rest = rest.get(start + 2..).unwrap_or_default();
            continue;
        };
        // Blanks between two encoded words belong to neither (section 6.2).
        if pending.is_empty() || !before.trim_ascii().is_empty() {
            pending.flush(&mut out);
            out.push_str(&charset::loose_text(before));
        }
        pending.add(label, bytes, &mut out);
        rest = word.get(length..).unwrap_or_default();
    }
    pending.flush(&mut out);
    out.push_str(&charset::loose_text(rest));
    out
}

/// Neighbours of one charset are decoded together: senders cut characters between them.
#[derive(Default)]
struct Pending {
    label: String,
    bytes: Vec<u8>,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn add(&mut self, label: String, bytes: Vec<u8>, out: &mut String) {
        if !self.label.eq_ignore_ascii_case(&label) {
            self.flush(out);
            self.label = label;
        }
        self.bytes.extend(bytes);
    }

    fn flush(&mut self, out: &mut String) {
        if !self.is_empty() {
            out.push_str(&charset::text_under(&self.label, &self.bytes));
            self.bytes.clear();
        }
    }
}

/// `=?charset?B?…?=`
struct Word {
    label: String,
    bytes: Vec<u8>,
    length: usize,
}

impl Word {
    fn first(source: &[u8]) -> Option<Self> {
        let inner = source.strip_prefix(b"=?")?;
        let label_end = inner.iter().position(|byte| *byte == b'?').filter(|end| (1..64).contains(end))?;
        let method = inner.get(label_end + 1)?.to_ascii_lowercase();
        let text = inner.get(label_end + 2..)?.strip_prefix(b"?")?;
        // A word is at most 75 long (section 2); longer ones are common, endless ones would cost quadratic time.
        let window = text.get(..MAX_WORD).unwrap_or(text);
        let text_end = memmem::find(window, b"?=")?;
        let text = window.get(..text_end)?;
        let bytes = match method {
            b'b' => transfer::base64::decode(text).0,
            b'q' => {
                let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
                q_decode(&spaced)
            }
            _ => return None,
        };
        // RFC 2231 section 5: a language may follow the charset.
        let label = charset::loose_text(inner.get(..label_end)?.split(|byte| *byte == b'*').next()?);
        Some(Self { label, bytes, length: 2 + label_end + 3 + text_end + 2 })
    }
}

const MAX_WORD: usize = 2048;

/// As quoted-printable, without lines.
fn q_decode(text: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, behind)) = rest.split_first() {
        rest = match behind {
            [high, low, tail @ ..] if *first == b'=' => match super::value::hex_pair(*high, *low) {
                Some(byte) => {
                    out.push(byte);
                    tail
                }
                None => {
                    out.push(b'=');
                    behind
                }
            },
            _ => {
                out.push(*first);
                behind
            }
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encoded_words_become_text() {
        let is = |value: &str, wanted: &str| assert_eq!(decode_words(value.as_bytes()), wanted);
        is("=?UTF-8?B?5pel5pys?=\r\n =?utf-8?q?_x=3D?=", "日本 x=");
        is("Re: =?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= (x)", "Re: 日本 (x)");
        is("=?utf-8?b?5pc=?= =?utf-8?b?peacrA==?=", "日本");
        is("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c");
        is("=?shift_jis*ja?Q?=93=FA?=", "日");
        is("a =?broken b =?x?z?c?=", "a =?broken b =?x?z?c?=");
        is("=?x-nonsense?q?=E9?=", "é");
        is("folded\r\n\tvalue", "folded\tvalue");
    }

    proptest! {
        #[test]
        fn any_value_is_read(value in proptest::collection::vec(any::<u8>(), 0..80), words in "[=?bq8_ A]{0,40}") {
            decode_words(&value);
            decode_words(words.as_bytes());
        }
    }
}
