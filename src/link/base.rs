use std::fmt;

use super::{mint::Minted, token::Candidate};
use crate::url::{self, NotWeb, WebUrl};

/// Where links of ours live: scheme, host, an odd port, and perhaps a prefix path, `https://go.corp.example/mail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkBase {
    https: bool,
    host_and_port: String,
    /// Empty, or from its first slash to the last character before the link's own slash.
    prefix: String,
}

/// Why a text is no base for links.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadLinkBase {
    /// No URL of the web.
    #[error("a link base is a web address such as https://go.example.com: {0}")]
    NotWeb(NotWeb),
    /// More than scheme, host, port and path.
    #[error("a link base has no {0}; leave it out")]
    Extra(&'static str),
    /// A prefix that clients would re-encode, or that is needed for something else.
    #[error(
        "the prefix {0:?} must be segments of letters, digits, `.`, `_`, `~` and `-`, the first not `~` or `.well-known`"
    )]
    Prefix(String),
}

impl LinkBase {
    /// Reads a base. A slash at its end says nothing.
    pub fn parse(text: &str) -> Result<Self, BadLinkBase> {
        let url = url::parse(text).map_err(BadLinkBase::NotWeb)?;
        if !url.userinfo().is_empty() {
            return Err(BadLinkBase::Extra("user or password"));
        }
        if url.after_host().contains('#') {
            return Err(BadLinkBase::Extra("fragment"));
        }
        if url.after_host().contains('?') {
            return Err(BadLinkBase::Extra("query"));
        }
        let path = url.after_host();
        let prefix = path.strip_suffix('/').unwrap_or(path);
        if !is_prefix(prefix) {
            return Err(BadLinkBase::Prefix(prefix.to_owned()));
        }
        Ok(Self { https: url.is_https(), host_and_port: host_and_port(&url), prefix: prefix.to_owned() })
    }

    /// The whole link, as it is put into a message.
    pub fn link(&self, minted: &Minted) -> String {
        let scheme = if self.https { "https://" } else { "http://" };
        [scheme, &self.host_and_port, &self.prefix, "/", &minted.host, "/", &minted.token].concat()
    }

    /// The host, lower case, with its port where that is not the scheme's own: what a `Host` field says.
    pub fn host_and_port(&self) -> &str {
        &self.host_and_port
    }

    /// Whether links are https.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The prefix path without a slash at its end; empty where there is none.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What stands behind the prefix of a request path, from its slash on: what [`super::Opener::open`] takes. `None`
    /// where the prefix is not there, and for what of ours is no link ([`is_reserved`]).
    pub fn strip<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let after = path.strip_prefix(self.prefix.as_bytes())?;
        (after.starts_with(b"/") && !is_reserved(after)).then_some(after)
    }

    /// As [`LinkBase::strip`], for a URL that was found in a message: `None` where it is not on this base. Query and
    /// fragment are still behind what is returned; see [`is_whole`].
    pub fn strip_url<'u>(&self, url: &'u WebUrl) -> Option<&'u str> {
        let here = url.is_https() == self.https
            && self.host_and_port.starts_with(url.host_str())
            && url.userinfo().is_empty()
            && host_and_port(url) == self.host_and_port
            && self.strip(url.after_host().as_bytes()).is_some();
        here.then(|| url.after_host().get(self.prefix.len()..)).flatten()
    }
}

/// The base as it is written before a link: no slash at its end.
impl fmt::Display for LinkBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.host_and_port, self.prefix)
    }
}

/// The part of a path (behind the prefix) that is the link itself, `/host/token`, without a query or whatever a
/// client glued on. Nothing is proven.
pub fn own_path(path: &[u8]) -> Option<&[u8]> {
    path.get(..Candidate::find(path).ok()?.length)
}

/// Whether a path (behind the prefix) is `/host/token` and nothing more. A link in a message is left alone only then.
pub fn is_whole(path: &[u8]) -> bool {
    own_path(path) == Some(path)
}

