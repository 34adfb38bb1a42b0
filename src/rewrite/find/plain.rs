//! HTML that every tokenizer reads alike, read without one: what most of a newsletter is.
//!
//! Where the tree that a parser builds has no say in what the next bytes mean, tokens are a matter of the text alone.
//! A document is plain where
//!
//! - no tag is `select`, `frameset`, `svg`, `math`, `template`, `script`, `noscript`, `textarea`, `xmp`, `iframe`,
//!   `noembed`, `noframes` or `plaintext`: then nothing but `title` and `style` turns markup into text, wherever they
//!   stand (WHATWG tree construction, "in head", "in body", "in table"), and no CDATA section can begin;
//! - `title` and `style` end, at the first `</` behind them;
//! - every comment ends in `-->`, begins with neither `>` nor `->` and has no `--!>` in it; what begins with `<!` and is
//!   none ends before the next `<`;
//! - behind every other `<` stands a tag: names of letters, digits, `-`, `_`, `.` and `:`; attributes apart from one
//!   another by blanks, each of another name, without `<` and `>` in a value, and without quotes, `=` and `` ` `` in one
//!   that is not quoted; nothing but blanks behind the name of an end tag;
//! - there is no NUL.
//!
//! Of anything else nothing is said here.

use std::{borrow::Cow, ops::Range};

use memchr::{memchr, memchr2, memchr3, memmem};

use super::Quote;

/// One token. Ranges are offsets into the text.
pub(super) enum Token<'t, 's> {
    /// Text in which character references mean something.
    Text(Range<usize>),
    /// What stands in `<style>`.
    Style(Range<usize>),
    Comment(Range<usize>),
    /// A comment that is none, a document type, what stands in `<title>`: nothing that matters, and text ends there.
    Nothing,
    Start(Tag<'t, 's>),
    /// The name in lower case.
    End(Cow<'t, str>),
}

/// A start tag.
pub(super) struct Tag<'t, 's> {
    /// In lower case.
    pub(super) name: Cow<'t, str>,
    pub(super) range: Range<usize>,
    pub(super) attributes: &'s [Attribute<'t>],
}

/// An attribute as it is written.
pub(super) struct Attribute<'t> {
    /// In lower case.
    pub(super) name: Cow<'t, str>,
    /// Where the name begins.
    pub(super) start: usize,
    /// Where its value stands, without quotes; `None` where it has none.
    pub(super) value: Option<Range<usize>>,
    pub(super) quote: Quote,
}

impl Attribute<'_> {
    /// The value as it is written.
    pub(super) fn of<'a>(&self, text: &'a str) -> &'a str {
        self.value.clone().and_then(|value| text.get(value)).unwrap_or_default()
    }
}

/// Tags by which a document is not plain.
const FEEDBACK: [&str; 13] = [
    "select",
    "frameset",
    "svg",
    "math",
    "template",
    "script",
    "noscript",
    "textarea",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "plaintext",
];

/// Attributes of one tag; to compare each with each is not to take long.
const ATTRIBUTES: usize = 32;

