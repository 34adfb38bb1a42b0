use std::sync::Arc;

use memchr::{memchr_iter, memmem::Finder};

use crate::base::{Raw, Span};

use super::{
    Ambiguity, AmbiguityKind as Kind, Disposition, Limit, LimitHit, Limits, MediaType, Newline, Part, Role, Structure,
    Transfer,
    content::Content,
    field::name_of,
    line::{Line, break_before, is_blank},
    part::{Boundaries, delimiter_kind},
    view::{Habit, View},
};

/// Takes a message apart. Never fails and never guesses twice: whatever the bytes are, each of them lies in a header, a
/// body or a delimiter, and where readers may differ an [`Ambiguity`] says so. One pass, linear in `raw`.
pub fn split(raw: &[u8], limits: &Limits) -> Structure {
    split_as(raw, limits, View::PLAIN)
}

/// Takes a message apart as a reader with other habits does. `raw` is what [`View::bytes`] made of the message.
pub fn split_as(raw: &[u8], limits: &Limits, view: View) -> Structure {
    let mut splitter = Splitter::new(raw, limits, view);
    splitter.run();
    splitter.finish()
}

struct Splitter<'a> {
    raw: &'a [u8],
    limits: &'a Limits,
    view: View,
    newline: Newline,
    parts: Vec<Part>,
    ambiguities: Vec<Ambiguity>,
    limits_hit: Vec<LimitHit>,
    /// Containers that are open, outermost first.
    open: Vec<Container>,
    /// What the bytes that come next belong to.
    current: Current,
    /// Boundaries that were guessed at.
    guesses: usize,
}

/// Boundaries that are guessed at, at most.
const GUESSES: usize = 16;

struct Container {
    part: usize,
    /// What the numbers of the parts inside begin with.
    prefix: String,
    /// `None` for a message, which no delimiter ends.
    boundary: Option<Arc<Boundaries>>,
    /// Parts begun inside.
    count: usize,
    /// The closing delimiter was seen: what comes is the epilogue.
    closed: bool,
    /// A delimiter behind the closing one was reported.
    reopened: bool,
    /// A line that begins as a delimiter does was reported.
    loose: bool,
}

enum Current {
    Leaf { part: usize },
    Around { role: Role, start: usize },
}

/// A line that ends a part of one of the open multiparts.
struct Delimiter {
    line: Line,
    container: usize,
    closing: bool,
}

impl<'a> Splitter<'a> {
    fn new(raw: &'a [u8], limits: &'a Limits, view: View) -> Self {
        let current = Current::Around { role: Role::Preamble, start: 0 };
        let newline = Newline::of(raw);
        let (parts, ambiguities, limits_hit, open) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { raw, limits, view, newline, parts, ambiguities, limits_hit, open, current, guesses: 0 }
    }

    fn run(&mut self) {
        if self.newline != Newline::Cr {
            let bare = |at: &usize| self.raw.get(at + 1) != Some(&b'\n');
            memchr_iter(b'\r', self.raw).find(bare).into_iter().for_each(|at| self.note(Kind::BareCr, at));
        }
        let mut at = self.entity(self.skip_envelope());
        while let Some(Delimiter { line, container, closing }) = self.next_delimiter(at) {
            if !closing && self.parts.len() >= self.limits.parts {
                self.limits_hit.push(LimitHit { limit: Limit::Parts, at: line.start });
                break;
            }
            self.close(container + 1, line.start - break_before(self.raw, line.start, self.newline));
            at = line.next;
            if closing {
                self.open.iter_mut().skip(container).take(1).for_each(|open| open.closed = true);
                self.current = Current::Around { role: Role::Epilogue, start: at };
            } else {
                at = self.entity(at);
            }
        }
        self.close(0, self.raw.len());
    }

    fn finish(mut self) -> Structure {
        self.ambiguities.sort_by_key(|ambiguity| ambiguity.at);
        let (header, body) = self.parts.first().map_or((Span::new(0, 0), 0), |root| (root.header, root.body.start()));
        Structure {
            header,
            body: Span::new(body, self.raw.len()),
            parts: self.parts,
            ambiguities: self.ambiguities,
            limits_hit: self.limits_hit,
            newline: self.newline,
        }
    }

    /// A byte order mark, the `From ` line of an mbox, or a line of blanks (an export of a large mail provider has it)
    /// stands before the header.
    fn skip_envelope(&self) -> usize {
        let start = if self.raw.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let line = Line::at(self.raw, start, self.newline);
        let text = line.of(self.raw);
        let blanks = !text.is_empty() && text.iter().copied().all(is_blank);
        if blanks || text.starts_with(b"From ") || text.starts_with(b">From ") { line.next } else { start }
    }

