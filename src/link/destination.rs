//! From a destination to what the path and the token say of it, and back.

use super::token::{self, Flags, INSIDE, Shapeless};
use crate::url::{self, NotWeb, WebUrl};

/// Why a text is not one of our links, for the person who looks at it offline. Never an answer to a click.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotALink {
    /// The text is a URL, but none of the web.
    #[error("this is not a web address: {0}")]
    NotWeb(NotWeb),
    /// Nowhere in the path do a host and a token stand side by side.
    #[error("no part of the path looks like HOST/TOKEN; give the whole link, from https:// to its last character")]
    Shape,
    /// The host segment breaks its grammar.
    #[error("the host before the token is neither a lower-case host name nor `-`; was the link changed to upper case?")]
    Host,
    /// A slash follows the token.
    #[error("a slash follows the token; nothing of the kind is ever minted")]
    Slash,
    /// The token does not end in the letter of a version that is known.
    #[error("the token does not end in `1`, the only version there is; is the end of the link missing?")]
    Version,
    /// The token is shorter or longer than any token, or one character too long or short.
    #[error("no token has this length; is a part of the link missing?")]
    Length,
    /// The characters are not the one base64url spelling of any bytes.
    #[error("the token's characters are not the base64url of any bytes; was one of them changed?")]
    Base64,
    /// A flag or a place is set that version 1 does not know.
    #[error("the token has flags {0:#010b}, of which version 1 knows only the five lowest bits and four places")]
    Flags(u8),
    /// `-` without the flag that the host stands inside, or the flag without `-`.
    #[error("path and token disagree on where the host stands; was the host in the path changed?")]
    HostFlag,
    /// The host stands inside although it could stand in the path.
    #[error("the token hides the host {0:?}, which could stand in the path")]
    HostPlace(String),
    /// `rest` is not `[userinfo@][host]/…` in printable ASCII.
    #[error("the token holds no destination: {0}")]
    Rest(&'static str),
    /// Host, port, user or scheme read otherwise by the URL standard than they stand in the link.
    #[error("the URL standard reads the destination otherwise than it stands in the link: {0:?}")]
    Destination(String),
    /// The tenant is 0, which is nobody.
    #[error("the token names tenant 0, which is nobody")]
    Nobody,
}

impl From<Shapeless> for NotALink {
    fn from(why: Shapeless) -> Self {
        match why {
            Shapeless::Path | Shapeless::Token => Self::Shape,
            Shapeless::Host => Self::Host,
            Shapeless::Slash => Self::Slash,
            Shapeless::Version => Self::Version,
            Shapeless::Length => Self::Length,
        }
    }
}

/// A destination as a link holds it.
pub(super) struct Split {
    /// Host and odd port, or `-`.
    pub(super) segment: String,
    pub(super) host_inside: bool,
    /// Everything that the segment and the scheme do not say.
    pub(super) rest: String,
}

/// What the path and what the token say of `url`.
pub(super) fn split(url: &WebUrl) -> Split {
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()),
        None => url.host_str().to_owned(),
    };
    let host_inside = !token::is_host_segment(host.as_bytes());
    let mut rest = String::with_capacity(url.as_str().len());
    if !url.userinfo().is_empty() {
        rest.push_str(url.userinfo());
        rest.push('@');
    }
    if host_inside {
        rest.push_str(&host);
    }
    rest.push_str(url.after_host());
    Split { segment: if host_inside { INSIDE.to_owned() } else { host }, host_inside, rest }
}

/// The destination that a segment, flags and `rest` spell.
///
/// The URL standard moves on (in 2024 it began to escape `^` in a path), links stay. So what it makes of path, query
/// and fragment today is taken as it is; scheme, user, host and port must come out as they went in.
pub(super) fn join(segment: &[u8], flags: Flags, rest: &[u8]) -> Result<WebUrl, NotALink> {
    if flags.host_inside != (segment == INSIDE.as_bytes()) {
        return Err(NotALink::HostFlag);
    }
    if !rest.iter().all(u8::is_ascii_graphic) {
        return Err(NotALink::Rest("it has bytes other than printable ASCII"));
    }
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| NotALink::Rest("it is not ASCII"));
    let (segment, rest) = (text(segment)?, text(rest)?);
    let slash = rest.find('/').ok_or(NotALink::Rest("it has no path"))?;
    let (authority, after_host) = rest.split_at(slash);
    let (userinfo, host) = match authority.rsplit_once('@') {
        Some(("", _)) => return Err(NotALink::Rest("its user is empty")),
        Some((userinfo, host)) => (userinfo, host),
        None => ("", authority),
    };
    let host = match (flags.host_inside, host) {
        (false, "") => segment,
        (false, _) => return Err(NotALink::Rest("it has a host, and so has the path")),
        (true, "") => return Err(NotALink::Rest("it has no host")),
        (true, host) if token::is_host_segment(host.as_bytes()) => return Err(NotALink::HostPlace(host.to_owned())),
        (true, host) => host,
    };
    let (scheme, at) = (if flags.https { "https" } else { "http" }, if userinfo.is_empty() { "" } else { "@" });
    let mut spelled = String::with_capacity(scheme.len() + 4 + segment.len() + rest.len());
    for piece in [scheme, "://", userinfo, at, host, after_host] {
        spelled.push_str(piece);
    }
    match url::parse(&spelled) {
        Ok(url) if is_of(&url, flags.https, userinfo, host) => Ok(url),
        _ => Err(NotALink::Destination(spelled)),
    }
}

fn is_of(url: &WebUrl, https: bool, userinfo: &str, host: &str) -> bool {
    let same_host = match url.port() {
        None => url.host_str() == host,
        Some(port) => host.strip_prefix(url.host_str()) == Some(format!(":{port}").as_str()),
    };
    url.is_https() == https && url.userinfo() == userinfo && same_host
}
