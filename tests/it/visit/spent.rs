//! Attack row 128: what works once is not used up, neither at once nor behind a redirect.

use std::sync::Arc;

use sekisho::{
    scan::{Door, End},
    url::WebUrl,
};

use super::{Server, Zone, answer, means, parse, redirect, scanner, scanner_behind};

const KEY: &str = "9f86d081884c7d659a2feaa0c55ad015";

#[tokio::test]
async fn row_128_a_link_that_works_once_is_still_there_after_any_number_of_visits() {
    let server = Server::answering(|target| match target {
        "/news" => redirect(&format!("/reset?token={KEY}")),
        _ => answer("200 OK", "", b"spent"),
    });
    let zone = Zone::default();
    zone.set("www.example.com", &[&["127.0.0.1"]]);
    let scanner = scanner(means(&zone, &[&server]));
    let at = |path: &str| parse(&format!("http://www.example.com:{}{path}", server.port()));
    for _ in 0..3 {
        for path in [format!("/reset?token={KEY}"), format!("/p/{KEY}"), "/unsubscribe?u=991".into()] {
            let journey = scanner.visit(&at(&path)).await;
            assert!(matches!(&journey.end, End::Left(why) if why.contains("only once")), "{journey:?}");
        }
        let journey = scanner.visit(&at("/news")).await;
        assert!(matches!(&journey.end, End::Left(_)), "{journey:?}");
        assert_eq!(journey.led_to().count(), 1, "where it leads is told all the same");
    }
    assert!(server.heads().iter().all(|head| head.starts_with("GET /news ")), "{:?}", server.heads());
    assert_eq!(server.came_for_certain(), 3);
}

/// Shut for one host.
struct Shut(&'static str);

impl Door for Shut {
    fn shuts(&self, url: &WebUrl) -> Option<String> {
        (url.host_str() == self.0).then(|| "as told".to_owned())
    }
}

#[tokio::test]
async fn where_the_door_is_shut_nobody_goes_not_even_behind_a_redirect() {
    let server = Server::answering(|_| answer("200 OK", "", b"hello"));
    let port = server.port();
    let other = Server::answering(move |_| redirect(&format!("http://own.example.com:{port}/")));
    let zone = Zone::default();
    for name in ["own.example.com", "www.example.com"] {
        zone.set(name, &[&["127.0.0.1"]]);
    }
    let scanner = scanner_behind(means(&zone, &[&server, &other]), Arc::new(Shut("own.example.com")));
    for url in [format!("http://own.example.com:{port}/"), format!("http://www.example.com:{}/", other.port())] {
        let journey = scanner.visit(&parse(&url)).await;
        assert_eq!(journey.end, End::Left("as told".into()));
    }
    assert_eq!((server.came_for_certain(), other.came()), (0, 1));
}
