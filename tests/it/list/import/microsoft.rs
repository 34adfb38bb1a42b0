//! Entries of Microsoft's lists mean here what they mean there, or say how they differ.

use std::sync::Arc;

use sekisho::list::{
    Index, List, ListAction, Seed, Tables,
    import::{Format, Haul},
};

use super::super::{NOW, key};
use super::{entries, how};

fn haul(format: Format, entry: &str) -> Haul {
    let action = if format == Format::MsTenantBlock { ListAction::Block } else { ListAction::Allow };
    Haul::read(entry.as_bytes(), format, &how(action)).unwrap()
}

/// Whether the entries that come of it take in this URL.
fn takes_in(haul: &Haul, url: &str) -> bool {
    let list = List {
        name: "x".into(),
        version: String::new(),
        action: ListAction::Allow,
        tenant: None,
        policy: None,
        trust: None,
        threat: None,
        confirms_empty: false,
        since: None,
        entries: haul.entries().cloned().collect(),
    };
    let index = Tables::of_lists(&[Arc::new(list)], Seed([7; 16])).unwrap();
    let mut hits = 0;
    index.lookup(&key(url), NOW, &mut |_| hits += 1);
    hits > 0
}

use Format::{MsDoNotRewrite, MsTenantAllow, MsTenantBlock};

/// Microsoft's own table of what an entry matches and what it does not. `-` before a URL: here it is otherwise, and the
/// entry's remark says so.
#[test]
fn an_entry_matches_what_it_matches_there() {
    let table: [(Format, &str, &[&str], &[&str]); 20] = [
        (
            MsTenantAllow,
            "contoso.com",
            &["contoso.com"],
            &["contoso.com/a", "sub.contoso.com", "abc-contoso.com", "test.com/contoso.com"],
        ),
        (
            MsTenantBlock,
            "contoso.com",
            &[
                "contoso.com",
                "contoso.com/a",
                "sub.contoso.com",
                "sub.contoso.com/a",
                "-test.com/contoso.com",
                "-test.com/q=contoso.com",
            ],
            &["abc-contoso.com"],
        ),
        (
            MsTenantBlock,
            "*.contoso.com",
            &["www.contoso.com", "xyz.abc.contoso.com"],
            &["contoso.com", "123contoso.com", "-www.contoso.com/abc"],
        ),
        (
            MsTenantBlock,
            "contoso.com/a/*",
            &["contoso.com/a/b", "contoso.com/a/b/c", "contoso.com/a/?q=joe@t.com"],
            &["contoso.com/a", "contoso.com", "www.contoso.com", "www.contoso.com/a/b"],
        ),
        (
            MsTenantAllow,
            "contoso.com/a/*",
            &["contoso.com/a/b", "contoso.com/a/?q=x"],
            &["contoso.com/a", "contoso.com"],
        ),
        (
            MsTenantBlock,
            "contoso.com/*",
            &["contoso.com/a", "contoso.com/?q=whatever", "contoso.com/b/a/c"],
            &["-contoso.com", "sub.contoso.com/x"],
        ),
        (
            MsTenantAllow,
            "contoso.com/*",
            &["contoso.com/a", "contoso.com/b/a/c"],
            &["-contoso.com", "www.contoso.com/a"],
        ),
        (
            MsTenantBlock,
            "*.contoso.com/*",
            &["abc.contoso.com/ab", "www.contoso.com/q=a@contoso.com", "a.b.contoso.com/c/d"],
            &["contoso.com/b"],
        ),
        (
            MsTenantBlock,
            "~contoso.com",
            &["contoso.com", "www.contoso.com", "xyz.abc.contoso.com"],
            &["123contoso.com", "-contoso.com/abc", "-www.contoso.com/abc"],
        ),
        (
            MsTenantBlock,
            "~contoso.com~",
            &["contoso.com", "contoso.com/a", "www.contoso.com", "www.contoso.com/b", "-test.com/contoso.com"],
            &["123contoso.com", "contoso.org", "test.com/q=contoso.com"],
        ),
        (MsTenantBlock, "1.2.3.4", &["1.2.3.4"], &["1.2.3.4/a", "11.2.3.4/a"]),
        (MsTenantAllow, "1.2.3.4", &["1.2.3.4"], &["1.2.3.4/a"]),
        (MsTenantBlock, "1.2.3.4/*", &["1.2.3.4/b", "1.2.3.4/baaaa"], &["1.2.3.5/b", "-1.2.3.4"]),
        (MsTenantBlock, "2001:db8::1", &["[2001:db8::1]"], &["[2001:db8::1]/a", "[2001:db8::2]"]),
        (MsDoNotRewrite, "contoso.com", &["contoso.com"], &["contoso.com/a", "www.contoso.com"]),
        (
            MsDoNotRewrite,
            "*.contoso.com",
            &["www.contoso.com", "a.b.contoso.com"],
            &["contoso.com", "falsecontoso.com"],
        ),
        (MsDoNotRewrite, "contoso.com/*", &["contoso.com", "contoso.com/a", "contoso.com/a/b"], &["www.contoso.com"]),
        (MsDoNotRewrite, "https://contoso.com/a", &["contoso.com/a"], &["contoso.com/a/b", "contoso.com"]),
        (
            MsDoNotRewrite,
            "https://contoso.com/a/*",
            &["contoso.com/a", "contoso.com/a/b"],
            &["contoso.com", "contoso.com/b"],
        ),
        (
            MsDoNotRewrite,
            "*.contoso.com/*",
            &["www.contoso.com", "www.contoso.com/a"],
            &["contoso.com", "contoso.com/a"],
        ),
    ];
    for (format, entry, inside, outside) in table {
        let haul = haul(format, entry);
        assert!(haul.refused.is_empty() && !haul.taken.is_empty(), "{format} {entry}: {:?}", haul.refused);
        let mut differs = false;
        for (urls, wanted) in [(inside, true), (outside, false)] {
            for url in urls {
                let bare = url.trim_start_matches('-');
                differs |= bare != *url;
                let found = takes_in(&haul, &format!("https://{bare}"));
                let wanted = wanted == (bare == *url);
                assert_eq!(found, wanted, "{format} {entry}: {url} ({:?})", entries(&haul));
            }
        }
        assert!(!differs || !haul.remarks().is_empty(), "{format} {entry} differs and says nothing");
        let both = takes_in(&haul, &format!("http://{}", inside[0]));
        assert_eq!(both, !entry.starts_with("https:"), "{format} {entry}: http");
    }
}

