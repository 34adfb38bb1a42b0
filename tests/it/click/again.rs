//! Clicks that are judged again when what is known of their destination turns.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use sekisho::{
    click::{AT_ONCE, Again, Answer},
    judge::{Action, ClickEvent, Flip, Outcome, Said, Source as Says_, Tier},
    policy::{Policy, Scan},
    sources::{Limits, Panel, Source, Turn, Witness},
    store::{REJUDGED_FOR, Reveal, explain},
};

use super::{
    OTHER_TENANT, Station,
    asked::{Says, Told, click, click_at},
    tenants,
};

const URL: &str = "https://www.shop.example/a";

#[derive(Default)]
struct Heard(Mutex<Vec<Turn>>);

impl Witness for Heard {
    fn turned(&self, turn: Turn) {
        self.0.lock().unwrap().push(turn);
    }
}

impl Heard {
    fn turns(&self) -> Vec<Turn> {
        self.0.lock().unwrap().clone()
    }
}

fn watched(source: &Arc<Told>, policy: Policy) -> (Station, Arc<Heard>) {
    let mut station = Station::with(policy.clone());
    let heard = Arc::new(Heard::default());
    let sources = vec![Arc::clone(source) as Arc<dyn Source>];
    let panel = Panel::watched(heard.clone(), sources, Limits::default(), station.clock.clone());
    station.renew(tenants(policy), Arc::new(panel));
    (station, heard)
}

fn rejudge(station: &Station, turn: &Turn) -> Again {
    station.log.flush(Duration::from_secs(30)).unwrap();
    station.checkpoint.rejudge(&station.store, turn, true).unwrap()
}

fn flips(station: &Station) -> Vec<Flip> {
    station.store.flips(100, Reveal::Whole).unwrap()
}

fn by_outcome(events: &[ClickEvent], outcome: Outcome) -> Vec<&ClickEvent> {
    events.iter().filter(|event| event.outcome == outcome).collect()
}

#[tokio::test]
async fn whoever_went_on_before_a_visit_was_over_is_named_once_when_it_finds_something() {
    let source = Told::slow(Says::Malicious, Duration::from_millis(20));
    let (station, heard) = watched(&source, Policy::standard());
    let path = station.link(URL);
    let Answer::Page(sekisho::click::Page::Stop(stop)) = click(&station, &path).await else { panic!() };
    let sekisho::click::Barrier::Checking(checking) = stop.barrier else { panic!() };
    let nonce = checking.onward.unwrap().nonce;
    let form = sekisho::click::Form { nonce: Some(&nonce), reason: None };
    let request = station.request(super::HOST, &path);
    let Answer::AskSources(questions) = station.checkpoint.proceed(&request, &form) else { panic!() };
    let findings = station.checkpoint.ask_sources(&questions).await;
    let request = sekisho::click::Request { findings: Some(&findings), ..request };
    assert!(matches!(station.checkpoint.proceed(&request, &form), Answer::Redirect { .. }));
    assert!(heard.turns().is_empty(), "nothing is known yet");
    // It goes on behind, and nobody waits for it.
    source.let_through(1);
    while heard.turns().is_empty() {
        tokio::task::yield_now().await;
    }
    let turn = heard.turns().remove(0);
    assert_eq!((turn.url.as_str(), turn.heard.said()), (URL, Said::Objects));
    assert_eq!(rejudge(&station, &turn), Again { flips: 1, clicks: 1, untold: 0, is_cut: false });
    assert_eq!(rejudge(&station, &turn), Again::default(), "once");
    let flip = flips(&station).remove(0);
    let events = station.events();
    let went = by_outcome(&events, Outcome::PendingBypassed)[0];
    let named = &flip.clicks[0];
    assert_eq!((named.event_id, named.click_id), (went.event_id, stop.reference), "not the page that waited");
    assert_eq!((named.was, named.tier, named.action), (Some(Tier::Unknown), Tier::Malicious, Action::Block));
    assert!(named.policy.starts_with("standard@"), "{named:?}");
    assert!(matches!(&flip.signal.source, Says_::Asked { source, .. } if source == "visit"), "{flip:?}");
    let of = station.store.flips_of(stop.reference, Reveal::Masked).unwrap();
    let told =
        explain(&station.store.click(stop.reference, Reveal::Masked).unwrap(), &[], None, &of).unwrap().to_string();
    for words in
        ["judged again: malicious, threat phishing, and was unknown then", "visit: it is known", "with block now"]
    {
        assert!(told.contains(words), "no {words:?} in {told}");
    }
    assert_eq!(station.store.untold_flips("node-1", 10).unwrap().len(), 1);
    // What was recorded stays as it was.
    assert_eq!(station.events(), events);
}

