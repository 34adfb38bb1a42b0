//! `sekisho serve` as a process: what it says, what it answers, how signals reach it, how it ends.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStderr, Command},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use super::{CONFIG, Folder, ONE_TENANT, UNAVAILABLE, command, mail::rewritten};

/// A running checkpoint; killed when dropped.
pub(super) struct Served {
    child: Child,
    stderr: Receiver<String>,
    pub(super) clicks: String,
    pub(super) admin: String,
    /// Where it answers, in its own words.
    pub(super) said: String,
}

/// A test asks as fast as it can until an answer is as wanted.
pub(super) fn tireless(command: &mut Command) -> &mut Command {
    command.env("SEKISHO_LIMITS__LINK_OPENINGS_PER_MINUTE", "0")
}

impl Served {
    pub(super) fn start(folder: &Folder, more: &[&str]) -> Self {
        let mut args = folder.with(&[]);
        args.extend(more);
        Self::start_with(&args)
    }

    pub(super) fn start_with(place: &[&str]) -> Self {
        let mut args = vec!["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        args.extend(place);
        Self::of(tireless(&mut command(&args)).spawn().unwrap())
    }

    /// A child that was started elsewhere.
    pub(super) fn of(mut child: Child) -> Self {
        let stderr = lines(child.stderr.take().unwrap());
        let mut served = Self { child, stderr, clicks: String::new(), admin: String::new(), said: String::new() };
        let line = served.until("answering clicks on ");
        let mut addresses = line.split("://").skip(1).map(|rest| rest.split([',', '/']).next().unwrap().trim());
        served.clicks = addresses.next().unwrap().to_owned();
        served.admin = addresses.next().unwrap().to_owned();
        served.said = line;
        served
    }

    /// The next line on stderr that holds these words.
    pub(super) fn until(&mut self, words: &str) -> String {
        let mut seen = String::new();
        loop {
            let line = self.stderr.recv_timeout(Duration::from_secs(20));
            let line = line.unwrap_or_else(|_| panic!("{words:?} was never said: {seen}"));
            if line.contains(words) {
                return line;
            }
            seen += &line;
        }
    }

    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end; the code and what it still said.
    pub(super) fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.stderr.iter().collect())
    }

    /// The answer to a click on a link of the default base.
    pub(super) fn click(&self, link: &str) -> String {
        get(&self.clicks, "localhost:8480", link.strip_prefix("http://localhost:8480").unwrap())
    }

    pub(super) fn ready(&self) -> String {
        get(&self.admin, "localhost", "/readyz")
    }

    /// Asks for readiness until the answer is as wanted; fails after ten seconds.
    pub(super) fn ready_until(&self, wanted: impl Fn(&str) -> bool) {
        let began = Instant::now();
        while !wanted(&self.ready()) {
            assert!(began.elapsed() < Duration::from_secs(10), "never as wanted: {}", self.ready());
        }
    }

    /// Asks until the answer begins as wanted; fails after ten seconds.
    pub(super) fn click_until(&self, link: &str, start: &str) {
        let began = Instant::now();
        while !self.click(link).starts_with(start) {
            assert!(began.elapsed() < Duration::from_secs(10), "never {start:?} but {}", self.click(link));
            std::thread::yield_now();
        }
    }
}

