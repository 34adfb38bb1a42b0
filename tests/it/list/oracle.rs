//! Holds the index to an oracle: every entry tried on every URL, by the meaning of its scope.

use std::{net::IpAddr, sync::Arc};

use proptest::prelude::*;
use sekisho::{
    list::{Entry, Head, Index, Reach, Scope, parse},
    url::{self, Canonical},
};

use super::{NOW, context, good, key};
use crate::support;

fn oracle(entry: &Entry, key: &Canonical) -> bool {
    let on = |reach: Reach, name: &str| {
        let below = key.address().is_none() && key.host().ends_with(&format!(".{name}"));
        match reach {
            Reach::Host => key.host() == name,
            Reach::Subdomains => below,
            Reach::Domain => below || key.host() == name,
        }
    };
    match &entry.scope {
        Scope::Hosts { reach, name } => on(*reach, name),
        Scope::Paths { reach, name, prefix } => on(*reach, name) && key.path().starts_with(&**prefix),
        Scope::Url(text) => key.as_str() == &**text,
        Scope::Network(network) => match (key.address(), network.first()) {
            (Some(IpAddr::V4(address)), IpAddr::V4(first)) => {
                let free = 32 - u32::from(network.length());
                u64::from(u32::from(address)) >> free == u64::from(u32::from(first)) >> free
            }
            (Some(IpAddr::V6(address)), IpAddr::V6(first)) => {
                let bits = |address: std::net::Ipv6Addr| format!("{:0128b}", u128::from(address));
                bits(address)[..network.length().into()] == bits(first)[..network.length().into()]
            }
            _ => false,
        },
        Scope::Pattern(pattern) => regex::Regex::new(pattern.as_str()).unwrap().is_match(key.as_str()),
        Scope::File(_) => false,
    }
}

fn last_day(entry: &Entry) -> Option<String> {
    Some(entry.note.as_ref()?.until?.to_string())
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::collection::vec("[ab]", 1..7).prop_map(|labels| format!("{}.test", labels.join("."))),
        1 => (0..2_u8, 0..4_u8).prop_map(|(c, d)| format!("203.0.{c}.{d}")),
        1 => (0..3_u8).prop_map(|d| format!("[2001:db8::{d}]")),
    ]
}

fn folders() -> impl Strategy<Value = String> {
    proptest::collection::vec("[xy]|%78", 0..9)
        .prop_map(|segments| segments.iter().map(|segment| format!("/{segment}")).collect())
}

fn entry_text() -> impl Strategy<Value = String> {
    let name = || proptest::collection::vec("[ab]", 1..7).prop_map(|labels| format!("{}.test", labels.join(".")));
    let scope = prop_oneof![
        3 => name(),
        2 => name().prop_map(|name| format!("={name}")),
        2 => name().prop_map(|name| format!("*.{name}")),
        4 => (host(), folders()).prop_map(|(host, path)| format!("{host}{path}/*")),
        3 => (host(), folders()).prop_map(|(host, path)| format!("={host}{path}/*")),
        2 => (host(), folders(), "(\\?q)?").prop_map(|(host, path, query)| format!("=https://{host}{path}{query}")),
        1 => (0..4_u8).prop_map(|d| format!("203.0.0.{d}")),
        1 => (0..2_u8, 24..32_u8).prop_map(|(c, length)| format!("203.0.{c}.0/{length}")),
        1 => prop_oneof![Just("203.0.0.0/16"), Just("203.0.0.2/31"), Just("203.0.0.0/31"), Just("[2001:db8::]/32"),
            Just("[2001:db8::2]/127"), Just("[2001:db8::]/127"), Just("[2001:db8::1]")].prop_map(str::to_owned),
        1 => prop_oneof![Just("/a.b/"), Just("/test.x/"), Just("/y$/")].prop_map(str::to_owned),
    ];
    (scope, prop_oneof![Just(""), Just(" ; until=2026-11-23"), Just(" ; until=2026-11-24")])
        .prop_map(|(scope, note)| format!("{scope}{note}"))
}

fn url_text() -> impl Strategy<Value = String> {
    ("https?", host(), "(:8443)?", folders(), "/?", "(\\?q)?", "(#f)?").prop_map(
        |(scheme, host, port, path, slash, query, rest)| format!("{scheme}://{host}{port}{path}{slash}{query}{rest}"),
    )
}

