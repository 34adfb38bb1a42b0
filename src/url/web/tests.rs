use proptest::prelude::*;

use super::*;

fn reads(text: &str) -> String {
    parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}")).as_str().to_owned()
}

#[test]
fn a_url_is_read_as_browsers_read_it() {
    for (text, read) in [
        // Attack rows 44 and 45: slashes and backslashes, too few and too many.
        ("http:/\\evil.test/a", "http://evil.test/a"),
        ("http:\\\\evil.test", "http://evil.test/"),
        ("https:evil.test", "https://evil.test/"),
        ("https:/evil.test", "https://evil.test/"),
        ("https:///evil.test", "https://evil.test/"),
        // Rows 48 and 49: what stands before the host.
        ("https://bank.test;@evil.test", "https://bank.test%3B@evil.test/"),
        ("https://bank.test\\@evil.test", "https://bank.test/@evil.test"),
        // Row 51: spellings of one address.
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0x7f.1", "http://127.0.0.1/"),
        ("http://0177.0.0.1", "http://127.0.0.1/"),
        ("http://①②⑦.⓪.⓪.①", "http://127.0.0.1/"),
        ("http://%31%32%37.0.0.1", "http://127.0.0.1/"),
        ("http://127.0.0.1.", "http://127.0.0.1/"),
        // Rows 53 to 55 and 57: the host as UTS 46 maps it.
        ("https://evil。test", "https://evil.test/"),
        ("https://ｅｖｉｌ．ｔｅｓｔ", "https://evil.test/"),
        ("https://аpple.test", "https://xn--pple-43d.test/"),
        ("http://exa%6Dple.test", "http://example.test/"),
        // Row 58: case and default port; the dot at the end stays.
        ("HTTPS://Evil.TEST.:443/", "https://evil.test./"),
        // Row 61.
        ("http://a.test/%2e%2e/a;b//c%2Fd", "http://a.test/a;b//c%2Fd"),
        // Row 68: what must survive as written.
        ("http://a.test/+%2f;|?a=&a={}&b+c|#x|`", "http://a.test/+%2f;|?a=&a={}&b+c|#x|%60"),
        ("\u{1} http://a.\r\ntest/\ta\t \u{1f}", "http://a.test/a"),
        ("ht\ntp://a.test", "http://a.test/"),
    ] {
        assert_eq!(reads(text), read, "{text:?}");
    }
}

#[test]
fn what_is_no_web_url_says_why() {
    for (text, cause) in [
        ("", NotWeb::Empty),
        (" \t\r\n\0", NotWeb::Empty),
        ("evil.test/login", NotWeb::Relative),
        ("//evil.test", NotWeb::Relative),
        ("#top", NotWeb::Relative),
        ("1http://a", NotWeb::Relative),
        (":", NotWeb::Relative),
        ("java\nScript:alert(1)", NotWeb::Scheme("javascript".into())),
        (" MAILTO:a@b.test", NotWeb::Scheme("mailto".into())),
        ("file:///\\10.0.0.9\\s\\a.rtf!x", NotWeb::Scheme("file".into())),
        ("ftp://[bad", NotWeb::Scheme("ftp".into())),
        ("httpx://a.test", NotWeb::Scheme("httpx".into())),
        ("evil.test:80/a", NotWeb::Scheme("evil.test".into())),
        ("http://", NotWeb::Invalid("the host is empty")),
        ("http:///", NotWeb::Invalid("the host is empty")),
        ("http://./", NotWeb::Invalid("the host is empty")),
        ("http://user@/", NotWeb::Invalid("the host is empty")),
        ("http://a.test:65536/", NotWeb::Invalid("the port is no number from 0 to 65535")),
        ("http://a.test:x/", NotWeb::Invalid("the port is no number from 0 to 65535")),
        ("http://1.2.3.256/", NotWeb::Invalid("the host ends in a number but is no IPv4 address")),
        ("http://09.1/", NotWeb::Invalid("the host ends in a number but is no IPv4 address")),
        ("http://[::g]/", NotWeb::Invalid("the host in brackets is no IPv6 address")),
    ] {
        assert_eq!(parse(text), Err(cause), "{text:?}");
    }
    for text in ["http://a b.test/", "http://bank.test%40evil.test/", "http://evil.test%00.bank.test/", "http://xn--a/"]
    {
        assert!(matches!(parse(text), Err(NotWeb::Invalid(_))), "{text:?}: {:?}", parse(text));
    }
    // An ASCII-only A-label is a second spelling of another host (attack row 56).
    assert!(parse("http://xn--example-.test/").is_err());
}

