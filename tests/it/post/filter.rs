//! `sekisho filter` and the pipe behind a real Postfix: a link of his own for each recipient.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
};

use sekisho::rewrite::Envelope;

use super::{
    letters::{Letter, field, letters, proven, restorer},
    postfix::{Postfix, free_port},
    service::{Data, Service},
    smtp::{Client, stuffed},
};

const BOTH: &[&str] = &["one@corp.example", "two@corp.example"];

pub(super) fn filter(data: &Data, next: &str) -> Service {
    filter_at(data, "127.0.0.1:0", next)
}

fn filter_at(data: &Data, place: &str, next: &str) -> Service {
    let command = data.command(&["filter", "--listen", place, "--next", next]);
    let mut service = Service::start(command, "finds the filter (next hop ");
    service.place = service.place.split_once(") at ").unwrap().1.to_owned();
    service
}

/// Every letter once for each of the two, each with links that open and are his own.
fn prove_both(data: &Data, letters: &[Letter], delivered: Vec<Vec<u8>>) {
    assert_eq!(delivered.len(), letters.len() * 2);
    let rewriter = restorer(data);
    let mut all: HashMap<(String, String), Vec<u8>> = HashMap::new();
    for message in delivered {
        let of = |name| field(&message, name).unwrap().trim_matches(['<', '>']).to_owned();
        let key = (of("Message-ID"), of("Delivered-To"));
        assert!(all.insert(key.clone(), message).is_none(), "{key:?} came twice");
    }
    for letter in letters {
        let [one, two] = [BOTH[0], BOTH[1]].map(|who| &all[&(letter.id.clone(), who.to_owned())]);
        proven(&rewriter, letter, one);
        proven(&rewriter, letter, two);
        let links = |message: &[u8]| -> Vec<_> {
            let report = rewriter.rewrite(message, &Envelope::default(), super::milter::now()).unwrap().report;
            report.links.into_iter().map(|link| link.id).collect()
        };
        let (one, two) = (links(one), links(two));
        assert!(one.is_empty() || one.iter().zip(&two).all(|(one, two)| one != two), "{}: {one:?}", letter.id);
    }
}

fn send(postfix: &Postfix, letters: &[Letter]) {
    let mut client = postfix.client();
    for letter in letters {
        let said = client.message("a@sender.example", BOTH, &letter.raw);
        assert!(said.starts_with("250"), "{}: {said}", letter.id);
    }
}

/// A second listener of the same Postfix, to which messages come back.
pub(super) fn back(port: u16) -> String {
    format!("127.0.0.1:{port} inet n - n - 20 smtpd -o content_filter=\n")
}

#[test]
fn by_lmtp_each_recipient_has_links_of_his_own() {
    let (data, port) = (Data::new(""), free_port());
    let filter = filter(&data, &format!("smtp:127.0.0.1:{port}"));
    let settings = format!("content_filter = lmtp:inet:{}", filter.place);
    let Some(postfix) = Postfix::start(&settings, &back(port)) else { return };
    let letters = letters(20);
    send(&postfix, &letters);
    prove_both(&data, &letters, postfix.delivered(40));
}

#[test]
fn by_smtp_recipients_are_taken_one_at_a_time() {
    let (data, port) = (Data::new(""), free_port());
    let filter = filter(&data, &format!("smtp:127.0.0.1:{port}"));
    let settings = format!("content_filter = tofilter:{}\ntofilter_destination_recipient_limit = 1", filter.place);
    let services = format!("{}tofilter unix - - n - 10 smtp\n", back(port));
    let Some(postfix) = Postfix::start(&settings, &services) else { return };
    let letters = letters(6);
    send(&postfix, &letters);
    prove_both(&data, &letters, postfix.delivered(12));
}

/// The pipe of docs/MAIL.md, with a small client in the place of sendmail(1), which knows the system's own Postfix alone.
pub(super) struct Pipe(tempfile::TempDir);

impl Pipe {
    pub(super) const SETTINGS: &str = "content_filter = sekisho:dummy\nsekisho_destination_recipient_limit = 1";

