use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    sync::{Arc, atomic::Ordering, mpsc},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use sekisho::http::{
    Admin, BindError, Counters, Fitness, Limits, Networks, Service, Vital, bind, bind_loopback, serve,
};
use tokio::{
    runtime::Runtime,
    sync::{Semaphore, oneshot},
    task::JoinHandle,
};

/// A listener on a port of its own, in a runtime of its own.
pub(super) struct Listener {
    pub(super) address: SocketAddr,
    pub(super) counters: Arc<Counters>,
    pub(super) runtime: Runtime,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Listener {
    pub(super) fn start<S: Service>(service: S, limits: Limits) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(bind(([127, 0, 0, 1], 0).into())).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let counters = Arc::new(Counters::default());
        let shutdown = async { drop(stopped.await) };
        let serving = runtime.spawn(serve(listener, Arc::new(service), limits, counters.clone(), shutdown));
        Self { address, counters, runtime, stop, serving }
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        // A hung server fails the test instead of hanging it.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends `request` as it stands and reads until the server closes.
    pub(super) fn say(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect();
        // A server that refuses early may close before all is sent.
        let _ = stream.write_all(request.as_ref());
        read(&mut stream)
    }

    /// Begins to stop; the rest happens behind.
    pub(super) fn stop(self) -> (Runtime, JoinHandle<()>) {
        let _ = self.stop.send(());
        (self.runtime, self.serving)
    }
}

/// A response as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().strip_prefix("HTTP/1.").unwrap()[2..5].parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.into(), value.into()));
        Self { status, headers: headers.collect(), body: body.into() }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The names of the headers, sorted.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

/// Waits for the server to close; whether it does so without a word.
pub(super) fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(read) => read == 0,
        // A child of another test has ended.
        Err(error) if error.kind() == ErrorKind::Interrupted => is_closed(stream),
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

pub(super) fn read(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    assert!(!bytes.is_empty(), "the server said nothing: {ended:?}");
    Reply::parse(&bytes)
}

/// Lets every task that has something to do get to it: they take turns on one thread.
fn settle(runtime: &Runtime) {
    let turns = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    };
    runtime.block_on(runtime.spawn(turns)).unwrap();
}

/// Answers 200, but only when it is told to.
#[derive(Clone)]
pub(super) struct Gate {
    entered: Arc<Semaphore>,
    opened: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { entered: Arc::new(Semaphore::new(0)), opened: Arc::new(Semaphore::new(0)) }
    }
}

impl Gate {
    /// Waits until one more request is under way.
    pub(super) async fn entered(&self) {
        self.entered.acquire().await.unwrap().forget();
    }

    /// Lets nobody through any more.
    pub(super) fn close(&self) {
        self.opened.forget_permits(usize::MAX);
    }

    /// Lets `count` requests through.
    pub(super) fn open(&self, count: usize) {
        self.opened.add_permits(count);
    }
}

impl Service for Gate {
    async fn answer(&self, _request: Request<Incoming>, _peer: IpAddr) -> Response<Full<Bytes>> {
        self.entered.add_permits(1);
        self.opened.acquire().await.unwrap().forget();
        Response::new(Full::from("through"))
    }
}

/// Panics at `/at-once`, and behind an await elsewhere.
struct Bomb;

impl Service for Bomb {
    async fn answer(&self, request: Request<Incoming>, _peer: IpAddr) -> Response<Full<Bytes>> {
        if request.uri().path() == "/fine" {
            return Response::new(Full::from("fine"));
        }
        if request.uri().path() != "/at-once" {
            tokio::task::yield_now().await;
        }
        panic!("a bug");
    }
}

pub(super) const GET: &str = "GET /fine HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[test]
fn a_client_that_has_said_all_still_gets_its_answer() {
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), Limits::default());
    let mut silent = listener.connect();
    silent.write_all(GET.as_bytes()).unwrap();
    listener.runtime.block_on(gate.entered());
    silent.shutdown(std::net::Shutdown::Write).unwrap();
    // Whoever comes behind is met after the server has seen that end.
    let mut next = listener.connect();
    next.write_all(GET.as_bytes()).unwrap();
    listener.runtime.block_on(gate.entered());
    gate.open(2);
    assert_eq!((read(&mut silent).status, read(&mut next).status), (200, 200));
}

