use std::{borrow::Cow, fmt, net::IpAddr};

use url::{ParseError, Position, Url};

use super::{Canonical, plain};

/// An `http` or `https` URL with a host, as a browser reads it. [`parse`] and [`parse_in`] are the only ways to one.
///
/// All accessors are slices of the serialisation and allocate nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebUrl {
    text: String,
    parts: Parts,
}

/// Where what stands in a serialisation, which is never longer than 4 GB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Parts {
    pub(super) scheme_end: u32,
    pub(super) host: (u32, u32),
    pub(super) port: Option<u16>,
    pub(super) path: u32,
    /// Where the `?` is.
    pub(super) query: Option<u32>,
    /// Where the `#` is.
    pub(super) fragment: Option<u32>,
    /// The address that stands as the host.
    pub(super) address: Option<IpAddr>,
}

/// Why a text is no [`WebUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWeb {
    /// Nothing but blanks and control characters, and no base to stand for it.
    #[error("there is no URL: the text is empty")]
    Empty,
    /// No scheme, and no base to resolve it against.
    #[error("the URL is relative and there is no base to resolve it against")]
    Relative,
    /// Another scheme; its name in lower case, without the colon.
    #[error("the scheme is {0:?}, neither http nor https")]
    Scheme(String),
    /// `http` or `https`, but a browser refuses it too; the sentence says what it stumbles over.
    #[error("a browser refuses this URL: {0}")]
    Invalid(&'static str),
}

/// Encodes the query of a URL in the charset of its document: a browser sends `?q=é` of a windows-1252 document as `%E9`
/// (attack row 67).
///
/// It gets the whole query, free of tabs and newlines, and gives its bytes. A character that the charset lacks is given
/// as `%26%23`, its decimal number and `%3B` (WHATWG URL, "percent-encode after encoding").
pub type EncodeQuery<'a> = &'a dyn Fn(&str) -> Cow<'_, [u8]>;

/// What a document says about the URLs in it.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    /// What relative URLs are relative to (`<base href>`, Content-Base).
    pub base: Option<&'a WebUrl>,
    /// Encodes a query in the charset of the document, where that is not UTF-8.
    pub encode_query: Option<EncodeQuery<'a>>,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("base", &self.base)
            .field("encode_query", &self.encode_query.map(|_| "a charset"))
            .finish()
    }
}

/// Parses an absolute URL in a UTF-8 context.
///
/// Without a base `https:evil.example` and `https:/evil.example` are absolute, as a mail client reads them (attack row
/// 45).
///
/// # Errors
/// [`NotWeb`], if it is not `http` or `https` or if a browser would refuse it.
pub fn parse(text: &str) -> Result<WebUrl, NotWeb> {
    parse_in(text, &Context::default())
}

/// Parses a URL as it stands in a document.
///
/// With a base of the same scheme `https:a` is relative to it (WHATWG URL, "special relative or authority" state);
/// who has to fear the other reading too asks [`parse`].
///
/// # Errors
/// [`NotWeb`], if it is not `http` or `https` or if a browser would refuse it.
pub fn parse_in(text: &str, context: &Context<'_>) -> Result<WebUrl, NotWeb> {
    // Such a text is ASCII, which an encoder of a document in UTF-8 leaves as it is; of another's who knows.
    if context.encode_query.is_none()
        && let Some(parts) = plain::parts(text)
    {
        return Ok(WebUrl { text: text.to_owned(), parts });
    }
    let mut text = strip(text);
    match (scheme(&text), context.base) {
        (Some(scheme), _) if scheme != "http" && scheme != "https" => return Err(NotWeb::Scheme(scheme.into_owned())),
        (None, None) => return Err(if text.is_empty() { NotWeb::Empty } else { NotWeb::Relative }),
        (None, Some(base)) if text.starts_with(is_slash) && text[1..].starts_with(is_slash) => {
            // The url crate finds no host in `///evil.test`; browsers ignore any number of slashes (attack row 46).
            text = Cow::Owned(format!("{}:{text}", base.scheme()));
        }
        _ => {}
    }
    // What the standard serialised it parses again, so there is no error here.
    let base = context.base.and_then(|base| Url::options().parse(base.as_str()).ok());
    let url =
        Url::options().base_url(base.as_ref()).encoding_override(context.encode_query).parse(&text).map_err(refusal)?;
    let url = WebUrl::of(url);
    if url.host_str().bytes().all(|byte| byte == b'.') {
        // WHATWG lets `http://./` through, but no resolver can find it and no list can name it.
        return Err(NotWeb::Invalid("the host is empty"));
    }
    Ok(url)
}

/// What the WHATWG parser takes away first: C0 control and blank around the URL, tab and newline anywhere. Done here so
/// that the scheme is read off the same text, and a query reaches its encoder in one piece.
fn strip(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(|c| c <= ' ');
    match memchr::memchr3(b'\t', b'\n', b'\r', text.as_bytes()) {
        Some(_) => Cow::Owned(text.replace(['\t', '\n', '\r'], "")),
        None => Cow::Borrowed(text),
    }
}

/// `\` is as good as `/` in `http` and `https` URLs (attack row 44).
fn is_slash(character: char) -> bool {
    matches!(character, '/' | '\\')
}

