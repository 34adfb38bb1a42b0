use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::WebUrl;

/// The key under which lists know a URL: Safe Browsing's canonical form, made from the WHATWG form.
///
/// Userinfo, fragment and the scheme's own port are gone; the host has no empty labels, and an IPv4 address inside an
/// IPv6 one stands as IPv4; path and query are percent-decoded until nothing changes, then encoded in one way; dot
/// segments and runs of slashes are resolved. Two spellings of one place have one key (attack rows 57, 58, 61).
///
/// Several places may have one key too, so it is for matching alone: it is never gone to, and never shown as the URL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Canonical {
    text: String,
    host: (usize, usize),
    path: usize,
    /// Where the `?` is, or the end of the text.
    query: usize,
    port: Option<u16>,
    address: Option<IpAddr>,
}

/// Hosts of one lookup: the host itself and its suffixes of 5, 4, 3 and 2 labels.
const HOSTS: usize = 5;
/// Paths of one lookup: with query, without, and the four outermost folders.
const PATHS: usize = 6;
/// No longer name can be resolved (RFC 1035 section 2.3.4).
const NAME_LENGTH: usize = 253;

impl Canonical {
    pub(super) fn of(url: &WebUrl) -> Self {
        Self::at_once(url).unwrap_or_else(|| Self::step_by_step(url))
    }

    /// Of a URL in which nothing has to be done but to leave things out: of nearly every one.
    fn at_once(url: &WebUrl) -> Option<Self> {
        let (host, after) = (url.host_str(), url.path_and_query());
        if url.is_address() || !has_no_empty_label(host) || !is_settled(after.as_bytes()) {
            return None;
        }
        let start = url.scheme().len() + 3;
        let kept = url.host_and_port();
        let mut text = String::with_capacity(start + kept.len() + after.len());
        text.extend([url.scheme(), "://", kept]);
        let path = text.len();
        let query = path + url.path().len();
        text.push_str(if after.len() == url.path().len() + 1 { url.path() } else { after });
        Some(Self { host: (start, start + host.len()), path, query, port: url.port(), address: None, text })
    }

    fn step_by_step(url: &WebUrl) -> Self {
        let mut text = String::with_capacity(url.as_str().len());
        text.push_str(url.scheme());
        text.push_str("://");
        let start = text.len();
        let address = push_host(&mut text, url);
        let host = (start, text.len());
        if let Some(port) = url.port() {
            text.push(':');
            text.push_str(&port.to_string());
        }
        let path = text.len();
        let query = push_path_and_query(&mut text, url);
        Self { text, host, path, query, port: url.port(), address }
    }

    /// All of it, such as `http://example.com/a?x=1` or `https://example.com:8443/`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, without port; no dot at its end.
    pub fn host(&self) -> &str {
        &self.text[self.host.0..self.host.1]
    }

    /// The address that stands as the host; an IPv4 address inside an IPv6 one (mapped, or by the NAT64 prefix) is
    /// IPv4 here.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The port, if it is not the scheme's own.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The path: begins with `/`.
    pub fn path(&self) -> &str {
        &self.text[self.path..self.query]
    }

    /// What stands behind the `?`, if anything does.
    pub fn query(&self) -> Option<&str> {
        self.text.get(self.query + 1..).filter(|query| !query.is_empty())
    }

    /// The hosts to look up, narrowest first, at most 5: the host itself, then its suffixes of 5, 4, 3 and 2 labels.
    /// An address has no suffixes. None has a port: entries for a host do not care (attack row 59).
    pub fn host_suffixes(&self) -> impl Iterator<Item = &str> + Clone {
        let host = self.host();
        let mut found = [None; HOSTS];
        found[0] = Some(host);
        if self.address.is_none() {
            // Behind the second dot from the right stand two labels.
            for (slot, dot) in found[1..].iter_mut().rev().zip(memchr::memrchr_iter(b'.', host.as_bytes()).skip(1)) {
                *slot = Some(&host[dot + 1..]);
            }
        }
        found.into_iter().flatten()
    }

    /// The host and every domain above it, narrowest first, down to the last label: for entries that mean a domain
    /// however deep the host lies below it. An address has none above it. Domains that no resolver could find (over
    /// 253 bytes) are passed over, so the work is bounded.
    pub fn domains(&self) -> impl Iterator<Item = &str> + Clone {
        let host = self.host();
        let dots = if self.address.is_some() { "" } else { host };
        let parents = memchr::memchr_iter(b'.', dots.as_bytes()).map(move |dot| &host[dot + 1..]);
        std::iter::once(host).chain(parents.filter(|parent| parent.len() <= NAME_LENGTH && !parent.is_empty()))
    }

    /// Visits the same, widest first, each with how many dots stand in it. For whoever does it at every click.
    pub fn visit_domains<'k>(&'k self, mut visit: impl FnMut(usize, &'k str)) {
        let host = self.host();
        let mut passed = 0;
        // Hosts are short: to look at each byte takes less time than to call for a search of the next dot.
        for (dot, _) in host.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'.') {
            let parent = host.get(dot + 1..).unwrap_or_default();
            if self.address.is_none() && !parent.is_empty() && parent.len() <= NAME_LENGTH {
                visit(passed, parent);
            }
            passed += 1;
        }
        visit(passed, host);
    }

    /// The paths to look up, at most 6: with query, without, then the outermost folders from `/` inwards.
    pub fn path_prefixes(&self) -> impl Iterator<Item = &str> + Clone {
        let path = self.path();
        let mut found = [None; PATHS];
        found[0] = self.query().map(|_| &self.text[self.path..]);
        found[1] = Some(path);
        for (slot, slash) in found[2..].iter_mut().zip(memchr::memchr_iter(b'/', path.as_bytes())) {
            *slot = Some(&path[..=slash]).filter(|prefix| *prefix != path);
        }
        found.into_iter().flatten()
    }

    /// Every host with every path, at most 30, hosts narrowest first. Host and path written together are a Safe
    /// Browsing expression.
    pub fn expressions(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.host_suffixes().flat_map(|host| self.path_prefixes().map(move |path| (host, path)))
    }
}