    /// Begins the part whose header begins at `start`, and the messages nested in it. Answers where to look for the next
    /// delimiter.
    fn entity(&mut self, mut start: usize) -> usize {
        loop {
            let (header, body) = self.header(start);
            let part = self.part(header, body);
            let (index, role) = (self.parts.len(), part.role);
            let stated = part.media.boundary.clone();
            let boundary = if role == Role::Multipart { self.guess(stated.as_deref(), body).or(stated) } else { None };
            let shared = boundary.as_ref().is_some_and(|own| {
                self.open.iter().filter_map(|open| open.boundary.as_ref()).any(|around| around.own == *own)
            });
            if shared {
                self.note(Kind::SharedBoundary, start);
            }
            let boundary = boundary.map(|own| Arc::new(Boundaries { own, outer: part.boundaries.clone() }));
            let prefix = part.id.strip_suffix(".0").unwrap_or(if part.id == "0" { "" } else { &part.id }).to_owned();
            self.parts.push(part);
            if role == Role::Leaf {
                self.current = Current::Leaf { part: index };
                return body;
            }
            self.open.push(Container {
                part: index,
                prefix,
                boundary,
                count: 0,
                closed: false,
                reopened: false,
                loose: false,
            });
            self.current = Current::Around { role: Role::Preamble, start: body };
            if role == Role::Multipart {
                return body;
            }
            start = body;
        }
    }

    /// Where a reader guesses: the first line behind `at` that looks like a delimiter, without its hyphens, if the
    /// boundary that is stated delimits nothing.
    fn guess(&mut self, stated: Option<&[u8]>, at: usize) -> Option<Vec<u8>> {
        // Each may search the rest of the message.
        if !self.view.has(Habit::GuessesBoundary) || self.guesses >= GUESSES {
            return None;
        }
        self.guesses += 1;
        let rest = self.raw.get(at..).unwrap_or_default();
        if stated.is_some_and(|stated| Finder::new(&[b"--", stated].concat()).find(rest).is_some()) {
            return None;
        }
        let mut at = at;
        while at < self.raw.len() {
            let line = Line::at(self.raw, at, self.newline);
            if let Some(boundary) = line.of(self.raw).strip_prefix(b"--") {
                return Some(boundary.trim_ascii_end().to_vec());
            }
            at = line.next;
        }
        None
    }

    /// The header that begins at `start`, and where its body begins.
    fn header(&mut self, start: usize) -> (Span<Raw>, usize) {
        let mut at = start;
        let (mut blank_seen, mut strange) = (false, false);
        while at < self.raw.len() {
            let line = Line::at(self.raw, at, self.newline);
            let text = line.of(self.raw);
            let blanks = text.iter().copied().all(is_blank);
            if text.is_empty() || blanks && at > start && self.view.has(Habit::StrictHeader) {
                return (Span::new(start, at), line.next);
            }
            if self.delimiter(line).is_some() {
                return (Span::new(start, at), at);
            }
            let continues = at > start && text.first().copied().is_some_and(is_blank);
            if continues && !blank_seen && blanks {
                blank_seen = true;
                self.note(Kind::BlankContinuation, at);
            }
            let name = name_of(text);
            if !continues && name.is_none() && !self.is_envelope(text, at == start) {
                self.note(Kind::MissingSeparator, at);
                if !self.view.has(Habit::HeaderRunsOn) {
                    return (Span::new(start, at), at);
                }
            }
            let blank_before_colon = |(name, colon): (&[u8], usize)| name.len() < colon;
            if !continues && name.is_some_and(blank_before_colon) {
                if !strange {
                    strange = true;
                    self.note(Kind::BlankBeforeColon, at);
                }
                if self.view.has(Habit::StrictHeader) {
                    return (Span::new(start, at), at);
                }
            }
            at = line.next;
        }
        (Span::new(start, at), at)
    }

    /// The `From ` line of an mbox, quoted or not, before a nested message; quoted, it also strays into headers.
    fn is_envelope(&self, line: &[u8], first: bool) -> bool {
        let in_message = self.open.last().is_none_or(|open| open.boundary.is_none());
        line.starts_with(b">From ") || (first && in_message && line.starts_with(b"From "))
    }

