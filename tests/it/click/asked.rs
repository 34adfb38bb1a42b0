//! Sources that have to be asked: by themselves, and under a checkpoint.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use sekisho::{
    click::{Answer, Asks, Barrier, Request},
    judge::{Evidence, Freshness, Outcome, Said, Threat, Tier},
    policy::{Log, Need, Needs, Policy, Scan},
    sources::{Finding, Findings, Limits, Objection, Panel, Questions, Rest, Source, Unanswered},
    store::Scope,
    url::{self, WebUrl},
};
use tokio::sync::Semaphore;

use super::{HOST, HandClock, MESSAGE, START, Station, stopped};

const URL: &str = "https://www.shop.example/a";
const KEEP: Duration = Duration::from_secs(60);

/// A source that counts its questions, answers when its gate is open, and says what it was told to say.
pub(super) struct Told {
    name: &'static str,
    gate: Semaphore,
    asked: AtomicUsize,
    says: Mutex<Says>,
    led_to: Mutex<HashMap<String, String>>,
    /// The time of its own that it takes, where it goes to the place itself.
    patience: Option<Duration>,
}

#[derive(Clone, Copy)]
pub(super) enum Says {
    Clear,
    Malicious,
    Unclear,
    Fails,
    Panics,
}

impl Told {
    pub(super) fn open(name: &'static str, says: Says) -> Arc<Self> {
        Arc::new(Self::with_gate(name, says, Semaphore::MAX_PERMITS))
    }

    fn shut(name: &'static str, says: Says) -> Arc<Self> {
        Arc::new(Self::with_gate(name, says, 0))
    }

    /// One that takes time of its own, and is waited for so long.
    pub(super) fn slow(says: Says, patience: Duration) -> Arc<Self> {
        Arc::new(Self { patience: Some(patience), ..Self::with_gate("visit", says, 0) })
    }

    /// Says that a visitor of `url` is sent to `next`.
    pub(super) fn leads(&self, url: &str, next: &str) {
        self.led_to.lock().unwrap().insert(url.to_owned(), next.to_owned());
    }

    /// Lets so many questions be answered.
    pub(super) fn let_through(&self, questions: usize) {
        self.gate.add_permits(questions);
    }

    fn with_gate(name: &'static str, says: Says, permits: usize) -> Self {
        let gate = Semaphore::new(permits);
        let (says, led_to) = (Mutex::new(says), Mutex::default());
        Self { name, gate, asked: AtomicUsize::new(0), says, led_to, patience: None }
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }
}

impl Source for Told {
    fn name(&self) -> &str {
        self.name
    }

    fn evidence(&self) -> Evidence {
        if self.patience.is_some() { Evidence::Scan } else { Evidence::Dns }
    }

    fn patience(&self) -> Option<Duration> {
        self.patience
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn ask(&self, url: WebUrl) -> Pin<Box<dyn Future<Output = Result<Finding, Unanswered>> + Send + '_>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            self.gate.acquire().await.unwrap().forget();
            let says = *self.says.lock().unwrap();
            let objection =
                Objection { tier: Tier::Malicious, threat: Threat::Phishing, evidence: "it is known".into() };
            let led_to = self.led_to.lock().unwrap().get(url.as_str()).map(|url| url::parse(url).unwrap());
            let objections = match says {
                Says::Clear => vec![],
                Says::Malicious => vec![objection],
                Says::Unclear => {
                    let rest = Rest::Unclear("it cannot tell".into());
                    return Ok(Finding { rest, keep: KEEP, ..Finding::default() });
                }
                Says::Fails => return Err(Unanswered("the line is cut".into())),
                Says::Panics => panic!("as told"),
            };
            Ok(Finding { objections, led_to: led_to.into_iter().collect(), keep: KEEP, ..Finding::default() })
        })
    }
}

struct Room {
    panel: Arc<Panel>,
    clock: Arc<HandClock>,
}

