//! Feeds: what of an update counts, what does not, and what is in force afterwards.

mod corrupted;
mod fetched;
mod server;

use std::{fs, path::PathBuf, sync::LazyLock, time::Duration};

use proptest::{collection::vec, prelude::*, sample::select};
use sekisho::{
    base::Timestamp,
    judge::Threat,
    list::{
        Confirm, Context, Entry, List, ListAction, Protected, Scope, Trust,
        import::{Format, Names},
        parse,
    },
    supply::{
        Body, Clicked, Failure, Feed, FeedStanding, Fetched, Grounds, Outcome, Place, Refusal, Stock, StockError,
        Updater,
    },
    url::Suffixes,
};
use tempfile::TempDir;

static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);
const START: i64 = 1_795_500_000_000;

/// A folder of feeds and what their updates are held against.
struct House {
    folder: TempDir,
    stock: Stock,
    never_block: Protected,
    clicked: Clicked,
    own_hosts: Vec<String>,
    now: Timestamp,
}

impl House {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let stock = Stock::at(folder.path().join("feeds"));
        let text = "@action never-block\n=www.busy.example\nlarge.example\n";
        let never_block = Protected::of_lists([&read("never", text)]);
        let own_hosts = vec!["go.corp.example".to_owned()];
        let now = Timestamp::from_millis(START);
        Self { folder, stock, never_block, clicked: Clicked::default(), own_hosts, now }
    }

    fn updater(&self) -> Updater<'_> {
        let Self { stock, never_block, clicked, own_hosts, now, .. } = self;
        let grounds = Grounds { suffixes: &SUFFIXES, own_hosts, never_block, clicked };
        Updater { stock, grounds, now: *now, jitter: 0.5, is_asked: false }
    }

    fn take(&self, feed: &Feed, bytes: impl AsRef<[u8]>) -> Outcome {
        let body = Body { bytes: bytes.as_ref().to_vec(), ..Body::default() };
        self.updater().take(feed, Ok(Fetched::Body(body))).unwrap()
    }

    /// The list of a feed as it lies there, whole and without a fault.
    fn list(&self, feed: &Feed) -> List {
        let text = fs::read_to_string(self.stock.list_of(&feed.name)).unwrap();
        let context = Context { suffixes: &SUFFIXES, own_hosts: &self.own_hosts, never_block: Some(&self.never_block) };
        let (list, bad) = parse(&feed.name, &text, &context);
        assert!(bad.is_empty(), "{bad:?}");
        list
    }

    fn entries(&self, feed: &Feed) -> Vec<String> {
        self.list(feed).entries.iter().map(ToString::to_string).collect()
    }

    fn standing(&self, feed: &Feed) -> FeedStanding {
        self.stock.status_of(feed, self.now).standing
    }
}

fn read(name: &str, text: &str) -> List {
    let context = Context { suffixes: &SUFFIXES, own_hosts: &[], never_block: None };
    parse(name, text, &context).0
}

fn feed(name: &str, format: Option<Format>) -> Feed {
    Feed {
        name: name.into(),
        place: Place::File(PathBuf::from("/nowhere")),
        format,
        names: Names::Domains,
        key: None,
        trust: Trust::Block,
        threat: Some(Threat::Phishing),
        interval: Duration::from_secs(3600),
        timeout: Duration::from_secs(20),
        max_bytes: 4 << 20,
        max_entries: 10_000,
        max_stopped: 2,
        header: None,
        secret_file: None,
    }
}

fn domains() -> Feed {
    feed("some", Some(Format::Domains))
}

fn names(count: usize) -> String {
    (0..count).map(|at| format!("bad{at}.example\n")).collect()
}

