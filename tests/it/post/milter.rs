//! `sekisho milter` behind a real Postfix.

use std::{collections::HashMap, process::Command};

use super::{
    letters::{Letter, field, letters, proven, restorer},
    postfix::{Postfix, free_port},
    service::{Data, Service},
    smtp::stuffed,
};

const TO: &[&str] = &["user@corp.example"];

/// Postfix with a milter on `data`; `None` where there is no Postfix.
fn mailer(data: &Data, more: &str) -> Option<(Postfix, Service)> {
    let milter = Service::milter(data, &format!("127.0.0.1:{}", free_port()));
    let settings = format!("smtpd_milters = {}\n{more}", milter.for_postfix());
    Some((Postfix::start(&settings, "")?, milter))
}

/// By Message-ID; fails if one came twice.
fn by_id(delivered: Vec<Vec<u8>>) -> HashMap<String, Vec<u8>> {
    let mut all = HashMap::new();
    for message in delivered {
        let id = field(&message, "Message-ID").expect("a Message-ID").trim_matches(['<', '>']).to_owned();
        assert!(all.insert(id.clone(), message).is_none(), "{id} came twice");
    }
    all
}

fn prove_all(data: &Data, letters: &[Letter], delivered: Vec<Vec<u8>>) {
    assert_eq!(delivered.len(), letters.len());
    let (all, rewriter) = (by_id(delivered), restorer(data));
    for letter in letters {
        proven(&rewriter, letter, all.get(&letter.id).unwrap_or_else(|| panic!("{} is lost", letter.id)));
    }
}

#[test]
fn every_letter_comes_once_with_links_that_open_and_is_otherwise_what_was_sent() {
    let data = Data::new("");
    let Some((postfix, milter)) = mailer(&data, "") else { return };
    let letters = letters(60);
    std::thread::scope(|scope| {
        for share in letters.chunks(20) {
            let mut client = postfix.client();
            scope.spawn(move || {
                for letter in share {
                    let said = client.message("a@sender.example", TO, &letter.raw);
                    assert!(said.starts_with("250"), "{}: {said}", letter.id);
                }
            });
        }
    });
    prove_all(&data, &letters, postfix.delivered(60));
    milter.signal("TERM");
    let (code, said) = milter.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("60 messages, 60 passed"), "{said}");
}

#[test]
fn the_milter_is_killed_in_the_middle_of_messages_and_nothing_is_lost() {
    killed(4);
}

/// `cargo test --test it five_hundred_kills -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes"]
fn five_hundred_kills() {
    killed(500);
}

fn killed(times: usize) {
    let data = Data::new("");
    let Some((postfix, mut milter)) = mailer(&data, "") else { return };
    let letters = letters(times);
    let place = milter.place.clone();
    let mut kept = 0;
    for (at, letter) in letters.iter().enumerate() {
        let mut client = postfix.client();
        client.begin("a@sender.example", TO).unwrap();
        let raw = stuffed(&letter.raw);
        let half = raw.len() * (at % 7) / 7;
        client.send(&raw[..half]);
        // At every other time Postfix is at its end with it as well, and the answer is awaited or has just been given.
        if at % 2 == 0 {
            milter.child.kill().unwrap();
            client.send(&raw[half..]);
        } else {
            client.send(&raw[half..]);
            milter.child.kill().unwrap();
        }
        let said = client.reply();
        milter.child.wait().unwrap();
        milter = Service::milter(&data, &place);
        if said.starts_with("250") {
            continue;
        }
        assert!(said.starts_with('4'), "{}: {said}", letter.id);
        kept += 1;
        let said = postfix.client().message("a@sender.example", TO, &letter.raw);
        assert!(said.starts_with("250"), "{}: {said}", letter.id);
    }
    assert!(kept >= times / 2, "{kept} of {times} were in the middle of it");
    eprintln!("{times} kills, {kept} answered 4xx and sent again, none lost, none twice, none unexamined");
    prove_all(&data, &letters, postfix.delivered(times));
}

