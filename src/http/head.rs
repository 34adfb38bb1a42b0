//! The head of a request about which there is nothing to ask.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Request, Status};

/// Most header lines of a head that is read here; a browser sends twenty.
pub(super) const LINES: usize = 64;

/// The head of a plain request: `GET` of a path under HTTP/1.1, for one host, without a body, whole, and with nothing
/// behind it. All of it stands in the bytes as it was sent.
///
/// What is one for any reader is one here; whatever two servers could read in two ways (attack rows 150 to 153: a length,
/// a coding, an upgrade, a second host, a byte outside the unreserved characters of a path) is none, and is read by
/// hyper.
pub struct PlainHead<'a> {
    path: &'a str,
    host: &'a str,
    known: [Option<&'a [u8]>; KNOWN],
    is_last: bool,
}

/// Fields that somebody asks for, each in the place of its [`Field`].
const KNOWN: usize = 7;

/// A field that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `User-Agent`.
    UserAgent,
    /// `Accept-Language`.
    AcceptLanguage,
    /// `Sec-Fetch-Dest`.
    SecFetchDest,
    /// `Sec-Purpose`.
    SecPurpose,
    /// `Purpose`.
    Purpose,
    /// `X-Purpose`.
    XPurpose,
    /// `X-Moz`.
    XMoz,
}

impl<'a> PlainHead<'a> {
    /// The target, which is a path without a query: letters, digits and `/ - . _ ~ :`.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The one `Host`; not empty.
    pub fn host(&self) -> &'a str {
        self.host
    }

    /// Whether the client will send no other.
    pub(super) fn is_last(&self) -> bool {
        self.is_last
    }

    /// The first line of this field, if it is UTF-8.
    pub fn text(&self, field: Field) -> Option<&'a str> {
        let value = *self.known.get(field as usize)?;
        std::str::from_utf8(value?).ok()
    }
}

/// Room for the lines of a head.
pub(super) struct Room<'b>([MaybeUninit<Header<'b>>; LINES]);

impl Default for Room<'_> {
    fn default() -> Self {
        Self([const { MaybeUninit::uninit() }; LINES])
    }
}

/// What stands in `bytes`, if that is the head of a plain request with at most `most` lines.
pub(super) fn read<'b: 'r, 'r>(bytes: &'b [u8], room: &'r mut Room<'b>, most: usize) -> Option<PlainHead<'r>> {
    let mut request = Request::new(&mut []);
    // The one setting under which hyper reads requests, and the same library.
    let status = ParserConfig::default().parse_request_with_uninit_headers(&mut request, bytes, &mut room.0).ok()?;
    let path = request.path.filter(|path| is_plain(path.as_bytes()))?;
    let is_read =
        status == Status::Complete(bytes.len()) && request.method == Some("GET") && request.version == Some(1);
    let lines = &*request.headers;
    if !is_read || lines.len() > most {
        return None;
    }
    let (mut host, mut known, mut is_last) = (None, [None; KNOWN], false);
    for line in lines {
        match says(line) {
            Says::Nothing => {}
            Says::Known(field) => {
                if let Some(place) = known.get_mut(field as usize).filter(|place| place.is_none()) {
                    *place = Some(line.value);
                }
            }
            Says::Last => is_last = true,
            Says::Host if host.is_none() => host = Some(line.value),
            Says::Host | Says::More => return None,
        }
    }
    let host = std::str::from_utf8(host?).ok().filter(|host| !host.is_empty() && host.is_ascii())?;
    Some(PlainHead { path, host, known, is_last })
}

/// What a line means for how the request is read.
enum Says {
    Nothing,
    Known(Field),
    Host,
    /// That no request follows.
    Last,
    /// Something that has to be minded.
    More,
}

fn says(line: &Header<'_>) -> Says {
    let name = line.name;
    // By length first: nearly every line is compared with one name at most.
    let (wanted, says) = match name.len() {
        2 => ("te", Says::More),
        4 => ("host", Says::Host),
        5 => ("x-moz", Says::Known(Field::XMoz)),
        6 => ("expect", Says::More),
        7 if is(name, "purpose") => return Says::Known(Field::Purpose),
        7 if is(name, "upgrade") => return Says::More,
        7 => ("trailer", Says::More),
        9 => ("x-purpose", Says::Known(Field::XPurpose)),
        10 if is(name, "user-agent") => return Says::Known(Field::UserAgent),
        10 if line.value.eq_ignore_ascii_case(b"keep-alive") => return Says::Nothing,
        10 if line.value.eq_ignore_ascii_case(b"close") => ("connection", Says::Last),
        10 => ("connection", Says::More),
        11 => ("sec-purpose", Says::Known(Field::SecPurpose)),
        14 if is(name, "sec-fetch-dest") => return Says::Known(Field::SecFetchDest),
        14 => ("content-length", Says::More),
        15 => ("accept-language", Says::Known(Field::AcceptLanguage)),
        17 => ("transfer-encoding", Says::More),
        _ => return Says::Nothing,
    };
    if is(name, wanted) { says } else { Says::Nothing }
}

/// `name` is in lower case.
fn is(sent: &str, name: &str) -> bool {
    sent.eq_ignore_ascii_case(name)
}

