use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use super::Networks;

/// Most hops that are followed back. A front end adds one, so a longer way was made up.
const HOPS: usize = 32;

/// The header in which trusted front ends say for whom they speak. Only one is believed: what a front end does not
/// write itself, it hands on from a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ForwardedHeader {
    /// The name as it stands in a configuration and, in lower case, on the wire.
    pub const NAMES: &[&str] = &["x-forwarded-for", "forwarded"];

    /// By its name in lower case.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "x-forwarded-for" => Some(Self::XForwardedFor),
            "forwarded" => Some(Self::Forwarded),
            _ => None,
        }
    }
}

/// Who stands behind `peer`: where it is a trusted front end, the last address of the header that is none. What stands
/// before that was written by a stranger (attack row 156), and behind a hop that hides its name nobody is looked for.
pub(super) fn client(peer: IpAddr, trusted: &Networks, header: ForwardedHeader, headers: &HeaderMap) -> IpAddr {
    let mut client = peer.to_canonical();
    if !trusted.contains(client) {
        return client;
    }
    for hop in hops(header, headers).take(HOPS) {
        let Some(hop) = hop else { break };
        client = hop.to_canonical();
        if !trusted.contains(client) {
            break;
        }
    }
    client
}

/// The hops of a header from the last to the first; `None` for one that does not say who it is.
fn hops(header: ForwardedHeader, headers: &HeaderMap) -> Box<dyn Iterator<Item = Option<IpAddr>> + '_> {
    let lines = |name| headers.get_all(name).into_iter().rev().map(|line| line.to_str().unwrap_or_default());
    match header {
        ForwardedHeader::XForwardedFor => {
            Box::new(lines("x-forwarded-for").flat_map(|line| line.rsplit(',').map(|hop| node(hop.trim()))))
        }
        ForwardedHeader::Forwarded => Box::new(lines("forwarded").flat_map(|line| {
            let elements = outside_quotes(line, ',');
            elements.unwrap_or_else(|| vec![""]).into_iter().rev().map(forwarded_for)
        })),
    }
}

/// The `for` of one element of `Forwarded` (RFC 7239 section 4), if it has just one and it is an address.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = outside_quotes(element, ';')?;
    let mut nodes = pairs.into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    });
    let (only, none) = (nodes.next()?, nodes.next());
    if none.is_some() {
        return None;
    }
    match only.strip_prefix('"') {
        Some(quoted) => node(quoted.strip_suffix('"')?),
        None => node(only),
    }
}

/// An address with or without a port. `unknown`, and names that begin with `_`, are none.
fn node(text: &str) -> Option<IpAddr> {
    let address = |text: &str| text.parse::<IpAddr>().ok();
    let bracketed = || address(text.strip_prefix('[')?.strip_suffix(']')?);
    address(text).or_else(bracketed).or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

/// The pieces of `text` between separators that stand in no quoted string (RFC 9110 section 5.6.4); `None` where a
/// quote is left open.
fn outside_quotes(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut pieces, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == separator && !quoted => {
                pieces.push(text.get(from..at)?);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(text.get(from..)?);
    (!quoted).then_some(pieces)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn trusted() -> Networks {
        ["10.0.0.0/24", "2001:db8:1::/48"].into_iter().map(|text| Networks::parse(text).unwrap()).collect()
    }

    fn asked(peer: &str, header: ForwardedHeader, lines: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for line in lines {
            let name = if header == ForwardedHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
            headers.append(name, HeaderValue::from_str(line).unwrap());
        }
        client(ip(peer), &trusted(), header, &headers)
    }

    #[test]
    fn only_a_trusted_front_end_speaks_for_others() {
        let asked = |peer, lines: &[&str]| asked(peer, ForwardedHeader::XForwardedFor, lines);
        let lines = ["198.51.100.9, 203.0.113.5", "10.0.0.2"];
        assert_eq!(asked("10.0.0.1", &lines), ip("203.0.113.5"));
        assert_eq!(asked("::ffff:10.0.0.1", &lines), ip("203.0.113.5"));
        assert_eq!(asked("192.0.2.1", &lines), ip("192.0.2.1"));
        assert_eq!(asked("10.0.0.1", &["rubbish"]), ip("10.0.0.1"));
        assert_eq!(asked("10.0.0.1", &[]), ip("10.0.0.1"));
        assert_eq!(asked("10.0.0.1", &["198.51.100.9, , 10.0.0.2"]), ip("10.0.0.2"));
        assert_eq!(asked("10.0.0.1", &["203.0.113.5:4711"]), ip("203.0.113.5"));
        assert_eq!(asked("10.0.0.1", &["[2001:db8::9]:4711"]), ip("2001:db8::9"));
        assert_eq!(asked("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), ip("10.0.0.3"));
        let far = vec!["10.0.0.9"; 40].join(",");
        assert_eq!(asked("10.0.0.1", &[&format!("203.0.113.5,{far}")]), ip("10.0.0.9"));
    }

    #[test]
    fn the_standard_header_is_read_from_its_end() {
        let asked = |lines: &[&str]| asked("10.0.0.1", ForwardedHeader::Forwarded, lines);
        assert_eq!(asked(&["for=198.51.100.9, For=\"[2001:db8:cafe::17]:4711\";proto=https"]), ip("2001:db8:cafe::17"));
        assert_eq!(asked(&["for=203.0.113.5;by=203.0.113.43", "for=\"10.0.0.2:80\""]), ip("203.0.113.5"));
        assert_eq!(asked(&["for=203.0.113.5, for=unknown"]), ip("10.0.0.1"));
        assert_eq!(asked(&["for=203.0.113.5, for=_hidden"]), ip("10.0.0.1"));
        assert_eq!(asked(&["for=203.0.113.5, proto=https"]), ip("10.0.0.1"));
        assert_eq!(asked(&["for=203.0.113.5;for=203.0.113.6"]), ip("10.0.0.1"));
        // A comma that a stranger hides in a quoted string parts nothing.
        assert_eq!(asked(&["for=198.51.100.9;x=\"a, for=203.0.113.66\", for=203.0.113.5"]), ip("203.0.113.5"));
        assert_eq!(asked(&["for=203.0.113.5, for=\"10.0.0.2"]), ip("10.0.0.1"));
    }

    #[test]
    fn the_other_header_is_not_believed() {
        let mut headers = HeaderMap::new();
        headers.append("forwarded", HeaderValue::from_static("for=198.51.100.9"));
        headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.5"));
        let client = |header| client(ip("10.0.0.1"), &trusted(), header, &headers);
        assert_eq!(client(ForwardedHeader::XForwardedFor), ip("203.0.113.5"));
        assert_eq!(client(ForwardedHeader::Forwarded), ip("198.51.100.9"));
    }

    proptest! {
        #[test]
        fn what_strangers_write_before_a_hop_changes_nothing(
            stranger in "[ -~]{0,60}",
            header in prop_oneof![Just(ForwardedHeader::XForwardedFor), Just(ForwardedHeader::Forwarded)],
        ) {
            let own = match header {
                ForwardedHeader::XForwardedFor => "203.0.113.5",
                ForwardedHeader::Forwarded => "for=203.0.113.5",
            };
            // A front end that appends a line of its own is safe from whatever came in.
            prop_assert_eq!(asked("10.0.0.1", header, &[&stranger, own]), ip("203.0.113.5"));
            let client = asked("10.0.0.1", header, &[&format!("{stranger},{own}")]);
            // On one line, an open quote can only hide the hop, never put another in its place.
            prop_assert!(client == ip("203.0.113.5") || client == ip("10.0.0.1"), "{client}");
        }
    }
}
