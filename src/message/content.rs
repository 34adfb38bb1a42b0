use crate::base::{Raw, Span};

use super::{
    Ambiguity, AmbiguityKind as Kind, Disposition, MediaType, Transfer,
    field::{Field, fields},
    value::Value,
    view::{Habit, View},
    words::decode_words,
};

/// What the header of a part says about its content. Of several fields of a name the first counts.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) media: Option<MediaType>,
    pub(crate) transfer: Option<Transfer>,
    pub(crate) disposition: Disposition,
    pub(crate) filename: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) location: Option<String>,
    disposition_seen: bool,
    /// Each kind once a header, however often it comes.
    noted: Vec<Kind>,
}

impl Content {
    pub(crate) fn read(raw: &[u8], header: Span<Raw>, view: View, ambiguities: &mut Vec<Ambiguity>) -> Self {
        let mut content = Self::default();
        let mut found: Vec<Field<'_>> = fields(raw, header).filter(|field| is_content(field.name)).collect();
        if view.has(Habit::LastWins) {
            found.reverse();
        }
        for field in found {
            content.take(&field, view, ambiguities);
        }
        let name = content.media.as_ref().and_then(|media| media.param("name")).map(str::to_owned);
        content.filename = content.filename.or(name).map(|name| decode_words(name.as_bytes()));
        content
    }

    fn take(&mut self, field: &Field<'_>, view: View, ambiguities: &mut Vec<Ambiguity>) {
        let noted = &mut self.noted;
        let mut note = |kind| {
            if !noted.contains(&kind) {
                noted.push(kind);
                ambiguities.push(Ambiguity { kind, at: field.span.start() });
            }
        };
        if field.is("content-type") {
            let media = MediaType::read(field.value, view);
            if self.media.is_some() {
                note(Kind::DuplicateContentType);
                return;
            }
            if media.is_ambiguous("boundary") {
                note(Kind::DuplicateBoundary);
            }
            if media.is_unclear(field.value) {
                note(Kind::UnclearBoundary);
            }
            if media.is_ambiguous("charset") {
                note(Kind::DuplicateCharset);
            }
            self.media = Some(media);
        } else if field.is("content-transfer-encoding") {
            let transfer = Transfer::parse(&Value::parse(field.value).head);
            if self.transfer.is_some() {
                note(Kind::DuplicateTransferEncoding);
                return;
            }
            if transfer == Transfer::Unknown {
                note(Kind::UnknownTransfer);
            }
            self.transfer = Some(transfer);
        } else if field.is("content-disposition") && !self.disposition_seen {
            let value = Value::parse(field.value);
            self.disposition_seen = true;
            self.disposition = Disposition::parse(&value.head);
            self.filename = value.params.into_iter().find(|param| param.name == "filename").map(|param| param.value);
        } else if field.is("content-base") {
            self.base.get_or_insert_with(|| url_text(field.value));
        } else if field.is("content-location") {
            self.location.get_or_insert_with(|| url_text(field.value));
        }
    }
}

/// Whether a field says how to read the content.
pub(crate) fn is_content(name: &[u8]) -> bool {
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"))
}

/// A URL in a header may be folded anywhere and quoted (RFC 2557 section 4.4.1).
fn url_text(value: &[u8]) -> String {
    let text: String = decode_words(value).split_ascii_whitespace().collect();
    text.trim_matches('"').to_owned()
}