    pub(super) fn make(data: &Data, port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        assert!(data.command(&["keys", "init"]).output().unwrap().status.success());
        // The pipe runs as a user without rights.
        let owned = std::process::Command::new("chown").args(["-R", "nobody"]).arg(data.path()).status().unwrap();
        if !owned.success() {
            eprintln!("the data stays with its owner: Postfix does not run here either");
        }
        // That user may not see where it was built.
        let program = folder.path().join("sekisho");
        std::fs::copy(env!("CARGO_BIN_EXE_sekisho"), &program).unwrap();
        let resend = folder.path().join("resend.py");
        std::fs::write(
            &resend,
            "import smtplib, sys\nport, sender, recipient = sys.argv[1:]\nwith smtplib.SMTP('127.0.0.1', int(port)) as smtp:\n    \
             smtp.sendmail(sender, [recipient], sys.stdin.buffer.read().replace(b'\\n', b'\\r\\n'), ['BODY=8BITMIME'])\n",
        )
        .unwrap();
        let text = format!(
            "#!/bin/sh\nset -e\numask 077\nout=$(mktemp) || exit 75\ntrap 'rm -f \"$out\"' EXIT\n\
             {} rewrite --data-dir {} --sender \"$1\" --recipient \"$2\" > \"$out\" || exit $?\n\
             python3 {} {port} \"$1\" \"$2\" < \"$out\" || exit 75\n",
            program.display(),
            data.path().display(),
            resend.display()
        );
        let pipe = Self(folder);
        std::fs::write(pipe.script(), text).unwrap();
        std::fs::set_permissions(pipe.script(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        pipe
    }

    fn script(&self) -> std::path::PathBuf {
        self.0.path().join("sekisho-pipe")
    }

    pub(super) fn services(&self, port: u16) -> String {
        format!(
            "{}sekisho unix - n n - 4 pipe flags=Rq user=nobody null_sender= argv={} ${{sender}} ${{recipient}}\n",
            back(port),
            self.script().display()
        )
    }
}

#[test]
fn by_a_pipe_each_recipient_has_links_of_his_own() {
    let (data, port) = (Data::new(""), free_port());
    let pipe = Pipe::make(&data, port);
    let Some(postfix) = Postfix::start(Pipe::SETTINGS, &pipe.services(port)) else { return };
    let letters = letters(4);
    send(&postfix, &letters);
    prove_both(&data, &letters, postfix.delivered(8));
}

#[test]
fn the_filter_is_killed_under_messages_and_nothing_is_lost() {
    let (data, port) = (Data::new(""), free_port());
    let mut filter = filter(&data, &format!("smtp:127.0.0.1:{port}"));
    let place = filter.place.clone();
    let settings = format!("content_filter = lmtp:inet:{place}\nlmtp_connect_timeout = 2s");
    let Some(postfix) = Postfix::start(&settings, &back(port)) else { return };
    let letters = letters(15);
    let mut client = postfix.client();
    for (at, letter) in letters.iter().enumerate() {
        let said = client.message("a@sender.example", BOTH, &letter.raw);
        assert!(said.starts_with("250"), "{}: {said}", letter.id);
        if at % 5 == 4 {
            filter.child.kill().unwrap();
            filter.child.wait().unwrap();
            filter = filter_at(&data, &place, &format!("smtp:127.0.0.1:{port}"));
        }
    }
    // What the next hop had taken when we died may come a second time; none may be missing, and none unexamined.
    let delivered = postfix.delivered(30);
    let rewriter = restorer(&data);
    for letter in &letters {
        let copies: Vec<&Vec<u8>> = delivered
            .iter()
            .filter(|message| field(message, "Message-ID") == Some(&format!("<{}>", letter.id)))
            .collect();
        assert!(copies.len() >= 2, "{} is lost", letter.id);
        copies.iter().for_each(|copy| proven(&rewriter, letter, copy));
    }
    eprintln!("{} came twice", delivered.len() - 30);
}

/// A next hop that answers as a test says: by recipient, `250` or what is to be said to the end of his data.
fn sink(answer: fn(&str) -> &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || serve(&stream, answer));
        }
    });
    port
}

