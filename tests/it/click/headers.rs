//! Every kind of answer, and the headers that it has: those of its kind, all of them and none beside.

use std::sync::Arc;

use sekisho::{
    click::{Brand, House, Logo},
    http::Limits,
    judge::Action,
};

use super::{
    HOST, Station,
    front::{get, post},
    server::Reply,
};

const CLEAN: &str = "https://www.shop.example/a";
const ODD: &str = "http://192.0.2.1/login";

/// What hyper, the transport, or a refusal before HTTP says by itself.
const BARE: &[&str] = &["connection", "content-length", "date", "retry-after"];
const UNKEPT: &[&str] = &["cache-control", "connection", "content-length", "date", "referrer-policy", "x-robots-tag"];
const PAGE: &[&str] =
    &["content-language", "content-security-policy", "content-type", "vary", "x-content-type-options"];
const FILE: &[&str] =
    &["cache-control", "connection", "content-length", "content-type", "date", "x-content-type-options"];

/// Exactly these, in the order of [`Reply::names`].
fn assert_has(reply: &Reply, what: &str, kinds: &[&[&str]]) {
    let mut wanted = kinds.concat();
    wanted.sort_unstable();
    assert_eq!(reply.names(), wanted, "{what}: {}", reply.status);
}

fn assert_page(reply: &Reply, what: &str, status: u16, more: &[&str]) {
    assert_eq!(reply.status, status, "{what}");
    assert_has(reply, what, &[UNKEPT, PAGE, more]);
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{what}");
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{what}");
    assert_eq!(reply.header("x-robots-tag"), Some("noindex, nofollow"), "{what}");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{what}");
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{what}");
    let policy = reply.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "img-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{what}: {policy}");
}

fn nonce(page: &Reply, of: &str) -> String {
    let form = page.body.split(&format!("class=\"{of}\"")).nth(1).unwrap();
    form.split("name=\"nonce\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn ask(listener: &super::server::Listener, method: &str, path: &str, host: &str, more: &str) -> Reply {
    listener.say(format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n"))
}

#[test]
fn pages_have_the_headers_of_pages_and_none_beside() {
    let station = Station::new();
    let listener = station.front();
    let (clean, odd) = (station.link(CLEAN), station.link(ODD));
    let warning = get(&listener, &odd);
    assert_page(&warning, "warning", 200, &[]);
    assert_page(&get(&listener, &format!("/~/preview{odd}")), "preview", 200, &[]);
    assert_page(&get(&listener, "/www.shop.example/AAAA1"), "damaged link", 404, &[]);
    assert_page(&get(&listener, "/~/left"), "left", 200, &[]);
    let report = format!("nonce={}&report=why", nonce(&warning, "report"));
    assert_page(&post(&listener, &format!("/~/report{odd}"), &report), "reported", 200, &[]);
    assert_page(&post(&listener, &format!("/~/report{odd}"), "nonce=AAAA"), "report of nothing", 403, &[]);
    station.list("corp", "shop.example\n");
    assert_page(&get(&listener, &clean), "block", 403, &[]);
    assert_page(&get(&listener, "/~/nothing"), "not found", 404, &[]);
    assert_page(&ask(&listener, "PUT", &clean, HOST, ""), "method", 405, &["allow"]);
    assert_page(&ask(&listener, "GET", &clean, "evil.example", ""), "misdirected", 421, &[]);
    assert_page(&listener.say(format!("GET {clean} HTTP/1.1\r\nConnection: close\r\n\r\n")), "no host", 400, &[]);
    assert_page(&get(&listener, &format!("/{}", "a".repeat(24 * 1024))), "too long", 414, &[]);
    assert_page(&post(&listener, &odd, &"a".repeat(5000)), "too much", 413, &[]);

    let notice = Station::suspicious(Action::Notice);
    assert_page(&get(&notice.front(), &notice.link(ODD)), "notice", 200, &[]);
    let reason = Station::suspicious(Action::WarnWithReason);
    assert_page(&get(&reason.front(), &reason.link(ODD)), "warning with reason", 200, &[]);

    let often = station.link("https://often.example/");
    let last = (0..=super::OPENINGS).map(|_| get(&listener, &often)).last().unwrap();
    assert_page(&last, "too often", 429, &["retry-after"]);
}

#[test]
fn answers_without_a_page_have_even_fewer() {
    let station = Station::new();
    let listener = station.front();
    let (clean, odd) = (station.link(CLEAN), station.link(ODD));
    let redirect = get(&listener, &clean);
    assert_eq!((redirect.status, redirect.header("cache-control")), (302, Some("no-store")));
    assert_has(&redirect, "redirect", &[UNKEPT, &["location"]]);
    let onward = post(&listener, &odd, &format!("nonce={}", nonce(&get(&listener, &odd), "onward")));
    assert_eq!((onward.status, onward.header("referrer-policy")), (303, Some("no-referrer")));
    assert_has(&onward, "onward", &[UNKEPT, &["location"]]);
    let ahead = ask(&listener, "GET", &clean, HOST, "Sec-Purpose: prefetch\r\n");
    assert_eq!(ahead.status, 503);
    assert_has(&ahead, "ahead", &[UNKEPT]);
    for file in ["/robots.txt", "/favicon.ico", "/.well-known/security.txt"] {
        assert_has(&get(&listener, file), file, &[FILE]);
    }
    let many = ask(&listener, "GET", &clean, HOST, &"X: y\r\n".repeat(500));
    assert_eq!(many.status, 431);
    assert!(many.names().iter().all(|name| BARE.contains(name)), "{many:?}");

    let branded = Station::new().moved(|tenant| {
        let brand =
            Brand { logo: Logo::of(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec()).ok(), ..Brand::default() };
        tenant.house = Arc::new(House { brand, ..House::default() });
    });
    let listener = branded.front();
    let page = get(&listener, &branded.link(ODD));
    assert_page(&page, "branded", 200, &[]);
    let logo =
        page.body.split("class=\"logo\" src=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#x2f;", "/");
    assert_has(&get(&listener, &logo), "logo", &[FILE, &["content-security-policy"]]);

    let crowded = station.front_with(Limits { connections: 1, ..Limits::default() });
    let held = crowded.connect();
    let refused = get(&crowded, &clean);
    assert_eq!(refused.status, 503);
    assert!(refused.names().iter().all(|name| BARE.contains(name)), "{refused:?}");
    drop(held);
}
