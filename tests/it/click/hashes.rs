//! Hash-prefix lists (Safe Browsing, version 5) against a server written to the published protocol.

use std::{
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use sekisho::{
    base::Clock as _,
    click::{Answer, Barrier, Request},
    judge::{Evidence, Outcome, Source as Who, Threat},
    policy::Policy,
    sources::{
        Finding, Limits, Source, Unanswered,
        safe_browsing::{SafeBrowsing, Settings},
    },
    url::{self, Suffixes},
};

use super::{HOST, HandClock, START, Station, stopped};
use crate::hash_server::{HashServer, hash, prefix};

const LIST: &str = "se-4b";
const SEARCH: &str = "hashes:search";
const GET: &str = "hashLists:batchGet";

struct Room {
    lists: SafeBrowsing,
    clock: Arc<HandClock>,
    folder: tempfile::TempDir,
    url: String,
}

impl Room {
    fn of(server: &HashServer) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(START.millis())));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), " s3cret\n").unwrap();
        let lists = open(&server.url, folder.path(), &clock);
        Self { lists, clock, folder, url: server.url.clone() }
    }

    fn again(&self) -> SafeBrowsing {
        open(&self.url, self.folder.path(), &self.clock)
    }

    async fn ask(&self, url: &str) -> Result<Finding, Unanswered> {
        self.lists.ask(url::parse(url).unwrap()).await
    }

    async fn threats(&self, url: &str) -> Vec<Threat> {
        self.ask(url).await.unwrap().objections.into_iter().map(|one| one.threat).collect()
    }

    fn later(&self, secs: i64) {
        self.clock.0.fetch_add(secs * 1000, std::sync::atomic::Ordering::Relaxed);
    }
}

fn open(url: &str, folder: &std::path::Path, clock: &Arc<HandClock>) -> SafeBrowsing {
    let settings = Settings {
        url: url.to_owned(),
        key_file: Some(folder.join("key")),
        lists: vec![LIST.to_owned()],
        folder: folder.join("lists"),
    };
    SafeBrowsing::open(&settings, Arc::new(Suffixes::builtin()), clock.clone(), Arc::new(|| 0.0)).unwrap()
}

#[tokio::test]
async fn only_the_prefix_of_what_is_found_is_told_and_the_whole_hash_decides() {
    let server = HashServer::start();
    server.list(LIST, &["evil.com/", "good.com/a/", "other.org/x"]);
    server.knows("evil.com/", "SOCIAL_ENGINEERING", &[]);
    let room = Room::of(&server);
    assert!(room.ask("http://www.evil.com/").await.unwrap_err().0.contains("is not there yet"));
    assert_eq!(room.lists.update().await, Duration::from_secs(1800));

    assert_eq!(room.threats("https://login.evil.com/a/b?token=1").await, [Threat::Phishing]);
    let evidence = room.ask("https://login.evil.com/a/b?token=1").await.unwrap().objections[0].evidence.clone();
    assert!(evidence.ends_with(" knows evil.com for phishing"), "{evidence}");
    assert_eq!(room.threats("http://www.example.com/").await, [], "no prefix: nobody is asked");
    assert_eq!(server.calls(SEARCH), 1);
    assert_eq!(room.threats("http://good.com/a/b").await, [], "the prefix of something else");
    let requests = server.holds().requests.clone();
    let asked: Vec<&str> = requests.iter().map(|(line, _)| line.split("hashPrefixes=").nth(1).unwrap_or("")).collect();
    assert_eq!(asked.len(), 3);
    assert!(requests.iter().all(|(line, key)| key.as_deref() == Some("s3cret") && !line.contains("s3cret")));
    assert!(requests.iter().all(|(line, _)| !line.contains("evil") && !line.contains("token")), "{requests:?}");
}

