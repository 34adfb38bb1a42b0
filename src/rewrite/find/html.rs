//! HTML: every reading of a document, tokenized; what its tokens mean becomes a [`Page`].

use std::{borrow::Cow, ops::Range};

use lol_html::errors::RewritingError;

use super::{
    Escape, Found, Nested, Page, Quote, Role, Spot, Submit, Unescaped, Unsafe, Within,
    attributes::Meaning,
    css,
    readings::{Marks, Reading},
    runs::{Gap, Run, gap, is_tight},
    text::{Care, Grammar, Lines, Shape, Word, words},
    tokens::{Hidden, Mode, Node, Tokens, Value, plainly, tokenize},
    unescape,
};
use crate::base::{Decoded, Span};

/// How deep documents may stand in documents. Each level reads its text once more.
pub(super) const DEPTH: usize = 6;

/// Whether what is loaded with the page is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resources {
    /// No base goes, so it stays as it is.
    Skip,
    /// A base goes that it may hang on.
    Find,
}

/// Finds the links of an HTML document, in every reading that a client could have of it.
///
/// Errors: [`Unsafe`], where a client could see links that are not in the answer.
pub(crate) fn page(text: &str, grammar: &Grammar<'_>, resources: Resources) -> Result<Page, Unsafe> {
    document(text, grammar, resources, 0)
}

fn document(text: &str, grammar: &Grammar<'_>, resources: Resources, depth: usize) -> Result<Page, Unsafe> {
    if depth > DEPTH {
        return Err(Unsafe::TooDeep);
    }
    let marks = Marks::of(text);
    let resources = if marks.base { Resources::Find } else { resources };
    let read = |reading, known: &[Span<Decoded>]| read(text, (reading, known), marks, grammar, resources, depth);
    let mut page = read(Reading::Mail, &[])?;
    let others = if marks.special { Reading::others(text) } else { Vec::new() };
    page.readings = 1 + others.len();
    page.guessed |= marks.foreign;
    for reading in others {
        let mut known: Vec<_> = page.nested.iter().map(|nested| nested.span).collect();
        known.sort();
        page.join(text, read(reading, &known)?)?;
    }
    page.settle_forms();
    Ok(page)
}

fn read(
    text: &str,
    (reading, known): (Reading, &[Span<Decoded>]),
    marks: Marks,
    grammar: &Grammar<'_>,
    resources: Resources,
    depth: usize,
) -> Result<Page, Unsafe> {
    let shadow = if marks.special { reading.of(text) } else { Cow::Borrowed(text) };
    let mut walk = Walk { text, shadow: &shadow, reading, known, grammar, resources, depth, page: Page::default() };
    walk.all()?;
    walk.page.found.sort_by_key(|found| found.span);
    walk.page.removals.sort();
    Ok(walk.page)
}

struct Walk<'t> {
    text: &'t str,
    /// The text as this reading takes it; values are read from `text`.
    shadow: &'t str,
    reading: Reading,
    /// Documents in attributes that another reading found: to read them again would come to the same, and with documents
    /// in documents take twice as long at each level.
    known: &'t [Span<Decoded>],
    /// For text nodes, in which a line break is a blank.
    grammar: &'t Grammar<'t>,
    resources: Resources,
    /// Documents around this one.
    depth: usize,
    page: Page,
}

