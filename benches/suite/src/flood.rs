//! Clicks over HTTPS at a rate that does not wait for answers, each on a connection of its own: what a company does when
//! a letter to all has come.
//!
//! As in `open_loop` a click counts from the moment at which it should have begun. The generator proves nothing, so that
//! it can ask more than the server can answer. Run as a process of its own: `sekisho-perf flood ADDRESS PATHS RATE
//! SECONDS`.

use std::{
    fs,
    io::{self, ErrorKind, Read as _, Write as _},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs::{default_provider, kx_group::X25519},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{process::on_generator_cpu, site};

/// Whoever waits longer has gone.
const PATIENCE: Duration = Duration::from_secs(1);
/// Clicks under way at one time; what would be more is not sent and counts as lost.
const MOST: usize = 4_000;

/// What came of a run; times in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Redirects in time, a second.
    pub good: f64,
    pub p50: f64,
    pub p99: f64,
    /// Connections that were closed or answered with 503 before the click was, and the slowest of 99 % of them.
    pub refused: f64,
    pub refused_p99: f64,
    pub lost: f64,
}

/// Runs the generator on its processor.
pub fn run(address: SocketAddr, paths: &std::path::Path, rate: f64, length: Duration) -> Result<Outcome> {
    let this = std::env::current_exe()?;
    let mut command = on_generator_cpu(this.to_str().context("a path that is no text")?);
    command.arg("flood").arg(address.to_string()).arg(paths).arg(rate.to_string());
    let out = command.arg(length.as_secs_f64().to_string()).output()?;
    let said = String::from_utf8(out.stdout)?;
    ensure!(out.status.success(), "the generator failed: {}", String::from_utf8(out.stderr)?);
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [good, p50, p99, refused, refused_p99, lost] = numbers[..] else { bail!("it said {said}") };
    Ok(Outcome { good, p50, p99, refused, refused_p99, lost })
}

/// The process itself.
pub fn flood(arguments: &[&str]) -> Result<()> {
    let [address, paths, rate, seconds] = arguments else { bail!("four arguments are wanted") };
    let address: SocketAddr = address.parse()?;
    ensure!(address.ip().is_loopback(), "only this machine is asked");
    let paths = fs::read_to_string(paths)?;
    let headers = site::headers("close");
    let requests = paths.lines().map(|path| format!("GET {path} HTTP/1.1\r\n{headers}").into_bytes()).collect();
    let (rate, seconds): (f64, f64) = (rate.parse()?, seconds.parse()?);
    let mut flood = Flood::new(address, requests)?;
    flood.go(rate, Duration::from_secs_f64(seconds))?;
    let Flood { mut took, mut refused, lost, .. } = flood;
    took.sort_unstable();
    refused.sort_unstable();
    let at = |sorted: &[u64], part: f64| {
        let at = (sorted.len() as f64 * part) as usize;
        sorted.get(at.min(sorted.len().wrapping_sub(1))).copied().unwrap_or(0) as f64 / 1e3
    };
    let good = took.len() as f64 / seconds;
    let (p50, p99, refused_p99) = (at(&took, 0.5), at(&took, 0.99), at(&refused, 0.99));
    println!("{good:.1} {p50:.1} {p99:.1} {} {refused_p99:.1} {lost}", refused.len());
    Ok(())
}

struct Flood {
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    config: Arc<ClientConfig>,
    poll: Poll,
    clicks: Vec<Option<Click>>,
    empty: Vec<usize>,
    took: Vec<u64>,
    refused: Vec<u64>,
    lost: u64,
    begun: usize,
}

struct Click {
    stream: TcpStream,
    tls: ClientConnection,
    due: Instant,
    request: usize,
    is_asked: bool,
    answer: Vec<u8>,
}

/// How a click ended.
enum End {
    Redirected,
    Refused,
}

