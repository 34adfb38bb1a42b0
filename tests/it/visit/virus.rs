//! Files that a visit brings are shown to a virus scanner: a real one, with signatures of the test's own.

use sekisho::{
    clamd::{Clamd, Limits, Socket},
    judge::{Threat, Tier},
    scan::End,
    sources::Rest,
};

use super::{Server, Zone, answer, means, parse, scanner};
use crate::clamd::{Clamav, eicar};

fn server() -> Server {
    Server::answering(|target| match target {
        "/tool.bin" => answer("200 OK", "Content-Type: application/octet-stream\r\n", &eicar()),
        "/page" => answer("200 OK", "Content-Type: text/html\r\n", &[b"<html><body>".as_slice(), &eicar()].concat()),
        _ => answer("200 OK", "Content-Type: application/octet-stream\r\n", b"\0an ordinary file"),
    })
}

#[tokio::test]
async fn what_the_virus_scanner_finds_in_a_file_is_malware() {
    let Some(clamav) = Clamav::start() else { return };
    let (server, zone) = (server(), Zone::default());
    zone.set("files.example.com", &[&["127.0.0.1"]]);
    let scanner = scanner(means(&zone, &[&server])).with_virus_scanner(clamav.client(1 << 20));
    let url = |path: &str| parse(&format!("http://files.example.com:{}{path}", server.port()));

    let bad = scanner.visit(&url("/tool.bin")).await.finding();
    let worst = &bad.objections[0];
    assert_eq!((worst.tier, worst.threat), (Tier::Malicious, Threat::Malware));
    assert!(worst.evidence.contains("finds Own.Eicar"), "{}", worst.evidence);
    let good = scanner.visit(&url("/other.bin")).await.finding();
    assert!(good.objections.is_empty() && good.rest == Rest::Clear, "{good:?}");
    // Pages are looked at by ourselves.
    let End::Seen(page) = scanner.visit(&url("/page")).await.end else { panic!("not seen") };
    assert!(page.objections.iter().all(|objection| objection.threat != Threat::Malware), "{page:?}");
}

#[tokio::test]
async fn a_virus_scanner_that_is_not_there_leaves_it_open() {
    let (server, zone) = (server(), Zone::default());
    zone.set("files.example.com", &[&["127.0.0.1"]]);
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { deadline: std::time::Duration::from_secs(5), bytes: 1 << 20 };
    let absent = Clamd::new(Socket::Unix(folder.path().join("none")), limits);
    let scanner = scanner(means(&zone, &[&server])).with_virus_scanner(absent);
    let url = parse(&format!("http://files.example.com:{}/other.bin", server.port()));
    let finding = scanner.visit(&url).await.finding();
    assert!(matches!(&finding.rest, Rest::Unclear(why) if why.contains("virus scanner")), "{finding:?}");
}
