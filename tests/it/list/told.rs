//! What a person is told of a line that is refused.

use sekisho::list::parse;

use super::{context, told};

/// Line, column, cause and remedy of everything that is nearly an entry.
#[test]
fn what_is_refused_is_told_with_its_place_and_its_remedy() {
    let table = [
        ("*", "1:1: this would match everything"),
        ("/", "1:1: this would match everything"),
        ("/*", "1:1: this would match everything"),
        ("//", "1:1: this would match everything"),
        ("0.0.0.0/0", "1:1: this would match everything"),
        ("[::]/0", "1:1: this would match everything"),
        ("/.*/", "1:1: this would match everything"),
        ("/^https?:/", "1:1: this would match everything"),
        ("=", "1:2: there is no host"),
        ("*.", "1:3: there is no host"),
        ("=https://", "1:2: not a web address"),
        ("com", "1:1: \"com\" is a public suffix"),
        ("*.co.jp", "1:3: \"co.jp\" is a public suffix"),
        ("github.io", "1:1: \"github.io\" is a public suffix"),
        ("github.io/x/*", "1:1: \"github.io\" is a public suffix"),
        ("*.lan", "1:3: \"lan\" is a public suffix"),
        ("intranet", "1:1: \"intranet\" is a single label; write `=intranet` for the host of that name"),
        ("localhost/x/*", "1:1: \"localhost\" is a single label"),
        (
            "example.com/login",
            "1:18: the path does not end in `/*`; write `example.com/login/*` for all that is below, or \
             `=https://example.com/login` for this URL only",
        ),
        ("=example.com/login", "1:19: the path does not end in `/*`; write `=example.com/login/*`"),
        ("example.com/log*", "1:17: the path does not end in `/*`; write `example.com/log/*`"),
        ("example.com/", "1:13: the path does not end in `/*`; write `example.com/*`"),
        ("*.example.com/x/*", "1:14: a path cannot follow `*.`; write `example.com/x/*`"),
        (
            "https://example.com/x",
            "1:1: a URL stands without `=`; write `example.com` for the domain, or `=https://example.com/x` for this \
             URL only",
        ),
        ("=ftp://example.com/", "1:2: not a web address: the scheme is \"ftp\""),
        ("ftp://example.com/", "1:1: not a web address"),
        ("=https://example.com/x/*", "1:24: an exact URL ends in `/*`; write `=example.com/x/*`"),
        ("=https://bank.example@evil.example/", "1:2: `@` cannot stand before or in a host"),
        ("user@example.com", "1:5: `@` cannot stand before or in a host"),
        ("user:pw@example.com", "1:5: `@` cannot stand before or in a host"),
        ("example.com:8080", "1:12: a port does not limit an entry; write `example.com`: it covers every port"),
        ("*.example.com:80/*", "1:14: a port does not limit an entry; write `*.example.com/*`"),
        ("=[2001:db8::1]:80", "1:15: a port does not limit an entry; write `=[2001:db8::1]`"),
        ("example.com?x", "1:12: `?` stands in the path"),
        ("example.com/a?x=/*", "1:14: `?` stands in the path"),
        ("example.com/a#/*", "1:14: `#` stands in the path"),
        ("example.com/a%3Fb/*", "1:12: `?` stands in the path"),
        ("example.com\\login", "1:12: a backslash"),
        ("example.com/a\\b/*", "1:14: a backslash"),
        ("*example.com", "1:1: `*` stands elsewhere"),
        ("=*.example.com", "1:2: `*` stands elsewhere"),
        ("ex*.example.com", "1:3: `*` stands elsewhere"),
        ("*.*.example.com", "1:3: `*` stands elsewhere"),
        ("example.com/*/x/*", "1:13: `*` stands elsewhere"),
        (".example.com", "1:1: a dot stands before the name; write `example.com` (with subdomains)"),
        ("example..com", "1:1: a label of the host is empty"),
        ("||example.com^$third-party", "1:1: this is written for an ad blocker; write `example.com`"),
        ("0.0.0.0 example.com", "1:8: a blank stands inside the entry; write `example.com` alone"),
        ("example.com example.net", "1:12: a blank stands inside the entry; write one entry a line"),
        ("/a b/", "1:3: a blank stands inside the entry"),
        ("example.com; by=x", "1:12: there is no blank on both sides"),
        ("example.com;by=x", "1:12: there is no blank on both sides"),
        ("203.0.113.7/24", "1:1: the range has address bits beyond its length; write `203.0.113.0/24`"),
        ("203.0.113.0/33", "1:1: \"33\" is not the length"),
        ("203.0.113.0/", "1:13: the path does not end in `/*`"),
        ("[2001:db8::1]/32", "1:1: the range has address bits beyond its length; write `[2001:db8::]/32`"),
        ("2001:db8::1", "1:1: an IPv6 address stands without brackets, or is not one; write `[2001:db8::1]`"),
        ("2001:db8::/32", "1:1: an IPv6 address stands without brackets, or is not one; write `[2001:db8::]/32`"),
        ("[2001:db8::x]", "1:1: an IPv6 address stands without brackets"),
        ("[fe80::1%25eth0]", "1:1: an IPv6 address stands without brackets"),
        ("[2001:db8::1", "1:1: an IPv6 address stands without brackets"),
        ("[2001:db8::1]x", "1:14: \"[2001:db8::1]x\" is not a host"),
        ("*.203.0.113.7", "1:1: `*.` stands before an address"),
        ("0xcb007107", "1:1: \"0xcb007107\" is not a host: a browser reads it as the address 203.0.113.7"),
        ("203.0.113", "1:1: \"203.0.113\" is not a host: a browser reads it as the address 203.0.0.113"),
        ("203.0.113.256", "1:1: \"203.0.113.256\" is not a host"),
        ("exa%6dple.com", "1:4: \"exa%6dple.com\" is not a host"),
        ("mailto:a", "1:7: \"mailto:a\" is not a host"),
        ("xn--a.example", "1:1: \"xn--a.example\" is not a host"),
        ("sha256:abc", "1:8: what follows sha256: is not 64"),
        ("SHA256:00", "1:1: what follows sha256: is not 64"),
        ("\"a.example\"", "1:1: marks stand around the host; write `a.example` alone"),
        ("==a.example", "1:2: marks stand around the host; write `a.example` alone"),
        ("a.example,b.example", "1:10: a comma stands in the host; write one entry a line"),
        ("a.example，b.example", "1:1: \"a.example，b.example\" is not a host: `,` cannot stand in it"),
        ("~a.example", "1:1: \"~a.example\" is not a host: `~` cannot stand in it"),
        ("a.example/x/* ; by=x; ref=y", "1:21: `;` or `,` stands behind a value; part notes by blanks"),
        ("*.みんな", "1:3: \"xn--q9jyb4c\" is a public suffix"),
        (
            "/a/i",
            "1:1: a regular expression begins with `/` and does not end with `/`; write `/…/` for a regular \
          expression, flags inside",
        ),
        ("/login/*", "1:1: a regular expression begins with `/` and does not end with `/`"),
        ("/(/", "1:1: the regular expression is refused"),
        ("/((a{100}){100}){100}/", "1:1: the regular expression is refused: it is too large"),
        ("/例/", "1:1: the regular expression is refused"),
        ("例え.example/a?/*", "1:13: `?` stands in the path"),
        ("  例え.example ; by=", "1:19: there is nothing behind by="),
        ("a.example ; untill=2026-12-31", "1:13: unknown note \"untill\"; did you mean until=?"),
        ("a.example ; owner=x", "1:13: unknown note \"owner\"; known are reason=, by=, until=, ref= and confirm="),
        ("a.example ; until=2026-02-30", "1:19: \"2026-02-30\" is not a day"),
        ("a.example ; until=tomorrow", "1:19: \"tomorrow\" is not a day"),
        ("a.example ; reason=\"x", "1:20: a quotation mark is not closed"),
        ("a.example ; confirm=sufix", "1:21: \"sufix\" cannot be confirmed; did you mean confirm=suffix?"),
        ("a.example ; by=a by=b", "1:18: by stands here a second time"),
        ("a.example\u{3000}# x", "1:10: '\\u{3000}' cannot stand in a line; write an ordinary blank"),
        ("a\u{200b}b.example", "1:2: '\\u{200b}' cannot stand in a line"),
        ("@acton allow", "1:1: unknown directive @acton; did you mean @action?"),
        (
            "@owner x",
            "1:1: unknown directive @owner; known are @action, @tenant, @policy, @trust, @threat and @confirm",
        ),
        ("@trust full", "1:1: \"full\" cannot stand behind @trust; write block, warn or signal"),
        ("@threat policy", "1:1: \"policy\" cannot stand behind @threat; write phishing, malware or scam"),
        ("@action alow", "1:1: \"alow\" cannot stand behind @action; write block, allow, never-block or internal"),
        ("@action", "1:1: \"\" cannot stand behind @action"),
        ("@tenant 0", "1:1: \"0\" cannot stand behind @tenant"),
        ("@tenant 65536", "1:1: \"65536\" cannot stand behind @tenant"),
        ("@policy a b", "1:1: \"a b\" cannot stand behind @policy"),
        ("@confirm full", "1:1: \"full\" cannot stand behind @confirm; the one thing"),
        ("@action block\n@action allow", "2:1: @action stands here a second time"),
        ("a.example\n@action allow", "2:1: a directive stands behind an entry"),
    ];
    for (text, wanted) in table {
        let told = told(text);
        let wanted = format!("blocklists/x.list:{wanted}");
        assert!(told.starts_with(&wanted), "{text:?}\n  told:   {told}\n  wanted: {wanted}");
    }
}

