use proptest::prelude::*;

use super::super::{parse, web::tests::near_urls};
use super::*;

fn key(text: &str) -> Canonical {
    parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}")).canonical()
}

#[test]
fn spellings_of_one_place_have_one_key() {
    for (key_text, spellings) in [
        (
            "http://example.com/",
            &[
                "HTTP://Example.COM",
                "http://example.com:80/",
                "http://example.com./",
                "http://example.com../#f",
                "http://.example..com/",
                "http://u:p@example.com",
                "http://example.com/?",
                "http://example.com/.//./",
                "http://ｅxample。com/",
                "http://exa%6Dple.com/a/..",
                "http://example.com/%2e%252e/%5c",
                "http://example.com/%3F",
                "http://example.com/%2E%2e%2f",
            ][..],
        ),
        (
            "https://example.com:8443/a/b?c=%20d&e",
            &[
                "https://example.com:8443/a/b?c= d&e#f",
                "https://example.com:08443//a///b?%63=%2520%64%26e",
                "https://example.com.:8443/%61/x/../%2562?c=%20d&e",
                "https://example.com:8443/a%2Fb%3Fc=%20d&e",
                "https://example.com:8443/a\\b?c=%20d&e",
                "https://example.com:8443/a%5Cb?c=%20d&e",
                "https://example.com:8443/z%2f..%2fa/b?c=%20d&e",
            ],
        ),
        ("http://127.0.0.1/", &["http://127.1", "http://127.0.0.1..", "http://0x7f.1..", "http://[::ffff:7f00:1]/"]),
        ("http://192.0.2.1/", &["http://[64:ff9b::192.0.2.1]", "http://[::ffff:192.0.2.1]:80/"]),
        ("http://[2001:db8::1]/", &["http://[2001:DB8:0::0001]:80/"]),
        ("http://example.com/%25", &["http://example.com/%", "http://example.com/%2525252525"]),
        ("http://example.com/%C3%A9%23%7F%FF%00\"<>^", &["http://example.com/é%23\u{7f}%ff%00%22%3c%3e%5E"]),
        (
            "http://example.com/a/b/",
            &["http://example.com/a/b/c/%252e%252e", "http://example.com/a/b/%252e", "http://example.com/a//%252e./b/"],
        ),
        ("http://example.com/a?b?c", &["http://example.com/a%3Fb?c"]),
        ("http://example.com/a/?'", &["http://example.com/a/b/..?%27", "http://example.com/a/.?'"]),
    ] {
        for spelling in spellings {
            assert_eq!(key(spelling).as_str(), key_text, "{spelling}");
        }
        assert_eq!(key(key_text).as_str(), key_text);
    }
}

#[test]
fn different_places_keep_different_keys() {
    for (a, b) in [
        ("http://example.com/", "https://example.com/"),
        ("http://example.com/", "http://example.com:443/"),
        ("http://example.com/a", "http://example.com/a/"),
        ("http://example.com/a", "http://example.com/A"),
        ("http://example.com/a", "http://example.com/a?b"),
        ("http://example.com/a;b", "http://example.com/a"),
        ("http://example.com/a+b", "http://example.com/a%20b"),
        ("http://example.com/?a//b", "http://example.com/?a/b"),
        ("http://example.com/?a\\b", "http://example.com/?a/b"),
    ] {
        assert_ne!(key(a).as_str(), key(b).as_str());
    }
}

#[test]
fn nearly_every_url_is_keyed_at_once() {
    for text in ["https://www.a.test:81/b/c.html?d=e/../f&g=h.i#j", "http://u:p@a.test/?", "http://a.test"] {
        assert!(Canonical::at_once(&parse(text).unwrap()).is_some(), "{text}");
    }
}

#[test]
fn a_host_that_only_its_empty_labels_let_through_stays() {
    let canonical = key("http://1.2.3.256../a");
    assert_eq!(canonical.as_str(), "http://1.2.3.256../a");
    assert_eq!(canonical.address(), None);
}

#[test]
fn the_parts_of_a_key() {
    let canonical = key("https://u@example.com.:8443//a/b?c#d");
    assert_eq!((canonical.host(), canonical.port(), canonical.address()), ("example.com", Some(8443), None));
    assert_eq!((canonical.path(), canonical.query()), ("/a/b", Some("c")));
    let canonical = key("http://[::ffff:192.0.2.1]/?");
    assert_eq!((canonical.host(), canonical.address()), ("192.0.2.1", Some("192.0.2.1".parse().unwrap())));
    assert_eq!((canonical.path(), canonical.query()), ("/", None));
    assert_eq!(canonical.to_string(), "http://192.0.2.1/");
    assert_eq!(format!("{canonical:?}"), "Canonical(\"http://192.0.2.1/\")");
}

