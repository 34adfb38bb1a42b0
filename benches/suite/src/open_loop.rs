//! Requests at a rate that does not wait for answers: what people do.
//!
//! Each request has its moment, and how long it took is counted from there, also where it had to wait for a connection:
//! a server that stalls is told of every request that came meanwhile. One thread that never sleeps on a processor of its
//! own, since a timer of the kernel is coarser than what is measured. Run as a process of its own:
//! `sekisho-perf generate ADDRESS PATHS RATE SECONDS CONNECTIONS`.

use std::{
    collections::VecDeque,
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::{process::on_generator_cpu, site};

/// Whoever waits longer has gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// What came of a run.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Microseconds.
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    /// Requests that nobody answered in time, or with 503.
    pub lost: f64,
}

/// Connections of a run: so many from the beginning, and as many as that at most where none is free.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    pub first: usize,
    pub most: usize,
}

/// Runs the generator on its processor.
pub fn run(
    address: SocketAddr,
    paths: &std::path::Path,
    rate: f64,
    length: Duration,
    connections: Connections,
) -> Result<Outcome> {
    let this = std::env::current_exe()?;
    let mut command = on_generator_cpu(this.to_str().context("a path that is no text")?);
    command.arg("generate").arg(address.to_string()).arg(paths).arg(rate.to_string());
    command.arg(length.as_secs_f64().to_string());
    command.args([connections.first, connections.most].map(|number| number.to_string()));
    let out = command.output()?;
    let said = String::from_utf8(out.stdout)?;
    ensure!(out.status.success(), "the generator failed: {}", String::from_utf8(out.stderr)?);
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [p50, p99, p999, lost] = numbers[..] else { bail!("it said {said}") };
    Ok(Outcome { p50, p99, p999, lost })
}

/// The process itself.
pub fn generate(arguments: &[&str]) -> Result<()> {
    let [address, paths, rate, seconds, first, most] = arguments else { bail!("six arguments are wanted") };
    let connections = Connections { first: first.parse()?, most: most.parse()? };
    let requests = fs::read_to_string(paths)?;
    let headers = site::headers("keep-alive");
    let requests = requests.lines().map(|path| format!("GET {path} HTTP/1.1\r\n{headers}").into_bytes()).collect();
    let mut generator = Generator::new(address.parse()?, requests, connections)?;
    generator.go(rate.parse()?, Duration::from_secs_f64(seconds.parse()?))?;
    let Generator { mut took, lost, .. } = generator;
    took.sort_unstable();
    let at = |part: f64| {
        let at = (took.len() as f64 * part) as usize;
        took.get(at.min(took.len().wrapping_sub(1))).copied().unwrap_or(0) as f64 / 1e3
    };
    println!("{:.1} {:.1} {:.1} {lost}", at(0.5), at(0.99), at(0.999));
    Ok(())
}

struct Generator {
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    poll: Poll,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    most: usize,
    due: VecDeque<Instant>,
    took: Vec<u64>,
    lost: u64,
    sent: usize,
}

struct Connection {
    stream: TcpStream,
    /// The moment of the request that waits for its answer.
    asked: Option<Instant>,
    answer: Vec<u8>,
    connected: bool,
}

impl Generator {
    fn new(address: SocketAddr, requests: Vec<Vec<u8>>, connections: Connections) -> Result<Self> {
        ensure!(address.ip().is_loopback(), "only this machine is asked");
        let mut generator = Self {
            address,
            requests,
            poll: Poll::new()?,
            connections: Vec::new(),
            free: Vec::new(),
            most: connections.most,
            due: VecDeque::new(),
            took: Vec::new(),
            lost: 0,
            sent: 0,
        };
        for _ in 0..connections.first {
            generator.connect(None)?;
        }
        Ok(generator)
    }

    /// Opens a connection, for a request where one waits.
    fn connect(&mut self, asked: Option<Instant>) -> Result<()> {
        let at = self.connections.iter().position(Option::is_none).unwrap_or(self.connections.len());
        let mut stream = TcpStream::connect(self.address)?;
        self.poll.registry().register(&mut stream, Token(at), Interest::READABLE | Interest::WRITABLE)?;
        let connection = Connection { stream, asked, answer: Vec::new(), connected: false };
        match self.connections.get_mut(at) {
            Some(place) => *place = Some(connection),
            None => self.connections.push(Some(connection)),
        }
        Ok(())
    }