impl Walk<'_> {
    /// Reads the document, and then all that stands hidden in it: conditional comments, comments without an end.
    fn all(&mut self) -> Result<(), Unsafe> {
        let seen = self.stretch(self.shadow, 0, None)?;
        for (range, in_anchor) in seen {
            // Comments inside are read too, one in the other: real mail opens a dozen and closes one.
            let inside = self.shadow.get(range.clone()).unwrap_or_default().replace("<!--", "xxxx");
            self.stretch(&inside, range.start, in_anchor.then_some(0))?;
        }
        Ok(())
    }

    /// Reads a stretch of the shadow that begins at `offset`; gives what is hidden in it.
    fn stretch(&mut self, shadow: &str, offset: usize, anchor: Option<usize>) -> Result<Hidden, Unsafe> {
        let plain = match self.grammar.care {
            Care::Usual => plainly(shadow, anchor, self.resources),
            Care::All => None,
        };
        let seen = match plain {
            Some(seen) => seen,
            None => self.tokens(shadow, anchor)?,
        };
        let text = self.text.get(offset..offset + shadow.len()).unwrap_or_default();
        for value in seen.values {
            self.keep(text, offset, value)?;
        }
        self.page.forms.join(seen.forms);
        if self.reading == Reading::Mail {
            self.page.labels.extend(seen.labels.into_iter().map(|range| span(&range, offset)));
            self.text_nodes(text, offset, &seen.text_nodes);
        }
        Ok(seen.hidden)
    }

    fn tokens(&mut self, shadow: &str, anchor: Option<usize>) -> Result<Tokens, Unsafe> {
        let read = |mode| tokenize(shadow, anchor, mode, self.resources);
        match read(Mode::Strict) {
            Ok(seen) => Ok(seen),
            Err(RewritingError::ParsingAmbiguity(_)) => {
                self.page.guessed = true;
                read(Mode::Lenient).map_err(|_| Unsafe::TooComplex)
            }
            Err(_) => Err(Unsafe::TooComplex),
        }
    }

    fn keep(&mut self, text: &str, offset: usize, value: Value) -> Result<(), Unsafe> {
        let decoded = value.decoded(text);
        let at = span(&value.range, offset);
        // What one reading takes for an attribute may be anything in another: nothing may be written there that has a
        // meaning in markup.
        let quote = if self.reading == Reading::Mail { value.quote } else { Quote::Inert };
        let role = |role| Spot::Attribute(role, quote);
        let spot = match value.meaning {
            Meaning::Link => role(Role::Link),
            Meaning::Active => role(Role::Active),
            Meaning::Resource => role(Role::Resource),
            Meaning::Script => Spot::Handler(quote),
            Meaning::Action => {
                let after = value.after.filter(|_| quote != Quote::Inert).map(|after| after + offset);
                Spot::Form { submit: Submit::Harmless, quote, after }
            }
            Meaning::Refresh => {
                let url = value.url(text).unwrap_or(value.range.clone());
                let spot = Spot::Refresh { content: at, quote };
                self.page.found.push(Found::new(span(&url, offset), spot, decoded));
                return Ok(());
            }
            Meaning::Base | Meaning::Removed if quote == Quote::Inert => role(Role::Base),
            Meaning::Base => {
                self.page.base.get_or_insert(decoded);
                self.page.removals.push(value.whole().shifted(offset));
                return Ok(());
            }
            Meaning::Removed => {
                self.page.removals.push(value.whole().shifted(offset));
                return Ok(());
            }
            Meaning::Document if self.known.binary_search(&at).is_ok() => return Ok(()),
            Meaning::Document => {
                let page = document(&decoded, self.grammar, self.resources, self.depth + 1)?;
                self.page.nested.push(Nested { span: at, quote, document: decoded, page });
                return Ok(());
            }
            Meaning::ResourceList | Meaning::Style => {
                if self.reading == Reading::Mail {
                    self.pieces(text, offset, &value.range, value.meaning);
                }
                return Ok(());
            }
            Meaning::None => return Ok(()),
        };
        self.page.found.push(Found::new(at, spot, decoded));
        Ok(())
    }

    /// The URLs inside a longer value.
    fn pieces(&mut self, text: &str, offset: usize, range: &Range<usize>, meaning: Meaning) {
        let unescaped = unescape(text.get(range.clone()).unwrap_or_default(), Within::Attribute);
        let (urls, escape) = match meaning {
            Meaning::Style => (css::urls(unescaped.text()), Escape::CssAttribute),
            _ => (css::candidates(unescaped.text()), Escape::Attribute),
        };
        for url in urls {
            let value = unescaped.text().get(url.clone()).unwrap_or_default().to_owned();
            let source = span(&unescaped.source(url), offset + range.start);
            self.page.found.push(Found::new(source, Spot::Piece(escape), value));
        }
    }

    /// What a client would make clickable in text nodes, each by itself and those that read as one.
    fn text_nodes(&mut self, text: &str, offset: usize, nodes: &[(Range<usize>, Node)]) {
        let source = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        let mut run: Vec<(Range<usize>, Gap)> = Vec::new();
        for (at, (range, node)) in nodes.iter().enumerate() {
            if *node != Node::Markup {
                self.run(text, offset, &run);
                run.clear();
                self.raw_text(text, offset, range, *node);
                continue;
            }
            let before = at.checked_sub(1).and_then(|before| nodes.get(before));
            let gap = match before {
                Some((before, Node::Markup)) if !run.is_empty() && is_tight(source(before), source(range)) => {
                    gap(text.get(before.end..range.start).unwrap_or_default())
                }
                _ => Gap::Wide,
            };
            if gap == Gap::Wide {
                self.run(text, offset, &run);
                run.clear();
            }
            run.push((range.clone(), gap));
        }
        self.run(text, offset, &run);
    }

    /// Text nodes between which nothing ends a word.
    fn run(&mut self, text: &str, offset: usize, nodes: &[(Range<usize>, Gap)]) {
        if nodes.iter().all(|(range, _)| !could_link(text.get(range.clone()).unwrap_or_default())) {
            return;
        }
        let joined = if nodes.len() > 1 { self.joined(text, offset, nodes) } else { Vec::new() };
        let (unseen, styled): (Vec<_>, Vec<_>) = joined.into_iter().partition(|(_, gap)| *gap == Gap::Unseen);
        let mut taken = Vec::new();
        for (found, _) in unseen {
            taken.extend(found.more.iter().copied().chain([found.span]));
            self.page.found.push(found);
        }
        taken.sort();
        let mut alone = Vec::new();
        for (range, _) in nodes {
            let found = self.node(text, offset, range).into_iter();
            alone.extend(found.filter(|found| is_free(&taken, found.span)));
        }
        taken.extend(alone.iter().map(|found| found.span));
        taken.sort();
        self.page.found.extend(alone);
        for (found, _) in styled {
            if found.more.iter().chain([&found.span]).all(|span| is_free(&taken, *span)) {
                self.page.found.push(found);
            }
        }
    }

    /// Words that go over from one text node into the next.
    fn joined(&self, text: &str, offset: usize, nodes: &[(Range<usize>, Gap)]) -> Vec<(Found, Gap)> {
        let run = Run::of(text, nodes);
        if memchr::memchr2(b'.', b'/', run.text.as_bytes()).is_none() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for Word { range, shape, value } in words(&run.text, &self.spaced()) {
            let (places, gap) = run.place(&range);
            let mut spans = places.iter().map(|place| span(place, offset));
            let (Some(gap), Some(first), Shape::Url | Shape::Bare) = (gap, spans.next(), shape) else { continue };
            found.push((Found { span: first, spot: Spot::TextNode(shape), value, more: spans.collect() }, gap));
        }
        found
    }

    fn spaced(&self) -> Grammar<'_> {
        Grammar { lines: Lines::Space, ..*self.grammar }
    }

    fn node(&self, text: &str, offset: usize, range: &Range<usize>) -> Vec<Found> {
        let source = text.get(range.clone()).unwrap_or_default();
        if !could_link(source) {
            return Vec::new();
        }
        let unescaped = unescape(source, Within::Text);
        let found = |word: Word| {
            let span = span(&unescaped.source(word.range), offset + range.start);
            Found::new(span, Spot::TextNode(word.shape), word.value)
        };
        words(unescaped.text(), &self.spaced()).into_iter().map(found).collect()
    }

    /// Text in which tags mean nothing.
    fn raw_text(&mut self, text: &str, offset: usize, range: &Range<usize>, node: Node) {
        /// As much of a script stands in the report.
        const SHOWN: usize = 120;
        let source = text.get(range.clone()).unwrap_or_default();
        let at = offset + range.start;
        match node {
            Node::Script if !source.trim().is_empty() => {
                let shown: String = source.trim().chars().take(SHOWN).collect();
                self.page.found.push(Found::new(span(range, offset), Spot::Script, shown));
            }
            Node::Style => {
                let urls = css::urls(source).into_iter();
                let found = urls.map(|url| {
                    let value = source.get(url.clone()).unwrap_or_default();
                    Found::new(span(&url, at), Spot::Piece(Escape::Css), value)
                });
                self.page.found.extend(found);
            }
            Node::Literal => {
                let unescaped = Unescaped::literal(source);
                let mut done = None;
                for word in words(unescaped.text(), &Grammar { lines: Lines::Fixed, ..*self.grammar }) {
                    // One link would run into the other.
                    if done.replace(word.range.end) == Some(word.range.start) {
                        continue;
                    }
                    self.page.found.push(Found::new(span(&word.range, at), Spot::Text(word.shape), word.value));
                }
            }
            Node::Script | Node::Markup => {}
        }
    }
}

fn span(range: &Range<usize>, offset: usize) -> Span<Decoded> {
    Span::new(range.start, range.end).shifted(offset)
}

/// Whether anything in a text node could be a link: nothing is one that has neither of these, written out or as a
/// character reference.
fn could_link(source: &str) -> bool {
    memchr::memchr3(b'.', b'/', b'&', source.as_bytes()).is_some()
}

/// Whether none of `taken` (sorted, apart from one another) reaches into `span`.
fn is_free(taken: &[Span<Decoded>], span: Span<Decoded>) -> bool {
    let behind = taken.partition_point(|taken| taken.start() < span.end());
    behind.checked_sub(1).and_then(|last| taken.get(last)).is_none_or(|last| last.end() <= span.start())
}

#[cfg(test)]
mod tests;
