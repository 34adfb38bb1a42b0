//! Lists that arrive damaged or maliciously changed: the last good version stays in force, or what takes its place is as
//! good.

use std::fs;

use flate2::{Compression, write::GzEncoder};
use sekisho::{
    list::{Context, import::Format, parse},
    supply::{Feed, Outcome, Place, Updater, read_file},
};

use super::{House, SUFFIXES, feed};
use crate::support;

/// Random numbers enough for this (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below.max(1) as u64) as usize
    }
}

/// A way to do damage, and whether an update that was damaged so may count.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Damage {
    Cut(usize),
    Flips,
    Html,
    Empty,
    Everything,
    TopLevel,
    Bomb,
    HalfPacked,
    FewProtected,
    ManyProtected,
    Nul,
    AnotherFormat,
    HeadMissing,
}

const KINDS: usize = 13;

fn damage(dice: &mut Dice, kind: usize) -> Damage {
    match kind {
        0 => Damage::Cut(dice.roll(100)),
        1 => Damage::Flips,
        2 => Damage::Html,
        3 => Damage::Empty,
        4 => Damage::Everything,
        5 => Damage::TopLevel,
        6 => Damage::Bomb,
        7 => Damage::HalfPacked,
        8 => Damage::FewProtected,
        9 => Damage::ManyProtected,
        10 => Damage::Nul,
        11 => Damage::AnotherFormat,
        _ => Damage::HeadMissing,
    }
}

fn insert_line(bytes: &mut Vec<u8>, dice: &mut Dice, line: &str) {
    let at = dice.roll(bytes.len());
    let at = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    bytes.splice(at..at, format!("{line}\n").into_bytes());
}

fn damaged(bytes: &[u8], how: Damage, dice: &mut Dice, names_only: bool) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let row = |host: &str| if names_only { host.to_owned() } else { format!("0.0.0.0 {host}") };
    match how {
        Damage::Cut(percent) => bytes.truncate(bytes.len() * percent / 100),
        Damage::Flips => {
            for _ in 0..=dice.roll(200) {
                let at = dice.roll(bytes.len());
                bytes[at] ^= 1 << dice.roll(8);
            }
        }
        Damage::Html => bytes = b"<html><head><title>Sign in</title></head><body>evil.example</body></html>".to_vec(),
        Damage::Empty => bytes.truncate(0),
        Damage::Everything => insert_line(&mut bytes, dice, &row(["/", "*"][dice.0 as usize % 2])),
        Damage::TopLevel => insert_line(&mut bytes, dice, &row(["com", "jp", "org."][dice.0 as usize % 3])),
        Damage::Bomb => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            std::io::copy(&mut std::io::Read::take(std::io::repeat(b'\n'), 9 << 20), &mut encoder).unwrap();
            bytes = encoder.finish().unwrap();
        }
        Damage::HalfPacked => {
            bytes = super::fetched::packed(&bytes[..bytes.len().min(100_000)]);
            let end = 3 + dice.roll(bytes.len() - 4);
            bytes.truncate(end);
        }
        Damage::FewProtected => {
            for host in ["www.busy.example", "x.large.example", "co.uk", "go.corp.example"] {
                insert_line(&mut bytes, dice, &row(host));
            }
        }
        Damage::ManyProtected => {
            let lines: String = (0..5_000).map(|at| row(&format!("h{at}.large.example")) + "\n").collect();
            bytes.splice(0..0, lines.into_bytes());
        }
        Damage::Nul => {
            let at = dice.roll(bytes.len());
            bytes[at] = 0;
        }
        Damage::AnotherFormat => bytes = b"{\"error\": \"rate limit\"}\n".to_vec(),
        Damage::HeadMissing => _ = bytes.drain(..bytes.len() * (40 + dice.roll(60)) / 100),
    }
    bytes
}

/// What is said of hosts that no feed may block.
fn blocks_what_it_must_not(house: &House, feed: &Feed) -> bool {
    let text = fs::read_to_string(house.stock.list_of(&feed.name)).unwrap();
    let context = Context { suffixes: &SUFFIXES, own_hosts: &house.own_hosts, never_block: Some(&house.never_block) };
    !parse("x", text, &context).1.is_empty()
}

