//! A second reading of an HTML document, by a parser that builds the tree. It has no spans: it only says which link
//! values a browser with scripts off would come to, and so settles what a tokenizer alone cannot.

use std::{borrow::Cow, cell::RefCell, collections::BTreeSet, rc::Rc};

use html5ever::{
    Attribute, QualName, TokenizerResult,
    interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
    ns,
    tendril::StrTendril,
    tokenizer::{BufferQueue, Tokenizer, TokenizerOpts},
    tree_builder::{TreeBuilder, TreeBuilderOpts},
};

use super::{
    Within,
    attributes::{Element, Meaning, Namespace, can_mean, meaning, refresh_url},
    html,
    plain::{self, Token},
    tokens::{self, FILE_PARAMETERS},
    unescape,
    watch::{Held, Meter, Tags, Watched},
};

/// What reading one message may cost. The tree builder walks its stack of open elements, so its time grows with the
/// square of the nesting, and the tokenizer's with that of a tag's attributes; what would take too long is not settled.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Steps along the stack that are left.
    steps: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: Self::STEPS }
    }
}

impl Budget {
    const STEPS: u64 = 500_000;
    /// Steps that a byte of text brings along.
    const PER_BYTE: u64 = 4;
}

/// Bytes that are read between two looks at the budget; few, since each may bring the whole stack along.
const SLICE: usize = 256;

/// What an element that is made costs, in steps, and each attribute of it: the tree builder makes open formatting
/// elements again and again.
const MADE: u64 = 16;
const COPIED: u64 = 4;

/// Attributes that are compared in one step.
const COMPARED: u64 = 4;

/// Values of every clickable attribute of `document`, those of documents in attributes too; what is in comments is not
/// seen. `None` where it would cost more than the budget has.
pub(crate) fn targets(document: &str, budget: &mut Budget) -> Option<BTreeSet<(Target, String)>> {
    budget.steps += document.len() as u64 * Budget::PER_BYTE;
    let (mut found, mut open) = (BTreeSet::new(), vec![(document.to_owned(), 0)]);
    while let Some((document, depth)) = open.pop() {
        let seen = parse(&document, budget)?;
        found.extend(seen.targets);
        if depth < html::DEPTH {
            open.extend(seen.documents.into_iter().map(|document| (document, depth + 1)));
        }
    }
    Some(found)
}

/// As [`targets`], or more, for a document that every tokenizer reads alike ([`plain`]), in order; `None` for any other.
/// A parser may drop a tag where it stands, and can add none.
pub(crate) fn plain_targets(document: &str) -> Option<Vec<(Target, String)>> {
    let mut found = Vec::new();
    plain::read(document, |token| {
        let Token::Start(tag) = token else { return Some(()) };
        let mut element = None;
        for attribute in tag.attributes.iter().filter(|attribute| can_mean(&attribute.name, false)) {
            let element =
                element.get_or_insert_with(|| tokens::element(document, &tag.name, Namespace::Html, tag.attributes));
            let value = || unescape(attribute.of(document), Within::Attribute).into_text();
            match meaning(element, &attribute.name) {
                Meaning::Link => found.push((Target::Link, value())),
                Meaning::Action => found.push((Target::Action, value())),
                Meaning::Active => found.push((Target::Active, value())),
                Meaning::Refresh => {
                    let value = value();
                    let url = refresh_url(&value).and_then(|range| value.get(range));
                    found.extend(url.map(|url| (Target::Refresh, url.to_owned())));
                }
                Meaning::Document => return None,
                _ => {}
            }
        }
        Some(())
    })?;
    Some(found)
}

/// What kind of target a parser found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Link,
    Action,
    Refresh,
    Active,
}

#[derive(Default)]
struct Seen {
    targets: BTreeSet<(Target, String)>,
    documents: BTreeSet<String>,
}