#[test]
fn hosts_are_cut_at_labels_and_at_most_five() {
    let hosts = |text| key(text).host_suffixes().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(hosts("http://a.b.c.d.e.f.g:81/"), ["a.b.c.d.e.f.g", "c.d.e.f.g", "d.e.f.g", "e.f.g", "f.g"]);
    assert_eq!(hosts("http://a.b.c.d.e/"), ["a.b.c.d.e", "b.c.d.e", "c.d.e", "d.e"]);
    assert_eq!(hosts("http://d.e/"), ["d.e"]);
    assert_eq!(hosts("http://e/"), ["e"]);
    assert_eq!(hosts("http://192.0.2.1/"), ["192.0.2.1"]);
    assert_eq!(hosts("http://[2001:db8::1.2.3.4]/"), ["[2001:db8::102:304]"]);
}

#[test]
fn domains_go_all_the_way_up() {
    let domains = |text: &str| key(text).domains().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        domains("http://a.b.c.d.e.f.g/"),
        ["a.b.c.d.e.f.g", "b.c.d.e.f.g", "c.d.e.f.g", "d.e.f.g", "e.f.g", "f.g", "g"]
    );
    assert_eq!(domains("http://192.0.2.1/"), ["192.0.2.1"]);
    let deep = domains(&format!("http://{}example.com/", "a.".repeat(5000)));
    assert_eq!(deep.len(), 1 + NAME_LENGTH.div_ceil(2) - 5 + 1);
    assert_eq!(deep.last().unwrap(), "com");
}

#[test]
fn paths_are_cut_at_slashes_and_at_most_six() {
    let paths = |text| key(text).path_prefixes().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        paths("http://a.test/1/2/3/4/5.html?q"),
        ["/1/2/3/4/5.html?q", "/1/2/3/4/5.html", "/", "/1/", "/1/2/", "/1/2/3/"]
    );
    assert_eq!(paths("http://a.test/1/"), ["/1/", "/"]);
    assert_eq!(paths("http://a.test/1"), ["/1", "/"]);
    assert_eq!(paths("http://a.test/"), ["/"]);
    assert_eq!(paths("http://a.test/?q"), ["/?q", "/"]);
}

#[test]
fn decoding_reaches_its_fixed_point_in_one_pass() {
    for (text, decoded) in [
        ("%25%32%35", "%"),
        ("%%32%35", "%"),
        ("%2532", "2"),
        ("%%35%31%252", "Q%2"),
        ("%25%25%25", "%%%"),
        ("%zz%4", "%zz%4"),
    ] {
        assert_eq!(decode(text.as_bytes()), decoded.as_bytes(), "{text}");
    }
}

/// Decoding as Safe Browsing tells it: whole passes until nothing changes.
fn decode_by_passes(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    loop {
        let (mut next, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            match (bytes[at], bytes.get(at + 1).and_then(|b| hex(*b)), bytes.get(at + 2).and_then(|b| hex(*b))) {
                (b'%', Some(high), Some(low)) => {
                    next.push(high << 4 | low);
                    at += 3;
                }
                (byte, ..) => {
                    next.push(byte);
                    at += 1;
                }
            }
        }
        if next == bytes {
            return bytes;
        }
        bytes = next;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn the_short_way_comes_to_the_same_key(text in near_urls(), rest in "([a-z]|/|\\.|\\?|//|%41|\\\\|#){0,10}") {
        for text in [text, format!("https://u@www.a.test:81/{rest}")] {
            let Ok(url) = parse(&text) else { continue };
            if let Some(canonical) = Canonical::at_once(&url) {
                prop_assert_eq!(canonical, Canonical::step_by_step(&url));
            }
        }
    }
}

proptest! {
    #[test]
    fn one_pass_decodes_as_many_do(text in "(%|2|5|3|25|%25|%35|%32|a|/){0,40}") {
        prop_assert_eq!(decode(text.as_bytes()), decode_by_passes(text.as_bytes()));
    }

    #[test]
    fn a_key_is_a_url_and_its_own_key(text in near_urls()) {
        let Ok(url) = parse(&text) else { return Ok(()) };
        let canonical = url.canonical();
        let again = parse(canonical.as_str()).map(|url| url.canonical());
        prop_assert_eq!(again, Ok(canonical));
    }

    #[test]
    fn a_key_holds_nothing_twice(text in near_urls()) {
        let Ok(url) = parse(&text) else { return Ok(()) };
        let canonical = url.canonical();
        prop_assert!(canonical.as_str().bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'));
        prop_assert!(!canonical.path().contains("//") && !canonical.path().contains(['?', '\\']));
        prop_assert!(!canonical.path().split('/').any(|segment| segment == "." || segment == ".."));
        let expressions = canonical.expressions().map(|(host, path)| [host, path].concat()).collect::<Vec<_>>();
        let mut unique = expressions.clone();
        unique.sort();
        unique.dedup();
        prop_assert_eq!(unique.len(), expressions.len());
        prop_assert!(expressions.len() <= HOSTS * PATHS);
        prop_assert!(expressions.iter().all(|expression| expression.contains('/')));
    }
}
