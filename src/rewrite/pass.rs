//! One pass over one message: every part is opened, searched, decided on and written back as edits of raw bytes.

use std::borrow::Cow;

use super::{
    Refused,
    choose::{Choice, Scope, choose},
    find::{self, Budget, Care, Clean, Found, Grammar, Lines, Page, Resources},
    kind::{Closed, Kind, is_superfluous_amp, kind},
    note,
    own::Own,
    policy::{Amp, Policy},
    report::{LeftPart, PartRule, RecodedPart, RemovedPart, ReportedLink, Unread},
    write,
};
use crate::{
    base::{Decoded, Edit, MessageHash, Raw, RecipientHash, Span, apply},
    link::{LinkBase, Minter, Place},
    message::{self, Newline, Opened, Part, Role, Structure, View},
    url::{self, Suffixes, WebUrl},
};

/// Messages that are encoded inside messages are read as deep as this.
const DEPTH: usize = 4;

/// What is done with the links that are found.
#[derive(Clone, Copy)]
pub(super) enum Job<'a> {
    /// They become links of ours.
    Wrap { minter: &'a Minter, base: &'a LinkBase, message: MessageHash, recipient: RecipientHash },
    /// Links of ours become their destinations.
    Restore,
}

pub(super) struct Pass<'a> {
    pub(super) job: Job<'a>,
    pub(super) policy: &'a Policy,
    pub(super) suffixes: &'a Suffixes,
    pub(super) own: &'a Own,
    pub(super) reader: Reader,
    pub(super) care: Care,
    pub(super) log: Log,
}

/// For whom a pass reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// For all; what it finds is written.
    Every,
    /// For one with these habits, to see what is left for it. It has no doubts of its own.
    One(View),
}

/// What the report will say.
#[derive(Default)]
pub(super) struct Log {
    pub(super) links: Vec<ReportedLink>,
    pub(super) removed_parts: Vec<RemovedPart>,
    pub(super) left_parts: Vec<LeftPart>,
    pub(super) dropped_parts: Vec<LeftPart>,
    pub(super) broken_signatures: Vec<String>,
    pub(super) recoded_parts: Vec<RecodedPart>,
    pub(super) ambiguities: Vec<String>,
    pub(super) growth: usize,
    /// What proofs may still cost.
    pub(super) budget: Budget,
    /// Links in the report before the document that is dealt with.
    pub(super) before: usize,
    /// Whether a link of the part hung on a base that its header names.
    pub(super) on_header_base: bool,
}

/// Where one document stands.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) part: &'a str,
    pub(super) place: Place,
    /// Where the piece begins in the text of the part, if it is read by itself.
    pub(super) at: Option<usize>,
}

