use std::{io::Write, sync::Arc, time::Duration};

use proptest::prelude::*;
use sekisho::{
    http::{Front, Limits, Networks, pages::Pages},
    judge::{Action, Actor, Outcome},
};

use super::{
    HOST, OTHER_TENANT, Station,
    server::{Listener, Reply, read},
};

const CLEAN: &str = "https://www.shop.example/a?b=%20c&d=%E3%81%82#frag";
const ODD: &str = "http://192.0.2.1/login?a=1&b=2";

impl Station {
    pub(super) fn front(&self) -> Listener {
        self.front_with(Limits::default())
    }

    pub(super) fn front_with(&self, limits: Limits) -> Listener {
        Listener::start(self.service(&limits), limits)
    }

    pub(super) fn service(&self, limits: &Limits) -> Front {
        let pages = Arc::new(Pages::load(None).unwrap());
        let contact = Some("Contact: mailto:abuse@corp.example\n".to_owned());
        Front::new(self.checkpoint.clone(), pages, limits.clone(), contact)
    }
}

/// A request without a body, with `more` header lines.
fn ask(listener: &Listener, method: &str, path: &str, more: &str) -> Reply {
    listener.say(format!("{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{more}\r\n"))
}

pub(super) fn get(listener: &Listener, path: &str) -> Reply {
    ask(listener, "GET", path, "User-Agent: Mozilla/5.0\r\n")
}

pub(super) fn post(listener: &Listener, path: &str, form: &str) -> Reply {
    let length = format!(
        "User-Agent: Mozilla/5.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        form.len()
    );
    listener.say(format!("POST {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{length}\r\n{form}"))
}

fn nonce(reply: &Reply) -> &str {
    reply.body.split("name=\"nonce\" value=\"").nth(1).unwrap().split('"').next().unwrap()
}

