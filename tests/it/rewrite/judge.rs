//! An independent reading of a message: html5ever's tree with scripts off, conditional comments parsed too, the url
//! crate, and a plain search for web addresses in text. It shares nothing with the rewriter but the parts' texts.
#![allow(clippy::disallowed_methods)]

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use html5ever::{
    Attribute, ParseOpts, QualName,
    interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
    ns, parse_document,
    tendril::{StrTendril, TendrilSink},
    tree_builder::TreeBuilderOpts,
};
use sekisho::message::{Disposition, Limits, Opened, Part, Role, split};
use url::Url;

/// A web address that a click would open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) part: String,
    /// As the url crate writes it.
    pub(crate) url: String,
    /// As it stands in the text; empty for attributes.
    pub(crate) raw: String,
    pub(crate) from: From,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum From {
    Attribute,
    Text,
}

/// Every target of every text part that a client shows.
pub(crate) fn targets(raw: &[u8]) -> BTreeSet<Target> {
    let structure = split(raw, &Limits::default());
    let mut found = BTreeSet::new();
    for part in &structure.parts {
        if part.role != Role::Leaf || part.media.kind != "text" {
            continue;
        }
        let opened = part.open(raw, &Limits::default()).unwrap();
        let html = part.media.subtype == "html";
        if !html && part.disposition == Disposition::Attachment {
            continue;
        }
        let urls = if html { of_html(part, &opened) } else { of_text(opened.text()) };
        found.extend(urls.into_iter().map(|(from, url, raw)| Target { part: part.id.clone(), url, raw, from }));
    }
    found
}

fn of_html(part: &Part, opened: &Opened) -> Vec<(From, String, String)> {
    let document = read(opened.text());
    let stated = part.content_base.as_deref().or(part.content_location.as_deref());
    let stated = stated.and_then(|base| Url::parse(base).ok());
    let base = document.base.as_deref().and_then(|base| Url::options().base_url(stated.as_ref()).parse(base).ok());
    let base = base.or(stated).filter(|base| matches!(base.scheme(), "http" | "https"));
    let encoding = opened.encoding();
    let encode = |text: &str| -> Cow<'static, [u8]> { encode(encoding, text).into() };
    let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|text| encode(text);
    let web = |value: &String| {
        let absolute = value.trim_matches(|c: char| c <= ' ');
        let scheme = absolute.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("http:"))
            || absolute.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("https:"));
        let fragment = absolute.is_empty() || absolute.starts_with('#');
        let base = base.as_ref().filter(|_| !scheme && !fragment);
        let url = Url::options().base_url(base).encoding_override(Some(encode)).parse(value).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| url.to_string())
    };
    let links = document.links.iter().filter_map(web).map(|url| (From::Attribute, url, String::new()));
    links.chain(document.texts.iter().flat_map(|text| of_text(text))).collect()
}

/// WHATWG "percent-encode after encoding", before the percent signs.
fn encode(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for character in text.chars() {
        let piece = character.to_string();
        let (bytes, _, lost) = encoding.encode(&piece);
        if lost {
            out.extend(format!("%26%23{}%3B", u32::from(character)).bytes());
        } else {
            out.extend_from_slice(&bytes);
        }
    }
    out
}

/// Addresses with a scheme, up to a blank or a quotation mark, less what the sentence adds.
fn of_text(text: &str) -> Vec<(From, String, String)> {
    let mut found = Vec::new();
    let lower = text.to_ascii_lowercase();
    let mut done = 0;
    for (at, _) in lower.match_indices("http") {
        if at < done {
            continue;
        }
        // Linkers differ in what they make of a scheme glued to a word; this one makes nothing of it.
        if text[..at].ends_with(char::is_alphanumeric) {
            done = at + text[at..].find(char::is_whitespace).unwrap_or(text.len() - at);
            continue;
        }
        let rest = &text[at..];
        if !lower[at..].starts_with("http://") && !lower[at..].starts_with("https://") {
            continue;
        }
        let address = rest.contains("://[");
        let ends = |c: char| {
            c.is_whitespace() || c.is_control() || !c.is_ascii() || "<>\"`)}".contains(c) || c == ']' && !address
        };
        let end = rest.find(ends).unwrap_or(rest.len());
        done = at + end;
        // No linker takes a host that begins with punctuation.
        let host = rest[..end].trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start_matches("://");
        if !host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') {
            continue;
        }
        let url = rest[..end].trim_end_matches(|c: char| ".,;:!?'*)]}".contains(c));
        if let Ok(parsed) = Url::parse(url) {
            found.push((From::Text, parsed.to_string(), url.to_owned()));
        }
    }
    found
}

#[derive(Default)]
struct Document {
    links: Vec<String>,
    /// Text nodes that a client could make clickable.
    texts: Vec<String>,
    base: Option<String>,
}

