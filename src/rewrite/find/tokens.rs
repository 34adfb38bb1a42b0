//! The WHATWG tokenizer with source spans; its own output is thrown away.

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
    Quote, Within,
    attributes::{Element, Meaning, Namespace, can_mean, meaning, refresh_url},
    forms::Forms,
    html::Resources,
    plain::{self, Attribute as Written, Token},
    readings::is_condition,
    unescape,
};
use crate::base::Span;

/// Memory that the tokenizer may hold: its stack of open elements, and a token that the end of the text cuts.
fn memory(text: &str) -> usize {
    const STACK: usize = 64 << 20;
    STACK + 2 * text.len()
}

/// What can be written into a text node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    /// Tags and character references mean something there.
    Markup,
    /// A tag would be shown as it stands: `xmp`, `plaintext`, CDATA sections.
    Literal,
    /// A program.
    Script,
    /// A style sheet.
    Style,
}

/// All that the tokenizer saw in one stretch; ranges count from its beginning.
#[derive(Default)]
pub(super) struct Tokens {
    pub(super) values: Vec<Value>,
    pub(super) text_nodes: Vec<(Range<usize>, Node)>,
    /// What anchors show.
    pub(super) labels: Vec<Range<usize>>,
    pub(super) forms: Forms,
    /// To be read once more.
    pub(super) hidden: Hidden,
    /// The element whose start tag came last: raw text always follows it directly.
    last_tag: String,
    node: Option<(Range<usize>, TextType)>,
}

/// Stretches, and whether they stand inside an anchor.
pub(super) type Hidden = Vec<(Range<usize>, bool)>;

/// One attribute that matters.
pub(super) struct Value {
    pub(super) meaning: Meaning,
    name: usize,
    pub(super) range: Range<usize>,
    pub(super) quote: Quote,
    /// Behind the start tag of a form, for its first target.
    pub(super) after: Option<usize>,
}

impl Value {
    pub(super) fn decoded(&self, text: &str) -> String {
        let whole = unescape(text.get(self.range.clone()).unwrap_or_default(), Within::Attribute).into_text();
        match self.meaning {
            Meaning::Refresh => {
                refresh_url(&whole).and_then(|url| whole.get(url)).map(str::to_owned).unwrap_or_default()
            }
            _ => whole,
        }
    }

    /// Where in the text the URL of a refresh stands.
    pub(super) fn url(&self, text: &str) -> Option<Range<usize>> {
        let unescaped = unescape(text.get(self.range.clone())?, Within::Attribute);
        let url = unescaped.source(refresh_url(unescaped.text())?);
        Some(url.start + self.range.start..url.end + self.range.start)
    }

    /// The attribute from its name to its closing quote.
    pub(super) fn whole(&self) -> Span<crate::base::Decoded> {
        Span::new(self.name, self.range.end + usize::from(self.quote != Quote::None))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Stops where markup cannot be told from text.
    Strict,
    /// Goes on with the likelier reading.
    Lenient,
}

/// Reads `text`, which begins inside an anchor if there is an `anchor`.
pub(super) fn tokenize(
    text: &str,
    anchor: Option<usize>,
    mode: Mode,
    resources: Resources,
) -> Result<Tokens, RewritingError> {
    let seen = RefCell::new(Tokens::default());
    let place = Place { anchor: Rc::new(Cell::new(anchor)) };
    let on_tag = |tag: &mut Tag<'_, '_>| {
        let name = tag.tag_name();
        if name == "a" {
            place.enter(tag);
        }
        let html = tag.namespace_uri() == "http://www.w3.org/1999/xhtml";
        let namespace = if html { Namespace::Html } else { Namespace::Foreign };
        let attributes: Vec<_> = tag.attributes().iter().filter_map(|attribute| written(text, attribute)).collect();
        seen.borrow_mut().tag(text, &name, namespace, tag.source_location().bytes().end, &attributes, resources);
        Ok(())
    };
    let on_comment = |comment: &mut Comment<'_>| {
        seen.borrow_mut().comment(text, comment.source_location().bytes(), place.in_anchor());
        Ok(())
    };
    let on_text = |chunk: &mut TextChunk<'_>| {
        seen.borrow_mut().text(text, chunk, &place, resources);
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
    fn tag(
        &mut self,
        text: &str,
        name: &str,
        namespace: Namespace,
        end: usize,
        attributes: &[Written<'_>],
        resources: Resources,
    ) {
        name.clone_into(&mut self.last_tag);
        let element = element(text, name, namespace, attributes);
        let control = matches!(name, "form" | "input" | "button" | "textarea" | "select");
        let mut after = (name == "form").then_some(end);
        for attribute in attributes {
            if control && Forms::matters(&attribute.name) {
                self.forms.see(name, &attribute.name, unescape(attribute.of(text), Within::Attribute).text());
            }
            if !can_mean(&attribute.name, resources == Resources::Find) {
                continue;
            }
            let meaning = meaning(&element, &attribute.name);
            if meaning == Meaning::None || meaning.is_loaded() && resources == Resources::Skip {
                continue;
            }
            if let Some(range) = attribute.value.clone() {
                let after = if meaning == Meaning::Action { after.take() } else { None };
                self.values.push(Value { meaning, name: attribute.start, range, quote: attribute.quote, after });
            }
        }
    }

    fn comment(&mut self, text: &str, range: Range<usize>, in_anchor: bool) {
        let source = text.get(range.clone()).unwrap_or_default();
        let Some(inside) = source.strip_prefix("<!--") else { return };
        let ended = source.ends_with("-->") || source.ends_with("--!>") || inside.starts_with('>') || inside == "->";
        if is_condition(inside) || !ended {
            let end = if ended { range.end.saturating_sub(3).max(range.start + 4) } else { range.end };
            self.hidden.push((range.start + 4..end, in_anchor));
        }
    }

    fn text(&mut self, text: &str, chunk: &TextChunk<'_>, place: &Place, resources: Resources) {
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
            TextType::RawText if self.last_tag == "style" && resources == Resources::Find => Node::Style,
            TextType::ScriptData => Node::Script,
            _ => return,
        };
        self.node(text, range, node, place.in_anchor());
    }