#[test]
fn what_is_known_as_bad_is_held_and_what_is_suspicious_is_marked() {
    let data = Data::new("");
    data.block("block", "evil.example # known\n");
    let Some((postfix, mut milter)) = mailer(&data, "") else { return };
    let send = |id: &str, body: &str| {
        let raw = format!(
            "From: a@sender.example\r\nX-Sekisho-Verdict: clean; says the sender\r\nMessage-ID: <{id}>\r\n\r\n{body}\r\n"
        );
        let said = postfix.client().message("a@sender.example", TO, raw.as_bytes());
        assert!(said.starts_with("250"), "{said}");
    };
    send("bad", "see https://www.evil.example/login");
    send("odd", "see https://xn--pypal-4ve.com/login and https://fine.example/");
    send("good", "see https://fine.example/");
    let all = by_id(postfix.delivered(2));
    assert_eq!(postfix.held(), 1);
    let verdict = field(&all["odd"], "X-Sekisho-Verdict").unwrap();
    assert!(verdict.starts_with("suspicious; a link to xn--pypal-4ve.com ("), "{verdict}");
    assert_eq!(field(&all["good"], "X-Sekisho-Verdict"), None);
    milter.until("malicious: a link to www.evil.example (list block, line 1)");
}

#[test]
fn what_goes_out_gets_its_links_back_and_none_of_ours() {
    let data = Data::new("outgoing_networks = [\"127.0.0.9\"]");
    let Some((postfix, _milter)) = mailer(&data, "") else { return };
    let reply = |id: &str| {
        Letter {
        id: id.to_owned(),
        raw: format!("From: user@corp.example\r\nMessage-ID: <{id}>\r\n\r\n> see https://www.example.com/a\r\nhttps://b.example/\r\n").into(),
    }
    };
    let incoming = restorer(&data).rewrite(&reply("in").raw, &sekisho::rewrite::Envelope::default(), now()).unwrap();
    assert_eq!(incoming.report.counts.wrapped, 2);
    for (xclient, id) in [("LOGIN=user", "in"), ("ADDR=127.0.0.9", "in"), ("ADDR=127.0.0.8", "in")] {
        let mut client = postfix.client();
        assert!(client.say(&format!("XCLIENT {xclient}")).starts_with("220"));
        assert!(client.say("EHLO client.example").starts_with("250"));
        let raw =
            String::from_utf8(incoming.message.clone()).unwrap().replace(&format!("<{id}>"), &format!("<{xclient}>"));
        // The marker goes with its Message-ID; a sender's program writes none.
        let raw: String = raw.split_inclusive('\n').filter(|line| !line.starts_with("X-Sekisho")).collect();
        let said = client.message("user@corp.example", &["other@out.example"], raw.as_bytes());
        assert!(said.starts_with("250"), "{said}");
    }
    let all = by_id(postfix.delivered(3));
    for (id, links) in [("LOGIN=user", false), ("ADDR=127.0.0.9", false), ("ADDR=127.0.0.8", true)] {
        let text = String::from_utf8(all[id].clone()).unwrap();
        assert_eq!(text.contains("https://go.corp.example/"), links, "{text}");
        assert_eq!(text.contains("> see https://www.example.com/a\nhttps://b.example/\n"), !links, "{text}");
    }
}

pub(super) fn now() -> sekisho::base::Timestamp {
    sekisho::base::Clock::now(&sekisho::app::SystemClock)
}

/// What is refused for now while something of ours is out of order goes through afterwards, once.
fn refused_then_delivered(postfix: &Postfix, letters: &[Letter], mend: impl FnOnce()) {
    for letter in letters {
        let said = postfix.client().message("a@sender.example", TO, &letter.raw);
        assert!(said.starts_with('4'), "{}: {said}", letter.id);
    }
    assert_eq!((postfix.queued(), postfix.held()), (0, 0));
    mend();
    for letter in letters {
        let said = postfix.client().message("a@sender.example", TO, &letter.raw);
        assert!(said.starts_with("250"), "{}: {said}", letter.id);
    }
}

#[test]
fn while_the_store_is_locked_for_long_mail_waits_outside() {
    let data = Data::new("seconds = 1");
    let Some((postfix, _milter)) = mailer(&data, "") else { return };
    let letters = letters(1);
    let store = rusqlite::Connection::open(data.path().join("sekisho.db")).unwrap();
    store.execute_batch("BEGIN EXCLUSIVE").unwrap();
    refused_then_delivered(&postfix, &letters, || store.execute_batch("ROLLBACK").unwrap());
    prove_all(&data, &letters, postfix.delivered(1));
}

