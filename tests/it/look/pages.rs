//! How often the checks are right, on pages of our own making. A rule splits them in two: one half is for setting
//! weights, the other is held back and only counted. `cargo test --test it look::pages -- --nocapture` tells each page.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use sekisho::{
    judge::{Threat, Tier},
    look::{Looked, Sight},
};
use sha2::{Digest, Sha256};

use super::{looked, manual_page};
use crate::support;

struct Page {
    name: String,
    url: String,
    /// `good`, `challenge`, or the harm it does.
    is: String,
    status: u16,
    content_type: String,
    body: String,
}

impl Page {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (head, body) = text.split_once("\n\n").unwrap();
        let head: BTreeMap<&str, &str> = head.lines().map(|line| line.split_once(": ").unwrap()).collect();
        Self {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            url: head["url"].to_owned(),
            is: head["is"].to_owned(),
            status: head.get("status").map_or(200, |status| status.parse().unwrap()),
            content_type: head.get("type").unwrap_or(&"text/html; charset=utf-8").to_string(),
            body: body.to_owned(),
        }
    }

    /// The rule: the first bit of the SHA-256 of its name.
    fn is_held_back(&self) -> bool {
        Sha256::digest(&self.name)[0] >= 0x80
    }

    fn look(&self) -> Looked {
        looked(&self.url, self.status, Some(&self.content_type), None, self.body.as_bytes())
    }
}

fn pages() -> Vec<Page> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    support::files(&folder)
        .iter()
        .filter(|file| file.extension().is_some_and(|kind| kind == "page"))
        .map(|file| Page::read(file))
        .collect()
}

/// What became of pages of one kind in one half.
#[derive(Default, Clone, Copy)]
struct Count {
    all: usize,
    clean: usize,
    unknown: usize,
    suspicious: usize,
    malicious: usize,
}

impl Count {
    fn add(&mut self, tier: Tier) {
        self.all += 1;
        *match tier {
            Tier::Clean => &mut self.clean,
            Tier::Unknown => &mut self.unknown,
            Tier::Suspicious => &mut self.suspicious,
            Tier::Malicious => &mut self.malicious,
        } += 1;
    }
}

const KINDS: [&str; 5] = ["phishing", "malware", "scam", "challenge", "good"];

fn count() -> BTreeMap<(bool, &'static str), Count> {
    let mut counts = BTreeMap::new();
    for page in pages() {
        let kind = KINDS.into_iter().find(|kind| *kind == page.is).unwrap();
        let looked = page.look();
        counts.entry((page.is_held_back(), kind)).or_insert_with(Count::default).add(looked.tier);
    }
    counts
}

const HEAD: &str = "# How often the checks are right

The pages in `tests/pages` are all of the project's own making: shapes of phishing kits, of lures that make people paste a
command or call a number, of downloads that a script puts together, and honest pages of many designs, in a dozen
languages. The first bit of the SHA-256 of a page's name splits them: one half was for setting the weights, the other was
written at the same time and never looked at while they were set. Whoever adds a page gives it a name first.

Pages of one's own making say how the checks work, and little about the world: real kits change every week, and real pages
are odder than anyone imagines.

    cargo test --test it look::pages -- --nocapture

tells every page with its score and marks, and fails if this page is not what it finds.

";

