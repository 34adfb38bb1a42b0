//! The letters of the demonstration, each written for one thing that it shows.

use super::Places;
use crate::message::{Newline, encode_quoted_printable};

/// One letter.
pub(super) struct Letter {
    /// Names it in addresses and in the sentences about it.
    pub(super) name: &'static str,
    source: &'static str,
    body: Option<Body>,
}

/// A body that stands in its own file because the letter carries it encoded.
struct Body {
    text: &'static str,
    encoding: Encoding,
}

enum Encoding {
    QuotedPrintable(&'static encoding_rs::Encoding),
    Base64,
    Bare(&'static encoding_rs::Encoding),
}

/// In the order in which they are shown.
pub(super) const LETTERS: [Letter; 6] = [
    Letter {
        name: "minutes",
        source: include_str!("letters/minutes.eml"),
        body: Some(Body {
            text: include_str!("letters/minutes.html"),
            encoding: Encoding::QuotedPrintable(encoding_rs::UTF_8),
        }),
    },
    Letter { name: "mailbox", source: include_str!("letters/mailbox.eml"), body: None },
    Letter {
        name: "parcel",
        source: include_str!("letters/parcel.eml"),
        body: Some(Body {
            text: include_str!("letters/parcel.html"),
            encoding: Encoding::QuotedPrintable(encoding_rs::WINDOWS_1252),
        }),
    },
    Letter { name: "shared", source: include_str!("letters/shared.eml"), body: None },
    Letter {
        name: "order",
        source: include_str!("letters/order.eml"),
        body: Some(Body {
            text: include_str!("letters/order.txt"),
            encoding: Encoding::Bare(encoding_rs::ISO_2022_JP),
        }),
    },
    Letter {
        name: "newsletter",
        source: include_str!("letters/newsletter.eml"),
        body: Some(Body { text: include_str!("letters/newsletter.html"), encoding: Encoding::Base64 }),
    },
];

impl Letter {
    /// The message as it comes in, its links leading to `places`; lines end in CRLF.
    pub(super) fn write(&self, places: &Places) -> Vec<u8> {
        let source = places.fill(self.source);
        let Some(body) = &self.body else { return source.into_bytes() };
        let Some((before, after)) = source.split_once("{body}\r\n") else { return source.into_bytes() };
        let mut message = before.as_bytes().to_vec();
        message.extend(body.encoding.encode(&places.fill(body.text)));
        message.extend(after.as_bytes());
        message
    }
}

impl Encoding {
    fn encode(&self, text: &str) -> Vec<u8> {
        match self {
            Self::Bare(charset) => charset.encode(text).0.into_owned(),
            Self::Base64 => wrap(&base64::Engine::encode(&base64::prelude::BASE64_STANDARD, text), 76),
            Self::QuotedPrintable(charset) => encode_quoted_printable(&charset.encode(text).0, Newline::Crlf),
        }
    }
}

fn wrap(text: &str, width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    for line in text.as_bytes().chunks(width) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Limits, split};

    fn places() -> Places {
        Places { site: "localhost:8482".to_owned(), address: "http://127.0.0.1:8482".to_owned() }
    }

    #[test]
    fn letters_are_well_formed_and_read_as_they_were_written() {
        for letter in &LETTERS {
            let raw = letter.write(&places());
            assert!(!raw.windows(6).any(|seen| seen == b"{body}"), "{}", letter.name);
            assert!(!raw.windows(6).any(|seen| seen == b"{site}"), "{}", letter.name);
            let structure = split(&raw, &Limits::default());
            assert!(structure.ambiguities.is_empty(), "{}", letter.name);
            let Some(body) = &letter.body else { continue };
            let texts: Vec<String> = structure
                .parts
                .iter()
                .filter_map(|part| part.open(&raw, &Limits::default()).ok())
                .map(|opened| opened.text().trim_end().to_owned())
                .collect();
            assert!(texts.contains(&places().fill(body.text).trim_end().to_owned()), "{}: {texts:?}", letter.name);
        }
    }
}
