//! `kill -9` in a storm of clicks: what was counted as synced is in the store afterwards, once and whole.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sekisho::{
    app::{SystemClock, read_ring},
    base::{Clock, MessageHash, RecipientHash, TenantId},
    link::{Facts, Minter, Place},
    store::{ClickFilter, Order, Reveal, Store},
    url,
};

/// Connections that click at once.
const CLICKERS: usize = 4;
/// Most clicks of one of them in one round.
const CLICKS_MAX: usize = 4_000;
/// What a crash may cost at most.
const AT_RISK: Duration = Duration::from_millis(100);
/// How long a start may take behind one.
const READY: Duration = Duration::from_secs(1);
/// Long enough on the slowest machine; nothing waits for it when all is well.
const LONG: Duration = Duration::from_secs(60);

/// A running `sekisho serve`; killed when dropped.
struct Served {
    child: Child,
    clicks: String,
    admin: String,
    /// From the start of the process to its word that it answers.
    ready_after: Duration,
}

impl Served {
    fn start(folder: &Path) -> Self {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("answering clicks on ") {
            said.clear();
            assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "it ended before it answered");
        }
        let ready_after = began.elapsed();
        // Whatever else it says is read, so that it never waits for us.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let mut addresses = said.split("http://").skip(1).map(|rest| rest.split([',', '/']).next().unwrap().trim());
        let (clicks, admin) = (addresses.next().unwrap().to_owned(), addresses.next().unwrap().to_owned());
        Self { child, clicks, admin, ready_after }
    }

    fn counts(&self) -> Counts {
        Counts::of(&mut Browser::open(&self.admin).unwrap()).unwrap()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have been killed before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `/readyz` says of the click log.
#[derive(Debug, Clone, Copy)]
struct Counts {
    synced: usize,
    waiting: usize,
    torn: usize,
}

impl Counts {
    fn of(browser: &mut Browser) -> std::io::Result<Self> {
        let body = browser.get("localhost", "/readyz")?;
        let report: serde_json::Value = serde_json::from_str(&body).unwrap();
        let vitals = report["vitals"].as_array().unwrap();
        let says =
            vitals.iter().find(|vital| vital["part"] == "click log").unwrap()["says"].as_str().unwrap().to_owned();
        let before = |words: &str| {
            let start = says.split(words).next().filter(|start| start.len() < says.len())?;
            start.rsplit(' ').next()?.parse::<usize>().ok()
        };
        Ok(Self {
            synced: before(" events synced").unwrap(),
            waiting: before(" waiting").unwrap(),
            torn: before(" damaged").unwrap_or(0),
        })
    }
}

/// One connection that is kept open.
struct Browser(BufReader<TcpStream>);

impl Browser {
    fn open(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LONG))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// The body of a whole answer. Error: the connection ended before.
    fn get(&mut self, host: &str, path: &str) -> std::io::Result<String> {
        self.0.get_mut().write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())?;
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            if self.0.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(String::from_utf8(body).unwrap())
    }
}

/// What came of one round.
struct Round {
    answered: usize,
    synced: usize,
    stored: usize,
    /// Answered clicks that are gone: how long before the kill the oldest of them was answered.
    lost: usize,
    oldest_lost: Duration,
    torn: usize,
    ready_after: Duration,
}

/// How a round ends.
#[derive(Clone, Copy)]
enum After {
    /// The server is started again.
    Restart,
    /// Somebody asks for the clicks, and no server runs.
    Ask,
}

fn destination(round: usize, clicker: usize, number: usize) -> String {
    format!("https://www.example.com/{round}/{clicker}/{number}")
}

fn path(minter: &Minter, url: &str) -> String {
    let facts = Facts {
        tenant: TenantId(1),
        place: Place::Html,
        issued: SystemClock.now(),
        message: MessageHash([1; 8]),
        recipient: RecipientHash([2; 8]),
    };
    minter.mint(&url::parse(url).unwrap(), &facts).unwrap().to_string()
}

