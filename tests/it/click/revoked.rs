use sekisho::{
    click::{Answer, Asks, Barrier, Hints, Page, Reason, Request, Would},
    judge::{Actor, HostFact, Outcome, Source, Tier},
    store::{Reveal, Say, Scope, explain},
};

use super::{HOST, MESSAGE, START, Station, TENANT, stopped};

const CLEAN: &str = "https://www.shop.example/a";
/// Suspicious by itself.
const ODD: &str = "http://192.0.2.1/login";

impl Station {
    pub(super) fn revoke(&self, scope: Scope) -> i64 {
        let say = Say { time: START, by: "alice", reason: "INC-7 <b>phish</b>" };
        let id = self.store.revoke(scope, say, None).unwrap();
        assert_eq!(self.rulings.reload_now().problem, None);
        id
    }

    fn release(&self, id: i64) {
        self.store.release(id, Say { time: START, by: "bob", reason: "a mistake" }).unwrap();
        self.rulings.reload_now();
    }
}

fn message() -> Scope {
    Scope { message: Some(MESSAGE), ..Scope::default() }
}

fn tenant() -> Scope {
    Scope { tenant: Some(TENANT), ..Scope::default() }
}

#[test]
fn a_revocation_wins_over_everything_and_ends_with_its_release() {
    let station = Station::new();
    station.list("good", "@action allow\nwww.shop.example\n");
    let path = station.link(CLEAN);
    assert!(matches!(station.open(&path), Answer::Redirect { .. }));
    let id = station.revoke(message());
    let stop = stopped(station.open(&path));
    assert_eq!((&stop.barrier, stop.tier), (&Barrier::MessageConvicted, Tier::Malicious));
    assert_eq!(stop.reasons, [], "who took it back, and why, is for those who look it up");
    station.list("bad", "www.shop.example\n");
    assert_eq!(stopped(station.open(&path)).barrier, Barrier::MessageConvicted);
    station.release(id);
    assert_eq!(stopped(station.open(&path)).barrier, Barrier::BlockedByAdmin);
    let seen: Vec<_> = station.events().into_iter().map(|event| event.outcome).collect();
    assert_eq!(seen, [Outcome::AllowedByAdmin, Outcome::Revoked, Outcome::Revoked, Outcome::BlockedByAdmin]);
}

#[test]
fn continue_never_passes_it_and_the_click_is_the_same() {
    let station = Station::new();
    let path = station.link(ODD);
    let before = stopped(station.open(&path));
    let Barrier::Warn(onward) = &before.barrier else { panic!("{before:?}") };
    station.revoke(tenant());
    let after = stopped(station.go_on(&path, &onward.nonce, None));
    assert_eq!((&after.barrier, after.reference), (&Barrier::LinkWithdrawn, before.reference));
    assert_eq!(after.reasons, [Reason::Host(HostFact::LiteralAddress)]);
    let outcomes: Vec<_> = station.events().into_iter().map(|event| event.outcome).collect();
    assert_eq!(outcomes, [Outcome::Warned, Outcome::Revoked]);
}

#[test]
fn previewers_and_those_who_ask_for_a_preview_or_a_status_meet_it_too() {
    let station = Station::new();
    let path = station.link(CLEAN);
    station.revoke(message());
    let preview = |answer: Answer| match answer {
        Answer::Page(Page::Preview(preview)) => *preview,
        other => panic!("{other:?}"),
    };
    let asked = preview(station.checkpoint.preview(&station.request(HOST, &path)));
    assert_eq!((asked.would, asked.link), (Would::MessageConvicted, None));
    let slack = Hints { user_agent: Some("Slackbot 1.0"), ..Hints::default() };
    let seen = preview(station.checkpoint.open(&Request { hints: slack, ..station.request(HOST, &path) }));
    assert_eq!((seen.would, seen.link), (Would::MessageConvicted, None));
    let status = station.checkpoint.open(&Request { asks: Asks::Status, ..station.request(HOST, &path) });
    assert_eq!(stopped(status).barrier, Barrier::MessageConvicted);
    let events = station.events();
    assert_eq!(events.iter().map(|event| event.actor).collect::<Vec<_>>(), [Actor::Scanner, Actor::Unknown]);
}

#[test]
fn the_event_names_the_revocation_and_so_does_its_explanation() {
    let station = Station::new();
    let id = station.revoke(message());
    let stop = stopped(station.open(&station.link(CLEAN)));
    let events = station.events();
    let Source::Revocation(told) = &events[0].signals[0].source else { panic!("{events:?}") };
    assert_eq!((told.id, told.by.as_str(), events[0].decisive), (id, "alice", Some(0)));
    let explained =
        explain(&station.store.click(stop.reference, Reveal::Masked).unwrap(), &[], None, &[]).unwrap().to_string();
    for words in [
        "revoked: told that the link was taken back",
        "It was taken back: revocation 1 of links of message 0102030405060708, by alice (“INC-7 <b>phish</b>”).",
        "Settled by revocation 1 of links of message",
    ] {
        assert!(explained.contains(words), "{words:?} is not in {explained}");
    }
}

#[test]
fn a_damaged_link_stays_damaged() {
    let station = Station::new();
    station.revoke(tenant());
    assert!(matches!(station.open("/www.shop.example/AAAA1"), Answer::Page(Page::Damaged(_))));
}