#[tokio::test]
async fn both_answers_are_kept_for_as_long_as_the_server_says() {
    let server = HashServer::start();
    server.list(LIST, &["evil.com/", "fine.com/"]);
    server.knows("evil.com/", "MALWARE", &[]);
    let room = Room::of(&server);
    room.lists.update().await;
    for number in 0..3 {
        assert_eq!(room.threats(&format!("http://evil.com/{number}")).await, [Threat::Malware]);
        assert_eq!(room.threats(&format!("http://fine.com/{number}")).await, []);
    }
    assert_eq!(server.calls(SEARCH), 2, "one for each prefix");
    assert_eq!(room.ask("http://evil.com/").await.unwrap().keep, Duration::from_secs(300));
    room.later(299);
    assert_eq!(room.threats("http://evil.com/").await, [Threat::Malware]);
    assert_eq!(server.calls(SEARCH), 2);
    room.later(1);
    server.holds().hashes.clear();
    assert_eq!(room.threats("http://evil.com/").await, [], "the server took it back");
    assert_eq!(server.calls(SEARCH), 3);

    // What may not be kept counts for this click.
    server.knows("evil.com/", "MALWARE", &[]);
    server.holds().cache = "0s".into();
    room.later(300);
    for calls in [4, 5] {
        assert_eq!(room.threats("http://evil.com/").await, [Threat::Malware]);
        assert_eq!(server.calls(SEARCH), calls);
    }
}

#[tokio::test]
async fn an_update_takes_away_and_adds_and_is_asked_for_no_sooner_than_allowed() {
    let server = HashServer::start();
    server.list(LIST, &["a.com/", "b.com/", "c.com/", "d.com/"]);
    let room = Room::of(&server);
    room.lists.update().await;
    let held = |lists: &SafeBrowsing, text: &str| lists.held()[0].prefixes.contains(prefix(text));
    server.list(LIST, &["b.com/", "d.com/", "e.com/"]);
    room.later(1799);
    assert_eq!(room.lists.update().await, Duration::from_secs(10), "nothing before its time");
    assert_eq!(server.calls(GET), 1);
    room.later(1);
    room.lists.update().await;
    assert_eq!(server.calls(GET), 2);
    assert!(server.holds().requests[1].0.contains("&version="), "only what changed is asked for");
    for lists in [&room.lists, &room.again()] {
        let told = ["a.com/", "b.com/", "c.com/", "d.com/", "e.com/"].map(|text| held(lists, text));
        assert_eq!(told, [false, true, false, true, true]);
    }
    // Nothing changed: no checksum is sent, and none is needed.
    room.later(1800);
    room.lists.update().await;
    assert_eq!((server.calls(GET), room.lists.counted().updated), (3, 3));
    assert_eq!(room.lists.held()[0].as_of, room.clock.now());
    // No wait at all means that there is more; still nobody is asked in a circle.
    server.holds().wait = "0s".into();
    room.later(1800);
    assert_eq!(room.lists.update().await, Duration::from_secs(10));
}

#[tokio::test]
async fn an_update_that_does_not_fit_changes_nothing_and_the_list_is_asked_for_whole() {
    let server = HashServer::start();
    server.list(LIST, &["evil.com/"]);
    server.knows("evil.com/", "MALWARE", &[]);
    let room = Room::of(&server);
    room.lists.update().await;
    server.list(LIST, &["other.com/"]);
    server.holds().checksum = Some([1; 32]);
    room.later(1800);
    assert_eq!(room.lists.update().await, Duration::from_secs(10));
    assert_eq!(room.threats("http://evil.com/").await, [Threat::Malware], "the last good version counts");
    // Whole, and wrong again: now it waits as after any failure.
    assert_eq!(room.lists.update().await, Duration::from_secs(15 * 60));
    assert!(!server.holds().requests.last().unwrap().0.contains("&version="));
    assert_eq!(room.lists.counted(), room.lists.counted());
    server.holds().checksum = None;
    room.later(15 * 60);
    room.lists.update().await;
    assert!(room.lists.held()[0].prefixes.contains(prefix("other.com/")));
    // A list of another length is no list for this.
    server.holds().eight = true;
    server.list(LIST, &["third.com/"]);
    room.later(1800);
    assert_eq!(room.lists.update().await, Duration::from_secs(15 * 60));
    assert!(room.lists.held()[0].prefixes.contains(prefix("other.com/")));
}

