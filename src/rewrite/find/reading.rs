//! A second reading of an HTML document, by a parser that builds the tree. It has no spans: it only says which link
//! values a browser with scripts off would come to, and so settles what a tokenizer alone cannot.

use std::{borrow::Cow, cell::RefCell, collections::BTreeSet, rc::Rc};

use html5ever::{
    Attribute, ParseOpts, QualName,
    interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
    ns, parse_document,
    tendril::{StrTendril, TendrilSink},
    tree_builder::TreeBuilderOpts,
};

use super::{
    attributes::{Element, Meaning, Namespace, meaning, refresh_url},
    html,
};

/// The tree builder walks its stack of open elements, so its time grows with the square of the nesting. Of one message
/// no more tags than this are read.
pub(crate) const TAGS: usize = 20_000;

/// At most how many tags `document` has.
pub(crate) fn tags(document: &str) -> usize {
    memchr::memchr_iter(b'<', document.as_bytes()).count()
}

/// Whether SVG or MathML may be in `document`. The tokenizer only simulates when these begin and end, and has been seen
/// to err: behind `<svg><math><p>` it takes `<![CDATA[` for text, where a browser is back in HTML.
pub(super) fn has_foreign_content(document: &str) -> bool {
    let bytes = document.as_bytes();
    memchr::memchr_iter(b'<', bytes).any(|at| {
        let begins =
            |name: &[u8]| bytes.get(at + 1..=at + name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name));
        begins(b"svg") || begins(b"math")
    })
}

/// Values of every clickable attribute of `document`, those of documents in attributes too; what is in comments is not
/// seen. Whoever asks bounds the [`tags`].
pub(crate) fn targets(document: &str) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![(document.to_owned(), 0)]);
    while let Some((document, depth)) = open.pop() {
        let seen = parse(&document);
        found.extend(seen.targets);
        if depth < html::DEPTH {
            open.extend(seen.documents.into_iter().map(|document| (document, depth + 1)));
        }
    }
    found
}

#[derive(Default)]
struct Seen {
    targets: BTreeSet<String>,
    documents: BTreeSet<String>,
}

fn parse(document: &str) -> Seen {
    let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
    let options = ParseOpts { tree_builder, ..ParseOpts::default() };
    let sink = Targets { nothing: Rc::new(QualName::new(None, ns!(), "".into())), seen: RefCell::default() };
    parse_document(sink, options).one(StrTendril::from_slice(document))
}

/// A tree of which only the names are kept, since only elements and their attributes count.
struct Targets {
    nothing: Rc<QualName>,
    seen: RefCell<Seen>,
}

impl Targets {
    fn collect(&self, name: &QualName, attributes: &[Attribute]) {
        let has = |wanted: &str, values: &[&str]| {
            attributes.iter().any(|attribute| {
                spelled(&attribute.name) == wanted
                    && values.iter().any(|value| attribute.value.trim().eq_ignore_ascii_case(value))
            })
        };
        let name_text = spelled(name);
        let element = Element {
            name: &name_text,
            namespace: if name.ns == ns!(html) { Namespace::Html } else { Namespace::Foreign },
            refreshes: name_text == "meta" && has("http-equiv", &["refresh"]),
            animates_link: has("attributename", &["href", "xlink:href"]),
        };
        for attribute in attributes {
            let value = &*attribute.value;
            let mut seen = self.seen.borrow_mut();
            match meaning(&element, &spelled(&attribute.name)) {
                Meaning::Link | Meaning::Action => {
                    seen.targets.insert(value.to_owned());
                }
                Meaning::Refresh => {
                    let url = refresh_url(value).and_then(|range| value.get(range));
                    seen.targets.extend(url.map(str::to_owned));
                }
                Meaning::Document => {
                    seen.documents.insert(value.to_owned());
                }
                _ => {}
            }
        }
    }
}

/// A name as it stands in the source, in lower case.
fn spelled(name: &QualName) -> String {
    let local = name.local.to_ascii_lowercase();
    match &name.prefix {
        Some(prefix) if !prefix.is_empty() => format!("{prefix}:{local}"),
        _ => local.to_string(),
    }
}

impl TreeSink for Targets {
    type Handle = Rc<QualName>;
    type Output = Seen;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Seen {
        self.seen.into_inner()
    }

    fn elem_name<'a>(&'a self, target: &'a Self::Handle) -> &'a QualName {
        target
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Self::Handle {
        self.collect(&name, &attributes);
        Rc::new(name)
    }

    fn add_attrs_if_missing(&self, target: &Self::Handle, attributes: Vec<Attribute>) {
        self.collect(target, &attributes);
    }

    fn create_comment(&self, _: StrTendril) -> Self::Handle {
        self.nothing.clone()
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Self::Handle {
        self.nothing.clone()
    }

    fn get_template_contents(&self, _: &Self::Handle) -> Self::Handle {
        self.nothing.clone()
    }

    fn get_document(&self) -> Self::Handle {
        self.nothing.clone()
    }

    fn same_node(&self, one: &Self::Handle, other: &Self::Handle) -> bool {
        Rc::ptr_eq(one, other)
    }

    fn parse_error(&self, _: Cow<'static, str>) {}
    fn set_quirks_mode(&self, _: QuirksMode) {}
    fn append(&self, _: &Self::Handle, _: NodeOrText<Self::Handle>) {}
    fn append_before_sibling(&self, _: &Self::Handle, _: NodeOrText<Self::Handle>) {}
    fn append_based_on_parent_node(&self, _: &Self::Handle, _: &Self::Handle, _: NodeOrText<Self::Handle>) {}
    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}
    fn remove_from_parent(&self, _: &Self::Handle) {}
    fn reparent_children(&self, _: &Self::Handle, _: &Self::Handle) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(document: &str) -> Vec<String> {
        targets(document).into_iter().collect()
    }

    #[test]
    fn reads_as_a_browser_with_scripts_off() {
        assert_eq!(of("<noscript><a href=1></noscript><title><a href=2></title><svg><title><a href=3>"), ["1", "3"]);
        assert_eq!(of("<select><style><a href=1></style></select><form action=2>"), ["2"]);
        assert_eq!(of("<meta http-equiv=Refresh content='0;url=1'><meta name=x content='0;url=2'>"), ["1"]);
        assert_eq!(of("<svg><a xlink:href=1 /><image href=2 /></svg><v:oval o:href=3><link href=4>"), ["1", "3"]);
    }

    #[test]
    fn documents_in_attributes_are_read_too() {
        assert_eq!(
            of("<iframe srcdoc='&lt;a href=1&gt;&lt;iframe srcdoc=\"&amp;lt;a href=2&amp;gt;\"&gt;'>"),
            ["1", "2"]
        );
    }

    #[test]
    fn foreign_content_is_seen_by_its_tags() {
        assert!(has_foreign_content("x<SVG>") && has_foreign_content("<p><math"));
        assert!(!has_foreign_content("svg <s><p>"));
    }
}