#[test]
fn a_shutdown_finishes_what_is_under_way_and_takes_nothing_more() {
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), Limits::default());
    let mut idle = listener.connect();
    let mut busy = listener.connect();
    busy.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    listener.runtime.block_on(gate.entered());
    let (address, counters) = (listener.address, listener.counters.clone());
    let (runtime, serving) = listener.stop();
    // The idle connection is closed at once, which also says that the listener has stopped.
    assert!(is_closed(&mut idle));
    settle(&runtime);
    assert!(!serving.is_finished());
    gate.open(1);
    let reply = read(&mut busy);
    assert_eq!((reply.status, reply.body.as_str()), (200, "through"));
    runtime.block_on(serving).unwrap();
    // Another test may have the port by now.
    drop(TcpStream::connect(address));
    assert_eq!(counters.connections.load(Ordering::Relaxed), 2);
    assert_eq!(counters.cut.load(Ordering::Relaxed), 0);
}

#[test]
fn a_shutdown_does_not_wait_for_ever() {
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), Limits { drain: Duration::from_millis(50), ..Limits::default() });
    let mut busy = listener.connect();
    busy.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    listener.runtime.block_on(gate.entered());
    let counters = listener.counters.clone();
    let (runtime, serving) = listener.stop();
    runtime.block_on(serving).unwrap();
    assert_eq!(counters.cut.load(Ordering::Relaxed), 1);
    assert!(is_closed(&mut busy));
}

#[test]
fn a_client_that_dribbles_its_headers_is_cut() {
    let limits = Limits { head_timeout: Duration::from_millis(50), ..Limits::default() };
    let listener = Listener::start(Bomb, limits);
    let mut slow = listener.connect();
    slow.write_all(b"GET /fine HTTP/1.1\r\nHost: x\r\nX-Sl").unwrap();
    assert!(is_closed(&mut slow));
    // One that says nothing at all, too; and the listener is as well as before.
    assert!(is_closed(&mut listener.connect()));
    assert_eq!(listener.say(GET).status, 200);
    assert_eq!(listener.counters.requests.load(Ordering::Relaxed), 1);
}

#[test]
fn a_connection_is_not_used_for_ever() {
    let limits = Limits { connection_age: Duration::ZERO, ..Limits::default() };
    let gate = Gate::default();
    gate.open(1);
    let listener = Listener::start(gate, limits);
    let mut stream = listener.connect();
    assert!(is_closed(&mut stream));
}

#[test]
fn too_many_headers_or_too_long_ones_get_431() {
    let listener = Listener::start(Bomb, Limits::default());
    let lines = |count: usize| -> String { (0..count).map(|at| format!("X-{at}: y\r\n")).collect() };
    let request = |lines: &str| format!("GET /fine HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n");
    assert_eq!(listener.say(request(&lines(62))).status, 200);
    assert_eq!(listener.say(request(&lines(63))).status, 431);
    assert_eq!(listener.say(request(&format!("X: {}\r\n", "y".repeat(40_000)))).status, 431);
}

#[test]
fn what_is_no_http_gets_400_or_nothing() {
    let listener = Listener::start(Bomb, Limits::default());
    for request in [
        "GET /fine HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "GET /fi\0ne HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /fine HTTP/1.1\r\nHo st: x\r\n\r\n",
        "POST /fine HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\r\n\r\n",
    ] {
        assert_eq!(listener.say(request).status, 400, "{request:?}");
    }
    assert_eq!(listener.counters.requests.load(Ordering::Relaxed), 0);
}

/// Keeps its worker for a while at `/work`.
struct Toil(mpsc::Sender<()>);

impl Service for Toil {
    async fn answer(&self, request: Request<Incoming>, _peer: IpAddr) -> Response<Full<Bytes>> {
        if request.uri().path() == "/work" {
            let _ = self.0.send(());
            let since = Instant::now();
            while since.elapsed() < Duration::from_millis(150) {
                std::hint::spin_loop();
            }
        }
        Response::new(Full::from("fine"))
    }
}

