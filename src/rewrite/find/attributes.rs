//! The table of attributes: which are clicked, which are only loaded, which run something. docs/HTML.md is made of it.

use std::sync::LazyLock;

use super::table::{Elements, Names, TABLE};

/// What the table needs to know of the element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    /// Lower case, prefix included.
    pub(crate) name: &'a str,
    pub(crate) namespace: Namespace,
    /// `<meta http-equiv=refresh>`.
    pub(crate) refreshes: bool,
    /// `<animate attributeName=href>` and its like.
    pub(crate) animates_link: bool,
    /// `<param name=movie>` and its like.
    pub(crate) names_a_file: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    Html,
    Foreign,
}

/// What an attribute is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    /// Followed by a click.
    Link,
    /// Where a form is sent.
    Action,
    /// `content` of a refresh: followed without a click.
    Refresh,
    /// A document.
    Document,
    /// What links hang on: the `href` of `<base>`.
    Base,
    /// What links hang on in some clients (`xml:base`), or a list that a link takes its target from (`values` of an
    /// animation): it goes.
    Removed,
    /// Opens a page or runs a program inside the message.
    Active,
    /// A script.
    Script,
    /// Loaded with the page, never clicked.
    Resource,
    /// Several of these, with descriptors.
    ResourceList,
    /// CSS, which loads what stands in `url(…)`.
    Style,
    None,
}

impl Meaning {
    /// Whether it is looked at only where a base goes that it may hang on.
    pub(crate) const fn is_loaded(self) -> bool {
        matches!(self, Self::Resource | Self::ResourceList | Self::Style)
    }
}

/// What `attribute` (lower case, prefix included) of `element` means. Attributes decide, not element names: clients
/// honour `href` on VML shapes under whatever prefix (attack rows 22 and 30).
pub(crate) fn meaning(element: &Element<'_>, attribute: &str) -> Meaning {
    let local = local(attribute);
    let named = |names: Names| match names {
        Names::Local(names) => names.contains(&local),
        Names::Whole(names) => names.contains(&attribute),
        Names::Handlers => attribute.len() > 2 && attribute.starts_with("on"),
    };
    let on = |elements: Elements| match elements {
        Elements::Any => true,
        Elements::Named(names) => names.contains(&element.name),
        Elements::Foreign(names) => element.namespace == Namespace::Foreign && names.contains(&element.name),
        Elements::Refresh => element.refreshes,
        Elements::LinkAnimation => element.animates_link,
        Elements::FileParameter => element.names_a_file,
    };
    TABLE.iter().find(|row| named(row.attributes) && on(row.elements)).map_or(Meaning::None, |row| row.meaning)
}

/// Whether an attribute of that name means anything on some element: quick, and for nearly all that say how a page looks
/// the answer is no. Without `loaded`, what is only loaded with the page means nothing.
pub(crate) fn can_mean(attribute: &str, loaded: bool) -> bool {
    let lengths: &[u32; 256] = if loaded { &LENGTHS } else { &CLICKED };
    let known = |name: &[u8]| {
        let first = name.first().and_then(|first| lengths.get(usize::from(*first)));
        first.is_some_and(|lengths| lengths & bit(name.len()) != 0)
    };
    let local = local(attribute).as_bytes();
    known(local) || local.len() < attribute.len() && known(attribute.as_bytes())
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    let prefix = memchr::memrchr(b':', name.as_bytes()).map_or(0, |colon| colon + 1);
    name.get(prefix..).unwrap_or(name)
}

/// For each first byte of a name in the table, the lengths of such names; and without those that are only loaded.
static LENGTHS: LazyLock<[u32; 256]> = LazyLock::new(|| lengths(|_| true));
static CLICKED: LazyLock<[u32; 256]> = LazyLock::new(|| lengths(|meaning| !meaning.is_loaded()));

fn lengths(counts: fn(Meaning) -> bool) -> [u32; 256] {
    let mut lengths = [0; 256];
    let mut add = |first: u8, bits: u32| lengths.iter_mut().skip(first.into()).take(1).for_each(|all| *all |= bits);
    for row in TABLE.iter().filter(|row| counts(row.meaning)) {
        match row.attributes {
            Names::Local(names) | Names::Whole(names) => {
                names.iter().for_each(|name| add(name.bytes().next().unwrap_or_default(), bit(name.len())));
            }
            Names::Handlers => add(b'o', u32::MAX),
        }
    }
    lengths
}

