//! Long lists: compiled to the disk, looked up there, and never without a generation that can be read.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sekisho::{
    base::Timestamp,
    feed::{Compiled, Long},
    list::{Context, Index, Table},
};

use super::*;

/// Settings under which a list of a hundred bytes is long.
fn long_settings(folder: &Path) -> Settings {
    let compiled = Compiled::at(folder.to_owned()).unwrap().with_room(1000);
    Settings { long: Some(Long { compiled, from_bytes: 100 }), ..settings() }
}

impl House {
    fn open_long(&self) -> LiveLists {
        let settings = long_settings(&self.path("compiled"));
        LiveLists::open(self.folder.path().to_owned(), settings, Arc::clone(&self.clock) as Arc<dyn Clock>).unwrap()
    }

    /// Files of compiled lists, in order.
    fn compiled(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(self.path("compiled")).unwrap().map(|item| item.unwrap().path()).collect();
        files.sort();
        files
    }
}

fn text(mark: &str) -> String {
    (0..50).map(|at| format!("{mark}{at}.example ; reason=\"because\"\n")).collect()
}

#[test]
fn a_long_list_stands_on_the_disk_and_a_short_one_does_not() {
    let house = House::new(&[("long.list", &text("h")), ("short.list", "h7.example\n")]);
    let lists = house.open_long();
    assert_eq!(hits(&lists, "https://h7.example/"), ["long:8", "short:1"]);
    assert_eq!(hits(&lists, "https://h50.example/"), [""; 0]);
    let state = lists.state();
    assert_eq!((state.file("long").unwrap().entries, state.degraded, state.generation), (50, false, 1));
    let names: Vec<_> = house.compiled().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["long.00000000000000000001.index"], "and nothing half made beside it");

    house.write("long.list", &text("g"));
    lists.reload_now();
    assert_eq!(hits(&lists, "https://h7.example/"), ["short:1"]);
    assert_eq!(hits(&lists, "https://g7.example/"), ["long:8"]);
    for mark in ["i", "j"] {
        house.write("long.list", &text(mark));
        lists.reload_now();
    }
    assert_eq!(house.compiled().len(), 2, "the generation in force and the one before");

    house.write("long.list", "h7.example\n");
    lists.reload_now();
    assert_eq!(hits(&lists, "https://h7.example/"), ["long:1", "short:1"]);
    assert_eq!(house.compiled().len(), 0, "it is short now");
}

#[test]
fn a_bad_line_of_a_long_list_keeps_its_last_good_version() {
    let house = House::new(&[("long.list", &text("h"))]);
    let lists = house.open_long();
    house.write("long.list", &(text("g") + "com\n"));
    assert!(lists.reload_now().degraded);
    assert_eq!(hits(&lists, "https://h7.example/"), ["long:8"]);
    assert_eq!(standing(&lists, "long"), Standing::LastGood);
    let told = lists.state().file("long").unwrap().problem.as_ref().unwrap().to_string();
    assert!(told.starts_with(&format!("{}:51:1: \"com\"", house.path("long.list").display())), "{told}");
    drop(lists);
    // After a start as well: what was good stands on the disk.
    let lists = house.open_long();
    lists.reload_now();
    assert_eq!(hits(&lists, "https://h7.example/"), ["long:8"]);
    assert_eq!(standing(&lists, "long"), Standing::LastGood);
    house.write("long.list", &text("g"));
    lists.reload_now();
    assert_eq!(hits(&lists, "https://g7.example/"), ["long:8"]);
    assert!(!lists.state().degraded);
}

#[test]
fn what_was_never_good_counts_as_far_as_it_is_in_a_long_list_too() {
    let house =
        House::new(&[("long.list", &(text("h") + "com\n")), ("odd.list", &format!("@action alow\n{}", text("h")))]);
    for _ in 0..2 {
        let lists = house.open_long();
        assert_eq!(hits(&lists, "https://h7.example/"), ["long:8"], "nobody knows what odd would do");
        lists.reload_now();
        assert_eq!((standing(&lists, "long"), standing(&lists, "odd")), (Standing::Partial, Standing::Partial));
    }
}

#[test]
fn a_start_uses_what_was_compiled_and_compiles_what_changed() {
    let house = House::new(&[("long.list", &text("h"))]);
    let since = {
        let lists = house.open_long();
        lists.state().file("long").unwrap().since
    };
    let before = house.compiled();
    house.clock.advance(1000);
    let lists = house.open_long();
    lists.reload_now();
    assert_eq!(house.compiled(), before);
    assert_eq!(lists.state().file("long").unwrap().since, since, "it is in force since it was compiled");
    drop(lists);

    house.write("long.list", &text("g"));
    let lists = house.open_long();
    lists.reload_now();
    assert_eq!(hits(&lists, "https://g7.example/"), ["long:8"]);

    // A host that is never blocked is held against what was compiled before it was.
    house.write("never.list", "@action never-block\ng7.example\n");
    lists.reload_now();
    assert_eq!(standing(&lists, "long"), Standing::LastGood);
}