#[test]
fn on_a_full_disk_mail_waits_outside() {
    let data = Data::new("");
    let place = format!("127.0.0.1:{}", free_port());
    // All is there before the disk is full.
    drop(Service::milter(&data, &place));
    let log = std::fs::metadata(data.path().join("sekisho.db-wal")).unwrap().len();
    let blocks = (log / 512 + 2).to_string();
    // No file may grow by a page: what the system says then is what it says on a full disk.
    let mut full = Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "sh", &blocks]);
    full.arg(env!("CARGO_BIN_EXE_sekisho")).arg("--data-dir").arg(data.path()).args(["milter", "--listen", &place]);
    let mut milter = Service::start(full, "finds the milter at ");
    let Some(postfix) = Postfix::start(&format!("smtpd_milters = inet:{place}"), "") else { return };
    let letters = letters(1);
    refused_then_delivered(&postfix, &letters, || {
        milter.child.kill().unwrap();
        milter.child.wait().unwrap();
        milter = Service::milter(&data, &place);
    });
    prove_all(&data, &letters, postfix.delivered(1));
}

#[test]
fn with_no_descriptor_left_mail_waits_outside() {
    let data = Data::new("");
    let place = format!("127.0.0.1:{}", free_port());
    let mut scarce = Command::new("sh");
    scarce.args(["-c", "ulimit -n 40; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_sekisho")]);
    scarce.arg("--data-dir").arg(data.path()).args(["milter", "--listen", &place]);
    let mut milter = Service::start(scarce, "finds the milter at ");
    let more = format!("smtpd_milters = inet:{place}\nmilter_connect_timeout = 2s\nmilter_command_timeout = 2s\n");
    let Some(postfix) = Postfix::start(&more, "") else { return };
    // Whoever holds connections holds descriptors.
    let hoard: Vec<_> = (0..40).map(|_| std::net::TcpStream::connect(place.as_str()).unwrap()).collect();
    milter.until("cannot take a connection");
    let letters = letters(1);
    refused_then_delivered(&postfix, &letters, || drop(hoard));
    prove_all(&data, &letters, postfix.delivered(1));
}

#[test]
fn at_its_end_it_finishes_what_has_begun() {
    let data = Data::new("socket_mode = \"0666\"");
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let socket = folder.path().join("m.sock");
    let mut milter = Service::milter(&data, &format!("unix:{}", socket.display()));
    let Some(postfix) = Postfix::start(&format!("smtpd_milters = {}", milter.for_postfix()), "") else { return };
    let letters = letters(1);
    let (mut idle, mut client) = (postfix.client(), postfix.client());
    client.begin("a@sender.example", TO).unwrap();
    let raw = stuffed(&letters[0].raw);
    client.send(&raw[..20]);
    milter.signal("TERM");
    milter.until("ending");
    client.send(&raw[20..]);
    let said = client.reply();
    assert!(said.starts_with("250"), "{said}");
    assert_eq!(milter.end().0, Some(0));
    assert!(!socket.exists());
    // Who comes now finds nobody, and is asked to come again.
    let said = idle.message("a@sender.example", TO, &raw);
    assert!(said.starts_with('4'), "{said}");
    prove_all(&data, &letters, postfix.delivered(1));
}

#[test]
fn one_that_is_too_large_is_refused_and_one_of_another_key_is_signed_by_it() {
    let data = Data::new("");
    let config = data.path().join("sekisho.toml");
    let text = std::fs::read_to_string(&config).unwrap() + "[limits]\nmessage_megabytes = 1\n";
    std::fs::write(&config, text).unwrap();
    let Some((postfix, mut milter)) = mailer(&data, "") else { return };
    let large = format!("From: a@sender.example\r\n\r\n{}", "many words of no meaning\r\n".repeat(42_000));
    let said = postfix.client().message("a@sender.example", TO, large.as_bytes());
    assert!(said.starts_with("550 5.7.1 the message has more than 1 MB"), "{said}");
    assert!(data.command(&["keys", "rotate"]).output().unwrap().status.success());
    milter.until("are in force as they stand");
    let letters = letters(1);
    assert!(postfix.client().message("a@sender.example", TO, &letters[0].raw).starts_with("250"));
    let delivered = postfix.delivered(1);
    let text = String::from_utf8(delivered[0].clone()).unwrap();
    let link = text.split_ascii_whitespace().find(|word| word.starts_with("https://go.corp.example/")).unwrap();
    let decoded = data.command(&["decode", "--json", link]).output().unwrap();
    let decoded: serde_json::Value = serde_json::from_slice(&decoded.stdout).unwrap();
    let keys = data.command(&["keys", "list", "--json"]).output().unwrap();
    let keys = String::from_utf8(keys.stdout).unwrap();
    let signing: serde_json::Value = serde_json::from_str(keys.lines().next().unwrap()).unwrap();
    assert_eq!((&decoded["valid"], &decoded["key"]), (&true.into(), &signing["key"]), "{decoded} {keys}");
}