    /// The part that these bytes begin, its body still open to the end of the message.
    fn part(&mut self, header: Span<Raw>, body: usize) -> Part {
        let mut read = header;
        if header.len() > self.limits.header_bytes {
            read = Span::new(header.start(), header.start() + self.limits.header_bytes);
            self.limits_hit.push(LimitHit { limit: Limit::HeaderBytes, at: read.end() });
        }
        let content = Content::read(self.raw, read, self.view, &mut self.ambiguities);
        let parent = self.open.last().map(|open| open.part);
        let around = parent.and_then(|parent| self.parts.get(parent));
        let plain_digest = self.view.has(Habit::PlainDigest);
        let (digest, stated) = (around.is_some_and(is_digest), content.media.is_some());
        let media = content.media.unwrap_or_else(|| default_media(digest && !plain_digest));
        let transfer = content.transfer.unwrap_or(Transfer::SevenBit);
        let (signs, encrypts) = protection(&media);
        let (signed, encrypted) =
            (signs || around.is_some_and(|part| part.signed), encrypts || around.is_some_and(|part| part.encrypted));
        if digest && !stated {
            self.note(Kind::DigestDefault, header.start());
        }
        let role = self.role(&media, transfer, header.start());
        let yes = |name: &str, wanted: &str| media.param(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted));
        Part {
            id: self.number(role),
            parent,
            header,
            body: Span::new(body, self.raw.len()),
            transfer,
            charset: media.param("charset").map(str::to_owned),
            disposition: content.disposition,
            filename: content.filename,
            role,
            content_base: content.base,
            content_location: content.location,
            format_flowed: yes("format", "flowed"),
            delsp: yes("delsp", "yes"),
            signed,
            encrypted,
            boundaries: self.boundaries(),
            media,
        }
    }

    fn role(&mut self, media: &MediaType, transfer: Transfer, at: usize) -> Role {
        let role = if media.kind == "multipart" {
            if media.boundary.is_none() {
                self.note(Kind::MissingBoundary, at);
                if !self.view.has(Habit::GuessesBoundary) {
                    return Role::Leaf;
                }
            }
            if !transfer.is_identity() {
                self.note(Kind::EncodedMultipart, at);
            }
            Role::Multipart
        } else if is_message(media) {
            if !transfer.is_identity() {
                self.note(Kind::EncodedMessage, at);
                if !self.view.has(Habit::IgnoresTransfer) {
                    return Role::Leaf;
                }
            }
            Role::Message
        } else {
            return Role::Leaf;
        };
        if self.open.len() >= self.limits.depth {
            self.limits_hit.push(LimitHit { limit: Limit::Depth, at });
            return Role::Leaf;
        }
        role
    }

    /// The number of the part that begins now (see [`Part::id`]).
    fn number(&mut self, role: Role) -> String {
        match self.open.last_mut() {
            Some(open) if open.boundary.is_some() => {
                open.count += 1;
                join(&open.prefix, &open.count.to_string())
            }
            around => {
                let prefix = around.map(|open| open.prefix.as_str()).unwrap_or_default();
                join(prefix, if role == Role::Multipart { "0" } else { "1" })
            }
        }
    }

    /// Ends whatever is open inside the outermost `keep` containers; its bytes end at `end`.
    fn close(&mut self, keep: usize, end: usize) {
        let start = match self.current {
            Current::Leaf { part } => self.parts.get(part).map_or(end, |part| part.body.start()),
            Current::Around { start, .. } => start,
        };
        // The line break before a delimiter may be the empty line that ends a header, and stays with it.
        let end = end.max(start);
        match self.current {
            Current::Leaf { part } => self.end_body(part, end),
            Current::Around { role, start } => self.around(role, start, end),
        }
        while self.open.len() > keep {
            let Some(Container { part, boundary, closed, count, .. }) = self.open.pop() else { break };
            self.end_body(part, end);
            if boundary.is_some() && (count == 0 || !closed) {
                let at = self.parts.get(part).map_or(end, |part| part.body.start());
                self.note(if count == 0 { Kind::NoDelimiter } else { Kind::NotClosed }, at);
            }
        }
    }

    fn end_body(&mut self, part: usize, end: usize) {
        if let Some(part) = self.parts.get_mut(part) {
            part.body = Span::new(part.body.start(), end);
        }
    }

    /// Text around the parts of a multipart becomes a part of its own, so that it can be looked at, if it says anything.
    fn around(&mut self, role: Role, start: usize, end: usize) {
        let body = Span::new(start, end);
        let Some(open) = self.open.last() else { return };
        if open.boundary.is_none() || body.of(self.raw).trim_ascii().is_empty() {
            return;
        }
        let name = if role == Role::Preamble { "preamble" } else { "epilogue" };
        let around = self.parts.get(open.part);
        let part = Part {
            id: join(&open.prefix, name),
            parent: Some(open.part),
            header: Span::new(start, start),
            body,
            media: MediaType::new("text", "plain"),
            transfer: Transfer::SevenBit,
            charset: None,
            disposition: Disposition::Unstated,
            filename: None,
            role,
            content_base: None,
            content_location: None,
            format_flowed: false,
            delsp: false,
            signed: around.is_some_and(|part| part.signed),
            encrypted: around.is_some_and(|part| part.encrypted),
            boundaries: self.boundaries(),
        };
        self.parts.push(part);
    }

    /// The first delimiter at or behind `at`, which begins a line.
    fn next_delimiter(&mut self, at: usize) -> Option<Delimiter> {
        if !self.open.iter().any(|open| open.boundary.is_some()) {
            return None;
        }
        let dashes: [u8; 3] = [self.newline.last(), b'-', b'-'];
        let finder = Finder::new(&dashes);
        let mut at = at;
        loop {
            let rest = self.raw.get(at..)?;
            if rest.starts_with(b"--") {
                let line = Line::at(self.raw, at, self.newline);
                match self.delimiter(line) {
                    Some((container, closing)) => return Some(Delimiter { line, container, closing }),
                    None => self.note_strange(line),
                }
            }
            at += finder.find(rest)? + 1;
        }
    }

    /// Whose delimiter a line is: it begins with `--` and the boundary, and nothing but `--` and blanks follow (RFC 2046
    /// section 5.1.1). The innermost multipart is asked first.
    fn delimiter(&self, line: Line) -> Option<(usize, bool)> {
        let text = line.of(self.raw).strip_prefix(b"--")?.trim_ascii_end();
        let ignores_close = self.view.has(Habit::IgnoresClose);
        let asked = || self.open.iter().enumerate().rev().filter(|(_, open)| !open.closed || ignores_close);
        let exact =
            |(number, open): (usize, &Container)| Some((number, delimiter_kind(text, &open.boundary.as_ref()?.own)?));
        let mut exact = asked().filter_map(exact);
        let found = if self.view.has(Habit::OuterFirst) { exact.next_back() } else { exact.next() };
        if found.is_some() || !self.view.has(Habit::LooseDelimiters) {
            return found;
        }
        asked().find_map(|(number, open)| {
            let rest = text.strip_prefix(open.boundary.as_ref()?.own.as_slice())?;
            Some((number, rest.starts_with(b"--")))
        })
    }

    /// Notes a line that is no delimiter for us, and for others may be one.
    fn note_strange(&mut self, line: Line) {
        let text = line.of(self.raw).get(2..).unwrap_or_default().trim_ascii_end();
        let mut noted = None;
        for open in &mut self.open {
            let Some(around) = &open.boundary else { continue };
            if !open.reopened && open.closed && delimiter_kind(text, &around.own).is_some() {
                (open.reopened, noted) = (true, Some(Kind::DelimiterAfterClose));
            } else if !open.loose && text.len() > around.own.len() && text.starts_with(&around.own) {
                (open.loose, noted) = (true, Some(Kind::LooseDelimiter));
            }
        }
        if let Some(kind) = noted {
            self.note(kind, line.start);
        }
    }

    /// Of the multiparts that are open.
    fn boundaries(&self) -> Option<Arc<Boundaries>> {
        self.open.iter().rev().find_map(|open| open.boundary.clone())
    }

    fn note(&mut self, kind: Kind, at: usize) {
        self.ambiguities.push(Ambiguity { kind, at });
    }
}

