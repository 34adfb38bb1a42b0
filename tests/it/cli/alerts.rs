//! Alerts as a running service tells them.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc,
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{
    CONFIG, Folder, ONE_TENANT,
    mail::rewritten,
    run,
    serve::{Served, get},
};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const PATIENCE: Duration = Duration::from_secs(60);

/// A request as it came: its head, its body.
type Came = (String, Vec<u8>);

/// A desk that takes what it is sent, answering with these statuses, the last for ever.
fn desk(statuses: &'static [&'static str]) -> (String, mpsc::Receiver<Came>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?tenant=1", listener.local_addr().unwrap());
    let (came, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                let begins = head.len();
                reader.read_line(&mut head).unwrap();
                if let Some(value) = head[begins..].to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let status = statuses[number.min(statuses.len() - 1)];
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            if came.send((head, body)).is_err() {
                return;
            }
        }
    });
    (url, receiver)
}

fn field<'h>(head: &'h str, name: &str) -> &'h str {
    let field = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    field.unwrap_or_else(|| panic!("no {name} in {head}"))
}

#[test]
fn a_list_that_names_a_clicked_host_is_told_of_signed_until_somebody_hears() {
    let (url, came) = desk(&["500 Not now", "204 Taken"]);
    let folder = Folder::new();
    let (_, links) = rewritten(&folder);
    folder.write("alerts.key", &format!("{KEY}\n"));
    let file = folder.join("sekisho.toml");
    let more = format!("\n[alerts]\nurl = \"{url}\"\nkey_file = \"alerts.key\"\n");
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + &more).unwrap();
    let served = Served::start(&folder, &[]);
    assert!(served.click(&links[0]).starts_with("HTTP/1.1 302 "));
    folder.write("blocklists/corp.list", "example.com # INC-7\n");
    let (first, again) = (came.recv_timeout(PATIENCE).unwrap(), came.recv_timeout(PATIENCE).unwrap());
    assert_eq!(first.1, again.1, "told again as it was");
    let (head, body) = again;
    let signature = field(&head, "x-sekisho-signature");
    let (secs, hex) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(&[secs.as_bytes(), b".", &body].concat());
    let wanted: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, wanted);
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&told["kind"], &told["tier"]), (&"verdict_flip".into(), &"malicious".into()));
    assert_eq!(told["flip_id"], field(&head, "x-sekisho-event"));
    assert_eq!(told["signal"]["source"]["list"], "corp");
    assert_eq!(told["clicks"].as_array().unwrap().len(), 1);
    let reference = told["clicks"][0]["click_id"].as_str().unwrap().to_owned();
    let text = String::from_utf8(body).unwrap();
    assert!(!text.contains("127.0.0.1") && !text.contains("user_agent"), "nothing of the person: {text}");
    let flips: Value =
        serde_json::from_str(get(&served.admin, "localhost", "/api/flips").split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(flips[0]["flip_id"], told["flip_id"]);
    served.ready_until(|answer| !answer.contains("\"part\":\"alerts\""));
    let metrics = get(&served.admin, "localhost", "/metrics");
    for sample in [
        "sekisho_flips_total{what=\"flips\"} 1",
        "sekisho_flips_total{what=\"clicks\"} 1",
        "sekisho_alerts_total{result=\"not_heard\"} 1",
        "sekisho_alerts_total{result=\"told\"} 1",
    ] {
        assert!(metrics.contains(sample), "no {sample} in {metrics}");
    }
    served.signal("TERM");
    assert_eq!(served.end().0, Some(0));
    let shown = folder.run(&["clicks", "--flips"]).ok().out;
    assert!(shown.contains("malicious") && shown.contains(&reference), "{shown}");
    let json = &folder.run(&["clicks", "--flips", "--json"]).ok().json()[0];
    assert_eq!(json["clicks"][0]["click_id"], reference.as_str());
    let explained = folder.run(&["explain", &reference]).ok().out;
    assert!(explained.contains("judged again: malicious"), "{explained}");
}

#[test]
fn what_is_wrong_with_alerts_is_told_with_its_place() {
    let folder = Folder::new();
    for (text, words) in [
        ("url = \"http://desk.corp.example/\"\nkey_file = \"k\"\n", "in the clear to desk.corp.example"),
        ("url = \"https://me:secret@desk.corp.example/\"\nkey_file = \"k\"\n", "the key says who we are"),
        ("url = \"https://desk.corp.example/\"\n", "has to know that they are ours"),
        ("key_file = \"k\"\n", "a key is for a server"),
    ] {
        let file = folder.write("wrong.toml", &format!("data_dir = \"data\"\n{ONE_TENANT}[alerts]\n{text}"));
        run(&["config", "check", "--config", &file]).refused(CONFIG, &[words, "wrong.toml:"]);
    }
    let (_, _) = rewritten(&folder);
    let text = format!("{ONE_TENANT}[alerts]\nurl = \"https://a.example/\"\nkey_file = \"short\"\n");
    folder.write("sekisho.toml", &text);
    folder.write("short", "secret\n");
    run(&folder.with(&["serve"])).refused(CONFIG, &["fewer than 16 characters", "alerts.key_file"]);
}
