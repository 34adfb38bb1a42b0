//! What strangers send to break in, smuggle, exhaust or confuse. Each gets the right status or is cut, and an honest
//! click is answered afterwards with every seat given back.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::Ordering,
    time::Duration,
};

use sekisho::http::Limits;

use super::{
    HOST, Station,
    greeting::behind_a_proxy,
    server::{Gate, Listener, Reply, is_closed, read},
};

const CLEAN: &str = "https://www.shop.example/a";

/// So few that a seat that is not given back is missed at once.
fn few(limits: Limits) -> Limits {
    Limits { connections: 4, ..limits }
}

fn click(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: Mozilla/5.0\r\nConnection: close\r\n\r\n")
}

/// An honest click, once the connections before it are over.
fn assert_answers(listener: &Listener, path: &str) {
    let reply = std::iter::repeat_with(|| listener.say(click(path))).find(|reply| reply.status != 503).unwrap();
    assert_eq!(reply.status, 302);
}

/// All that the server says until it closes, once there is room.
fn heard(listener: &Listener, request: &[u8]) -> Vec<u8> {
    std::iter::repeat_with(|| said(listener, request)).find(|said| !said.starts_with(b"HTTP/1.1 503 ")).unwrap()
}

fn said(listener: &Listener, request: &[u8]) -> Vec<u8> {
    let mut stream = listener.connect();
    let _ = stream.write_all(request);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    said
}

#[test]
fn no_shape_of_a_request_hides_another() {
    let station = Station::new();
    let listener = station.front_with(few(Limits::default()));
    let path = station.link(CLEAN);
    let hidden = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    let post = format!("POST {path} HTTP/1.1\r\nHost: {HOST}\r\n");
    let get = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n");
    let body = format!("0\r\n\r\n{hidden}");
    let shapes = [
        format!("{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n{body}"),
        format!("{post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{body}"),
        format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n{body}"),
        format!("{post}Transfer-Encoding: xchunked\r\n\r\n{body}"),
        format!("{post}Transfer-Encoding : chunked\r\n\r\n{body}"),
        format!("{post}Transfer-Encoding:\x0bchunked\r\n\r\n{body}"),
        format!("POST {path} HTTP/1.0\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n{body}"),
        format!("{post}Content-Length: 0\r\nContent-Length: 5\r\n\r\n{hidden}"),
        format!("{post}Content-Length: 0, 5\r\n\r\n{hidden}"),
        format!("{post}Content-Length: +0\r\n\r\n{hidden}"),
        format!("{post}Content-Length: -1\r\n\r\n{hidden}"),
        format!("{post}Content-Length: 99999999999999999999\r\n\r\n{hidden}"),
        format!("{post}Content-Length : 0\r\n\r\n{hidden}"),
        format!("{post} Content-Length: 0\r\n\r\n{hidden}"),
        format!("{get}X: a\r\n b\r\n\r\n{hidden}"),
        format!("{get}X: a\rX: b\r\n\r\n{hidden}"),
        format!("{get}X: a\0b\r\n\r\n{hidden}"),
        format!("{get}Host: other.example\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{hidden}"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n0x1\r\n{hidden}"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n1;{}\r\nx\r\n{body}", "e".repeat(40_000)),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n1\nx\n{body}"),
    ];
    for shape in shapes {
        let before = listener.counters.requests.load(Ordering::Relaxed);
        let said = String::from_utf8(heard(&listener, shape.as_bytes())).unwrap();
        assert!(!said.contains(" 302 "), "{shape:?} let something through: {said}");
        assert!(said.matches("HTTP/1.1 ").count() <= 1, "{shape:?} was two: {said}");
        assert!(listener.counters.requests.load(Ordering::Relaxed) - before <= 1, "{shape:?}");
        assert_answers(&listener, &path);
    }
}