fn why(outcome: &Outcome) -> &Refusal {
    match outcome {
        Outcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_update_becomes_a_list_of_our_own_grammar() {
    let (house, feed) = (House::new(), domains());
    let Outcome::Taken(version) = house.take(&feed, "b.example\na.example\nb.example\n# no\n") else { panic!() };
    let list = house.list(&feed);
    assert_eq!(house.entries(&feed), ["b.example", "a.example"], "each once, in their order");
    assert_eq!((list.trust, list.threat), (Some(Trust::Block), Some(Threat::Phishing)));
    assert_eq!((version.version, version.rows.entries, version.rows.taken), (list.version, 2, 3));
    assert_eq!(house.standing(&feed), FeedStanding::Current);
    assert_eq!(house.take(&feed, "b.example\na.example\nb.example\n# no\n"), Outcome::Unchanged);
    let files: Vec<_> = fs::read_dir(house.stock.folder()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(files.iter().all(|name| !name.to_str().unwrap().starts_with('.')), "{files:?}");
}

#[test]
fn lines_for_suffixes_and_busy_hosts_are_left_out_and_the_others_count() {
    let (house, feed) = (House::new(), domains());
    let bad = "co.uk\nwww.busy.example\nbusy.example\na.large.example\ngo.corp.example\ngithub.io\n";
    let Outcome::Taken(version) = house.take(&feed, format!("{bad}evil.example\n")) else { panic!() };
    assert_eq!(house.entries(&feed), ["evil.example"]);
    assert_eq!((version.rows.suffixes, version.rows.never_blocked, version.rows.refused), (2, 4, 6));
    // Of their pages others may speak.
    let urls = self::feed("urls", Some(Format::Urls));
    house.take(&urls, "https://www.busy.example/x\nhttps://user.github.io/\n");
    assert_eq!(house.entries(&urls).len(), 2);
    // More than a hundred of them, and more than one in a hundred, are a fault of the feed.
    let suffixes: String = (0..101).map(|at| format!("x{at}.large.example\n")).collect();
    let outcome = house.take(&feed, format!("evil.example\n{suffixes}"));
    assert_eq!(*why(&outcome), Refusal::Protected { lines: 101, rows: 102 });
    assert_eq!(house.entries(&feed), ["evil.example"]);
}

#[test]
fn nobody_but_an_admin_confirms() {
    let (house, feed) = (House::new(), feed("own", Some(Format::List)));
    let text = "co.uk ; confirm=suffix\nwww.busy.example ; confirm=never-block\n/evil/\nok.example ; reason=\"seen\"\n";
    let Outcome::Taken(version) = house.take(&feed, text) else { panic!() };
    assert_eq!(house.entries(&feed), ["ok.example ; reason=seen"]);
    assert_eq!((version.rows.never_blocked, version.rows.refused), (2, 3));
}

#[test]
fn what_cannot_be_meant_is_refused_and_what_was_stays() {
    let (house, feed) = (House::new(), domains());
    let good = names(500);
    house.take(&feed, &good);
    for (bytes, word) in [
        (String::new(), "it is empty"),
        ("\n\n".into(), "it is empty"),
        ("# nothing\n".into(), "no entry came of it"),
        ("<!DOCTYPE html><title>Sign in</title>".into(), "it is a web page"),
        (format!("{good}/\n"), "line 501 would block everything: \"/\""),
        (format!("{good}*\n"), "line 501 would block everything: \"*\""),
        (format!("{good}com\n"), "line 501 would block a whole top-level domain: \"com\""),
        (format!("{good}*.jp\n"), "line 501 would block a whole top-level domain: \"*.jp\""),
        (names(349), "it has 349 entries, and 500 are in force"),
        (good[..good.len() - 1].to_owned(), "its last line has no end"),
        (format!("{good}x\0y\n"), "a NUL byte stands in line 501"),
        ("PK\x03\x04".to_owned(), "it is packed (zip)"),
        (names(10_001), "it has more than 10000 entries"),
    ] {
        let outcome = house.take(&feed, &bytes);
        assert!(why(&outcome).to_string().contains(word), "{word}: {outcome:?}");
        assert_eq!(house.entries(&feed).len(), 500, "{word}");
        assert_eq!(house.standing(&feed), FeedStanding::Refused);
        let told = house.stock.state_of(&feed).told.unwrap();
        assert!(told.is_refusal && told.says.contains(word), "{told:?}");
    }
    assert!(matches!(house.take(&feed, names(350)), Outcome::Taken(_)));
    assert_eq!(house.standing(&feed), FeedStanding::Current);
    assert_eq!(house.stock.state_of(&feed).refusals, 13);
}

#[test]
fn an_admin_overrules_a_refusal_once() {
    let (house, feed) = (House::new(), domains());
    house.take(&feed, names(500));
    assert!(matches!(house.stock.accept(&feed, house.now), Err(StockError::NothingRefused(..))));
    house.take(&feed, "/\nleft.example\n");
    let version = house.stock.accept(&feed, house.now).unwrap();
    assert_eq!(
        (house.entries(&feed), version.rows.entries),
        (vec!["left.example".to_owned()], 1),
        "never the line itself"
    );
    assert_eq!(house.standing(&feed), FeedStanding::Current);
    assert_eq!(house.take(&feed, "/\nleft.example\n"), Outcome::Unchanged, "it was accepted");
    why(&house.take(&feed, "/\nleft.example\nmore.example\n"));
    // Of what can never count there is nothing to accept.
    why(&house.take(&feed, "<html>"));
    let error = house.stock.accept(&feed, house.now).unwrap_err();
    assert!(error.to_string().contains("nothing can be taken"), "{error}");
    assert_eq!(house.entries(&feed), ["left.example"]);
    why(&house.take(&feed, "# gone\n"));
    house.stock.accept(&feed, house.now).unwrap();
    assert_eq!(house.entries(&feed), [""; 0], "empty may be meant");
}

#[test]
fn a_version_is_taken_back_and_updates_wait() {
    let (mut house, feed) = (House::new(), domains());
    assert!(matches!(house.stock.roll_back(&feed, house.now), Err(StockError::NothingBefore(_))));
    house.take(&feed, "one.example\n");
    house.take(&feed, "one.example\ntwo.example\n");
    let version = house.stock.roll_back(&feed, house.now).unwrap();
    assert_eq!((house.entries(&feed), version.rows.entries), (vec!["one.example".to_owned()], 1));
    assert_eq!(house.standing(&feed), FeedStanding::Held);
    // What was on its way when it was taken back does not count.
    assert_eq!(house.take(&feed, "one.example\ntwo.example\n"), Outcome::Unchanged);
    assert_eq!(house.entries(&feed), ["one.example"]);
    house.now = house.now.plus_millis(1000);
    let asked = Updater { is_asked: true, ..house.updater() };
    let body = Body { bytes: b"one.example\ntwo.example\n".to_vec(), ..Body::default() };
    asked.take(&feed, Ok(Fetched::Body(body))).unwrap();
    assert_eq!((house.entries(&feed).len(), house.standing(&feed)), (2, FeedStanding::Current));
}

#[test]
fn an_update_that_would_stop_what_people_click_is_refused() {
    let (mut house, feed) = (House::new(), domains());
    house.take(&feed, "old.example\n");
    let hosts = |count: usize, host: &str| vec![format!("https://{host}/x"); count];
    let clicks = [hosts(30, "a.news.example"), hosts(970, "quiet.example"), hosts(400, "old.example")].concat();
    house.clicked = Clicked::of(clicks.iter().map(|url| [url.as_str()]));
    let outcome = house.take(&feed, "old.example\nnews.example\n");
    assert_eq!(*why(&outcome), Refusal::Stops { stopped: 30, clicks: 1400, example: "a.news.example".into() });
    assert_eq!(house.entries(&feed), ["old.example"]);
    assert!(matches!(
        house.take(&Feed { max_stopped: 3, ..feed.clone() }, "old.example\nnews.example\n"),
        Outcome::Taken(_)
    ));
    house.stock.roll_back(&feed, house.now).unwrap();
    house.stock.accept(&feed, house.now).unwrap_err();
    let asked = Updater { is_asked: true, ..house.updater() };
    let body = |text: &str| Ok(Fetched::Body(Body { bytes: text.into(), ..Body::default() }));
    // What is told alone stops nothing.
    let signal = Feed { trust: Trust::Signal, ..feed.clone() };
    assert!(matches!(asked.take(&signal, body("quiet.example\n")).unwrap(), Outcome::Taken(_)));
    // Twenty clicks may go however many that is of all.
    house.clicked = Clicked::of(clicks[..20].iter().map(|url| [url.as_str()]));
    assert!(matches!(house.take(&feed, "old.example\nnews.example\n"), Outcome::Taken(_)));
}

#[test]
fn failures_keep_what_was_and_are_tried_again_ever_later() {
    let (mut house, feed) = (House::new(), domains());
    house.take(&feed, "one.example\n");
    let wait = |house: &House| house.stock.state_of(&feed).due.unwrap().millis_since(house.now) / 1000;
    assert_eq!(wait(&house), 3600);
    let fails = |house: &House, retry_after| {
        let failure = Failure { says: "no route".into(), retry_after };
        assert!(matches!(house.updater().take(&feed, Err(failure)).unwrap(), Outcome::Failed(_)));
        wait(house)
    };
    let waits: Vec<i64> = (0..8).map(|_| fails(&house, None)).collect();
    assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
    assert_eq!(fails(&house, Some(Duration::from_secs(7200))), 7200, "where the server asks for it");
    assert_eq!((house.entries(&feed), house.standing(&feed)), (vec!["one.example".to_owned()], FeedStanding::Failing));
    house.now = house.now.plus_millis(3 * 3_600_000 + 1);
    assert_eq!(house.standing(&feed), FeedStanding::Stale);
    house.take(&feed, "one.example\n");
    assert_eq!((house.standing(&feed), wait(&house)), (FeedStanding::Current, 3600));
}

#[test]
fn lists_follow_the_configuration() {
    let (house, feed) = (House::new(), domains());
    house.stock.keep_only(&[]).unwrap();
    assert!(!house.stock.folder().exists(), "nothing is made for nothing");
    house.take(&feed, "one.example\n");
    let warn = Feed { trust: Trust::Warn, threat: None, ..feed.clone() };
    house.stock.keep_only(std::slice::from_ref(&warn)).unwrap();
    assert_eq!((house.list(&feed).trust, house.list(&feed).threat), (Some(Trust::Warn), None));
    assert_eq!(house.stock.state_of(&feed).current.unwrap().version, house.list(&feed).version);
    assert_eq!(house.entries(&feed), ["one.example"]);
    house.stock.keep_only(&[]).unwrap();
    assert!(!house.stock.list_of("some").exists(), "a feed that is not configured is not in force");
    house.stock.keep_only(std::slice::from_ref(&feed)).unwrap();
    assert_eq!((house.entries(&feed), house.list(&feed).trust), (vec!["one.example".to_owned()], Some(Trust::Block)));
}

#[test]
fn another_place_is_compared_with_nothing() {
    let (house, feed) = (House::new(), domains());
    house.take(&feed, names(500));
    let moved = Feed { place: Place::Url("https://feed.example/x".into()), ..feed.clone() };
    house.take(&moved, "one.example\n");
    // A list that shrinks so is refused wherever it is from; what is compared is what is in force.
    assert_eq!(house.entries(&feed).len(), 500);
    assert_eq!(house.stock.state_of(&moved).attempts, 1, "what was counted was of another");
}

#[test]
fn a_state_that_cannot_be_read_is_begun_anew() {
    let (house, feed) = (House::new(), domains());
    house.take(&feed, "one.example\n");
    let path = house.folder.path().join("feeds/some.json");
    let whole = fs::read(&path).unwrap();
    for end in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(house.standing(&feed), FeedStanding::Never);
        assert!(matches!(house.take(&feed, "one.example\n"), Outcome::Taken(_)));
        assert_eq!(house.entries(&feed), ["one.example"]);
    }
}

/// Words of which rows of any format are made, and what hurts.
fn row() -> impl Strategy<Value = String> {
    let words = select(vec![
        "evil.example",
        "www.busy.example",
        "co.uk",
        "com",
        "*",
        "/",
        "||",
        "^",
        "0.0.0.0",
        "https://",
        "http://a.example/x?y#z",
        "=",
        "*.",
        "address=/",
        "/#",
        "local-zone:",
        "\"",
        ",",
        " ; ",
        "reason=",
        "confirm=suffix",
        "until=2020-01-01",
        "@action allow",
        "@trust signal",
        "CNAME",
        ".",
        "203.0.113.0/24",
        "2001:db8::1",
        "sha256:",
        "é",
        "xn--",
        "\t",
        "#",
        "\\",
        "[",
        "{",
        "null",
    ]);
    vec(words, 0..6).prop_map(|words| words.concat())
}

proptest! {
    // Each case syncs several files.
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever comes: what is taken is a list without a fault, with as many entries as were counted, in which nothing
    /// stands that no feed may say.
    #[test]
    fn what_is_taken_is_a_list_without_a_fault(
        rows in vec(row(), 0..20),
        raw in vec(any::<u8>(), 0..60),
        format in select(Format::NAMES.map(|(_, format)| format).to_vec()),
        is_raw in any::<bool>(),
    ) {
        let (house, feed) = (House::new(), feed("some", Some(format)));
        let bytes = if is_raw { raw } else { (rows.join("\n") + "\n").into_bytes() };
        if let Outcome::Taken(version) = house.take(&feed, &bytes) {
            let list = house.list(&feed);
            prop_assert_eq!(list.entries.len(), version.rows.entries);
            prop_assert_eq!((list.action, list.trust), (ListAction::Block, Some(Trust::Block)));
            let confirms = |entry: &Entry| entry.note.as_ref().is_some_and(|note| note.confirm != Confirm::default());
            prop_assert!(!list.entries.iter().any(confirms));
            prop_assert!(!list.entries.iter().any(|entry| matches!(entry.scope, Scope::Pattern(_))));
        } else {
            prop_assert!(!house.stock.list_of("some").exists());
        }
    }
}
