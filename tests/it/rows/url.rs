//! Section B: how a URL says one thing and means another. Rewriter, signer and matcher share one parser.

use proptest::prelude::*;
use sekisho::url::{NotWeb, parse};

use super::{becomes, body, fates, message, page};
use crate::rewrite::laws::{hold, opened, rewrite};

/// That each of these leads to the other in an `href`.
fn leads(pairs: &[(&str, &str)]) {
    for (href, url) in pairs {
        let escaped = href.replace('&', "&amp;").replace('"', "&quot;");
        becomes(&format!("<a href=\"{escaped}\">x</a>"), &[&format!("wrapped {url}")]);
    }
}

#[test]
fn row_044_malformed_prefix() {
    leads(&[
        ("http:/\\evil.test/a", "http://evil.test/a"),
        ("http:\\\\evil.test", "http://evil.test/"),
        ("https:\\/evil.test", "https://evil.test/"),
    ]);
}

#[test]
fn row_045_missing_and_extra_slashes() {
    // Relative to a base of the same scheme for a browser, absolute for a mail client without one: the attack's reading.
    leads(&[
        ("https:evil.test", "https://evil.test/"),
        ("https:/evil.test", "https://evil.test/"),
        ("https:////evil.test", "https://evil.test/"),
    ]);
    becomes("<base href=https://ok.test/><a href=https:evil.test>x</a>", &["wrapped https://evil.test/"]);
}

#[test]
fn row_046_scheme_relative() {
    for href in ["//evil.test", "/\\evil.test", "\\\\evil.test", "///evil.test", "/\t/evil.test"] {
        leads(&[(href, "https://evil.test/")]);
        let based = format!("<base href=http://ok.test/><a href=\"{href}\">x</a>");
        becomes(&based, &["wrapped http://evil.test/"]);
    }
}

#[test]
fn row_047_schemeless() {
    leads(&[
        ("evil.com/login", "http://evil.com/login"),
        ("www.evil.test", "http://www.evil.test/"),
        ("evil.com:8080/x", "http://evil.com:8080/x"),
        ("EVIL.CO.UK?x", "http://evil.co.uk/?x"),
        ("127.0.0.1/x", "http://127.0.0.1/x"),
        ("bank.com@evil.com/x", "http://bank.com@evil.com/x"),
    ]);
    becomes("<a href=\"page.html\">x</a>", &["left relative"]);
}

#[test]
fn row_048_userinfo() {
    let long = format!("https://{}@evil.test/", "a".repeat(70));
    leads(&[
        ("https://bank.test@evil.test", "https://bank.test@evil.test/"),
        ("https://bank.test:443@evil.test", "https://bank.test:443@evil.test/"),
        ("https://bank.test;@evil.test", "https://bank.test%3B@evil.test/"),
        (&long, &long),
    ]);
    assert_eq!(parse("https://bank.test:443@evil.test").unwrap().host_str(), "evil.test");
}

#[test]
fn row_049_backslash_before_at() {
    leads(&[("https://bank.test\\@evil.test", "https://bank.test/@evil.test")]);
}

#[test]
fn row_050_parser_confusion() {
    // One parser in all stages: its text is a fixed point, and the library that fetches and redirects by other rules reads
    // the same host in it.
    for text in [
        "http://a.test#@b.test/",
        "http://a.test\\@b.test",
        "http://a.test:80@b.test:81/",
        "http://[::1]@b.test/",
        "http://a.test%23@b.test",
        "http:a.test",
        "http://a.test;b.test/",
        "http://a.test&@b.test#@c.test/",
        "http://a.test /b",
        "http://a.test:@b.test",
        "http://a@b@c.test/",
        "http://%61.test/",
        "http://a.test\u{ff0f}b.test",
        "http://a.test\t.b.test",
        "http://a_b.test/",
        "HTTP://0x7f.1/",
        "http://user:p@ss@a.test/?@b#@c",
    ] {
        let Ok(url) = parse(text) else { continue };
        assert_eq!(parse(url.as_str()).as_ref(), Ok(&url), "{text}");
        #[cfg(feature = "server")]
        {
            let other: http::Uri = url.as_str().split('#').next().unwrap().parse().unwrap();
            assert_eq!(other.host(), Some(url.host_str()), "{text}");
        }
    }
}

