use std::{
    collections::BTreeSet,
    io::Write,
    net::{IpAddr, SocketAddr, TcpStream},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use sekisho::http::{Company, Counters, Door, Limits, Service, Sockets, Tls, Workers};

use super::server::{GET, Gate, Reply, is_closed, read};

/// Answers with the name of the thread.
struct Thread;

impl Service for Thread {
    async fn answer(&self, _request: Request<Incoming>, _peer: IpAddr) -> Response<Full<Bytes>> {
        Response::new(Full::from(std::thread::current().name().unwrap_or_default().to_owned()))
    }
}

/// Workers on a port of their own.
pub(super) struct Crew {
    pub(super) address: SocketAddr,
    pub(super) counters: Arc<Counters>,
    workers: Workers,
}

impl Crew {
    fn start<S: Service>(service: S, sockets: Sockets, limits: Limits) -> Self {
        Self::with(service, sockets, limits, None)
    }

    pub(super) fn with<S: Service>(service: S, sockets: Sockets, limits: Limits, tls: Option<Arc<Tls>>) -> Self {
        let (address, counters) = (sockets.local_addr().unwrap(), Arc::new(Counters::default()));
        let workers = Workers::start(&Door::new(Arc::new(service), limits, counters.clone(), tls), sockets).unwrap();
        Self { address, counters, workers }
    }

    fn ask(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(GET.as_bytes()).unwrap();
        stream
    }

    fn replies(&self, count: usize) -> Vec<Reply> {
        let mut streams: Vec<TcpStream> = std::iter::repeat_with(|| self.ask()).take(count).collect();
        streams.iter_mut().map(read).collect()
    }
}

pub(super) fn sockets(workers: usize) -> Sockets {
    Sockets::bind(([127, 0, 0, 1], 0).into(), workers).unwrap()
}

fn alone(workers: usize) -> Sockets {
    Sockets::share(std::net::TcpListener::bind("127.0.0.1:0").unwrap(), workers).unwrap()
}

#[test]
fn each_worker_answers_from_its_own_thread() {
    let crew = Crew::start(Thread, sockets(3), Limits::default());
    let names: BTreeSet<String> = crew.replies(200).into_iter().map(|reply| reply.body).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["clicks-1", "clicks-2", "clicks-3"]);
    assert_eq!(crew.counters.requests.load(Ordering::Relaxed), 200);
}

#[test]
fn workers_can_share_one_listener() {
    let crew = Crew::start(Thread, alone(3), Limits::default());
    assert!(crew.replies(50).iter().all(|reply| reply.status == 200 && reply.body.starts_with("clicks-")));
}

#[tokio::test]
async fn caps_hold_over_all_workers_together() {
    for limits in [Limits { connections: 2, ..Limits::default() }, Limits { per_address: 2, ..Limits::default() }] {
        let gate = Gate::default();
        let crew = Crew::start(gate.clone(), sockets(3), limits);
        let mut taken = [crew.ask(), crew.ask()];
        gate.entered().await;
        gate.entered().await;
        assert!(crew.replies(30).iter().all(|reply| reply.status == 503));
        gate.open(2);
        for stream in &mut taken {
            assert_eq!(read(stream).status, 200);
        }
        let of = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        assert_eq!((of(&crew.counters.connections), of(&crew.counters.shed) + of(&crew.counters.refused)), (2, 30));
    }
}

#[tokio::test]
async fn draining_finishes_what_is_under_way_and_dropping_cuts_it() {
    for sockets in [sockets(2), alone(2)] {
        let gate = Gate::default();
        let crew = Crew::start(gate.clone(), sockets, Limits::default());
        let mut busy = crew.ask();
        gate.entered().await;
        gate.open(1);
        crew.workers.drain().await;
        assert_eq!(read(&mut busy).body, "through");
        assert_eq!(crew.counters.cut.load(Ordering::Relaxed), 0);
    }
    let gate = Gate::default();
    let crew = Crew::start(gate.clone(), sockets(2), Limits::default());
    let mut busy = crew.ask();
    gate.entered().await;
    drop(crew.workers);
    assert!(is_closed(&mut busy));
}

#[test]
fn a_second_one_on_the_same_port_is_told_of_the_first() {
    let first = sockets(2);
    assert_eq!(first.company(), Company::None);
    let second = Sockets::bind(first.local_addr().unwrap(), 1).unwrap();
    assert_eq!(second.company(), Company::Another);
    let alone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let told = Sockets::bind(alone.local_addr().unwrap(), 2).unwrap_err().to_string();
    assert!(told.contains("another process holds the port"), "{told}");
}
