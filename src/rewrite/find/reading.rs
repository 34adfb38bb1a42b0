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

use super::attributes::{Element, Meaning, Namespace, meaning, refresh_url};

/// The tree builder walks its stack of open elements, so its time grows with the square of the nesting. A document
/// with more tags than this is not read.
const TAGS: usize = 10_000;

/// Values of every clickable attribute of `document` (what is in comments is not seen), or `None` where it is too large.
pub(crate) fn targets(document: &str) -> Option<BTreeSet<String>> {
    if memchr::memchr_iter(b'<', document.as_bytes()).take(TAGS + 1).count() > TAGS {
        return None;
    }
    let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
    let options = ParseOpts { tree_builder, ..ParseOpts::default() };
    let sink = Targets { nothing: Rc::new(QualName::new(None, ns!(), "".into())), values: RefCell::default() };
    Some(parse_document(sink, options).one(StrTendril::from_slice(document)))
}

/// A tree of which only the names are kept, since only elements and their attributes count.
struct Targets {
    nothing: Rc<QualName>,
    values: RefCell<BTreeSet<String>>,
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
            let target = match meaning(&element, &spelled(&attribute.name)) {
                Meaning::Link | Meaning::Action => Some(value),
                Meaning::Refresh => refresh_url(value).and_then(|range| value.get(range)),
                _ => None,
            };
            self.values.borrow_mut().extend(target.map(str::to_owned));
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
    type Output = BTreeSet<String>;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> BTreeSet<String> {
        self.values.into_inner()
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
        targets(document).unwrap().into_iter().collect()
    }

    #[test]
    fn reads_as_a_browser_with_scripts_off() {
        assert_eq!(of("<noscript><a href=1></noscript><title><a href=2></title><svg><title><a href=3>"), ["1", "3"]);
        assert_eq!(of("<select><style><a href=1></style></select><form action=2>"), ["2"]);
        assert_eq!(of("<meta http-equiv=Refresh content='0;url=1'><meta name=x content='0;url=2'>"), ["1"]);
        assert_eq!(of("<svg><a xlink:href=1 /><image href=2 /></svg><v:oval o:href=3><link href=4>"), ["1", "3"]);
    }

    #[test]
    fn what_would_take_too_long_is_not_read() {
        assert_eq!(targets(&"<p>".repeat(TAGS + 1)), None);
    }
}
