use sekisho::{
    click::{Answer, Asks, Barrier, Hints, Page, Reason, ReasonAsked, Request, Stop, Word, Would},
    judge::{Action, Actor, HostFact, Outcome, Threat, Tier},
    link::Link,
    policy::Policy,
};

use super::{HOST, MESSAGE, OTHER_TENANT, RECIPIENT, START, Station, TENANT, stopped};

const CLEAN: &str = "https://www.shop.example/a?b=%20c&d=%E3%81%82#frag";
/// Suspicious by itself: a literal address with user information and an odd port.
const ODD: &str = "http://user@192.0.2.1:8081/login";

fn outcomes(station: &Station) -> Vec<Outcome> {
    station.events().into_iter().map(|event| event.outcome).collect()
}

fn nonce(stop: &Stop) -> String {
    match &stop.barrier {
        Barrier::Notice(onward) | Barrier::Warn(onward) => onward.nonce.clone(),
        other => panic!("no way on: {other:?}"),
    }
}

#[test]
fn a_clean_link_goes_on_byte_for_byte_and_is_recorded() {
    let station = Station::new();
    let path = station.link(CLEAN);
    assert_eq!(station.open(&path), Answer::Redirect { location: CLEAN.into() });
    let events = station.events();
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!((event.outcome, event.actor, event.tenant), (Outcome::Allowed, Actor::Human, Some(TENANT)));
    assert_eq!((event.tier, event.threat), (Some(Tier::Clean), Threat::None));
    assert_eq!(event.url.as_deref(), Some(CLEAN));
    assert_eq!(event.host.as_deref(), Some("www.shop.example"));
    assert_eq!(event.domain.as_deref(), Some("shop.example"));
    assert_eq!((event.message, event.recipient), (Some(MESSAGE), Some(RECIPIENT)));
    assert_eq!((event.time, event.link_issued), (START, Some(START.plus_millis(-600_000))));
    assert_eq!(event.policy.as_deref(), Some("standard@1"));
    assert_eq!((event.client.as_deref(), event.node.as_str()), (Some("192.0.2.9"), "node-1"));
}

#[test]
fn what_clients_glue_to_a_link_is_neither_read_nor_sent_on() {
    let station = Station::new();
    for glued in [")", ".", "%22", "%E3%80%82%E6%AC%A1"] {
        let path = station.link(CLEAN) + glued;
        assert_eq!(station.open(&path), Answer::Redirect { location: CLEAN.into() }, "{glued}");
    }
}

#[test]
fn a_suspicious_link_is_warned_of_with_its_reasons() {
    let station = Station::new();
    let stop = stopped(station.open(&station.link(ODD)));
    assert!(matches!(stop.barrier, Barrier::Warn(_)));
    assert_eq!((stop.tier, stop.house.name.as_deref()), (Tier::Suspicious, Some("Example Corp")));
    assert_eq!(stop.destination.domain, "192.0.2.1");
    let facts = [HostFact::LiteralAddress, HostFact::Userinfo];
    assert_eq!(stop.reasons, facts.map(Reason::Host));
    let events = station.events();
    assert_eq!((events[0].outcome, events[0].click_id), (Outcome::Warned, stop.reference));
    assert!(events[0].why.as_deref().is_some_and(|why| why.contains("standard@1")), "{:?}", events[0].why);
}

#[test]
fn going_on_redirects_under_the_same_click_as_often_as_it_is_asked() {
    let station = Station::new();
    let path = station.link(ODD);
    let nonce = nonce(&stopped(station.open(&path)));
    for _ in 0..2 {
        station.later(1000);
        assert_eq!(station.go_on(&path, &nonce, None), Answer::Redirect { location: ODD.into() });
    }
    assert_eq!(outcomes(&station), [Outcome::Warned, Outcome::WarnedProceeded, Outcome::WarnedProceeded]);
    let events = station.events();
    assert!(events.iter().all(|event| event.click_id == events[0].click_id));
    assert!(events[1].event_id != events[2].event_id && events[0].event_id != events[1].event_id);
}

#[test]
fn a_nonce_survives_what_a_client_glues_to_the_path_of_the_form() {
    let station = Station::new();
    let path = station.link(ODD);
    let nonce = nonce(&stopped(station.open(&format!("{path})"))));
    assert_eq!(station.go_on(&path, &nonce, None), Answer::Redirect { location: ODD.into() });
}

#[test]
fn a_nonce_ends_after_ten_minutes_and_the_page_comes_again() {
    let station = Station::new();
    let path = station.link(ODD);
    let first = stopped(station.open(&path));
    station.later(599_999);
    assert!(matches!(station.go_on(&path, &nonce(&first), None), Answer::Redirect { .. }));
    station.later(1);
    let again = stopped(station.go_on(&path, &nonce(&first), None));
    assert_ne!(again.reference, first.reference);
    assert!(matches!(station.go_on(&path, &nonce(&again), None), Answer::Redirect { .. }));
}

