//! The table of attributes: which are clicked, which are only loaded.

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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    Html,
    Foreign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Link,
    Action,
    /// `href` of `<base>`.
    Base,
    /// `content` of a refresh.
    Refresh,
    /// `srcdoc`: a document.
    Document,
    /// Loaded with the page.
    Resource,
    /// A list of URLs that a link takes in turn (`values` of an animation).
    AnimatedList,
    None,
}

/// What `attribute` (lower case, prefix included) of `element` means. Attributes decide, not element names: clients
/// honour `href` on VML shapes under whatever prefix (attack rows 22 and 30).
pub(crate) fn meaning(element: &Element<'_>, attribute: &str) -> Meaning {
    let local = attribute.rsplit(':').next().unwrap_or(attribute);
    match (local, attribute) {
        ("href", _) if element.name == "base" => Meaning::Base,
        ("href", _) if loads_by_href(element) => Meaning::Resource,
        ("href", _) => Meaning::Link,
        (_, "action" | "formaction") => Meaning::Action,
        (_, "content") if element.refreshes => Meaning::Refresh,
        (_, "srcdoc") => Meaning::Document,
        (_, "to" | "from" | "by") if element.animates_link => Meaning::Link,
        (_, "values") if element.animates_link => Meaning::AnimatedList,
        (_, "src" | "background" | "poster") => Meaning::Resource,
        _ => Meaning::None,
    }
}

/// Elements whose `href` is fetched with the page and not followed by a click.
fn loads_by_href(element: &Element<'_>) -> bool {
    const IN_SVG: [&str; 11] = [
        "feimage",
        "filter",
        "image",
        "lineargradient",
        "mpath",
        "pattern",
        "radialgradient",
        "script",
        "textpath",
        "tref",
        "use",
    ];
    match element.namespace {
        Namespace::Html => element.name == "link",
        Namespace::Foreign => element.name == "link" || IN_SVG.contains(&element.name),
    }
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
            meaning(&Element { name, namespace, refreshes: false, animates_link: false }, attribute)
        };
        for (name, attribute) in [("a", "href"), ("v:roundrect", "href"), ("q:rect", "o:href"), ("x:b", "xlink:href")] {
            assert_eq!(of(name, Namespace::Html, attribute), Meaning::Link, "{name} {attribute}");
        }
        assert_eq!(of("a", Namespace::Foreign, "xlink:href"), Meaning::Link);
        assert_eq!(of("image", Namespace::Foreign, "href"), Meaning::Resource);
        assert_eq!(of("v:image", Namespace::Html, "href"), Meaning::Link);
        assert_eq!(of("link", Namespace::Html, "href"), Meaning::Resource);
        assert_eq!(of("base", Namespace::Html, "href"), Meaning::Base);
        assert_eq!(of("button", Namespace::Html, "formaction"), Meaning::Action);
        assert_eq!(of("meta", Namespace::Html, "content"), Meaning::None);
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