    fn node(&mut self, text: &str, range: Range<usize>, node: Node, in_anchor: bool) {
        if !in_anchor || matches!(node, Node::Script | Node::Style) {
            self.text_nodes.push((range, node));
        } else if text.get(range.clone()).is_some_and(|text| text.contains("://")) {
            self.labels.push(range);
        }
    }
}

/// What the table needs to know of an element with these attributes.
pub(super) fn element<'a>(text: &str, name: &'a str, namespace: Namespace, attributes: &[Written<'_>]) -> Element<'a> {
    let has = |wanted: &str, values: &[&str]| {
        attributes.iter().any(|attribute| {
            attribute.name == wanted && {
                let value = unescape(attribute.of(text), Within::Attribute);
                values.iter().any(|known| value.text().trim().eq_ignore_ascii_case(known))
            }
        })
    };
    Element {
        name,
        namespace,
        refreshes: name == "meta" && has("http-equiv", &["refresh"]),
        animates_link: has("attributename", &["href", "xlink:href"]),
        names_a_file: name == "param" && has("name", &FILE_PARAMETERS),
    }
}

/// Reads `text` as [`tokenize`] does, if it is plain.
pub(super) fn plainly(text: &str, anchor: Option<usize>, resources: Resources) -> Option<Tokens> {
    let mut seen = Tokens::default();
    let mut place = Nest { in_anchor: anchor.is_some(), open: Vec::new() };
    plain::read(text, |token| {
        match token {
            Token::Text(range) => seen.node(text, range, Node::Markup, place.in_anchor),
            Token::Style(range) if resources == Resources::Find => seen.text_nodes.push((range, Node::Style)),
            Token::Comment(range) => seen.comment(text, range, place.in_anchor),
            Token::Style(_) | Token::Nothing => {}
            Token::Start(tag) => {
                place.enter(&tag);
                seen.tag(text, &tag.name, Namespace::Html, tag.range.end, tag.attributes, resources);
            }
            Token::End(name) => place.leave(&name)?,
        }
        Some(())
    })?;
    Some(seen)
}

/// Where a plain text stands: inside a link or not.
struct Nest<'t> {
    in_anchor: bool,
    /// Elements that are open in it.
    open: Vec<Cow<'t, str>>,
}

impl<'t> Nest<'t> {
    fn enter(&mut self, tag: &plain::Tag<'t, '_>) {
        if tag.name == "a" {
            self.in_anchor = tag.attributes.iter().any(|attribute| matches!(&*attribute.name, "href" | "xlink:href"));
            self.open.clear();
        } else if self.in_anchor {
            self.open.push(tag.name.clone());
        }
    }

    /// `None` where the end tag is of no element inside the link: it may end the link as well.
    fn leave(&mut self, name: &str) -> Option<()> {
        if name == "a" {
            self.in_anchor = false;
        } else if self.in_anchor {
            let last = self.open.iter().rposition(|open| open == name)?;
            self.open.truncate(last);
        }
        Some(())
    }
}

/// Names of parameters that say what an object opens.
pub(super) const FILE_PARAMETERS: [&str; 7] = ["movie", "src", "url", "filename", "href", "data", "code"];

fn written<'t>(text: &str, attribute: &Attribute<'_>) -> Option<Written<'t>> {
    let start = attribute.name_source_location()?.bytes().start;
    let value = attribute.value_source_location().map(|value| value.bytes());
    let before = value.as_ref().and_then(|value| text.as_bytes().get(value.start.checked_sub(1)?));
    let quote = match before {
        Some(b'"') => Quote::Double,
        Some(b'\'') => Quote::Single,
        _ => Quote::None,
    };
    Some(Written { name: Cow::Owned(attribute.name()), start, value, quote })
}
