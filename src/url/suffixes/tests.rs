use std::{collections::HashSet, sync::LazyLock};

use super::*;

static BUILT_IN: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);

const SMALL: &str = "// ===BEGIN ICANN DOMAINS===\ntest\n*.wild.test\n!not.wild.test\nテスト\n*.mm\n\
    // ===END ICANN DOMAINS===\n// ===BEGIN PRIVATE DOMAINS===\npages.test\nmy.pages.mm\n\
    deep.not.wild.test\n// ===END PRIVATE DOMAINS===\n";

#[test]
fn the_registrable_domain_is_the_suffix_and_one_label() {
    let list = Suffixes::parse(SMALL).unwrap();
    for (host, domain) in [
        ("test", None),
        ("shop.test", Some("shop.test")),
        ("www.shop.test", Some("shop.test")),
        ("www.shop.test.", Some("shop.test")),
        ("WWW.Shop.TEST", Some("Shop.TEST")),
        ("pages.test", None),
        ("a.pages.test", Some("a.pages.test")),
        ("b.a.pages.test", Some("a.pages.test")),
        ("x.wild.test", None),
        ("b.a.x.wild.test", Some("a.x.wild.test")),
        ("not.wild.test", Some("not.wild.test")),
        ("b.例.テスト", Some("例.テスト")),
        ("b.xn--fsq.xn--zckzah", Some("xn--fsq.xn--zckzah")),
        ("intranet", None),
        ("a.b.unlisted", Some("b.unlisted")),
    ] {
        assert_eq!(list.registrable_domain(host), domain, "{host}");
    }
}

#[test]
fn what_is_no_name_has_no_domain() {
    let list = Suffixes::parse(SMALL).unwrap();
    for host in [
        "",
        ".",
        "..",
        ".test",
        ".a.test",
        "a..test",
        "a.test..",
        "127.0.0.1",
        "1.2.3",
        "9",
        "a.0x7f",
        "a.0x",
        "[::1]",
        "[2001:db8::1]",
        "a.test:80",
    ] {
        assert_eq!(list.registrable_domain(host), None, "{host}");
        assert!(!list.is_public_suffix(host), "{host}");
        assert!(!list.is_known(host), "{host}");
    }
}

#[test]
fn a_public_suffix_is_one_of_either_section_or_an_unlisted_top_level() {
    let list = Suffixes::parse(SMALL).unwrap();
    for host in ["test", "TEST.", "pages.test", "x.wild.test", "unlisted", "xn--zckzah"] {
        assert!(list.is_public_suffix(host), "{host}");
    }
    for host in ["shop.test", "a.pages.test", "not.wild.test", "a.unlisted"] {
        assert!(!list.is_public_suffix(host), "{host}");
    }
}

#[test]
fn a_host_is_known_by_the_icann_section_alone() {
    let list = Suffixes::parse(SMALL).unwrap();
    for host in
        ["shop.test", "SHOP.TEST", "a.pages.test", "a.x.wild.test", "not.wild.test", "例.テスト", "a.my.pages.mm"]
    {
        assert!(list.is_known(host), "{host}");
    }
    for host in ["report.final", "intranet", "a.unlisted", "readme.md5"] {
        assert!(!list.is_known(host), "{host}");
    }
}

#[test]
fn the_built_in_list_is_sound() {
    assert_eq!(BUILT_IN.registrable_domain("a.b.example.co.uk"), Some("example.co.uk"));
    assert_eq!(BUILT_IN.registrable_domain("a.b.github.io"), Some("b.github.io"));
    assert!(BUILT_IN.is_public_suffix("github.io"));
    assert!(BUILT_IN.is_known("b.github.io"));
    assert!(BUILT_IN.is_known("example.ck"), "known by a wildcard alone");
    assert!(!BUILT_IN.is_known("invoice.docx"));
}

#[test]
fn half_a_list_is_refused_and_the_error_says_what_to_do() {
    let cut = SMALL.replace("// ===END PRIVATE DOMAINS===", "");
    let error = Suffixes::parse(&cut).unwrap_err();
    assert_eq!(error, BadSuffixList::NoMarker("END PRIVATE DOMAINS"));
    assert!(error.to_string().contains("get a whole copy"), "{error}");
    assert_eq!(Suffixes::parse("").unwrap_err(), BadSuffixList::NoMarker("BEGIN ICANN DOMAINS"));
    let bare = SMALL.lines().filter(|line| line.starts_with("//")).collect::<Vec<_>>().join("\n");
    assert_eq!(Suffixes::parse(&bare).unwrap_err(), BadSuffixList::NoRules);
    let error = Suffixes::parse(&SMALL.replace("pages.test", "pages..test")).unwrap_err();
    assert!(error.to_string().contains("pages..test"), "{error}");
}

fn matches(rules: &HashSet<&str>, name: &str) -> bool {
    rules.contains(name) || name.split_once('.').is_some_and(|(_, parent)| rules.contains(&*format!("*.{parent}")))
}

/// The host and everything above it, widest last.
fn upwards(host: &str) -> impl DoubleEndedIterator<Item = &str> {
    std::iter::once(host).chain(host.match_indices('.').map(|(dot, _)| &host[dot + 1..]))
}

/// The algorithm as publicsuffix.org tells it: of all rules that match, an exception, or the one with most labels.
fn by_the_book<'a>(rules: &HashSet<&str>, host: &'a str) -> Option<&'a str> {
    if let Some(exception) = upwards(host).find(|name| rules.contains(&*format!("!{name}"))) {
        return Some(exception);
    }
    let suffix = upwards(host).find(|name| matches(rules, name)).or(upwards(host).next_back())?;
    upwards(host).take_while(|name| *name != suffix).last()
}

#[test]
fn every_rule_means_what_the_list_says() {
    let all = rules(BUILTIN).map(|(_, rule)| rule).collect::<HashSet<_>>();
    let icann = rules(BUILTIN).filter(|(section, _)| section.contains("ICANN")).map(|(_, rule)| rule).collect();
    assert!(all.len() > 9000);
    for rule in &all {
        let name = rule.trim_start_matches('!').replace('*', "wild");
        for name in upwards(&name) {
            for host in [name.to_owned(), format!("a.{name}"), format!("b.a.{name}"), format!("c.b.a.{name}")] {
                let domain = by_the_book(&all, &host);
                assert_eq!(BUILT_IN.registrable_domain(&host), domain, "{host} (rule {rule})");
                assert_eq!(BUILT_IN.is_public_suffix(&host), domain.is_none(), "{host} (rule {rule})");
                let known = upwards(&host).any(|name| matches(&icann, name));
                assert_eq!(BUILT_IN.is_known(&host), known, "{host} (rule {rule})");
            }
        }
    }
}

#[test]
fn hosts_where_anyone_may_put_pages_are_told() {
    let list = Suffixes::builtin();
    for host in ["a.github.io", "x.pages.dev", "A.B.netlify.app."] {
        assert!(list.is_shared(host), "{host}");
    }
    for host in ["example.com", "www.example.co.uk", "a.example", "127.0.0.1", "[::1]"] {
        assert!(!list.is_shared(host), "{host}");
    }
}