/// Whoever does as they are told must not be refused again.
#[test]
fn a_remedy_is_accepted() {
    for text in [
        "intranet",
        "example.com/login",
        "=example.com/login",
        "example.com/log*",
        "example.com/",
        "*.example.com/x/*",
        "https://example.com/x",
        "=https://example.com/x/*",
        "example.com:8080",
        "*.example.com:80/*",
        "=[2001:db8::1]:80/x/*",
        ".example.com",
        "||example.com^",
        "0.0.0.0 example.com",
        "203.0.113.7/24",
        "2001:db8::1",
        "2001:db8::1/x/*",
        "2001:db8::/32",
        "[2001:db8::1]/32",
        "\"a.example\"",
    ] {
        let (_, bad) = parse("x", text, &context());
        let remedy = bad[0].fault.remedy();
        let suggestions: Vec<&str> = remedy.split('`').skip(1).step_by(2).collect();
        assert!(!suggestions.is_empty(), "{text:?}: {remedy}");
        for suggestion in suggestions.into_iter().filter(|suggestion| *suggestion != "%2A") {
            let (list, bad) = parse("x", suggestion, &context());
            assert!(bad.is_empty() && list.entries.len() == 1, "{text:?}: {suggestion:?}: {bad:?}");
        }
    }
}