/// What lines are made of.
const PIECES: &[&str] = &[
    "=",
    "*",
    ".",
    "/",
    "@",
    ";",
    "#",
    "\"",
    "[",
    "]",
    ":",
    "%",
    "?",
    "\\",
    " ",
    "\t",
    "a",
    "b.test",
    "example.com",
    "203.0.113.0",
    "/24",
    "/*",
    "*.",
    "https://",
    " ; ",
    "by=",
    "until=",
    "confirm=suffix",
    "sha256:",
    "例",
    "\u{3000}",
    "@action ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_index_agrees_with_trying_every_entry(
        texts in proptest::collection::vec(proptest::collection::vec(entry_text(), 0..30), 1..4),
        urls in proptest::collection::vec(url_text(), 1..30),
    ) {
        let named = texts.iter().zip(0..);
        let lists: Vec<_> = named.map(|(lines, at)| good(&format!("l{at}"), &lines.join("\n"))).collect();
        let index = super::index_of(lists.clone());
        prop_assert_eq!(index.len(), texts.iter().map(Vec::len).sum::<usize>());
        for url in urls {
            let key = key(&url);
            let mut found = Vec::new();
            index.lookup(&key, NOW, &mut |hit| found.push((hit.list.name.clone(), hit.entry.line)));
            found.sort();
            let mut wanted: Vec<_> = lists
                .iter()
                .flat_map(|list| list.entries.iter().map(move |entry| (list, entry)))
                .filter(|(_, entry)| last_day(entry).is_none_or(|day| day.as_str() >= "2026-11-24"))
                .filter(|(_, entry)| oracle(entry, &key))
                .map(|(list, entry)| (list.name.clone(), entry.line))
                .collect();
            wanted.sort();
            prop_assert_eq!(found, wanted, "{}", url);
        }
    }

    #[test]
    fn any_bytes_are_a_list_or_are_told(text: Vec<u8>) {
        let (list, bad) = parse("x", &text, &context());
        let lines = text.split(|byte| *byte == b'\n').count();
        prop_assert!(list.entries.len() + bad.len() <= lines);
        bad.iter().for_each(|bad| assert!(!bad.to_string().is_empty()));
    }

    #[test]
    fn nearly_lists_are_lists_or_are_told(
        line in proptest::collection::vec(proptest::sample::select(PIECES), 0..9).prop_map(|pieces| pieces.concat())
    ) {
        let (list, bad) = parse("x", &line, &context());
        prop_assert!(list.entries.len() + bad.len() <= 1, "{:?}", bad);
        for bad in bad {
            prop_assert!(bad.column as usize <= line.chars().count() + 1, "{}", bad);
            prop_assert!(!bad.fault.remedy().is_empty());
        }
        for entry in list.entries {
            // What is stored is canonical: read again it is the same.
            let (again, bad) = parse("x", &*entry.text, &context());
            let same = bad.is_empty() && again.entries[0].scope == entry.scope;
            prop_assert!(entry.note.is_some() || same, "{:?}", bad);
        }
    }
}

#[test]
fn the_index_agrees_with_the_oracle_on_real_urls() {
    let Some(folder) = support::corpus("url/real") else { return };
    let text: String = support::files(&folder).iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    let keys: Vec<Canonical> =
        text.lines().step_by(23).filter_map(|line| url::parse(line).ok()).map(|url| url.canonical()).collect();
    assert!(keys.len() > 1000, "{}", keys.len());
    let lines: Vec<String> = keys
        .iter()
        .step_by(7)
        .enumerate()
        .map(|(at, key)| match at % 4 {
            0 => key.host().to_owned(),
            1 => format!("={}", key.host()),
            2 => format!("{}{}*", key.host(), &key.path()[..=key.path().rfind('/').unwrap()]),
            _ => format!("={}", key.as_str().trim_end_matches('*')),
        })
        .collect();
    // Real hosts may be public suffixes themselves; those lines are refused, and that is tested elsewhere.
    let (list, _) = parse("real", lines.join("\n"), &context());
    assert!(list.entries.len() * 10 > lines.len() * 9, "{} of {}", list.entries.len(), lines.len());
    let list = Arc::new(list);
    let index = super::index_of(vec![Arc::clone(&list)]);
    for key in &keys {
        let mut found = Vec::new();
        index.lookup(key, NOW, &mut |hit| found.push(hit.entry.line));
        found.sort_unstable();
        let wanted: Vec<_> = list.entries.iter().filter(|entry| oracle(entry, key)).map(|entry| entry.line).collect();
        assert_eq!(found, wanted, "{key}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However the bytes come in, they make the same list.
    #[test]
    fn a_list_is_read_alike_whole_and_line_by_line(
        pieces in proptest::collection::vec(
            proptest::sample::select(&["a.test", "=b.test ; by=x", "com", "\n", "\r\n", "\u{feff}", "@action allow", "\r", "\0"][..]),
            0..20,
        ),
        held in 1..40_usize,
        end in any::<bool>(),
    ) {
        let mut text = pieces.concat().into_bytes();
        if end { text.push(0xff) }
        let (list, bad) = parse("x", &text, &context());
        let mut entries = Vec::new();
        let lines = std::io::BufReader::with_capacity(held, &*text);
        let read = sekisho::list::read("x", lines, &context(), |entry| { entries.push(entry); Ok(()) }).unwrap();
        if read.is_spoilt { entries.clear() }
        prop_assert_eq!(&read.head, &Head::from(&list));
        prop_assert_eq!((entries, read.bad), (list.entries, bad));
        let lines = std::io::BufReader::with_capacity(held, &*text);
        prop_assert_eq!(sekisho::list::version_of_all(lines).unwrap(), list.version);
    }
}
