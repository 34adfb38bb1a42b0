//! A broken message written anew, so that every reader takes it apart as we do.
//!
//! Where readers of a message would come to different parts and one of them to a link that nobody dealt with, there is
//! no edit for all of them. The normal form says the same once more: the parts that [`super::split`] found and their
//! decoded content, each header field of a kind once, boundaries that occur nowhere else. Texts between the parts, which
//! no client shows, do not come along.

use sha2::{Digest, Sha256};

use super::{
    Disposition, Limits, MediaType, Newline, Part, Role, Structure, Transfer, carry, fields,
    line::is_blank,
    split,
    transfer::{self, base64},
};
use crate::base::{Raw, Span};

/// Multiparts that are encoded inside one another are undone as deep as this.
const DEPTH: usize = 4;

/// The normal form of a message that was split into `structure`.
pub fn normal(raw: &[u8], structure: &Structure, limits: &Limits) -> Vec<u8> {
    let mut out = raw.get(..structure.header.start()).unwrap_or_default().to_vec();
    let mut writer = Writer::new(raw, structure, limits, 0);
    if let Some(root) = structure.parts.first() {
        writer.part(0, root);
    }
    out.append(&mut writer.out);
    out
}

/// A message with the header of another, without what says how its body is to be read, and `text` as its body.
pub fn with_text(raw: &[u8], structure: &Structure, text: &str) -> Vec<u8> {
    let limits = Limits::default();
    let mut writer = Writer::new(raw, structure, &limits, 0);
    writer.out.extend_from_slice(raw.get(..structure.header.start()).unwrap_or_default());
    writer.fields(structure.header);
    writer.end_line();
    text.lines().for_each(|line| writer.line(line));
    writer.out
}

/// What a reader splits who undoes the transfer encoding of a multipart, which it must not have (attack row 74): one
/// message for each such multipart.
pub fn decoded_multiparts(raw: &[u8], structure: &Structure) -> Vec<Vec<u8>> {
    let encoded = structure.parts.iter().filter(|part| part.role == Role::Multipart && !part.transfer.is_identity());
    encoded.map(|part| decoded_multipart(raw, part)).collect()
}

fn decoded_multipart(raw: &[u8], part: &Part) -> Vec<u8> {
    let newline = Newline::of(raw).as_bytes();
    let mut out = b"Content-Type: ".to_vec();
    out.extend(content_type(&part.media, part.media.boundary.as_deref(), None));
    out.extend_from_slice(newline);
    out.extend_from_slice(newline);
    out.extend_from_slice(&transfer::decode(part.transfer, part.body.of(raw)).0);
    out
}

struct Writer<'a> {
    raw: &'a [u8],
    structure: &'a Structure,
    limits: &'a Limits,
    /// Of each part, those directly inside it.
    children: Vec<Vec<usize>>,
    out: Vec<u8>,
    depth: usize,
    /// Boundaries made so far.
    made: usize,
}

impl<'a> Writer<'a> {
    fn new(raw: &'a [u8], structure: &'a Structure, limits: &'a Limits, depth: usize) -> Self {
        let mut children = vec![Vec::new(); structure.parts.len()];
        for (index, part) in structure.parts.iter().enumerate() {
            let around = part.parent.and_then(|parent| children.get_mut(parent));
            around.into_iter().for_each(|around| around.push(index));
        }
        Self { raw, structure, limits, children, out: Vec::with_capacity(raw.len()), depth, made: 0 }
    }

    fn end_line(&mut self) {
        self.out.extend_from_slice(self.structure.newline.as_bytes());
    }

    fn line(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend_from_slice(text.as_ref());
        self.end_line();
    }

    fn part(&mut self, index: usize, part: &'a Part) {
        self.fields(part.header);
        if index == 0 && !fields(self.raw, part.header).any(|field| field.is("mime-version")) {
            self.line("MIME-Version: 1.0");
        }
        self.disposition(part);
        match part.role {
            Role::Multipart => self.multipart(index, part),
            Role::Message => {
                self.content_type(part, None, None);
                self.end_line();
                self.inside(index).into_iter().for_each(|(index, inner)| self.part(index, inner));
            }
            Role::Leaf | Role::Preamble | Role::Epilogue => self.leaf(part),
        }
    }

    fn inside(&self, index: usize) -> Vec<(usize, &'a Part)> {
        let structure = self.structure;
        let children = self.children.get(index).map(Vec::as_slice).unwrap_or_default();
        let part = |index: &usize| structure.parts.get(*index).map(|part| (*index, part));
        let shown = |(_, part): &(usize, &Part)| !matches!(part.role, Role::Preamble | Role::Epilogue);
        children.iter().filter_map(part).filter(shown).collect()
    }

    fn multipart(&mut self, index: usize, part: &'a Part) {
        let inside = self.inside(index);
        if inside.is_empty() && !part.transfer.is_identity() && self.depth < DEPTH {
            let raw = decoded_multipart(self.raw, part);
            let structure = split(&raw, self.limits);
            let mut writer = Writer::new(&raw, &structure, self.limits, self.depth + 1);
            writer.made = self.made + 1;
            if let Some(root) = structure.parts.first().filter(|root| root.role == Role::Multipart) {
                writer.parts(writer.inside(0), root);
                self.made = writer.made;
                return self.out.append(&mut writer.out);
            }
        }
        self.parts(inside, part);
    }

