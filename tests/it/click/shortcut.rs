//! Plain requests take a short way to their answer, and nobody can tell by the answer.

use std::{
    io::{Read, Write},
    net::{IpAddr, TcpStream},
    sync::atomic::Ordering,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use sekisho::{
    http::{AtOnce, Limits, Networks, PlainHead, Service},
    judge::Action,
};

use super::{
    HOST, Station,
    server::{Listener, Reply, is_closed, read},
};

const CLEAN: &str = "https://www.shop.example/a?b=%20c&d=%E3%81%82#frag";
const ODD: &str = "http://192.0.2.1/login?a=1&b=2";

/// Says which way a request came: `short` knows no more than paths that begin with `/s`.
struct Ways;

impl Service for Ways {
    const AT_ONCE: bool = true;

    fn at_once(&self, head: &PlainHead<'_>, client: IpAddr) -> Option<AtOnce> {
        assert_ne!(head.path(), "/s-panics", "a bug");
        let short = format!("short {} {client}", head.path());
        head.path().starts_with("/s").then(|| AtOnce::Reply(Response::new(Full::from(short))))
    }

    async fn answer(&self, request: Request<Incoming>, client: IpAddr) -> Response<Full<Bytes>> {
        Response::new(Full::from(format!("long {} {client}", request.uri())))
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: Mozilla/5.0\r\nAccept-Language: ja\r\n")
}

/// The body of the next answer on a connection that stays.
fn next(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let mut byte = [0];
    while !heard.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        heard.push(byte[0]);
    }
    let reply = Reply::parse(&heard);
    let mut body = vec![0; reply.header("content-length").unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

#[test]
fn a_connection_goes_the_short_way_until_something_is_not_plain() {
    let listener = Listener::start(Ways, Limits::default());
    let mut stream = listener.connect();
    let mut said = |what: String, answers: usize| {
        stream.write_all(what.as_bytes()).unwrap();
        (0..answers).map(|_| next(&mut stream)).collect::<Vec<_>>()
    };
    assert_eq!(said(get("/s1") + "\r\n", 1), ["short /s1 127.0.0.1"]);
    assert_eq!(said(get("/s2") + "\r\n", 1), ["short /s2 127.0.0.1"]);
    // Two at once: both are answered, in order.
    let two = get("/s3") + "\r\n" + &get("/s4") + "\r\n";
    assert_eq!(said(two, 2), ["long /s3 127.0.0.1", "long /s4 127.0.0.1"]);
    assert_eq!(said(get("/s5") + "\r\n", 1), ["long /s5 127.0.0.1"], "there is no way back");
    assert_eq!(listener.counters.requests.load(Ordering::Relaxed), 5);
    assert_eq!(listener.counters.broken.load(Ordering::Relaxed), 0);
}

#[test]
fn what_has_no_short_answer_is_answered_at_length() {
    let listener = Listener::start(Ways, Limits::default());
    assert_eq!(listener.say(get("/l") + "Connection: close\r\n\r\n").body, "long /l 127.0.0.1");
    assert_eq!(listener.say(get("/s?x") + "Connection: close\r\n\r\n").body, "long /s?x 127.0.0.1");
    // A head in pieces: who waits for the rest is hyper, with its patience.
    let mut slow = listener.connect();
    let whole = get("/s") + "Connection: close\r\n\r\n";
    let (first, second) = whole.split_at(20);
    slow.write_all(first.as_bytes()).unwrap();
    assert_eq!(listener.say(get("/s") + "Connection: close\r\n\r\n").body, "short /s 127.0.0.1");
    slow.write_all(second.as_bytes()).unwrap();
    assert!(read(&mut slow).body.ends_with(" /s 127.0.0.1"));
}

#[test]
fn whoever_speaks_for_others_is_heard_at_length() {
    let trusted = [Networks::parse("127.0.0.1/32").unwrap()].into_iter().collect();
    let listener = Listener::start(Ways, Limits { trusted_proxies: trusted, ..Limits::default() });
    // So short that it is there whole when it is clear that this is no HTTP/2.
    let head = format!("GET /s HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    assert_eq!(listener.say(head).body, "long /s 127.0.0.1");
}

#[test]
fn a_panic_on_the_short_way_is_an_empty_500_too() {
    let listener = Listener::start(Ways, Limits::default());
    let mut stream = listener.connect();
    stream.write_all((get("/s-panics") + "\r\n").as_bytes()).unwrap();
    let reply = read(&mut stream);
    assert_eq!((reply.status, reply.body.as_str(), reply.header("connection")), (500, "", Some("close")));
    assert_eq!(listener.counters.panics.load(Ordering::Relaxed), 1);
    assert_eq!(listener.say(get("/s") + "Connection: close\r\n\r\n").body, "short /s 127.0.0.1");
}

#[test]
fn who_says_nothing_for_too_long_is_cut_also_behind_an_answer() {
    let listener = Listener::start(Ways, Limits { head_timeout: Duration::from_millis(50), ..Limits::default() });
    let mut stream = listener.connect();
    stream.write_all((get("/s") + "\r\n").as_bytes()).unwrap();
    assert_eq!(next(&mut stream), "short /s 127.0.0.1");
    assert!(is_closed(&mut stream));
}

#[test]
fn a_shutdown_closes_those_who_wait_and_hears_those_who_just_came() {
    let listener = Listener::start(Ways, Limits::default());
    let mut served = listener.connect();
    served.write_all((get("/s") + "\r\n").as_bytes()).unwrap();
    assert_eq!(next(&mut served), "short /s 127.0.0.1");
    let mut fresh = listener.connect();
    // Known to be taken once one that came behind it is.
    assert_eq!(listener.say(get("/s") + "Connection: close\r\n\r\n").status, 200);
    let (runtime, serving) = listener.stop();
    assert!(is_closed(&mut served));
    fresh.write_all((get("/s") + "\r\n").as_bytes()).unwrap();
    assert_eq!(read(&mut fresh).status, 200);
    runtime.block_on(serving).unwrap();
}

/// The answer without what differs from click to click.
fn shape(mut reply: Reply) -> Reply {
    reply.headers.retain(|(name, _)| name != "date");
    reply.headers.sort();
    for (from, until) in [("<span class=\"reference\">", "<"), ("name=\"nonce\" value=\"", "\"")] {
        let body = reply.body.clone();
        for name in body.split(from).skip(1).filter_map(|behind| Some(behind.split_once(until)?.0)) {
            reply.body = reply.body.replace(name, "");
        }
    }
    reply
}

#[test]
fn either_way_the_answer_is_the_same() {
    for action in [Action::Redirect, Action::Notice, Action::Warn, Action::WarnWithReason, Action::Block] {
        let station = Station::new().moved_as(action, |_| {});
        let listener = station.front();
        let (clean, odd) = (station.link(CLEAN), station.link(ODD));
        let damaged = format!("{}A", &clean[..clean.len() - 2]);
        for path in [&*clean, &*odd, &*damaged, "/", "/x", "/robots.txt", "/~/left", "/~/nothing", "/a.b/c/"] {
            for more in ["", "Sec-Purpose: prefetch\r\n", "User-Agent: Slackbot 1.0\r\n"] {
                // The first of two counts.
                let agent = if more.starts_with("User-Agent") { "" } else { "User-Agent: Mozilla/5.0\r\n" };
                let ask = |twist: &str| {
                    let head = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept-Language: ja\r\n");
                    shape(listener.say(format!("{head}{agent}{more}{twist}Connection: close\r\n\r\n")))
                };
                let (short, long) = (ask(""), ask("TE: trailers\r\n"));
                assert_eq!((short.status, &short.headers), (long.status, &long.headers), "{path} {more}");
                let differs = short.body.lines().zip(long.body.lines()).find(|(short, long)| short != long);
                assert_eq!(differs, None, "{path} {more}");
            }
        }
        let events = station.events();
        // Every click of a link, one way or the other, is one event.
        assert_eq!(events.len() % 2, 0);
        for pair in events.chunks(2) {
            assert_eq!((pair[0].outcome, &pair[0].url, pair[0].actor), (pair[1].outcome, &pair[1].url, pair[1].actor));
        }
        assert!(events.len() >= 24, "{}", events.len());
    }
}
