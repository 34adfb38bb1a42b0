//! Who sent a message, through real mail systems: proven before it is changed, sealed as it goes.

use std::collections::BTreeMap;

use super::{
    letters::crlf,
    postfix::{Postfix, free_port},
    service::{Data, Service},
    smtp::Client,
};
use crate::{
    auth::dkimpy::{self, Key},
    dns::Texts,
};

const LETTER: &str = "From: Shop <shop@sender.example>\r\nTo: user@corp.example\r\nSubject: An offer,\r\n\tfolded  twice\r\n\
    Date: Tue, 24 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
    <p>caf\u{e9}: <a href=\"https://shop.example/a?b=1\">this</a></p>\r\n \t\r\n\r\n";

/// What others wrote in our name, and in another's.
const FORGED: &str = "Authentication-Results: mx.corp.example; dkim=pass header.d=bank.example\r\n\
    Authentication-Results: mx.sender.example; spf=pass smtp.mailfrom=a@b.example\r\n";

/// Names, a key that signs for the sender, and one that seals for us.
struct Scene {
    texts: Texts,
    signer: Key,
    sealer: Key,
}

impl Scene {
    fn set() -> Option<Self> {
        if !dkimpy::is_there() {
            return None;
        }
        let (texts, signer, sealer) =
            (Texts::start(), Key::make("s1", "sender.example"), Key::make("arc", "corp.example"));
        for key in [&signer, &sealer] {
            let (name, text) = key.record();
            texts.set(&name, &text);
        }
        texts.set("sender.example", "v=spf1 ip4:192.0.2.7 -all");
        texts.set("_dmarc.sender.example", "v=DMARC1; p=reject");
        Some(Self { texts, signer, sealer })
    }

    fn data(&self, mail: &str) -> Data {
        Data::new(&format!(
            "{mail}\n[authentication]\ncheck = \"on\"\nname = \"mx.corp.example\"\nresolvers = [\"{}\"]\nseconds = 20\n\
             seal_domain = \"corp.example\"\nseal_selector = \"arc\"\nseal_key = \"{}\"\n",
            self.texts.address,
            self.sealer.path().display()
        ))
    }

    fn letter(&self) -> Vec<u8> {
        [FORGED.as_bytes(), &self.signer.sign(LETTER.as_bytes(), "relaxed", "relaxed")].concat()
    }

    fn records(&self) -> BTreeMap<String, String> {
        self.texts.records()
    }

    /// A message that came through, with the line breaks of SMTP: all was true when it came, and that is sealed.
    fn prove(&self, message: &[u8]) {
        let text = String::from_utf8(message.to_vec()).unwrap();
        assert!(text.contains("<a href=\"https://go.corp.example/shop.example/"), "{text}");
        let ours = text.split("\r\nAuthentication-Results: ").nth(1).unwrap_or_default();
        for wanted in [
            "mx.corp.example;\r\n\tspf=pass\r\n\t smtp.mailfrom=bounce@sender.example;\r\n\tdkim=pass\r\n\t header.d=sender.example",
            ";\r\n\tdmarc=pass\r\n\t header.from=sender.example",
            ";\r\n\tarc=none",
        ] {
            assert!(ours.contains(wanted), "{wanted:?}: {text}");
        }
        assert!(!text.contains("bank.example"), "what was forged stands there: {text}");
        assert!(text.contains("\r\nAuthentication-Results: mx.sender.example; spf=pass"), "{text}");
        assert_eq!(dkimpy::seals(message, &self.records()), ("pass".into(), "success".into()), "{text}");
        let changed = text.replace("An offer", "Another offer").into_bytes();
        assert_eq!(dkimpy::seals(&changed, &self.records()).0, "fail", "a seal that holds for anything");
    }
}

/// A client that comes from elsewhere, as Postfix takes it.
fn client_from(postfix: &Postfix, address: &str) -> Client {
    let mut client = postfix.client();
    assert!(client.say(&format!("XCLIENT ADDR={address}")).starts_with("220"));
    assert!(client.say("EHLO out.sender.example").starts_with("250"));
    client
}

