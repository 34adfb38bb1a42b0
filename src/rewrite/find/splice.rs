//! A text made of another one, character by character, and the way back: what was found in it is edited in the other.

use std::ops::Range;

/// The text and, for each byte of it, where the character that it belongs to stands in the source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Splice {
    text: String,
    starts: Vec<usize>,
}

impl Splice {
    /// A character that stands at `at`.
    pub(crate) fn push(&mut self, character: char, at: usize) {
        self.text.push(character);
        self.starts.resize(self.text.len(), at);
    }

    /// The source ends here.
    pub(crate) fn end(&mut self, at: usize) {
        self.starts.push(at);
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where a stretch of the text stands: from its first character to what follows its last one.
    pub(crate) fn range(&self, range: Range<usize>) -> Range<usize> {
        let at = |offset: usize| self.starts.get(offset).or(self.starts.last()).copied().unwrap_or_default();
        at(range.start)..at(range.end).max(at(range.start))
    }

    /// The stretches of the source that make a stretch of the text, without what makes nothing between them. Each
    /// character of the source is one of the text, as it stands.
    pub(crate) fn pieces(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut pieces: Vec<Range<usize>> = Vec::new();
        let Some(text) = self.text.get(range.clone()) else { return pieces };
        for (offset, character) in text.char_indices() {
            let start = self.starts.get(range.start + offset).copied().unwrap_or_default();
            let end = start + character.len_utf8();
            match pieces.last_mut().filter(|last| last.end == start) {
                Some(last) => last.end = end,
                None => pieces.push(start..end),
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lead_back() {
        let mut splice = Splice::default();
        for (character, at) in [('a', 0), ('b', 4), ('é', 5), (',', 7)] {
            splice.push(character, at);
        }
        splice.end(9);
        assert_eq!(splice.text(), "abé,");
        assert_eq!(splice.range(1..4), 4..7);
        assert_eq!(splice.range(4..5), 7..9);
        assert_eq!(splice.pieces(0..4), [0..1, 4..7]);
    }
}
