//! What honest people notice of those who are not: their p99 while somebody abuses the server, beside their p99 without.
//!
//! The abuser is a process of its own on the processor of generators, bounded in rate and time:
//! `sekisho-perf abuse ADDRESS KIND SECONDS`.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rustix::net;

use crate::{
    click::Field,
    open_loop::{self, Connections},
    paper::Paper,
    process::on_generator_cpu,
    site::{self, FRONT_END},
    slices::{Plan, take, watched},
};

/// Honest requests a second.
const RATE: f64 = 2_000.0;
/// An abuser that is answered nothing waits no longer.
const WAIT: Duration = Duration::from_millis(50);

/// One way to abuse a server.
struct Kind {
    name: &'static str,
    /// What it is, with the row of the list of attacks.
    what: &'static str,
    /// Acts a second.
    rate: u32,
    act: fn(&mut Abuser) -> Option<()>,
    /// Whether nginx, which is asked without TLS, understands it.
    is_for_both: bool,
}

const KINDS: [Kind; 8] = [
    Kind {
        name: "dribble",
        what: "400 clients that send a byte of their head now and then",
        rate: 800,
        act: dribble,
        is_for_both: true,
    },
    Kind {
        name: "nonsense",
        what: "200 connections a second that speak no HTTP",
        rate: 200,
        act: nonsense,
        is_for_both: true,
    },
    Kind { name: "heads", what: "100 heads of 64 kB a second", rate: 100, act: heads, is_for_both: true },
    Kind {
        name: "churn",
        what: "300 connections a second that are dropped at once",
        rate: 300,
        act: churn,
        is_for_both: true,
    },
    Kind {
        name: "forged",
        what: "1,000 links a second that cannot be proven",
        rate: 1_000,
        act: forged,
        is_for_both: true,
    },
    Kind {
        name: "resets",
        what: "50 HTTP/2 connections a second that open and reset 1,000 streams each (rapid reset)",
        rate: 50,
        act: resets,
        is_for_both: false,
    },
    Kind {
        name: "continuation",
        what: "50 HTTP/2 connections a second with a head of 1,000 empty CONTINUATION frames",
        rate: 50,
        act: continuation,
        is_for_both: false,
    },
    Kind {
        name: "pings",
        what: "50 HTTP/2 connections a second with 1,000 PINGs each",
        rate: 50,
        act: pings,
        is_for_both: false,
    },
];

/// Issue line "honest clients' p99 at most doubled".
pub fn measure(field: &Field, plan: Plan, paper: &mut Paper) -> Result<()> {
    let plan = Plan { rounds: plan.rounds.min(3), patience: plan.patience.min(3), ..plan };
    let connections = Connections { first: 64, most: 64 };
    paper.heading("How long a click waits while somebody abuses the server");
    paper.say(&format!(
        "{RATE:.0} honest requests a second on 64 connections, alone and beside one abuser. Microseconds, median (least .. \
         most) of the rounds; the factor is p99 beside the abuser over p99 without, round by round."
    ));
    let servers = [&field.bare, &field.ours];
    let each = KINDS.len() + 1;
    let rounds = take(plan, servers.len() * each, |at, length| {
        let contender = servers[at / each];
        let server = &contender.server;
        let kind = (at % each).checked_sub(1).map(|kind| &KINDS[kind]);
        let kind = kind.filter(|kind| kind.is_for_both || at >= each);
        let _abuser = kind.map(|kind| Running::start(server.address, kind, length)).transpose()?;
        let (outcome, _, disturbance, length) =
            watched(|| server.ran(), || open_loop::run(server.address, &contender.paths, RATE, length, connections))?;
        Ok((outcome, disturbance, length))
    })?;
    let mut worst: f64 = 0.0;
    let mut rows = Vec::new();
    for kind in 0..each {
        let mut row = vec![kind.checked_sub(1).map_or("nobody", |kind| KINDS[kind].what).to_owned()];
        for server in 0..servers.len() {
            let at = server * each + kind;
            let p99 = rounds.spread(at, |outcome| outcome.p99);
            let factor = rounds.ratio(at, server * each, |outcome| outcome.p99);
            if server == 0 && kind.checked_sub(1).is_some_and(|kind| !KINDS[kind].is_for_both) {
                row.extend(["not asked".into(), String::new()]);
                continue;
            }
            row.push(format!("{:.0} ({:.0} .. {:.0})", p99.median, p99.least, p99.most));
            row.push(format!("{:.2}", factor.median));
            if server == 1 {
                worst = worst.max(factor.median);
                row.push(format!("{:.0}", rounds.spread(at, |outcome| outcome.lost).median));
            }
        }
        rows.push(row);
    }
    paper.table(&["abuser", "nginx, p99", "factor", "ours, p99", "factor", "ours unanswered"], &rows);
    paper.say(&rounds.note());
    paper.goal("p99 of honest clients under abuse", "<= 2 times without", format!("{worst:.2}"), Some(worst <= 2.0));
    Ok(())
}

/// An abuser at work. Dropped, it is ended.
struct Running(Child);