#[test]
fn row_051_addresses_in_other_notations() {
    for host in ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "①②⑦.⓪.⓪.①", "%31%32%37.0.0.1", "0x7F000001"]
    {
        leads(&[(&format!("http://{host}/"), "http://127.0.0.1/")]);
    }
    for host in ["256.256.256.256", "1.2.3.4.5", "09.1", "0x1ffffffff"] {
        becomes(&format!("<a href=http://{host}/>x</a>"), &["defanged invalid"]);
    }
}

#[test]
fn row_052_octal() {
    leads(&[("http://010.8.8.8/", "http://8.8.8.8/")]);
}

#[test]
fn row_053_unicode_dots_and_full_width() {
    leads(&[
        ("https://evil。test", "https://evil.test/"),
        ("https://ｅｖｉｌ．ｔｅｓｔ", "https://evil.test/"),
        ("https://evil｡test", "https://evil.test/"),
    ]);
}

#[test]
fn row_054_homographs() {
    leads(&[("https://аpple.test", "https://xn--pple-43d.test/")]);
}

#[test]
fn row_055_lookalike_slashes() {
    for (href, host) in [
        ("https://bank.testんdetail.evil.test/", "evil.test"),
        ("https://bank.test\u{2044}x.evil.test/", "evil.test"),
        ("https://bank.test\u{2215}x.evil.test/", "evil.test"),
    ] {
        let once = page(format!("<a href=\"{href}\">x</a>"));
        let row = &once.report.links[0];
        // What the standard refuses is defanged; what it takes shows the host that owns it.
        match row.destination.as_deref() {
            Some(url) => assert!(parse(url).unwrap().host_str().ends_with(host), "{row:?}"),
            None => assert_eq!(fates(&once), ["defanged invalid"]),
        }
    }
}

#[test]
fn row_056_punycode_of_ascii() {
    becomes("<a href=https://xn--example-.test>x</a>", &["defanged invalid"]);
    becomes("<a href=https://xn--a.test>x</a>", &["defanged invalid"]);
}

#[test]
fn row_057_percent_encoded_hosts() {
    leads(&[("https://exa%6Dple.test", "https://example.test/")]);
    becomes("<a href=https://bank.test%40evil.test>x</a>", &["defanged invalid"]);
    becomes("<a href=https://evil.test%00.bank.test>x</a>", &["defanged invalid"]);
    leads(&[("https://a.test/%2568%2574", "https://a.test/%2568%2574")]);
}

