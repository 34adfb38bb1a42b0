//! HTML: a WHATWG tokenizer with source spans; its own output is thrown away.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};

use lol_html::{
    DocumentContentHandlers, ElementContentHandlers, EndTagHandler, HtmlRewriter, MemorySettings, Selector, Settings,
    errors::RewritingError,
    html_content::{Attribute, Comment, Element as Tag, TextChunk, TextType},
};

use super::{
    Found, Nested, Page, Quote, Role, Spot, Unescaped, Unsafe, Within,
    attributes::{Element, Meaning, Namespace, meaning, refresh_url},
    reading,
    readings::Reading,
    text::{Grammar, Lines, words},
    unescape,
};
use crate::base::Span;

/// How deep documents may stand in documents. Each level reads its text once more.
pub(super) const DEPTH: usize = 6;

/// Memory that the tokenizer may hold: its stack of open elements, and a token that the end of the text cuts.
fn memory(text: &str) -> usize {
    const STACK: usize = 64 << 20;
    STACK + 2 * text.len()
}

/// Finds the links of an HTML document, in every reading that a client could have of it.
///
/// Errors: [`Unsafe`], where a client could see links that are not in the answer.
pub(crate) fn page(text: &str, grammar: &Grammar<'_>) -> Result<Page, Unsafe> {
    document(text, grammar, 0)
}

fn document(text: &str, grammar: &Grammar<'_>, depth: usize) -> Result<Page, Unsafe> {
    if depth > DEPTH {
        return Err(Unsafe::TooDeep);
    }
    let mut page = read(text, Reading::Mail, grammar, depth)?;
    let others = Reading::others(text);
    page.readings = 1 + others.len();
    page.guessed |= reading::has_foreign_content(text);
    for reading in others {
        page.join(text, read(text, reading, grammar, depth)?)?;
    }
    Ok(page)
}

fn read(text: &str, reading: Reading, grammar: &Grammar<'_>, depth: usize) -> Result<Page, Unsafe> {
    let shadow = reading.of(text);
    let mut walk = Walk { text, shadow: &shadow, reading, grammar, depth, page: Page::default() };
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
    /// For text nodes, in which a line break is a blank.
    grammar: &'t Grammar<'t>,
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
        let seen = match tokenize(shadow, anchor, Mode::Strict) {
            Ok(seen) => seen,
            Err(RewritingError::ParsingAmbiguity(_)) => {
                self.page.guessed = true;
                tokenize(shadow, anchor, Mode::Lenient).map_err(|_| Unsafe::TooComplex)?
            }
            Err(_) => return Err(Unsafe::TooComplex),
        };
        let text = self.text.get(offset..offset + shadow.len()).unwrap_or_default();
        for value in seen.values {
            self.keep(text, offset, value)?;
        }
        for (range, node) in seen.text_nodes {
            self.text_node(text, offset, range, node);
        }
        Ok(seen.hidden)
    }

    fn keep(&mut self, text: &str, offset: usize, value: Value) -> Result<(), Unsafe> {
        let decoded = value.decoded(text);
        let span = Span::new(value.range.start, value.range.end).shifted(offset);
        // What one reading takes for an attribute may be anything in another: nothing may be written there that has a
        // meaning in markup.
        let quote = if self.reading == Reading::Mail { value.quote } else { Quote::Inert };
        let found = |role, decoded| Found { span, spot: Spot::Attribute(role, quote), value: decoded };
        match value.meaning {
            Meaning::Link => self.page.found.push(found(Role::Link, decoded)),
            Meaning::Action => self.page.found.push(found(Role::Action, decoded)),
            Meaning::Resource => self.page.found.push(found(Role::Resource, decoded)),
            Meaning::Refresh => {
                let url = value.url(text).unwrap_or(value.range.clone());
                let spot = Spot::Refresh { content: span, quote };
                let span = Span::new(url.start, url.end).shifted(offset);
                self.page.found.push(Found { span, spot, value: decoded });
            }
            Meaning::Base | Meaning::AnimatedList if quote == Quote::Inert => {
                self.page.found.push(found(Role::Base, decoded));
            }
            Meaning::Base => {
                self.page.base.get_or_insert(decoded);
                self.page.removals.push(value.whole().shifted(offset));
            }
            Meaning::AnimatedList => self.page.removals.push(value.whole().shifted(offset)),
            Meaning::Document => {
                let page = document(&decoded, self.grammar, self.depth + 1)?;
                self.page.nested.push(Nested { span, quote, document: decoded, page });
            }
            Meaning::None => {}
        }
        Ok(())
    }

    /// What a client would make clickable in a text node.
    fn text_node(&mut self, text: &str, offset: usize, range: Range<usize>, node: Node) {
        let source = text.get(range.clone()).unwrap_or_default();
        if self.reading != Reading::Mail || memchr::memchr2(b'.', b'/', source.as_bytes()).is_none() {
            return;
        }
        let (unescaped, lines) = match node {
            Node::Markup => (unescape(source, Within::Text), Lines::Space),
            Node::Literal => (Unescaped::literal(source), Lines::Fixed),
        };
        let grammar = Grammar { lines, ..*self.grammar };
        let mut done = None;
        for word in words(unescaped.text(), &grammar) {
            let runs_on = done.replace(word.range.end) == Some(word.range.start);
            let span = unescaped.source(word.range);
            let span = Span::new(span.start, span.end).shifted(offset + range.start);
            let spot = match node {
                Node::Markup => Spot::TextNode(word.shape),
                // One link would run into the other.
                Node::Literal if runs_on => continue,
                Node::Literal => Spot::Text(word.shape),
            };
            self.page.found.push(Found { span, spot, value: word.value });
        }
    }
}

