//! The admin listener: health, readiness, metrics, pages and JSON for this machine alone.

mod changes;
mod desk;
mod pages;
mod pass;
mod reading;
mod told;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use serde::Serialize;

use super::{
    Counters, Renewal, Service,
    form::Fields,
    pages::{Language, TemplateError},
    reply::{self, Reply},
};

use crate::{base::ClickId, judge::ClickEvent, store::Explanation};
pub use changes::{
    Change, Changed, FOUND_MAX, FeedChange, FeedChanged, Found, FoundEntry, Met, NewEntry, NoChange, OldEntry, Related,
};
use desk::Done;
use pages::Pages;
pub use pass::Pass;
use reading::{Readers, Trouble};
pub use told::{KeySeen, Overview, Told};

/// Clicks that are shown.
const CLICKS: usize = 100;
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How fit one part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fitness {
    /// As it should be.
    Ready,
    /// Clicks are answered, but somebody should look.
    Degraded,
    /// Send no clicks here.
    NotReady,
}

impl Fitness {
    /// As it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::NotReady => "not_ready",
        }
    }
}

/// What one part says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vital {
    /// Which part: `lists`, `click log`, `server`.
    pub part: &'static str,
    /// How fit it is.
    pub state: Fitness,
    /// In words for an operator.
    pub says: String,
}

/// What an operator or a load balancer asks on the admin listener: `/healthz` (alive?), `/readyz` (send clicks?),
/// `/metrics`, how everything stands as a page (`/`) and as JSON (`/api/status`), the last clicks (`/api/clicks`,
/// `/api/clicks/REFERENCE`), what turned since people clicked (`/api/flips`), and lists and feeds (`/lists`, `/feeds`, `/api/entries`, `/api/feeds`), which whoever has the
/// key can change there. It answers this machine alone; it tells no secret.
pub struct Admin {
    vitals: Box<dyn Fn() -> Vec<Vital> + Send + Sync>,
    counters: Arc<Counters>,
    renewal: Box<dyn Fn() -> Arc<Renewal> + Send + Sync>,
    house: Option<House>,
}

/// What stands behind the pages.
struct House {
    told: Arc<dyn Told>,
    pages: Pages,
    policy: HeaderValue,
    policy_of_forms: HeaderValue,
    pass: Pass,
    readers: Readers,
}

#[derive(Serialize)]
struct Report<'a> {
    state: Fitness,
    vitals: &'a [Vital],
    counters: std::collections::BTreeMap<&'static str, u64>,
    reload: &'a Renewal,
}

impl Admin {
    /// `vitals` is asked at every `/readyz` and must not wait; `counters` are those of the public listener.
    pub fn new(vitals: impl Fn() -> Vec<Vital> + Send + Sync + 'static, counters: Arc<Counters>) -> Self {
        Self { vitals: Box::new(vitals), counters, renewal: Box::new(Arc::default), house: None }
    }

    /// Lets it tell more than health, and whoever passes change lists and feeds. Errors: a template or a sentence that is wrong, which tests rule out.
    pub fn with_pages(self, told: Arc<dyn Told>, pass: Pass) -> Result<Self, TemplateError> {
        let header = |text| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        let (policy, policy_of_forms) = (header(Pages::policy("'none'")), header(Pages::policy("'self'")));
        let pages = Pages::load()?;
        let house = House { told, pages, policy, policy_of_forms, pass, readers: Readers::new() };
        Ok(Self { house: Some(house), ..self })
    }

    /// `renewal` tells how the last readings of the configuration went; it must not wait either.
    #[must_use]
    pub fn with_renewal(self, renewal: impl Fn() -> Arc<Renewal> + Send + Sync + 'static) -> Self {
        Self { renewal: Box::new(renewal), ..self }
    }

    async fn respond(&self, request: Request<Incoming>) -> Reply {
        if !asked_here(&request) {
            return reply::empty(StatusCode::MISDIRECTED_REQUEST);
        }
        if !reply::reads(request.method()) {
            return self.change(request).await;
        }
        let request = request.map(drop);
        match request.uri().path() {
            "/healthz" => reply::told(StatusCode::OK, "text/plain; charset=utf-8", "ok\n"),
            "/readyz" => self.ready(),
            path => match &self.house {
                Some(house) => house.respond(&request, path, language(&request)).await,
                None => reply::empty(StatusCode::NOT_FOUND),
            },
        }
    }

    async fn change(&self, request: Request<Incoming>) -> Reply {
        let can_change = request.method() == Method::POST && House::changes(request.uri().path());
        match self.house.as_ref().filter(|_| can_change) {
            Some(house) => house.change(request).await,
            None => {
                let mut refused = reply::empty(StatusCode::METHOD_NOT_ALLOWED);
                reply::allow(&mut refused, "GET, HEAD");
                refused
            }
        }
    }

