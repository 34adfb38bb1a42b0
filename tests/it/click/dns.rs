//! Lists that are asked by DNS: against a real rbldnsd, and against a server that answers as none should.

use std::{
    net::Ipv4Addr,
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use sekisho::{
    base::Clock,
    click::{Answer, Barrier, Request},
    judge::{Outcome, Source as Who, Threat, Tier},
    policy::{Need, Needs, Policy},
    sources::{
        Finding, Limits, Source, Unanswered,
        dns::{Asks, DnsList, Preset, Resolver, Zone},
    },
    url::{self, Suffixes},
};

use super::{HOST, HandClock, START, Station, stopped};
use crate::dns::{Does, Rbldnsd, Wild};

const LISTED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

struct Room {
    list: DnsList,
    clock: Arc<HandClock>,
}

impl Room {
    fn of(zone: Zone, server: std::net::SocketAddr) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(START.millis())));
        let suffixes = Arc::new(Suffixes::builtin());
        let list = DnsList::new(zone, Resolver::new(Some(server)).unwrap(), suffixes, clock.clone());
        Self { list, clock }
    }

    async fn ask(&self, url: &str) -> Result<Finding, Unanswered> {
        self.list.ask(url::parse(url).unwrap()).await
    }

    /// What it is against: tier, threat, words.
    async fn against(&self, url: &str) -> Vec<(Tier, Threat, String)> {
        let objections = self.ask(url).await.unwrap().objections;
        objections.into_iter().map(|one| (one.tier, one.threat, one.evidence)).collect()
    }

    async fn silence(&self, url: &str) -> String {
        self.ask(url).await.unwrap_err().0
    }

    fn later(&self, secs: i64) {
        self.clock.0.fetch_add(secs * 1000, std::sync::atomic::Ordering::Relaxed);
    }
}

fn plain() -> Zone {
    Preset::Plain.list("own", "bl.test")
}

#[tokio::test]
async fn a_real_server_is_asked_as_each_kind_of_list_wants() {
    let domains = ".bad.com :127.0.0.2:listed\nhost.shared.net :127.0.0.2:listed\n";
    let zones = [
        ("bl.test", "dnset", domains),
        ("bl.test", "ip4set", "192.0.2.10 :127.0.0.2:listed\n"),
        ("multi.test", "dnset", "evil.co.uk :127.0.0.24:two bits\nxn--r8jz45g.jp :127.0.0.8:phishing\n"),
        ("dbl.test", "dnset", "abused.example.com :127.0.1.104:phishing\n"),
    ];
    let Some(server) = Rbldnsd::start(&zones) else { return };
    let own = Room::of(plain(), server.address);
    let evidence = |name: &str, zone: &str, code: &str| format!("{name} is listed in {zone} as {code}");
    let words = own.against("http://www.bad.com/x").await;
    assert_eq!(words[0], (Tier::Malicious, Threat::None, evidence("www.bad.com", "bl.test", "127.0.0.2, listed")));
    assert_eq!(words.len(), 2, "the host and the domain: {words:?}");
    assert_eq!(own.against("http://host.shared.net/").await.len(), 1);
    assert_eq!(own.against("http://other.shared.net/").await, []);
    assert_eq!(
        own.against("http://192.0.2.10:8080/").await[0].2,
        evidence("10.2.0.192", "bl.test", "127.0.0.2, listed")
    );
    assert_eq!(own.against("http://192.0.2.11/").await, []);

    let surbl = Room::of(Preset::Surbl.list("surbl", "multi.test"), server.address);
    let threats = |found: Vec<(Tier, Threat, String)>| found.into_iter().map(|one| one.1).collect::<Vec<_>>();
    assert_eq!(threats(surbl.against("http://a.b.evil.co.uk/").await), [Threat::Phishing, Threat::Malware]);
    assert_eq!(threats(surbl.against("http://www.例え.jp/").await), [Threat::Phishing]);
    assert_eq!(surbl.against("http://www.good.co.uk/").await, []);

    let dbl = Room::of(Preset::SpamhausDbl.list("dbl", "dbl.test"), server.address);
    assert_eq!(threats(dbl.against("http://abused.example.com/").await), [Threat::Phishing]);
    assert_eq!(dbl.against("http://example.com/").await, []);
    assert_eq!(dbl.against("http://192.0.2.10/").await, [], "no address is asked about there");
    let counted = surbl.list.counted();
    assert_eq!((counted.asked, counted.listed, counted.clear, counted.failed), (3, 2, 1, 0));
}

