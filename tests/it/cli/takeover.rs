//! A new process takes over from an old one while people click, and no click fails.

use std::{
    net::TcpListener,
    os::fd::OwnedFd,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    Folder,
    mail::rewritten,
    serve::{Served, get, tireless},
};

/// Clicks on and on until it is told to stop.
struct Clicker {
    clicks: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Clicker {
    fn start(address: String, link: &str) -> Self {
        let (clicks, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let path = link.strip_prefix("http://localhost:8480").unwrap().to_owned();
        let (counted, stopped) = (clicks.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let answer = get(&address, "localhost:8480", &path);
                assert!(answer.starts_with("HTTP/1.1 302 "), "a click failed: {answer:?}");
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { clicks, stop, thread }
    }

    /// Waits until so many more have been answered.
    fn more(&self, count: usize) {
        let (began, wanted) = (Instant::now(), self.clicks.load(Ordering::Relaxed) + count);
        while self.clicks.load(Ordering::Relaxed) < wanted && !self.thread.is_finished() {
            assert!(began.elapsed() < Duration::from_secs(30), "clicks are not answered any more");
            std::thread::yield_now();
        }
    }

    fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.clicks.load(Ordering::Relaxed)
    }
}

/// Clicks while `old` runs, while both run, while the old one drains, and while `new` runs alone.
fn take_over(folder: &Folder, links: &[String], old: Served, new: impl FnOnce(&str) -> Served) {
    let clickers: Vec<Clicker> = (0..3).map(|_| Clicker::start(old.clicks.clone(), &links[0])).collect();
    let more = || clickers.iter().for_each(|clicker| clicker.more(20));
    more();
    let new = new(&old.clicks);
    more();
    old.signal("TERM");
    assert_eq!(old.end().0, Some(0));
    more();
    let clicks: usize = clickers.into_iter().map(Clicker::stop).sum();
    new.signal("TERM");
    assert_eq!(new.end().0, Some(0));
    let logged = folder.run(&["clicks", "--json", "--limit", "1000000"]).ok().out;
    assert_eq!(logged.lines().count(), clicks, "every click is in the log");
}

#[test]
fn a_second_process_listens_beside_the_first_and_stays_when_that_ends() {
    let folder = Folder::new();
    let (_, links) = rewritten(&folder);
    let old = Served::start(&folder, &[]);
    take_over(&folder, &links, old, |address| {
        let data = folder.path().display().to_string();
        let args = ["serve", "--data-dir", &data, "--listen", address, "--admin-listen", "127.0.0.1:0"];
        let mut new = Served::of(tireless(&mut super::command(&args)).spawn().unwrap());
        new.until("another process answers on");
        new
    });
}

#[test]
fn processes_share_a_listener_that_is_handed_to_them() {
    let folder = Folder::new();
    let (_, links) = rewritten(&folder);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let handed = || {
        let mut shell = Command::new("sh");
        let script = "export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" \"$@\" 3<&0 0</dev/null";
        shell.args(["-c", script, env!("CARGO_BIN_EXE_sekisho"), "serve", "--admin-listen", "127.0.0.1:0"]);
        shell.arg("--data-dir").arg(folder.path());
        shell.stdin(OwnedFd::from(listener.try_clone().unwrap())).stderr(Stdio::piped());
        Served::of(tireless(&mut shell).spawn().unwrap())
    };
    let old = handed();
    assert_eq!(old.clicks, listener.local_addr().unwrap().to_string());
    take_over(&folder, &links, old, |_| handed());
}
