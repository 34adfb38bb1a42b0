use sekisho::{
    click::{Answer, Asks, Barrier, Hints, Onward, Page, Request},
    judge::Outcome,
    store::Say,
};

use super::{HOST, MESSAGE, OPENINGS, START, Station, stopped};

const CLEAN: &str = "https://www.shop.example/a";
const ODD: &str = "http://192.0.2.1/login";

impl Station {
    /// Opens a link as often as is usual.
    fn open_often(&self, path: &str) {
        for _ in 0..OPENINGS {
            assert!(matches!(self.open(path), Answer::Redirect { .. }));
        }
    }
}

fn too_many(answer: Answer) -> Onward {
    match stopped(answer).barrier {
        Barrier::TooMany(onward) => onward,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_link_that_is_opened_unusually_often_asks_and_lets_everybody_on() {
    let station = Station::new();
    let (path, other) = (station.link(CLEAN), station.link("https://www.shop.example/b"));
    station.open_often(&path);
    let onward = too_many(station.open(&path));
    for _ in 0..2 {
        assert!(matches!(station.go_on(&path, &onward.nonce, None), Answer::Redirect { .. }));
    }
    assert!(matches!(station.open(&other), Answer::Redirect { .. }), "another link of the message is not slowed");
    station.later(60_000);
    assert!(matches!(station.open(&path), Answer::Redirect { .. }), "a minute later it is as before");
    let events = station.events();
    let asked = &events[OPENINGS as usize];
    assert_eq!((asked.outcome, events[OPENINGS as usize + 1].outcome), (Outcome::RateLimited, Outcome::Allowed));
    assert_eq!(asked.click_id, events[OPENINGS as usize + 1].click_id);
}

#[test]
fn whoever_only_waited_is_still_warned_of_what_is_found_meanwhile() {
    let station = Station::new();
    let path = station.link(CLEAN);
    station.open_often(&path);
    let onward = too_many(station.open(&path));
    station.list("corp", "www.shop.example\n");
    assert_eq!(stopped(station.go_on(&path, &onward.nonce, None)).barrier, Barrier::BlockedByAdmin);
}

#[test]
fn previewers_pages_and_damaged_links_do_not_count() {
    let station = Station::new();
    let path = station.link(CLEAN);
    for _ in 0..OPENINGS * 2 {
        let slack = Hints { user_agent: Some("Slackbot 1.0"), ..Hints::default() };
        station.checkpoint.open(&Request { hints: slack, ..station.request(HOST, &path) });
        station.checkpoint.preview(&station.request(HOST, &path));
        assert!(matches!(stopped(station.open(&station.link(ODD))).barrier, Barrier::Warn(_)));
    }
    assert!(matches!(station.open(&path), Answer::Redirect { .. }));
}

#[test]
fn a_message_that_went_to_many_on_purpose_is_never_slowed() {
    let station = Station::new();
    let path = station.link(CLEAN);
    let say = Say { time: START, by: "alice", reason: "all hands" };
    let id = station.store.add_notice(MESSAGE, say).unwrap();
    assert_eq!(station.store.add_notice(MESSAGE, say).unwrap(), id);
    station.rulings.reload_now();
    station.open_often(&path);
    station.open_often(&path);
    station.store.end_notice(id, say).unwrap();
    assert!(station.store.end_notice(id, say).is_err());
    station.rulings.reload_now();
    station.open_often(&path);
    too_many(station.open(&path));
    assert_eq!(station.store.notices(10).unwrap().len(), 1, "nothing is forgotten");
}

#[test]
fn a_click_from_outside_sees_first_where_it_goes() {
    let station = Station::new().moved(|tenant| tenant.networks = vec!["192.0.2.0/24".parse().unwrap()]);
    station.list("good", "@action allow\nwww.shop.example\n");
    let path = station.link(CLEAN);
    let from = |client: Option<&str>| {
        let client = client.map(|client| client.parse().unwrap());
        station.checkpoint.open(&Request { client, ..station.request(HOST, &path) })
    };
    assert!(matches!(from(Some("192.0.2.77")), Answer::Redirect { .. }));
    assert!(matches!(from(Some("::ffff:192.0.2.77")), Answer::Redirect { .. }));
    for outside in [Some("198.51.100.1"), Some("2001:db8::1"), None] {
        assert!(matches!(stopped(from(outside)).barrier, Barrier::Notice(_)), "{outside:?}");
    }
    let stop = stopped(from(Some("198.51.100.1")));
    let Barrier::Notice(onward) = &stop.barrier else { panic!() };
    let request = Request { client: Some([198, 51, 100, 1].into()), ..station.request(HOST, &path) };
    let form = sekisho::click::Form { nonce: Some(&onward.nonce), reason: None };
    assert!(matches!(station.checkpoint.proceed(&request, &form), Answer::Redirect { .. }));
    let status = station.checkpoint.open(&Request { asks: Asks::Status, ..request });
    assert!(matches!(status, Answer::Page(Page::Stop(_))));
    let events = station.events();
    assert_eq!((events[0].outcome, events[2].outcome), (Outcome::AllowedByAdmin, Outcome::Noticed));
    assert!(events[2].why.as_deref().unwrap().ends_with("from outside of the tenant's networks."));
}