/// Whether a path (behind the prefix) is one of ours that is never a link: everything under `/~/` and `/.well-known/`,
/// `/robots.txt` and `/favicon.ico`. No host segment can be one of these.
pub fn is_reserved(path: &[u8]) -> bool {
    let behind = |start: &[u8]| path.strip_prefix(start).map(|rest| rest.first().copied());
    let under = |folder: &[u8]| matches!(behind(folder), Some(None | Some(b'/' | b'?' | b'#')));
    let is = |file: &[u8]| matches!(behind(file), Some(None | Some(b'?' | b'#')));
    under(b"/~") || under(b"/.well-known") || is(b"/robots.txt") || is(b"/favicon.ico")
}

fn is_prefix(prefix: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-');
    let mut segments = prefix.split('/').skip(1);
    segments.all(|segment| !segment.is_empty() && segment.bytes().all(plain)) && !is_reserved(prefix.as_bytes())
}

fn host_and_port(url: &WebUrl) -> String {
    match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()),
        None => url.host_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::LinkId;
    use super::*;

    fn base(text: &str) -> LinkBase {
        LinkBase::parse(text).unwrap()
    }

    #[test]
    fn bases_are_read_and_written() {
        let minted = Minted { host: "www.example.com".into(), token: "abc1".into(), id: LinkId([0; 16]) };
        for (text, link, host, prefix) in [
            ("https://GO.corp.example", "https://go.corp.example/www.example.com/abc1", "go.corp.example", ""),
            ("https://go.corp.example:443/", "https://go.corp.example/www.example.com/abc1", "go.corp.example", ""),
            ("http://127.0.0.1:8080/a/b/", "http://127.0.0.1:8080/a/b/www.example.com/abc1", "127.0.0.1:8080", "/a/b"),
        ] {
            let base = base(text);
            assert_eq!(base.link(&minted), link);
            assert_eq!((base.host_and_port(), base.prefix()), (host, prefix));
            assert_eq!(LinkBase::parse(&base.to_string()), Ok(base));
        }
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for text in ["", "go.example", "ftp://go.example", "https://u@go.example", "https://go.example/?a"] {
            assert!(LinkBase::parse(text).is_err(), "{text}");
        }
        for prefix in ["#a", "~", "~/a", "a//b", "a%20b", "a/b//", ".well-known/x", "robots.txt", "a+b"] {
            assert!(LinkBase::parse(&format!("https://go.example/{prefix}")).is_err(), "{prefix}");
        }
    }

    #[test]
    fn the_prefix_is_stripped_and_what_is_ours_is_no_link() {
        let (plain, prefixed) = (base("https://go.example"), base("https://go.example/m"));
        assert_eq!(plain.strip(b"/a.example/x1?q"), Some(&b"/a.example/x1?q"[..]));
        assert_eq!(prefixed.strip(b"/m/a.example/x1"), Some(&b"/a.example/x1"[..]));
        assert_eq!(prefixed.strip(b"/mm/a.example/x1"), None);
        assert_eq!(prefixed.strip(b"/a.example/x1"), None);
        for ours in
            ["/~/preview/a/b", "/~", "/robots.txt", "/robots.txt?x", "/favicon.ico", "/.well-known/security.txt"]
        {
            assert_eq!(plain.strip(ours.as_bytes()), None, "{ours}");
        }
        assert!(!is_reserved(b"/robots.txt/abc1"));
        assert!(!is_reserved(b"/~a/abc1"));
    }

    #[test]
    fn a_url_is_on_a_base_only_with_scheme_host_port_and_prefix() {
        let base = base("https://go.example/m");
        let strip = |text: &str| url::parse(text).ok().and_then(|url| base.strip_url(&url).map(str::to_owned));
        assert_eq!(strip("https://GO.example/m/a.example/x1?q#f"), Some("/a.example/x1?q#f".to_owned()));
        for other in ["http://go.example/m/a/x1", "https://go.example:8443/m/a/x1", "https://u@go.example/m/a/x1"] {
            assert_eq!(strip(other), None, "{other}");
        }
        assert_eq!(strip("https://go.example/n/a/x1"), None);
        assert_eq!(strip("https://go.example.test/m/a/x1"), None);
    }
}