/// What can be written into a text node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    /// Tags and character references mean something there.
    Markup,
    /// A tag would be shown as it stands: `xmp`, `plaintext`, CDATA sections.
    Literal,
}

/// All that the tokenizer saw in one stretch; ranges count from its beginning.
#[derive(Default)]
struct Tokens {
    values: Vec<Value>,
    text_nodes: Vec<(Range<usize>, Node)>,
    /// The element whose start tag came last: raw text always follows it directly.
    last_tag: String,
    /// To be read once more.
    hidden: Hidden,
    node: Option<(Range<usize>, TextType)>,
}

/// Stretches, and whether they stand inside an anchor.
type Hidden = Vec<(Range<usize>, bool)>;

/// One attribute that matters.
struct Value {
    meaning: Meaning,
    name: usize,
    range: Range<usize>,
    quote: Quote,
}

impl Value {
    fn decoded(&self, text: &str) -> String {
        let whole = unescape(text.get(self.range.clone()).unwrap_or_default(), Within::Attribute).into_text();
        match self.meaning {
            Meaning::Refresh => {
                refresh_url(&whole).and_then(|url| whole.get(url)).map(str::to_owned).unwrap_or_default()
            }
            _ => whole,
        }
    }

    /// Where in the text the URL of a refresh stands.
    fn url(&self, text: &str) -> Option<Range<usize>> {
        let unescaped = unescape(text.get(self.range.clone())?, Within::Attribute);
        let url = unescaped.source(refresh_url(unescaped.text())?);
        Some(url.start + self.range.start..url.end + self.range.start)
    }

    /// The attribute from its name to its closing quote.
    fn whole(&self) -> Span<crate::base::Decoded> {
        Span::new(self.name, self.range.end + usize::from(self.quote != Quote::None))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Stops where markup cannot be told from text.
    Strict,
    /// Goes on with the likelier reading.
    Lenient,
}

fn tokenize(text: &str, anchor: Option<usize>, mode: Mode) -> Result<Tokens, RewritingError> {
    let seen = RefCell::new(Tokens::default());
    let place = Place { anchor: Rc::new(Cell::new(anchor)) };
    let on_tag = |tag: &mut Tag<'_, '_>| {
        let name = tag.tag_name();
        if name == "a" {
            place.enter(tag);
        }
        seen.borrow_mut().tag(text, tag, &name);
        Ok(())
    };
    let on_comment = |comment: &mut Comment<'_>| {
        seen.borrow_mut().comment(text, comment, place.in_anchor());
        Ok(())
    };
    let on_text = |chunk: &mut TextChunk<'_>| {
        seen.borrow_mut().text(chunk, &place);
        Ok(())
    };
    let every_element: Selector = match "*".parse() {
        Ok(selector) => selector,
        Err(error) => return Err(RewritingError::ContentHandlerError(Box::new(error))),
    };
    let settings = Settings::new()
        .append_element_content_handler((Cow::Owned(every_element), ElementContentHandlers::default().element(on_tag)))
        .append_document_content_handler(DocumentContentHandlers::default().comments(on_comment).text(on_text))
        .with_strict(mode == Mode::Strict)
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(memory(text)));
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    rewriter.write(text.as_bytes())?;
    rewriter.end()?;
    Ok(seen.into_inner())
}