impl Room {
    fn of(sources: &[&Arc<Told>], limits: Limits) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(START.millis())));
        let sources = sources.iter().map(|source| Arc::clone(source) as Arc<dyn Source>).collect();
        Self { panel: Arc::new(Panel::new(sources, limits, clock.clone())), clock }
    }

    fn later(&self, by: Duration) {
        self.clock.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

/// Nobody waits long enough to give up.
fn patient() -> Limits {
    Limits { patience: Duration::from_secs(60), ..Limits::default() }
}

fn about(url: &str) -> Questions {
    Questions { about: vec![(0, url::parse(url).unwrap())], ..Questions::default() }
}

fn said(findings: &Findings) -> Vec<(Said, Freshness)> {
    findings.heard.iter().map(|heard| (heard.said(), heard.from)).collect()
}

#[tokio::test]
async fn however_many_wait_for_a_url_one_question_is_asked() {
    let source = Told::shut("dns", Says::Clear);
    let room = Room::of(&[&source], patient());
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let panel = Arc::clone(&room.panel);
            tokio::spawn(async move { panel.gather(&about(URL)).await })
        })
        .collect();
    // The gate lets one question through, and only when all 50 clicks have had their turn to ask one.
    while source.asked() == 0 {
        tokio::task::yield_now().await;
    }
    source.gate.add_permits(1);
    for findings in waiting {
        assert_eq!(findings.await.unwrap().heard[0].said(), Said::Clear);
    }
    assert_eq!(source.asked(), 1);
    assert_eq!(said(&room.panel.recall(&about(URL)).unwrap()), [(Said::Clear, Freshness::Asked)]);
}