fn serve(stream: &TcpStream, answer: fn(&str) -> &'static str) -> Option<()> {
    let mut out = stream;
    let mut lines = BufReader::new(stream).lines();
    out.write_all(b"220 sink\r\n").ok()?;
    let (mut recipient, mut in_data) = (String::new(), false);
    loop {
        let line = lines.next()?.ok()?;
        let said = match (in_data, line.get(..4).unwrap_or(&line)) {
            (true, ".") => {
                in_data = false;
                let said = answer(&recipient);
                if said.is_empty() {
                    // It dies and says nothing.
                    return None;
                }
                said
            }
            (true, _) => continue,
            (false, "RCPT") => {
                recipient = line;
                "250 ok"
            }
            (false, "DATA") => {
                in_data = true;
                "354 go on"
            }
            (false, "QUIT") => return None,
            _ => "250 ok",
        };
        out.write_all(format!("{said}\r\n").as_bytes()).ok()?;
    }
}

#[test]
fn each_recipient_is_answered_as_the_next_hop_answers() {
    let data = Data::new("");
    let port = sink(|recipient| match recipient {
        full if full.contains("full@") => "452 4.2.2 mailbox full",
        none if none.contains("none@") => "550 5.1.1 no such user",
        dead if dead.contains("dead@") => "",
        _ => "250 2.0.0 queued as 1",
    });
    let filter = filter(&data, &format!("lmtp:127.0.0.1:{port}"));
    let mut client = Client::connect(filter.place.rsplit(':').next().unwrap().parse().unwrap());
    assert!(client.say("LHLO x").contains("250-SMTPUTF8"));
    let who = ["a@x.example", "full@x.example", "none@x.example", "dead@x.example", "b@x.example"];
    let raw = b"From: a@b.example\r\n\r\nhttps://a.example/\r\n";
    let first = client.message("s@x.example", &who, raw);
    let rest: Vec<String> = (1..who.len()).map(|_| client.reply()).collect();
    let said: Vec<&str> = std::iter::once(&first).chain(&rest).map(|said| said.get(..9).unwrap_or(said)).collect();
    assert_eq!(said, ["250 2.0.0", "452 4.2.2", "550 5.1.1", "451 4.4.1", "250 2.0.0"]);
}

#[test]
fn what_would_smuggle_a_message_is_refused_and_pipelining_is_understood() {
    let data = Data::new("");
    let port = sink(|_| "250 2.0.0 ok");
    let filter = filter(&data, &format!("smtp:127.0.0.1:{port}"));
    let port = filter.place.rsplit(':').next().unwrap().parse().unwrap();
    let mut client = Client::connect(port);
    client.begin("a@b.example", &["c@d.example"]).unwrap();
    client.send(b"From: a\r\n\r\nx\n.\nMAIL FROM:<evil@b.example>\r\n.\r\n");
    assert!(client.reply().starts_with("550 5.5.2 a line feed or"), "bare line feeds");
    assert!(client.say("RCPT TO:<a@b.example>").starts_with("503"), "nothing of it was a command");
    // One write, as PIPELINING allows.
    client.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@d.example>\r\nDATA\r\n");
    let said: Vec<String> = (0..4).map(|_| client.reply()).collect();
    let codes: Vec<&str> = said.iter().map(|said| &said[..3]).collect();
    assert_eq!(codes, ["250", "250", "452", "354"], "{said:?}");
    client.send(&[&stuffed(b"From: a\r\n\r\n.dot\r\n")[..], b"NOOP\r\n"].concat());
    assert!(client.reply().starts_with("250 2.0.0 ok"));
    assert!(client.reply().starts_with("250 2.0.0 nothing done"));
    assert!(client.say("MAIL FROM:<a@b.example> SIZE=999999999").starts_with("552"));
    assert!(client.say("BDAT 3 LAST").starts_with("500"));
    assert!(client.say(&format!("NOOP {}", "x".repeat(9000))).starts_with("500 5.5.6"));
}
