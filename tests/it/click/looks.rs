//! Every page as a person meets it: in a real browser, by day and by night, on a telephone and on a desk, in English and
//! Japanese, by keyboard alone.

use std::{
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;
use fantoccini::{Client, Locator, key::Key};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use sekisho::{
    base::MessageHash,
    click::{Brand, Color, House, Logo},
    http::Service,
    judge::{Action, Outcome},
    store::{Reports, Reveal, Scope},
};
use serde_json::{Value, json};

use super::{HOST, OPENINGS, Station, server::Listener};
use crate::browser::{Browser, DESKTOP, Look};

/// What must never become markup, wherever a page shows it.
const EVIL: &str = "\"'><script>document.title='x'</script><img src=http://leak.example/ onerror=alert(1)>\u{202e}";
const ODD: &str = "http://user@192.0.2.1:8081/login?next=%22%3E%3Cimg%20src=http://leak.example/%3E#<b>";
const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 90 30\"><rect width=\"90\" height=\"30\" fill=\"#7a1f3d\"/></svg>";

/// Where nothing should ever arrive.
struct Leak;

impl Service for Leak {
    async fn answer(&self, request: Request<Incoming>, _peer: IpAddr) -> Response<Full<Bytes>> {
        panic!("{:?} asked for {}", request.headers().get("host"), request.uri());
    }
}

/// Three houses, each on a host of its own: as shipped; one that asks for reasons, in its own colours; and one that shows
/// notices, under a prefix.
struct Street {
    shipped: (Station, Listener),
    asking: (Station, Listener),
    noticing: (Station, Listener),
    leak: Listener,
}

impl Street {
    fn new() -> Self {
        let house = House {
            name: Some(format!("Example {EVIL}")),
            help: Some(format!("IT help desk, extension 1234\n{EVIL}")),
            brand: Brand {
                light: Color::parse("#7a1f3d").ok(),
                dark: Color::parse("#f0a3bb").ok(),
                logo: Logo::of(SVG.into()).ok(),
            },
            ..House::default()
        };
        let asking = Station::suspicious(Action::WarnWithReason).moved_as(Action::WarnWithReason, |tenant| {
            tenant.house = Arc::new(house);
        });
        let open = |station: Station| {
            let listener = station.front();
            (station, listener)
        };
        Self {
            shipped: open(Station::new()),
            asking: open(asking),
            noticing: open(Station::suspicious(Action::Notice)),
            leak: Listener::start(Leak, sekisho::http::Limits::default()),
        }
    }

    async fn browser(&self, look: &Look) -> Browser {
        let places = format!(
            "MAP {HOST}:80 {}, MAP old.corp.example:80 {}, MAP www.corp.example:80 {}, MAP *.example {}",
            self.shipped.1.address, self.asking.1.address, self.noticing.1.address, self.leak.address
        );
        Browser::start_with(look, &places).await
    }

    /// Every page that a link can lead to, by name.
    fn pages(&self) -> Vec<(&'static str, String)> {
        let station = &self.shipped.0;
        station.list(
            "corp",
            &format!("bad.example ; reason=\"copies our page {}\"\n", EVIL.replace(['"', '\u{202e}'], "")),
        );
        let withdrawn = station.link("https://withdrawn.example/");
        let often = station.link("https://often.example/");
        let convicted = station.link_in(MessageHash([5; 8]), "https://例え.jp/%22%3E?a=1");
        station.revoke(Scope { link: Some(station.id_of(&withdrawn)), ..Scope::default() });
        station.revoke(Scope { message: Some(MessageHash([5; 8])), ..Scope::default() });
        for _ in 0..OPENINGS {
            station.open(&often);
        }
        let (shipped, asking, noticing) =
            (format!("http://{HOST}"), "http://old.corp.example", "http://www.corp.example/mail");
        vec![
            ("warn", format!("{shipped}{}", station.link(ODD))),
            ("warn-reason", format!("{asking}{}", self.asking.0.link(ODD))),
            ("notice", format!("{noticing}{}", self.noticing.0.link(ODD))),
            ("blocked-by-admin", format!("{shipped}{}", station.link("https://www.bad.example/x"))),
            ("message-convicted", format!("{shipped}{convicted}")),
            ("link-withdrawn", format!("{shipped}{withdrawn}")),
            ("too-many", format!("{shipped}{often}")),
            ("damaged", format!("{shipped}/www.shop.example/AAAA1")),
            ("preview", format!("{shipped}/~/preview{}", station.link(ODD))),
            ("left", format!("{noticing}/~/left")),
            ("nothing", format!("{shipped}/")),
        ]
    }
}

async fn script(client: &Client, body: &str) -> Value {
    client.execute(body, vec![]).await.unwrap()
}

/// What holds for every page.
async fn assert_sound(client: &Client, name: &str, language: &str) {
    let sound = script(
        client,
        "const all = (what) => document.querySelectorAll(what).length;
         return {
           language: document.documentElement.lang, main: all('main'), h1: all('main h1'), header: all('header'),
           active: all('script, iframe, object, embed, link, base, [onerror], [onload], [onclick]'),
           pictures: [...document.images].every(i => new URL(i.src).host === location.host && i.naturalWidth > 0),
           unlabelled: [...document.querySelectorAll('input:not([type=hidden]), textarea')].filter(i => !i.labels.length).length,
           wide: document.documentElement.scrollWidth - innerWidth,
           small: [...document.querySelectorAll('a.button, button')].filter(b => b.checkVisibility() && b.offsetHeight < 44).length,
           foreign: performance.getEntriesByType('resource').filter(r => new URL(r.name).host !== location.host).length,
           styled: getComputedStyle(document.querySelector('.sheet')).maxWidth,
           title: document.title,
         }",
    )
    .await;
    let expected = json!({
        "language": language, "main": 1, "h1": 1, "header": 1, "active": 0, "pictures": true, "unlabelled": 0, "small": 0,
        "foreign": 0,
    });
    for (what, value) in expected.as_object().unwrap() {
        assert_eq!(&sound[what], value, "{name}, {what}: {sound}");
    }
    assert!(sound["wide"].as_i64().unwrap() <= 0, "{name} scrolls sideways: {sound}");
    assert_ne!(sound["styled"], "none", "{name} has no style");
    assert!(sound["title"].as_str().is_some_and(|title| title.len() > 3 && title != "x"), "{name}: {sound}");
}

#[test]
fn every_page_is_sound_in_every_look_and_asks_nobody_else() {
    let street = Street::new();
    let pages = street.pages();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for language in ["en", "ja"] {
            for (form, size) in [("phone", (390, 844)), ("desktop", (1280, 900))] {
                for dark in [false, true] {
                    let browser = street.browser(&Look { language, size, dark }).await;
                    for (name, url) in &pages {
                        browser.client.goto(url).await.unwrap();
                        assert_sound(&browser.client, name, language).await;
                        let look = format!("{name}-{language}-{form}-{}", if dark { "dark" } else { "light" });
                        crate::demo::screenshot(&browser.client, &look).await;
                    }
                    browser.stop().await;
                }
            }
        }
    });
    assert_eq!(street.leak.counters.connections.load(Ordering::Relaxed), 0, "a page asked another host");
}