    fn parts(&mut self, inside: Vec<(usize, &'a Part)>, around: &Part) {
        if inside.is_empty() {
            // Nothing delimits anything: what stands there is all there is, and stays as the text that it is.
            self.line("Content-Type: text/plain");
            self.end_line();
            return self.out.extend_from_slice(around.body.of(self.raw));
        }
        let boundary = self.boundary();
        self.content_type(around, Some(boundary.as_bytes()), None);
        self.end_line();
        for (index, part) in inside {
            self.line(format!("--{boundary}"));
            self.part(index, part);
            self.end_line();
        }
        self.line(format!("--{boundary}--"));
    }

    /// One that occurs nowhere in the message.
    fn boundary(&mut self) -> String {
        let digest = Sha256::digest(self.raw);
        let name: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        loop {
            self.made += 1;
            let boundary = format!("=_{name}_{}_{}", self.depth, self.made);
            if memchr::memmem::find(self.raw, boundary.as_bytes()).is_none() {
                return boundary;
            }
        }
    }

    /// All fields but those that say how to read the part; a line break in a field is one that continues it.
    fn fields(&mut self, header: Span<Raw>) {
        for field in fields(self.raw, header).filter(|field| !says_how(field.name)) {
            self.out.extend_from_slice(field.name);
            self.out.push(b':');
            let newline = self.structure.newline.as_bytes();
            let mut first = true;
            for line in field.value.split(|byte| matches!(byte, b'\r' | b'\n')) {
                if !first && line.trim_ascii().is_empty() {
                    continue;
                }
                if !first {
                    self.out.extend_from_slice(newline);
                    self.out.extend_from_slice(if line.first().copied().is_some_and(is_blank) { b"" } else { b" " });
                }
                first = false;
                self.out.extend_from_slice(line);
            }
            self.end_line();
        }
    }

    fn content_type(&mut self, part: &Part, boundary: Option<&[u8]>, charset: Option<&str>) {
        self.out.extend_from_slice(b"Content-Type: ");
        self.line(content_type(&part.media, boundary, charset));
    }

    fn disposition(&mut self, part: &Part) {
        let word = match part.disposition {
            Disposition::Unstated => return,
            Disposition::Inline => "inline",
            Disposition::Attachment => "attachment",
        };
        let mut value = format!("Content-Disposition: {word}").into_bytes();
        value.extend(part.filename.as_deref().map(|name| parameter("filename", name.as_bytes())).unwrap_or_default());
        self.line(value);
    }

    /// What can be read in one way only stays as it is; text comes as UTF-8 otherwise, and all else as base64.
    fn leaf(&mut self, part: &Part) {
        let body = part.body.of(self.raw);
        let bare = |at: usize| body.get(at + 1) != Some(&b'\n');
        let bare_cr = memchr::memchr_iter(b'\r', body).any(bare);
        let damaged = part.transfer == Transfer::Base64 && base64::is_damaged(body);
        let word = match part.transfer {
            Transfer::SevenBit => "7bit",
            Transfer::EightBit | Transfer::Unknown => "8bit",
            Transfer::Binary => "binary",
            Transfer::Uuencode => "x-uuencode",
            Transfer::QuotedPrintable => "quoted-printable",
            Transfer::Base64 => "base64",
        };
        let opened = part.open(self.raw, self.limits).ok().filter(|_| part.media.kind == "text");
        if part.transfer != Transfer::Unknown && !bare_cr && !damaged {
            self.content_type(part, None, None);
            self.line(format!("Content-Transfer-Encoding: {word}"));
            self.end_line();
            return self.out.extend_from_slice(body);
        }
        let newline = self.structure.newline;
        let layout = base64::Layout::of(b"", newline);
        let (charset, word, bytes) = match opened {
            Some(opened) if part.transfer == Transfer::Base64 => {
                (Some("utf-8"), "base64", layout.encode(opened.text().as_bytes()))
            }
            Some(opened) => {
                // A CR alone would come back as one.
                let text = opened.text().replace("\r\n", "\n").replace('\r', "\n");
                let text = text.replace('\n', std::str::from_utf8(newline.as_bytes()).unwrap_or("\n"));
                let encoded = carry::encode_quoted_printable(text.as_bytes(), newline);
                (Some("utf-8"), "quoted-printable", encoded)
            }
            None => (None, "base64", layout.encode(&transfer::decode(part.transfer, body).0)),
        };
        self.content_type(part, None, charset);
        self.line(format!("Content-Transfer-Encoding: {word}"));
        self.end_line();
        self.out.extend_from_slice(&bytes);
    }
}

fn says_how(name: &[u8]) -> bool {
    ["content-type", "content-transfer-encoding", "content-disposition"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// The value of a Content-Type, each parameter once.
fn content_type(media: &MediaType, boundary: Option<&[u8]>, charset: Option<&str>) -> Vec<u8> {
    let token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"()<>@,;:\\/[]?=".contains(&byte))
    };
    let plain = token(&media.kind) && token(&media.subtype);
    let mut out = if plain { media.to_string() } else { "application/octet-stream".to_owned() }.into_bytes();
    let mut seen = Vec::new();
    for (name, value) in &media.params {
        let replaced = name == "boundary" || name == "charset" && charset.is_some();
        if !replaced && token(name) && !name.contains(['*', '\'', '%']) && !seen.contains(&name) {
            seen.push(name);
            out.extend(parameter(name, value.as_bytes()));
        }
    }
    out.extend(charset.map(|charset| parameter("charset", charset.as_bytes())).unwrap_or_default());
    out.extend(boundary.map(|boundary| parameter("boundary", boundary)).unwrap_or_default());
    out
}

/// `; name="value"`, and as RFC 2231 has it where that does not do.
fn parameter(name: &str, value: &[u8]) -> Vec<u8> {
    let plain = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if plain {
        let mut out = format!("; {name}=\"").into_bytes();
        for byte in value {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        out.push(b'"');
        return out;
    }
    let mut out = format!("; {name}*=utf-8''");
    for byte in value {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => out.push(char::from(*byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out.into_bytes()
}