impl fmt::Display for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Canonical({:?})", self.text)
    }
}

fn push_host(text: &mut String, url: &WebUrl) -> Option<IpAddr> {
    match url.address() {
        Some(IpAddr::V6(address)) => match inner_v4(address) {
            Some(inner) => {
                text.push_str(&inner.to_string());
                return Some(inner.into());
            }
            None => text.push_str(url.host_str()),
        },
        Some(IpAddr::V4(_)) => text.push_str(url.host_str()),
        None => return push_domain(text, url.host_str()),
    }
    url.address()
}

/// The IPv4 address that an IPv6 one leads to: mapped (RFC 4291 section 2.5.5.2) or behind the well-known NAT64 prefix
/// (RFC 6052 section 2.1). Safe Browsing looks both up as IPv4.
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

/// Writes a domain without empty labels. What then reads as an address (`127.0.0.1..`) is one.
fn push_domain(text: &mut String, host: &str) -> Option<IpAddr> {
    if has_no_empty_label(host) {
        text.push_str(host);
        return None;
    }
    let start = text.len();
    for label in host.split('.').filter(|label| !label.is_empty()) {
        if text.len() > start {
            text.push('.');
        }
        text.push_str(label);
    }
    match url::Host::parse(&text[start..]) {
        Ok(url::Host::Ipv4(address)) => {
            text.truncate(start);
            text.push_str(&address.to_string());
            Some(address.into())
        }
        Ok(_) => None,
        Err(_) => {
            // Without its empty labels no browser would take it (`1.2.3.256..`): it stays as it is, so that a key
            // is always a URL of its own.
            text.truncate(start);
            text.push_str(host);
            None
        }
    }
}

fn has_no_empty_label(host: &str) -> bool {
    !host.starts_with('.') && !host.ends_with('.') && !host.contains("..")
}

/// Whether path and query are their own key: nothing is escaped or has to be, no segment is empty or begins with a dot.
fn is_settled(bytes: &[u8]) -> bool {
    let mut before = 0;
    let mut in_path = true;
    bytes.iter().all(|&byte| {
        let settled = match byte {
            b'?' => {
                in_path = false;
                true
            }
            b'/' | b'.' => !(in_path && before == b'/'),
            b'%' | b'\\' => false,
            _ => stays(byte),
        };
        before = byte;
        settled
    })
}

/// Whether a byte needs no escape in a key.
fn stays(byte: u8) -> bool {
    !matches!(byte, 0..=b' ' | 0x7f.. | b'#' | b'%')
}

/// Writes path and query; gives the place of the `?`, or the end of the text.
fn push_path_and_query(text: &mut String, url: &WebUrl) -> usize {
    let (path, query) = split_at_mark(url.path_and_query().as_bytes());
    let (path, query) = (decode(path), query.map(decode));
    // A `?` that comes out of decoding begins the query, as for Safe Browsing, which decodes before it splits.
    let (path, early) = split_at_mark(&path);
    push_path(text, path);
    let mark = text.len();
    for part in [early, query.as_deref()].into_iter().flatten() {
        text.push('?');
        push_encoded(text, part);
    }
    if text.len() == mark + 1 {
        text.truncate(mark);
    }
    mark
}

fn split_at_mark(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'?', bytes) {
        Some(at) => (&bytes[..at], Some(&bytes[at + 1..])),
        None => (bytes, None),
    }
}

/// Percent-decodes until nothing changes, in one pass.
///
/// `%XX` cannot overlap with another `%XX`, so the order of decoding does not matter, and after each byte written only
/// the last three can have become an escape.
fn decode(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        decoded.push(byte);
        while let [.., b'%', high, low] = decoded[..]
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            decoded.truncate(decoded.len() - 3);
            decoded.push(high << 4 | low);
        }
    }
    Cow::Owned(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Writes a decoded path with its dot segments resolved and without empty segments. `\` is `/`, as in every path of a
/// browser.
fn push_path(text: &mut String, path: &[u8]) {
    let start = text.len();
    // Where each segment that still stands begins (at its slash), so that `..` is a cut.
    let mut begins = Vec::new();
    let mut folder = true;
    for segment in path.split(|byte| matches!(byte, b'/' | b'\\')).skip(1) {
        folder = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"." => {}
            b".." => {
                if let Some(begin) = begins.pop() {
                    text.truncate(begin);
                }
            }
            // Counts for `..` (`/a//..` is `/a/`), but is not written: a run of slashes is one.
            b"" => begins.push(text.len()),
            _ => {
                begins.push(text.len());
                text.push('/');
                push_encoded(text, segment);
            }
        }
    }
    if folder || text.len() == start {
        text.push('/');
    }
}

/// Writes bytes with everything up to blank, from DEL on, `#` and `%` percent-encoded.
fn push_encoded(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if let Some(text_as_is) = std::str::from_utf8(bytes).ok().filter(|text| text.bytes().all(stays)) {
        return text.push_str(text_as_is);
    }
    for &byte in bytes {
        if !stays(byte) {
            text.push('%');
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        } else {
            text.push(char::from(byte));
        }
    }
}

#[cfg(test)]
mod tests;
