//! URLs that stand as the standard serialises them: most of those that anybody writes, and all that a link of ours holds.

use super::web::Parts;

const HOST: u8 = 1;
const PATH: u8 = 1 << 1;
const QUERY: u8 = 1 << 2;

/// Where a byte is sure to stay as it is. Narrower than the standard's percent-encode sets (WHATWG URL section 1.3), which
/// have changed before.
const STAYS: [u8; 256] = {
    let mut stays = [0; 256];
    let mut byte = 0;
    while byte < stays.len() {
        stays[byte] = match byte as u8 {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => HOST | PATH | QUERY,
            b'A'..=b'Z'
            | b'~'
            | b'!'
            | b'$'
            | b'&'
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
            | b':'
            | b'@'
            | b'/'
            | b'%' => PATH | QUERY,
            b'\'' => PATH,
            b'?' => QUERY,
            _ => 0,
        };
        byte += 1;
    }
    stays
};

/// The parts of `text`, where it is a URL with a named host that the standard parses and serialises to the same bytes.
/// `None`: it may be one all the same, and the `url` crate has to say.
pub(super) fn parts(text: &str) -> Option<Parts> {
    let bytes = text.as_bytes();
    let (scheme_end, own_port) = if bytes.starts_with(b"https://") {
        (5, 443)
    } else if bytes.starts_with(b"http://") {
        (4, 80)
    } else {
        return None;
    };
    let start = scheme_end + 3;
    let end = while_in(bytes, start, HOST);
    is_name(bytes.get(start..end)?).then_some(())?;
    let (port, path) = match bytes.get(end)? {
        b'/' => (None, end),
        b':' => {
            let path = end + bytes.get(end..)?.iter().position(|byte| *byte == b'/')?;
            (Some(port(text.get(end + 1..path)?).filter(|port| *port != own_port)?), path)
        }
        _ => return None,
    };
    let path_end = while_in(bytes, path, PATH);
    has_no_dot_segment(bytes.get(path..path_end)?).then_some(())?;
    let query = (bytes.get(path_end) == Some(&b'?')).then_some(path_end);
    let query_end = query.map_or(path_end, |mark| while_in(bytes, mark, QUERY));
    let fragment = (bytes.get(query_end) == Some(&b'#')).then_some(query_end);
    let fragment_end = fragment.map_or(query_end, |mark| while_in(bytes, mark + 1, QUERY));
    let narrow = |at: usize| u32::try_from(at).ok();
    narrow(bytes.len())?;
    (fragment_end == bytes.len()).then_some(Parts {
        scheme_end: narrow(scheme_end)?,
        host: (narrow(start)?, narrow(end)?),
        port,
        path: narrow(path)?,
        query: query.and_then(narrow),
        fragment: fragment.and_then(narrow),
        address: None,
    })
}

/// Whether a browser takes this for the name of a host and leaves it as it is: small letters, digits, `-`, `_` and dots,
/// no label empty or an A-label, none at the end that could be a number. Others may be names all the same.
pub fn is_plain_name(name: &str) -> bool {
    let others = name.bytes().fold(0, |others, byte| others | !STAYS[usize::from(byte)] & HOST);
    others == 0 && is_name(name.as_bytes())
}

/// Where the run of such bytes ends.
fn while_in(bytes: &[u8], from: usize, class: u8) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| STAYS[usize::from(*byte)] & class == 0).unwrap_or(rest.len())
}

/// A name that IDNA leaves alone and nobody can take for an address: no label is empty or an A-label, and the last
/// begins with a letter (WHATWG URL, "ends in a number").
fn is_name(host: &[u8]) -> bool {
    let mut before = b'.';
    let mut label = 0;
    for (at, byte) in host.iter().enumerate() {
        if *byte == b'.' {
            if before == b'.' {
                return false;
            }
            label = at + 1;
        } else if before == b'.' && *byte == b'x' && host.get(at..at + 4) == Some(b"xn--") {
            return false;
        }
        before = *byte;
    }
    host.get(label).is_some_and(u8::is_ascii_lowercase)
}

fn port(digits: &str) -> Option<u16> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_plain)
}