#[test]
fn a_nonce_of_another_link_or_none_at_all_gets_nobody_on() {
    let station = Station::new();
    let path = station.link(ODD);
    let other = nonce(&stopped(station.open(&station.link("http://192.0.2.2/"))));
    for bad in [other.as_str(), "", "AAAA", "é"] {
        assert!(matches!(stopped(station.go_on(&path, bad, None)).barrier, Barrier::Warn(_)), "{bad:?}");
    }
    assert!(!outcomes(&station).contains(&Outcome::WarnedProceeded));
}

#[test]
fn a_block_is_never_passed_not_even_with_a_nonce_from_before_it() {
    let station = Station::new();
    let path = station.link(ODD);
    let before = stopped(station.open(&path));
    station.list("corp", "192.0.2.1 ; reason=\"copies our sign-in page\" by=alice ref=INC-7\n");
    let blocked = stopped(station.go_on(&path, &nonce(&before), None));
    assert_eq!((&blocked.barrier, blocked.reference), (&Barrier::BlockedByAdmin, before.reference));
    assert!(blocked.reasons.contains(&Reason::Entry { note: Some("copies our sign-in page".into()) }));
    assert_eq!(outcomes(&station), [Outcome::Warned, Outcome::BlockedByAdmin]);
    let events = station.events();
    let why = events[1].why.as_deref().unwrap();
    assert!(why.contains("192.0.2.1") && why.contains("corp"), "{why}");
}

#[test]
fn the_wrap_log_vouches_for_a_link_and_for_no_other() {
    let mut station = Station::new();
    let (path, other) = (station.link(CLEAN), station.link("https://other.example/"));
    station.log_wrap(&path);
    station.compromise();
    let Answer::AskLog(link) = station.open(&path) else { panic!("opened unasked") };
    let Answer::AskLog(unlogged) = station.open(&other) else { panic!("opened unasked") };
    assert!(station.events().is_empty(), "nothing is recorded before it is known what happened");
    let word = station.checkpoint.ask_log(&link);
    assert_eq!((word, station.checkpoint.ask_log(&unlogged)), (Word::Holds(link.id), Word::Unknown));
    let elsewhere = Link { destination: unlogged.destination, ..*link };
    assert_eq!(station.checkpoint.ask_log(&elsewhere), Word::Unknown, "the destination counts, not the tag alone");
    let open = |path, word| station.checkpoint.open(&Request { word, ..station.request(HOST, path) });
    assert_eq!(open(&path, word), Answer::Redirect { location: CLEAN.into() });
    for (path, word) in [(&other, word), (&path, Word::Unknown)] {
        assert!(matches!(open(path, word), Answer::Page(Page::Damaged(_))));
    }
}

#[test]
fn a_lists_edit_counts_for_the_next_click() {
    let station = Station::new();
    let path = station.link(CLEAN);
    assert!(matches!(station.open(&path), Answer::Redirect { .. }));
    station.list("corp", "shop.example\n");
    assert_eq!(stopped(station.open(&path)).barrier, Barrier::BlockedByAdmin);
    station.list("corp", "");
    assert!(matches!(station.open(&path), Answer::Redirect { .. }));
}

#[test]
fn a_list_for_one_tenant_or_policy_speaks_for_nobody_else() {
    let station = Station::new();
    let path = station.link(CLEAN);
    for (others, own) in [("@tenant 8", "@tenant 7"), ("@policy strict", "@policy standard")] {
        station.list("scoped", &format!("{others}\nshop.example\n"));
        assert!(matches!(station.open(&path), Answer::Redirect { .. }), "{others}");
        station.list("scoped", &format!("{own}\nshop.example\n"));
        assert_eq!(stopped(station.open(&path)).barrier, Barrier::BlockedByAdmin, "{own}");
    }
}

#[test]
fn an_admins_allow_lets_a_suspicious_link_on() {
    let station = Station::with(Policy::strict());
    let path = station.link(ODD);
    assert_eq!(stopped(station.open(&path)).barrier, Barrier::Block);
    station.list("partners", "@action allow\n192.0.2.1\n");
    assert_eq!(station.open(&path), Answer::Redirect { location: ODD.into() });
    assert_eq!(outcomes(&station), [Outcome::Blocked, Outcome::AllowedByAdmin]);
}

#[test]
fn a_nonce_gets_past_what_its_page_showed_and_nothing_worse() {
    let (mild, strict) = (Station::suspicious(Action::Notice), Station::suspicious(Action::Warn));
    let path = mild.link(ODD);
    let notice = stopped(mild.open(&path));
    assert!(matches!(notice.barrier, Barrier::Notice(_)));
    // The same keyring, so any node can check the nonce.
    let warning = stopped(strict.go_on(&path, &nonce(&notice), None));
    assert!(matches!(warning.barrier, Barrier::Warn(_)));
    assert_eq!(warning.reference, notice.reference);
    assert_eq!(mild.go_on(&path, &nonce(&warning), None), Answer::Redirect { location: ODD.into() });
    assert_eq!(outcomes(&strict), [Outcome::Warned]);
}

