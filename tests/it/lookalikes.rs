//! How often the facts about hosts are wrong on what people really visit, and how often they meet what they are for.
//! `cargo test lookalikes -- --nocapture` tells each.

use std::{collections::BTreeSet, sync::LazyLock};

use sekisho::url::{self, Names, Suffixes, WebUrl};

use crate::support;

static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);
static NAMES: LazyLock<Names> = LazyLock::new(Names::builtin);

/// Of so many URLs, those whose host is taken for another's: each host once, with whose.
fn seen(urls: impl Iterator<Item = WebUrl>) -> (usize, BTreeSet<String>) {
    let mut count = 0;
    let seen = urls.inspect(|_| count += 1).filter_map(|url| {
        let likeness = NAMES.likeness(&url, &SUFFIXES)?;
        Some(format!("{} ({}, {:?})", url.host_str(), likeness.of, likeness.how))
    });
    let seen = seen.collect();
    (count, seen)
}

fn tell(what: &str, count: usize, seen: &BTreeSet<String>) {
    eprintln!("{what}: {} of {count}", seen.len());
    seen.iter().for_each(|seen| eprintln!("  {seen}"));
}

fn hosts(list: &str) -> Option<Vec<WebUrl>> {
    let folder = support::corpus("lists/warninglists/lists")?;
    let text = std::fs::read_to_string(folder.join(list).join("list.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let hosts = json["list"].as_array().unwrap().iter().filter_map(|host| host.as_str());
    Some(hosts.filter_map(|host| url::parse(&format!("https://{}/", host.trim_start_matches('.'))).ok()).collect())
}

#[test]
fn hosts_that_the_world_visits_are_hardly_ever_taken_for_others() {
    for list in ["cisco_top5k", "cloudflare-top100k"] {
        let Some(hosts) = hosts(list) else { return };
        let (count, seen) = seen(hosts.into_iter());
        tell(list, count, &seen);
        assert!(count > 4_000 && seen.len() * 10_000 <= count * 2, "{list}: {} of {count}", seen.len());
    }
}

#[test]
fn urls_that_people_met_are_hardly_ever_taken_for_others() {
    let Some(folder) = support::corpus("url/real") else { return };
    let text = std::fs::read_to_string(folder.join("kasztp.txt")).unwrap();
    let (count, seen) = seen(text.lines().filter_map(|line| url::parse(line).ok()));
    tell("kasztp", count, &seen);
    assert!(count > 40_000 && seen.len() * 10_000 <= count * 2, "{} of {count}", seen.len());
}

#[test]
fn hosts_of_phishing_are_often_taken_for_others() {
    let Some(folder) = support::corpus("lists/phishing-database") else { return };
    let text = std::fs::read_to_string(folder.join("phishing-domains-ACTIVE/phishing-domains-ACTIVE2.txt")).unwrap();
    let urls = text.lines().filter_map(|line| url::parse(&format!("https://{line}/")).ok());
    let (count, seen) = seen(urls);
    eprintln!("phishing: {} of {count}", seen.len());
    assert!(count > 1_000 && seen.len() * 100 >= count, "{} of {count}", seen.len());
}
