//! What only a browser can tell: run with `SEKISHO_BROWSER` naming a chromedriver.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    net::{IpAddr, SocketAddr},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use bytes::Bytes;
use fantoccini::{Client, ClientBuilder, Locator, key::Key};
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use sekisho::{
    http::{Front, Limits, Service, pages::Pages},
    judge::Outcome,
};
use serde_json::json;

use super::{HOST, Station, server::Listener};

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

struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    fn start(program: OsString) -> Self {
        let mut child = Command::new(program).arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let started = lines.map_while(Result::ok).find(|line| line.contains("started successfully on port"));
        let port = started.unwrap().trim_end_matches('.').rsplit(' ').next().unwrap().parse().unwrap();
        Self { child, port }
    }

    /// A browser for which the link host is `front` and every other host `destination`.
    async fn browser(&self, front: SocketAddr, destination: SocketAddr) -> Client {
        let rules =
            format!("MAP {HOST}:80 {front}, MAP end.example:80 {destination}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1");
        let options = json!({ "args": [
            "--headless", "--no-sandbox", "--disable-gpu", format!("--host-resolver-rules={rules}"),
        ]});
        let capabilities = [("goog:chromeOptions".to_owned(), options)].into_iter().collect();
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(capabilities).connect(&format!("http://127.0.0.1:{}", self.port)).await.unwrap()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `form-action` holds in Chromium for every redirect that follows a form, the destination's own included: a policy that
/// is too narrow leaves the button without effect.
#[test]
fn the_button_leads_through_the_redirects_of_the_destination() {
    let Some(program) = std::env::var_os("SEKISHO_BROWSER") else {
        eprintln!("skipped: SEKISHO_BROWSER names no chromedriver");
        return;
    };
    let (station, driver) = (Station::new(), Driver::start(program));
    let pages = Arc::new(Pages::load(None).unwrap());
    let front = Front::new(station.checkpoint.clone(), pages, Limits::default(), None);
    let (front, destination) =
        (Listener::start(front, Limits::default()), Listener::start(Shortener, Limits::default()));
    let path = station.link(&format!("http://{}/hop", destination.address));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let browser = driver.browser(front.address, destination.address).await;
        browser.goto(&format!("http://{HOST}{path}")).await.unwrap();
        let width = "return getComputedStyle(document.querySelector('.sheet')).maxWidth";
        assert_ne!(browser.execute(width, vec![]).await.unwrap(), json!("none"), "the style sheet was not let through");
        let button = browser.find(Locator::Css("form button")).await.unwrap();
        button.send_keys(&char::from(Key::Enter).to_string()).await.unwrap();
        browser.wait().for_url(&"http://end.example/end".parse().unwrap()).await.unwrap();
        assert!(browser.source().await.unwrap().contains("arrived"));
        browser.close().await.unwrap();
    });
    let outcomes: Vec<_> = station.events().into_iter().map(|event| event.outcome).collect();
    assert_eq!(outcomes, [Outcome::Warned, Outcome::WarnedProceeded]);
}
