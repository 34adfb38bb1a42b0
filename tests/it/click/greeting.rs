//! How a connection begins: HTTP/2 with prior knowledge, and load balancers that introduce their clients.

use std::{io::Write, net::TcpStream, sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sekisho::http::{ForwardedHeader, Limits, Networks};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Runtime,
};

use super::{
    HOST, Station,
    server::{Gate, Listener, is_closed, read},
};

const CLEAN: &str = "https://www.shop.example/a?b=%20c";

/// A client that speaks HTTP/2 without being asked.
pub(super) struct Multi {
    runtime: Runtime,
    sender: hyper::client::conn::http2::SendRequest<Full<Bytes>>,
}

impl Multi {
    pub(super) fn connect(listener: &Listener) -> Self {
        Self::over(listener.connect())
    }

    pub(super) fn over(stream: TcpStream) -> Self {
        stream.set_nonblocking(true).unwrap();
        Self::through(async { tokio::net::TcpStream::from_std(stream).unwrap() })
    }

    pub(super) fn through<T: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: impl Future<Output = T>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sender = runtime.block_on(async {
            let io = TokioIo::new(stream.await);
            let (sender, connection) =
                hyper::client::conn::http2::Builder::new(TokioExecutor::new()).handshake(io).await.unwrap();
            tokio::spawn(connection);
            sender
        });
        Self { runtime, sender }
    }

    /// Sends a request; the answer when it is there.
    pub(super) fn ask(
        &self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
        let mut sender = self.sender.clone();
        async move {
            sender.ready().await?;
            sender.send_request(request).await
        }
    }

    pub(super) fn get(&self, authority: &str, path: &str) -> Response<Bytes> {
        self.send(Request::get(format!("http://{authority}{path}")).body(Full::default()).unwrap())
    }

    pub(super) fn send(&self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        let asked = self.ask(request);
        let answered = async {
            let (head, body) = asked.await.unwrap().into_parts();
            Response::from_parts(head, body.collect().await.unwrap().to_bytes())
        };
        self.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), answered).await.unwrap() })
    }
}

pub(super) fn networks(texts: &[&str]) -> Networks {
    texts.iter().map(|text| Networks::parse(text).unwrap()).collect()
}

pub(super) fn behind_a_proxy() -> Limits {
    Limits { trusted_proxies: networks(&["127.0.0.0/8"]), ..Limits::default() }
}

fn introduced() -> Limits {
    Limits { proxy_protocol: networks(&["127.0.0.0/8"]), ..Limits::default() }
}

fn click(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")
}

#[test]
fn a_trusted_front_end_may_speak_http_2_and_click_side_by_side() {
    let station = Station::new();
    let listener = station.front_with(behind_a_proxy());
    let multi = Multi::connect(&listener);
    let path = station.link(CLEAN);
    for _ in 0..3 {
        let reply = multi.get(HOST, &path);
        assert_eq!((reply.status(), reply.headers()["location"].to_str().unwrap()), (StatusCode::FOUND, CLEAN));
        assert!(!reply.headers().contains_key("connection"));
    }
    assert_eq!(multi.get("other.example", &path).status(), StatusCode::MISDIRECTED_REQUEST);
    let twice = Request::get(format!("http://{HOST}{path}")).header("host", "other.example");
    assert_eq!(multi.send(twice.body(Full::default()).unwrap()).status(), StatusCode::BAD_REQUEST);
    let post = Request::post(format!("http://{HOST}{path}"));
    assert_eq!(multi.send(post.body(Full::from("x".repeat(5000))).unwrap()).status(), StatusCode::PAYLOAD_TOO_LARGE);
    let many = (0..80).fold(Request::get(format!("http://{HOST}{path}")), |r, at| r.header(format!("x-{at}"), "y"));
    let refused = multi.send(many.body(Full::default()).unwrap());
    assert_eq!(refused.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let long = Request::get(format!("http://{HOST}{path}")).header("x", "y".repeat(40_000));
    assert_eq!(multi.send(long.body(Full::default()).unwrap()).status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(multi.get(HOST, &path).status(), StatusCode::FOUND);
    assert_eq!(listener.counters.connections.load(Ordering::Relaxed), 1);
}

#[test]
fn streams_of_one_connection_do_not_wait_for_each_other() {
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), behind_a_proxy());
    let multi = Multi::connect(&listener);
    let asked =
        [0; 5].map(|_| multi.runtime.spawn(multi.ask(Request::get("http://x/").body(Full::default()).unwrap())));
    for _ in 0..5 {
        multi.runtime.block_on(gate.entered());
    }
    gate.open(5);
    for asked in asked {
        assert_eq!(multi.runtime.block_on(asked).unwrap().unwrap().status(), StatusCode::OK);
    }
}

