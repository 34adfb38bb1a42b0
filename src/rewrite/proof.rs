//! HTML is proven after it was edited: whatever the finder took it for, nothing is left that a client could follow.

use super::{
    Unsafe,
    choose::{Choice, Scope, choose},
    find::{self, Found, Page, Quote, Role, Spot},
    pass::{Job, Log, Pass, Site, Stop},
    report::Unread,
};
use crate::{
    base::{Decoded, Edit, Span, apply},
    message::{Opened, Part},
};

impl Pass<'_> {
    /// The result is read once more. What was written for one reading of the document must not make another one see
    /// something new; and a parser, which shares nothing with the tokenizer, must find no link that is still to be dealt
    /// with.
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
        let text = apply(text.as_bytes(), edits).map_err(|overlap| Unread::Carry(overlap.to_string()))?;
        let text = String::from_utf8(text).map_err(|error| Unread::Carry(error.to_string()))?;
        if page.readings > 1 && !edits.is_empty() {
            let again = self.find(&text)?;
            let left = Pass { log: Log::default(), ..*self }.html(opened, &text, &again, part, site)?;
            if !left.is_empty() {
                return Err(Unread::Html(Unsafe::Ambiguous).into());
            }
        }
        self.log.tags += find::tags(&text);
        if self.log.tags > find::TAGS {
            return if page.guessed { Err(Unread::Html(Unsafe::TooComplex).into()) } else { Ok(()) };
        }
        let scope = Scope::of_text(self.policy, self.suffixes, self.own);
        let escapes = |value: String| {
            let spot = Spot::Attribute(Role::Link, Quote::Double);
            let found = Found { span: Span::new(0, 0), spot, value };
            matches!(choose(&found, &scope), Choice::Wrap(_) | Choice::Defang(_))
        };
        if find::targets(&text).into_iter().any(escapes) { Err(Unread::Html(Unsafe::Ambiguous).into()) } else { Ok(()) }
    }
}