#[test]
fn what_is_no_click_gets_the_status_that_says_so() {
    let station = Station::new();
    let listener = station.front_with(few(Limits::default()));
    let path = station.link(CLEAN);
    let host = format!("Host: {HOST}\r\nConnection: close\r\n");
    for (request, statuses) in [
        (format!("GET {path}\r\n"), &[400][..]),
        (format!("GET {path} HTTP/3.0\r\n{host}\r\n"), &[400]),
        (format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n"), &[400]),
        (format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"), &[400]),
        (format!("GET {path} HTTP/1.1\r\nHost: {HOST}@other.example\r\nConnection: close\r\n\r\n"), &[421]),
        (format!("GET http://other.example{path} HTTP/1.1\r\n{host}\r\n"), &[421]),
        (format!("GET http://{HOST}{path} HTTP/1.1\r\n{host}\r\n"), &[302]),
        (format!("GET /{path} HTTP/1.1\r\n{host}\r\n"), &[404]),
        (format!("GET //other.example/ HTTP/1.1\r\n{host}\r\n"), &[404]),
        (format!("GET {path}%00 HTTP/1.1\r\n{host}\r\n"), &[404, 302]),
        (format!("GET /%00/%0d%0aX:y HTTP/1.1\r\n{host}\r\n"), &[404]),
        (format!("GET /関所 HTTP/1.1\r\n{host}\r\n"), &[400, 404]),
        (format!("OPTIONS * HTTP/1.1\r\n{host}\r\n"), &[400, 405]),
        (format!("CONNECT other.example:443 HTTP/1.1\r\n{host}\r\n"), &[400, 405, 421]),
        (format!("CONNECT {HOST}:443 HTTP/1.1\r\n{host}\r\n"), &[400, 405, 421]),
        (format!("TRACE {path} HTTP/1.1\r\n{host}\r\n"), &[405]),
        (format!("GET /{} HTTP/1.1\r\n{host}\r\n", "a".repeat(1 << 20)), &[414, 431]),
        (format!("GET {path} HTTP/1.1\r\n{host}{}\r\n", "X: y\r\n".repeat(10_000)), &[431]),
        (format!("GET {path} HTTP/1.1\r\n{host}X: {}\r\n\r\n", "y".repeat(1 << 20)), &[431]),
        // Nobody changes the protocol.
        (
            format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n"),
            &[302],
        ),
        (
            format!(
                "GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
            ),
            &[302],
        ),
    ] {
        let said = heard(&listener, request.as_bytes());
        let start: String = request.chars().take(80).collect();
        assert!(!said.is_empty(), "{start}");
        let status = Reply::parse(&said).status;
        assert!(statuses.contains(&status), "{status}: {start}");
        assert_answers(&listener, &path);
    }
    assert_eq!(listener.counters.panics.load(Ordering::Relaxed), 0);
}

#[test]
fn hoarders_leave_room_for_others() {
    let station = Station::new();
    let listener = station.front_with(Limits { connections: 60, per_address: 50, ..Limits::default() });
    let path = station.link(CLEAN);
    let _hoard: Vec<TcpStream> = (0..300).map(|_| listener.connect()).collect();
    let mut elsewhere = from([127, 0, 0, 2], listener.address);
    elsewhere.write_all(click(&path).as_bytes()).unwrap();
    assert_eq!(read(&mut elsewhere).status, 302);
}

fn from(address: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((address, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

#[test]
fn those_who_trickle_are_cut() {
    let station = Station::new();
    let short = Duration::from_millis(100);
    let listener = station.front_with(few(Limits { head_timeout: short, body_timeout: short, ..Limits::default() }));
    let path = station.link(CLEAN);
    for start in [
        String::new(),
        "GET ".into(),
        format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nX"),
        format!("POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\n\r\nnonce"),
        format!("POST {path} HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nno"),
    ] {
        let mut slow = listener.connect();
        slow.write_all(start.as_bytes()).unwrap();
        let mut said = Vec::new();
        let _ = slow.read_to_end(&mut said);
        assert!(said.is_empty() || Reply::parse(&said).status == 408, "{start:?}: {said:?}");
        assert_answers(&listener, &path);
    }
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes()[..], payload].concat()
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn beginning() -> Vec<u8> {
    [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(SETTINGS, 0, 0, &[])].concat()
}

/// The head of `GET http://x/` (or of a POST) in HPACK.
fn head(method: u8) -> Vec<u8> {
    vec![method, 0x86, 0x84, 0x01, 1, b'x']
}
const GET: u8 = 0x82;
const POST: u8 = 0x83;

fn streams(count: u32, frames: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    (0..count).flat_map(|at| frames(2 * at + 1)).collect()
}

#[test]
fn floods_of_http_2_end_their_connection() {
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), few(behind_a_proxy()));
    let open = |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, &head(GET));
    let rapid = streams(2_000, |stream| [open(stream), frame(RESET, 0, stream, &[0, 0, 0, 8])].concat());
    let made = streams(500, |stream| [open(stream), frame(WINDOW_UPDATE, 0, stream, &[0; 4])].concat());
    let endless = [frame(HEADERS, 0, 1, &head(GET)), frame(CONTINUATION, 0, 1, &[0x40; 16_000]).repeat(100)].concat();
    let empty = [frame(HEADERS, 0, 1, &head(GET)), frame(CONTINUATION, 0, 1, &[]).repeat(100_000)].concat();
    let many = streams(500, open);
    let broken = frame(HEADERS, END_HEADERS, 1, &[0xff; 100]);
    let foreign = frame(99, 0, 0, &[0; 16_385]);
    for (name, flood) in [
        ("rapid reset", rapid),
        ("reset by our side", made),
        ("endless head", endless),
        ("endless empty head", empty),
        ("broken head", broken),
        ("frame too large", foreign),
        ("too many streams", many),
    ] {
        let mut stream = listener.connect();
        let mut other = stream.try_clone().unwrap();
        let writer = std::thread::spawn(move || {
            // A server that has enough does not read to the end.
            let _ = other.write_all(&[beginning(), flood].concat());
            if name == "too many streams" {
                // These are refused one by one, and the connection may go on.
                let _ = other.shutdown(std::net::Shutdown::Both);
            }
        });
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        writer.join().unwrap();
        drop(stream);
        gate.open(1000);
        let reply = std::iter::repeat_with(|| listener.say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
            .find(|reply| reply.status != 503)
            .unwrap();
        assert_eq!(reply.status, 200, "after {name}");
        gate.close();
    }
}

#[test]
fn chatter_of_http_2_is_borne_and_costs_nobody_else() {
    let station = Station::new();
    let listener = station.front_with(few(behind_a_proxy()));
    let path = station.link(CLEAN);
    let post = frame(HEADERS, END_HEADERS, 1, &head(POST));
    // One indexed entry of 4000 bytes, then named a thousand times: four megabytes in a few kilobytes.
    let entry = [&[0x40, 1, b'a', 0x7f, 0xa1, 0x1e][..], &[b'b'; 4000]].concat();
    let bomb = [head(GET), entry, vec![0xbe; 1000]].concat();
    for (name, chatter) in [
        ("settings", frame(SETTINGS, 0, 0, &[]).repeat(5_000)),
        ("pings", frame(PING, 0, 0, &[7; 8]).repeat(5_000)),
        ("empty data", [post, frame(DATA, 0, 1, &[]).repeat(20_000)].concat()),
        ("window updates", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]).repeat(5_000)),
        ("a bomb of headers", frame(HEADERS, END_HEADERS | END_STREAM, 1, &bomb)),
    ] {
        let said = heard(&listener, &[beginning(), chatter].concat());
        assert!(said.len() < 1 << 20, "{name}: {} bytes", said.len());
        assert_answers(&listener, &path);
    }
    assert_eq!(listener.counters.panics.load(Ordering::Relaxed), 0);
}

#[test]
fn a_refused_client_is_not_waited_for() {
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), Limits { connections: 1, ..Limits::default() });
    let mut first = listener.connect();
    first.write_all(click("/").as_bytes()).unwrap();
    listener.runtime.block_on(gate.entered());
    // One that never asks is closed all the same.
    assert!(is_closed(&mut listener.connect()));
    gate.open(1);
    assert_eq!(read(&mut first).status, 200);
}