/// Where the tokenizer stands: inside a link or not. (Buttons and lists count as text: a client that drops the control
/// shows what was in it, and makes it clickable.)
struct Place {
    /// The anchor whose text comes next. A start tag of `a` ends the one before it, as in a browser.
    anchor: Rc<Cell<Option<usize>>>,
}

impl Place {
    fn in_anchor(&self) -> bool {
        self.anchor.get().is_some()
    }

    fn enter(&self, anchor: &mut Tag<'_, '_>) {
        let href = |attribute: &Attribute<'_>| matches!(attribute.name().as_str(), "href" | "xlink:href");
        let start = anchor.source_location().bytes().start + 1;
        self.anchor.set(anchor.attributes().iter().any(href).then_some(start));
        let now = Rc::clone(&self.anchor);
        let leave: EndTagHandler<'static> = Box::new(move |_| {
            if now.get() == Some(start) {
                now.set(None);
            }
            Ok(())
        });
        if let Some(handlers) = anchor.end_tag_handlers() {
            handlers.push(leave);
        }
    }
}

impl Tokens {
    fn tag(&mut self, text: &str, tag: &Tag<'_, '_>, name: &str) {
        name.clone_into(&mut self.last_tag);
        let attributes = tag.attributes();
        let has = |wanted: &str, values: &[&str]| {
            attributes.iter().any(|attribute| {
                attribute.name() == wanted && {
                    let value = unescape(&attribute.value(), Within::Attribute).into_text();
                    values.iter().any(|known| value.trim().eq_ignore_ascii_case(known))
                }
            })
        };
        let html = tag.namespace_uri() == "http://www.w3.org/1999/xhtml";
        let element = Element {
            name,
            namespace: if html { Namespace::Html } else { Namespace::Foreign },
            refreshes: name == "meta" && has("http-equiv", &["refresh"]),
            animates_link: has("attributename", &["href", "xlink:href"]),
        };
        for attribute in attributes {
            let meaning = meaning(&element, &attribute.name());
            if meaning != Meaning::None {
                self.values.extend(value(text, attribute, meaning));
            }
        }
    }

    fn comment(&mut self, text: &str, comment: &Comment<'_>, in_anchor: bool) {
        let range = comment.source_location().bytes();
        let source = text.get(range.clone()).unwrap_or_default();
        let Some(inside) = source.strip_prefix("<!--") else { return };
        let ended = source.ends_with("-->") || source.ends_with("--!>") || inside.starts_with('>') || inside == "->";
        let conditional = inside.trim_start().starts_with("[if");
        if conditional || !ended {
            let end = if ended { range.end.saturating_sub(3).max(range.start + 4) } else { range.end };
            self.hidden.push((range.start + 4..end, in_anchor));
        }
    }

    fn text(&mut self, chunk: &TextChunk<'_>, place: &Place) {
        let range = chunk.source_location().bytes();
        let node = match self.node.take() {
            Some((node, text_type)) => (node.start..range.end.max(node.end), text_type),
            None => (range, chunk.text_type()),
        };
        if !chunk.last_in_text_node() {
            self.node = Some(node);
            return;
        }
        let (range, text_type) = node;
        let node = match text_type {
            TextType::Data => Node::Markup,
            TextType::CDataSection | TextType::PlainText => Node::Literal,
            TextType::RawText if self.last_tag == "xmp" => Node::Literal,
            _ => return,
        };
        if !place.in_anchor() {
            self.text_nodes.push((range, node));
        }
    }
}

fn value(text: &str, attribute: &Attribute<'_>, meaning: Meaning) -> Option<Value> {
    let name = attribute.name_source_location()?.bytes().start;
    let range = attribute.value_source_location()?.bytes();
    let before = range.start.checked_sub(1).and_then(|at| text.as_bytes().get(at));
    let quote = match before {
        Some(b'"') => Quote::Double,
        Some(b'\'') => Quote::Single,
        _ => Quote::None,
    };
    Some(Value { meaning, name, range, quote })
}

#[cfg(test)]
mod tests;
