use sekisho::{
    click::Fate,
    store::{AnswerError, Filed, NewReport, Report, Reports, Reveal, Say, printable},
};

use super::{
    HOST, MESSAGE, START, Station, TENANT,
    front::{get, post},
    server::{Listener, Reply},
};

const ODD: &str = "http://192.0.2.1/login?token=secret";

/// Where the form of a page sends a report, and its nonce.
fn form(page: &Reply) -> (String, String) {
    let after = |start: &str| page.body.split(start).nth(1).unwrap().split('"').next().unwrap().replace("&#x2f;", "/");
    let report = page.body.split("class=\"report\"").nth(1).unwrap();
    let nonce = report.split("name=\"nonce\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    (after("method=\"post\" action=\""), nonce.to_owned())
}

fn send(listener: &Listener, page: &Reply, text: &str) -> Reply {
    let (action, nonce) = form(page);
    post(listener, &action, &format!("nonce={nonce}&report={text}"))
}

fn open(station: &Station) -> Vec<Report> {
    station.store.reports(Reports::Open, 100, Reveal::Whole).unwrap()
}

#[test]
fn a_report_is_kept_with_the_click_the_link_and_a_day_on_which_it_is_due() {
    let station = Station::new();
    let listener = station.front();
    let page = get(&listener, &station.link(ODD));
    let thanks = send(&listener, &page, "this+is+our+own%0D%0Aserver%00%3Cb%3E");
    assert_eq!((thanks.status, thanks.header("location")), (200, None));
    let reports = open(&station);
    assert_eq!(reports.len(), 1);
    let report = &reports[0];
    assert_eq!(report.text.as_deref(), Some("this is our own server <b>"));
    assert_eq!((report.tenant, report.message, report.url.as_deref()), (Some(TENANT), Some(MESSAGE), Some(ODD)));
    assert_eq!((report.time, report.due), (START, START.plus_millis(3 * 86_400_000)));
    assert_eq!(station.events()[0].click_id, report.click_id);
    assert!(thanks.body.contains(&report.click_id.to_string()) && thanks.body.contains("Thank you"));
    assert!(thanks.body.contains("\u{2068}3\u{2069} days"), "{}", thanks.body);
    let masked = &station.store.reports(Reports::Open, 100, Reveal::Masked).unwrap()[0];
    assert!(!masked.url.as_ref().unwrap().contains("secret"));
    assert_eq!(station.events().len(), 1, "a report is no click");
}

#[test]
fn it_is_answered_once_and_stays() {
    let station = Station::new();
    let listener = station.front();
    send(&listener, &get(&listener, &station.link(ODD)), "x");
    let say = Say { time: START, by: "alice", reason: "allowed, thank you" };
    station.store.answer_report(1, say).unwrap();
    assert_eq!(open(&station), []);
    let all = station.store.reports(Reports::All, 100, Reveal::Whole).unwrap();
    assert_eq!(all[0].answer.as_ref().map(|answer| answer.by.as_str()), Some("alice"));
    assert!(matches!(station.store.answer_report(1, say), Err(AnswerError::Answered { .. })));
    assert!(matches!(station.store.answer_report(2, say), Err(AnswerError::Unknown(2))));
    assert!(station.store.answer_report(1, Say { by: "", ..say }).is_err());
}

#[test]
fn every_page_that_stops_takes_reports_and_so_does_a_damaged_link() {
    let station = Station::new();
    let listener = station.front();
    let damaged = get(&listener, "/www.shop.example/AAAA1");
    assert_eq!(form(&damaged).0, "/~/report");
    assert_eq!(send(&listener, &damaged, "broken+by+my+mail+program").status, 200);
    station.list("corp", "192.0.2.1\n");
    let blocked = get(&listener, &station.link(ODD));
    assert_eq!((blocked.status, send(&listener, &blocked, "").status), (403, 200));
    let reports = open(&station);
    assert_eq!(reports.len(), 2);
    assert_eq!((reports[0].link, reports[0].url.as_deref(), reports[0].tenant), (None, None, Some(TENANT)));
    assert_eq!((reports[1].text.as_deref(), reports[1].link.is_some()), (None, true));
}