impl Pass<'_> {
    /// The edits of a message that was split into `structure`; `prefix` is what its part numbers begin with.
    pub(super) fn message(
        &mut self,
        raw: &[u8],
        structure: &Structure,
        prefix: &str,
        depth: usize,
    ) -> Result<Vec<Edit<Raw>>, Refused> {
        let noted = structure.ambiguities.iter();
        self.log.ambiguities.extend(noted.map(|noted| format!("{prefix}{:?} at {}", noted.kind, noted.at)));
        for hit in &structure.limits_hit {
            let covers = |part: &&Part| part.header.start() <= hit.at && hit.at <= part.body.end();
            if !structure.parts.iter().filter(covers).any(is_content) {
                return Err(Refused::Limit { limit: format!("{:?}", hit.limit), at: hit.at });
            }
        }
        let mut edits = Vec::new();
        for part in structure.parts.iter().filter(|part| is_content(part)) {
            let id = format!("{prefix}{}", part.id);
            if let Some(edit) = self.dropped(raw, structure, part, &id) {
                edits.push(edit);
                continue;
            }
            let reported = self.log.links.len();
            let edited = match self.part(raw, structure, part, &id, depth) {
                Ok(edited) => edited,
                Err(Stop::Refused(refused)) => return Err(refused),
                Err(Stop::Unread(why)) => {
                    self.log.links.truncate(reported);
                    self.unread(raw, part, id, why)
                }
            };
            edits.extend(edited);
        }
        edits.sort_by_key(|edit| edit.span);
        Ok(edits)
    }

    /// Takes a part out whose place another one fills, with the delimiter before it.
    fn dropped(&mut self, raw: &[u8], structure: &Structure, part: &Part, id: &str) -> Option<Edit<Raw>> {
        let drops = self.policy.amp == Amp::Drop && matches!(self.job, Job::Wrap { .. });
        if !drops || !is_superfluous_amp(part, structure) {
            return None;
        }
        let before = raw.get(..part.header.start())?;
        let delimiter = before.strip_suffix(b"\n").map(|before| before.strip_suffix(b"\r").unwrap_or(before))?;
        let start = memchr::memrchr(b'\n', delimiter).map_or(0, |at| at + 1);
        let behind = raw.get(part.body.end()..).unwrap_or_default();
        let line_break = if behind.starts_with(b"\r\n") { 2 } else { usize::from(behind.starts_with(b"\n")) };
        self.log.dropped_parts.push(LeftPart::new(id, part, PartRule::Amp));
        Some(Edit::new(Span::new(start, part.body.end() + line_break), ""))
    }

    /// What was not examined never goes on as it came in; what goes out is the sender's own.
    fn unread(&mut self, raw: &[u8], part: &Part, id: String, why: Unread) -> Vec<Edit<Raw>> {
        match self.job {
            Job::Wrap { .. } => {
                self.log.removed_parts.push(RemovedPart { part: id, why });
                note::instead_of(raw, part, &self.policy.limits)
            }
            Job::Restore => {
                self.log.left_parts.push(LeftPart::new(&id, part, PartRule::Unread));
                Vec::new()
            }
        }
    }

    fn part(
        &mut self,
        raw: &[u8],
        structure: &Structure,
        part: &Part,
        id: &str,
        depth: usize,
    ) -> Result<Vec<Edit<Raw>>, Stop> {
        let hit = structure.limits_hit.iter().find(|hit| part.header.start() <= hit.at && hit.at <= part.body.end());
        if let Some(hit) = hit {
            return Err(Unread::Encoding(format!("the message reaches the limit {:?} here", hit.limit)).into());
        }
        let kind = match kind(part, structure, self.policy) {
            Ok(kind) => kind,
            Err(Closed::Removed(why)) => return Err(why.into()),
            Err(Closed::Left(rule)) => {
                let links = self.addresses(raw, part, rule);
                self.log.left_parts.push(LeftPart { links, ..LeftPart::new(id, part, rule) });
                return Ok(Vec::new());
            }
        };
        if kind == Kind::Opaque {
            return self.opaque(raw, part, id, depth);
        }
        let opened = part.open(raw, &self.policy.limits).map_err(|error| Unread::Encoding(error.to_string()))?;
        let edits = self.edits(opened.text(), &opened, part, kind, id, depth)?;
        let mut carried = opened.carry(raw, &edits).map_err(|error| Unread::Carry(error.to_string()))?;
        if self.hides(raw, &opened, part, &carried, kind, depth)? {
            let edits = without_nul(opened.text(), edits);
            carried = opened.carry_whole(raw, &edits).map_err(|error| Unread::Carry(error.to_string()))?;
            if self.hides(raw, &opened, &part.as_utf8(), &carried, kind, depth)? {
                return Err(Unread::Readings.into());
            }
        }
        if part.signed && !carried.edits.is_empty() {
            self.log.broken_signatures.push(id.to_owned());
        }
        if let Some(why) = carried.recoded {
            self.log.recoded_parts.push(RecodedPart { part: id.to_owned(), why: format!("{why:?}") });
        }
        let mut edits = carried.edits;
        if let Some(at) = would_be_a_field(raw, part, &edits) {
            edits.push(Edit::new(Span::new(at, at), Newline::of(raw).as_bytes()));
            edits.sort_by_key(|edit| edit.span);
        }
        if matches!(kind, Kind::Html(_)) && self.log.on_header_base && header_base(part).is_some() {
            // All that hung on it is written out; another client must not hang it on again.
            let bases = message::fields(raw, part.header).filter(|field| BASES.iter().any(|name| field.is(name)));
            edits.extend(bases.map(|field| Edit::new(field.span, "")));
        }
        Ok(edits)
    }

    /// The edits of one text of a part: the one that decides, or another that a reader could come to.
    pub(super) fn edits(
        &mut self,
        text: &str,
        opened: &Opened,
        part: &Part,
        kind: Kind,
        id: &str,
        depth: usize,
    ) -> Result<Vec<Edit<Decoded>>, Stop> {
        match kind {
            Kind::Html(place) => {
                let site = Site { part: id, place, at: None };
                self.log.on_header_base = false;
                self.document(text, opened, part, site)
            }
            Kind::Message => self.inner(text, id, depth),
            Kind::Opaque => Ok(Vec::new()),
            Kind::Markup(_) | Kind::Text(..) | Kind::Calendar(_) | Kind::Enriched | Kind::Markdown => {
                self.other(text, opened, part, kind, id)
            }
        }
    }

    /// What is neither HTML nor a message, without its NULs; where that has no link, they may still hide one.
    fn other(
        &mut self,
        text: &str,
        opened: &Opened,
        part: &Part,
        kind: Kind,
        id: &str,
    ) -> Result<Vec<Edit<Decoded>>, Stop> {
        let clean = Clean::of(text);
        let edits = self.as_it_stands(clean.text(), opened, part, kind, id)?;
        if edits.is_empty() && clean.is_changed() {
            return self.as_it_stands(text, opened, part, kind, id);
        }
        Ok(self.without_nuls(&clean, edits, id))
    }

    fn as_it_stands(
        &mut self,
        text: &str,
        opened: &Opened,
        part: &Part,
        kind: Kind,
        id: &str,
    ) -> Result<Vec<Edit<Decoded>>, Stop> {
        let at = |place: Place| Site { part: id, place, at: None };
        match kind {
            Kind::Markup(place) => self.markup(text, opened, part, at(place)),
            Kind::Text(place, lines) => self.plain(text, lines, opened, part, at(place)),
            Kind::Calendar(place) => self.calendar(text, opened, part, at(place)),
            Kind::Enriched => self.enriched(text, at(Place::Text)),
            Kind::Markdown => self.markdown(text, opened, part, at(Place::Text)),
            Kind::Html(_) | Kind::Message | Kind::Opaque => Ok(Vec::new()),
        }
    }

    /// Web addresses in a file that a reader opens and clicks; nothing is edited in it.
    fn addresses(&self, raw: &[u8], part: &Part, rule: PartRule) -> Vec<String> {
        const MOST: usize = 200;
        if !matches!(rule, PartRule::Tnef | PartRule::RichText | PartRule::Document) || self.reader != Reader::Every {
            return Vec::new();
        }
        let bytes = part.content(raw, &self.policy.limits);
        bytes.map(|bytes| find::addresses(&bytes, MOST)).unwrap_or_default()
    }

    /// A message whose own bytes are encoded: it is read by itself, and its raw bytes are the text of the part.
    fn inner(&mut self, text: &str, id: &str, depth: usize) -> Result<Vec<Edit<Decoded>>, Stop> {
        let edits = self.inner_edits(text.as_bytes(), id, depth)?;
        Ok(edits.into_iter().map(|edit| Edit::new(Span::new(edit.span.start(), edit.span.end()), edit.with)).collect())
    }

    /// The edits of a message that is read by itself.
    pub(super) fn inner_edits(&mut self, raw: &[u8], id: &str, depth: usize) -> Result<Vec<Edit<Raw>>, Stop> {
        if depth >= DEPTH {
            return Err(Unread::Encoding(format!("messages encoded in messages, more than {DEPTH} deep")).into());
        }
        let view = if let Reader::One(view) = self.reader { view } else { View::PLAIN };
        let raw = view.bytes(raw);
        let structure = message::split_as(&raw, &self.policy.limits, view);
        let edits = self.message(&raw, &structure, &format!("{id}:"), depth + 1).map_err(Stop::Refused)?;
        let edited = apply(&raw, &edits).map_err(|overlap| Unread::Carry(overlap.to_string()))?;
        if self.escapes(&edited, depth + 1) {
            return Err(Unread::Readings.into());
        }
        Ok(edits)
    }

    pub(super) fn text(&mut self, text: &str, lines: Lines, site: Site<'_>) -> Result<Vec<Edit<Decoded>>, Stop> {
        let scope = Scope::of_text(self.policy, self.suffixes, self.own, site.place);
        let (mut edits, mut done) = (Vec::new(), None);
        let own = |text: &str| self.own.length(text);
        let clean = Clean::of(text);
        let found = find::running_text(clean.text(), &self.grammar(&own, lines));
        for found in found {
            let span = found.span;
            let mut written = self.link(clean.text(), &found, &scope, site, span.start())?;
            self.with_its_forerunner(clean.text(), done.unwrap_or(0), &found, &mut written);
            // `a.example日本.b.example`: one link would run into the other.
            if done == Some(span.start())
                && let Some(first) = written.first_mut()
            {
                first.with.insert(0, b' ');
            }
            done = Some(span.end());
            edits.extend(written);
        }
        let hides = |found: &Found| matches!(choose(found, &scope), Choice::Wrap(_) | Choice::Defang(_));
        let in_pieces = || find::running_text(text, &self.grammar(&own, lines));
        // Where no reading has a link that is to be dealt with, NULs hide none: they stay.
        if edits.is_empty() && !(clean.is_changed() && in_pieces().iter().any(hides)) {
            return Ok(edits);
        }
        Ok(self.without_nuls(&clean, edits, site.part))
    }

    /// An HTML document, its edits proven.
    pub(super) fn document(
        &mut self,
        text: &str,
        opened: &Opened,
        part: &Part,
        site: Site<'_>,
    ) -> Result<Vec<Edit<Decoded>>, Stop> {
        let clean = Clean::of(text);
        let page = self.find(clean.text(), part)?;
        let edits = self.proven(clean.text(), opened, &page, part, site)?;
        Ok(self.without_nuls(&clean, edits, site.part))
    }

    /// Edits of a text that take every NUL out of it too, which the report says.
    pub(super) fn without_nuls(
        &mut self,
        clean: &Clean<'_>,
        edits: Vec<Edit<Decoded>>,
        part: &str,
    ) -> Vec<Edit<Decoded>> {
        if clean.is_changed() && self.reader == Reader::Every {
            let noted = format!("{part}: NulRemoved");
            if self.log.ambiguities.last() != Some(&noted) {
                self.log.ambiguities.push(noted);
            }
        }
        clean.carry(edits)
    }

    /// The edits of a page, proven.
    pub(super) fn proven(
        &mut self,
        text: &str,
        opened: &Opened,
        page: &Page,
        part: &Part,
        site: Site<'_>,
    ) -> Result<Vec<Edit<Decoded>>, Stop> {
        self.log.before = self.log.links.len();
        let edits = self.html(opened, text, page, part, site)?;
        self.holds(opened, text, page, &edits, part, site)?;
        Ok(edits)
    }

    pub(super) fn grammar<'a>(&'a self, own: &'a dyn Fn(&str) -> Option<usize>, lines: Lines) -> Grammar<'a> {
        Grammar { suffixes: self.suffixes, own, lines, care: self.care }
    }

    pub(super) fn find(&self, text: &str, part: &Part) -> Result<Page, Unread> {
        let own = |text: &str| self.own.length(text);
        let resources = if header_base(part).is_some() { Resources::Find } else { Resources::Skip };
        Ok(find::page(text, &self.grammar(&own, Lines::Space), resources)?)
    }

    pub(super) fn html(
        &mut self,
        opened: &Opened,
        text: &str,
        page: &Page,
        part: &Part,
        site: Site<'_>,
    ) -> Result<Vec<Edit<Decoded>>, Stop> {
        let base = header_base(part);
        let encode = encoder(opened);
        let utf8 = opened.encoding() == encoding_rs::UTF_8;
        let scope = Scope {
            policy: self.policy,
            suffixes: self.suffixes,
            own: self.own,
            place: site.place,
            base: base.as_ref(),
            base_goes: base.is_some() && matches!(self.job, Job::Wrap { .. }),
            encode_query: if utf8 { None } else { Some(&encode) },
        };
        let edits = self.page(text, page, &scope, site, None)?;
        self.looks_like_ours(text, page, site);
        Ok(edits)
    }

    /// Text of an anchor that shows our link host, and no link of ours: somebody plays us (attack row 39).
    fn looks_like_ours(&mut self, text: &str, page: &Page, site: Site<'_>) {
        for label in &page.labels {
            let shown = label.of_str(text);
            let at = self.own.spelled.iter().find_map(|base| shown.find(base.as_str()));
            if at.is_some_and(|at| self.own.length(shown.get(at..).unwrap_or_default()).is_none()) {
                self.log.ambiguities.push(format!("{}: LooksLikeOurs at {}", site.part, label.start()));
            }
        }
    }

    /// The edits of one HTML document. `at`: where the attribute stands that holds it, if one does.
    fn page(
        &mut self,
        text: &str,
        page: &Page,
        outer: &Scope<'_>,
        site: Site<'_>,
        at: Option<usize>,
    ) -> Result<Vec<Edit<Decoded>>, Stop> {
        let in_outer = url::Context { base: outer.base, encode_query: None };
        let base: Option<WebUrl> = page.base.as_deref().and_then(|base| url::parse_in(base, &in_outer).ok());
        let goes = matches!(self.job, Job::Wrap { .. });
        let base_goes = goes && (base.is_some() || outer.base_goes);
        let scope = Scope { base: base.as_ref().or(outer.base), base_goes, ..*outer };
        let mut edits = Vec::new();
        for found in &page.found {
            let mut written = self.link(text, found, &scope, site, at.unwrap_or(found.span.start()))?;
            let done = edits.last().map_or(0, |edit: &Edit<Decoded>| edit.span.end());
            self.with_its_forerunner(text, done, found, &mut written);
            edits.extend(written);
        }
        if goes {
            edits.extend(page.removals.iter().map(|span| Edit::new(*span, "")));
        }
        for nested in &page.nested {
            let at = Some(at.unwrap_or(nested.span.start()));
            let mut inside = self.page(&nested.document, &nested.page, &scope, site, at)?;
            if inside.is_empty() {
                continue;
            }
            inside.sort_by_key(|edit| edit.span);
            let document =
                apply(nested.document.as_bytes(), &inside).map_err(|overlap| Unread::Carry(overlap.to_string()))?;
            let document = String::from_utf8(document).map_err(|error| Unread::Carry(error.to_string()))?;
            edits.push(write::document(nested.span, nested.quote, &document));
        }
        // Stable: two insertions at one place keep their order.
        edits.sort_by_key(|edit| edit.span);
        Ok(edits)
    }
}