fn bit(length: usize) -> u32 {
    1 << length.min(31)
}

/// The byte range of the URL in the `content` of a refresh (WHATWG "shared declarative refresh steps", read more widely:
/// a client that skips the number or the `url=` still finds its URL here).
pub(crate) fn refresh_url(content: &str) -> Option<std::ops::Range<usize>> {
    let skip = |at: usize, wanted: fn(char) -> bool| {
        let rest = content.get(at..).unwrap_or_default();
        at + (rest.len() - rest.trim_start_matches(wanted).len())
    };
    let mut at = skip(0, |c| c.is_whitespace() || c.is_control());
    at = skip(at, |c| c.is_ascii_digit() || c == '.');
    at = skip(at, |c| c.is_whitespace() || c.is_control() || matches!(c, ';' | ','));
    if content.get(at..at + 3).is_some_and(|name| name.eq_ignore_ascii_case("url")) {
        let sign = skip(at + 3, char::is_whitespace);
        if content.as_bytes().get(sign) == Some(&b'=') {
            at = skip(sign + 1, char::is_whitespace);
        }
    }
    let rest = content.get(at..)?;
    let (start, end) = match rest.chars().next()? {
        quote @ ('"' | '\'') => (at + 1, rest.get(1..)?.find(quote).map_or(content.len(), |length| at + 1 + length)),
        _ => (at, content.len()),
    };
    (start < end).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_decide_and_not_elements() {
        let of = |name, namespace, attribute| {
            let element = Element { name, namespace, refreshes: false, animates_link: false, names_a_file: false };
            meaning(&element, attribute)
        };
        for (name, attribute) in [("a", "href"), ("v:roundrect", "href"), ("q:rect", "o:href"), ("x:b", "xlink:href")] {
            assert_eq!(of(name, Namespace::Html, attribute), Meaning::Link, "{name} {attribute}");
        }
        assert_eq!(of("a", Namespace::Foreign, "xlink:href"), Meaning::Link);
        assert_eq!(of("image", Namespace::Foreign, "href"), Meaning::Resource);
        assert_eq!(of("script", Namespace::Foreign, "xlink:href"), Meaning::Active);
        assert_eq!(of("v:image", Namespace::Html, "href"), Meaning::Link);
        assert_eq!(of("link", Namespace::Html, "href"), Meaning::Resource);
        assert_eq!(of("base", Namespace::Html, "href"), Meaning::Base);
        assert_eq!(of("button", Namespace::Html, "formaction"), Meaning::Action);
        assert_eq!(of("meta", Namespace::Html, "content"), Meaning::None);
        assert_eq!(of("iframe", Namespace::Html, "src"), Meaning::Active);
        assert_eq!(of("img", Namespace::Html, "src"), Meaning::Resource);
        assert_eq!(of("p", Namespace::Html, "onclick"), Meaning::Script);
        assert_eq!(of("p", Namespace::Html, "on"), Meaning::None);
    }

    #[test]
    fn what_cannot_mean_anything_is_in_no_row() {
        for row in TABLE {
            let (Names::Local(names) | Names::Whole(names)) = row.attributes else { continue };
            for name in names {
                let prefixed = format!("x:{name}");
                for loaded in [true, row.meaning.is_loaded()] {
                    assert!(can_mean(name, loaded), "{name}");
                    assert!(matches!(row.attributes, Names::Whole(_)) || can_mean(&prefixed, loaded), "{name}");
                }
            }
        }
        assert!(can_mean("onclick", false) && can_mean("on-x", false));
        for name in ["style", "class", "width", "align", "border", "title", "target", "rel", "alt", "role"] {
            assert!(!can_mean(name, false), "{name}");
        }
    }

    #[test]
    fn refresh_in_every_spelling() {
        for content in [
            "0;url=http://a.test/",
            "0; URL = http://a.test/",
            "5,http://a.test/",
            "url='http://a.test/'",
            " 0.5 ;\n url=\"http://a.test/\" ",
            "http://a.test/",
            "0;url='http://a.test/",
        ] {
            let url = refresh_url(content).and_then(|range| content.get(range));
            assert_eq!(url, Some("http://a.test/"), "{content}");
        }
        for content in ["", "30", "0;", "0;url=", "0;url=''"] {
            assert_eq!(refresh_url(content), None, "{content}");
        }
    }
}