#[test]
fn only_a_page_of_ours_can_send_one_and_not_for_ever() {
    let station = Station::new();
    let listener = station.front();
    let path = station.link(ODD);
    let page = get(&listener, &path);
    let (action, nonce) = form(&page);
    let onward = page.body.split("name=\"nonce\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let other = station.link("http://192.0.2.2/");
    for (action, nonce) in [
        (action.as_str(), onward),
        (action.as_str(), "AAAA"),
        (action.as_str(), ""),
        ("/~/report", nonce.as_str()),
        (&format!("/~/report{other}"), nonce.as_str()),
    ] {
        let refused = post(&listener, action, &format!("nonce={nonce}&report=x"));
        assert_eq!(refused.status, 403, "{action} {nonce}");
        assert!(refused.body.contains("open for too long"));
    }
    // Nor is the nonce of a report a way on.
    assert_eq!(post(&listener, &path, &format!("nonce={nonce}")).header("location"), None);
    station.later(55 * 60 * 1000);
    assert_eq!(post(&listener, &action, &format!("nonce={nonce}&report=x")).status, 403);
    assert_eq!(open(&station), []);
    assert_eq!(get(&listener, &action).status, 404);
}

#[test]
fn what_is_reported_again_and_again_is_kept_so_often_and_nobody_is_stopped_by_it() {
    let station = Station::new();
    let listener = station.front();
    let path = station.link(ODD);
    let page = get(&listener, &path);
    let said: Vec<bool> = (0..5).map(|_| send(&listener, &page, "x").body.contains("reported already")).collect();
    assert_eq!(said, [false, false, false, true, true]);
    for _ in 0..30 {
        assert_eq!(send(&listener, &get(&listener, &path), "x").status, 200);
    }
    assert_eq!(open(&station).len(), 20, "of one link within a day");
    station.later(86_400_001);
    send(&listener, &get(&listener, &path), "x");
    assert_eq!(open(&station).len(), 21);
    assert_eq!(get(&listener, &path).status, 200);
}

#[test]
fn a_report_that_cannot_be_written_is_not_thanked_for() {
    let station = Station::new();
    let listener = station.front();
    let page = get(&listener, &station.link(ODD));
    let raw = rusqlite::Connection::open(station.store.path()).unwrap();
    raw.execute_batch("DROP TABLE report_answer; DROP TABLE report").unwrap();
    let lost = send(&listener, &page, "x");
    assert_eq!(lost.status, 503);
    assert!(lost.body.contains("could not be kept") && lost.body.contains("help desk"));
}

#[test]
fn a_long_report_in_any_script_fits_and_is_cut_at_its_end() {
    let station = Station::new();
    let listener = station.front();
    let page = get(&listener, &station.link(ODD));
    assert_eq!(send(&listener, &page, &"%E9%96%A2".repeat(300)).status, 200);
    assert_eq!(send(&listener, &page, &"a".repeat(2_000)).status, 200);
    let lengths: Vec<_> = open(&station).iter().map(|report| report.text.as_ref().unwrap().chars().count()).collect();
    assert_eq!(lengths, [300, 300]);
    assert_eq!(send(&listener, &page, &"a".repeat(5_000)).status, 413);
}

#[test]
fn what_steers_a_terminal_is_taken_out_where_it_is_shown() {
    assert_eq!(printable("a\u{1b}[31m\u{202e}b"), "a\u{fffd}[31m\u{fffd}b");
}

#[test]
fn the_store_holds_only_so_many_that_wait() {
    let station = Station::new();
    let raw = rusqlite::Connection::open(station.store.path()).unwrap();
    raw.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO report (time, click_id, due) SELECT 0, CAST(printf('%010d', i) AS BLOB), 0 FROM n",
    )
    .unwrap();
    let report = NewReport {
        time: START,
        click: sekisho::base::ClickId([1; 10]),
        tenant: None,
        link: None,
        message: None,
        url: None,
        text: None,
        due: START,
    };
    assert_eq!(station.store.file_report(&report).unwrap(), Filed::Full);
    assert_eq!(station.checkpoint.file(&report), Fate::Lost);
    assert_eq!(station.checkpoint.spot(HOST, b"/").map(|spot| spot.prefix().len()), Some(0));
}
