//! What comes of asking a server, over HTTP on loopback.

use std::{fs, io::Write, time::Duration};

use flate2::{Compression, write::GzEncoder};
use sekisho::supply::{Feed, FeedStanding, Outcome, Place};

use super::{House, domains, names, server::Server, why};

fn ask(house: &House, feed: &Feed) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(house.updater().update(feed)).unwrap()
}

fn at(server: &Server, path: &str) -> Feed {
    Feed { place: Place::url(&server.url(path)).unwrap(), ..domains() }
}

fn says(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(failure) => &failure.says,
        other => panic!("{other:?}"),
    }
}

pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_is_known_is_not_fetched_again() {
    let (house, server) = (House::new(), Server::start());
    let feed = at(&server, "/list");
    let dated = "200 OK\r\nETag: \"v1\"\r\nLast-Modified: Tue, 24 Nov 2026 10:00:00 GMT";
    server.set("/list", dated, "one.example\n");
    assert!(matches!(ask(&house, &feed), Outcome::Taken(_)));
    server.set("/list", "304 Not Modified", "");
    assert_eq!(ask(&house, &feed), Outcome::Unchanged);
    let heard = server.heard();
    assert!(!heard[0].contains("if-"), "{}", heard[0]);
    for line in ["if-none-match: \"v1\"\r\n", "if-modified-since: tue, 24 nov 2026 10:00:00 gmt\r\n"] {
        assert!(heard[1].contains(line), "{}", heard[1]);
    }
    assert!(!heard.concat().contains("cookie") && !heard.concat().contains("referer"));
    // Without its list there is nothing that could be unchanged.
    fs::remove_file(house.stock.list_of("some")).unwrap();
    assert!(says(&ask(&house, &feed)).contains("the server answers 304"));
    assert!(!server.heard()[2].contains("if-"));
}

#[test]
fn what_was_refused_stays_refused_until_it_changes() {
    let (house, server) = (House::new(), Server::start());
    let feed = at(&server, "/list");
    server.set("/list", "200 OK\r\nETag: \"v1\"", names(500));
    ask(&house, &feed);
    server.set("/list", "200 OK\r\nETag: \"v2\"", "one.example\n");
    why(&ask(&house, &feed));
    server.set("/list", "304 Not Modified", "");
    why(&ask(&house, &feed));
    assert!(server.heard()[2].contains("if-none-match: \"v2\""));
    server.set("/list", "500 Oops", "");
    assert!(matches!(ask(&house, &feed), Outcome::Failed(_)));
    assert_eq!((house.standing(&feed), house.entries(&feed).len()), (FeedStanding::Refused, 500));
    // Its former version is no news.
    server.set("/list", "200 OK\r\nETag: \"v1\"", names(500));
    assert_eq!((ask(&house, &feed), house.standing(&feed)), (Outcome::Unchanged, FeedStanding::Current));
}

#[test]
fn a_body_that_was_cut_off_or_is_too_large_does_not_count() {
    let (house, server) = (House::new(), Server::start());
    let feed = Feed { max_bytes: 1 << 20, ..at(&server, "/list") };
    server.set("/list", "200 OK", "one.example\n");
    ask(&house, &feed);
    let large = vec![b'a'; (1 << 20) + 1];
    let chunk = [format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    let answers: [(Vec<u8>, &str); 6] = [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\none.example\ntwo".to_vec(), "body"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\none.example\n\r\n".to_vec(), "body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_vec(), "larger than 1 megabytes"),
        (
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(), &chunk].concat(),
            "larger than 1 megabytes",
        ),
        ([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &packed(&vec![b'\n'; 8 << 20])].concat(), "larger than 1 megabytes"),
        ([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &packed(b"one.example\n")[..20]].concat(), "damaged or cut off"),
    ];
    for (answer, word) in answers {
        server.set_raw("/list", answer);
        let outcome = ask(&house, &feed);
        assert!(says(&outcome).contains(word), "{word}: {outcome:?}");
        assert_eq!(house.entries(&feed), ["one.example"]);
    }
    server.set("/list", "200 OK\r\nContent-Encoding: gzip", packed(b"one.example\ntwo.example\n"));
    assert!(matches!(ask(&house, &feed), Outcome::Taken(_)));
}

#[test]
fn redirects_are_followed_a_few_times_and_no_secret_goes_along() {
    let (house, server, other) = (House::new(), Server::start(), Server::start());
    let secret = house.folder.path().join("secret");
    fs::write(&secret, "s3cr3t\n").unwrap();
    let feed = Feed {
        header: Some(("Auth-Key".into(), "{secret}".into())),
        secret_file: Some(secret.clone()),
        ..at(&server, "/a?k={secret}")
    };
    let to = |place: &str| format!("302 Found\r\nLocation: {place}");
    server.set("/a?k=s3cr3t", &to("/b"), "");
    server.set("/b", &to(&other.url("/c")), "");
    other.set("/c", "200 OK", "one.example\n");
    assert!(matches!(ask(&house, &feed), Outcome::Taken(_)));
    assert!(server.heard().iter().all(|request| request.contains("auth-key: s3cr3t\r\n")), "{:?}", server.heard());
    assert!(!other.heard().concat().contains("s3cr3t"), "{:?}", other.heard());
    server.set("/b", &to("/b"), "");
    assert!(says(&ask(&house, &feed)).contains("more than 5 redirects"));
    server.set("/b", &to("ftp://127.0.0.1/x"), "");
    assert!(says(&ask(&house, &feed)).contains("another protocol (ftp)"));
    // Nothing that is told holds the secret.
    fs::write(&secret, "not found").unwrap();
    assert_eq!(says(&ask(&house, &feed)).to_ascii_lowercase(), "the server answers 404 not found");
    fs::write(&secret, "404").unwrap();
    assert!(says(&ask(&house, &feed)).contains("{secret}"), "whatever it is");
    fs::remove_file(&secret).unwrap();
    assert!(says(&ask(&house, &feed)).contains("cannot read its secret"));
}

#[test]
fn servers_that_fail_are_told_and_left_alone_as_long_as_they_ask() {
    let (house, server) = (House::new(), Server::start());
    let feed = at(&server, "/list");
    server.set("/list", "503 Busy\r\nRetry-After: 7200", "");
    assert!(says(&ask(&house, &feed)).contains("503"));
    assert_eq!(house.stock.state_of(&feed).due.unwrap().millis_since(house.now), 7_200_000);
    server.set_raw("/list", "");
    let hurried = Feed { timeout: Duration::from_secs(1), ..feed.clone() };
    assert_eq!(says(&ask(&house, &hurried)), "it took longer than 1 seconds");
    let gone = Feed { place: Place::url("http://127.0.0.1:1/").unwrap(), ..domains() };
    assert!(says(&ask(&house, &gone)).to_ascii_lowercase().contains("connect"));
    assert_eq!(house.standing(&gone), FeedStanding::Never);
}
