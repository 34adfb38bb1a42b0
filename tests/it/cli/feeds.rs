//! `sekisho feed`, with a service that runs and without one.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
};

use serde_json::Value;
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, pem::PemObject as _},
};

use super::{
    DATA, Folder, NO_INPUT, ONE_TENANT, UNAVAILABLE, USAGE,
    serve::{Served, get},
};

/// A data folder with one feed, which is a file.
fn folder(more: &str) -> Folder {
    let folder = Folder::new();
    let text = ONE_TENANT.replace("https://go.corp.example", "http://localhost:8480");
    folder.write(
        "sekisho.toml",
        &format!("{text}\n[[feed]]\nname = \"some\"\nfrom = \"upstream.txt\"\nformat = \"domains\"\nthreat = \"phishing\"\n{more}"),
    );
    folder.write("upstream.txt", "evil.example\nlogin.microsoftonline.com\n");
    folder
}

fn status(folder: &Folder) -> Value {
    folder.run(&["feed", "status", "--json"]).ok().json().remove(0)
}

#[test]
fn feeds_are_asked_accepted_and_taken_back_without_a_service() {
    let folder = folder("");
    assert_eq!(status(&folder)["standing"], "never");
    let doctor = |words: &str| {
        let told = folder.run(&["doctor"]).ok().out;
        assert!(told.contains(words), "{words:?} is not in: {told}");
    };
    doctor("note feed           some: not asked yet; `sekisho serve` does, and `sekisho feed update some` does it now");
    let ran = folder.run(&["feed", "update"]).ok();
    assert_eq!(
        ran.out,
        "some  taken: 1 entry; 1 row refused, of them 0 for public suffixes and 1 for hosts never blocked\n"
    );
    let check = |url: &str| folder.run(&["check", "--json", url]).ok().json().remove(0);
    let told = check("https://x.evil.example/");
    assert_eq!((&told["verdict"]["tier"], &told["verdict"]["threat"]), (&"malicious".into(), &"phishing".into()));
    assert_eq!(told["verdict"]["signals"][0]["source"]["kind"], "feed");
    assert_eq!(told["verdict"]["signals"][0]["source"]["list"], "feeds/some");
    let told = folder.run(&["list", "explain", "--json", "https://evil.example/"]).ok().json().remove(0);
    assert_eq!(
        (&told["hits"][0]["list"], &told["winner"]),
        (&"feeds/some".into(), &Value::Null),
        "it takes no part in the contest"
    );
    folder.run(&["list", "check"]).ok();
    assert_eq!(folder.run(&["feed", "update", "some"]).ok().out, "some  unchanged\n");
    doctor("ok   feed           some: 1 entry of 2");

    folder.write("upstream.txt", "/\nother.example\n");
    let ran = folder.run(&["feed", "update"]);
    assert_eq!(ran.code, DATA);
    assert!(ran.out.contains("some  refused: line 1 would block everything: \"/\""), "{}", ran.out);
    assert_eq!(status(&folder)["standing"], "refused");
    doctor("note feed           some: 1 entry of 2");
    doctor("line 1 would block everything: \"/\"");
    assert_eq!(check("https://evil.example/")["verdict"]["tier"], "malicious");
    assert!(folder.run(&["feed", "accept", "some"]).ok().out.contains("with 1 entry is in force"));
    assert_eq!(check("https://evil.example/")["verdict"]["tier"], "clean");
    folder.run(&["feed", "accept", "some"]).refused(NO_INPUT, &["no update of the feed some waits"]);
    folder.run(&["feed", "rollback", "some"]).ok().says(&["takes no updates from now on"]);
    doctor("in force, and no updates until `sekisho feed update some`");
    assert_eq!(
        (&status(&folder)["standing"], &check("https://evil.example/")["verdict"]["tier"]),
        (&"held".into(), &"malicious".into())
    );
    folder.run(&["feed", "rollback", "some"]).refused(NO_INPUT, &["no version before is kept"]);

    fs::remove_file(folder.join("upstream.txt")).unwrap();
    let ran = folder.run(&["feed", "update", "--json"]);
    assert_eq!((ran.code, &ran.json()[0]["outcome"]), (UNAVAILABLE, &"failed".into()));
    folder.run(&["feed", "accept", "none"]).refused(USAGE, &["has no feed \"none\"; it has some"]);
    folder.run(&["feed", "status"]).ok().says(&[]);
    assert!(!Path::new(&folder.join("sekisho.db")).exists(), "nothing else is made");
}