#[test]
fn a_shutdown_finishes_the_streams_under_way() {
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), behind_a_proxy());
    let multi = Multi::connect(&listener);
    let asked = multi.runtime.spawn(multi.ask(Request::get("http://x/").body(Full::default()).unwrap()));
    multi.runtime.block_on(gate.entered());
    let counters = listener.counters.clone();
    let (runtime, serving) = listener.stop();
    gate.open(1);
    assert_eq!(multi.runtime.block_on(asked).unwrap().unwrap().status(), StatusCode::OK);
    runtime.block_on(serving).unwrap();
    assert_eq!(counters.cut.load(Ordering::Relaxed), 0);
}

#[test]
fn an_http_2_connection_that_asks_nothing_is_closed() {
    let limits = Limits { head_timeout: Duration::from_millis(50), ..behind_a_proxy() };
    let listener = Listener::start(Gate::default(), limits);
    let mut idle = listener.connect();
    // The preface and empty settings; then nothing.
    idle.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut said = Vec::new();
    std::io::Read::read_to_end(&mut idle, &mut said).unwrap();
    assert!(said.windows(2).any(|frame| frame == [7, 0]), "a GOAWAY ends it: {said:?}");
    // Half a preface, too.
    let mut half = listener.connect();
    half.write_all(b"PRI * HTT").unwrap();
    assert!(is_closed(&mut half));
}

#[test]
fn nobody_else_may_speak_http_2_without_tls() {
    let listener = Listener::start(Gate::default(), Limits::default());
    let mut stream = listener.connect();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    assert!(is_closed(&mut stream));
    assert_eq!(listener.counters.requests.load(Ordering::Relaxed), 0);
}

#[test]
fn a_trusted_front_end_may_speak_http_1_as_well() {
    let station = Station::new();
    let listener = station.front_with(behind_a_proxy());
    assert_eq!(listener.say(click(&station.link(CLEAN))).status, 302);
    // These begin as the preface does.
    assert_eq!(listener.say(format!("PUT /x HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")).status, 405);
    assert_eq!(listener.say(format!("PRI /x HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")).status, 405);
}

#[test]
fn a_load_balancer_introduces_its_clients() {
    let station = Station::new();
    let listener = station.front_with(introduced());
    let click = click(&station.link(CLEAN));
    let version_2 = [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &[192, 0, 2, 7, 192, 0, 2, 1, 1, 1, 1, 187]].concat();
    for header in [&b"PROXY TCP4 203.0.113.5 192.0.2.1 5000 443\r\n"[..], &version_2, b"PROXY UNKNOWN\r\n"] {
        assert_eq!(listener.say([header, click.as_bytes()].concat()).status, 302);
    }
    // The client that is introduced does not speak for others.
    let forged = click.replace("\r\n\r\n", "\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n");
    assert_eq!(listener.say(format!("PROXY TCP4 203.0.113.6 192.0.2.1 5000 443\r\n{forged}")).status, 302);
    let clients: Vec<_> = station.events().into_iter().map(|event| event.client.unwrap()).collect();
    assert_eq!(clients, ["203.0.113.5", "192.0.2.7", "127.0.0.1", "203.0.113.6"]);
}

#[test]
fn without_an_introduction_a_load_balancer_is_not_heard_and_nobody_else_gives_one() {
    let station = Station::new();
    let listener = station.front_with(introduced());
    let click = click(&station.link(CLEAN));
    let mut silent = listener.connect();
    silent.write_all(click.as_bytes()).unwrap();
    assert!(is_closed(&mut silent));
    assert_eq!(listener.counters.unintroduced.load(Ordering::Relaxed), 1);
    let listener = station.front();
    assert_eq!(listener.say(format!("PROXY TCP4 203.0.113.5 192.0.2.1 5000 443\r\n{click}")).status, 400);
    assert!(station.events().is_empty());
}

#[test]
fn an_introduced_client_has_a_cap_and_its_load_balancer_has_none() {
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), Limits { per_address: 1, ..introduced() });
    let ask = |client: &str| {
        let mut stream = listener.connect();
        let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        write!(stream, "PROXY TCP4 {client} 192.0.2.1 5000 443\r\n{request}").unwrap();
        stream
    };
    let mut taken = [ask("203.0.113.5"), ask("203.0.113.6")];
    for _ in &taken {
        listener.runtime.block_on(gate.entered());
    }
    assert!(is_closed(&mut ask("203.0.113.5")));
    assert_eq!(listener.counters.refused.load(Ordering::Relaxed), 1);
    gate.open(2);
    for stream in &mut taken {
        assert_eq!(read(stream).status, 200);
    }
}

#[test]
fn the_header_of_the_standard_is_believed_where_it_is_named() {
    let station = Station::new();
    let limits = Limits { forwarded_header: ForwardedHeader::Forwarded, ..behind_a_proxy() };
    let listener = station.front_with(limits);
    let click = click(&station.link(CLEAN));
    let more = "\r\nX-Forwarded-For: 198.51.100.1\r\nForwarded: for=198.51.100.2, for=\"[2001:db8::5]:99\"\r\n\r\n";
    assert_eq!(listener.say(click.replace("\r\n\r\n", more)).status, 302);
    assert_eq!(station.events()[0].client.as_deref(), Some("2001:db8::5"));
}
