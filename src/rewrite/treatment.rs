//! What becomes of one link: what is decided of it, written in its place, and reported.

use super::{
    Refused,
    choose::{Choice, Scope, choose, is_relative},
    find::{self, Found},
    note,
    pass::{Job, Pass, Site, Stop},
    report::{Done, Reason, ReportedLink, Rule, Unread},
    write,
};
use crate::{
    base::{Decoded, Edit, Span},
    link::{Facts, MintError, Place},
    url,
};

impl Pass<'_> {
    /// `www.a.http://]`, `b.comhttp://[`, `http://.http://@`: once a link in text is defanged, what it hung on could be
    /// read as a link. It goes the same way.
    pub(super) fn with_its_forerunner(&self, text: &str, done: usize, found: &Found, written: &mut [Edit<Decoded>]) {
        let is_defanged = self.log.links.last().is_some_and(|row| matches!(row.done, Done::Defanged { .. }));
        let [edit] = written else { return };
        if !is_defanged || !matches!(found.spot, find::Spot::Text(_) | find::Spot::TextNode(_)) {
            return;
        }
        let before = text.get(done..edit.span.start()).unwrap_or_default();
        let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"');
        let forerunner = before.rfind(ends).and_then(|at| before.get(at..)).unwrap_or(before).trim_start_matches(ends);
        edit.span = Span::new(edit.span.start() - forerunner.len(), edit.span.end());
        edit.with.splice(0..0, write::hxxp(forerunner).into_bytes());
    }

    /// Decides on one link and puts it into the report.
    pub(super) fn link(
        &mut self,
        text: &str,
        found: &Found,
        scope: &Scope<'_>,
        site: Site<'_>,
        at: usize,
    ) -> Result<Vec<Edit<Decoded>>, Stop> {
        let choice = choose(found, scope);
        let mut row = ReportedLink {
            part: site.part.to_owned(),
            place: site.place,
            at: site.at.unwrap_or(at),
            original: found.value.clone(),
            destination: None,
            link: None,
            id: None,
            done: Done::Left { rule: Rule::NotOurs },
        };
        let edits = match self.job {
            Job::Wrap { .. } => self.wrap(text, found, choice, &mut row, site.place)?,
            Job::Restore => restore(found, scope, choice, &mut row),
        };
        let Some(edits) = edits else { return Ok(Vec::new()) };
        if self.log.links.len() >= self.policy.links_max {
            return Err(Unread::Links(self.policy.links_max).into());
        }
        let growth = edits.iter().map(|edit| edit.with.len().saturating_sub(edit.span.len())).sum();
        self.may_grow(growth)?;
        self.log.growth += growth;
        self.log.on_header_base |= scope.base_goes && !edits.is_empty() && is_relative(&found.value);
        self.log.links.push(row);
        Ok(edits)
    }

    fn may_grow(&self, by: usize) -> Result<(), Unread> {
        let most = self.policy.growth_max;
        if self.log.growth.saturating_add(by) > most { Err(Unread::Growth(most)) } else { Ok(()) }
    }

    fn wrap(
        &self,
        text: &str,
        found: &Found,
        choice: Choice,
        row: &mut ReportedLink,
        place: Place,
    ) -> Result<Option<Vec<Edit<Decoded>>>, Stop> {
        let Job::Wrap { minter, base, message, recipient } = self.job else { return Ok(None) };
        let defang = |row: &mut ReportedLink, reason| {
            row.done = Done::Defanged { reason };
            Some(write::defanged(text, found, note::defanged(reason)))
        };
        Ok(match choice {
            Choice::Skip => None,
            Choice::Absolute(url) => {
                row.done = Done::Left { rule: Rule::BaseWrittenOut };
                row.destination = Some(url.as_str().to_owned());
                Some(write::link(found, url.as_str()))
            }
            Choice::Leave(rule) => {
                row.done = Done::Left { rule };
                Some(Vec::new())
            }
            Choice::Ours(destination, id) => {
                (row.done, row.id) = (Done::AlreadyOurs, Some(id));
                row.destination = Some(destination.as_str().to_owned());
                Some(Vec::new())
            }
            Choice::Defang(reason) => defang(row, reason),
            Choice::Wrap(url) => {
                row.destination = Some(url.as_str().to_owned());
                let facts = Facts { tenant: minter.tenant(), place, issued: self.own.now, message, recipient };
                match minter.mint(&url, &facts) {
                    Ok(minted) => {
                        let link = base.link(&minted);
                        // Before it is written as often as the text of a long link has pieces.
                        self.may_grow((1 + found.more.len()).saturating_mul(link.len()))?;
                        let edits = write::link(found, &link);
                        (row.done, row.id, row.link) = (Done::Wrapped, Some(minted.id), Some(link));
                        Some(edits)
                    }
                    Err(MintError::TooLong { .. }) => defang(row, Reason::TooLong),
                    Err(error) => return Err(Stop::Refused(Refused::Mint(error))),
                }
            }
        })
    }
}

/// A link of ours that another tenant minted comes as a choice to wrap its destination: it is ours all the same.
fn restore(found: &Found, scope: &Scope<'_>, choice: Choice, row: &mut ReportedLink) -> Option<Vec<Edit<Decoded>>> {
    // In pieces it was never written.
    if !found.more.is_empty() {
        return None;
    }
    let destination = match choice {
        Choice::Ours(destination, _) => destination,
        Choice::Wrap(_) => scope.own.open(&url::parse(found.value.trim()).ok()?)?.destination,
        _ => return None,
    };
    row.done = Done::Restored;
    row.link = Some(found.value.clone());
    row.destination = Some(destination.as_str().to_owned());
    Some(write::plain(found, destination.as_str()))
}