/// The lines of a stream as they come; a process that says nothing more fails a test instead of hanging it.
fn lines(stream: ChildStderr) -> Receiver<String> {
    let (said, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        // Who stopped listening ends it.
        let _ = lines.map(|line| line + "\n").try_for_each(|line| said.send(line));
    });
    heard
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn get(address: &str, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn from_mail_to_click_to_explanation() {
    let folder = Folder::new();
    let (_, links) = rewritten(&folder);
    let served = Served::start(&folder, &[]);
    let answer = served.click(&links[0]);
    assert!(
        answer.starts_with("HTTP/1.1 302 ") && answer.contains("\r\nlocation: https://www.example.com/a?b=1#c\r\n"),
        "{answer}"
    );
    folder.write("blocklists/mine.list", "=www.example.com ; reason=\"Test of a block\"\n");
    served.click_until(&links[0], "HTTP/1.1 403 ");
    let page = served.click(&links[0]);
    assert!(served.ready().starts_with("HTTP/1.1 200 "));
    served.signal("TERM");
    let (code, said) = served.end();
    assert_eq!(code, Some(0), "{said}");

    // Every click was written before the end.
    let clicks = folder.run(&["clicks", "--json", "--outcome", "blocked_by_admin"]).ok().json();
    let reference = clicks.last().unwrap()["click_id"].as_str().unwrap();
    assert!(page.contains(reference), "the page shows the reference of its event");
    assert_eq!(
        folder.run(&["clicks", "--json", "--outcome", "allowed", "--since", "1h"]).ok().json()[0]["host"],
        "www.example.com"
    );
    assert_eq!(folder.run(&["clicks", "--json", "--until", "1h"]).ok().out, "");
    assert_eq!(folder.run(&["clicks", "--json", "--limit", "1"]).ok().json()[0]["click_id"], reference);
    let told = folder.run(&["explain", reference]).ok().out;
    for words in ["mine", "=www.example.com", "<1@corp.example>"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("a?b=1"), "masked: {told}");
    assert!(folder.run(&["explain", reference, "--reveal"]).ok().out.contains("https://www.example.com/a?b=1#c"));
    assert_eq!(folder.run(&["explain", reference, "--json"]).ok().json()[0]["click_id"], reference);

    // The entry that stopped it knows when it did.
    let last = &clicks.last().unwrap()["time"];
    assert!(last.is_number(), "{last}");
    let explained = folder.run(&["list", "explain", "--json", "https://www.example.com/"]).ok().json();
    assert_eq!(&explained[0]["hits"][0]["last_match"], last);
    let told = folder.run(&["list", "explain", "https://www.example.com/"]).ok().out;
    assert!(told.contains("(block, one host); last matched 20"), "{told}");
    let stat = folder.run(&["list", "stat", "--json"]).ok().json();
    let mine = stat.iter().find(|list| list["list"] == "mine").unwrap();
    assert_eq!((&mine["matched"], &mine["last_match"]), (&1.into(), last));
    assert!(folder.run(&["list", "show", "mine"]).ok().out.contains("  (last matched 20"));
    let doctor = folder.run(&["doctor"]).ok().out;
    assert!(!doctor.contains("BAD"), "{doctor}");
}

#[test]
fn a_new_key_counts_after_a_hangup_and_old_links_open_as_ever() {
    let folder = Folder::new();
    let (_, old) = rewritten(&folder);
    let mut served = Served::start(&folder, &[]);
    served.until("nothing of this process listens there");
    folder.run(&["keys", "rotate"]).ok().says(&["SIGHUP"]);
    let (_, new) = rewritten(&folder);
    assert!(served.click(&new[0]).starts_with("HTTP/1.1 404 "), "this process does not know the key yet");
    served.signal("HUP");
    served.until("keyring");
    assert!(served.click(&new[0]).starts_with("HTTP/1.1 302 "));
    assert!(served.click(&old[0]).starts_with("HTTP/1.1 302 "));

    // What is wrong is told, and what was good stays in force.
    let ring = folder.join("keyring.toml");
    let good = fs::read_to_string(&ring).unwrap();
    fs::write(&ring, "[[key]]\n").unwrap();
    served.signal("HUP");
    assert!(served.until("stays").contains("keyring.toml:1:"));
    assert!(served.click(&new[0]).starts_with("HTTP/1.1 302 "));
    fs::write(&ring, good).unwrap();
    served.signal("TERM");
    assert_eq!(served.end().0, Some(0));
}

#[test]
fn a_bad_line_of_a_list_is_told_and_the_last_good_version_stays() {
    let folder = Folder::new();
    let (_, links) = rewritten(&folder);
    folder.write("blocklists/mine.list", "=www.example.com\n");
    let mut served = Served::start(&folder, &[]);
    assert!(served.click(&links[0]).starts_with("HTTP/1.1 403 "));
    let path = folder.write("blocklists/mine.list", "=www.example.com ; becuase=x\n=other.example\n");
    served.until(&format!("{path}:1:"));
    assert!(served.click(&links[0]).starts_with("HTTP/1.1 403 "));
    assert!(served.click(&links[1]).starts_with("HTTP/1.1 302 "), "nothing of the bad version counts");
    // The words go out before the state is put in place.
    served.ready_until(|answer| answer.contains("degraded"));
}

#[test]
fn a_second_signal_cuts_what_is_under_way() {
    let folder = Folder::new();
    let (_, links) = rewritten(&folder);
    let file = folder.write(
        "slow.toml",
        &format!(
            "data_dir = \".\"\ndrain_seconds = 600\n{}",
            ONE_TENANT.replace("https://go.corp.example", "http://localhost:8480")
        ),
    );
    let mut served = Served::start(&folder, &["--config", &file]);
    let path = links[0].strip_prefix("http://localhost:8480").unwrap();
    let mut slow = TcpStream::connect(&served.clicks).unwrap();
    write!(slow, "POST {path} HTTP/1.1\r\nHost: localhost:8480\r\nContent-Length: 10\r\n\r\nno").unwrap();
    // One whole answer later, the slow request has been taken.
    assert!(served.click(&links[0]).starts_with("HTTP/1.1 302 "));
    served.signal("TERM");
    served.until("ending");
    // No new clicks are to be sent.
    served.ready_until(|answer| answer.starts_with("HTTP/1.1 503 "));
    served.signal("TERM");
    let (code, said) = served.end();
    assert_eq!(code, Some(0));
    assert!(said.contains("cut"), "{said}");
    assert_eq!(folder.run(&["clicks", "--json"]).ok().json().len(), 1, "what was recorded is written");
}

#[test]
fn a_port_that_is_taken_is_told_with_a_remedy() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let told = folder.run(&["serve", "--listen", &address, "--admin-listen", "127.0.0.1:0"]);
    told.refused(UNAVAILABLE, &[&format!("cannot listen on {address}"), "choose another port"]);
    folder.run(&["serve", "--listen", "127.0.0.1:0", "--admin-listen", &address]).refused(UNAVAILABLE, &[&address]);
    folder
        .run(&["serve", "--listen", "127.0.0.1:0", "--admin-listen", "0.0.0.0:0"])
        .refused(CONFIG, &["reachable from outside"]);
}

