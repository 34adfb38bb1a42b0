//! Parts that are neither HTML nor plain text, or both: calendars, rich and marked up text, text that a client may take
//! for a page, files that stand in text. What is found by its own rules is dealt with first; then all that is left is
//! read as the text that it is for everybody else.

use super::{
    choose::Scope,
    find::{
        self, Clean, Found, Lines, Quote, Role, Spot,
        calendar::{self, Coding, Content, Property},
    },
    kind::is_html,
    pass::{Pass, Site, Stop},
    report::Unread,
    uuencode,
};
use crate::{
    base::{Decoded, Edit, Span, apply},
    message::{Opened, Part, Transfer},
};

type Edits = Vec<Edit<Decoded>>;

impl Pass<'_> {
    /// Plain text. One that begins like a page is one for some clients: its tags are read too, and stay what they are.
    pub(super) fn plain(
        &mut self,
        text: &str,
        lines: Lines,
        opened: &Opened,
        part: &Part,
        site: Site<'_>,
    ) -> Result<Edits, Stop> {
        let mut edits = self.files(text, opened, part, site)?;
        if find::looks_like_html(text) {
            edits.extend(self.markup(&masked(text, &edits), opened, part, site)?);
        }
        self.rest(text, edits, lines, site)
    }

    /// Text beside what has been dealt with.
    fn rest(&mut self, text: &str, mut edits: Edits, lines: Lines, site: Site<'_>) -> Result<Edits, Stop> {
        let more = if edits.is_empty() {
            self.text(text, lines, site)?
        } else {
            self.text(&masked(text, &edits), lines, site)?
        };
        edits.extend(more);
        edits.sort_by_key(|edit| edit.span);
        Ok(edits)
    }

    /// The attributes of a text that is HTML for some: no anchor is put around its text, no tag changes its shape.
    pub(super) fn markup(&mut self, text: &str, opened: &Opened, part: &Part, site: Site<'_>) -> Result<Edits, Stop> {
        if find::defines_entities(text) {
            return Err(Unread::Entities.into());
        }
        let clean = Clean::of(text);
        let mut page = self.find(clean.text(), part)?;
        page.found.retain(|found| !matches!(found.spot, Spot::TextNode(_) | Spot::Text(_)));
        let edits = self.proven(clean.text(), opened, &page, part, site)?;
        // What is no page keeps its NULs where no tag of it is touched.
        Ok(if edits.is_empty() { edits } else { self.without_nuls(&clean, edits, site.part) })
    }

    pub(super) fn enriched(&mut self, text: &str, site: Site<'_>) -> Result<Edits, Stop> {
        let rendered = find::rendered(text);
        let scope = Scope::of_text(self.policy, self.suffixes, self.own, site.place);
        let own = |text: &str| self.own.length(text);
        let words = find::words(rendered.text(), &self.grammar(&own, Lines::Fixed));
        let mut edits = Vec::new();
        for word in words {
            let mut pieces = rendered.pieces(word.range.clone()).into_iter();
            let Some(first) = pieces.next() else { continue };
            let span = Span::new(first.start, first.end);
            let found = Found::new(span, Spot::Text(word.shape), word.value);
            let written = self.link(text, &found, &scope, site, first.start)?;
            if !written.is_empty() {
                // The commands in the middle of it stay, in pairs as they are.
                edits.extend(written);
                edits.extend(pieces.map(|piece| Edit::new(Span::new(piece.start, piece.end), "")));
            }
        }
        // Whoever does not know the format shows it as it stands.
        self.rest(text, edits, Lines::Fixed, site)
    }

    pub(super) fn markdown(&mut self, text: &str, opened: &Opened, part: &Part, site: Site<'_>) -> Result<Edits, Stop> {
        let scope = Scope::of_text(self.policy, self.suffixes, self.own, site.place);
        let mut edits = Vec::new();
        for destination in find::destinations(text) {
            let span = Span::new(destination.range.start, destination.range.end);
            let spot = Spot::Attribute(Role::Link, Quote::Inert);
            let found = Found::new(span, spot, destination.value);
            edits.extend(self.link(text, &found, &scope, site, span.start())?);
        }
        let tags = self.markup(&masked(text, &edits), opened, part, site)?;
        edits.extend(tags);
        edits.sort_by_key(|edit| edit.span);
        self.rest(text, edits, Lines::Fixed, site)
    }

    pub(super) fn calendar(&mut self, text: &str, opened: &Opened, part: &Part, site: Site<'_>) -> Result<Edits, Stop> {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut edits = Vec::new();
        let mut done = 0;
        for property in calendar::properties(text) {
            // What is no property is text to whoever shows it.
            self.between(text, done..property.span.start, site, &mut edits)?;
            done = property.span.end;
            let site = Site { at: Some(property.span.start), ..site };
            let head = self.quoted(&property.head, site)?;
            let value = self.value(&property, opened, part, site)?;
            if head.is_some() || value.is_some() {
                let head = head.as_deref().unwrap_or(&property.head);
                let value = value.as_deref().unwrap_or(&property.value);
                let with = calendar::folded(head, value, property.coding, newline, &self.own.spelled);
                edits.push(Edit::new(Span::new(property.span.start, property.span.end), with));
            }
        }
        self.between(text, done..text.len(), site, &mut edits)?;
        Ok(edits)
    }

    fn between(
        &mut self,
        text: &str,
        range: std::ops::Range<usize>,
        site: Site<'_>,
        edits: &mut Edits,
    ) -> Result<(), Stop> {
        let start = range.start;
        for edit in self.text(text.get(range).unwrap_or_default(), Lines::Folded, site)? {
            edits.push(Edit::new(Span::new(edit.span.start() + start, edit.span.end() + start), edit.with));
        }
        Ok(())
    }

    /// The value as it is to be written; `None` where it stays.
    fn value(
        &mut self,
        property: &Property,
        opened: &Opened,
        part: &Part,
        site: Site<'_>,
    ) -> Result<Option<String>, Stop> {
        let Property { value, content, .. } = property;
        match property.coding {
            Coding::Escaped if *content == Content::Uri => self.uri(value, site),
            Coding::Escaped => {
                let plain = calendar::unescaped(value);
                let edits = self.content(plain.text(), *content, opened, part, site)?;
                let edits: Edits = edits
                    .into_iter()
                    .map(|edit| {
                        let range = plain.range(edit.span.range());
                        let with = String::from_utf8(edit.with).unwrap_or_default();
                        Edit::new(Span::new(range.start, range.end), calendar::escaped(&with))
                    })
                    .collect();
                edited(value, &edits)
            }
            Coding::QuotedPrintable => {
                let plain = calendar::printable(value);
                let edits = self.content(&plain, *content, opened, part, site)?;
                Ok(edited(&plain, &edits)?.map(|text| calendar::as_printable(&text)))
            }
            Coding::Base64 => self.inline(property, opened, part, site),
        }
    }

    fn content(
        &mut self,
        text: &str,
        content: Content,
        opened: &Opened,
        part: &Part,
        site: Site<'_>,
    ) -> Result<Edits, Stop> {
        match content {
            Content::Html => self.document(text, opened, part, site),
            // Calendars of large providers show tags in a description.
            _ if text.contains('<') && text.contains('>') => {
                let edits = self.markup(text, opened, part, site)?;
                self.rest(text, edits, Lines::Fixed, site)
            }
            _ => self.text(text, Lines::Fixed, site),
        }
    }

    /// A value that is one URI, whatever its scheme.
    fn uri(&mut self, value: &str, site: Site<'_>) -> Result<Option<String>, Stop> {
        let plain = calendar::unescaped(value);
        let scope = Scope::of_text(self.policy, self.suffixes, self.own, site.place);
        let spot = Spot::Attribute(Role::Link, Quote::Inert);
        let found = Found::new(Span::new(0, value.len()), spot, plain.text().to_owned());
        let edits = self.link(value, &found, &scope, site, 0)?;
        edited(value, &edits)
    }

    /// A file in base64 inside of a calendar: a page is dealt with, all else stays.
    fn inline(
        &mut self,
        property: &Property,
        opened: &Opened,
        part: &Part,
        site: Site<'_>,
    ) -> Result<Option<String>, Stop> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let Ok(bytes) = STANDARD.decode(property.value.trim()) else { return Ok(None) };
        let Ok(text) = String::from_utf8(bytes) else { return Ok(None) };
        let content = if find::looks_like_html(&text) { Content::Html } else { property.content };
        if content == Content::Text && !text.contains("://") {
            return Ok(None);
        }
        let edits = self.content(&text, content, opened, part, site)?;
        Ok(edited(&text, &edits)?.map(|text| STANDARD.encode(text)))
    }

    /// What stands in quotes among the parameters; nothing else of a name and its parameters can hold a colon.
    fn quoted(&mut self, head: &str, site: Site<'_>) -> Result<Option<String>, Stop> {
        let (mut edits, mut at) = (Vec::new(), 0);
        for (number, piece) in head.split('"').enumerate() {
            if number % 2 == 1 && piece.contains(['.', ':']) {
                let inside = self.text(piece, Lines::Fixed, site)?;
                let moved =
                    |edit: Edit<Decoded>| Edit::new(Span::new(edit.span.start() + at, edit.span.end() + at), edit.with);
                edits.extend(inside.into_iter().map(moved));
            }
            at += piece.len() + 1;
        }
        edited(head, &edits)
    }

    /// Files that stand in text (uuencode): a page or a text in one is dealt with like any other.
    fn files(&mut self, text: &str, opened: &Opened, part: &Part, site: Site<'_>) -> Result<Edits, Stop> {
        let mut edits = Vec::new();
        for file in uuencode::files(text) {
            let site = Site { at: Some(file.data.start), ..site };
            let named = part.transfer == Transfer::Uuencode && is_html(part)
                || [".html", ".htm", ".xhtml", ".shtml", ".svg"].iter().any(|ending| file.name.ends_with(ending));
            let Ok(content) = String::from_utf8(file.bytes) else { continue };
            let inside = if named || find::looks_like_html(&content) {
                self.document(&content, opened, part, site)?
            } else if content.chars().any(|character| character.is_control() && !character.is_whitespace()) {
                Vec::new()
            } else {
                self.text(&content, Lines::Fixed, site)?
            };
            let with = match edited(&content, &inside)? {
                Some(content) => uuencode::encoded(content.as_bytes(), file.newline),
                None => continue,
            };
            edits.push(Edit::new(Span::new(file.data.start, file.data.end), with));
        }
        Ok(edits)
    }
}

/// The text with blanks where edits go, at the same offsets.
fn masked(text: &str, edits: &[Edit<Decoded>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    let mut edits: Vec<_> = edits.iter().map(|edit| edit.span).collect();
    edits.sort();
    for span in edits {
        out.push_str(text.get(done..span.start()).unwrap_or_default());
        out.extend(std::iter::repeat_n(' ', span.end().saturating_sub(span.start().max(done))));
        done = done.max(span.end());
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

fn edited(text: &str, edits: &[Edit<Decoded>]) -> Result<Option<String>, Stop> {
    if edits.is_empty() {
        return Ok(None);
    }
    let bytes = apply(text.as_bytes(), edits).map_err(|overlap| Unread::Carry(overlap.to_string()))?;
    Ok(Some(String::from_utf8(bytes).map_err(|error| Unread::Carry(error.to_string()))?))
}