fn parse(document: &str, budget: &mut Budget) -> Option<Seen> {
    let meter = Rc::new(Meter::default());
    let nothing = Rc::new(Node { name: QualName::new(None, ns!(), "".into()), _held: None });
    let sink = Targets { nothing, seen: RefCell::default(), meter: Rc::clone(&meter) };
    let options = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
    let watched = Watched::new(TreeBuilder::new(sink, options), Rc::clone(&meter));
    let tokenizer = Tokenizer::new(watched, TokenizerOpts::default());
    let queue = BufferQueue::default();
    let feed = || while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {};
    let (mut tags, mut rest) = (Tags::default(), document);
    while !rest.is_empty() {
        let (slice, after) = rest.split_at(rest.floor_char_boundary(SLICE));
        let mut begun = Tags::default();
        meter.add((tags.read(slice.as_bytes(), false) + begun.read(slice.as_bytes(), true)) / COMPARED);
        budget.steps = budget.steps.checked_sub(meter.take())?;
        queue.push_back(StrTendril::from_slice(slice));
        feed();
        // Behind a token there is no tag that began before it.
        if tokenizer.sink.came() {
            tags = begun;
        } else {
            tags.join(&begun);
        }
        rest = after;
    }
    budget.steps = budget.steps.checked_sub(meter.take())?;
    feed();
    tokenizer.end();
    Some(tokenizer.sink.builder.sink.finish())
}

/// A tree of which only the names are kept, since only elements and their attributes count.
struct Targets {
    nothing: Rc<Node>,
    seen: RefCell<Seen>,
    /// Counts the elements that the tree builder looks at.
    meter: Rc<Meter>,
}

struct Node {
    name: QualName,
    _held: Option<Held>,
}

impl Targets {
    fn collect(&self, name: &QualName, attributes: &[Attribute]) {
        // Most elements have none that could matter, and the names of those that do are in lower case.
        if !attributes.iter().any(|attribute| can_mean(&attribute.name.local, false)) {
            return;
        }
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
            names_a_file: name_text == "param" && has("name", &FILE_PARAMETERS),
        };
        let can = |attribute: &&Attribute| can_mean(&attribute.name.local, false);
        for attribute in attributes.iter().filter(can) {
            let value = &*attribute.value;
            let mut seen = self.seen.borrow_mut();
            let target = match meaning(&element, &spelled(&attribute.name)) {
                Meaning::Link => Target::Link,
                Meaning::Action => Target::Action,
                Meaning::Active => Target::Active,
                Meaning::Refresh => {
                    let url = refresh_url(value).and_then(|range| value.get(range));
                    seen.targets.extend(url.map(|url| (Target::Refresh, url.to_owned())));
                    continue;
                }
                Meaning::Document => {
                    seen.documents.insert(value.to_owned());
                    continue;
                }
                _ => continue,
            };
            seen.targets.insert((target, value.to_owned()));
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
    type Handle = Rc<Node>;
    type Output = Seen;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Seen {
        self.seen.into_inner()
    }

    fn elem_name<'a>(&'a self, target: &'a Self::Handle) -> &'a QualName {
        self.meter.add(1);
        &target.name
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Self::Handle {
        self.meter.add(MADE + COPIED * attributes.len() as u64);
        self.collect(&name, &attributes);
        let held = if name.ns == ns!(html) { Held::of(&name.local, &self.meter) } else { None };
        Rc::new(Node { name, _held: held })
    }

    fn add_attrs_if_missing(&self, target: &Self::Handle, attributes: Vec<Attribute>) {
        self.collect(&target.name, &attributes);
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
        self.meter.add(1);
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
        targets(document, &mut Budget::default()).unwrap().into_iter().map(|(_, value)| value).collect()
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
    fn what_would_take_too_long_is_not_settled() {
        for piece in ["<div>", "<b><p>", "<table><td>", "<a><p>", "<svg>", "<select>", "<ruby><rt>"] {
            let started = targets(&piece.repeat(100_000), &mut Budget::default());
            assert!(started.is_none_or(|found| found.is_empty()), "{piece}");
        }
        assert_eq!(targets(&"<p>x</p>".repeat(100_000), &mut Budget::default()), Some(BTreeSet::new()));
    }

    #[test]
    fn what_no_call_of_the_tree_shows_is_counted_too() {
        let many = |piece: fn(usize) -> String| (0..20_000).map(piece).collect::<String>();
        let tag = format!("<p {}>", many(|number| format!("a{number} ")));
        let style = format!("<style>{tag}</style>");
        for document in [
            tag.clone(),
            format!("</p {tag}"),
            format!("<p title=\"{tag}\">{tag}"),
            many(|number| format!("<b a{number}>")),
            format!("<p><b {}>", tag.get(3..5_000).unwrap()) + &"<p>x</p>".repeat(20_000),
        ] {
            assert_eq!(targets(&document, &mut Budget::default()), None, "{:.40}", document);
        }
        // It is text, so no tag can be as long.
        assert!(targets(&style, &mut Budget::default()).is_some());
        assert!(targets(&many(|number| format!("<b a{number}>x</b>")), &mut Budget::default()).is_some());
    }
}