#[test]
fn a_template_that_is_wrong_stops_the_start() {
    let folder = Folder::new();
    folder.write("templates/warn.html", "{% extends \"base.html\" %}\n{% if %}\n");
    let file = folder.write("sekisho.toml", &format!("data_dir = \"data\"\ntemplates = \"templates\"\n{ONE_TENANT}"));
    super::run(&["keys", "init", "--config", &file]).ok();
    let template = folder.join("templates/warn.html");
    super::run(&["serve", "--config", &file]).refused(CONFIG, &[&format!("{template}:2: ")]);
    assert!(!folder.path().join("data/sekisho.db").exists(), "nothing was made before the check");
    let doctor = super::run(&["doctor", "--config", &file]);
    assert_eq!(doctor.code, CONFIG);
    assert!(doctor.out.contains("BAD  templates"), "{}", doctor.out);
}

#[test]
fn a_folder_of_lists_that_was_named_has_to_be_there() {
    let folder = Folder::new();
    let file = folder.write("sekisho.toml", &format!("data_dir = \"data\"\nblocklists = \"lists\"\n{ONE_TENANT}"));
    super::run(&["keys", "init", "--config", &file]).ok();
    super::run(&["serve", "--config", &file]).refused(CONFIG, &[&folder.join("lists")]);
}

#[test]
fn without_its_keyring_it_does_not_start() {
    let folder = Folder::new();
    let file = folder.write("sekisho.toml", &format!("data_dir = \"data\"\n{ONE_TENANT}"));
    super::run(&["serve", "--config", &file]).refused(CONFIG, &["no keyring", "keys init"]);
    let folder = Folder::new();
    rewritten(&folder);
    fs::remove_file(folder.join("keyring.toml")).unwrap();
    folder.run(&["serve"]).refused(CONFIG, &["no keyring", "backup"]);
}