#[test]
fn the_parts_are_slices_of_the_whole() {
    let url = parse("https://us%20er:p@ww@Example.COM:8443/a/b?c=d#e").unwrap();
    assert_eq!(url.as_str(), "https://us%20er:p%40ww@example.com:8443/a/b?c=d#e");
    assert_eq!((url.scheme(), url.is_https()), ("https", true));
    assert_eq!(url.userinfo(), "us%20er:p%40ww");
    assert_eq!((url.host_str(), url.port()), ("example.com", Some(8443)));
    assert_eq!((url.after_host(), url.fragment()), ("/a/b?c=d#e", Some("e")));
    assert_eq!(url.address(), None);

    let url = parse("http://user@[::ffff:127.0.0.1]").unwrap();
    assert_eq!((url.userinfo(), url.host_str(), url.after_host()), ("user", "[::ffff:7f00:1]", "/"));
    assert_eq!((url.port(), url.fragment(), url.is_https()), (None, None, false));
    assert_eq!(url.address(), Some("::ffff:127.0.0.1".parse().unwrap()));
    assert!(url.is_address());

    let url = parse("http://:pw@a.test:0#").unwrap();
    assert_eq!((url.userinfo(), url.port(), url.after_host()), (":pw", Some(0), "/#"));
    assert_eq!(parse("http://:@a.test").unwrap().userinfo(), "");
}

#[test]
fn a_base_makes_relative_urls_whole() {
    let base = parse("https://base.test/x/y?z#f").unwrap();
    let context = Context { base: Some(&base), encode_query: None };
    for (text, read) in [
        ("a", "https://base.test/x/a"),
        ("/a", "https://base.test/a"),
        ("?q", "https://base.test/x/y?q"),
        ("#g", "https://base.test/x/y?z#g"),
        ("", "https://base.test/x/y?z"),
        // Attack row 46.
        ("//evil.test", "https://evil.test/"),
        ("/\\evil.test", "https://evil.test/"),
        ("\\\\evil.test", "https://evil.test/"),
        ("///evil.test", "https://evil.test/"),
        ("/\\//\\evil.test", "https://evil.test/"),
        // Row 45: relative to a base of the same scheme, absolute otherwise.
        ("https:evil.test", "https://base.test/x/evil.test"),
        ("http:evil.test", "http://evil.test/"),
    ] {
        assert_eq!(parse_in(text, &context).unwrap().as_str(), read, "{text:?}");
    }
    assert_eq!(parse_in("mailto:a", &context), Err(NotWeb::Scheme("mailto".into())));
}

#[test]
fn a_query_is_encoded_in_the_charset_of_its_document() {
    let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|text| {
        let mut bytes = Vec::new();
        for character in text.chars() {
            match u8::try_from(character) {
                Ok(byte) => bytes.push(byte),
                Err(_) => bytes.extend(format!("%26%23{}%3B", u32::from(character)).bytes()),
            }
        }
        Cow::Owned(bytes)
    };
    let context = Context { base: None, encode_query: Some(encode) };
    let url = parse_in("http://é.test/é?q=é&r=\tテ&s=%c3#é", &context).unwrap();
    assert_eq!(url.as_str(), "http://xn--9ca.test/%C3%A9?q=%E9&r=%26%2312486%3B&s=%c3#%C3%A9");
    assert!(format!("{context:?}").contains("charset"));
}

