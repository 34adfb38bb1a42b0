use std::sync::LazyLock;

use super::*;
use crate::{
    base::{Decoded, Span, TenantId, Timestamp},
    link::{Keyring, LinkBase},
    rewrite::find::Quote,
};

static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);
const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);

fn own() -> Own {
    Own {
        opener: Keyring::generate([7; 32], NOW).opener(&[TenantId(1)]),
        bases: vec![LinkBase::parse("https://go.corp.example").unwrap()],
        spelled: vec!["https://go.corp.example".to_owned()],
        tenants: vec![TenantId(1)],
        tenant: TenantId(1),
        now: NOW,
    }
}

fn chosen(value: &str, base: Option<&str>) -> Choice {
    let (own, policy) = (own(), Policy::default());
    let base = base.map(|base| url::parse(base).unwrap());
    let scope = Scope {
        policy: &policy,
        suffixes: &SUFFIXES,
        own: &own,
        place: Place::Html,
        base: base.as_ref(),
        base_goes: false,
        encode_query: None,
    };
    let span = Span::<Decoded>::new(0, 0);
    choose(&Found::new(span, Spot::Attribute(Role::Link, Quote::Double), value), &scope)
}

#[test]
fn what_a_client_would_open_is_wrapped() {
    for (value, url) in [
        ("https://evil.test", "https://evil.test/"),
        // They only look like placeholders.
        ("http://[2001:db8::1]/x", "http://[2001:db8::1]/x"),
        ("https://{{name}}@evil.test/x", "https://%7B%7Bname%7D%7D@evil.test/x"),
        ("https://${x}.evil.test/x", "https://${x}.evil.test/x"),
        (" \u{1}HTTPS://EVIL.TEST/\t", "https://evil.test/"),
        ("h\nttps://ev\til.test", "https://evil.test/"),
        ("\u{200e}https://evil.test", "https://evil.test/"),
        ("http:/\\evil.test/a", "http://evil.test/a"),
        ("http:\\\\evil.test", "http://evil.test/"),
        ("https:evil.test", "https://evil.test/"),
        ("//evil.test", "https://evil.test/"),
        ("/\\evil.test", "https://evil.test/"),
        ("///evil.test", "https://evil.test/"),
        ("evil.com/login", "http://evil.com/login"),
        ("www.evil.co.uk", "http://www.evil.co.uk/"),
        ("evil.com:8080/x", "http://evil.com:8080/x"),
        ("bank.com@evil.com/x", "http://bank.com@evil.com/x"),
        ("127.0.0.1/x", "http://127.0.0.1/x"),
        ("view-source:feed:https://evil.test/", "https://evil.test/"),
        ("microsoft-edge:https://evil.test/", "https://evil.test/"),
        ("https://bank.test\\@evil.test", "https://bank.test/@evil.test"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("https://ev\u{ad}il.test/", "https://evil.test/"),
        ("https://evil\u{3002}test", "https://evil.test/"),
    ] {
        assert_eq!(chosen(value, None), Choice::Wrap(url::parse(url).unwrap()), "{value:?}");
    }
}

#[test]
fn relative_links_hang_on_the_base() {
    for (value, url) in [
        ("y", "https://evil.test/x/y"),
        ("evil.com/login", "https://evil.test/x/evil.com/login"),
        ("//b.test", "https://b.test/"),
        ("?q", "https://evil.test/x/?q"),
        ("https:b.test", "https://b.test/"),
    ] {
        assert_eq!(chosen(value, Some("https://evil.test/x/")), Choice::Wrap(url::parse(url).unwrap()), "{value:?}");
    }
}

#[test]
fn what_is_no_link_to_the_web_stays_or_is_defanged() {
    for (value, choice) in [
        ("", Choice::Leave(Rule::Empty)),
        (" \n", Choice::Leave(Rule::Empty)),
        ("#top", Choice::Leave(Rule::Fragment)),
        ("{{ unsubscribe }}", Choice::Leave(Rule::Placeholder)),
        ("[unsubscribe]", Choice::Leave(Rule::Placeholder)),
        ("%%link%%", Choice::Leave(Rule::Placeholder)),
        ("*|UNSUB|*", Choice::Leave(Rule::Placeholder)),
        ("https://{{host}}/x", Choice::Leave(Rule::Placeholder)),
        ("https://{{user.domain}}/x", Choice::Leave(Rule::Placeholder)),
        ("https://[DOMAIN]/x", Choice::Leave(Rule::Placeholder)),
        ("https://%%host%%.a.test/x", Choice::Leave(Rule::Placeholder)),
        ("mailto:a@example.com", Choice::Leave(Rule::Scheme)),
        ("TEL:+1", Choice::Leave(Rule::Scheme)),
        ("user@example.com", Choice::Leave(Rule::MailAddress)),
        ("page.html", Choice::Leave(Rule::Relative)),
        ("/a/b", Choice::Leave(Rule::Relative)),
        ("javascript:alert(1)", Choice::Defang(Reason::Scheme)),
        ("java\nscript:alert(1)", Choice::Defang(Reason::Scheme)),
        ("data:text/html,x", Choice::Defang(Reason::Scheme)),
        ("file:///\\\\10.0.0.9\\s\\a.rtf!x", Choice::Defang(Reason::Scheme)),
        ("ms-msdt:/id", Choice::Defang(Reason::Scheme)),
        ("http://1.2.3.4.5/", Choice::Defang(Reason::Invalid)),
        ("http://a b/", Choice::Defang(Reason::Invalid)),
        ("https://", Choice::Defang(Reason::Invalid)),
    ] {
        assert_eq!(chosen(value, None), choice, "{value:?}");
    }
}
