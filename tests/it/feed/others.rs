//! Lists that others keep, in a folder of their own.

use sekisho::feed::{Compiled, Long, OF_OTHERS};

use super::*;

fn open(house: &House, long: Option<Long>) -> LiveLists {
    let settings = Settings { feeds: Some(house.path("feeds")), long, ..settings() };
    LiveLists::open(house.folder.path().to_owned(), settings, Arc::clone(&house.clock) as Arc<dyn Clock>).unwrap()
}

const HEAD: &str = "@action block\n@trust block\n";

#[test]
fn they_are_read_beside_those_of_admins_and_none_takes_the_name_of_another() {
    let house = House::new(&[("x.list", "bad.example\n")]);
    let lists = open(&house, None);
    assert!(!lists.state().degraded, "no feed was ever fetched, and that is no fault");
    fs::create_dir(house.path("feeds")).unwrap();
    house.write("feeds/x.list", &format!("{HEAD}bad.example\n"));
    house.write("feeds/x.before", "other.example\n");
    lists.reload_now();
    assert_eq!(hits(&lists, "https://bad.example/"), ["feeds/x:3", "x:1"]);
    assert_eq!(hits(&lists, "https://other.example/"), [""; 0]);
    assert!(lists.state().files.iter().any(|file| file.name == format!("{OF_OTHERS}x")));
    fs::remove_dir_all(house.path("feeds")).unwrap();
    lists.reload_now();
    house.clock.advance(DELETION_DELAY_MILLIS);
    lists.reload_now();
    assert_eq!(hits(&lists, "https://bad.example/"), ["x:1"]);
}

#[test]
fn their_good_lines_always_count() {
    for long in [false, true] {
        let house = House::new(&[("never.list", "@action never-block\n=busy.example\n")]);
        fs::create_dir(house.path("feeds")).unwrap();
        let many: String = (0..50).map(|at| format!("h{at}.example\n")).collect();
        house.write("feeds/x.list", &format!("{HEAD}{many}"));
        let compiled = Compiled::at(house.path("compiled")).unwrap();
        let lists = open(&house, long.then_some(Long { compiled, from_bytes: 100 }));
        let bad = "busy.example\nco.uk\n=go.corp.example\nnew.example\n";
        house.write("feeds/x.list", &format!("{HEAD}{many}{bad}"));
        lists.reload_now();
        let state = lists.state();
        let x = state.file("feeds/x").unwrap();
        assert_eq!((x.entries, x.standing, state.degraded), (51, Standing::Current, false), "long: {long}");
        assert_eq!(hits(&lists, "https://new.example/"), ["feeds/x:56"]);
        assert_eq!(hits(&lists, "https://busy.example/"), ["never:2"]);
        // What an admin adds to the never-block lists counts for them at once.
        house.write("never.list", "@action never-block\n=busy.example\nnew.example\n");
        lists.reload_now();
        assert_eq!(hits(&lists, "https://new.example/"), ["never:3"], "long: {long}");
        assert!(!lists.state().degraded);
    }
}