/// The body without its reference and the nonce that says it.
fn unnamed(body: &str) -> String {
    let at = body.find("<span class=\"reference\">").unwrap() + 24;
    let reference = &body[at..at + 19];
    assert!(reference.parse::<sekisho::base::ClickId>().is_ok(), "{reference}");
    let nonce = body.split("name=\"nonce\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(nonce.len(), 46);
    body.replace(reference, "").replace(nonce, "")
}

const PAGE_HEADERS: [&str; 11] = [
    "cache-control",
    "connection",
    "content-language",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "referrer-policy",
    "vary",
    "x-content-type-options",
    "x-robots-tag",
];

#[test]
fn a_redirect_is_its_destination_and_nothing_else() {
    let station = Station::new();
    let listener = station.front();
    let mut reply = get(&listener, &station.link(CLEAN));
    reply.headers.retain(|(name, _)| name != "date");
    reply.headers.sort();
    let headers = [
        ("cache-control", "no-store"),
        ("connection", "close"),
        ("content-length", "0"),
        ("location", CLEAN),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(reply, Reply { status: 302, headers, body: String::new() });
}

#[test]
fn a_link_under_a_compromised_key_opens_only_where_the_wrap_log_holds_it() {
    let mut station = Station::new();
    let (minted, warned, forged) = (station.link(CLEAN), station.link(ODD), station.link("https://forged.example/"));
    station.log_wrap(&minted);
    station.log_wrap(&warned);
    station.compromise();
    let fresh = station.link("https://fresh.example/");
    let listener = station.front();
    assert_eq!(get(&listener, &minted).header("location"), Some(CLEAN));
    assert_eq!(get(&listener, &fresh).header("location"), Some("https://fresh.example/"));
    let warning = get(&listener, &warned);
    let onward = post(&listener, &warned, &format!("nonce={}", nonce(&warning)));
    assert_eq!((onward.status, onward.header("location")), (303, Some(ODD)));
    assert_eq!(get(&listener, &format!("/~/preview{minted}")).status, 200);
    let damaged = get(&listener, "/www.shop.example/AAAA");
    for answer in [
        get(&listener, &forged),
        post(&listener, &forged, "nonce=AAAA"),
        get(&listener, &format!("/~/preview{forged}")),
    ] {
        assert_eq!((answer.status, answer.header("location")), (404, None));
        assert_eq!(unnamed(&answer.body), unnamed(&damaged.body), "a forged link learns nothing");
    }
    let outcomes: Vec<_> = station.events().into_iter().map(|event| event.outcome).collect();
    let (allowed, bad) = (Outcome::Allowed, Outcome::BadSignature);
    let passed = Outcome::WarnedProceeded;
    assert_eq!(outcomes, [allowed, allowed, Outcome::Warned, passed, bad, bad, bad, bad], "each click is one event");
}

#[test]
fn a_wrap_log_that_cannot_be_read_opens_nothing_under_a_compromised_key() {
    let mut station = Station::new();
    let path = station.link(CLEAN);
    station.log_wrap(&path);
    station.compromise();
    let store = rusqlite::Connection::open(station.store.path()).unwrap();
    store.execute_batch("PRAGMA foreign_keys = off; DROP TABLE wrap").unwrap();
    assert_eq!(get(&station.front(), &path).status, 404);
}

#[test]
fn a_connection_carries_click_after_click() {
    let station = Station::new();
    let listener = station.front();
    let mut stream = listener.connect();
    let path = station.link(CLEAN);
    let one = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    let last = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    stream.write_all((one.repeat(2) + &last).as_bytes()).unwrap();
    let text = read(&mut stream);
    assert_eq!((text.status, text.body.matches("HTTP/1.1 302 Found").count()), (302, 2));
}

#[test]
fn a_warning_leads_on_by_post_and_a_block_does_not() {
    let station = Station::new();
    let listener = station.front();
    let path = station.link(ODD);
    let warning = get(&listener, &path);
    assert_eq!((warning.status, warning.names()), (200, PAGE_HEADERS.to_vec()));
    assert_eq!(warning.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(warning.header("cache-control"), Some("no-store"));
    assert!(warning.body.contains("192.0.2.1"));
    let form = format!("nonce={}", nonce(&warning));
    for _ in 0..2 {
        let onward = post(&listener, &path, &form);
        assert_eq!((onward.status, onward.header("location"), onward.body.as_str()), (303, Some(ODD), ""));
    }
    station.list("corp", "192.0.2.1\n");
    let blocked = post(&listener, &path, &form);
    assert_eq!((blocked.status, blocked.header("location"), blocked.names()), (403, None, PAGE_HEADERS.to_vec()));
    assert!(!blocked.body.contains("class=\"onward\""));
    let outcomes: Vec<_> = station.events().into_iter().map(|event| event.outcome).collect();
    let passed = Outcome::WarnedProceeded;
    assert_eq!(outcomes, [Outcome::Warned, passed, passed, Outcome::BlockedByAdmin]);
}

#[test]
fn the_policy_of_a_page_allows_its_own_style_and_its_form_alone() {
    let station = Station::suspicious(Action::Notice);
    let listener = station.front();
    let policy = |reply: &Reply| reply.header("content-security-policy").unwrap().to_owned();
    let style = Pages::load(None).unwrap().style_hash().to_owned();
    let with = |form: &str| {
        format!(
            "default-src 'none'; style-src {style}; img-src 'self'; form-action {form}; frame-ancestors 'none'; base-uri \
             'none'"
        )
    };
    assert_eq!(policy(&get(&listener, &station.link(ODD))), with("'self' https: http:"));
    assert_eq!(policy(&get(&listener, "/x/y")), with("'self'"));
    assert_eq!(policy(&get(&listener, "/~/left")), with("'none'"));
    station.list("corp", "192.0.2.1\n");
    assert_eq!(policy(&get(&listener, &station.link(ODD))), with("'self'"));
}

#[test]
fn a_reason_goes_into_the_event() {
    let station = Station::suspicious(Action::WarnWithReason);
    let listener = station.front();
    let path = station.link(ODD);
    let nonce = nonce(&get(&listener, &path)).to_owned();
    let asked = post(&listener, &path, &format!("nonce={nonce}&reason=+"));
    assert!(asked.status == 200 && asked.body.contains("aria-invalid"));
    assert_eq!(post(&listener, &path, &format!("nonce={nonce}&reason=%E5%8D%B0%E5%88%B7+%26")).status, 303);
    assert!(station.events()[2].why.as_deref().unwrap().ends_with("“印刷 &”."));
}

#[test]
fn a_page_speaks_the_language_that_is_asked_for() {
    let station = Station::new();
    let listener = station.front();
    let ask = |accept: &str| ask(&listener, "GET", &station.link(ODD), &format!("Accept-Language: {accept}\r\n"));
    let japanese = ask("ja,en;q=0.5");
    assert_eq!((japanese.header("content-language"), japanese.header("vary")), (Some("ja"), Some("accept-language")));
    assert!(japanese.body.contains("<html lang=\"ja\"") && japanese.body.contains("このタブを閉じてください"));
    assert_eq!(ask("fr").header("content-language"), Some("en"));
}

#[test]
fn head_gets_the_status_and_no_body() {
    let station = Station::new();
    let listener = station.front();
    let clean = ask(&listener, "HEAD", &station.link(CLEAN), "User-Agent: Mozilla/5.0\r\n");
    assert_eq!((clean.status, clean.header("location"), clean.body.as_str()), (302, Some(CLEAN), ""));
    let odd = ask(&listener, "HEAD", &station.link(ODD), "");
    assert_eq!((odd.status, odd.names(), odd.body.as_str()), (200, PAGE_HEADERS.to_vec(), ""));
    assert_eq!(station.events()[0].actor, Actor::Unknown);
}

#[test]
fn previewers_see_a_preview_and_fetching_ahead_gets_nothing() {
    let station = Station::new();
    let listener = station.front();
    let path = station.link(CLEAN);
    let slack = ask(&listener, "GET", &path, "User-Agent: Slackbot-LinkExpanding 1.0\r\n");
    assert_eq!((slack.status, slack.header("location")), (200, None));
    assert!(slack.body.contains("shop.example"));
    for purpose in ["Sec-Purpose: prefetch;prerender", "Purpose: prefetch", "X-Moz: prefetch", "X-Purpose: preview"] {
        let ahead = ask(&listener, "GET", &path, &format!("User-Agent: Mozilla/5.0\r\n{purpose}\r\n"));
        assert_eq!((ahead.status, ahead.header("location"), ahead.body.as_str()), (503, None, ""), "{purpose}");
    }
}

#[test]
fn a_preview_shows_and_does_not_send() {
    let station = Station::new();
    let listener = station.front();
    let path = station.link(CLEAN);
    let preview = get(&listener, &format!("/~/preview{path}"));
    assert_eq!((preview.status, preview.names()), (200, PAGE_HEADERS.to_vec()));
    assert!(preview.body.contains("<b>www.shop.example</b>"));
    assert!(preview.body.contains(&format!("href=\"{}\"", path.replace('/', "&#x2f;"))));
    assert_eq!(get(&listener, "/~/preview/www.shop.example/AAAA1").status, 404);
    let refused = post(&listener, &format!("/~/preview{path}"), "nonce=x");
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
}

/// A link with one thing changed: a byte, a cut, a swap of case, another tenant's, or something made up.
fn mutations(path: &str, other: &str) -> impl Strategy<Value = String> + use<> {
    let path = path.to_owned();
    let (whole, cut, cased) = (path.clone(), path.clone(), path.clone());
    let (length, last) = (path.len(), path.len() - 1);
    prop_oneof![
        4 => (1..last, "[A-Za-z0-9_-]").prop_map(move |(at, put)| format!("{}{put}{}", &whole[..at], &whole[at + 1..])),
        2 => (2..last).prop_map(move |at| cut[..at].to_owned()),
        1 => (20..length).prop_map(move |at| format!("{}{}", &cased[..at], cased[at..].to_ascii_lowercase())),
        1 => Just(other.to_owned()),
        2 => "/[a-z0-9.]{1,20}/[A-Za-z0-9_-]{0,200}1",
        1 => "/[a-z]{1,9}(/[a-z]{0,9}){0,4}",
    ]
}

#[test]
fn a_thousand_changed_links_get_one_and_the_same_answer() {
    let station = Station::new();
    let listener = station.front();
    let (path, theirs) = (station.link(CLEAN), station.link_of(OTHER_TENANT, CLEAN));
    let first = get(&listener, "/www.shop.example/AAAA1");
    assert_eq!((first.status, first.names()), (404, PAGE_HEADERS.to_vec()));
    let plain = |reply: &Reply| {
        let mut headers = reply.headers.clone();
        headers.retain(|(name, _)| name != "date");
        (reply.status, headers, unnamed(&reply.body))
    };
    let expected = plain(&first);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let changed = mutations(&path, &theirs).prop_filter("unchanged", |changed| *changed != path);
    let same = runner.run(&changed, |changed| {
        prop_assert_eq!(&plain(&get(&listener, &changed)), &expected, "{}", changed);
        Ok(())
    });
    same.unwrap();
    assert!(!expected.2.contains("shop.example"));
}

#[test]
fn other_methods_are_refused_with_those_that_are_taken() {
    let station = Station::new();
    let listener = station.front();
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"] {
        let reply = ask(&listener, method, &station.link(CLEAN), "");
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD, POST")), "{method}");
    }
    let reply = post(&listener, "/robots.txt", "");
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(
        listener.say(format!("CONNECT {HOST} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")).status,
        405
    );
    assert!(station.events().is_empty());
}

#[test]
fn a_host_that_is_not_ours_is_misdirected_and_one_is_needed() {
    let station = Station::new();
    let listener = station.front();
    let path = station.link(CLEAN);
    let say = |head: &str| listener.say(format!("GET {head}\r\nConnection: close\r\n\r\n")).status;
    assert_eq!(say(&format!("{path} HTTP/1.1\r\nHost: evil.example")), 421);
    assert_eq!(say(&format!("{path} HTTP/1.1\r\nHost: go.corp.example.evil.example")), 421);
    assert_eq!(say(&format!("http://evil.example{path} HTTP/1.1\r\nHost: {HOST}")), 421);
    assert_eq!(say(&format!("http://{HOST}{path} HTTP/1.1\r\nHost: evil.example")), 302);
    assert_eq!(say(&format!("{path} HTTP/1.1\r\nHost: GO.corp.example:443")), 302);
    assert_eq!(say(&format!("{path} HTTP/1.1\r\nHost: old.corp.example")), 302);
    for bad in [
        format!("{path} HTTP/1.1"),
        format!("{path} HTTP/1.1\r\nHost: "),
        format!("{path} HTTP/1.1\r\nHost: {HOST}\r\nHost: {HOST}"),
        format!("{path} HTTP/1.0"),
    ] {
        assert_eq!(say(&bad), 400, "{bad}");
    }
}

#[test]
fn forwarded_hosts_and_addresses_of_strangers_count_for_nothing() {
    let station = Station::new();
    let more = "X-Forwarded-Host: evil.example\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.5\r\n";
    assert_eq!(ask(&station.front(), "GET", &station.link(CLEAN), more).status, 302);
    let trusted_proxies = [Networks::parse("127.0.0.1").unwrap()].into_iter().collect();
    let limits = Limits { trusted_proxies, ..Limits::default() };
    assert_eq!(ask(&station.front_with(limits), "GET", &station.link(CLEAN), more).status, 302);
    let clients: Vec<_> = station.events().into_iter().filter_map(|event| event.client).collect();
    assert_eq!(clients, ["127.0.0.1", "203.0.113.5"]);
}

#[test]
fn the_longest_link_opens_and_what_is_longer_is_refused() {
    let station = Station::new();
    let listener = station.front();
    let longest = format!("https://www.shop.example/{}", "a".repeat(16_000 - 25));
    let reply = get(&listener, &station.link(&longest));
    assert_eq!((reply.status, reply.header("location")), (302, Some(longest.as_str())));
    assert_eq!(get(&listener, &format!("/{}", "a".repeat(24 * 1024))).status, 414);
    let huge = get(&listener, &format!("/{}", "a".repeat(1_000_000))).status;
    assert!(matches!(huge, 414 | 431), "{huge}");
}

#[test]
fn a_form_that_is_too_long_too_slow_or_broken_goes_nowhere() {
    let station = Station::new();
    let listener = station.front_with(Limits { body_timeout: Duration::from_millis(50), ..Limits::default() });
    let path = station.link(ODD);
    assert_eq!(post(&listener, &path, &"a".repeat(5000)).status, 413);
    let slow =
        format!("POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\nConnection: close\r\n\r\nnonce=");
    assert_eq!(listener.say(slow).status, 408);
    for form in ["", "nonce", "nonce=&nonce=", "%%%=%", "nonce=AAAA"] {
        assert_eq!(post(&listener, &path, form).status, 200, "{form}");
    }
    assert!(station.events().iter().all(|event| event.outcome == Outcome::Warned));
}

#[test]
fn the_files_beside_the_links_are_there() {
    let station = Station::new();
    let listener = station.front();
    let robots = get(&listener, "/robots.txt");
    assert_eq!((robots.status, robots.body.as_str()), (200, "User-agent: *\nDisallow: /\n"));
    let mark = get(&listener, "/favicon.ico");
    assert_eq!((mark.status, mark.header("content-type")), (200, Some("image/svg+xml")));
    assert!(get(&listener, "/.well-known/security.txt").body.starts_with("Contact: "));
    for nothing in ["/", "/~", "/~/", "/~/healthz", "/~/readyz", "/.well-known/x"] {
        assert_eq!(get(&listener, nothing).status, 404, "{nothing}");
    }
    assert!(station.events().is_empty());
}