#[test]
fn where_a_reason_is_wanted_none_goes_on_without_one() {
    let station = Station::suspicious(Action::WarnWithReason);
    let path = station.link(ODD);
    let asked = |stop: &Stop| match &stop.barrier {
        Barrier::Warn(onward) => onward.reason,
        other => panic!("{other:?}"),
    };
    let stop = stopped(station.open(&path));
    assert_eq!(asked(&stop), ReasonAsked::Yes);
    for nothing in [None, Some(""), Some(" \n\t\u{3000}")] {
        assert_eq!(asked(&stopped(station.go_on(&path, &nonce(&stop), nothing))), ReasonAsked::Missing);
    }
    let reason = format!("the\r\nprinter's \u{0}page {}", "x".repeat(500));
    assert!(matches!(station.go_on(&path, &nonce(&stop), Some(&reason)), Answer::Redirect { .. }));
    let events = station.events();
    let why = events.last().unwrap().why.as_deref().unwrap();
    assert!(why.ends_with(&format!("The person's reason: “the printer's page {}”.", "x".repeat(200 - 19))), "{why}");
    assert!(events.iter().all(|event| event.click_id == stop.reference));
}

#[test]
fn a_damaged_link_gets_one_answer_and_an_event_that_claims_nothing() {
    let station = Station::new();
    let path = station.link(CLEAN);
    for damaged in ["/", "/www.shop.example/", "/www.shop.example/AAAA1", &path[..path.len() - 2], &path.to_lowercase()]
    {
        let answer = station.open(damaged);
        let Answer::Page(Page::Damaged(page)) = answer else { panic!("{damaged}: {answer:?}") };
        let event = station.events().pop().unwrap();
        assert_eq!((event.outcome, event.click_id), (Outcome::BadSignature, page.reference));
        assert_eq!((event.tenant, event.url, event.host, event.message), (None, None, None, None));
        assert_eq!((event.tier, event.policy, event.signals.len()), (None, None, 0));
        assert!(matches!(station.go_on(damaged, "AAAA", None), Answer::Page(Page::Damaged(_))));
        let preview = station.checkpoint.preview(&station.request(HOST, damaged));
        assert!(matches!(preview, Answer::Page(Page::Damaged(_))));
    }
}

#[test]
fn a_link_opens_on_the_hosts_of_its_tenant_alone() {
    let station = Station::new();
    let (ours, theirs) = (station.link(CLEAN), station.link_of(OTHER_TENANT, CLEAN));
    let opens = |host: &str, path: &str| {
        matches!(station.checkpoint.open(&station.request(host, path)), Answer::Redirect { .. })
    };
    assert!(opens("go.corp.example", &ours) && opens("old.corp.example", &ours));
    assert!(opens("www.corp.example", &format!("/mail{ours}")) && !opens("www.corp.example", &ours));
    assert!(opens("go.other.example", &theirs) && !opens("go.other.example", &ours));
    assert!(!opens("go.corp.example", &theirs));
    assert!(station.checkpoint.spot("go.evil.example", ours.as_bytes()).is_none());
}

#[test]
fn a_preview_visits_nothing_and_is_no_click() {
    let station = Station::new();
    let preview = |host: &str, path: &str| match station.checkpoint.preview(&station.request(host, path)) {
        Answer::Page(Page::Preview(preview)) => *preview,
        other => panic!("{other:?}"),
    };
    let path = station.link(CLEAN);
    let clean = preview("www.corp.example", &format!("/mail{path}"));
    assert_eq!((clean.would, clean.link), (Would::Redirect, Some(format!("/mail{path}"))));
    assert_eq!((clean.destination.domain.as_str(), clean.reference), ("shop.example", None));
    station.list("corp", "shop.example\n");
    let blocked = preview(HOST, &path);
    assert_eq!((blocked.would, blocked.link), (Would::BlockedByAdmin, None));
    assert_eq!(preview(HOST, &station.link(ODD)).would, Would::Warn);
    assert_eq!(station.events(), []);
}

#[test]
fn previewers_and_browsers_that_fetch_ahead_are_never_sent_on() {
    let station = Station::new();
    let path = station.link(CLEAN);
    let open = |hints: Hints<'_>| station.checkpoint.open(&Request { hints, ..station.request(HOST, &path) });
    let slack = Hints { user_agent: Some("Slackbot-LinkExpanding 1.0"), ..Hints::default() };
    let Answer::Page(Page::Preview(preview)) = open(slack) else { panic!("no preview") };
    let ahead = Hints { user_agent: Some("Mozilla/5.0"), purpose: Some("prefetch;prerender"), fetched_as: None };
    assert_eq!(open(ahead), Answer::NotAhead);
    let events = station.events();
    assert_eq!(preview.reference, Some(events[0].click_id));
    let seen: Vec<_> = events.iter().map(|event| (event.actor, event.outcome)).collect();
    assert_eq!(seen, [(Actor::Scanner, Outcome::Allowed), (Actor::Prefetch, Outcome::Allowed)]);
}

#[test]
fn asking_for_the_status_is_no_persons_click() {
    let station = Station::new();
    let path = station.link(CLEAN);
    let answer = station.checkpoint.open(&Request { asks: Asks::Status, ..station.request(HOST, &path) });
    assert_eq!(answer, Answer::Redirect { location: CLEAN.into() });
    assert_eq!(station.events()[0].actor, Actor::Unknown);
}