/// Damages a list so often in every way; how many updates were refused and how many counted.
fn storm(name: &str, good: &[u8], format: Format, rounds: usize, seed: u64) -> (usize, usize) {
    let (house, mut dice) = (House::new(), Dice(seed));
    let path = house.folder.path().join("fetched");
    let feed = Feed {
        place: Place::File(path.clone()),
        max_bytes: 8 << 20,
        max_entries: 1_000_000,
        ..feed("some", Some(format))
    };
    let update = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let updater = Updater { is_asked: true, ..house.updater() };
        updater.take(&feed, read_file(&path, feed.max_bytes)).unwrap()
    };
    let Outcome::Taken(version) = update(good) else { panic!("{name} is no list") };
    let (entries, list) = (version.rows.entries, fs::read(house.stock.list_of("some")).unwrap());
    assert!(!blocks_what_it_must_not(&house, &feed), "{name}");
    let (mut refused, mut counted) = (0, 0);
    for round in 0..rounds {
        let how = damage(&mut dice, round % KINDS);
        let how = if let Damage::Cut(_) = how { Damage::Cut(round / KINDS % 100) } else { how };
        let bytes = damaged(good, how, &mut dice, format != Format::Hosts);
        let outcome = update(&bytes);
        let told = format!("{name}, seed {seed}, round {round}, {how:?}: {outcome:?}");
        match outcome {
            Outcome::Refused(_) | Outcome::Failed(_) => {
                refused += 1;
                assert!(fs::read(house.stock.list_of("some")).unwrap() == list, "{told}");
                assert_ne!(how, Damage::FewProtected, "{told}");
            }
            Outcome::Unchanged => assert!(fs::read(house.stock.list_of("some")).unwrap() == list, "{told}"),
            Outcome::Taken(version) => {
                counted += 1;
                // A cut that happens to fall between two lines near the end, and letters that changed, nobody can tell.
                let may = matches!(how, Damage::Cut(70..) | Damage::Flips | Damage::FewProtected);
                assert!(may && version.rows.entries * 100 >= entries * 70, "{told}");
                assert!(!blocks_what_it_must_not(&house, &feed), "{told}");
                assert!(how != Damage::FewProtected || version.rows.entries == entries, "{told}");
                house.stock.roll_back(&feed, house.now).unwrap();
                assert!(fs::read(house.stock.list_of("some")).unwrap() == list, "{told}: rolled back");
            }
        }
    }
    (refused, counted)
}

#[test]
fn a_few_corruptions_of_a_list_leave_the_last_good_version() {
    let hosts: String = (0..2_000).map(|at| format!("0.0.0.0 w{at}.bad{}.example\n", at % 700)).collect();
    let names: String = (0..2_000).map(|at| format!("w{at}.bad{}.example\n", at % 700)).collect();
    let (refused, counted) = storm("hosts", hosts.as_bytes(), Format::Hosts, 10 * KINDS, 1);
    assert!(refused >= 100 && counted >= 10, "{refused} {counted}");
    storm("names", names.as_bytes(), Format::Domains, 10 * KINDS, 2);
}

/// `cargo test --release --test it ten_thousand_corruptions -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes"]
fn ten_thousand_corruptions_of_real_lists_leave_the_last_good_version() {
    let lists = [
        ("formats/adaway.hosts.txt", Format::Hosts),
        ("formats/adaway.domains.txt", Format::Domains),
        ("formats/someonewhocares.domains.txt", Format::Domains),
        ("formats/someonewhocares.hosts.txt", Format::Hosts),
        ("phishing-database/phishing-IPs-ACTIVE.txt", Format::PhishingDatabase),
    ];
    let (mut refused, mut counted) = (0, 0);
    for (at, (list, format)) in (1..).zip(lists) {
        let Some(good) = support::corpus(&format!("lists/{list}")).map(|path| fs::read(path).unwrap()) else {
            continue;
        };
        let (no, yes) = storm(list, &good, format, 2_000, at);
        eprintln!("{list}: {no} refused, {yes} counted");
        refused += no;
        counted += yes;
    }
    eprintln!("{refused} refused, {counted} counted");
}
