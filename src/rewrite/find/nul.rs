//! NUL characters are taken out of what is rewritten (attack row 17). A browser reads U+FFFD, another client skips them
//! and a third stops there; where none is left, all read the same.

use std::borrow::Cow;

use crate::base::{Decoded, Edit, Span};

/// A text without its NULs, and the way back.
pub(crate) struct Clean<'t> {
    text: Cow<'t, str>,
    /// Runs of NULs in the source.
    gaps: Vec<Gap>,
}

struct Gap {
    /// Where it stood, in the text without them.
    at: usize,
    /// Where it begins and ends in the source.
    start: usize,
    end: usize,
}

impl<'t> Clean<'t> {
    pub(crate) fn of(source: &'t str) -> Self {
        let mut clean = Self { text: Cow::Borrowed(source), gaps: Vec::new() };
        let (mut text, mut done) = (String::new(), 0);
        for at in memchr::memchr_iter(0, source.as_bytes()) {
            match clean.gaps.last_mut() {
                Some(gap) if gap.end == at => gap.end += 1,
                _ => {
                    text.push_str(source.get(done..at).unwrap_or_default());
                    clean.gaps.push(Gap { at: text.len(), start: at, end: at + 1 });
                }
            }
            done = at + 1;
        }
        if done > 0 {
            text.push_str(source.get(done..).unwrap_or_default());
            clean.text = Cow::Owned(text);
        }
        clean
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether there were any.
    pub(crate) fn is_changed(&self) -> bool {
        !self.gaps.is_empty()
    }

    /// Edits of the source that make of it what `edits` (sorted) make of the text; every NUL goes.
    pub(crate) fn carry(&self, edits: Vec<Edit<Decoded>>) -> Vec<Edit<Decoded>> {
        if self.gaps.is_empty() {
            return edits;
        }
        let mut out = Vec::with_capacity(edits.len() + self.gaps.len());
        let mut gaps = self.gaps.iter().peekable();
        let mut gone = 0;
        for edit in edits {
            while let Some(gap) = gaps.next_if(|gap| gap.at <= edit.span.start()) {
                out.push(Edit::new(Span::new(gap.start, gap.end), ""));
                gone += gap.end - gap.start;
            }
            let start = edit.span.start() + gone;
            while let Some(gap) = gaps.next_if(|gap| gap.at < edit.span.end()) {
                gone += gap.end - gap.start;
            }
            out.push(Edit::new(Span::new(start, edit.span.end() + gone), edit.with));
        }
        out.extend(gaps.map(|gap| Edit::new(Span::new(gap.start, gap.end), "")));
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::apply;

    proptest! {
        #[test]
        fn edits_come_to_the_same(source in "[a-c\0]{0,24}", cuts in proptest::collection::vec(0_usize..24, 0..6)) {
            let clean = Clean::of(&source);
            let length = clean.text().len();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(length)).collect();
            cuts.sort_unstable();
            let edits: Vec<Edit<Decoded>> =
                cuts.chunks_exact(2).map(|pair| Edit::new(Span::new(pair[0], pair[1]), "X")).collect();
            let wanted = apply(clean.text().as_bytes(), &edits).unwrap();
            prop_assert_eq!(apply(source.as_bytes(), &clean.carry(edits)).unwrap(), wanted);
        }
    }
}