    fn go(&mut self, rate: f64, length: Duration) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        // Everybody is there before it begins.
        let until = Instant::now() + Duration::from_secs(2);
        while self.free.len() < self.connections.len() && Instant::now() < until {
            self.turn(&mut events)?;
        }
        let (began, interval) = (Instant::now(), Duration::from_secs_f64(1.0 / rate));
        let mut next = began;
        while began.elapsed() < length {
            let now = Instant::now();
            while next <= now {
                self.due.push_back(next);
                next += interval;
            }
            self.hand_out(now)?;
            self.turn(&mut events)?;
        }
        // What is under way may still come.
        let rest = Instant::now() + Duration::from_millis(200);
        while self.connections.iter().flatten().any(|connection| connection.asked.is_some()) && Instant::now() < rest {
            self.turn(&mut events)?;
        }
        self.lost += self.due.len() as u64;
        self.lost += self.connections.iter().flatten().filter(|connection| connection.asked.is_some()).count() as u64;
        Ok(())
    }

    fn hand_out(&mut self, now: Instant) -> Result<()> {
        while self.due.front().is_some_and(|due| now - *due > PATIENCE) {
            self.due.pop_front();
            self.lost += 1;
        }
        while let Some(due) = self.due.front().copied() {
            if let Some(at) = self.free.pop() {
                self.due.pop_front();
                self.ask(at, due);
            } else if self.connections.iter().flatten().count() < self.most {
                self.due.pop_front();
                self.connect(Some(due))?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn ask(&mut self, at: usize, due: Instant) {
        let request = &self.requests[self.sent % self.requests.len()];
        let Some(Some(connection)) = self.connections.get_mut(at) else { return };
        self.sent += 1;
        connection.asked = Some(due);
        connection.answer.clear();
        if !matches!(connection.stream.write(request), Ok(written) if written == request.len()) {
            self.close(at);
        }
    }

    /// Whatever was asked on it is lost.
    fn close(&mut self, at: usize) {
        if let Some(place) = self.connections.get_mut(at)
            && let Some(mut connection) = place.take()
        {
            self.lost += u64::from(connection.asked.is_some());
            let _ = self.poll.registry().deregister(&mut connection.stream);
        }
        self.free.retain(|free| *free != at);
    }

    fn turn(&mut self, events: &mut Events) -> Result<()> {
        match self.poll.poll(events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in events.iter() {
            let Token(at) = event.token();
            if event.is_writable() {
                self.greet(at);
            }
            if event.is_readable() {
                self.read(at);
            }
        }
        Ok(())
    }

    /// The connection stands.
    fn greet(&mut self, at: usize) {
        let Some(Some(connection)) = self.connections.get_mut(at) else { return };
        if connection.connected {
            return;
        }
        if connection.stream.peer_addr().is_err() {
            return self.close(at);
        }
        connection.connected = true;
        let _ = connection.stream.set_nodelay(true);
        match connection.asked.take() {
            Some(due) => self.ask(at, due),
            None => self.free.push(at),
        }
    }

    fn read(&mut self, at: usize) {
        let mut buffer = [0; 16 * 1024];
        loop {
            let Some(Some(connection)) = self.connections.get_mut(at) else { return };
            match connection.stream.read(&mut buffer) {
                Ok(0) => return self.close(at),
                Ok(count) => connection.answer.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => return self.close(at),
            }
            let Some(status) = whole(&connection.answer) else { continue };
            let Some(asked) = connection.asked.take() else { return self.close(at) };
            let took = u64::try_from(asked.elapsed().as_nanos()).unwrap_or(u64::MAX);
            if status == 503 {
                self.lost += 1;
                return self.close(at);
            }
            if took <= PATIENCE.as_nanos() as u64 {
                self.took.push(took);
            } else {
                self.lost += 1;
            }
            self.free.push(at);
            return;
        }
    }
}

/// The status of an answer, if all of it is there.
fn whole(answer: &[u8]) -> Option<u16> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(answer.get(..head)?).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    (answer.len() >= head + length.unwrap_or(0)).then_some(status)
}