fn read(html: &str) -> Document {
    let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
    let options = ParseOpts { tree_builder, ..ParseOpts::default() };
    let tree: Tree = parse_document(Tree::default(), options).one(StrTendril::from_slice(html));
    let mut document = Document::default();
    let nodes = tree.nodes.into_inner();
    let quiet = |mut at: usize| {
        while at != 0 {
            let node = &nodes[at];
            let name: &str = &node.name.local;
            let anchor = name == "a" && node.attributes.iter().any(|(name, _)| name == "href");
            if anchor || ["style", "script", "textarea", "title", "button", "select"].contains(&name) {
                return true;
            }
            at = node.parent.get();
        }
        false
    };
    for node in &nodes {
        let name: &str = &node.name.local;
        let html = node.name.ns == ns!(html);
        let refresh =
            node.attributes.iter().any(|(n, v)| n == "http-equiv" && v.trim().eq_ignore_ascii_case("refresh"));
        for (attribute, value) in &node.attributes {
            match (name, attribute.as_str()) {
                ("base", "href") => document.base = document.base.or(Some(value.clone())),
                ("link", _) => {}
                (_, "href") if html || name == "a" => document.links.push(value.clone()),
                (_, "action" | "formaction") => document.links.push(value.clone()),
                ("meta", "content") if refresh => {
                    let url = value.split_once('=').map(|(_, url)| url.trim().trim_matches(['"', '\'']));
                    document.links.extend(url.map(str::to_owned));
                }
                (_, "srcdoc") => {
                    let inner = read(value);
                    document.links.extend(inner.links);
                    document.texts.extend(inner.texts);
                }
                _ => {}
            }
        }
    }
    for (parent, text) in tree.texts.into_inner() {
        if !quiet(parent) {
            document.texts.push(text);
        }
    }
    for comment in tree.comments.into_inner() {
        if comment.trim_start().starts_with("[if") {
            let inner = read(&comment);
            document.links.extend(inner.links);
        }
    }
    document
}

struct Node {
    name: QualName,
    attributes: Vec<(String, String)>,
    parent: Cell<usize>,
}

struct Tree {
    nodes: RefCell<Vec<Node>>,
    texts: RefCell<Vec<(usize, String)>>,
    comments: RefCell<Vec<String>>,
}

impl Default for Tree {
    fn default() -> Self {
        let tree = Self { nodes: RefCell::default(), texts: RefCell::default(), comments: RefCell::default() };
        tree.node(QualName::new(None, ns!(), "".into()), Vec::new());
        tree
    }
}

impl Tree {
    fn node(&self, name: QualName, attributes: Vec<Attribute>) -> (usize, QualName) {
        let of =
            |attribute: Attribute| (attribute.name.local.to_ascii_lowercase().to_string(), attribute.value.to_string());
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node {
            name: name.clone(),
            attributes: attributes.into_iter().map(of).collect(),
            parent: Cell::new(0),
        });
        (nodes.len() - 1, name)
    }
}

impl TreeSink for Tree {
    type Handle = (usize, QualName);
    type Output = Self;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Self {
        self
    }
    fn elem_name<'a>(&'a self, target: &'a Self::Handle) -> &'a QualName {
        &target.1
    }
    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Self::Handle {
        self.node(name, attributes)
    }
    fn add_attrs_if_missing(&self, target: &Self::Handle, attributes: Vec<Attribute>) {
        let extra = self.node(target.1.clone(), attributes);
        self.nodes.borrow()[extra.0].parent.set(target.0);
    }
    fn create_comment(&self, text: StrTendril) -> Self::Handle {
        self.comments.borrow_mut().push(text.to_string());
        self.node(QualName::new(None, ns!(), "".into()), Vec::new())
    }
    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Self::Handle {
        self.node(QualName::new(None, ns!(), "".into()), Vec::new())
    }
    fn get_template_contents(&self, target: &Self::Handle) -> Self::Handle {
        target.clone()
    }
    fn get_document(&self) -> Self::Handle {
        (0, QualName::new(None, ns!(), "".into()))
    }
    fn same_node(&self, one: &Self::Handle, other: &Self::Handle) -> bool {
        one.0 == other.0
    }
    fn append(&self, parent: &Self::Handle, child: NodeOrText<Self::Handle>) {
        match child {
            NodeOrText::AppendNode(node) => self.nodes.borrow()[node.0].parent.set(parent.0),
            NodeOrText::AppendText(text) => {
                let mut texts = self.texts.borrow_mut();
                match texts.last_mut() {
                    Some((last, before)) if *last == parent.0 => before.push_str(&text),
                    _ => texts.push((parent.0, text.to_string())),
                }
            }
        }
    }
    fn append_before_sibling(&self, sibling: &Self::Handle, new: NodeOrText<Self::Handle>) {
        let parent = self.nodes.borrow()[sibling.0].parent.get();
        self.append(&(parent, sibling.1.clone()), new);
    }
    fn append_based_on_parent_node(
        &self,
        element: &Self::Handle,
        before: &Self::Handle,
        child: NodeOrText<Self::Handle>,
    ) {
        let parent = self.nodes.borrow()[element.0].parent.get();
        let parent = if parent == 0 { before.0 } else { parent };
        self.append(&(parent, element.1.clone()), child);
    }
    fn reparent_children(&self, node: &Self::Handle, parent: &Self::Handle) {
        for child in self.nodes.borrow().iter().filter(|child| child.parent.get() == node.0) {
            child.parent.set(parent.0);
        }
        for text in self.texts.borrow_mut().iter_mut().filter(|text| text.0 == node.0) {
            text.0 = parent.0;
        }
    }
    fn remove_from_parent(&self, target: &Self::Handle) {
        self.nodes.borrow()[target.0].parent.set(0);
    }
    fn parse_error(&self, _: Cow<'static, str>) {}
    fn set_quirks_mode(&self, _: QuirksMode) {}
    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}
}