#[tokio::test]
async fn clicks_of_two_days_are_judged_again_and_older_ones_are_left() {
    let source = Told::open("dns", Says::Clear);
    let (station, heard) = watched(&source, Policy::standard());
    let path = station.link(URL);
    // Links to one place in other spellings, and one elsewhere.
    let other = station.link("https://www.shop.example/b/../a#x");
    let elsewhere = station.link("https://www.shop.example/b");
    click(&station, &path).await;
    station.later(1);
    for path in [&path, &other, &elsewhere] {
        click(&station, path).await;
    }
    source.say(Says::Malicious);
    station.later(REJUDGED_FOR);
    click(&station, &path).await;
    let turns = heard.turns();
    assert_eq!(turns.len(), 1);
    assert_eq!(rejudge(&station, &turns[0]).clicks, 2);
    let flip = flips(&station).remove(0);
    let events = station.events();
    let named: Vec<_> = flip.clicks.iter().map(|click| click.event_id).collect();
    assert_eq!(
        named,
        [events[1].event_id, events[2].event_id],
        "not the first, which is older, nor the one that was stopped"
    );
}

#[tokio::test]
async fn each_tenant_is_judged_by_its_own_policy_and_lists() {
    let source = Told::open("dns", Says::Clear);
    let (mut station, heard) = watched(&source, Policy::standard());
    let paths = [station.link(URL), station.link_of(OTHER_TENANT, URL)];
    for (host, path) in [super::HOST, "go.other.example"].into_iter().zip(&paths) {
        click_at(&station, host, path).await;
    }
    source.say(Says::Malicious);
    station.later(61_000);
    click(&station, &paths[0]).await;
    let turn = heard.turns().remove(0);
    // An admin allows it, so it is nobody's harm.
    station.list("ours", "@action allow\nwww.shop.example\n");
    assert_eq!(rejudge(&station, &turn), Again::default());
    station.list("ours", "@action allow\nelse.example\n");
    // Who looks at lists alone is not judged by others.
    station.renew(tenants(Policy { scan: Scan::ListsOnly, ..Policy::standard() }), super::no_sources());
    assert_eq!(rejudge(&station, &turn).clicks, 1);
    assert_eq!(flips(&station)[0].clicks[0].tenant, OTHER_TENANT);
}

#[test]
fn a_list_that_names_a_host_now_names_the_clicks_that_went_there() {
    let station = Station::new();
    for url in [URL, "https://www.shop.example/b", "https://fine.example/"] {
        station.open(&station.link(url));
    }
    // By way of a redirector that can be read off.
    station.open(&station.link("https://www.google.com/url?q=https://www.shop.example/a"));
    station.log.flush(Duration::from_secs(30)).unwrap();
    let by_lists = || station.checkpoint.rejudge_by_lists(&station.store, false).unwrap();
    assert_eq!(by_lists(), Again::default());
    station.list("corp", "shop.example # INC-7\n");
    assert_eq!(by_lists(), Again { flips: 2, clicks: 3, untold: 0, is_cut: false }, "two URLs, one twice");
    assert_eq!(by_lists(), Again::default());
    let flips = flips(&station);
    assert!(flips.iter().all(|flip| flip.host == "www.shop.example"), "{flips:?}");
    let Says_::List(entry) = &flips[0].signal.source else { panic!() };
    assert_eq!((entry.list.as_str(), entry.line, entry.version.len()), ("corp", 1, 12));
    assert!(station.store.untold_flips("node-1", 10).unwrap().is_empty(), "nobody waits to be told");
}

#[tokio::test]
async fn many_clicks_are_judged_again_in_portions() {
    let source = Told::open("dns", Says::Clear);
    let (mut station, heard) = watched(&source, Policy::standard());
    station.renew(tenants(Policy::standard()), super::no_sources());
    let path = station.link(URL);
    for at in 0..AT_ONCE + 3 {
        // A link that is opened too often is not let on.
        station.later(if at % 40 == 0 { 60_000 } else { 1 });
        assert!(matches!(station.open(&path), Answer::Redirect { .. }));
    }
    let panel = Panel::watched(
        heard.clone(),
        vec![Arc::clone(&source) as Arc<dyn Source>],
        Limits::default(),
        station.clock.clone(),
    );
    station.renew(tenants(Policy::standard()), Arc::new(panel));
    source.say(Says::Malicious);
    click(&station, &path).await;
    let turn = heard.turns().remove(0);
    assert_eq!(rejudge(&station, &turn), Again { flips: 2, clicks: AT_ONCE + 3, untold: 0, is_cut: false });
    let sizes: Vec<_> = flips(&station).iter().map(|flip| flip.clicks.len()).collect();
    assert_eq!(sizes, [3, AT_ONCE]);
}
