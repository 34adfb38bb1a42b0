use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use hyper::body::Incoming;
use serde::Serialize;

use super::{
    Counters, Renewal, Service,
    reply::{self, Reply},
};

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

/// What an operator or a load balancer asks on the admin listener: `/healthz` (alive?) and `/readyz` (send clicks?).
pub struct Admin {
    vitals: Box<dyn Fn() -> Vec<Vital> + Send + Sync>,
    counters: Arc<Counters>,
    renewal: Box<dyn Fn() -> Arc<Renewal> + Send + Sync>,
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
        Self { vitals: Box::new(vitals), counters, renewal: Box::new(Arc::default) }
    }

    /// `renewal` tells how the last readings of the configuration went; it must not wait either.
    #[must_use]
    pub fn with_renewal(self, renewal: impl Fn() -> Arc<Renewal> + Send + Sync + 'static) -> Self {
        Self { renewal: Box::new(renewal), ..self }
    }

    fn respond(&self, request: &Request<Incoming>) -> Reply {
        if !asked_here(request) {
            return reply::empty(StatusCode::MISDIRECTED_REQUEST);
        }
        if !reply::reads(request.method()) {
            let mut refused = reply::empty(StatusCode::METHOD_NOT_ALLOWED);
            reply::allow(&mut refused, "GET, HEAD");
            return refused;
        }
        match request.uri().path() {
            "/healthz" => reply::told(StatusCode::OK, "text/plain; charset=utf-8", "ok\n"),
            "/readyz" => self.ready(),
            _ => reply::empty(StatusCode::NOT_FOUND),
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
        self.respond(&request)
    }
}

/// Whether the request names this machine as its host. A page in somebody's browser can make a name of its own point
/// here, but not hide that name.
fn asked_here(request: &Request<Incoming>) -> bool {
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