#[test]
fn what_microsoft_refuses_is_refused() {
    let long = format!("contoso.com/{}", "x".repeat(250));
    for entry in [
        "contoso",
        "contoso.c",
        "*.contoso.*",
        "*.com",
        "*.com/*",
        "*.pdf",
        "*contoso.com",
        "contoso.com*",
        "contoso.com/a*",
        "1.2.3.4*",
        "*.1.2.3.4",
        "contoso.com:443",
        "https://contoso.com",
        "user@contoso.com",
        "\"contoso.com\"",
        "例え.com",
        "*",
        "*.*",
        "/",
        "conto*so.com",
        "contoso.com/**",
        "contoso.com/*/*",
        "contoso.com a",
        &long,
    ] {
        for format in [MsTenantBlock, MsTenantAllow] {
            let haul = haul(format, entry);
            assert!(haul.taken.is_empty() && haul.refused.len() == 1, "{format} {entry}: {:?}", entries(&haul));
        }
    }
    // An allow that is wider than its words is for simulations alone.
    for entry in ["*.contoso.com", "*.contoso.com/*", "~contoso.com", "~contoso.com~"] {
        let haul = haul(MsTenantAllow, entry);
        assert!(haul.taken.is_empty() && haul.refused[0].to_string().contains("simulations"), "{:?}", haul.refused);
    }
    let inside = haul(MsDoNotRewrite, "*contoso.com*");
    assert!(
        inside.refused[0].to_string().contains("such as notcontoso.com; write `contoso.com`"),
        "{:?}",
        inside.refused
    );
}
