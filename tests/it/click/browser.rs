//! What only a browser can tell.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use fantoccini::{Locator, key::Key};
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use sekisho::{
    http::{Front, Limits, Service, pages::Pages},
    judge::Outcome,
};
use serde_json::json;

use super::{HOST, Station, server::Listener};
use crate::browser::{Browser, DESKTOP};

/// A destination that sends on to a host of another name, as shorteners do.
struct Shortener;

impl Service for Shortener {
    async fn answer(&self, request: Request<Incoming>, _peer: IpAddr) -> Response<Full<Bytes>> {
        if request.uri().path() == "/end" {
            return Response::new(Full::from("arrived"));
        }
        let onward = Response::builder().status(302).header(header::LOCATION, "http://end.example/end");
        onward.body(Full::default()).unwrap()
    }
}

/// `form-action` holds in Chromium for every redirect that follows a form, the destination's own included: a policy that
/// is too narrow leaves the button without effect.
#[test]
fn the_button_leads_through_the_redirects_of_the_destination() {
    let station = Station::new();
    let pages = Arc::new(Pages::load(None).unwrap());
    let front = Front::new(station.checkpoint.clone(), pages, Limits::default(), None);
    let (front, destination) =
        (Listener::start(front, Limits::default()), Listener::start(Shortener, Limits::default()));
    let path = station.link(&format!("http://{}/hop", destination.address));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let places = format!("MAP {HOST}:80 {}, MAP end.example:80 {}", front.address, destination.address);
        let browser = Browser::start_with(&DESKTOP, &places).await;
        let client = &browser.client;
        client.goto(&format!("http://{HOST}{path}")).await.unwrap();
        let width = "return getComputedStyle(document.querySelector('.sheet')).maxWidth";
        assert_ne!(client.execute(width, vec![]).await.unwrap(), json!("none"), "the style sheet was not let through");
        let button = client.find(Locator::Css("form button")).await.unwrap();
        button.send_keys(&char::from(Key::Enter).to_string()).await.unwrap();
        client.wait().for_url(&"http://end.example/end".parse().unwrap()).await.unwrap();
        assert!(client.source().await.unwrap().contains("arrived"));
        browser.stop().await;
    });
    let outcomes: Vec<_> = station.events().into_iter().map(|event| event.outcome).collect();
    assert_eq!(outcomes, [Outcome::Warned, Outcome::WarnedProceeded]);
}