impl Flood {
    fn new(address: SocketAddr, requests: Vec<Vec<u8>>) -> Result<Self> {
        let mut provider = default_provider();
        // Nothing that costs the server more than the browsers of some years ago did.
        provider.kx_groups = vec![X25519];
        let config = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions()?;
        let believing = config.dangerous().with_custom_certificate_verifier(Arc::new(Believer));
        let mut config = believing.with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Self {
            address,
            requests,
            config: Arc::new(config),
            poll: Poll::new()?,
            clicks: (0..MOST).map(|_| None).collect(),
            empty: (0..MOST).rev().collect(),
            took: Vec::new(),
            refused: Vec::new(),
            lost: 0,
            begun: 0,
        })
    }

    fn go(&mut self, rate: f64, length: Duration) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        let (began, interval) = (Instant::now(), Duration::from_secs_f64(1.0 / rate));
        let (mut next, mut swept) = (began, began);
        while began.elapsed() < length + Duration::from_millis(200) {
            let now = Instant::now();
            // A few at a time, so that answers are not left lying meanwhile.
            for _ in 0..8 {
                if next > now || next > began + length {
                    break;
                }
                self.begin(next)?;
                next += interval;
            }
            match self.poll.poll(&mut events, Some(Duration::ZERO)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in events.iter() {
                let Token(at) = event.token();
                if let Some(end) = self.advance(at) {
                    self.end(at, end);
                }
            }
            if now - swept > Duration::from_millis(50) {
                swept = now;
                self.sweep(now);
            }
        }
        self.lost += self.clicks.iter().flatten().count() as u64;
        Ok(())
    }

    fn begin(&mut self, due: Instant) -> Result<()> {
        let Some(at) = self.empty.pop() else {
            self.lost += 1;
            return Ok(());
        };
        let mut stream = TcpStream::connect(self.address)?;
        self.poll.registry().register(&mut stream, Token(at), Interest::READABLE | Interest::WRITABLE)?;
        let tls = ClientConnection::new(Arc::clone(&self.config), ServerName::try_from(site::HOST)?)?;
        let request = self.begun % self.requests.len();
        self.begun += 1;
        self.clicks[at] = Some(Click { stream, tls, due, request, is_asked: false, answer: Vec::new() });
        Ok(())
    }

    /// Does what can be done without waiting.
    fn advance(&mut self, at: usize) -> Option<End> {
        let click = self.clicks.get_mut(at)?.as_mut()?;
        if click.stream.peer_addr().is_err() {
            // Not connected yet, or never.
            return click.stream.take_error().ok().flatten().map(|_| End::Refused);
        }
        let over = loop {
            match click.step(&self.requests) {
                Ok(true) => {}
                Ok(false) => break false,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break false,
                Err(_) => break true,
            }
        };
        let status = click.answer.get(9..12).filter(|_| click.answer.windows(4).any(|four| four == b"\r\n\r\n"));
        match status {
            Some(b"302") => Some(End::Redirected),
            Some(_) => Some(End::Refused),
            None => over.then_some(End::Refused),
        }
    }

    fn end(&mut self, at: usize, end: End) {
        let Some(mut click) = self.clicks.get_mut(at).and_then(Option::take) else { return };
        let _ = self.poll.registry().deregister(&mut click.stream);
        self.empty.push(at);
        let took = u64::try_from(click.due.elapsed().as_nanos()).unwrap_or(u64::MAX);
        match end {
            End::Redirected if took > PATIENCE.as_nanos() as u64 => self.lost += 1,
            End::Redirected => self.took.push(took),
            End::Refused => self.refused.push(took),
        }
    }

    fn sweep(&mut self, now: Instant) {
        for at in 0..self.clicks.len() {
            if self.clicks[at].as_ref().is_some_and(|click| now - click.due > PATIENCE) {
                self.clicks[at] = None;
                self.empty.push(at);
                self.lost += 1;
            }
        }
    }
}

impl Click {
    /// One step; whether there may be another. Error: the connection has nothing for now, or is over.
    fn step(&mut self, requests: &[Vec<u8>]) -> io::Result<bool> {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.stream)?;
        }
        if !self.tls.is_handshaking() && !self.is_asked {
            self.is_asked = true;
            self.tls.writer().write_all(&requests[self.request])?;
            return Ok(true);
        }
        if self.tls.read_tls(&mut self.stream)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let state = self.tls.process_new_packets().map_err(io::Error::other)?;
        let mut plain = vec![0; state.plaintext_bytes_to_read()];
        self.tls.reader().read_exact(&mut plain)?;
        self.answer.extend_from_slice(&plain);
        Ok(true)
    }
}

/// Believes everybody: this machine measures itself.
#[derive(Debug)]
struct Believer;

impl ServerCertVerifier for Believer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