#[test]
fn row_058_trailing_dot_case_and_port() {
    leads(&[("https://EVIL.test.:443/A", "https://evil.test./A")]);
    let keys = ["https://evil.test.:443/", "https://evil.test/"].map(|url| parse(url).unwrap().canonical());
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn row_059_other_ports() {
    leads(&[("http://evil.test:8443", "http://evil.test:8443/")]);
}

#[test]
fn row_060_suffix_mistakes() {
    use sekisho::{
        base::TenantId,
        rewrite::{Envelope, Policy},
    };
    let policy = Policy { never_wrap: vec!["ok.test".into()], ..Policy::default() };
    let rewriter = crate::rewrite::laws::rewriter_with(policy, TenantId(7));
    for (href, left) in [
        ("https://ok.test/", true),
        ("https://www.ok.test/", true),
        ("https://notok.test/", false),
        ("https://ok.test.evil.test/", false),
        ("https://evil.test/ok.test", false),
        ("https://evil.test?ok.test", false),
        ("https://ok.test@evil.test/", false),
        ("https://evil.test\\.ok.test/", false),
    ] {
        let raw = message("text/html", format!("<a href=\"{href}\">x</a>"));
        let once = rewriter.rewrite(&raw, &Envelope::default(), crate::rewrite::laws::NOW).unwrap();
        assert_eq!(fates(&once)[0] == "left never_wrap", left, "{href}");
    }
}

#[test]
fn row_061_dot_segments() {
    leads(&[("https://evil.test/a/%2e%2e/b;c//d%2Fe", "https://evil.test/b;c//d%2Fe")]);
}

#[test]
fn row_062_urls_inside_urls() {
    // The outer one is wrapped, the inner one stays inside it and is looked up at the click.
    leads(&[("https://ok.test/r?u=https%3A%2F%2Fevil.test", "https://ok.test/r?u=https%3A%2F%2Fevil.test")]);
    leads(&[("https://ok.test/http://evil.test/", "https://ok.test/http://evil.test/")]);
}

#[test]
fn row_063_fragments_are_signed() {
    leads(&[
        ("https://ok.test/#aHR0cHM6Ly9ldmls", "https://ok.test/#aHR0cHM6Ly9ldmls"),
        ("https://ok.test/#", "https://ok.test/#"),
    ]);
}

#[test]
fn row_064_very_long_urls() {
    let url = format!("https://evil.test/{}", "a".repeat(16_000));
    leads(&[(&url, &url)]);
    becomes(&format!("<a href=\"https://evil.test/{}\">x</a>", "a".repeat(70_000)), &["defanged too_long"]);
}

#[test]
fn row_065_other_schemes() {
    for href in [
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:https://evil.test/x",
        "file:///\\\\10.0.0.9\\s\\a.rtf!x",
        "search-ms:query=x",
        "ms-msdt:/id",
        "ms-officecmd:{}",
        "intent://evil.test#Intent;scheme=https;end",
        "JaVaScRiPt:x",
        "filesystem:https://evil.test/x",
        "jar:https://evil.test!/x",
        "mhtml:https://evil.test!x",
        "hcp://x",
        "view-source:data:x",
    ] {
        becomes(&format!("<a href=\"{href}\">x</a>"), &["defanged scheme"]);
    }
    leads(&[
        ("microsoft-edge:https://evil.test/", "https://evil.test/"),
        ("view-source:https://evil.test/", "https://evil.test/"),
        ("feed:https://evil.test/", "https://evil.test/"),
        ("\\\\10.0.0.9\\s\\a.rtf", "https://10.0.0.9/s/a.rtf"),
    ]);
    for href in
        ["mailto:a@b.test", "tel:1", "sms:1", "cid:x", "mid:x", "xmpp:a@b.test", "webcal:x", "ftp://evil.test/x"]
    {
        becomes(&format!("<a href=\"{href}\">x</a>"), &["left scheme"]);
    }
}

#[test]
fn row_066_pages_behind_cid() {
    let raw = "Message-ID: <c@example.com>\r\nContent-Type: multipart/related; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<a href=\"cid:part2\">x</a>\r\n\
        --b\r\nContent-Type: text/html\r\nContent-ID: <part2>\r\nContent-Disposition: attachment\r\n\r\n<a href=https://evil.test>y</a>\r\n\
        --b--\r\n";
    let once = hold("cid", raw.as_bytes());
    assert_eq!(fates(&once), ["left scheme", "wrapped https://evil.test/"]);
}

#[test]
fn row_067_bytes_that_are_no_text() {
    let of = |charset: &str, body: &[u8]| hold(charset, &message(&format!("text/html; charset={charset}"), body));
    let once = of("utf-8", b"<a href=\"https://evil.test/\xff?q=\xff&lone=%\">x</a>");
    assert_eq!(fates(&once), ["wrapped https://evil.test/%EF%BF%BD?q=%EF%BF%BD&lone=%"]);
    let once = of("windows-1252", b"<a href=\"https://evil.test/\xe9?q=\xe9\">x</a>");
    assert_eq!(fates(&once), ["wrapped https://evil.test/%C3%A9?q=%E9"]);
    let once = of("utf-8", b"<a href=\"https://ev\xffil.test/\">x</a>");
    assert_eq!(fates(&once), ["defanged invalid"]);
}

proptest! {
    #[test]
    fn row_068_round_trip(rest in "[+%;|{}a-zA-Z0-9=&?/#!'()*,.:@~$\\[\\]^_-]{0,60}") {
        let url = format!("https://shop.test/{rest}");
        let Ok(parsed) = parse(&url) else { return Ok(()) };
        let once = rewrite(&message("text/html; charset=utf-8", format!("<a href=\"{}\">x</a>", url.replace('&', "&amp;"))));
        let row = &once.report.links[0];
        prop_assert_eq!(row.destination.as_deref(), Some(parsed.as_str()));
        prop_assert_eq!(opened(row.link.as_deref().unwrap()), parsed.as_str());
    }
}

#[test]
fn what_is_no_web_address_is_named() {
    assert_eq!(parse("ftp://a.test"), Err(NotWeb::Scheme("ftp".into())));
    assert!(!body(&page("<a href=https://a.test>x</a>")).contains("a.test"));
}