/// Whether no segment can be `.` or `..`, however it is spelt.
fn has_no_dot_segment(path: &[u8]) -> bool {
    memchr::memchr2_iter(b'.', b'%', path).all(|at| match path.get(at) {
        Some(b'.') => at.checked_sub(1).and_then(|before| path.get(before)) != Some(&b'/'),
        _ => !matches!(path.get(at + 1..at + 3), Some([b'2', b'e' | b'E'])),
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::super::{Context, parse_in, web::WebUrl};
    use super::*;

    /// What the `url` crate makes of it.
    fn by_the_standard(text: &str) -> Option<WebUrl> {
        fn as_it_is(query: &str) -> Cow<'_, [u8]> {
            Cow::Borrowed(query.as_bytes())
        }
        // An encoder keeps the short way shut.
        let encode = as_it_is;
        parse_in(text, &Context { base: None, encode_query: Some(&encode) }).ok()
    }

    #[test]
    fn what_people_write_is_plain() {
        for text in [
            "https://www.shop.example.com/autumn/item-1?utm_source=mail;id=1&x=%C3%A9#top",
            "http://a.b:8080/~user/x_(y)/'z'",
            "https://a_b.c--d.e/",
            "https://r3---sn.example/?q=a?b/c",
            "http://localhost/#!/a?b",
            "https://a.b/x.y/z.",
            "http://a.b:443/",
        ] {
            assert!(parts(text).is_some(), "{text}");
            assert_eq!(by_the_standard(text).map(|url| url.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn whatever_changes_is_not() {
        for text in [
            "https://a.b",
            "https://A.b/",
            "https:///a.b/",
            "HTTPS://a.b/",
            "https://a.b:443/",
            "http://a.b:80/",
            "http://a.b:/",
            "http://a.b:08/",
            "http://a.b:65536/",
            "http://u@a.b/",
            "http://1.2.3.4/",
            "http://a.1/",
            "http://a.0x/",
            "http://a..b/",
            "http://.a.b/",
            "http://a.b./",
            "http://xn--fsq.test/",
            "http://a.xn--fsq/",
            "http://a.b/../c",
            "http://a.b/x/.",
            "http://a.b/%2e%2E/c",
            "http://a.b/.%2e",
            "http://a.b/a\\b",
            "http://a.b/a b",
            "http://a.b/\"",
            "http://a.b/?'",
            "http://a.b/#`",
            "http://a.b/é",
            "http://a.b/ ",
            " http://a.b/",
            "ftp://a.b/",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn most_names_are_plain() {
        assert!(is_plain_name("login-portal.example") && is_plain_name("a.b-c.d9.test") && is_plain_name("_a.b"));
        for other in
            ["", "a..b", "a.", ".a", "xn--a.test", "a.xn--p1ai", "1.2.3.4", "a.0x1", "A.test", "例.test", "a.1", "a/b"]
        {
            assert!(!is_plain_name(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_name_is_what_the_standard_makes_of_it(
            name in prop_oneof!["[a-z0-9._-]{1,20}", "(xn--)?[a-z0-9-]{0,5}\\.(0x)?[a-f0-9-]{1,5}", "[a-z]{1,3}\\.[0-9a-z]{1,3}\\.?"],
        ) {
            if is_plain_name(&name) {
                let url = by_the_standard(&format!("http://{name}/"));
                prop_assert!(url.is_some_and(|url| url.host_str() == name && !url.is_address()), "{}", name);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn what_is_plain_is_read_as_the_standard_reads_it(
            scheme in "https?://",
            host in "([a-z0-9._-]|xn--|www\\.|\\.com|0x){0,12}",
            port in "(:[0-9]{0,5})?",
            rest in "([ -~]|/\\.|%2[eE]|/|[a-z]|\\.\\.|&|\\?|#|[\u{e0}-\u{ff}]|\t){0,24}",
        ) {
            let text = format!("{scheme}{host}{port}/{rest}");
            if let Some(parts) = parts(&text) {
                let url = by_the_standard(&text).expect("a URL");
                prop_assert_eq!(url.as_str(), &text);
                prop_assert_eq!(url.parts(), parts);
            }
        }
    }
}
