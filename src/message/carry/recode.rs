use std::borrow::Cow;

use encoding_rs::UTF_8;

use super::{CarryError, Recoded, quoted_printable, splice};
use crate::{
    base::{Decoded, Edit, Raw, Span, apply},
    message::{
        Newline, Opened, Part, Role, Transfer,
        charset::{self, Charset},
        content::is_content,
        field::{Field, fields},
        line::{break_before, trim},
        transfer::base64,
        value::Value,
    },
};

const BYTE_ORDER_MARK: &str = "\u{feff}";

impl Opened {
    /// The whole part anew: base64 stays base64, all else becomes quoted-printable; the charset stays where only lines
    /// were the trouble, and becomes UTF-8 otherwise. The header says so.
    pub(super) fn recode(
        &self,
        raw: &[u8],
        edits: &[Edit<Decoded>],
        wanted: &str,
        reason: Recoded,
    ) -> Result<Vec<Edit<Raw>>, CarryError> {
        if matches!(self.part.role, Role::Preamble | Role::Epilogue) {
            return Err(CarryError::NoHeader { part: self.part.id.clone(), reason });
        }
        let newline = Newline::of(raw);
        let (bytes, charset) = match self.kept_charset(edits, reason) {
            Some(bytes) => (Cow::Owned(bytes), self.charset),
            None => (utf8(wanted), Charset::Known(UTF_8)),
        };
        let mut header = HeaderEdits::new(raw, self.part.header, newline);
        let body = if self.part.transfer == Transfer::Base64 {
            let body = self.part.body.of(raw);
            let mut out = base64::Layout::of(body, newline).encode(&bytes);
            out.extend_from_slice(body.get(base64::data_end(body)..).unwrap_or_default());
            out
        } else {
            if self.part.transfer != Transfer::QuotedPrintable {
                header.set_transfer("quoted-printable");
            }
            quoted_printable::encode(&bytes, newline)
        };
        let label = self.part.charset.as_deref().filter(|label| !charset::is_unstated(label));
        let misread = charset != self.charset || reason == Recoded::Readings || !self.reads_as(&bytes, wanted);
        if misread || label.is_none() && reason == Recoded::EightBit {
            header.set_charset(&charset.encoding().name().to_ascii_lowercase());
        }
        let mut edits = header.finish(self.part.body, self.part.parent.is_none());
        edits.push(Edit::new(self.part.body, body));
        Ok(edits)
    }

    /// The edited bytes, where their charset is not what is wrong with them.
    fn kept_charset(&self, edits: &[Edit<Decoded>], reason: Recoded) -> Option<Vec<u8>> {
        match reason {
            Recoded::LongLine | Recoded::EightBit | Recoded::Delimiter | Recoded::LineBreak => {
                self.splices(edits).ok().map(|splices| splice(self.bytes(), &splices))
            }
            Recoded::Charset | Recoded::Unencodable | Recoded::Neighbours | Recoded::Readings => None,
        }
    }
}

impl Part {
    /// Another content: the fields `said` stand for all that the header says of it, and `body` is as they say.
    pub fn replaced(&self, raw: &[u8], said: &[String], body: &[u8]) -> Vec<Edit<Raw>> {
        let mut header = HeaderEdits::new(raw, self.header, Newline::of(raw));
        header.added = said.to_vec();
        for field in fields(raw, self.header).filter(|field| is_content(field.name)) {
            header.edits.push(Edit::new(field.span, ""));
        }
        let mut edits = header.finish(self.body, self.parent.is_none());
        edits.push(Edit::new(self.body, body));
        edits
    }
}

/// A text that begins with a byte order mark needs another, which the reader takes away.
fn utf8(text: &str) -> Cow<'_, [u8]> {
    if text.starts_with(BYTE_ORDER_MARK) {
        return Cow::Owned([BYTE_ORDER_MARK, text].concat().into_bytes());
    }
    Cow::Borrowed(text.as_bytes())
}

