//! What is fetched when a destination is visited, and what never is: against servers and a DNS of the test's own.

mod hostile;
mod journey;
mod outside;
mod page;
mod spent;
mod virus;

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use sekisho::{
    base::{Clock, Timestamp},
    net::{Dialer, Filter, Limits, Means, Quota, Rehearsal, Resolver},
    scan::{Door, Scanner, Times},
    url::{self, Names, Suffixes, WebUrl},
};

/// The moment of every test.
const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// What a server does with one connection.
type Handler = Box<dyn Fn(TcpStream) + Send + Sync>;

/// A server on a socket of its own that counts who comes.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    peers: Arc<Mutex<Vec<SocketAddr>>>,
    heads: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
}

impl Server {
    /// Answers every connection by `handler`, each on a thread of its own.
    pub(crate) fn with(at: &str, handler: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind(at).unwrap(), Box::new(handler))
    }

    fn on(listener: TcpListener, handler: Handler) -> Self {
        let (peers, ends) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (came, over, handler) = (peers.clone(), ends.clone(), Arc::new(handler));
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            while let Ok((stream, peer)) = listener.accept() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                came.lock().unwrap().push(peer);
                let handler = handler.clone();
                thread::spawn(move || handler(stream));
            }
        });
        Self { address, peers, heads: Arc::default(), ends }
    }

    /// Answers by the target of the request: the bytes that `answers` gives for it.
    pub(crate) fn answering(answers: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = heads.clone();
        let mut server = Self::with("127.0.0.1:0", move |mut stream| {
            let head = head(&mut stream);
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            kept.lock().unwrap().push(head);
            let _ = stream.write_all(&answers(&target));
        });
        server.heads = heads;
        server
    }

    /// Connections that were accepted.
    pub(crate) fn came(&self) -> usize {
        self.peers.lock().unwrap().len()
    }

    /// How often somebody came before this moment. Connections are accepted in their order, so once ours is, all before it
    /// were.
    fn came_for_certain(&self) -> usize {
        let ours = TcpStream::connect(self.address).unwrap().local_addr().unwrap();
        loop {
            if let Some(before) = self.peers.lock().unwrap().iter().position(|peer| *peer == ours) {
                return before;
            }
            thread::yield_now();
        }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// The head of a request, to its empty line.
pub(crate) fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap_or_default()
}

/// An answer with this status, these header lines and this body.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

pub(crate) fn redirect(to: &str) -> Vec<u8> {
    answer("302 Found", &format!("Location: {to}\r\n"), b"")
}

/// A DNS server of the test's own, over UDP. A name has a list of answers, given one after the other, the last for ever.
#[derive(Clone, Default)]
struct Zone(Arc<Mutex<HashMap<String, Answers>>>);

struct Answers {
    steps: Vec<Vec<IpAddr>>,
    /// Which of A and AAAA were asked for in this step; both are one look.
    asked: Vec<u16>,
}

impl Zone {
    fn set(&self, name: &str, answers: &[&[&str]]) {
        let steps = answers.iter().map(|answer| answer.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        self.0.lock().unwrap().insert(name.to_owned(), Answers { steps, asked: Vec::new() });
    }

    /// Answers on a thread of its own until the test ends.
    fn serve(&self) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (address, zone) = (socket.local_addr().unwrap(), self.clone());
        thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let _ = socket.send_to(&zone.answer(&buffer[..length]), from);
            }
        });
        address
    }

    /// RFC 1035 section 4.1, as far as it is needed: one question, answers with a TTL of 0.
    fn answer(&self, query: &[u8]) -> Vec<u8> {
        let (mut labels, mut at) = (Vec::new(), 12);
        while query[at] > 0 {
            let length = usize::from(query[at]);
            labels.push(String::from_utf8(query[at + 1..=at + length].to_vec()).unwrap().to_ascii_lowercase());
            at += length + 1;
        }
        let question = &query[12..at + 5];
        let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(&labels.join("."));
        let exists = answers.is_some();
        let addresses: Vec<IpAddr> = answers.map_or_else(Vec::new, |answers| {
            let addresses = answers.steps[0].clone();
            answers.asked.push(kind);
            if answers.asked.contains(&1) && answers.asked.contains(&28) && answers.steps.len() > 1 {
                answers.steps.remove(0);
                answers.asked.clear();
            }
            addresses
        });
        let records: Vec<Vec<u8>> = addresses
            .into_iter()
            .filter_map(|address| match (kind, address) {
                (1, IpAddr::V4(v4)) => Some(v4.octets().to_vec()),
                (28, IpAddr::V6(v6)) => Some(v6.octets().to_vec()),
                _ => None,
            })
            .collect();
        let mut answer = query[..2].to_vec();
        answer.extend(if exists { [0x81, 0x80] } else { [0x81, 0x83] });
        answer.extend([0, 1, 0, u8::try_from(records.len()).unwrap(), 0, 0, 0, 0]);
        answer.extend(question);
        for record in records {
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 0, 0, u8::try_from(record.len()).unwrap()]);
            answer.extend(record);
        }
        answer
    }
}

/// A dialler that takes these servers for the internet, and asks this zone.
fn means(zone: &Zone, servers: &[&Server]) -> Means {
    let sockets: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
    Means {
        filter: Filter::new(Vec::new(), Vec::new()).rehearsing(Rehearsal::on(&sockets).unwrap()),
        resolver: Resolver::of(&[zone.serve()]).unwrap(),
        ports: Vec::new(),
        own_hosts: vec!["go.corp.example.net".into()],
        limits: Limits::default(),
        quota: Quota::default(),
        agent: "Sekisho/test (+https://go.corp.example.net)".into(),
        authorities: tokio_rustls::rustls::RootCertStore::empty(),
        suffixes: Arc::new(Suffixes::builtin()),
        clock: Arc::new(Still),
    }
}

struct Open;

impl Door for Open {
    fn shuts(&self, _: &WebUrl) -> Option<String> {
        None
    }
}

fn scanner(means: Means) -> Scanner {
    scanner_behind(means, Arc::new(Open))
}

fn scanner_behind(means: Means, door: Arc<dyn Door>) -> Scanner {
    let suffixes = means.suffixes.clone();
    let times = Times { patience: Duration::from_secs(60), limit: Duration::from_secs(60) };
    Scanner::new(Arc::new(Dialer::new(means).unwrap()), door, suffixes, Arc::new(Names::builtin()), times)
}

/// A scanner of these servers for tests of other parts: `name` and all below is this machine.
pub(crate) fn scanner_naming(servers: &[&Server], name: &str, times: Times) -> Scanner {
    let zone = Zone::default();
    let means = means(&zone, servers);
    let sockets: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
    let rehearsal = Rehearsal::on(&sockets).unwrap().naming(name);
    let means = Means { filter: Filter::new(Vec::new(), Vec::new()).rehearsing(rehearsal), ..means };
    let suffixes = means.suffixes.clone();
    Scanner::new(Arc::new(Dialer::new(means).unwrap()), Arc::new(Open), suffixes, Arc::new(Names::builtin()), times)
}

fn parse(text: &str) -> WebUrl {
    url::parse(text).unwrap()
}