#[tokio::test]
async fn who_fails_is_left_alone_for_the_published_time() {
    let server = HashServer::start();
    server.list(LIST, &["evil.com/"]);
    server.knows("evil.com/", "MALWARE", &[]);
    let room = Room::of(&server);
    server.holds().status = 503;
    assert_eq!(room.lists.update().await, Duration::from_secs(15 * 60));
    assert_eq!(room.lists.update().await, Duration::from_secs(15 * 60), "not asked again");
    assert_eq!(server.calls(GET), 1);
    room.later(15 * 60);
    assert_eq!(room.lists.update().await, Duration::from_secs(30 * 60));
    server.holds().status = 200;
    room.later(30 * 60);
    room.lists.update().await;
    assert_eq!(room.lists.held().len(), 1);

    server.holds().status = 403;
    let why = room.ask("http://evil.com/").await.unwrap_err().0;
    assert!(why.contains("answered 403") && why.contains("key_file"), "{why}");
    assert!(room.ask("http://evil.com/").await.unwrap_err().0.contains("is asked again in 901 s"));
    assert_eq!((server.calls(SEARCH), room.lists.counted().held_back), (1, 1));
    assert_eq!(room.threats("http://fine.com/").await, [], "for this nobody has to be asked");
    server.holds().status = 200;
    room.later(15 * 60);
    assert_eq!(room.threats("http://evil.com/").await, [Threat::Malware]);
}

#[tokio::test]
async fn lists_that_are_too_old_prove_nothing_and_still_object() {
    let server = HashServer::start();
    server.list(LIST, &["evil.com/"]);
    server.knows("evil.com/", "SOCIAL_ENGINEERING", &[]);
    let room = Room::of(&server);
    room.lists.update().await;
    room.later(3600);
    assert_eq!(room.threats("http://fine.com/").await, []);
    room.later(1);
    assert!(room.ask("http://fine.com/").await.unwrap_err().0.contains("is 60 minutes old"));
    assert!(room.lists.problem().is_some());
    assert_eq!(room.threats("http://evil.com/").await, [Threat::Phishing]);
    // A start changes nothing about that.
    assert!(room.again().ask(url::parse("http://fine.com/").unwrap()).await.is_err());
}

#[tokio::test]
async fn what_is_not_to_be_acted_on_is_not() {
    let server = HashServer::start();
    let texts = ["canary.com/", "frame.com/", "new.com/", "unwanted.com/"];
    server.list(LIST, &texts);
    server.knows(texts[0], "MALWARE", &["CANARY"]);
    server.knows(texts[1], "MALWARE", &["FRAME_ONLY"]);
    server.knows(texts[2], "SOMETHING_NEW", &[]);
    server.knows(texts[3], "UNWANTED_SOFTWARE", &[]);
    let room = Room::of(&server);
    room.lists.update().await;
    for (text, threats) in texts.into_iter().zip([&[][..], &[], &[], &[Threat::Malware]]) {
        assert_eq!(room.threats(&format!("http://{text}")).await, threats, "{text}");
    }
    let before = server.calls(SEARCH);
    for inside in ["http://intranet/", "http://10.0.0.1/", "http://db.internal/"] {
        assert_eq!(room.threats(inside).await, []);
    }
    assert_eq!(server.calls(SEARCH), before);
}

#[tokio::test]
async fn a_click_on_what_is_confirmed_is_stopped_even_on_a_busy_host() {
    let server = HashServer::start();
    server.list(LIST, &["files.example.com/bad/"]);
    server.knows("files.example.com/bad/", "MALWARE", &[]);
    assert_ne!(hash("files.example.com/bad/"), hash("files.example.com/"));
    let room = Room::of(&server);
    room.lists.update().await;
    let mut station = Station::new();
    let limits = Limits { patience: Duration::from_secs(60), ..Limits::default() };
    station.ask(Policy::standard(), vec![Arc::new(room.lists.clone()) as Arc<dyn Source>], limits);
    station.list("busy", "@action never-block\nexample.com\n");
    let (bad, good) =
        (station.link("https://files.example.com/bad/x.zip"), station.link("https://files.example.com/good"));
    assert_eq!(stopped(click(&station, &bad).await).barrier, Barrier::Block);
    assert!(matches!(click(&station, &good).await, Answer::Redirect { .. }));
    let event = station.events().remove(0);
    assert_eq!((event.outcome, event.threat), (Outcome::Blocked, Threat::Malware));
    assert!(event.signals.iter().any(|signal| {
        matches!(&signal.source, Who::Asked { source, evidence: Evidence::Hash } if source == "safe_browsing")
            && signal.evidence.ends_with("knows a page on files.example.com for malware")
    }));
}

async fn click(station: &Station, path: &str) -> Answer {
    match station.open(path) {
        Answer::AskSources(questions) => {
            let findings = station.checkpoint.ask_sources(&questions).await;
            station.checkpoint.open(&Request { findings: Some(&findings), ..station.request(HOST, path) })
        }
        answer => answer,
    }
}
