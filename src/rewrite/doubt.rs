//! What other readers would come to. A message is read once more as each of them reads it, after all edits: they must find
//! no link that was not dealt with. Only messages and parts that leave a doubt cost this.

use super::{
    kind::Kind,
    pass::{Job, Log, Pass, Reader, Stop},
    report::Done,
};
use crate::{
    base::{Edit, Raw, Span, apply},
    message::{self, Carried, Opened, Part, Structure, Transfer, View, views},
};

impl Pass<'_> {
    /// Whether a reader with other habits finds a link in a message that is edited already. (Attack rows 69 to 74, 88.)
    pub(super) fn escapes(&self, raw: &[u8], depth: usize) -> bool {
        if !self.doubts() {
            return false;
        }
        let limits = &self.policy.limits;
        let structure = message::split(raw, limits);
        let by_habit = || {
            views(&structure.ambiguities).into_iter().any(|view| {
                let bytes = view.bytes(raw);
                let other = message::split_as(&bytes, limits, view);
                other.parts != structure.parts && self.finds(&bytes, &other, view, depth)
            })
        };
        let decoded = || {
            message::decoded_multiparts(raw, &structure).iter().any(|raw| {
                let structure = message::split(raw, limits);
                self.finds(raw, &structure, View::PLAIN, depth)
            })
        };
        by_habit() || decoded()
    }

    fn finds(&self, raw: &[u8], structure: &Structure, view: View, depth: usize) -> bool {
        let mut other = self.afresh(view);
        other.message(raw, structure, "", depth).is_err() || other.found_some()
    }

    /// Whether a reader that undoes the encodings of a part otherwise finds a link in the edited part. (Attack rows 75 to
    /// 84.)
    pub(super) fn hides(
        &self,
        raw: &[u8],
        opened: &Opened,
        part: &Part,
        carried: &Carried,
        kind: Kind,
        depth: usize,
    ) -> Result<bool, Stop> {
        if !self.doubts() || !opened.is_doubtful(raw) {
            return Ok(false);
        }
        let inside = carried.edits.iter().filter(|edit| edit.span.start() >= part.body.start());
        let edits: Vec<Edit<Raw>> = inside.map(|edit| Edit::new(within(edit.span, part), edit.with.clone())).collect();
        let Ok(body) = apply(part.body.of(raw), &edits) else { return Ok(true) };
        let recoded = carried.recoded.is_some() && part.transfer != Transfer::Base64;
        let transfer = if recoded { Transfer::QuotedPrintable } else { part.transfer };
        Ok(part.other_texts(&body, transfer).iter().any(|text| {
            let mut other = self.afresh(View::PLAIN);
            other.edits(text, opened, part, kind, &part.id, depth).is_err() || other.found_some()
        }))
    }

    fn doubts(&self) -> bool {
        matches!((self.job, self.reader), (Job::Wrap { .. }, Reader::Every))
    }

    fn afresh(&self, view: View) -> Self {
        Self { log: Log::default(), reader: Reader::One(view), ..*self }
    }

    /// Whether this pass found what is still to be dealt with. What lies under a base of ours leads to our checkpoint,
    /// whatever became of it.
    fn found_some(&self) -> bool {
        let live = |done: Done, original: &str| match done {
            Done::Wrapped => !self.own.is_under_base(original),
            Done::Defanged { .. } => true,
            Done::Left { .. } | Done::AlreadyOurs | Done::Restored => false,
        };
        !self.log.removed_parts.is_empty() || self.log.links.iter().any(|row| live(row.done, &row.original))
    }
}

fn within(span: Span<Raw>, part: &Part) -> Span<Raw> {
    let start = part.body.start();
    Span::new(span.start().saturating_sub(start), span.end().saturating_sub(start))
}