/// Edits of the header of one part.
struct HeaderEdits<'a> {
    raw: &'a [u8],
    header: Span<Raw>,
    newline: Newline,
    edits: Vec<Edit<Raw>>,
    added: Vec<String>,
}

impl<'a> HeaderEdits<'a> {
    fn new(raw: &'a [u8], header: Span<Raw>, newline: Newline) -> Self {
        Self { raw, header, newline, edits: Vec::new(), added: Vec::new() }
    }

    fn named(&self, name: &'static str) -> impl Iterator<Item = Field<'a>> + use<'a> {
        fields(self.raw, self.header).filter(move |field| field.is(name))
    }

    /// The first field gets the value, further ones go: they would now be wrong.
    fn set_transfer(&mut self, value: &str) {
        let mut found = self.named("content-transfer-encoding");
        match found.next() {
            Some(first) => {
                self.edits.push(Edit::new(first.value_span, format!(" {value}")));
                self.edits.extend(found.map(|field| Edit::new(field.span, "")));
            }
            None => self.added.push(format!("Content-Transfer-Encoding: {value}")),
        }
    }

    fn set_charset(&mut self, charset: &str) {
        let Some(field) = self.named("content-type").next() else {
            self.added.push(format!("Content-Type: text/plain; charset={charset}"));
            return;
        };
        let inside = charset_edits(field.value, charset);
        let edited = apply(field.value, &inside).ok().map(|value| Value::parse(&value));
        let before = Value::parse(field.value);
        if edited.is_some_and(|value| value.head == before.head && only_charset(&value, charset)) {
            let start = field.value_span.start();
            self.edits.extend(inside.into_iter().map(|edit| Edit::new(edit.span.shifted(start), edit.with)));
        } else {
            self.edits.push(Edit::new(field.value_span, format!(" {}; charset={charset}", printable(&before.head))));
        }
    }

    /// The edits in their order. `body` tells whether an empty line ends the header.
    fn finish(mut self, body: Span<Raw>, is_root: bool) -> Vec<Edit<Raw>> {
        if !self.added.is_empty() {
            if is_root && self.named("mime-version").next().is_none() {
                self.added.insert(0, "MIME-Version: 1.0".to_owned());
            }
            let line_break = String::from_utf8(self.newline.as_bytes().to_vec()).unwrap_or_default();
            let mut text = String::new();
            if !self.header.is_empty() && break_before(self.raw, self.header.end(), self.newline) == 0 {
                text += &line_break;
            }
            for field in &self.added {
                text += field;
                text += &line_break;
            }
            if self.header.end() == body.start() {
                text += &line_break;
            }
            self.edits.push(Edit::new(Span::new(self.header.end(), self.header.end()), text));
        }
        self.edits.sort_by_key(|edit| edit.span);
        self.edits
    }
}

/// Edits of a Content-Type value that leave it with that one charset.
fn charset_edits(value: &[u8], charset: &str) -> Vec<Edit<Raw>> {
    let parsed = Value::parse(value);
    let mut places: Vec<_> =
        parsed.params.into_iter().filter(|param| param.name == "charset").flat_map(|param| param.at).collect();
    places.sort_by_key(|place| place.start);
    if places.is_empty() {
        let end = value.trim_ascii_end().len();
        let glue = if trim(value).ends_with(b";") { " " } else { "; " };
        return vec![Edit::new(Span::new(end, end), format!("{glue}charset={charset}"))];
    }
    let with = |number| if number == 0 { format!("charset={charset}") } else { String::new() };
    places.into_iter().enumerate().map(|(number, at)| Edit::new(Span::new(at.start, at.end), with(number))).collect()
}

fn only_charset(value: &Value, charset: &str) -> bool {
    let mut found = value.params.iter().filter(|param| param.name == "charset");
    found.next().is_some_and(|param| param.value == charset) && found.next().is_none()
}

/// A type that goes back into a header.
fn printable(head: &str) -> &str {
    let plain = head.contains('/') && head.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { head } else { "text/plain" }
}