#[test]
fn a_worker_that_stays_behind_sends_newcomers_away_until_it_has_caught_up() {
    let (begun, has_begun) = mpsc::channel();
    let listener = Listener::start(Toil(begun), Limits::default());
    let ask = |path: &str, connection: &str| {
        let mut stream = listener.connect();
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let mut many: Vec<TcpStream> = (0..64).map(|_| ask("/fine", "keep-alive")).collect();
    for stream in &mut many {
        stream.read_exact(&mut [0; 15]).unwrap();
    }
    // One work after the other, and each time somebody comes meanwhile.
    let mut works = many.iter_mut();
    let refused = std::iter::from_fn(|| {
        works.next()?.write_all(b"GET /work HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        has_begun.recv().unwrap();
        works.next()?.write_all(b"GET /work HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        Some(read(&mut ask("/fine", "close")))
    });
    let refused = refused.into_iter().find(|reply| reply.status == 503).unwrap();
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(listener.counters.shed.load(Ordering::Relaxed) > 0);
    let again = std::iter::repeat_with(|| listener.say(GET)).find(|reply| reply.status != 503).unwrap();
    assert_eq!(again.status, 200);
}

#[test]
fn a_panic_is_an_empty_500_and_counted_and_hurts_nobody_else() {
    let listener = Listener::start(Bomb, Limits::default());
    for path in ["/at-once", "/behind-an-await"] {
        let reply = listener.say(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_eq!((reply.status, reply.body.as_str(), reply.header("location")), (500, "", None));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    assert_eq!(listener.counters.panics.load(Ordering::Relaxed), 2);
    assert_eq!(listener.say(GET).status, 200);
}

#[test]
fn an_address_with_too_many_connections_gets_503() {
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), Limits { per_address: 1, ..Limits::default() });
    let mut first = listener.connect();
    first.write_all(GET.as_bytes()).unwrap();
    listener.runtime.block_on(gate.entered());
    let refused = listener.say(GET);
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(listener.counters.refused.load(Ordering::Relaxed), 1);
    gate.open(1);
    assert_eq!(read(&mut first).status, 200);
}

#[test]
fn a_trusted_front_end_may_have_as_many_connections_as_there_are() {
    let trusted_proxies = [Networks::parse("127.0.0.0/8").unwrap()].into_iter().collect();
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), Limits { per_address: 1, trusted_proxies, ..Limits::default() });
    let mut streams = [listener.connect(), listener.connect()];
    for stream in &mut streams {
        stream.write_all(GET.as_bytes()).unwrap();
        listener.runtime.block_on(gate.entered());
    }
    gate.open(2);
    for stream in &mut streams {
        assert_eq!(read(stream).status, 200);
    }
}

#[test]
fn with_no_room_a_connection_is_refused_at_once_and_served_when_there_is() {
    let gate = Gate::default();
    let listener = Listener::start(gate.clone(), Limits { connections: 1, ..Limits::default() });
    let mut first = listener.connect();
    first.write_all(GET.as_bytes()).unwrap();
    listener.runtime.block_on(gate.entered());
    // More than is read at once, so that closing early would reset the connection and lose the answer.
    let large = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{}", "x".repeat(100_000));
    for request in [GET, large.as_str()] {
        let refused = listener.say(request);
        assert_eq!(
            (refused.status, refused.header("retry-after"), refused.header("connection")),
            (503, Some("1"), Some("close"))
        );
    }
    assert_eq!(listener.counters.shed.load(Ordering::Relaxed), 2);
    assert_eq!(listener.counters.connections.load(Ordering::Relaxed), 1);
    gate.open(2);
    assert_eq!(read(&mut first).status, 200);
    // The seat is free a moment after the answer is out.
    let served = std::iter::repeat_with(|| listener.say(GET)).find(|reply| reply.status != 503).unwrap();
    assert_eq!(served.status, 200);
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_told_in_a_sentence() {
    let taken = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = bind(address).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
    assert!(error.contains("another process holds the port"), "{error}");
    let outside = bind_loopback(([0, 0, 0, 0], 0).into()).await.unwrap_err();
    assert!(matches!(outside, BindError::NotLoopback(_)));
    assert!(outside.to_string().contains("127.0.0.1"));
    assert!(bind_loopback(([127, 0, 0, 1], 0).into()).await.is_ok());
}

#[test]
fn the_admin_listener_tells_whether_to_send_clicks() {
    let vitals = |states: &[Fitness]| -> Vec<Vital> {
        states.iter().map(|state| Vital { part: "lists", state: *state, says: "2 lists".into() }).collect()
    };
    let ask = |states: &'static [Fitness], request: &str| {
        let admin = Admin::new(move || vitals(states), Arc::default());
        Listener::start(admin, Limits::default()).say(request.replace("~", "Connection: close\r\n\r\n"))
    };
    let ready = "GET /readyz HTTP/1.1\r\nHost: localhost:1\r\n~";
    let good = ask(&[Fitness::Ready, Fitness::Degraded], ready);
    assert_eq!((good.status, good.header("content-type")), (200, Some("application/json")));
    assert!(
        good.body.starts_with("{\"state\":\"degraded\",\"vitals\":[{\"part\":\"lists\",\"state\":\"ready\""),
        "{good:?}"
    );
    assert!(good.body.contains("\"panics\":0"));
    assert_eq!(ask(&[Fitness::Ready, Fitness::NotReady], ready).status, 503);
    assert_eq!(ask(&[], ready).status, 503);
    let alive = ask(&[Fitness::NotReady], "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n~");
    assert_eq!((alive.status, alive.body.as_str()), (200, "ok\n"));
    assert_eq!(ask(&[], "GET /healthz HTTP/1.1\r\nHost: rebound.example\r\n~").status, 421);
    assert_eq!(ask(&[], "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n~").status, 405);
    assert_eq!(ask(&[], "GET / HTTP/1.1\r\nHost: localhost\r\n~").status, 404);
}