#[test]
fn a_service_fetches_feeds_and_takes_up_what_a_command_changes() {
    let folder = folder("interval_minutes = 10080\n");
    let served = Served::start(&folder, &[]);
    served.ready_until(|answer| answer.contains("1 feeds, 1 entries"));
    // The list is taken up a moment after it was written.
    served.ready_until(|_| get(&served.admin, "localhost", "/api/status").contains("feeds/some"));
    let metrics = get(&served.admin, "localhost", "/metrics");
    for line in [
        "sekisho_feed_entries{feed=\"some\"} 1.0",
        "sekisho_feed_standing{feed=\"some\",standing=\"current\"} 1.0",
        "sekisho_feed_attempts_total{feed=\"some\",result=\"taken\"} 1",
        "sekisho_feed_left_out_rows{feed=\"some\",why=\"never_block\"} 1.0",
        "sekisho_list_entries{list=\"feeds/some\"} 1.0",
    ] {
        assert!(metrics.contains(line), "{line} {metrics}");
    }
    folder.write("upstream.txt", "*\n");
    assert_eq!(folder.run(&["feed", "update"]).code, DATA);
    served.ready_until(|answer| answer.contains("the last update of some was refused, what was in force stays"));
    folder.write("upstream.txt", "one.example\ntwo.example\n");
    folder.run(&["feed", "update"]).ok();
    served.ready_until(|answer| answer.contains("1 feeds, 2 entries"));
    // A feed that is no longer configured is not in force.
    let text = fs::read_to_string(folder.join("sekisho.toml")).unwrap();
    folder.write("sekisho.toml", text.split("[[feed]]").next().unwrap());
    served.ready_until(|answer| !answer.contains("1 feeds"));
    served.ready_until(|_| {
        let status = get(&served.admin, "localhost", "/api/status");
        !status.contains("feeds/some")
    });
}

/// A server with a certificate by an authority that nobody knows but those who are told; where it listens, and the
/// authority.
fn behind_tls(list: &'static str) -> (SocketAddr, String) {
    let authority = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let known = params.self_signed(&authority).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, authority);
    let key = rcgen::KeyPair::generate().unwrap();
    let shown = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![shown.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            // Whoever does not trust us says no more.
            let heard = BufReader::new(&mut stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            if heard.count() > 0 {
                let answer =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{list}", list.len());
                let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (address, known)
}

#[test]
fn a_feed_over_tls_is_believed_where_its_authority_is_known() {
    let (address, authority) = behind_tls("evil.example\n");
    let folder = folder("");
    let text = fs::read_to_string(folder.join("sekisho.toml")).unwrap();
    folder.write("sekisho.toml", &text.replace("upstream.txt", &format!("https://{address}/list")));
    folder.write("known.pem", &authority);
    folder.write("other.pem", &behind_tls("").1);
    let update = |known: &str| {
        let mut command = super::command(&folder.with(&["feed", "update"]));
        command.env("SSL_CERT_FILE", folder.join(known)).env_remove("SSL_CERT_DIR");
        let out = command.output().unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap())
    };
    let (code, said) = update("other.pem");
    assert!(code != Some(0) && said.contains("some  failed"), "{code:?}: {said}");
    assert_eq!(status(&folder)["state"]["current"], Value::Null);
    let (code, said) = update("known.pem");
    assert!(code == Some(0) && said.contains("some  taken: 1 entry"), "{code:?}: {said}");
}