#[tokio::test]
async fn a_click_on_what_is_listed_is_stopped_and_the_event_says_why() {
    let Some(server) = Rbldnsd::start(&[("multi.test", "dnset", "evil.com :127.0.0.8:phishing\n")]) else { return };
    let mut station = Station::new();
    let room = Room::of(Preset::Surbl.list("surbl", "multi.test"), server.address);
    station.ask(Policy::standard(), vec![Arc::new(room.list) as Arc<dyn Source>], patient());
    let (bad, good) = (station.link("https://login.evil.com/a?b=1"), station.link("https://login.good.com/"));
    assert_eq!(stopped(click(&station, &bad).await).barrier, Barrier::Block);
    assert_eq!(click(&station, &good).await, Answer::Redirect { location: "https://login.good.com/".into() });
    let events = station.events();
    assert_eq!((events[0].outcome, events[0].threat), (Outcome::Blocked, Threat::Phishing));
    let signal = &events[0].signals[0];
    assert!(matches!(&signal.source, Who::Asked { source, .. } if source == "surbl"), "{signal:?}");
    assert_eq!(signal.evidence, "evil.com is listed in multi.test as 127.0.0.8, phishing");
    // Who is never blocked as a whole is not, whatever the list says.
    station.list("busy", "@action never-block\nevil.com\n");
    assert!(matches!(click(&station, &bad).await, Answer::Redirect { .. }));
}

#[tokio::test]
async fn where_the_list_is_down_the_policy_says_what_that_means() {
    let server = Wild::start(|_| Does::Fails);
    let optional = Needs { others: Need::Required, by_source: [("own".to_owned(), Need::Optional)].into() };
    for (policy, outcome) in [
        (Policy::standard(), Outcome::ErrorFailedOpen),
        (Policy::strict(), Outcome::ErrorFailedClosed),
        (Policy { needs: optional, ..Policy::strict() }, Outcome::Allowed),
    ] {
        let mut station = Station::with(policy.clone());
        station.ask(policy, vec![Arc::new(Room::of(plain(), server.address).list) as Arc<dyn Source>], patient());
        click(&station, &station.link("https://www.example.com/")).await;
        let event = station.events().pop().unwrap();
        assert_eq!(event.outcome, outcome);
        let why = event.asked[0].why.as_deref().unwrap();
        assert!(why.contains("answered with an error"), "{why}");
    }
}

#[tokio::test]
async fn what_no_list_says_is_a_silence_with_its_reason_and_never_a_hit() {
    let server = Wild::start(|name| match name.split('.').next().unwrap() {
        "foreign" => Does::Tells(300, vec![Ipv4Addr::new(198, 51, 100, 7)]),
        "blocked" => Does::Tells(300, vec![Ipv4Addr::new(127, 255, 255, 254)]),
        "hangs" => Does::Hangs,
        "mistakes" => Does::Mistakes(LISTED),
        "fails" => Does::Fails,
        _ => Does::CutsOff(LISTED),
    });
    let about = |name: &str| {
        let room = Room::of(Zone { asks: Asks::Domain, ..plain() }, server.address);
        let url = format!("http://{name}.com/");
        async move { (room.silence(&url).await, room.list.counted()) }
    };
    let (foreign, blocked, hangs, mistakes, fails) =
        tokio::join!(about("foreign"), about("blocked"), about("hangs"), about("mistakes"), about("fails"));
    assert!(foreign.0.contains("198.51.100.7") && foreign.0.contains("one of your own"), "{}", foreign.0);
    assert!(blocked.0.contains("127.255.255.254: it does not serve this resolver"), "{}", blocked.0);
    assert!(hangs.0.starts_with("no answer came by way of 127.0.0.1:"), "{}", hangs.0);
    assert!(mistakes.0.starts_with("no answer came by way of 127.0.0.1:"), "{}", mistakes.0);
    assert!(fails.0.contains("answered with an error"), "{}", fails.0);
    for (_, counted) in [&foreign, &hangs, &mistakes, &fails] {
        assert_eq!((counted.failed, counted.listed, counted.clear), (1, 0, 0));
    }
    assert_eq!((blocked.1.refused, blocked.1.failed), (1, 0));

    let room = Room::of(Zone { asks: Asks::Domain, ..plain() }, server.address);
    assert_eq!(room.against("http://cut.com/").await.len(), 1, "what does not fit is asked again");
    assert_eq!(server.over_tcp(), 1);
}

