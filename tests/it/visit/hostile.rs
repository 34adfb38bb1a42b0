//! Attack rows 131 to 133: servers that want to hold, fill or confuse whoever visits them. Each ends within its phase.

use std::{io::Write, time::Duration};

use flate2::{Compression, write::GzEncoder};
use sekisho::{
    net::{Cut, Dialer, Limits, Means, NotFetched, Page, Phase},
    scan::End,
};

use super::{Server, TcpStream, Zone, answer, head, means, parse, redirect, scanner};

/// Short, so that a test does not wait; nothing here measures time.
fn limits() -> Limits {
    let short = Duration::from_millis(300);
    Limits {
        head: short,
        body: short,
        pause: Duration::from_millis(200),
        handshake: short,
        head_bytes: 16 << 10,
        wire_bytes: 64 << 10,
        body_bytes: 256 << 10,
        ..Limits::default()
    }
}

async fn visit(scheme: &str, handler: impl Fn(TcpStream) + Send + Sync + 'static) -> Result<Page, NotFetched> {
    let server = Server::with("127.0.0.1:0", handler);
    let zone = Zone::default();
    zone.set("www.example.com", &[&["127.0.0.1"]]);
    let dialer = Dialer::new(Means { limits: limits(), ..means(&zone, &[&server]) }).unwrap();
    let page = dialer.get(&parse(&format!("{scheme}://www.example.com:{}/", server.port()))).await;
    assert_eq!((server.came(), dialer.stats().under_way), (1, 0));
    page
}

/// Says `piece` again and again until nobody listens.
fn endless(stream: &mut TcpStream, piece: &[u8], pause: Duration) {
    while stream.write_all(piece).is_ok() {
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
}

/// What a server says once it has read the request.
type Talk = fn(&mut TcpStream);

const DRIP: Duration = Duration::from_millis(20);

#[tokio::test]
async fn row_132_whoever_never_comes_to_an_end_is_left() {
    let slow = Err(NotFetched::TooSlow(Phase::Head));
    let silent = visit("http", |mut stream| {
        head(&mut stream);
        head(&mut stream);
    });
    assert_eq!(silent.await, slow, "says nothing");
    let drips = visit("http", |mut stream| {
        head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        endless(&mut stream, b"a", DRIP);
    });
    assert_eq!(drips.await, slow, "a byte at a time");
    let handshake = visit("https", |mut stream| {
        head(&mut stream);
    });
    assert_eq!(handshake.await, Err(NotFetched::TooSlow(Phase::Handshake)), "no TLS");
}

#[tokio::test]
async fn row_132_heads_without_end_or_sense_are_not_read() {
    let heads: [(&str, Talk); 5] = [
        ("a header without end", |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-A: ");
            endless(stream, &[b'a'; 4096], Duration::ZERO);
        }),
        ("headers without end", |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            endless(stream, b"X-A: b\r\n", Duration::ZERO);
        }),
        ("interim answers without end", |stream| {
            endless(stream, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", Duration::ZERO)
        }),
        ("no HTTP", |stream| {
            let _ = stream.write_all(b"<html>HTTP/0.9</html>");
        }),
        ("nothing", |_| {}),
    ];
    for (what, talk) in heads {
        let got = visit("http", move |mut stream| {
            head(&mut stream);
            talk(&mut stream);
        })
        .await;
        assert!(matches!(got, Err(NotFetched::Nonsense(_))), "{what}: {got:?}");
    }
    let no_tls = visit("https", |mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    });
    assert!(matches!(no_tls.await, Err(NotFetched::NoTls(_))));
}

#[tokio::test]
async fn row_132_of_a_body_that_misbehaves_what_came_is_kept() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfirst";
    let bodies: [(Cut, Talk); 4] = [
        (Cut::Long, |stream| {
            let _ = stream.write_all(HEAD);
            endless(stream, &[b'a'; 4096], Duration::ZERO);
        }),
        (Cut::Slow, |stream| {
            let _ = stream.write_all(HEAD);
            endless(stream, b"a", DRIP);
        }),
        (Cut::Slow, |stream| {
            let _ = stream.write_all(HEAD);
            head(stream);
        }),
        (Cut::Broken, |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nfirst");
        }),
    ];
    for (why, talk) in bodies {
        let page = visit("http", move |mut stream| {
            head(&mut stream);
            talk(&mut stream);
        })
        .await
        .unwrap();
        assert_eq!(page.cut, Some(why));
        assert!(page.bytes.starts_with(b"first") && page.bytes.len() <= 256 << 10, "{why}: {}", page.bytes.len());
    }
}