#[tokio::test]
async fn findings_are_kept_under_the_exact_url_until_their_time_is_over() {
    let source = Told::open("dns", Says::Malicious);
    let room = Room::of(&[&source], patient());
    assert_eq!(room.panel.recall(&about(URL)), None);
    assert_eq!(said(&room.panel.gather(&about(URL)).await), [(Said::Objects, Freshness::Asked)]);
    room.later(KEEP - Duration::from_millis(1));
    assert_eq!(said(&room.panel.recall(&about(URL)).unwrap()), [(Said::Objects, Freshness::Kept)]);
    for other in ["http://www.shop.example/a", "https://www.shop.example/a?", "https://www.shop.example:8443/a"] {
        assert_eq!(room.panel.recall(&about(other)), None, "{other}");
    }
    room.later(Duration::from_millis(1));
    assert_eq!(room.panel.recall(&about(URL)), None);
    room.panel.gather(&about(URL)).await;
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn what_is_kept_is_capped_by_its_bytes() {
    let source = Told::open("dns", Says::Clear);
    let room = Room::of(&[&source], Limits { kept_bytes: 20_000, ..patient() });
    for number in 0..500 {
        room.panel.gather(&about(&format!("https://h{number}.example/"))).await;
    }
    let stats = room.panel.stats().await;
    assert_eq!((stats[0].asked, stats[0].failed), (500, 0));
    assert!((1..=20_000).contains(&stats[0].kept_bytes) && stats[0].kept < 150, "{stats:?}");
}

#[tokio::test]
async fn who_takes_too_long_is_silent_for_this_click_and_heard_by_the_next() {
    let (slow, quick) = (Told::shut("slow", Says::Malicious), Told::open("quick", Says::Clear));
    let room = Room::of(&[&slow, &quick], Limits { patience: Duration::from_millis(20), ..Limits::default() });
    let findings = room.panel.gather(&about(URL)).await;
    assert_eq!(said(&findings)[0], (Said::Silent, Freshness::Asked));
    assert_eq!(findings.told()[0].why.as_deref(), Some("it took too long"));
    assert!(findings.waited_micros.is_some());
    slow.gate.add_permits(1);
    while room.panel.recall(&about(URL)).is_none() {
        tokio::task::yield_now().await;
    }
    let kept = room.panel.recall(&about(URL)).unwrap();
    assert_eq!((kept.heard[0].said(), kept.heard[1].said(), slow.asked()), (Said::Objects, Said::Clear, 1));
}

#[tokio::test]
async fn while_a_source_fails_its_last_objection_counts_and_its_last_clear_does_not() {
    for (before, after) in
        [(Says::Malicious, (Said::Objects, Freshness::Stale)), (Says::Clear, (Said::Silent, Freshness::Asked))]
    {
        let source = Told::open("dns", before);
        let room = Room::of(&[&source], patient());
        room.panel.gather(&about(URL)).await;
        room.later(KEEP);
        source.say(Says::Fails);
        assert_eq!(said(&room.panel.gather(&about(URL)).await), [after]);
        assert_eq!(said(&room.panel.recall(&about(URL)).unwrap()), [after], "it is not asked at once again");
        room.later(Duration::from_secs(5));
        assert_eq!(said(&room.panel.gather(&about(URL)).await), [after]);
        assert_eq!((source.asked(), room.panel.stats().await[0].failed), (3, 2));
        room.later(Duration::from_secs(25 * 60 * 60));
        assert_eq!(room.panel.gather(&about(URL)).await.heard[0].said(), Said::Silent, "not for ever");
        source.say(Says::Clear);
        room.later(Duration::from_secs(5));
        assert_eq!(room.panel.gather(&about(URL)).await.heard[0].said(), Said::Clear);
    }
}

#[tokio::test]
async fn one_that_cannot_tell_is_silent_and_unsays_nothing() {
    let source = Told::open("dns", Says::Malicious);
    let room = Room::of(&[&source], patient());
    room.panel.gather(&about(URL)).await;
    room.later(KEEP);
    source.say(Says::Unclear);
    assert_eq!(said(&room.panel.gather(&about(URL)).await), [(Said::Objects, Freshness::Stale)]);
    let other = room.panel.gather(&about("https://other.example/")).await;
    assert_eq!(said(&other), [(Said::Silent, Freshness::Asked)]);
    assert_eq!(other.told()[0].why.as_deref(), Some("it cannot tell"));
}

#[tokio::test]
async fn one_that_hangs_does_not_unsay_what_it_objected_before() {
    let source = Told::shut("dns", Says::Malicious);
    source.gate.add_permits(1);
    let room = Room::of(&[&source], Limits { patience: Duration::from_millis(20), ..Limits::default() });
    while room.panel.recall(&about(URL)).is_none() {
        room.panel.gather(&about(URL)).await;
    }
    room.later(KEEP);
    assert_eq!(said(&room.panel.gather(&about(URL)).await), [(Said::Objects, Freshness::Stale)]);
}

#[tokio::test]
async fn one_that_breaks_down_takes_nobody_with_it() {
    let (bad, good) = (Told::open("bad", Says::Panics), Told::open("good", Says::Malicious));
    let room = Room::of(&[&bad, &good], patient());
    let findings = room.panel.gather(&about(URL)).await;
    assert_eq!((findings.heard[0].said(), findings.heard[1].said()), (Said::Silent, Said::Objects));
    assert_eq!(findings.told()[0].why.as_deref(), Some("it broke off"));
}

#[tokio::test]
async fn more_questions_than_may_be_under_way_are_not_asked() {
    let source = Told::shut("dns", Says::Clear);
    let limits = Limits { under_way: 1, patience: Duration::from_millis(20), ..Limits::default() };
    let room = Room::of(&[&source], limits);
    let two = vec![(0, url::parse(URL).unwrap()), (1, url::parse("https://two.example/").unwrap())];
    let two = Questions { about: two, ..Questions::default() };
    let findings = room.panel.gather(&two).await;
    assert_eq!(findings.told()[1].why.as_deref(), Some("too many questions are under way"));
    assert_eq!((source.asked(), room.panel.refused()), (1, 1));
}

/// A station with one source, and a click as a front makes it.
fn station(source: &Arc<Told>, policy: Policy) -> Station {
    let mut station = Station::with(policy.clone());
    station.ask(policy, vec![Arc::clone(source) as Arc<dyn Source>], patient());
    station
}

pub(super) async fn click(station: &Station, path: &str) -> Answer {
    click_at(station, HOST, path).await
}

pub(super) async fn click_at(station: &Station, host: &str, path: &str) -> Answer {
    let mut findings = Findings::default();
    let mut answer = station.checkpoint.open(&station.request(host, path));
    // Once about the URL, once about where that leads.
    for _ in 0..2 {
        let Answer::AskSources(questions) = answer else { break };
        findings = findings.and(station.checkpoint.ask_sources(&questions).await);
        answer = station.checkpoint.open(&Request { findings: Some(&findings), ..station.request(host, path) });
    }
    answer
}

#[tokio::test]
async fn an_objection_stops_the_click_and_the_event_says_who_objected() {
    let source = Told::open("dns", Says::Malicious);
    let station = station(&source, Policy::standard());
    let path = station.link(URL);
    assert_eq!(stopped(click(&station, &path).await).barrier, Barrier::Block);
    assert!(matches!(station.open(&path), Answer::Page(_)), "what is kept is waited for by nobody");
    let events = station.events();
    assert_eq!(events.iter().map(|event| event.outcome).collect::<Vec<_>>(), [Outcome::Blocked, Outcome::Blocked]);
    assert_eq!((events[0].asked[0].said, events[0].threat), (Said::Objects, Threat::Phishing));
    assert!(events[0].waited_micros.is_some() && events[1].waited_micros.is_none());
    assert!(events[0].why.as_deref().unwrap().contains("dns says that it is known"), "{:?}", events[0].why);
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn lists_are_asked_at_every_click_whatever_is_kept() {
    let source = Told::open("dns", Says::Clear);
    let station = station(&source, Policy::standard());
    let path = station.link(URL);
    assert_eq!(click(&station, &path).await, Answer::Redirect { location: URL.into() });
    station.list("corp", "shop.example\n");
    assert_eq!(stopped(station.open(&path)).barrier, Barrier::BlockedByAdmin);
    station.list("corp", "");
    assert_eq!(station.open(&path), Answer::Redirect { location: URL.into() });
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn where_a_source_leads_is_looked_up_in_the_lists_of_the_moment() {
    let source = Told::open("look", Says::Clear);
    source.led_to.lock().unwrap().insert(URL.into(), "https://www.google.com/url?q=https://evil.example/x".into());
    let station = station(&source, Policy::standard());
    let path = station.link(URL);
    assert_eq!(click(&station, &path).await, Answer::Redirect { location: URL.into() });
    station.list("corp", "evil.example\n");
    assert_eq!(stopped(station.open(&path)).barrier, Barrier::BlockedByAdmin);
    let event = station.events().pop().unwrap();
    let chain: Vec<_> = event.chain.iter().map(|inner| (inner.inside, inner.by.as_str())).collect();
    assert_eq!((chain, event.signals[0].hop), (vec![(0, "look"), (1, "Google")], 2));
}

#[tokio::test]
async fn silence_counts_as_the_policy_says() {
    let source = Told::open("dns", Says::Fails);
    let needs = Needs { others: Need::Required, by_source: [("dns".to_owned(), Need::Optional)].into() };
    for (policy, outcome) in [
        (Policy::standard(), Outcome::ErrorFailedOpen),
        (Policy::strict(), Outcome::ErrorFailedClosed),
        (Policy { needs, ..Policy::strict() }, Outcome::Allowed),
        (Policy { scan: Scan::ListsOnly, ..Policy::strict() }, Outcome::Allowed),
    ] {
        let station = station(&source, policy);
        click(&station, &station.link(URL)).await;
        assert_eq!(station.events().pop().unwrap().outcome, outcome);
    }
}

#[tokio::test]
async fn nobody_is_asked_for_programs_previews_and_what_is_settled_already() {
    let source = Told::open("dns", Says::Malicious);
    let station = station(&source, Policy::standard());
    let path = station.link(URL);
    let status = station.checkpoint.open(&Request { asks: Asks::Status, ..station.request(HOST, &path) });
    assert_eq!(status, Answer::Redirect { location: URL.into() });
    assert!(matches!(station.checkpoint.preview(&station.request(HOST, &path)), Answer::Page(_)));
    for list in ["@action internal\nshop.example\n", "@action allow\nshop.example\n"] {
        station.list("corp", list);
        assert_eq!(station.open(&path), Answer::Redirect { location: URL.into() });
    }
    station.list("corp", "shop.example\n");
    assert_eq!(stopped(station.open(&path)).barrier, Barrier::BlockedByAdmin);
    station.list("corp", "");
    station.revoke(Scope { message: Some(MESSAGE), ..Scope::default() });
    assert_eq!(stopped(station.open(&path)).barrier, Barrier::MessageConvicted);
    assert_eq!(source.asked(), 0);
}

#[tokio::test]
async fn a_policy_may_record_stops_alone() {
    let source = Told::open("dns", Says::Clear);
    let station = station(&source, Policy { log: Log::Stops, ..Policy::standard() });
    click(&station, &station.link(URL)).await;
    assert_eq!(station.events(), []);
    stopped(click(&station, &station.link("http://192.0.2.1/")).await);
    assert_eq!(station.events().len(), 1);
}