#[tokio::test]
async fn answers_are_kept_by_name_for_their_time_within_bounds() {
    let server = Wild::start(|name| match name.split('.').next().unwrap() {
        "short" => Does::Tells(0, vec![LISTED]),
        "long" => Does::Tells(1_000_000, vec![LISTED]),
        "middle" => Does::Tells(600, vec![LISTED]),
        "never" => Does::Denies(1_000_000),
        "hardly" => Does::Denies(1),
        _ => Does::Denies(600),
    });
    let room = Room::of(Zone { asks: Asks::Domain, ..plain() }, server.address);
    let names = ["short", "long", "middle", "never", "hardly", "no"];
    for (name, secs) in names.into_iter().zip([60, 3600, 600, 3600, 60, 600]) {
        let url = |number| format!("http://h{number}.{name}.com/{number}");
        let keep = room.ask(&url(0)).await.unwrap().keep;
        // The clock that counts down what a server says is not the one of this test.
        let wanted = Duration::from_secs(secs);
        assert!(keep <= wanted && keep + Duration::from_secs(5) > wanted, "{name}: {keep:?}");
        room.ask(&url(1)).await.unwrap();
        assert_eq!(server.asked()[&format!("{name}.com.bl.test")], 1, "one question for all of its URLs");
        room.later(i64::try_from(secs).unwrap());
        room.ask(&url(2)).await.unwrap();
        assert_eq!(server.asked()[&format!("{name}.com.bl.test")], 2);
    }
}

#[tokio::test]
async fn one_that_fails_is_left_alone_and_tried_again_after_a_pause() {
    let server = Wild::start(|_| Does::Fails);
    let room = Room::of(Zone { asks: Asks::Domain, ..plain() }, server.address);
    for number in 0..8 {
        room.silence(&format!("http://a{number}.com/")).await;
    }
    let asked = server.asked();
    let names: Vec<&str> = asked.keys().map(String::as_str).collect();
    assert_eq!(names, ["a0.com.bl.test", "a1.com.bl.test", "a2.com.bl.test", "a3.com.bl.test", "a4.com.bl.test"]);
    assert_eq!((room.list.counted().failed, room.list.counted().held_back), (5, 3));
    let until = room.list.shut_until(room.clock.now()).unwrap();
    assert_eq!(until.millis_since(START), 10_000);
    assert!(room.silence("http://b.com/").await.contains("left alone for"));

    server.now(|_| Does::Denies(60));
    room.later(10);
    assert_eq!(room.against("http://b.com/").await, []);
    assert_eq!((room.list.shut_until(room.clock.now()), room.against("http://c.com/").await), (None, vec![]));

    server.now(|_| Does::Tells(60, vec![Ipv4Addr::new(127, 0, 0, 1)]));
    room.silence("http://d.com/").await;
    let before = server.questions();
    room.silence("http://e.com/").await;
    assert_eq!(server.questions(), before, "whoever says that it does not serve us is not asked on");
    assert_eq!(room.list.shut_until(room.clock.now()).unwrap().millis_since(room.clock.now()), 600_000);
}

#[tokio::test]
async fn no_more_is_asked_than_the_budget_allows() {
    let server = Wild::start(|_| Does::Denies(60));
    let room = Room::of(Zone { asks: Asks::Domain, budget: (2, 3), ..plain() }, server.address);
    assert_eq!(room.against("http://a.com/").await, []);
    assert_eq!(room.against("http://b.com/").await, []);
    assert!(room.silence("http://c.com/").await.contains("2 questions a second"));
    assert_eq!(room.against("http://a.com/").await, [], "what is kept costs nothing");
    room.later(1);
    assert_eq!(room.against("http://d.com/").await, []);
    assert!(room.silence("http://e.com/").await.contains("3 questions a day"));
    assert_eq!((server.questions(), room.list.counted().over_budget), (3, 2));
}

#[tokio::test]
async fn what_is_inside_is_never_told_to_a_list() {
    let server = Wild::start(|_| Does::Tells(60, vec![LISTED]));
    let room = Room::of(plain(), server.address);
    for url in ["http://intranet/", "http://wiki.corp.internal/", "http://10.1.2.3/", "http://printer.local/x"] {
        assert_eq!(room.against(url).await, [], "{url}");
    }
    assert_eq!(server.questions(), 0);
}

/// Nobody waits long enough to give up.
fn patient() -> Limits {
    Limits { patience: Duration::from_secs(60), ..Limits::default() }
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