    fn ready(&self) -> Reply {
        let vitals = (self.vitals)();
        let state = vitals.iter().map(|vital| vital.state).max().unwrap_or(Fitness::NotReady);
        let counters = self.counters.read().into_iter().collect();
        let report = Report { state, vitals: &vitals, counters, reload: &(self.renewal)() };
        let status = if state == Fitness::NotReady { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        match serde_json::to_vec(&report) {
            Ok(json) => reply::told(status, "application/json", Bytes::from(json)),
            Err(_) => reply::broken(),
        }
    }
}

impl Service for Admin {
    async fn answer(&self, request: Request<Incoming>, _peer: IpAddr) -> Reply {
        self.respond(request).await
    }
}

impl House {
    async fn respond(&self, request: &Request<()>, path: &str, language: Language) -> Reply {
        match path {
            "/lists" | "/feeds" => self.show(request, StatusCode::OK, path == "/feeds", Done::Nothing, language).await,
            "/api/lists" => json(StatusCode::OK, &self.told.overview().lists),
            "/api/feeds" => json(StatusCode::OK, &*self.told.feeds()),
            "/api/entries" => {
                let fields = Fields::read(request.uri().query().unwrap_or_default().as_bytes());
                match self.search(fields.get("q").unwrap_or_default().trim()).await {
                    Ok(found) => json(StatusCode::OK, &found),
                    Err(trouble) => unavailable(&trouble),
                }
            }
            "/" => {
                let clicks = self.clicks().await;
                self.page(self.pages.overview(&self.told.overview(), &clicks, language), language)
            }
            "/metrics" => match self.told.metrics() {
                Some(text) => reply::told(StatusCode::OK, METRICS_TYPE, text),
                None => reply::broken(),
            },
            "/api/status" => json(StatusCode::OK, &self.told.overview()),
            "/api/clicks" => match self.clicks().await {
                Ok(clicks) => json(StatusCode::OK, &clicks),
                Err(trouble) => unavailable(&trouble),
            },
            "/api/flips" => {
                let told = Arc::clone(&self.told);
                match self.readers.read(move || told.flips(CLICKS)).await {
                    Ok(flips) => json(StatusCode::OK, &flips),
                    Err(trouble) => unavailable(&trouble),
                }
            }
            _ => match (reference(path, "/api/clicks/"), reference(path, "/clicks/")) {
                (Some(reference), _) => match self.explain(reference).await {
                    Ok(Some(explanation)) => json(StatusCode::OK, &explanation),
                    Ok(None) => reply::empty(StatusCode::NOT_FOUND),
                    Err(trouble) => unavailable(&trouble),
                },
                (None, Some(reference)) => {
                    let explained = self.explain(reference).await;
                    self.page(self.pages.click(&self.told.overview(), reference, &explained, language), language)
                }
                (None, None) => reply::empty(StatusCode::NOT_FOUND),
            },
        }
    }

    async fn clicks(&self) -> Result<Vec<ClickEvent>, Trouble> {
        let told = Arc::clone(&self.told);
        self.readers.read(move || told.clicks(CLICKS)).await
    }

    async fn explain(&self, reference: ClickId) -> Result<Option<Explanation>, Trouble> {
        let told = Arc::clone(&self.told);
        self.readers.read(move || told.explain(reference)).await
    }

    fn page(&self, html: Result<String, minijinja::Error>, language: Language) -> Reply {
        match html {
            Ok(html) => reply::page(StatusCode::OK, html, language.tag(), self.policy.clone()),
            Err(error) => {
                tracing::error!(%error, "a page of the admin listener could not be rendered");
                reply::broken()
            }
        }
    }
}

fn language<B>(request: &Request<B>) -> Language {
    Language::negotiate(request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

fn reference(path: &str, under: &str) -> Option<ClickId> {
    path.strip_prefix(under)?.parse().ok()
}

fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(json) => reply::told(status, "application/json", Bytes::from(json)),
        Err(_) => reply::broken(),
    }
}

fn unavailable(trouble: &Trouble) -> Reply {
    json(StatusCode::SERVICE_UNAVAILABLE, &std::collections::BTreeMap::from([("error", trouble.to_string())]))
}

/// Whether the request names this machine as its host. A page in somebody's browser can make a name of its own point
/// here, but not hide that name.
fn asked_here<B>(request: &Request<B>) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(names_this_machine)
}

fn names_this_machine(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_has_these_names() {
        for host in ["127.0.0.1", "127.0.0.1:9080", "[::1]:9080", "[::1]", "localhost", "localhost:9080"] {
            assert!(names_this_machine(host), "{host}");
        }
        for host in
            ["", "evil.example", "evil.example:9080", "localhost.evil.example", "192.0.2.1", "127.0.0.1.evil.example"]
        {
            assert!(!names_this_machine(host), "{host}");
        }
    }
}
