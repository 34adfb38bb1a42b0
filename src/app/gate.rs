use std::{net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{StartError, SystemClock, read_ring};
use crate::{
    base::{Clock, TenantId, Timestamp},
    click::{Checkpoint, House, Parts, SystemEntropy, Tenant},
    config::{self, Config},
    feed::{LiveLists, ReloadReport},
    http::{Front, Limits, Service, pages::Pages},
    link::Keyring,
    ruling::LiveRulings,
    store::{ClickLog, Store},
    url::Suffixes,
};

/// What answers clicks, and can be renewed while it does: a request is answered whole by the front that took it.
pub struct Gate {
    around: Around,
    front: ArcSwap<Front>,
}

/// What stays while the front is renewed.
pub(super) struct Around {
    pub(super) config: Config,
    pub(super) lists: Arc<LiveLists>,
    pub(super) rulings: Arc<LiveRulings>,
    pub(super) suffixes: Arc<Suffixes>,
    pub(super) log: ClickLog,
    pub(super) store: Arc<Store>,
    pub(super) limits: Limits,
}

impl Gate {
    pub(super) fn new(around: Around, ring: &Keyring, pages: Pages) -> Self {
        let front = around.front(ring, pages, SystemClock.now());
        Self { around, front: ArcSwap::from_pointee(front) }
    }

    /// Reads lists, keyring and templates anew. Whatever of them is wrong stays as it was and is told; the lists tell
    /// of theirs in the report.
    pub fn reload(&self) -> (ReloadReport, Result<(), StartError>) {
        (self.around.lists.reload_now(), self.renew_front())
    }

    fn renew_front(&self) -> Result<(), StartError> {
        let config = &self.around.config;
        let ring = read_ring(config.keyring.path())?;
        let pages = Pages::load(config.templates.as_deref())?;
        self.front.store(Arc::new(self.around.front(&ring, pages, SystemClock.now())));
        Ok(())
    }

    pub(super) fn around(&self) -> &Around {
        &self.around
    }
}

impl Service for Gate {
    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Full<Bytes>> {
        self.front.load_full().answer(request, peer).await
    }
}

impl Around {
    fn front(&self, ring: &Keyring, pages: Pages, now: Timestamp) -> Front {
        let tenants: Vec<Tenant> = self.config.tenants.iter().map(tenant).collect();
        let ids: Vec<TenantId> = tenants.iter().map(|tenant| tenant.id).collect();
        let checkpoint = Checkpoint::new(Parts {
            opener: ring.opener(&ids),
            nonces: ring.nonces(),
            tenants,
            lists: Arc::clone(&self.lists),
            rulings: Arc::clone(&self.rulings),
            suffixes: Arc::clone(&self.suffixes),
            log: self.log.clone(),
            store: Arc::clone(&self.store),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            node: self.config.node.clone(),
        });
        let security_txt = security_txt(&self.config, now);
        Front::new(Arc::new(checkpoint), Arc::new(pages), self.limits.clone(), security_txt)
    }
}

fn tenant(tenant: &config::Tenant) -> Tenant {
    Tenant {
        id: tenant.id,
        bases: tenant.bases().cloned().collect(),
        policy: tenant.policy.clone(),
        house: Arc::new(House {
            name: Some(tenant.name.clone()),
            help: tenant.help.clone(),
            report: tenant.contact.clone(),
        }),
    }
}

/// What `/.well-known/security.txt` says (RFC 9116): whom to tell of abuse, and until when this holds. It is renewed at
/// each start and reload.
fn security_txt(config: &Config, now: Timestamp) -> Option<String> {
    const A_YEAR: i64 = 365 * 24 * 60 * 60 * 1000;
    let mut contacts: Vec<&str> =
        config.tenants.iter().filter_map(|tenant| tenant.security_contact.as_deref()).collect();
    contacts.dedup();
    if contacts.is_empty() {
        return None;
    }
    let expires = jiff::Timestamp::from_second(now.plus_millis(A_YEAR).secs()).ok()?;
    let contacts: String = contacts.iter().map(|contact| format!("Contact: {contact}\n")).collect();
    Some(format!("{contacts}Expires: {expires}\n"))
}
