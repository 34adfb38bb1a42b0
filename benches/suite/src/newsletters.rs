//! Newsletters as they come: tables in tables, styles on every cell, the same links in HTML and in text. Made by a seeded
//! generator, so that every run has the same.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub struct Letter {
    pub html: String,
    /// The whole message.
    pub raw: Vec<u8>,
}

struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

const WORDS: [&str; 24] = [
    "autumn",
    "offer",
    "the",
    "new",
    "collection",
    "for",
    "your",
    "garden",
    "with",
    "free",
    "delivery",
    "until",
    "Sunday",
    "and",
    "a",
    "caf\u{e9}",
    "of",
    "quiet",
    "evenings",
    "save",
    "up",
    "to",
    "\u{20ac}12",
    "more",
];

fn sentence(random: &mut Random, words: usize) -> String {
    (0..words).map(|_| WORDS[random.below(WORDS.len())]).collect::<Vec<_>>().join(" ")
}

fn url(random: &mut Random) -> String {
    format!(
        "https://click.shop{}.example.com/track/{:08x}{:08x}?utm_source=letter&utm_campaign={}&item={}",
        random.below(50),
        random.below(1 << 31),
        random.below(1 << 31),
        WORDS[random.below(13)],
        random.below(100_000)
    )
}

/// About 87 KB each with 87 links: 44 in HTML and 43 in text; three in four quoted-printable, the others base64.
pub fn letters(count: usize) -> Vec<Letter> {
    let mut random = Random(20_261_124);
    (0..count).map(|at| letter(&mut random, at)).collect()
}

fn letter(random: &mut Random, at: usize) -> Letter {
    let mut text = String::new();
    let mut html = String::from(
        "<!doctype html>\r\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Autumn</title>\r\n<style>.cell{padding:8px}\
         @media only screen and (max-width:480px){.cell{width:100%!important}}</style></head>\r\n<body \
         style=\"margin:0;background:#f4f4f4\">\r\n",
    );
    let _ = write!(html, "<p><a href=\"{}\">Read it in a browser</a></p>\r\n", url(random).replace('&', "&amp;"));
    for _ in 0..43 {
        let link = url(random);
        html += "<table role=\"presentation\" border=\"0\" cellpadding=\"0\" cellspacing=\"0\" width=\"100%\" \
                 style=\"border-collapse:collapse;mso-table-lspace:0pt;mso-table-rspace:0pt;\">\r\n<tbody><tr>\r\n<td \
                 align=\"left\" class=\"cell\" style=\"font-size:0px;padding:10px 25px;word-break:break-word;\">\r\n<div \
                 style=\"font-family:Ubuntu, Helvetica, Arial, \
                 sans-serif;font-size:13px;line-height:1;text-align:left;color:#000000;\">\r\n";
        for _ in 0..3 {
            let _ = write!(html, "<p style=\"margin:0 0 8px\">{}.</p>\r\n", sentence(random, 20));
        }
        let _ = write!(
            html,
            "<img alt=\"{}\" width=\"180\" height=\"120\" src=\"https://img.example.com/{:06}.png\" \
             style=\"border:0;display:block;outline:none;text-decoration:none;height:auto;width:100%;font-size:13px;\">\r\n<a \
             href=\"{}\" target=\"_blank\" rel=\"noopener\" \
             style=\"display:inline-block;background:#414141;color:#ffffff;font-family:Ubuntu, \
             Helvetica;padding:10px 25px;border-radius:3px;\">{}</a>\r\n</div></td></tr></tbody></table>\r\n",
            sentence(random, 3),
            random.below(1_000_000),
            link.replace('&', "&amp;"),
            sentence(random, 2),
        );
        let _ = write!(text, "{}:\r\n{link}\r\n\r\n", sentence(random, 12));
    }
    html += "</body></html>\r\n";
    let encoding = if at % 4 == 3 { Encoding::Base64 } else { Encoding::QuotedPrintable };
    let raw = message(at, &[("text/plain", &text, encoding), ("text/html", &html, encoding)]);
    Letter { html, raw }
}

#[derive(Clone, Copy)]
pub enum Encoding {
    QuotedPrintable,
    Base64,
    EightBit,
}

/// One message of these parts, as `multipart/alternative`.
pub fn message(at: usize, parts: &[(&str, &str, Encoding)]) -> Vec<u8> {
    let mut raw = format!(
        "From: Shop <shop@mail.example>\r\nTo: you@corp.example\r\nSubject: Autumn\r\nMessage-ID: <{at}@mail.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"next-part\"\r\n\r\n"
    );
    for (media, body, encoding) in parts {
        let (name, body) = match encoding {
            Encoding::QuotedPrintable => ("quoted-printable", quoted_printable(body)),
            Encoding::Base64 => ("base64", base64(body)),
            Encoding::EightBit => ("8bit", (*body).to_owned()),
        };
        let _ = write!(
            raw,
            "--next-part\r\nContent-Type: {media}; charset=utf-8\r\nContent-Transfer-Encoding: {name}\r\n\r\n{body}\r\n"
        );
    }
    raw += "--next-part--\r\n";
    raw.into_bytes()
}

fn base64(body: &str) -> String {
    let text = STANDARD.encode(body);
    let mut lines = String::with_capacity(text.len() / 76 * 78 + 80);
    for line in text.as_bytes().chunks(76) {
        lines.extend(line.iter().map(|byte| char::from(*byte)));
        lines += "\r\n";
    }
    lines
}

fn quoted_printable(body: &str) -> String {
    let mut out = String::with_capacity(body.len() * 5 / 4);
    let mut column = 0;
    let mut bytes = body.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\r' && bytes.peek() == Some(&b'\n') {
            bytes.next();
            out += "\r\n";
            column = 0;
            continue;
        }
        let at_end = bytes.peek() == Some(&b'\r');
        let plain = (33..=126).contains(&byte) && byte != b'=' || matches!(byte, b' ' | b'\t') && !at_end;
        if column + if plain { 1 } else { 3 } > 75 {
            out += "=\r\n";
            column = 0;
        }
        if plain {
            out.push(char::from(byte));
            column += 1;
        } else {
            let _ = write!(out, "={byte:02X}");
            column += 3;
        }
    }
    out
}
