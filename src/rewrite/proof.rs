//! HTML is proven after it was edited: whatever the finder took it for, nothing is left that a client could follow.

use super::{
    Unsafe,
    choose::{Choice, Scope, choose},
    find::{self, Care, Found, Page, Quote, Role, Spot, Submit, Target},
    pass::{Job, Log, Pass, Site, Stop},
    report::Unread,
};
use crate::{
    base::{Decoded, Edit, Span, apply_text},
    message::{Opened, Part},
};

impl Pass<'_> {
    /// The result is read once more. What was written for one reading of the document must not make another one see
    /// something new; and a parser, which shares nothing with the tokenizer, must find no link that is still to be dealt
    /// with. What every tokenizer reads alike needs no parser to be read again.
    pub(super) fn holds(
        &mut self,
        opened: &Opened,
        text: &str,
        page: &Page,
        edits: &[Edit<Decoded>],
        part: &Part,
        site: Site<'_>,
    ) -> Result<(), Stop> {
        if matches!(self.job, Job::Restore) {
            return Ok(());
        }
        let text = apply_text(text, edits).map_err(|overlap| Unread::Carry(overlap.to_string()))?;
        if page.readings > 1 && !edits.is_empty() {
            let again = self.find(&text, part)?;
            let left = Pass { log: Log::default(), ..*self }.html(opened, &text, &again, part, site)?;
            if !left.is_empty() {
                return Err(Unread::Html(Unsafe::Ambiguous).into());
            }
        }
        let plain = if self.care == Care::Usual { find::plain_targets(&text) } else { None };
        let targets = match plain {
            Some(targets) => targets,
            None => match find::targets(&text, &mut self.log.budget) {
                Some(targets) => targets.into_iter().collect(),
                None => return Err(Unread::Html(Unsafe::TooComplex).into()),
            },
        };
        let rows = self.log.links.get(self.log.before..).unwrap_or_default().iter();
        let mut written: Vec<&str> = rows.filter_map(|row| row.link.as_deref()).collect();
        written.sort_unstable();
        let scope = Scope::of_text(self.policy, self.suffixes, self.own, site.place);
        let escapes = |(target, value): (Target, String)| {
            if target == Target::Link && written.binary_search(&value.as_str()).is_ok() {
                return false;
            }
            let (span, quote) = (Span::new(0, 0), Quote::Double);
            let spot = match target {
                Target::Link => Spot::Attribute(Role::Link, quote),
                Target::Active => Spot::Attribute(Role::Active, quote),
                Target::Action => Spot::Form { submit: Submit::Harmless, quote, after: None },
                Target::Refresh => Spot::Refresh { content: span, quote },
            };
            matches!(choose(&Found::new(span, spot, value), &scope), Choice::Wrap(_) | Choice::Defang(_))
        };
        if targets.into_iter().any(escapes) { Err(Unread::Html(Unsafe::Ambiguous).into()) } else { Ok(()) }
    }
}