/// The page of the manual: docs/DETECTION.md.
fn report() -> String {
    let mut out = String::from(HEAD);
    let counts = count();
    for (held, what) in [(false, "The half for setting weights"), (true, "The half held back")] {
        let of = |kind: &'static str| counts.get(&(held, kind)).copied().unwrap_or_default();
        let _ = writeln!(
            out,
            "## {what}\n\n| pages | number | clean | unknown | suspicious | malicious |\n|---|---|---|---|---|---|"
        );
        for kind in KINDS {
            let Count { all, clean, unknown, suspicious, malicious } = of(kind);
            let _ = writeln!(out, "| {kind} | {all} | {clean} | {unknown} | {suspicious} | {malicious} |");
        }
        let bad = ["phishing", "malware", "scam"].map(of);
        let all: usize = bad.iter().map(|count| count.all).sum();
        let caught: usize = bad.iter().map(|count| count.suspicious + count.malicious).sum();
        let sure: usize = bad.iter().map(|count| count.malicious).sum();
        let good = of("good");
        let _ = writeln!(
            out,
            "\nCaught (suspicious or worse): {caught} of {all}, {}; as malicious {sure}, {}. Good pages called suspicious: {} of {}, {}; \
             malicious: {}. Pages that let only people through and were called clean: {} of {}.\n",
            percent(caught, all),
            percent(sure, all),
            good.suspicious,
            good.all,
            percent(good.suspicious, good.all),
            good.malicious,
            of("challenge").clean,
            of("challenge").all,
        );
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn percent(part: usize, all: usize) -> String {
    format!("{} %", (part * 1000 / all.max(1)) as f64 / 10.0)
}

#[test]
fn the_manual_has_the_rates() {
    for page in pages() {
        // What is held back is not told one by one: who reads it would set weights by it.
        if page.is_held_back() && std::env::var_os("SEKISHO_HELD_BACK").is_none() {
            continue;
        }
        let looked = page.look();
        let marks: Vec<String> = looked.marks.iter().map(|mark| format!("{} {}", mark.check, mark.weight)).collect();
        eprintln!(
            "{:<9} {:<28} {:>3} {:<10} {:?} [{}]",
            page.is,
            page.name,
            looked.score,
            looked.tier,
            looked.sight,
            marks.join(", ")
        );
    }
    manual_page("DETECTION.md", &report());
}

#[test]
fn good_pages_are_not_malicious_and_bad_ones_are_seen() {
    let counts = count();
    for held in [false, true] {
        let of = |kind: &'static str| counts[&(held, kind)];
        assert_eq!(of("good").malicious, 0);
        assert_eq!(of("challenge").clean, 0);
        assert!(of("good").suspicious * 10 <= of("good").all, "more than one good page in ten is suspicious");
        let bad = ["phishing", "malware", "scam"].map(of);
        let all: usize = bad.iter().map(|count| count.all).sum();
        let missed: usize = bad.iter().map(|count| count.clean + count.unknown).sum();
        assert!(missed * 10 <= all, "more than one bad page in ten is not seen: {missed} of {all}");
    }
}

#[test]
fn what_is_seen_is_named_rightly() {
    for page in pages().iter().filter(|page| !page.is_held_back()) {
        let Looked { tier, threat, sight, .. } = page.look();
        if tier >= Tier::Suspicious {
            let named = match page.is.as_str() {
                "phishing" => threat == Threat::Phishing,
                "malware" => threat == Threat::Malware,
                "scam" => threat == Threat::Scam,
                _ => true,
            };
            assert!(named, "{}: {threat}", page.name);
        }
        if page.is == "challenge" {
            assert_eq!(sight, Sight::Challenge, "{}", page.name);
        }
    }
}

#[test]
fn newsletters_and_templates_are_not_malicious() {
    let Some(folder) = support::corpus("html/newsletters") else { return };
    let mut counts = Count::default();
    for file in support::files(&folder) {
        let Ok(html) = std::fs::read_to_string(&file) else { continue };
        if !file.extension().is_some_and(|kind| kind == "html" || kind == "hbs") {
            continue;
        }
        let looked = looked("https://news.sender.example/view/1", 200, Some("text/html"), None, html.as_bytes());
        counts.add(looked.tier);
        if looked.score > 0 {
            eprintln!("{}: {}", file.display(), looked.in_words());
        }
        assert!(looked.tier < Tier::Malicious, "{}: {looked:?}", file.display());
    }
    eprintln!("newsletters: {} of {} suspicious, {} unknown", counts.suspicious, counts.all, counts.unknown);
    assert!(counts.all > 80 && counts.suspicious == 0, "{} of {}", counts.suspicious, counts.all);
}