#[test]
fn a_torn_or_damaged_file_gives_way_to_the_one_before() {
    let house = House::new(&[("long.list", &text("h"))]);
    {
        let lists = house.open_long();
        house.write("long.list", &text("g"));
        lists.reload_now();
    }
    let newest = house.compiled()[1].clone();
    let bytes = fs::read(&newest).unwrap();
    let compiled = Compiled::at(house.path("compiled")).unwrap();
    for cut in [0, 1, 127, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&newest, &bytes[..cut]).unwrap();
        let table = compiled.newest("long").unwrap();
        assert_eq!(table.generation(), 1, "cut at {cut}");
        assert!(!newest.exists());
    }
    // The list itself says what the newest said: it is compiled again.
    let lists = house.open_long();
    lists.reload_now();
    assert_eq!(hits(&lists, "https://g7.example/"), ["long:8"]);
    drop(lists);

    // A record that is damaged shows when the records are looked through, behind the start.
    let newest = house.compiled().last().unwrap().clone();
    let mut bytes = fs::read(&newest).unwrap();
    let at = bytes.windows(10).position(|window| window == b"g7.example").unwrap();
    bytes[at] ^= 1;
    fs::write(&newest, bytes).unwrap();
    let lists = house.open_long();
    lists.reload_now();
    assert_eq!(hits(&lists, "https://g7.example/"), ["long:8"]);
    assert_ne!(house.compiled().last(), Some(&newest));
}

#[test]
fn a_list_that_cannot_be_compiled_is_tried_again_when_that_is_asked_or_has_rested() {
    let house = House::new(&[("long.list", &text("h")), ("short.list", "one.example\n")]);
    let folder = house.path("compiled");
    let settings = long_settings(&folder);
    fs::remove_dir(&folder).unwrap();
    let lists = LiveLists::open(house.folder.path().to_owned(), settings, Arc::clone(&house.clock) as Arc<dyn Clock>);
    let lists = lists.unwrap();
    assert_eq!((standing(&lists, "long"), standing(&lists, "short")), (Standing::Nothing, Standing::Current));
    let told = lists.state().problems();
    assert!(told.contains("long.list"), "{told}");
    fs::create_dir(&folder).unwrap();
    lists.reload_now();
    assert_eq!(hits(&lists, "https://h7.example/"), ["long:8"]);
    assert!(!lists.state().degraded);
}

#[test]
fn a_list_that_is_gone_leaves_nothing_compiled() {
    let house = House::new(&[("long.list", &text("h"))]);
    let lists = house.open_long();
    fs::remove_file(house.path("long.list")).unwrap();
    lists.reload_now();
    house.clock.advance(DELETION_DELAY_MILLIS);
    lists.reload_now();
    assert_eq!(hits(&lists, "https://h7.example/"), [""; 0]);
    assert_eq!(house.compiled().len(), 0);
}

#[test]
fn a_watched_long_list_comes_into_force_by_itself_and_keeps_no_other_waiting() {
    let house = House::new(&[("long.list", &text("h"))]);
    let clock = Arc::clone(&house.clock) as Arc<dyn Clock>;
    let settings = long_settings(&house.path("compiled"));
    let lists = LiveLists::start(house.folder.path().to_owned(), settings, clock).unwrap();
    house.write("long.list", &text("g"));
    house.write("a.list", "one.example\n");
    assert!(lists.wait_for(PATIENCE, |_| hits(&lists, "https://one.example/") == ["a:1"]));
    assert!(lists.wait_for(PATIENCE, |_| hits(&lists, "https://g7.example/") == ["long:8"]));
}

/// Names of a generation in the tests that kill.
const MANY: usize = 300;
const FOLDER: &str = "SEKISHO_COMPILE_FOLDER";

fn compile(compiled: &Compiled, text_at: &Path, generation: usize) -> Table {
    let names: String = (0..MANY).map(|at| format!("g{generation}-{at}.example\n")).collect();
    fs::write(text_at, names).unwrap();
    let suffixes = Suffixes::builtin();
    let context = Context { suffixes: &suffixes, own_hosts: &[], never_block: None };
    let draft = compiled.draft("killed", text_at, &context).unwrap();
    compiled.publish(draft, Timestamp::default(), "x".into()).unwrap().0
}

/// Not a test by itself: what the tests below kill. Compiles one generation behind another until then.
#[test]
#[ignore = "run by the tests that kill it"]
fn compiles_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let compiled = Compiled::at(folder.join("compiled")).unwrap().with_room(4000);
    loop {
        let generation = compiled.newest("killed").map_or(0, |table| table.generation()) as usize + 1;
        let table = compile(&compiled, &folder.join("killed.list"), generation);
        assert_eq!(table.generation() as usize, generation);
        println!("generation {generation}");
    }
}

/// Kills a process that compiles, again and again, each time a little later than the time before.
fn kill(times: usize) {
    use std::io::{BufRead, BufReader};
    let folder = TempDir::new().unwrap();
    let compiled = Compiled::at(folder.path().join("compiled")).unwrap();
    let mut last = 0;
    for round in 0..times {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "feed::long::compiles_until_it_is_killed",
                "--ignored",
                "--nocapture",
                "--test-threads",
                "1",
            ])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = said.find_map(|line| line.ok()?.rsplit_once("generation ")?.1.parse::<u64>().ok());
        let told = told.expect("it compiles before it is killed");
        // Somewhere in the next generation: how far into it, the round says.
        let until = std::time::Instant::now() + Duration::from_micros(137 * (round as u64 % 149));
        while std::time::Instant::now() < until {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let table = compiled.newest("killed").expect("a generation that can be read");
        let generation = table.generation();
        assert!(generation >= told && generation > last, "round {round}: {generation}, told {told}, before {last}");
        last = generation;
        assert!(table.check_records().is_ok() && table.len() == MANY);
        for at in 0..MANY {
            let key = url::parse(&format!("https://g{generation}-{at}.example/")).unwrap().canonical();
            let mut found = 0;
            table.lookup(&key, Timestamp::default(), &mut |_| found += 1);
            assert_eq!(found, 1, "round {round}, generation {generation}, name {at}");
        }
    }
}

#[test]
fn a_kill_leaves_a_whole_generation() {
    kill(4);
}

#[test]
#[ignore = "a thousand kills take minutes; CONTRIBUTING.md says when"]
fn a_thousand_kills_leave_a_whole_generation() {
    kill(1000);
}
