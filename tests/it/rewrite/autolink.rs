//! Agreement with the suites of other auto-linkers, as far as web addresses go. They contradict each other, and we take
//! the union of what clients open: so each suite has a floor of agreement, measured, never to fall, and the kinds of
//! disagreement are named here.
//!
//! The table for users, deviation by deviation, is in docs/TEXT-LINKS.md.
//!
//! - We take what some linker takes: a URL glued to a word before it, single-label hosts, top-level domains that do
//!   not exist (behind a scheme), underscores.
//! - We leave `//host` in text, names that are a file's, and what stands behind `@`, `=`, `/`.
//! - A bare host that changes its script in the middle is nowhere found: the one that is missed.
//! - We end a URL at quotation marks, and before kana or Han behind a Latin letter.

use std::{collections::BTreeSet, fs};

use sekisho::rewrite::Done;

use super::laws::rewrite;
use crate::support;

/// What is found in a plain text, as it stands there but for the scheme that a bare host gets; and whether it is wrapped.
fn found(text: &str) -> Vec<(String, bool)> {
    let head =
        "Message-ID: <a@example.com>\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n";
    let report = rewrite(format!("{head}{text}\n").as_bytes()).report;
    report.links.into_iter().map(|row| (row.original, row.done == Done::Wrapped)).collect()
}

#[derive(Default)]
struct Agreement {
    cases: usize,
    agreed: usize,
    others: Vec<String>,
    /// What they link, and we neither wrap nor leave by a rule.
    missed: Vec<String>,
}

impl Agreement {
    fn add<'a>(&mut self, text: &str, wanted: impl IntoIterator<Item = &'a str>) {
        let with_scheme = |url: &str| if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let wanted: BTreeSet<String> = wanted.into_iter().map(with_scheme).collect();
        let found = found(text);
        let touches = |url: &&String| found.iter().any(|(ours, _)| ours.starts_with(*url) || url.starts_with(ours));
        self.missed.extend(wanted.iter().filter(|url| !touches(url)).cloned());
        let got: BTreeSet<String> = found.into_iter().filter(|(_, wrapped)| *wrapped).map(|(url, _)| url).collect();
        self.cases += 1;
        if got == wanted {
            self.agreed += 1;
        } else {
            self.others.push(format!("{text:?}: they {wanted:?}, we {got:?}"));
        }
    }

    fn at_least(&self, suite: &str, floor: usize, missed: &[&str]) {
        eprintln!("{suite}: {} of {} agree", self.agreed, self.cases);
        if std::env::var_os("SEKISHO_SHOW").is_some() {
            eprintln!("{:#?}", self.others);
        }
        assert!(self.agreed >= floor, "{suite}: {} of {}: {:#?}", self.agreed, self.cases, self.others);
        assert_eq!(self.missed, missed, "{suite}");
    }
}

#[test]
fn twitter_text() {
    let Some(file) = support::corpus("autolink/twitter-text/extract.yml") else { return };
    let yaml = fs::read_to_string(file).unwrap();
    let urls = yaml.split("\n  urls:\n").nth(1).unwrap().split("\n  urls_with_indices:").next().unwrap();
    let mut agreement = Agreement::default();
    let mut text = None;
    for line in urls.lines().map(str::trim) {
        if let Some(quoted) = line.strip_prefix("text: ") {
            text = serde_json::from_str::<String>(quoted).ok();
        } else if let Some(list) = line.strip_prefix("expected: ")
            && let (Some(text), Ok(list)) = (text.take(), serde_json::from_str::<Vec<String>>(list))
        {
            agreement.add(&text, list.iter().map(String::as_str));
        }
    }
    agreement.at_least("twitter-text", 66, &["http://twitter.みんな"]);
}

#[test]
fn linkify_it() {
    let mut agreement = Agreement::default();
    let Some(folder) = support::corpus("autolink/linkify-it") else { return };
    let cases = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let clean = |line: &str| {
            let cut = [" %", " // "].iter().filter_map(|mark| line.find(mark)).min().unwrap_or(line.len());
            line[..cut].trim_end().to_owned()
        };
        let lines = text.lines().filter(|line| !line.starts_with('%')).map(clean);
        let lines: Vec<String> = lines.collect();
        lines.split(|line| line.is_empty()).filter(|case| !case.is_empty()).map(<[String]>::to_vec).collect::<Vec<_>>()
    };
    for case in cases("links.txt") {
        let (text, link) = (&case[0], case.last().unwrap());
        let address =
            link.contains('@') && !link.contains("://") || link.starts_with("mailto:") || link.starts_with("MAILTO:");
        if address || link.starts_with("ftp:") || link.starts_with("//") || case.len() > 2 {
            continue;
        }
        agreement.add(text, [link.as_str()]);
    }
    for text in cases("not_links.txt").into_iter().flatten() {
        agreement.add(&text, []);
    }
    agreement.at_least("linkify-it", 127, &[]);
}

#[test]
fn cmark_gfm() {
    let Some(file) = support::corpus("autolink/cmark-gfm/extensions.txt") else { return };
    let text = fs::read_to_string(file).unwrap();
    let autolinks = text.split("\n## Autolinks\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut agreement = Agreement::default();
    for example in autolinks.split("```````````````````````````````` example\n").skip(1) {
        let Some((source, html)) = example.split_once("\n.\n") else { continue };
        let html = html.split("````````````````````````````````").next().unwrap();
        // One line of markdown, one case: what markup means to markdown is not our business.
        let expected: Vec<String> =
            html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(plain).collect();
        let web = |url: &&str| url.starts_with("http");
        for line in source.lines().filter(|line| !line.contains(['[', '`'])) {
            let there: Vec<_> =
                expected.iter().map(String::as_str).filter(web).filter(|url| line.contains(bare(url))).collect();
            let longest = |url: &&str| !there.iter().any(|other| other.len() > url.len() && other.starts_with(url));
            let twice = |url: &&str| line.matches(bare(url)).count() > 1;
            agreement.add(line, there.iter().copied().filter(|url| longest(url) || twice(url) && !line.contains('å')));
        }
    }
    agreement.at_least("cmark-gfm", 29, &[]);
}

/// As it stands in markdown: percent signs and entities undone.
fn plain(href: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = href.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match hex {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap().replace("&amp;", "&").replace("&quot;", "\"")
}

fn bare(url: &str) -> &str {
    if url.starts_with("http://www.") { &url[7..] } else { url }
}