fn round(folder: &Path, round: usize, after: After) -> Round {
    let since = SystemClock.now();
    let mut served = Served::start(folder);
    let minter = read_ring(&folder.join("keyring.toml")).unwrap().minter(TenantId(1), SystemClock.now()).unwrap();
    let answered = Arc::new(AtomicUsize::new(0));
    let clickers: Vec<_> = (0..CLICKERS)
        .map(|clicker| {
            let (minter, answered, address) = (minter.clone(), Arc::clone(&answered), served.clicks.clone());
            std::thread::spawn(move || {
                let mut browser = Browser::open(&address).unwrap();
                let mut when = Vec::new();
                for number in 0..CLICKS_MAX {
                    let path = path(&minter, &destination(round, clicker, number));
                    if browser.get("localhost:8480", &path).is_err() {
                        break;
                    }
                    when.push(Instant::now());
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                when
            })
        })
        .collect();
    // Not by the clock, but in the middle of it: earlier and later from round to round.
    let enough = 200 + round * 97 % 1_500;
    let mut admin = Browser::open(&served.admin).unwrap();
    let mut synced = 0;
    while answered.load(Ordering::SeqCst) < enough || synced == 0 {
        synced = Counts::of(&mut admin).unwrap().synced;
    }
    let killed = Instant::now();
    served.kill();
    let answered: Vec<Vec<Instant>> = clickers.into_iter().map(|clicker| clicker.join().unwrap()).collect();

    let (mut torn, mut ready_after) = (0, Duration::ZERO);
    match after {
        After::Restart => {
            let again = Served::start(folder);
            ready_after = again.ready_after;
            while again.counts().waiting > 0 {}
            torn = again.counts().torn;
        }
        After::Ask => {
            let mut ask = Command::new(env!("CARGO_BIN_EXE_sekisho"));
            let asked = ask.args(["clicks", "--json", "--limit", "1", "--data-dir"]).arg(folder).output().unwrap();
            assert!(asked.status.success(), "{asked:?}");
        }
    }
    let store = Store::open_existing(&folder.join("sekisho.db")).unwrap();
    let all =
        ClickFilter { since: Some(since), order: Order::OldestFirst, limit: usize::MAX, ..ClickFilter::default() };
    let mut stored = BTreeMap::new();
    for event in store.clicks(&all, Reveal::Whole).unwrap() {
        *stored.entry(event.url.unwrap()).or_insert(0) += 1;
    }
    let round_of = |url: &str| url.starts_with(&format!("https://www.example.com/{round}/"));
    assert!(stored.iter().all(|(url, times)| round_of(url) && *times == 1), "none twice, none that is not ours");
    assert!(stored.len() >= synced, "{} are stored, {synced} were counted as synced", stored.len());
    let (mut lost, mut oldest_lost) = (0, Duration::ZERO);
    for (clicker, when) in answered.iter().enumerate() {
        for (number, when) in when.iter().enumerate() {
            if !stored.contains_key(&destination(round, clicker, number)) {
                lost += 1;
                oldest_lost = oldest_lost.max(killed.saturating_duration_since(*when));
            }
        }
        assert!(!stored.contains_key(&destination(round, clicker, when.len() + 1)), "one that was never asked for");
    }
    let answered = answered.iter().map(Vec::len).sum();
    Round { answered, synced, stored: stored.len(), lost, oldest_lost, torn, ready_after }
}

#[test]
fn what_was_synced_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    round(folder.path(), 0, After::Restart);
    round(folder.path(), 1, After::Ask);
}

/// `cargo test --test it crash:: -- --ignored --nocapture`; CONTRIBUTING.md names it.
#[test]
#[ignore = "takes minutes"]
fn a_hundred_kills() {
    let folder = tempfile::tempdir().unwrap();
    let mut rounds = Vec::new();
    for number in 0..100 {
        let ran = round(folder.path(), number, if number % 4 == 3 { After::Ask } else { After::Restart });
        eprintln!(
            "round {number}: {} answered, {} synced, {} stored, {} lost in the last {:?}, ready after {:?}, {} torn",
            ran.answered, ran.synced, ran.stored, ran.lost, ran.oldest_lost, ran.ready_after, ran.torn
        );
        // Times are no business of the gate, which runs on machines that do much beside.
        assert!(ran.oldest_lost <= AT_RISK, "a click that was answered {:?} before the kill is gone", ran.oldest_lost);
        assert!(ran.ready_after < READY, "{:?} until it answered again", ran.ready_after);
        rounds.push(ran);
    }
    let sum = |of: fn(&Round) -> usize| rounds.iter().map(of).sum::<usize>();
    eprintln!(
        "{} rounds: {} clicks answered, {} counted as synced, {} stored, 0 twice; {} lost, the oldest {:?} before its \
         kill; {} torn ends; ready after {:?} at most",
        rounds.len(),
        sum(|round| round.answered),
        sum(|round| round.synced),
        sum(|round| round.stored),
        sum(|round| round.lost),
        rounds.iter().map(|round| round.oldest_lost).max().unwrap(),
        sum(|round| round.torn),
        rounds.iter().map(|round| round.ready_after).max().unwrap(),
    );
}