#[test]
fn a_query_reaches_its_encoder_in_one_piece() {
    let seen = std::cell::RefCell::new(Vec::new());
    let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|text| {
        seen.borrow_mut().push(text.to_owned());
        Cow::Owned(text.as_bytes().to_vec())
    };
    parse_in("http://a.test/?a\tb\r\nc", &Context { base: None, encode_query: Some(encode) }).unwrap();
    assert_eq!(*seen.borrow(), ["abc"]);
}

#[test]
fn ordering_and_text_follow_the_serialisation() {
    let (a, b) = (parse("http://a.test").unwrap(), parse("http://b.test").unwrap());
    assert!(a < b);
    assert_eq!(a.to_string(), "http://a.test/");
    assert_eq!(format!("{a:?}"), "WebUrl(\"http://a.test/\")");
    assert_eq!(a.as_ref(), "http://a.test/");
}

/// Texts that get far into the parser: pieces that mean something to it, in any order.
pub(in super::super) fn near_urls() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "http", "https", "HTTP", "ftp", ":", "/", "//", "\\", "@", "?", "#", "[", "]", ".", "..", "%", "%2e", "%2E",
            "%2f", "%5c", "%25", "%3f", "%23", "%00", "%c3%a9", "%ff", ":80", ":443", ":8080", "localhost", "example",
            ".com", "xn--", "xn--fsq", "127.0.0.1", "0x7f", "[::1]", "[::ffff:1.2.3.4]", "é", "例", "。", "ß", "\u{200d}",
            "\u{ad}", "\t", "\n", " ", "|", "^", "`", "{", "}", "<", ">", "\"", "'", "+", "=", "&", ";", "1", "0", "a",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[a-z0-9.%/-]{0,8}",
    ];
    (
        prop::sample::select(vec!["http://", "https://", "http:", "https:/\\", "", " "]),
        prop::collection::vec(piece, 0..24),
    )
        .prop_map(|(start, pieces)| start.to_owned() + &pieces.concat())
}

proptest! {
    #[test]
    fn parsing_never_panics_and_its_result_is_a_fixed_point(text in near_urls()) {
        if let Ok(url) = parse(&text) {
            prop_assert_eq!(parse(url.as_str()), Ok(url.clone()));
            let again = Url::options().parse(&text).unwrap();
            prop_assert_eq!(again.as_str(), url.as_str());
            prop_assert!(url.after_host().starts_with('/'));
            prop_assert!(!url.host_str().is_empty());
            prop_assert!(url.as_str().is_ascii());
            url.host_unicode();
            super::super::host_facts(&url);
        }
    }

    #[test]
    fn what_is_refused_is_refused_by_the_standard_too(text in near_urls()) {
        let standard = Url::options().parse(&text);
        match parse(&text) {
            Ok(_) => {}
            Err(NotWeb::Scheme(name)) => {
                if let Ok(url) = standard { prop_assert_eq!(url.scheme(), name) }
            }
            Err(NotWeb::Invalid("the host is empty")) => {
                if let Ok(url) = standard { prop_assert_eq!(url.host_str().unwrap().trim_matches('.'), "") }
            }
            Err(_) => prop_assert!(standard.is_err()),
        }
    }

    #[test]
    fn a_base_never_makes_anything_but_a_web_url(text in near_urls(), base in near_urls()) {
        let Ok(base) = parse(&base) else { return Ok(()) };
        if let Ok(url) = parse_in(&text, &Context { base: Some(&base), encode_query: None }) {
            prop_assert_eq!(parse(url.as_str()), Ok(url.clone()));
        }
    }

    #[test]
    fn any_text_is_taken(text in any::<String>()) {
        let _ = parse(&text);
    }
}
