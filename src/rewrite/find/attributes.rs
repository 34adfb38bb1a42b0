//! The table of attributes: which are clicked, which are only loaded, which run something. docs/HTML.md is made of it.

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
    let local = attribute.rsplit(':').next().unwrap_or(attribute);
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
/// the answer is no.
pub(crate) fn can_mean(attribute: &str) -> bool {
    let local = attribute.rsplit(':').next().unwrap_or(attribute);
    let known = |name: &str| {
        let first = name.bytes().next().unwrap_or_default();
        FIRST.get(usize::from(first)).is_some_and(|lengths| lengths & length_bit(name) != 0)
    };
    known(local) || known(attribute)
}

/// For each first byte of a name in the table, the lengths of such names.
static FIRST: std::sync::LazyLock<[u32; 256]> = std::sync::LazyLock::new(|| {
    let mut first = [0; 256];
    let mut add = |byte: u8, lengths: u32| first.iter_mut().skip(byte.into()).take(1).for_each(|all| *all |= lengths);
    for row in TABLE {
        match row.attributes {
            Names::Local(names) | Names::Whole(names) => {
                names.iter().for_each(|name| add(name.bytes().next().unwrap_or_default(), length_bit(name)));
            }
            Names::Handlers => add(b'o', u32::MAX),
        }
    }
    first
});

fn length_bit(name: &str) -> u32 {
    1 << name.len().min(31)
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
                assert!(can_mean(name), "{name}");
                assert!(matches!(row.attributes, Names::Whole(_)) || can_mean(&format!("x:{name}")), "{name}");
            }
        }
        assert!(can_mean("onclick") && can_mean("on-x"));
        for name in ["class", "width", "align", "valign", "border", "title", "target", "rel", "alt", "role"] {
            assert!(!can_mean(name), "{name}");
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