#[tokio::test]
async fn row_133_bombs_are_stopped_and_nothing_else_is_unpacked() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![0; 40 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let packed = |encoding: &'static str, body: Vec<u8>| {
        visit("http", move |mut stream| {
            head(&mut stream);
            let _ = stream.write_all(&answer("200 OK", &format!("Content-Encoding: {encoding}\r\n"), &body));
        })
    };
    let page = packed("gzip", bomb.clone()).await.unwrap();
    assert_eq!(page.cut, Some(Cut::Bomb));
    assert!(page.bytes.len() <= 256 << 10);
    assert_eq!(packed("gzip, gzip", bomb).await, Err(NotFetched::Coding("gzip, gzip".into())));
    let lied = packed("gzip", b"<html>plain after all</html>".to_vec()).await.unwrap();
    assert_eq!(lied.cut, Some(Cut::Mispacked));
    let mut small = GzEncoder::new(Vec::new(), Compression::best());
    small.write_all(b"<html>hello</html>").unwrap();
    let page = packed("gzip", small.finish().unwrap()).await.unwrap();
    assert_eq!((page.bytes.as_slice(), page.cut), (b"<html>hello</html>".as_slice(), None));
}

#[tokio::test]
async fn row_131_circles_and_long_ways_end() {
    let server = Server::answering(|target| match target {
        "/circle" => redirect("/circle2"),
        "/circle2" => redirect("/circle"),
        "/self" => redirect("/self"),
        other => redirect(&format!("{other}a")),
    });
    let zone = Zone::default();
    zone.set("www.example.com", &[&["127.0.0.1"]]);
    let scanner = scanner(means(&zone, &[&server]));
    for (path, wanted, visits) in [("circle", "circle", 2), ("self", "circle", 1), ("on", "more than 10 times", 11)] {
        let before = server.came();
        let journey = scanner.visit(&parse(&format!("http://www.example.com:{}/{path}", server.port()))).await;
        let End::Unclear(why) = &journey.end else { panic!("{journey:?}") };
        assert!(why.contains(wanted), "{path}: {why}");
        assert_eq!(server.came() - before, visits, "{path}");
    }
}

/// A thousand of them at once: memory and time have their bounds, and all are answered.
/// `cargo test --release --test it thousand_hostile -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes about ten seconds: a thousand hostile servers at once"]
async fn thousand_hostile_servers_at_once() {
    let server = Server::with("127.0.0.1:0", |mut stream| {
        head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        endless(&mut stream, b"a", DRIP);
    });
    let zone = Zone::default();
    let port = server.port();
    let mut means = means(&zone, &[&server]);
    means.quota = sekisho::net::Quota { at_once: 256, at_once_each: 256, a_minute_address: 10_000, ..means.quota };
    for number in 0..1000 {
        zone.set(&format!("h.a{number}.example.com"), &[&["127.0.0.1"]]);
        zone.set(&format!("www.a{number}.net"), &[&["127.0.0.1"]]);
    }
    let dialer = std::sync::Arc::new(Dialer::new(means).unwrap());
    let began = std::time::Instant::now();
    let visits: Vec<_> = (0..1000)
        .map(|number| {
            let (dialer, url) = (dialer.clone(), parse(&format!("http://www.a{number}.net:{port}/")));
            tokio::spawn(async move { dialer.get(&url).await })
        })
        .collect();
    let (mut cut, mut put_off) = (0, 0);
    for visit in visits {
        match visit.await.unwrap() {
            Ok(page) if page.cut.is_some() => cut += 1,
            Err(NotFetched::Busy(_)) => put_off += 1,
            other => panic!("{other:?}"),
        }
    }
    eprintln!("{cut} were cut, {put_off} put off, after {:?}", began.elapsed());
    assert_eq!(dialer.stats().under_way, 0);
}