impl Running {
    fn start(address: SocketAddr, kind: &Kind, length: Duration) -> Result<Self> {
        let this = std::env::current_exe()?;
        let mut command = on_generator_cpu(this.to_str().context("a path that is no text")?);
        // Longer than the generator needs to get ready and to finish.
        let seconds = (length + Duration::from_secs(3)).as_secs_f64().to_string();
        command.args(["abuse", &address.to_string(), kind.name, &seconds]).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        // It says so when it stands.
        let mut ready = [0; 6];
        child.stdout.take().context("no pipe")?.read_exact(&mut ready).context("the abuser failed")?;
        Ok(Self(child))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The process itself.
pub fn abuse(address: &str, kind: &str, seconds: &str) -> Result<()> {
    let address: SocketAddr = address.parse()?;
    ensure!(address.ip().is_loopback(), "only this machine is abused");
    let kind = KINDS.iter().find(|known| known.name == kind).context("no such kind")?;
    let mut abuser = Abuser { address, held: Vec::new(), acts: 0 };
    if kind.name == "dribble" {
        abuser.held = (0..400).map(|_| abuser.dribbler()).collect();
    }
    println!("ready");
    let until = Instant::now() + Duration::from_secs_f64(seconds.parse()?);
    let interval = Duration::from_secs(1) / kind.rate;
    let mut next = Instant::now();
    while next < until {
        // What fails was refused, and is tried again.
        let _ = (kind.act)(&mut abuser);
        abuser.acts += 1;
        next = (next + interval).max(Instant::now() - WAIT);
        sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

struct Abuser {
    address: SocketAddr,
    held: Vec<Option<TcpStream>>,
    acts: usize,
}

impl Abuser {
    fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.address, WAIT).ok()?;
        stream.set_read_timeout(Some(WAIT)).ok()?;
        stream.set_write_timeout(Some(WAIT)).ok()?;
        Some(stream)
    }

    fn dribbler(&self) -> Option<TcpStream> {
        let mut stream = self.connect()?;
        stream.write_all(b"GET / HTTP/1.1\r\nX-Slow: ").ok()?;
        Some(stream)
    }

    /// Says it as a front end that may speak HTTP/2 without TLS, and hears what comes.
    fn say_as_front_end(&self, frames: &[u8]) -> Option<()> {
        let socket = net::socket(net::AddressFamily::INET, net::SocketType::STREAM, None).ok()?;
        net::bind(&socket, &SocketAddr::from((FRONT_END, 0))).ok()?;
        net::connect(&socket, &self.address).ok()?;
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(WAIT)).ok()?;
        stream.set_write_timeout(Some(WAIT)).ok()?;
        // A server that has enough does not read to the end.
        let _ = stream.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &*frame(SETTINGS, 0, 0, &[]), frames].concat());
        let mut answer = [0; 4096];
        while stream.read(&mut answer).ok()? > 0 {}
        Some(())
    }

    /// Says it on a connection of its own, and hears what comes.
    fn say(&self, bytes: &[u8]) -> Option<()> {
        let mut stream = self.connect()?;
        stream.write_all(bytes).ok()?;
        let mut answer = [0; 4096];
        while stream.read(&mut answer).ok()? > 0 {}
        Some(())
    }
}

fn dribble(abuser: &mut Abuser) -> Option<()> {
    let at = abuser.acts % abuser.held.len().max(1);
    let stands = abuser.held.get_mut(at)?.as_mut().is_some_and(|stream| stream.write_all(b"a").is_ok());
    if !stands {
        let again = abuser.dribbler();
        *abuser.held.get_mut(at)? = again;
    }
    Some(())
}

fn nonsense(abuser: &mut Abuser) -> Option<()> {
    abuser.say(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
}

fn heads(abuser: &mut Abuser) -> Option<()> {
    abuser.say(format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(64 << 10)).as_bytes())
}

fn churn(abuser: &mut Abuser) -> Option<()> {
    abuser.connect().map(drop)
}

fn forged(abuser: &mut Abuser) -> Option<()> {
    if abuser.held.is_empty() {
        abuser.held.push(abuser.connect());
    }
    let token = format!("{:0>60}", abuser.acts);
    let request = format!("GET /www.shop.example/{token}1 HTTP/1.1\r\n{}", site::headers("keep-alive"));
    let ask = |stream: &mut TcpStream| {
        stream.write_all(request.as_bytes())?;
        // A page is longer; what is left of one is read with the next.
        stream.read(&mut [0; 32 * 1024])
    };
    let answered = abuser.held[0].as_mut().is_some_and(|stream| ask(stream).is_ok_and(|read| read > 0));
    if !answered {
        abuser.held.clear();
    }
    Some(())
}

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `GET http://x/` in HPACK.
const GET: [u8; 6] = [0x82, 0x86, 0x84, 0x01, 1, b'x'];
const MANY: u32 = 1_000;

/// A frame (RFC 9113 section 4.1); payloads here are short.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn resets(abuser: &mut Abuser) -> Option<()> {
    let stream = |at: u32| {
        let stream = 2 * at + 1;
        [frame(HEADERS, END_HEADERS | END_STREAM, stream, &GET), frame(RESET, 0, stream, &[0, 0, 0, 8])].concat()
    };
    abuser.say_as_front_end(&(0..MANY).flat_map(stream).collect::<Vec<u8>>())
}

fn continuation(abuser: &mut Abuser) -> Option<()> {
    let more = frame(CONTINUATION, 0, 1, &[]).repeat(MANY as usize);
    abuser.say_as_front_end(&[frame(HEADERS, 0, 1, &GET), more].concat())
}

fn pings(abuser: &mut Abuser) -> Option<()> {
    abuser.say_as_front_end(&frame(PING, 0, 0, &[0; 8]).repeat(MANY as usize))
}