/// Gives every token of `text` to `each`, in order; two texts never follow one another. `None` where the text is not
/// plain, or `each` says so; what was given before is then worth nothing.
pub(super) fn read<'t>(text: &'t str, mut each: impl FnMut(Token<'t, '_>) -> Option<()>) -> Option<()> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    if memchr(0, reader.bytes).is_some() {
        return None;
    }
    let mut attributes = Vec::new();
    while let Some(length) = memchr(b'<', reader.rest()) {
        let start = reader.at;
        let tag = start + length;
        if length > 0 {
            each(Token::Text(start..tag))?;
        }
        reader.at = tag + 1;
        match reader.byte()? {
            b'!' => each(reader.declaration(tag)?)?,
            b'/' => {
                reader.at += 1;
                each(Token::End(reader.end_tag()?))?;
            }
            _ => {
                let name = reader.start_tag(&mut attributes)?;
                if FEEDBACK.contains(&&*name) {
                    return None;
                }
                let inside = match &*name {
                    "style" | "title" => Some(reader.inside(&name)?),
                    _ => None,
                };
                let style = name == "style";
                let end = inside.as_ref().map_or(reader.at, |inside| inside.start);
                each(Token::Start(Tag { name, range: tag..end, attributes: &attributes }))?;
                if let Some(inside) = inside {
                    each(if style && !inside.is_empty() { Token::Style(inside) } else { Token::Nothing })?;
                }
            }
        }
    }
    if reader.at < text.len() {
        each(Token::Text(reader.at..text.len()))?;
    }
    Some(())
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Nearly always there is one, or none.
    fn blanks(&mut self) -> usize {
        match self.rest() {
            [b' ', next, ..] if !is_blank(*next) => {
                self.at += 1;
                1
            }
            [next, ..] if !is_blank(*next) => 0,
            _ => self.skip(BLANK),
        }
    }

    fn skip(&mut self, wanted: u8) -> usize {
        let rest = self.rest();
        let length = rest.iter().position(|byte| CLASSES[usize::from(*byte)] & wanted == 0).unwrap_or(rest.len());
        self.at += length;
        length
    }

    /// A name in lower case, which a letter begins.
    fn name(&mut self) -> Option<Cow<'t, str>> {
        let start = self.at;
        if !self.byte()?.is_ascii_alphabetic() {
            return None;
        }
        self.skip(SMALL);
        if self.byte().is_none_or(|byte| CLASSES[usize::from(byte)] & NAME == 0) {
            return self.text.get(start..self.at).map(Cow::Borrowed);
        }
        self.skip(NAME);
        Some(Cow::Owned(self.text.get(start..self.at)?.to_ascii_lowercase()))
    }

    /// What begins with `<!`, at `start`.
    fn declaration(&mut self, start: usize) -> Option<Token<'t, 't>> {
        let rest = self.rest();
        if rest.starts_with(b"!--") {
            self.at += 3;
            let inside = self.rest();
            if inside.starts_with(b">") || inside.starts_with(b"->") {
                return None;
            }
            let length = memmem::find(inside, b"-->")?;
            if memmem::find(inside.get(..length)?, b"--!>").is_some() {
                return None;
            }
            self.at += length + 3;
            return Some(Token::Comment(start..self.at));
        }
        if rest.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"![cdata[")) {
            return None;
        }
        match memchr2(b'<', b'>', rest) {
            Some(length) if rest.get(length) == Some(&b'>') => self.at += length + 1,
            Some(_) => return None,
            None => self.at = self.bytes.len(),
        }
        Some(Token::Nothing)
    }

    /// An end tag from its name on.
    fn end_tag(&mut self) -> Option<Cow<'t, str>> {
        let name = self.name()?;
        self.skip(BLANK);
        (self.byte()? == b'>').then_some(())?;
        self.at += 1;
        Some(name)
    }

    /// A start tag from its name on.
    fn start_tag(&mut self, attributes: &mut Vec<Attribute<'t>>) -> Option<Cow<'t, str>> {
        attributes.clear();
        let name = self.name()?;
        let mut seen = 0_u64;
        loop {
            let blanks = self.blanks();
            match self.byte()? {
                b'>' => {
                    self.at += 1;
                    return Some(name);
                }
                b'/' if self.bytes.get(self.at + 1) == Some(&b'>') => {
                    self.at += 2;
                    return Some(name);
                }
                _ if blanks == 0 => return None,
                _ => {}
            }
            let attribute = self.attribute()?;
            // Names of another length, or with another beginning, differ.
            let name = attribute.name.as_bytes();
            let like = 1 << ((name.len() * 8 + usize::from(name.first().copied()?)) % 64);
            if seen & like != 0 && attributes.iter().any(|other| other.name == attribute.name)
                || attributes.len() >= ATTRIBUTES
            {
                return None;
            }
            seen |= like;
            attributes.push(attribute);
        }
    }

    fn attribute(&mut self) -> Option<Attribute<'t>> {
        let start = self.at;
        let name = self.name()?;
        let behind = self.at;
        self.blanks();
        if self.byte()? != b'=' {
            self.at = behind;
            return Some(Attribute { name, start, value: None, quote: Quote::None });
        }
        self.at += 1;
        self.blanks();
        let (quote, value) = match self.byte()? {
            mark @ (b'"' | b'\'') => {
                self.at += 1;
                let value = self.at..self.at + memchr3(mark, b'<', b'>', self.rest())?;
                if self.bytes.get(value.end) != Some(&mark) {
                    return None;
                }
                self.at = value.end + 1;
                (if mark == b'"' { Quote::Double } else { Quote::Single }, value)
            }
            _ => {
                let start = self.at;
                (self.skip(BARE) > 0).then_some(())?;
                (Quote::None, start..self.at)
            }
        };
        Some(Attribute { name, start, value: Some(value), quote })
    }

    /// What stands in an element whose content is text, up to its end tag, which is read as markup again.
    fn inside(&mut self, name: &str) -> Option<Range<usize>> {
        let start = self.at;
        let length = memmem::find(self.rest(), b"</")?;
        let behind = self.rest().get(length + 2..)?;
        let named = behind.get(..name.len())?.eq_ignore_ascii_case(name.as_bytes());
        let ends = behind.get(name.len()).is_some_and(|byte| is_blank(*byte) || *byte == b'>');
        (named && ends).then(|| {
            self.at = start + length;
            start..self.at
        })
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

const BLANK: u8 = 1;
/// What may stand in a name.
const NAME: u8 = 2;
/// The same, without capitals.
const SMALL: u8 = 4;
/// What may stand in a value that is not quoted.
const BARE: u8 = 8;

/// Which of these a byte is.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let name = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        let bare = !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'=' | b'<' | b'>' | b'`');
        let small = name && !byte.is_ascii_uppercase();
        classes[at] =
            (is_blank(byte) as u8 * BLANK) | (name as u8 * NAME) | (small as u8 * SMALL) | (bare as u8 * BARE);
        at += 1;
    }
    classes
};
