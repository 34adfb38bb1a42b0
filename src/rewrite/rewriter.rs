use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{
    find::Care,
    marker, note,
    own::Own,
    pass::{Job, Log, Pass, Reader},
    policy::Policy,
    report::{Change, Counts, RemovedPart, Report, Settled, Unread},
};
use crate::{
    base::{Edit, MessageHash, Overlap, Raw, RecipientHash, TenantId, Timestamp, apply},
    link::{LinkBase, MintError, Minter, Opener},
    message::{self, Habit, Structure, View},
    url::Suffixes,
};

/// What the transport knows of a message.
#[derive(Debug, Clone, Copy, Default)]
pub struct Envelope<'a> {
    /// The one recipient of this body; `None` where several share it, and links then name nobody.
    pub recipient: Option<&'a str>,
}

/// Rewrites messages under one policy, for one tenant. `Send` and `Sync`; make one and share it.
#[derive(Debug)]
pub struct Rewriter {
    minter: Minter,
    opener: Opener,
    bases: Vec<LinkBase>,
    tenants: Vec<TenantId>,
    suffixes: Arc<Suffixes>,
    policy: Policy,
    care: Care,
}

/// A message as it goes on, and what was done to it.
#[derive(Debug, Clone)]
pub struct Rewritten {
    /// The message; the same bytes as before where nothing had to be done.
    pub message: Vec<u8>,
    /// What was done.
    pub report: Report,
}

/// The message cannot be dealt with here and now: the caller has to keep it (a temporary failure in SMTP). It must not
/// go on as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// No link can be made: our keys or our clock.
    #[error("no link can be signed: {0}")]
    Mint(MintError),
    /// The message is built so that it cannot be taken apart within the limits.
    #[error("the message reaches the limit {limit} at byte {at}, outside every part; raise the limit or reject it")]
    Limit {
        /// Which.
        limit: String,
        /// Offset in the message.
        at: usize,
    },
    /// Edits that contradict each other: a defect of the rewriter.
    #[error("{0}; please report this message as a defect")]
    Overlap(#[from] Overlap),
}

impl Rewriter {
    /// A rewriter that mints with `minter`, under `base`. `opener` must know the minter's tenant; links of the other
    /// tenants that it knows are recognised once [`Rewriter::with_tenants`] names them.
    pub fn new(minter: Minter, opener: Opener, base: LinkBase, suffixes: Arc<Suffixes>, policy: Policy) -> Self {
        let tenants = vec![minter.tenant()];
        Self { minter, opener, bases: vec![base], tenants, suffixes, policy, care: Care::Usual }
    }

