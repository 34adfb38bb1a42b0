//! Text that goes on behind markup: `https://evil<wbr>.test` is one URL to who reads it, and to a client that makes links
//! of what it shows (attack row 37). Neighbouring text nodes are read as one where nothing but inline markup stands
//! between them.

use std::ops::Range;

use super::{Unescaped, Within, unescape};

/// What stands between two text nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing that shows: comments, `wbr`, elements without content.
    Unseen,
    /// A change of style, which may be meant as the end of a word.
    Style,
    /// Something that ends a word.
    Wide,
}

/// Elements that change how text looks and never where it stands.
const INLINE: [&str; 26] = [
    "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s",
    "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u",
];

/// Reads the tags and comments between two text nodes.
pub(super) fn gap(mut between: &str) -> Gap {
    let mut open: Vec<&str> = Vec::new();
    let mut unseen = true;
    while !between.is_empty() {
        if let Some(comment) = between.strip_prefix("<!--") {
            let Some((inside, rest)) = comment.split_once("-->") else { return Gap::Wide };
            // What a conditional comment holds may show.
            if inside.trim_start().starts_with('[') {
                return Gap::Wide;
            }
            between = rest;
            continue;
        }
        let Some(tag) = between.strip_prefix('<') else { return Gap::Wide };
        let (ends, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let length = tag.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (name, rest) = tag.split_at(length);
        let is = |known: &&str| name.eq_ignore_ascii_case(known);
        let void = is(&"wbr");
        if !void && !INLINE.iter().any(is) {
            return Gap::Wide;
        }
        let Some(end) = tag_end(rest) else { return Gap::Wide };
        between = rest.get(end..).unwrap_or_default();
        match (void, ends) {
            (true, _) => {}
            (false, false) => open.push(name),
            (false, true) => unseen &= open.pop().is_some_and(|last| last.eq_ignore_ascii_case(name)),
        }
    }
    if unseen && open.is_empty() { Gap::Unseen } else { Gap::Style }
}

/// Behind the `>` that ends a tag.
fn tag_end(attributes: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in attributes.bytes().enumerate() {
        match (byte, quote) {
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            (b'>', None) => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Whether a word may go on from one text node into the next.
pub(super) fn is_tight(before: &str, after: &str) -> bool {
    let blank = |character: Option<char>| character.is_none_or(char::is_whitespace);
    !blank(before.chars().next_back()) && !blank(after.chars().next())
}

/// Text nodes as one text.
pub(super) struct Run<'t> {
    pub(super) text: String,
    pieces: Vec<Piece<'t>>,
}

struct Piece<'t> {
    /// Where it begins in the text.
    start: usize,
    /// Where its source begins.
    source: usize,
    unescaped: Unescaped<'t>,
    /// What stands before it.
    gap: Gap,
}

impl<'t> Run<'t> {
    /// Of text nodes, each with what stands before it.
    pub(super) fn of(text: &'t str, nodes: &[(Range<usize>, Gap)]) -> Self {
        let mut run = Self { text: String::new(), pieces: Vec::new() };
        for (range, gap) in nodes {
            let unescaped = unescape(text.get(range.clone()).unwrap_or_default(), Within::Text);
            let start = run.text.len();
            run.text.push_str(unescaped.text());
            run.pieces.push(Piece { start, source: range.start, unescaped, gap: *gap });
        }
        run
    }

    /// Where a word of the text stands in the source, piece by piece, and the widest gap inside it.
    pub(super) fn place(&self, word: &Range<usize>) -> (Vec<Range<usize>>, Option<Gap>) {
        let first = self.pieces.partition_point(|piece| piece.start <= word.start).saturating_sub(1);
        let (mut ranges, mut widest) = (Vec::new(), None);
        for piece in self.pieces.iter().skip(first).take_while(|piece| piece.start < word.end) {
            let length = piece.unescaped.text().len();
            let from = word.start.saturating_sub(piece.start).min(length);
            let to = (word.end - piece.start).min(length);
            if from < to {
                let source = piece.unescaped.source(from..to);
                ranges.push(source.start + piece.source..source.end + piece.source);
            }
            if piece.start > word.start {
                widest = match (widest, piece.gap) {
                    (None | Some(Gap::Unseen), gap) => Some(gap),
                    (widest, _) => widest,
                };
            }
        }
        (ranges, widest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps() {
        for (between, wanted) in [
            ("<wbr>", Gap::Unseen),
            ("<!-- x -->", Gap::Unseen),
            ("<b></b>", Gap::Unseen),
            ("<SPAN style=\"a>b\"></span><wbr/>", Gap::Unseen),
            ("<b>", Gap::Style),
            ("</b><i>", Gap::Style),
            ("<br>", Gap::Wide),
            ("</p><p>", Gap::Wide),
            ("<a href=x></a>", Gap::Wide),
            ("<!--[if mso]>x<![endif]-->", Gap::Wide),
            ("<b title=\"", Gap::Wide),
        ] {
            assert_eq!(gap(between), wanted, "{between}");
        }
    }

    #[test]
    fn a_word_is_found_in_every_piece() {
        let text = "see ht&#116;p<b>s://a</b>.test x";
        let nodes = [(0..13, Gap::Wide), (16..21, Gap::Style), (25..32, Gap::Style)];
        let run = Run::of(text, &nodes);
        assert_eq!(run.text, "see https://a.test x");
        let (ranges, gap) = run.place(&(4..18));
        let pieces: Vec<_> = ranges.into_iter().map(|range| &text[range]).collect();
        assert_eq!(pieces, ["ht&#116;p", "s://a", ".test"]);
        assert_eq!(gap, Some(Gap::Style));
        assert_eq!(run.place(&(0..3)).1, None);
    }
}