/// Where an empty line has to go between a header and a body that have none, since the first line of the body, as it goes
/// out, would be taken for one field more: `https:`, or a name that was no name before it was encoded.
fn would_be_a_field(raw: &[u8], part: &Part, edits: &[Edit<Raw>]) -> Option<usize> {
    let at = part.body.start();
    if part.role != Role::Leaf || part.header.end() != at {
        return None;
    }
    let new_field = |edit: &Edit<Raw>| edit.span.end() == at && edit.with.ends_with(b"\n");
    let in_body = edits.iter().filter(|edit| edit.span.start() >= at && !new_field(edit));
    let from_body = |span: Span<Raw>| Span::new(span.start() - at, span.end() - at);
    let in_body: Vec<Edit<Raw>> = in_body.map(|edit| Edit::new(from_body(edit.span), edit.with.clone())).collect();
    let edited = apply(part.body.of(raw), &in_body).ok().filter(|_| !in_body.is_empty())?;
    let line = edited.split(|byte| *byte == b'\n').next().unwrap_or_default();
    (message::is_field(line) || line.starts_with(b" ") || line.starts_with(b"\t")).then_some(at)
}

/// Edits that leave no NUL in the text: some readers drop it, others do not.
fn without_nul(text: &str, mut edits: Vec<Edit<Decoded>>) -> Vec<Edit<Decoded>> {
    let edited: Vec<Span<Decoded>> = edits.iter().map(|edit| edit.span).collect();
    for at in memchr::memchr_iter(0, text.as_bytes()) {
        let before = edited.partition_point(|span| span.start() <= at);
        let inside = before.checked_sub(1).and_then(|last| edited.get(last)).is_some_and(|span| at < span.end());
        if !inside {
            edits.push(Edit::new(Span::new(at, at + 1), "\u{fffd}"));
        }
    }
    edits.sort_by_key(|edit| edit.span);
    edits
}

/// Fields that name the base of a part (RFC 2110, RFC 2557).
const BASES: [&str; 2] = ["content-base", "content-location"];

fn header_base(part: &Part) -> Option<WebUrl> {
    let stated = part.content_base.as_deref().or(part.content_location.as_deref());
    stated.and_then(|base| url::parse(base).ok())
}

/// Encodes queries in the charset of a part. (A function, since a closure alone is not general enough in its lifetime.)
fn encoder(opened: &Opened) -> impl Fn(&str) -> Cow<'_, [u8]> {
    |text| opened.encode_query(text)
}

fn is_content(part: &Part) -> bool {
    !matches!(part.role, Role::Multipart | Role::Message)
}

/// Why a part came to no edits: itself, or all of the message.
pub(super) enum Stop {
    Unread(Unread),
    Refused(Refused),
}

impl From<Unread> for Stop {
    fn from(why: Unread) -> Self {
        Self::Unread(why)
    }
}