    /// Has every HTML document read by a library and proven by a parser, those too that all tokenizers read alike. What
    /// comes of it must be the same, and takes many times longer: for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn with_all_care(mut self) -> Self {
        self.care = Care::All;
        self
    }

    /// Recognises links of these tenants too (those that share the link host); they are opened and minted anew.
    #[must_use]
    pub fn with_tenants(mut self, tenants: impl IntoIterator<Item = TenantId>) -> Self {
        self.tenants.extend(tenants);
        self
    }

    /// Recognises links under retired bases too.
    #[must_use]
    pub fn with_retired(mut self, bases: impl IntoIterator<Item = LinkBase>) -> Self {
        self.bases.extend(bases);
        self
    }

    /// The tenant whose links are made.
    pub fn tenant(&self) -> TenantId {
        self.minter.tenant()
    }

    /// The policy that is applied.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Turns every link of a message into a signed one. What stays as it is, and why, is in the report. `raw` is the
    /// whole message, header and body, with either kind of line break.
    ///
    /// Errors: [`Refused`]. A part that cannot be read safely is no error: a note stands in its place.
    pub fn rewrite(&self, raw: &[u8], envelope: &Envelope<'_>, now: Timestamp) -> Result<Rewritten, Refused> {
        let structure = message::split(raw, &self.policy.limits);
        let names = self.names(raw, &structure, envelope);
        let own = self.own(now);
        let (edits, log) = self.once(raw, &structure, &own, names)?;
        if structure.ambiguities.is_empty() || !self.escapes(&apply(raw, &edits)?, &own, names)? {
            return self.finish(raw, &structure, edits, log, names);
        }
        self.settle(raw, &structure, &own, names, log)
    }

    /// The edits of a message that was split into `structure`, the marker's among them.
    fn once(
        &self,
        raw: &[u8],
        structure: &Structure,
        own: &Own,
        names: (MessageHash, RecipientHash),
    ) -> Result<(Vec<Edit<Raw>>, Log), Refused> {
        let mut pass = self.pass(self.wrap(names)?, own);
        let mut edits = pass.message(raw, structure, "", 0)?;
        let log = pass.log;
        let counts = Counts::of(&log.links, log.removed_parts.len());
        // One that tells the truth stays if nothing else changes; a message that is edited again gets a new one.
        if edits.is_empty() {
            return Ok((marker::strip(raw, structure, &self.minter), log));
        }
        edits.extend(marker::strip_all(raw, structure));
        edits.sort_by_key(|edit| edit.span);
        if counts.wrapped + counts.defanged + counts.removed_parts > 0 {
            let body = edited_body(raw, structure, &edits)?;
            // First, since an empty line may follow that is put between header and body.
            edits.splice(0..0, marker::add(raw, structure, &body, &counts, &self.minter));
            edits.sort_by_key(|edit| edit.span);
        }
        Ok((edits, log))
    }

    /// Readers take the message apart in different ways, and one of them finds a link that no edit reaches: it is written
    /// anew in its normal form; where even that leaves a doubt, a note stands in the place of its body.
    fn settle(
        &self,
        raw: &[u8],
        structure: &Structure,
        own: &Own,
        names: (MessageHash, RecipientHash),
        mut first: Log,
    ) -> Result<Rewritten, Refused> {
        let limits = &self.policy.limits;
        // Where nothing can be told apart, a guess shows more than none.
        let parts = message::split_as(raw, limits, View::PLAIN.with(Habit::GuessesBoundary));
        let normal = message::normal(raw, &parts, limits);
        let clear = message::split(&normal, limits);
        let (mut edits, mut log) = self.once(&normal, &clear, own, names)?;
        let (mut source, mut settled) = (normal, Settled::Normal);
        if self.escapes(&apply(&source, &edits)?, own, names)? {
            source = message::with_text(raw, structure, note::REMOVED);
            let noted = message::split(&source, limits);
            (edits, log) = self.once(&source, &noted, own, names)?;
            log.removed_parts.push(RemovedPart { part: "0".to_owned(), why: Unread::Readings });
            settled = Settled::Note;
        }
        log.ambiguities = std::mem::take(&mut first.ambiguities);
        let message = apply(&source, &edits)?;
        let mut rewritten = self.finish(raw, structure, vec![difference(raw, &message)], log, names)?;
        rewritten.report.settled = Some(settled);
        Ok(rewritten)
    }

    fn escapes(&self, raw: &[u8], own: &Own, names: (MessageHash, RecipientHash)) -> Result<bool, Refused> {
        Ok(self.pass(self.wrap(names)?, own).escapes(raw, 0))
    }

    fn wrap(&self, (message, recipient): (MessageHash, RecipientHash)) -> Result<Job<'_>, Refused> {
        let base = self.bases.first().ok_or(Refused::Overlap(Overlap { at: 0, length: 0 }))?;
        Ok(Job::Wrap { minter: &self.minter, base, message, recipient })
    }

    /// Turns every proven link of ours back into its destination, for mail that goes out. Other links stay.
    ///
    /// Errors: [`Refused`]. A part that cannot be read safely stays as it is, and the report says so.
    pub fn restore(&self, raw: &[u8], now: Timestamp) -> Result<Rewritten, Refused> {
        let structure = message::split(raw, &self.policy.limits);
        let own = self.own(now);
        let mut pass = self.pass(Job::Restore, &own);
        let mut edits = pass.message(raw, &structure, "", 0)?;
        let log = pass.log;
        edits.extend(marker::strip_all(raw, &structure));
        edits.sort_by_key(|edit| edit.span);
        let names = self.names(raw, &structure, &Envelope::default());
        self.finish(raw, &structure, edits, log, names)
    }

    fn own(&self, now: Timestamp) -> Own {
        Own {
            opener: self.opener.clone(),
            bases: self.bases.clone(),
            spelled: self.bases.iter().map(ToString::to_string).collect(),
            tenants: self.tenants.clone(),
            tenant: self.tenant(),
            now,
        }
    }

    fn pass<'a>(&'a self, job: Job<'a>, own: &'a Own) -> Pass<'a> {
        let (policy, suffixes) = (&self.policy, &*self.suffixes);
        Pass { job, policy, suffixes, own, reader: Reader::Every, care: self.care, log: Log::default() }
    }

    fn names(&self, raw: &[u8], structure: &Structure, envelope: &Envelope<'_>) -> (MessageHash, RecipientHash) {
        let id = structure.message_id(raw).unwrap_or_default();
        let message = self.minter.message_hash(id, &Sha256::digest(structure.body.of(raw)).into());
        let of = |address| self.minter.recipient_hash(message, address);
        (message, envelope.recipient.map_or(RecipientHash::SHARED, of))
    }

    fn finish(
        &self,
        raw: &[u8],
        structure: &Structure,
        edits: Vec<Edit<Raw>>,
        log: Log,
        (message, recipient): (MessageHash, RecipientHash),
    ) -> Result<Rewritten, Refused> {
        let bytes = apply(raw, &edits)?;
        let id = structure.message_id(raw).and_then(|id| std::str::from_utf8(id).ok());
        let report = Report {
            message,
            recipient,
            message_id: id.map(str::to_owned),
            policy: self.policy.name.clone(),
            counts: Counts::of(&log.links, log.removed_parts.len()),
            links: log.links,
            removed_parts: log.removed_parts,
            left_parts: log.left_parts,
            dropped_parts: log.dropped_parts,
            broken_signatures: log.broken_signatures,
            recoded_parts: log.recoded_parts,
            ambiguities: log.ambiguities,
            settled: None,
            changes: edits.iter().map(Change::of).collect(),
            growth: bytes.len() as i64 - raw.len() as i64,
        };
        Ok(Rewritten { message: bytes, report })
    }
}