/// Whether this is a path of which no byte means anything but itself.
fn is_plain(path: &[u8]) -> bool {
    path.first() == Some(&b'/') && path.iter().all(|byte| PLAIN[usize::from(*byte)])
}

const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < plain.len() {
        let it = byte as u8;
        plain[byte] = it.is_ascii_alphanumeric() || matches!(it, b'/' | b'-' | b'.' | b'_' | b'~' | b':');
        byte += 1;
    }
    plain
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(bytes: &[u8]) -> Option<String> {
        let mut room = Room::default();
        read(bytes, &mut room, 4).map(|head| format!("{}{}", head.host(), head.path()))
    }

    #[test]
    fn what_a_browser_sends_is_plain() {
        let sent = b"GET /a.b/x1 HTTP/1.1\r\nHOST: go.example\r\nuser-agent: A\xff\r\nUser-Agent: B\r\nConnection: Keep-Alive\r\n\r\n";
        assert_eq!(path(sent).as_deref(), Some("go.example/a.b/x1"));
        let mut room = Room::default();
        let head = read(sent, &mut room, 4).unwrap();
        assert_eq!(head.text(Field::UserAgent), None, "the first counts, as everywhere");
        assert_eq!((head.text(Field::AcceptLanguage), head.is_last()), (None, false));
        let sent = b"GET / HTTP/1.1\r\nHost: a\r\nPurpose: 1\r\nx-moz: 2\r\n\r\n";
        let mut room = Room::default();
        let head = read(sent, &mut room, 4).unwrap();
        assert_eq!((head.text(Field::Purpose), head.text(Field::XMoz)), (Some("1"), Some("2")));
        let sent = b"GET / HTTP/1.1\r\nConnection: Close\r\nHost: a\r\n\r\n";
        assert!(read(sent, &mut Room::default(), 4).unwrap().is_last());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_plain() {
        let plain = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(path(plain.as_bytes()).as_deref(), Some("a/a"));
        for (from, to) in [
            ("GET", "HEAD"),
            ("GET", "POST"),
            ("GET", "get"),
            ("/a", "http://a/a"),
            ("/a", "*"),
            ("/a", "/a?b"),
            ("/a", "/a#b"),
            ("/a", "/a%2fb"),
            ("/a", "/\u{e9}"),
            ("/a", "/a|"),
            ("/a", "/a b"),
            ("1.1", "1.0"),
            ("Host: a\r\n", ""),
            ("Host: a", "Host:"),
            ("Host: a", "Host: \u{e9}"),
            ("Host: a", "Host: a\r\nHost: a"),
            ("Host: a", "Host : a"),
            ("Host: a", "Host: a\r\nContent-Length: 0"),
            ("Host: a", "Host: a\r\ncontent-length: 4"),
            ("Host: a", "Host: a\r\nTransfer-Encoding: chunked"),
            ("Host: a", "Host: a\r\nConnection: close, te"),
            ("Host: a", "Host: a\r\nConnection: keep-alive, upgrade"),
            ("Host: a", "Host: a\r\nUpgrade: h2c"),
            ("Host: a", "Host: a\r\nExpect: 100-continue"),
            ("Host: a", "Host: a\r\nTE: trailers"),
            ("Host: a", "Host: a\r\nTrailer: b"),
            ("Host: a", "Host: a\r\n b: c"),
            ("Host: a", "Host: a\r\nb: 1\r\nb: 2\r\nb: 3\r\nb: 4"),
            ("\r\n\r\n", "\r\n"),
            ("\r\n\r\n", "\r\n\r\nG"),
            ("\r\n\r\n", "\r\n\r\n\r\n"),
        ] {
            let sent = plain.replacen(from, to, 1);
            assert_ne!(sent, plain);
            assert_eq!(path(sent.as_bytes()), None, "{sent:?}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_head_has_one_end_and_no_body(
            lines in proptest::collection::vec("[A-Za-z-]{1,18}: ?[ -~]{0,20}", 0..5),
            name in proptest::sample::select(&["Host", "Content-Length", "Transfer-Encoding", "Connection", "X"][..]),
            at in 0..60_usize,
            byte: u8,
        ) {
            let sent = format!("GET /a/b HTTP/1.1\r\nHost: go.example\r\n{}\r\n{name}: 1\r\n\r\n", lines.join("\r\n"));
            let mut sent = sent.into_bytes();
            if let Some(place) = sent.get_mut(at) {
                *place = byte;
            }
            let mut room = Room::default();
            if let Some(head) = read(&sent, &mut room, LINES) {
                prop_assert!(sent.ends_with(b"\r\n\r\n") || sent.ends_with(b"\n\n") || sent.ends_with(b"\n\r\n"));
                prop_assert!(head.path().starts_with('/') && !head.path().contains(['?', '#', '%', ' ']));
                let sent = sent.to_ascii_lowercase();
                let lines = || sent.split(|byte| *byte == b'\n');
                let named = |name: &str| lines().filter(|line| line.starts_with(format!("{name}:").as_bytes())).count();
                prop_assert_eq!(named("host"), 1);
                for none in ["content-length", "transfer-encoding", "upgrade", "expect"] {
                    prop_assert_eq!(named(none), 0);
                }
            }
        }
    }
}
