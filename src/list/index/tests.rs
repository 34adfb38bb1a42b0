//! Holds tables to a model that tries every entry, and to their word that damage is never taken for an entry.

use std::{
    collections::BTreeSet,
    io::{self, Cursor, Read},
    sync::LazyLock,
};

use proptest::prelude::*;

use super::{front::HEADER, line::LINE, *};
use crate::{
    list::{Context, Head, List, Scope, Width, Written, parse},
    url::{self, Suffixes},
};

static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);
const ALWAYS: Timestamp = Timestamp::from_millis(i64::MIN);

fn list(name: &str, text: &str) -> List {
    let (list, bad) = parse(name, text, &Context { suffixes: &SUFFIXES, own_hosts: &[], never_block: None });
    assert!(bad.is_empty(), "{bad:?}");
    list
}

/// Runs in memory.
#[derive(Default)]
struct Runs(Vec<Vec<u8>>);

impl Scratch for Runs {
    fn put(&mut self, run: Unsorted) -> io::Result<()> {
        let mut bytes = Vec::new();
        run.write(&mut bytes)?;
        self.0.push(bytes);
        Ok(())
    }

    fn runs(&mut self) -> io::Result<Vec<Box<dyn Read>>> {
        Ok(self.0.iter().map(|run| Box::new(Cursor::new(run.clone())) as Box<dyn Read>).collect())
    }
}

/// The bytes of an index of lists that had so much room in memory, and how many runs that took.
fn bytes_of(lists: &[List], room: usize) -> (Vec<u8>, usize) {
    let mut runs = Runs::default();
    let mut builder = Builder::new(Seed([3; 16]), room, &mut runs);
    for (list, at) in lists.iter().zip(0..) {
        list.entries.iter().for_each(|entry| builder.push(at, entry).unwrap());
    }
    let imprint = Imprint { lists: lists.iter().map(Head::from).collect(), generation: 5, made_of: "tests".into() };
    let mut bytes = Vec::new();
    builder.finish(imprint, &mut bytes, &mut |_, _| {}).unwrap();
    (bytes, runs.0.len())
}

fn table_of(lists: &[List]) -> Table {
    Table::open(Box::new(bytes_of(lists, usize::MAX).0)).unwrap()
}

/// List, line, width, and all that is written, of every entry that is found.
fn found(table: &Table, url: &str) -> BTreeSet<(String, u32, Width, String)> {
    let mut found = BTreeSet::new();
    table.lookup(&url::parse(url).unwrap().canonical(), ALWAYS, &mut |hit| {
        found.insert((hit.list.name.clone(), hit.entry.line, hit.width, format!("{:?}", hit.entry)));
    });
    found
}

fn wanted(lists: &[List], matches: impl Fn(&Scope) -> bool) -> BTreeSet<(String, u32, Width, String)> {
    let entries = lists.iter().flat_map(|list| list.entries.iter().map(move |entry| (list, entry)));
    let matching = entries.filter(|(_, entry)| matches(&entry.scope));
    matching
        .map(|(list, entry)| {
            (list.name.clone(), entry.line, Width::of(&entry.scope), format!("{:?}", Written::from(entry)))
        })
        .collect()
}

/// Names that share much, so that many meet in one lookup.
fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec("[ab]{1,2}", 1..5).prop_map(|labels| format!("{}.test", labels.join(".")))
}