/// The scheme in lower case, if the text has one ("scheme start" and "scheme" state).
fn scheme(text: &str) -> Option<Cow<'static, str>> {
    // As nearly all are written.
    let is_usual = |usual: &&str| text.strip_prefix(*usual).is_some_and(|rest| rest.starts_with(':'));
    if let Some(usual) = ["https", "http"].into_iter().find(is_usual) {
        return Some(Cow::Borrowed(usual));
    }
    let end = text.find(|c: char| !matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '+' | '-' | '.'))?;
    let (scheme, rest) = text.split_at(end);
    (rest.starts_with(':') && scheme.starts_with(|c: char| c.is_ascii_alphabetic()))
        .then(|| Cow::Owned(scheme.to_ascii_lowercase()))
}

fn refusal(error: ParseError) -> NotWeb {
    NotWeb::Invalid(match error {
        ParseError::EmptyHost => "the host is empty",
        ParseError::IdnaError => "the host is no valid internationalised domain name, or holds a forbidden character",
        ParseError::InvalidPort => "the port is no number from 0 to 65535",
        ParseError::InvalidIpv4Address => "the host ends in a number but is no IPv4 address",
        ParseError::InvalidIpv6Address => "the host in brackets is no IPv6 address",
        ParseError::InvalidDomainCharacter => "the host holds a character that no host may have",
        ParseError::Overflow => "it is longer than 4 GB",
        // The other causes concern URLs without a host or setters; the crate may add some.
        _ => "it breaks the URL standard",
    })
}

impl WebUrl {
    fn of(url: Url) -> Self {
        // The crate counts in 32 bits too.
        let length = |part: &str| part.len() as u32;
        let parts = Parts {
            scheme_end: length(url.scheme()),
            host: (length(&url[..Position::BeforeHost]), length(&url[..Position::AfterHost])),
            port: url.port(),
            path: length(&url[..Position::BeforePath]),
            query: url.query().map(|_| length(&url[..Position::AfterPath])),
            fragment: url.fragment().map(|_| length(&url[..Position::AfterQuery])),
            address: match url.host() {
                Some(url::Host::Ipv4(address)) => Some(address.into()),
                Some(url::Host::Ipv6(address)) => Some(address.into()),
                Some(url::Host::Domain(_)) | None => None,
            },
        };
        Self { text: url.into(), parts }
    }

    fn slice(&self, from: u32, to: u32) -> &str {
        &self.text[from as usize..to as usize]
    }

    fn end(&self) -> u32 {
        self.text.len() as u32
    }

    /// The WHATWG serialisation, exactly, fragment included. Parsing it again gives an equal URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What [`WebUrl::as_str`] shows.
    pub fn into_string(self) -> String {
        self.text
    }

    /// Whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        self.scheme() == "https"
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.slice(0, self.parts.scheme_end)
    }

    /// The host as serialised: A-labels in lower case, a dotted quad, or an IPv6 address in brackets. Never empty; a
    /// trailing dot stays.
    pub fn host_str(&self) -> &str {
        self.slice(self.parts.host.0, self.parts.host.1)
    }

    /// Whether the host is a literal IPv4 or IPv6 address, however it was spelt (attack row 51).
    pub fn is_address(&self) -> bool {
        self.parts.address.is_some()
    }

    /// The address that stands as the host.
    pub fn address(&self) -> Option<IpAddr> {
        self.parts.address
    }

    /// The host as serialised, and the port if it is not the scheme's own.
    pub(super) fn host_and_port(&self) -> &str {
        self.slice(self.parts.host.0, self.parts.path)
    }

    #[cfg(test)]
    pub(super) fn parts(&self) -> Parts {
        self.parts
    }

    /// The port, if it is not the scheme's own.
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    /// What stands before the `@`, percent-encoded: empty, `user`, or `user:password`.
    pub fn userinfo(&self) -> &str {
        // An `@` inside is `%40` by now.
        self.slice(self.parts.scheme_end + 3, self.parts.host.0).strip_suffix('@').unwrap_or_default()
    }

    /// Path, query and fragment as serialised: begins with `/`.
    pub fn after_host(&self) -> &str {
        self.slice(self.parts.path, self.end())
    }

    /// Path and query as serialised: begins with `/`.
    pub fn path_and_query(&self) -> &str {
        self.slice(self.parts.path, self.parts.fragment.unwrap_or(self.end()))
    }

    /// The path as serialised: begins with `/`.
    pub fn path(&self) -> &str {
        let end = self.parts.query.or(self.parts.fragment).unwrap_or(self.end());
        self.slice(self.parts.path, end)
    }

    /// What stands behind the `?`, if there is one.
    pub fn query(&self) -> Option<&str> {
        let mark = self.parts.query?;
        Some(self.slice(mark + 1, self.parts.fragment.unwrap_or(self.end())))
    }

    /// What stands behind the `#`, if there is one.
    pub fn fragment(&self) -> Option<&str> {
        let mark = self.parts.fragment?;
        Some(self.slice(mark + 1, self.end()))
    }

    /// The key for lists.
    pub fn canonical(&self) -> Canonical {
        Canonical::of(self)
    }

    /// The host to show to a person: U-labels where the A-labels are valid, the host as serialised otherwise. It may
    /// look like another host; never show it without [`WebUrl::host_str`].
    pub fn host_unicode(&self) -> String {
        super::host::unicode(self.host_str())
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebUrl({:?})", self.as_str())
    }
}

impl AsRef<str> for WebUrl {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

#[cfg(test)]
pub(super) mod tests;
