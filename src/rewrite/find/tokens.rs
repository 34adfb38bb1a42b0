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
    attributes::{Element, Meaning, Namespace, meaning, refresh_url},
    forms::Forms,
    html::Resources,
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
        seen.borrow_mut().tag(text, tag, &name, resources);
        Ok(())
    };
    let on_comment = |comment: &mut Comment<'_>| {
        seen.borrow_mut().comment(text, comment, place.in_anchor());
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
    fn tag(&mut self, text: &str, tag: &Tag<'_, '_>, name: &str, resources: Resources) {
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
            names_a_file: name == "param" && has("name", &FILE_PARAMETERS),
        };
        let control = matches!(name, "form" | "input" | "button" | "textarea" | "select");
        let mut after = (name == "form").then(|| tag.source_location().bytes().end);
        for attribute in attributes {
            let attribute_name = attribute.name();
            if control && Forms::matters(&attribute_name) {
                self.forms.see(name, &attribute_name, unescape(&attribute.value(), Within::Attribute).text());
            }
            let meaning = meaning(&element, &attribute_name);
            if meaning == Meaning::None || meaning.is_loaded() && resources == Resources::Skip {
                continue;
            }
            if let Some(mut value) = value(text, attribute, meaning) {
                value.after = if meaning == Meaning::Action { after.take() } else { None };
                self.values.push(value);
            }
        }
    }

    fn comment(&mut self, text: &str, comment: &Comment<'_>, in_anchor: bool) {
        let range = comment.source_location().bytes();
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
        if !place.in_anchor() || matches!(node, Node::Script | Node::Style) {
            self.text_nodes.push((range, node));
        } else if text.get(range.clone()).is_some_and(|text| text.contains("://")) {
            self.labels.push(range);
        }
    }
}

/// Names of parameters that say what an object opens.
pub(super) const FILE_PARAMETERS: [&str; 7] = ["movie", "src", "url", "filename", "href", "data", "code"];

fn value(text: &str, attribute: &Attribute<'_>, meaning: Meaning) -> Option<Value> {
    let name = attribute.name_source_location()?.bytes().start;
    let range = attribute.value_source_location()?.bytes();
    let before = range.start.checked_sub(1).and_then(|at| text.as_bytes().get(at));
    let quote = match before {
        Some(b'"') => Quote::Double,
        Some(b'\'') => Quote::Single,
        _ => Quote::None,
    };
    Some(Value { meaning, name, range, quote, after: None })
}