/// Moves the focus on and tells where it is: `tag text`.
async fn tab(client: &Client) -> String {
    let active = client.active_element().await.unwrap();
    active.send_keys(&char::from(Key::Tab).to_string()).await.unwrap();
    let what = script(
        client,
        "const e = document.activeElement; return e.tagName.toLowerCase() + ' ' + (e.className || e.name || '');",
    )
    .await;
    what.as_str().unwrap().trim().to_owned()
}

async fn enter(client: &Client) {
    client.active_element().await.unwrap().send_keys(&char::from(Key::Enter).to_string()).await.unwrap();
}

#[test]
fn the_keyboard_reaches_the_safe_way_first_then_the_way_on_then_the_report() {
    let street = Street::new();
    let station = &street.shipped.0;
    let url = format!("http://{HOST}{}", station.link(ODD));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let browser = street.browser(&DESKTOP).await;
        let client = &browser.client;
        client.goto(&url).await.unwrap();
        let mut stops = Vec::new();
        for _ in 0..6 {
            stops.push(tab(client).await);
        }
        assert_eq!(stops, ["p address", "a button main", "button button", "summary", "a", "summary"]);
        // Opens the form of the report, writes into it and sends it.
        enter(client).await;
        assert_eq!(tab(client).await, "textarea report");
        let wrote = format!("not a mistake {EVIL}");
        client.active_element().await.unwrap().send_keys(&wrote).await.unwrap();
        assert_eq!(tab(client).await, "button button");
        enter(client).await;
        client.wait().for_url(&format!("http://{HOST}/~/report{}", station.link(ODD)).parse().unwrap()).await.unwrap();
        assert_sound(client, "reported", "en").await;
        crate::demo::screenshot(client, "reported-en-desktop-light").await;
        // The safe way opens nothing.
        client.goto(&url).await.unwrap();
        tab(client).await;
        tab(client).await;
        enter(client).await;
        client.wait().for_url(&format!("http://{HOST}/~/left").parse().unwrap()).await.unwrap();
        browser.stop().await;
    });
    let reports = station.store.reports(Reports::All, 10, Reveal::Whole).unwrap();
    assert_eq!(reports[0].text.as_deref(), Some(format!("not a mistake {EVIL}").as_str()));
    let outcomes: Vec<_> = station.events().into_iter().map(|event| event.outcome).collect();
    assert_eq!(outcomes, [Outcome::Warned, Outcome::Warned]);
    assert_eq!(street.leak.counters.connections.load(Ordering::Relaxed), 0);
}

#[test]
fn a_brand_has_its_colours_and_its_picture_and_they_are_let_through() {
    let street = Street::new();
    let url = format!("http://old.corp.example{}", street.asking.0.link(ODD));
    let color = "return getComputedStyle(document.querySelector('.button.main')).backgroundColor";
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for (dark, wanted) in [(false, "rgb(122, 31, 61)"), (true, "rgb(240, 163, 187)")] {
            let browser = street.browser(&Look { dark, ..DESKTOP }).await;
            browser.client.goto(&url).await.unwrap();
            assert_eq!(script(&browser.client, color).await, json!(wanted));
            let logo = browser.client.find(Locator::Css("header img.logo")).await.unwrap();
            let source = logo.attr("src").await.unwrap().unwrap();
            browser.client.goto(&format!("http://old.corp.example{source}")).await.unwrap();
            browser.stop().await;
        }
    });
}