#[test]
fn by_the_milter_what_was_true_on_arrival_is_sealed() {
    let Some(scene) = Scene::set() else { return };
    let data = scene.data("unproven = \"follow\"");
    let milter = Service::milter(&data, "127.0.0.1:0");
    let Some(postfix) = Postfix::start(&format!("smtpd_milters = {}", milter.for_postfix()), "") else { return };
    let mut client = client_from(&postfix, "192.0.2.7");
    let said = client.message("bounce@sender.example", &["user@corp.example"], &scene.letter());
    assert!(said.starts_with("250"), "{said}");
    scene.prove(&crlf(&postfix.delivered(1)[0]));
    let store = rusqlite::Connection::open(data.path().join("sekisho.db")).unwrap();
    let found: String = store.query_row("SELECT found FROM authentication", [], |row| row.get(0)).unwrap();
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    assert_eq!((&found["checks"][0]["proof"], &found["wish"]), (&"pass".into(), &"reject".into()), "{found}");
    // Of whom nothing is true, the owner of the domain has the say.
    let mut client = client_from(&postfix, "203.0.113.9");
    let forged = LETTER.replace("<1@", "<2@");
    let said = client.message("bounce@sender.example", &["user@corp.example"], forged.as_bytes());
    assert!(said.starts_with("550 5.7.1 nothing proves that it comes from the domain in From"), "{said}");
}

#[test]
fn by_the_filter_the_client_is_told_or_read_from_the_line_of_the_mail_system() {
    let Some(scene) = Scene::set() else { return };
    let data = scene.data("");
    for told in ["yes", "no"] {
        let port = free_port();
        let command = data.command(&["filter", "--listen", "127.0.0.1:0", "--next", &format!("smtp:127.0.0.1:{port}")]);
        let mut filter = Service::start(command, "finds the filter (next hop ");
        filter.place = filter.place.split_once(") at ").unwrap().1.to_owned();
        let settings = format!("content_filter = lmtp:inet:{}\nlmtp_send_xforward_command = {told}", filter.place);
        let back = format!("127.0.0.1:{port} inet n - n - 20 smtpd -o content_filter=\n");
        let Some(postfix) = Postfix::start(&settings, &back) else { return };
        let mut client = client_from(&postfix, "192.0.2.7");
        let said = client.message("bounce@sender.example", &["user@corp.example"], &scene.letter());
        assert!(said.starts_with("250"), "{said}");
        scene.prove(&crlf(&postfix.delivered(1)[0]));
    }
}

#[test]
fn by_the_pipe_line_feeds_are_line_breaks() {
    let Some(scene) = Scene::set() else { return };
    let data = scene.data("");
    let piped: Vec<u8> = scene.letter().into_iter().filter(|byte| *byte != b'\r').collect();
    let received = b"Received: from out.sender.example (unknown [192.0.2.7])\n\tby mx.corp.example (Postfix)\n";
    let words = ["rewrite", "--sender", "bounce@sender.example", "--recipient", "user@corp.example"];
    let address = ["--client-address", "192.0.2.7", "--helo", "out.sender.example"];
    for (words, input) in
        [([&words[..], &address[..]].concat(), piped.clone()), (words.to_vec(), [&received[..], &piped].concat())]
    {
        let out = through(&data, &words, &input);
        assert!(!out.contains(&b'\r'), "{}", out.escape_ascii());
        // Behind something, as a mail system puts it.
        scene.prove(&crlf(&[b"X-First: 1\n", &out[..]].concat()));
    }
    let forged = through(&data, &words, LETTER.as_bytes());
    let text = String::from_utf8(forged).unwrap();
    assert!(text.contains("spf=none reason=\"the client is not known\"") && text.contains("dmarc=fail"), "{text}");
}

fn through(data: &Data, words: &[&str], input: &[u8]) -> Vec<u8> {
    use std::{io::Write as _, process::Stdio};
    let mut command = data.command(words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8(output.stderr).unwrap());
    output.stdout
}