fn line() -> impl Strategy<Value = String> {
    let note = prop_oneof![
        4 => Just(""),
        1 => Just(" ; until=2026-12-31"),
        1 => Just(" ; reason=\"why not\" by=me ref=INC-7 until=2030-01-31"),
        1 => Just(" ; by=you # words"),
    ];
    let scope = prop_oneof![
        4 => name(),
        1 => name().prop_map(|name| name.to_uppercase()),
        2 => name().prop_map(|name| format!("={name}")),
        2 => name().prop_map(|name| format!("*.{name}")),
        3 => (name(), "(/[xy]){0,4}").prop_map(|(name, path)| format!("{name}{path}/*")),
        2 => (name(), "(/[xy]){0,4}").prop_map(|(name, path)| format!("=https://{name}{path}/z")),
    ];
    (scope, note).prop_map(|(scope, note)| format!("{scope}{note}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However it was sorted: the same bytes, and in them what is there and nothing else.
    #[test]
    fn a_table_agrees_with_trying_every_entry(
        texts in proptest::collection::vec(proptest::collection::vec(line(), 0..120), 1..4),
        urls in proptest::collection::vec((name(), "(/[xy]){0,5}(/|/z)?"), 1..20),
        room in 100_usize..4000,
    ) {
        let lists: Vec<List> =
            texts.iter().zip(0..).map(|(lines, at)| list(&format!("l{at}"), &lines.join("\n"))).collect();
        let (bytes, _) = bytes_of(&lists, usize::MAX);
        let (external, _) = bytes_of(&lists, room);
        prop_assert_eq!(&external, &bytes, "in memory and by way of runs");
        let table = Table::open(Box::new(bytes)).unwrap();
        prop_assert!(table.check_records().is_ok() && table.check_records_in(Cursor::new(&external)).is_ok());
        for (host, path) in urls {
            let url = format!("https://{host}{path}");
            let key = url::parse(&url).unwrap().canonical();
            let below = |name: &str| host.ends_with(&format!(".{name}"));
            let on = |reach: crate::list::Reach, name: &str| match reach {
                crate::list::Reach::Host => host == name,
                crate::list::Reach::Subdomains => below(name),
                crate::list::Reach::Domain => below(name) || host == name,
            };
            let wanted = wanted(&lists, |scope| match scope {
                Scope::Hosts { reach, name } => on(*reach, name),
                Scope::Paths { reach, name, prefix } => on(*reach, name) && key.path().starts_with(&**prefix),
                Scope::Url(text) => key.as_str() == &**text,
                _ => false,
            });
            // Entries that say the same are many here, and never so many that some are left out.
            prop_assert_eq!(found(&table, &url), wanted, "{}", url);
        }
        prop_assert_eq!(table.damaged(), 0);
    }

    /// One bit turned, or the end cut off, anywhere: it is refused, or it says nothing that is not so.
    #[test]
    fn damage_is_refused_or_never_wrong(
        lines in proptest::collection::vec(line(), 1..60),
        urls in proptest::collection::vec(name(), 1..9),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
        cut in any::<bool>(),
    ) {
        let lists = [list("l", &lines.join("\n"))];
        let (bytes, _) = bytes_of(&lists, usize::MAX);
        let sound = Table::open(Box::new(bytes.clone())).unwrap();
        let mut damaged = bytes.clone();
        let at = at.index(damaged.len());
        if cut { damaged.truncate(at) } else { damaged[at] ^= 1 << bit }
        let blocks = sound.sizes().0 as usize..bytes.len();
        match Table::open(Box::new(damaged.clone())) {
            Err(_) => {}
            Ok(table) => {
                prop_assert!(!cut && blocks.contains(&at), "only a record can be damaged unseen, and this was byte {}", at);
                prop_assert_eq!(table.check_records(), Err(Refused::Damaged("list of names")));
                let read = table.check_records_in(Cursor::new(&damaged));
                prop_assert_eq!(read.unwrap_err().kind(), io::ErrorKind::InvalidData);
                for host in urls {
                    let url = format!("https://{host}/x/y/z");
                    let (before, now) = (found(&sound, &url), found(&table, &url));
                    prop_assert!(now.is_subset(&before), "{:?} and before {:?}", now, before);
                    prop_assert!(now == before || table.damaged() > 0);
                }
            }
        }
    }
}

#[test]
fn what_is_read_is_what_was_told() {
    let lists = [list("one", "a.test\n/b\\.test/ ; reason=why until=2030-01-31\n203.0.113.0/24\n")];
    let table = table_of(&lists);
    assert_eq!((table.generation(), table.made_of(), table.len()), (5, "tests", 3));
    assert_eq!(table.lists(), [Head::from(&lists[0])]);
    for (url, line) in [("https://x.a.test/", 1), ("https://b.test/", 2), ("https://203.0.113.9/", 3)] {
        assert_eq!(found(&table, url), wanted(&lists[..], |scope| scope == &lists[0].entries[line - 1].scope), "{url}");
    }
    let mut lines = Vec::new();
    table.for_each(&mut |head, written| lines.push((head.name.clone(), written.line)));
    lines.sort();
    assert_eq!(lines, [("one".to_owned(), 1), ("one".to_owned(), 3)]);
}

#[test]
fn an_index_of_nothing_finds_nothing() {
    let empty = table_of(&[]);
    assert!(empty.is_empty() && found(&empty, "https://a.test/").is_empty());
    assert!(Tables::default().is_empty());
}

/// Many names, so that lines spill over and homes are far apart, and none of it fits into the room.
#[test]
fn every_name_of_many_is_found_and_no_other() {
    let text: String = (0..20_000).map(|at| format!("h{at}.test\n")).collect();
    let lists = [list("many", &text)];
    let (bytes, runs) = bytes_of(&lists, 100_000);
    assert!(runs > 3, "{runs}");
    let spilling = bytes[HEADER..].chunks_exact(LINE).take(1429).filter(|line| line[63] & 0x80 != 0).count();
    assert!(spilling > 50, "{spilling} lines spill over: otherwise this shows less than it should");
    let table = Table::open(Box::new(bytes)).unwrap();
    for at in (0..20_000).step_by(7) {
        assert_eq!(found(&table, &format!("https://www.h{at}.test/")).len(), 1, "{at}");
        assert_eq!(found(&table, &format!("https://www.g{at}.test/")).len(), 0, "{at}");
    }
    let (lines, _) = table.sizes();
    assert!(lines as f64 / 20_000.0 < 6.0, "{lines}");
}

/// A name with notes of so many bytes that its record cannot stand in its place, among others.
#[test]
fn long_records_are_found_as_short_ones_are() {
    let reason = "why ".repeat(2_000);
    let line = |at: usize| match at % 5 {
        0 => format!("h{at}.test ; reason=\"{reason}{at}\"\n"),
        _ => format!("h{at}.test ; reason={at}\n"),
    };
    let lists = [list("l", &(0..60).map(line).collect::<String>())];
    let table = table_of(&lists);
    for (entry, at) in lists[0].entries.iter().zip(0..) {
        let found = found(&table, &format!("https://h{at}.test/"));
        assert_eq!(found, wanted(&lists, |scope| *scope == entry.scope), "{at}");
    }
    assert_eq!(table.damaged(), 0);
}

/// What a lookup passes over by the number of dots is what nothing stands under.
#[test]
fn names_of_any_depth_are_found() {
    let deep = "a.".repeat(70) + "test";
    let text = format!("=intranet\n{deep}\nx.{deep}/p/*\n=http://203.0.113.7/q/r\n=203.0.113.7/p/*\n");
    let lists = [list("l", &text)];
    let table = table_of(&lists);
    let lines = |url: &str| found(&table, url).into_iter().map(|(_, line, ..)| line).collect::<Vec<_>>();
    assert_eq!(lines("http://intranet/"), [1]);
    assert_eq!(lines(&format!("https://y.x.{deep}/p/q")), [2, 3]);
    assert_eq!(lines("https://203.0.113.7/p/q"), [5]);
    assert_eq!(lines("https://a.test/"), [0; 0]);
}

#[test]
fn a_line_that_is_repeated_for_ever_is_named_some_times() {
    let text = "a.test\n".repeat(5000) + &"a.test/x/*\n".repeat(5000) + "=a.test\na.test ; until=2030-01-31\n";
    let lists = [list("one", &text), list("two", "a.test\n")];
    let (bytes, _) = bytes_of(&lists, 10_000);
    assert!(bytes.len() < 200_000, "{}", bytes.len());
    let table = Table::open(Box::new(bytes)).unwrap();
    let found = found(&table, "https://a.test/x/");
    assert_eq!(found.len(), MAX_REPEATS * 2 + 3, "those of each reach, day and list");
    assert_eq!(table.len(), 10_003);
}

#[test]
fn other_files_are_told_from_damaged_ones() {
    let (bytes, _) = bytes_of(&[list("l", "a.test\n")], usize::MAX);
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        Table::open(Box::new(bytes)).unwrap_err()
    };
    assert_eq!(refused(&|bytes| bytes.clear()), Refused::Short);
    assert_eq!(refused(&|bytes| bytes.push(0)), Refused::Short);
    assert_eq!(refused(&|bytes| bytes[0] = b'S'), Refused::Other);
    assert_eq!(refused(&|bytes| bytes[40] ^= 1), Refused::Damaged("header"));
    assert_eq!(refused(&|bytes| bytes[HEADER] ^= 1), Refused::Damaged("table"));
    assert_eq!(refused(&|bytes| *bytes.last_mut().unwrap() ^= 1), Refused::Damaged("account of its lists"));
    for other in [1, 3] {
        let refused = refused(&|bytes| {
            bytes[8] = other;
            bytes[12..16].fill(0);
            let sum = crc32fast::hash(&bytes[..HEADER]);
            bytes[12..16].copy_from_slice(&sum.to_le_bytes());
        });
        assert_eq!(refused, Refused::Form(other.into()), "made by an older build or a newer one");
    }
}
