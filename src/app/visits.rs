use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio_rustls::rustls::RootCertStore;

use super::{SystemClock, own_hosts};
use crate::{
    base::Clock,
    clamd::Clamd,
    config::Config,
    feed::LiveLists,
    list::{Index, ListAction},
    net::{self, Dialer, DialerError, Filter, Means, Quota, Rehearsal, Resolver},
    scan::{Door, Scanner, Times},
    url::{Names, Suffixes, WebUrl},
};

/// What visits destinations.
#[derive(Clone)]
pub struct Visits {
    /// Goes there.
    pub scanner: Arc<Scanner>,
    /// Says where it does not go.
    pub(super) door: Arc<OwnDoor>,
    /// Counts.
    pub(super) dialer: Arc<Dialer>,
}

impl Visits {
    /// As the configuration wants; none where nothing is visited. Errors: neither DNS nor TLS can be used.
    pub fn of(
        config: &Config,
        suffixes: &Arc<Suffixes>,
        internal: Internal,
        rehearsal: Rehearsal,
    ) -> Result<Option<Self>, DialerError> {
        let Some(scan) = &config.scan else { return Ok(None) };
        let resolver = match scan.resolvers.as_slice() {
            [] => Resolver::of_system()?,
            servers => Resolver::of(servers)?,
        };
        let own = vec![config.listen, config.admin_listen, config.api.listen];
        let dialer = Arc::new(Dialer::new(Means {
            filter: Filter::new(own, scan.never.clone()).rehearsing(rehearsal),
            resolver,
            ports: scan.ports.clone(),
            own_hosts: own_hosts(config),
            limits: net::Limits::default(),
            quota: Quota::default(),
            agent: agent(&scan.contact),
            authorities: RootCertStore::empty(),
            suffixes: Arc::clone(suffixes),
            clock: Arc::new(SystemClock),
        })?);
        let door = Arc::new(OwnDoor(ArcSwap::from_pointee(Shut::of(config, internal))));
        // Whoever is protected here is known to all: what is seen is kept for all tenants together.
        let mut names = Names::builtin();
        for domain in config.tenants.iter().flat_map(|tenant| &tenant.protected) {
            // It was checked when the configuration was read.
            let _ = names.protect(domain);
        }
        let scanner = Scanner::new(
            Arc::clone(&dialer),
            Arc::clone(&door) as Arc<dyn Door>,
            Arc::clone(suffixes),
            Arc::new(names),
            Times::default(),
        );
        let scanner = match &config.clamav {
            Some((socket, limits)) => scanner.with_virus_scanner(Clamd::new(socket.clone(), *limits)),
            None => scanner,
        };
        Ok(Some(Self { scanner: Arc::new(scanner), door, dialer }))
    }
}

/// Who visits, and where to ask about it.
fn agent(contact: &str) -> String {
    format!("Mozilla/5.0 (compatible; Sekisho/{}; link check; +{contact})", env!("CARGO_PKG_VERSION"))
}

/// Shut for the organisation's own hosts and for what any policy never visits, as they are at the moment.
pub(super) struct OwnDoor(ArcSwap<Shut>);

/// The list that says that a URL is the organisation's own, if one does.
pub type Internal = Arc<dyn Fn(&WebUrl) -> Option<String> + Send + Sync>;

struct Shut {
    internal: Internal,
    never: Vec<String>,
}

impl Shut {
    fn of(config: &Config, internal: Internal) -> Self {
        let never = config.tenants.iter().flat_map(|tenant| tenant.policy.never_visit.clone());
        Self { internal, never: never.collect() }
    }
}

/// The list of `index` that says so of `url`.
pub fn internal(index: &dyn Index, url: &WebUrl) -> Option<String> {
    let mut internal = None;
    index.lookup(&url.canonical(), SystemClock.now(), &mut |hit| {
        if hit.list.action == ListAction::Internal {
            internal = Some(hit.list.name.clone());
        }
    });
    internal
}

/// The same by the lists of each moment.
pub(super) fn internal_of(lists: &Arc<LiveLists>) -> Internal {
    let lists = Arc::clone(lists);
    Arc::new(move |url| internal(&lists.snapshot().index, url))
}

impl OwnDoor {
    /// Takes over what was read again.
    pub(super) fn renew(&self, config: &Config, lists: &Arc<LiveLists>) {
        self.0.store(Arc::new(Shut::of(config, internal_of(lists))));
    }
}

impl Door for OwnDoor {
    fn shuts(&self, url: &WebUrl) -> Option<String> {
        let shut = self.0.load();
        let host = url.host_str().strip_suffix('.').unwrap_or(url.host_str());
        let is_below = |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if let Some(domain) = shut.never.iter().find(|domain| is_below(domain)) {
            return Some(format!("{domain} is never visited"));
        }
        (shut.internal)(url).map(|list| format!("it is one of the organisation's own, by list {list}"))
    }
}
