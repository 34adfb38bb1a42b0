//! A destination that is still being visited: the page that waits, how it asks again, and what comes of it.

use std::{
    io::Write,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use fantoccini::Locator;
use sekisho::{
    click::{Answer, Asks, Barrier, Checking, Form, Request, Stop},
    judge::{Outcome, Said},
    policy::{Policy, Scan},
    scan::Times,
    sources::{Limits, Source},
};

use super::{
    HOST, Station,
    asked::{Says, Told, click},
    front::{get, post},
    stopped,
};
use crate::{
    browser::{Browser, DESKTOP},
    visit::{Server, answer, head, redirect, scanner_naming},
};

const URL: &str = "https://www.shop.example/a";
/// How long a click waits for the visit: nothing here depends on it, since the visit ends when the test says so.
const PATIENCE: Duration = Duration::from_millis(20);

fn station(source: &Arc<Told>, policy: Policy) -> Station {
    let mut station = Station::with(policy.clone());
    station.ask(policy, vec![Arc::clone(source) as Arc<dyn Source>], Limits::default());
    station
}

fn checking(answer: Answer) -> (Checking, Stop) {
    let stop = stopped(answer);
    match stop.barrier.clone() {
        Barrier::Checking(checking) => (checking, stop),
        other => panic!("{other:?}"),
    }
}

/// What the page does by itself: asks again with what it was given.
async fn again(station: &Station, path: &str, checking: &Checking) -> Answer {
    let nonce = checking.again.strip_prefix(&format!("{path}?again=")).unwrap();
    let request = Request { again: Some(nonce), ..station.request(HOST, path) };
    match station.checkpoint.open(&request) {
        Answer::AskSources(questions) => {
            let findings = station.checkpoint.ask_sources(&questions).await;
            station.checkpoint.open(&Request { findings: Some(&findings), ..request })
        }
        answer => answer,
    }
}

/// Until the visit is over and what it found is kept.
async fn until_kept(station: &Station, path: &str) {
    while matches!(station.open(path), Answer::AskSources(_)) {
        tokio::task::yield_now().await;
    }
}

fn outcomes(station: &Station) -> Vec<Outcome> {
    station.events().into_iter().map(|event| event.outcome).collect()
}

#[tokio::test]
async fn a_click_that_does_not_wait_for_a_visit_is_shown_so_until_it_is_over() {
    for (says, last) in [(Says::Clear, Outcome::Allowed), (Says::Malicious, Outcome::Blocked)] {
        let source = Told::slow(says, PATIENCE);
        let station = station(&source, Policy::standard());
        let path = station.link(URL);
        let (first, stop) = checking(click(&station, &path).await);
        station.later(3000);
        let (second, _) = checking(again(&station, &path, &first).await);
        assert_eq!((first.seconds, second.seconds, source.asked()), (0, 3, 1));
        source.let_through(1);
        loop {
            match again(&station, &path, &second).await {
                Answer::Page(page) if says_checking(&page) => tokio::task::yield_now().await,
                Answer::Redirect { location } => break assert_eq!((location.as_str(), last), (URL, Outcome::Allowed)),
                answer => break assert_eq!((stopped(answer).barrier, last), (Barrier::Block, Outcome::Blocked)),
            }
        }
        let events = station.events();
        assert_eq!(outcomes(&station), [Outcome::Pending, last], "one wait, one event");
        assert!(events.iter().all(|event| event.click_id == stop.reference), "all of it is one click");
        assert!(events[0].why.as_deref().unwrap().ends_with("It is still being looked at."), "{:?}", events[0].why);
        assert_eq!((events[0].asked[0].said, source.asked()), (Said::Silent, 1));
    }
}

fn says_checking(page: &sekisho::click::Page) -> bool {
    matches!(page, sekisho::click::Page::Stop(stop) if matches!(stop.barrier, Barrier::Checking(_)))
}

#[tokio::test]
async fn whoever_may_goes_on_without_waiting_and_not_past_a_warning() {
    let source = Told::slow(Says::Malicious, PATIENCE);
    let station = station(&source, Policy::standard());
    let path = station.link(URL);
    let (shown, _) = checking(click(&station, &path).await);
    let nonce = shown.onward.unwrap().nonce;
    let form = Form { nonce: Some(&nonce), reason: None };
    let request = station.request(HOST, &path);
    let Answer::AskSources(questions) = station.checkpoint.proceed(&request, &form) else { panic!() };
    let findings = station.checkpoint.ask_sources(&questions).await;
    let answer = station.checkpoint.proceed(&Request { findings: Some(&findings), ..request }, &form);
    assert_eq!(answer, Answer::Redirect { location: URL.into() });
    assert_eq!(outcomes(&station), [Outcome::Pending, Outcome::PendingBypassed]);
    // What was found out meanwhile counts.
    source.let_through(1);
    until_kept(&station, &path).await;
    assert_eq!(stopped(station.checkpoint.proceed(&station.request(HOST, &path), &form)).barrier, Barrier::Block);
    // The nonce with which a page asks again stands in an address, and opens nothing.
    let again = shown.again.split_once("?again=").unwrap().1;
    let form = Form { nonce: Some(again), reason: None };
    assert_eq!(stopped(station.checkpoint.proceed(&station.request(HOST, &path), &form)).barrier, Barrier::Block);
}

#[tokio::test]
async fn a_strict_policy_waits() {
    let source = Told::slow(Says::Clear, PATIENCE);
    let station = station(&source, Policy::strict());
    let (shown, _) = checking(click(&station, &station.link(URL)).await);
    assert_eq!(shown.onward, None);
}

#[tokio::test]
async fn nobody_visits_for_programs_for_lists_alone_and_where_the_policy_says_never() {
    let source = Told::slow(Says::Malicious, PATIENCE);
    let never = Policy { never_visit: vec!["shop.example".into()], ..Policy::standard() };
    for policy in [Policy { scan: Scan::ListsOnly, ..Policy::standard() }, never] {
        let station = station(&source, policy);
        assert_eq!(click(&station, &station.link(URL)).await, Answer::Redirect { location: URL.into() });
    }
    let station = station(&source, Policy::standard());
    let path = station.link(URL);
    let head = Request { asks: Asks::Status, ..station.request(HOST, &path) };
    assert_eq!(station.checkpoint.open(&head), Answer::Redirect { location: URL.into() });
    station.list("corp", "shop.example\n");
    assert_eq!(stopped(click(&station, &path).await).barrier, Barrier::BlockedByAdmin);
    assert_eq!(source.asked(), 0);
}

#[tokio::test]
async fn row_135_a_visit_that_breaks_down_costs_that_visit_alone() {
    let source = Told::slow(Says::Panics, Duration::from_secs(60));
    source.let_through(100);
    let station = station(&source, Policy::standard());
    let path = station.link(URL);
    for _ in 0..2 {
        assert!(matches!(stopped(click(&station, &path).await).barrier, Barrier::Notice(_)), "unknown, and let on");
    }
    assert_eq!(outcomes(&station), [Outcome::ErrorFailedOpen, Outcome::ErrorFailedOpen]);
}

#[tokio::test]
async fn a_known_bad_place_is_not_visited() {
    let quick = Told::open("dns", Says::Malicious);
    let slow = Told::slow(Says::Clear, Duration::from_secs(60));
    let mut station = Station::new();
    let sources = [&quick, &slow].map(|source| Arc::clone(source) as Arc<dyn Source>);
    station.ask(Policy::standard(), sources.to_vec(), Limits::default());
    let path = station.link(URL);
    assert_eq!(stopped(click(&station, &path).await).barrier, Barrier::Block);
    assert_eq!(stopped(station.open(&path)).barrier, Barrier::Block, "and that is kept");
    assert_eq!((quick.asked(), slow.asked()), (1, 0));
}

#[test]
fn where_a_visit_leads_the_others_are_asked_too() {
    let quick = Told::open("dns", Says::Clear);
    let slow = Told::slow(Says::Clear, Duration::from_secs(60));
    slow.let_through(1);
    slow.leads(URL, "https://landing.example/x");
    let mut station = Station::new();
    let sources = [&quick, &slow].map(|source| Arc::clone(source) as Arc<dyn Source>);
    station.ask(Policy::standard(), sources.to_vec(), Limits::default());
    let listener = station.front();
    let path = station.link(URL);
    let reply = get(&listener, &path);
    assert_eq!((reply.status, quick.asked(), slow.asked()), (302, 2, 1), "{reply:?}");
    let event = station.events().pop().unwrap();
    let hops: Vec<_> = event.asked.iter().map(|asked| (asked.source.as_str(), asked.hop)).collect();
    assert_eq!(hops, [("dns", 0), ("visit", 0), ("dns", 1)]);
    assert_eq!(event.chain[0].url, "https://landing.example/x");
}

#[test]
fn over_http_the_page_asks_again_by_itself() {
    let source = Told::slow(Says::Clear, PATIENCE);
    let station = station(&source, Policy::standard());
    let listener = station.front();
    let path = station.link(URL);
    let reply = get(&listener, &path);
    let refresh = &reply.headers.iter().find(|(name, _)| name == "refresh").unwrap().1;
    let next = refresh.strip_prefix("1; url=").unwrap();
    assert!(reply.status == 200 && next.starts_with(&format!("{path}?again=")), "{refresh}");
    assert!(reply.body.contains("<progress") && !reply.body.contains("<script"), "{}", reply.body);
    let nonce = reply.body.split("name=\"nonce\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(post(&listener, &path, &format!("nonce={nonce}")).status, 303);
    source.let_through(1);
    let last = loop {
        let reply = get(&listener, next);
        if reply.status != 200 {
            break reply;
        }
    };
    assert_eq!((last.status, source.asked()), (302, 1));
    // Whoever makes such an address up has a click like any other.
    assert_eq!(get(&listener, &format!("{path}?again=made-up")).status, 302);
}

/// A destination that lets the visit wait until the test says so, and people not at all.
struct Slow {
    server: Server,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

impl Slow {
    fn start() -> Self {
        let gate: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let waits = gate.clone();
        let server = Server::with("127.0.0.1:0", move |mut stream| {
            let asked = head(&mut stream);
            if asked.contains("Sekisho") {
                let (open, opened) = &*waits;
                drop(opened.wait_while(open.lock().unwrap(), |open| !*open).unwrap());
            }
            let _ = match asked.starts_with("GET /lure") {
                true => stream.write_all(&redirect("http://192.168.1.1/admin")),
                false => stream.write_all(&answer("200 OK", "Content-Type: text/html\r\n", b"<title>arrived</title>")),
            };
        });
        Self { server, gate }
    }

    fn open(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }
}

/// By real clicks: the page waits, goes on by itself, and needs no script.
#[test]
fn in_a_browser_checking_becomes_the_destination_or_a_warning() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (path, arrives) in [("page", true), ("lure", false)] {
        let slow = Slow::start();
        let port = slow.server.address.port();
        let mut station = Station::new();
        let times = Times { patience: Duration::from_millis(200), limit: Duration::from_secs(30) };
        let scanner = {
            let _inside = runtime.enter();
            scanner_naming(&[&slow.server], "slow.example.com", times)
        };
        station.ask(Policy::standard(), vec![Arc::new(scanner)], Limits::default());
        let listener = station.front();
        let url = format!("http://slow.example.com:{port}/{path}");
        let link = format!("http://{HOST}{}", station.link(&url));
        runtime.block_on(async {
            let places = format!("MAP {HOST}:80 {}, MAP slow.example.com:{port} 127.0.0.1:{port}", listener.address);
            let browser = Browser::start_with(&DESKTOP, &places).await;
            let client = &browser.client;
            client.goto(&link).await.unwrap();
            client.find(Locator::Css("progress")).await.unwrap();
            crate::demo::screenshot(client, &format!("checking-{path}")).await;
            // It asks again by itself, and is still the same page.
            let asked = format!("{link}?again=");
            client.wait().at_most(Duration::from_secs(20)).for_element(Locator::Css("progress")).await.unwrap();
            while !client.current_url().await.unwrap().as_str().starts_with(&asked) {
                tokio::task::yield_now().await;
            }
            slow.open();
            let wanted = Locator::Css(if arrives { "html" } else { "body.ask" });
            client.wait().at_most(Duration::from_secs(20)).for_element(wanted).await.unwrap();
            if arrives {
                client.wait().at_most(Duration::from_secs(20)).for_url(&url.parse().unwrap()).await.unwrap();
                assert_eq!(client.title().await.unwrap(), "arrived");
            }
            browser.stop().await;
        });
        let last = if arrives { Outcome::Allowed } else { Outcome::Warned };
        assert_eq!(outcomes(&station), [Outcome::Pending, last]);
    }
}

/// Attack row 128, from end to end: a link that works once is opened by the person alone.
#[test]
fn row_128_a_link_that_works_once_is_spent_once_by_the_person() {
    let server = Server::answering(|_| answer("200 OK", "", b"welcome"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let times = Times { patience: Duration::from_secs(30), limit: Duration::from_secs(30) };
    let scanner = {
        let _inside = runtime.enter();
        Arc::new(scanner_naming(&[&server], "app.example.com", times))
    };
    let mut station = Station::new();
    station.ask(Policy::standard(), vec![scanner.clone() as Arc<dyn Source>], Limits::default());
    let listener = station.front();
    let url = format!("http://app.example.com:{}/signin?token=8f14e45fceea167a5a36dedd4bea2543", server.address.port());
    let path = station.link(&url);
    let programs = ["Slackbot-LinkExpanding 1.0", "Mozilla/5.0 (compatible; Googlebot/2.1)"];
    for _ in 0..3 {
        assert_eq!(get(&listener, &format!("/~/preview{path}")).status, 200);
        listener.say(format!("HEAD {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"));
        for agent in programs {
            let ask =
                format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n");
            listener.say(ask);
        }
        let journey = runtime.block_on(scanner.visit(&sekisho::url::parse(&url).unwrap()));
        assert!(matches!(journey.end, sekisho::scan::End::Left(_)), "{journey:?}");
    }
    let reply = get(&listener, &path);
    assert_eq!((reply.status, server.came()), (302, 0));
    let event = station.events().pop().unwrap();
    assert_eq!(event.outcome, Outcome::Allowed);
    assert!(
        event.asked[0].why.as_deref().unwrap().starts_with("not fetched: it looks as if it worked only once"),
        "{event:?}"
    );
    // The person's browser follows.
    let mut browser = std::net::TcpStream::connect(server.address).unwrap();
    browser.write_all(b"GET /signin HTTP/1.1\r\n\r\n").unwrap();
    drop(std::io::read_to_string(browser).unwrap());
    assert_eq!(server.came(), 1);
}
