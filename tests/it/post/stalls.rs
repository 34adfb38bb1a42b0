//! Peers that stop in the middle of a message: bounded, and nothing of it goes on.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use sekisho::{
    judge::Tier,
    mail::{
        Attempts, Count, Examined, Examiner, Failed, Inspection, Letter, Listener, OnFailure, OnLarge, OnMalicious,
        OnPoison, OnSuspicious, OnUnproven, Place, Rules, Way, filter, milter,
    },
};
use tokio::sync::watch;

/// A peer is silent after this long.
const SILENCE: Duration = Duration::from_millis(100);
/// What never happens in a test that holds.
const LONG: Duration = Duration::from_secs(3600);

#[derive(Default)]
struct Seen(AtomicUsize);

impl Examiner for Seen {
    fn examine(&self, letter: &Letter) -> Result<Examined, Failed> {
        self.0.fetch_add(1, SeqCst);
        let (message, why) = (letter.raw.clone(), String::new());
        Ok(Examined { message, top: Vec::new(), tier: Tier::Clean, why, asked: None })
    }
}

struct Stage {
    runtime: tokio::runtime::Runtime,
    seen: Arc<Seen>,
    inspection: Arc<Inspection>,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = Rules {
            inbound: OnFailure::TryAgain,
            outgoing: OnFailure::TryAgain,
            large: OnLarge::Reject,
            message_bytes: 1 << 20,
            malicious: OnMalicious::Mark,
            suspicious: OnSuspicious::Mark,
            unproven: OnUnproven::Tell,
            poison: OnPoison::Reject,
            attempts: 3,
            patience: LONG,
        };
        let seen = Arc::<Seen>::default();
        let attempts = Attempts::open(folder.path()).unwrap();
        let inspection = Arc::new(Inspection::new(Arc::clone(&seen) as _, rules, attempts, 2));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        Self { runtime, seen, inspection, _folder: folder }
    }

    fn listener(&self) -> (Listener, String) {
        let place: Place = "127.0.0.1:0".parse().unwrap();
        let listener = self.runtime.block_on(Listener::bind(&place, 0o600)).unwrap();
        let place = listener.place().to_string();
        (listener, place)
    }

    fn filter(&self, next: &str) -> (TcpStream, watch::Sender<bool>) {
        let (listener, place) = self.listener();
        let settings = filter::Settings {
            connections: 1,
            next: next.parse().unwrap(),
            way: Way::Inbound,
            name: "mx.corp.example".into(),
            silence: SILENCE,
            drain: LONG,
        };
        let (end, ending) = watch::channel(false);
        let inspection = Arc::clone(&self.inspection);
        self.runtime.spawn(async move { filter::serve(&listener, inspection, settings, ending).await });
        (TcpStream::connect(place).unwrap(), end)
    }
}

/// All that comes until the other side closes.
fn until_closed(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    all
}

#[test]
fn a_client_of_the_filter_that_stops_in_the_middle_of_a_message_is_cut() {
    let stage = Stage::set();
    let (mut stream, _end) = stage.filter("lmtp:127.0.0.1:9");
    stream
        .write_all(b"LHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nFrom: a\r\n\r\nhalf of it")
        .unwrap();
    let told = String::from_utf8(until_closed(stream)).unwrap();
    assert!(told.ends_with("354 go on, and end with a dot on a line\r\n"), "{told}");
    let counts = stage.inspection.counts();
    assert_eq!((counts.of(Count::Messages), stage.seen.0.load(SeqCst)), (0, 0));
    // The one place that there is is free again.
}

#[test]
fn a_next_hop_that_says_nothing_keeps_the_message_in_the_queue() {
    let stage = Stage::set();
    // It takes the connection and not a word is said.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut stream, _end) = stage.filter(&format!("lmtp:{}", mute.local_addr().unwrap()));
    stream
        .write_all(
            b"LHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nFrom: a\r\n\r\nx\r\n.\r\nQUIT\r\n",
        )
        .unwrap();
    let told = String::from_utf8(until_closed(stream)).unwrap();
    assert!(told.contains("\r\n451 4.4.1 the next hop does not answer"), "{told}");
    assert_eq!(stage.seen.0.load(SeqCst), 1);
}

#[test]
fn a_mail_system_that_stops_in_the_middle_of_a_frame_is_cut() {
    let stage = Stage::set();
    let (listener, place) = stage.listener();
    let settings = milter::Settings { connections: 1, is_ours: Arc::new(|_| false), silence: SILENCE, drain: LONG };
    let (_end, ending) = watch::channel(false);
    let inspection = Arc::clone(&stage.inspection);
    stage.runtime.spawn(async move { milter::serve(&listener, inspection, settings, ending).await });
    let frame = |letter: u8, data: &[u8]| -> Vec<u8> {
        let length = u32::try_from(data.len() + 1).unwrap().to_be_bytes();
        [&length[..], &[letter], data].concat()
    };
    for _ in 0..2 {
        // The second one has the place of the first, which is free when that was cut.
        let mut stream = TcpStream::connect(&place).unwrap();
        let begun = [
            frame(b'O', b"\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"),
            frame(b'M', b"<a@b.example>\0"),
            frame(b'L', b"From\0 a\0"),
            frame(b'B', b"a body"),
        ];
        stream.write_all(&begun.concat()).unwrap();
        stream.write_all(&frame(b'E', b"the end of it")[..8]).unwrap();
        let told = until_closed(stream);
        assert_eq!(told.get(4), Some(&b'O'), "{told:?}");
    }
    assert_eq!((stage.inspection.counts().of(Count::Messages), stage.seen.0.load(SeqCst)), (0, 0));
    assert!(stage.inspection.counts().of(Count::Broken) >= 1);
}