fn is_message(media: &MediaType) -> bool {
    media.kind == "message" && matches!(media.subtype.as_str(), "rfc822" | "global" | "news")
}

fn is_digest(part: &Part) -> bool {
    part.role == Role::Multipart && part.media.subtype == "digest"
}

/// RFC 2046 section 5.1.5: what says nothing in a digest is a message.
fn default_media(in_digest: bool) -> MediaType {
    if in_digest { MediaType::new("message", "rfc822") } else { MediaType::new("text", "plain") }
}

/// Whether a part puts itself and what it holds under a signature, and under encryption.
fn protection(media: &MediaType) -> (bool, bool) {
    let smime = media.kind == "application" && matches!(media.subtype.as_str(), "pkcs7-mime" | "x-pkcs7-mime");
    let smime_type = media.param("smime-type").unwrap_or_default();
    let opaque = smime && smime_type.eq_ignore_ascii_case("signed-data");
    let open = smime_type.eq_ignore_ascii_case("certs-only") || smime_type.eq_ignore_ascii_case("compressed-data");
    (media.is("multipart", "signed") || opaque, media.is("multipart", "encrypted") || smime && !opaque && !open)
}

fn join(prefix: &str, last: &str) -> String {
    if prefix.is_empty() { last.to_owned() } else { format!("{prefix}.{last}") }
}
