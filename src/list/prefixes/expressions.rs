use sha2::{Digest as _, Sha256};

use crate::url::{Suffixes, WebUrl};

/// Texts of one URL at most: five hosts with six paths each.
pub const MAX_EXPRESSIONS: usize = 30;

/// Hosts beside the host itself.
const SUFFIXES: usize = 4;

/// The texts by whose hashes a URL is looked up (Safe Browsing version 5, "URLs and Hashing"): the host itself, and the
/// registered domain with up to three labels more in front; each with the whole path, the path without its query, and
/// the four outermost folders. An address has no host above it.
pub fn expressions(url: &WebUrl, suffixes: &Suffixes) -> Vec<String> {
    let canonical = url.canonical();
    let host = canonical.host();
    let mut hosts = vec![host];
    if canonical.address().is_none()
        && let Some(domain) = suffixes.registrable_domain(host)
    {
        let above: Vec<&str> = canonical.domains().filter(|name| name.len() >= domain.len() && *name != host).collect();
        let first = above.len().saturating_sub(SUFFIXES);
        hosts.extend(above.iter().skip(first));
    }
    let paths = || canonical.path_prefixes();
    let all = hosts.into_iter().flat_map(|host| paths().map(move |path| format!("{host}{path}")));
    all.take(MAX_EXPRESSIONS).collect()
}

/// The hash of one of them.
pub fn hash(expression: &str) -> [u8; 32] {
    Sha256::digest(expression.as_bytes()).into()
}

/// The first four bytes of a hash, as [`super::Prefixes`] know them.
pub fn prefix_of(hash: &[u8; 32]) -> u32 {
    let [a, b, c, d, ..] = *hash;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::LazyLock};

    use super::*;
    use crate::url::parse;

    /// Parsing it takes a while.
    static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);

    fn of(text: &str) -> BTreeSet<String> {
        expressions(&parse(text).unwrap(), &SUFFIXES).into_iter().collect()
    }

    fn product(hosts: &[&str], paths: &[&str]) -> BTreeSet<String> {
        hosts.iter().flat_map(|host| paths.iter().map(move |path| format!("{host}{path}"))).collect()
    }

    /// The hosts and paths of the examples in the published documentation.
    #[test]
    fn the_published_examples_come_out() {
        let paths = ["/1/2.html?param=1", "/1/2.html", "/", "/1/"];
        assert_eq!(of("http://a.b.com/1/2.html?param=1"), product(&["a.b.com", "b.com"], &paths));
        let hosts = ["a.b.c.d.e.f.com", "c.d.e.f.com", "d.e.f.com", "e.f.com", "f.com"];
        assert_eq!(of("http://a.b.c.d.e.f.com/1.html"), product(&hosts, &["/1.html", "/"]));
        assert_eq!(of("http://1.2.3.4/1/"), product(&["1.2.3.4"], &["/1/", "/"]));
        assert_eq!(of("http://example.co.uk/1"), product(&["example.co.uk"], &["/1", "/"]));
    }

    #[test]
    fn no_url_has_more_than_thirty() {
        let url = "http://a.b.c.d.e.f.g.h.example.co.uk/1/2/3/4/5/6/7?x";
        assert_eq!(of(url).len(), MAX_EXPRESSIONS);
        let folders = ["/1/2/3/4/5/6/7?x", "/1/2/3/4/5/6/7", "/", "/1/", "/1/2/", "/1/2/3/"];
        let hosts = [
            "a.b.c.d.e.f.g.h.example.co.uk",
            "f.g.h.example.co.uk",
            "g.h.example.co.uk",
            "h.example.co.uk",
            "example.co.uk",
        ];
        assert_eq!(of(url), product(&hosts, &folders));
    }

    #[test]
    fn hashes_are_those_of_the_documentation() {
        assert_eq!(prefix_of(&hash("a.example.com/")), 0x291b_c542);
        assert_eq!(prefix_of(&hash("b.example.com/")), 0x1d32_c508);
        assert_eq!(prefix_of(&hash("y.example.com/")), 0xf7a5_02e5);
    }

    /// The examples for canonical forms that the documentation gives, as far as they are URLs that a browser takes.
    #[test]
    fn a_url_is_made_canonical_by_the_published_rules() {
        for (text, canonical) in [
            ("http://host/%25%32%35", "http://host/%25"),
            ("http://host/%25%32%35%25%32%35", "http://host/%25%25"),
            ("http://host/%2525252525252525", "http://host/%25"),
            ("http://host/asdf%25%32%35asd", "http://host/asdf%25asd"),
            ("http://host/%%%25%32%35asd%%", "http://host/%25%25%25asd%25%25"),
            ("http://www.google.com/", "http://www.google.com/"),
            ("http://3279880203/blah", "http://195.127.0.11/blah"),
            ("http://www.google.com/blah/..", "http://www.google.com/"),
            ("http://www.evil.com/blah#frag", "http://www.evil.com/blah"),
            ("http://www.GOOgle.com/", "http://www.google.com/"),
            ("http://www.google.com.../", "http://www.google.com/"),
            ("http://www.google.com/foo\tbar\rbaz\n2", "http://www.google.com/foobarbaz2"),
            ("http://www.google.com/q?r?", "http://www.google.com/q?r?"),
            ("http://www.google.com/q?r?s", "http://www.google.com/q?r?s"),
            ("http://evil.com/foo#bar#baz", "http://evil.com/foo"),
            ("http://evil.com/foo;", "http://evil.com/foo;"),
            ("http://evil.com/foo?bar;", "http://evil.com/foo?bar;"),
            ("http://notrailingslash.com", "http://notrailingslash.com/"),
            ("http://www.gotaport.com:80/", "http://www.gotaport.com/"),
            ("  http://www.google.com/  ", "http://www.google.com/"),
            ("https://www.securesite.com/", "https://www.securesite.com/"),
            ("http://host.com/ab%23cd", "http://host.com/ab%23cd"),
            ("http://host.com//twoslashes?more//slashes", "http://host.com/twoslashes?more//slashes"),
        ] {
            assert_eq!(parse(text).unwrap().canonical().as_str(), canonical, "{text:?}");
        }
    }
}