/// The one edit that makes `after` of `before`.
fn difference(before: &[u8], after: &[u8]) -> Edit<Raw> {
    let same = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let (rest, new) = (before.get(same..).unwrap_or_default(), after.get(same..).unwrap_or_default());
    let tail = rest.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let with = new.get(..new.len() - tail).unwrap_or_default();
    Edit::new(crate::base::Span::new(same, before.len() - tail), with)
}

/// The SHA-256 of the body once it is edited.
fn edited_body(raw: &[u8], structure: &Structure, edits: &[Edit<Raw>]) -> Result<[u8; 32], Overlap> {
    let at = structure.body.start();
    let (mut hash, mut done) = (Sha256::new(), at);
    // Where no empty line parts them, what is added to the header, and that line itself, go in at the same place.
    let of_header = |edit: &Edit<Raw>| {
        structure.header.end() == at && edit.span == crate::base::Span::new(at, at) && edit.with.ends_with(b"\n")
    };
    for edit in edits.iter().filter(|edit| edit.span.start() >= at && !of_header(edit)) {
        let before = raw.get(done..edit.span.start());
        hash.update(before.ok_or(Overlap { at: edit.span.start(), length: raw.len() })?);
        hash.update(&edit.with);
        done = edit.span.end();
    }
    hash.update(raw.get(done..).unwrap_or_default());
    Ok(hash.finalize().into())
}
