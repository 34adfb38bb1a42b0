use std::{net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{SystemClock, asked::Asked, flips::Inbox, reload::Renewer};
use crate::{
    base::{Clock, TenantId, Timestamp},
    click::{Checkpoint, House, Parts, SystemEntropy, Tenant},
    config::{self, Config},
    feed::LiveLists,
    hook::Hook,
    http::{AtOnce, Front, Limits, PlainHead, Service, Tls, pages::Pages},
    link::Keyring,
    ruling::LiveRulings,
    store::{ClickLog, Store},
    supply::Board,
    url::Suffixes,
};

/// What answers clicks, and can be renewed while it does: a request is answered whole by the front that took it.
pub struct Gate {
    in_force: ArcSwap<InForce>,
    pub(super) renewer: Renewer,
}

/// What answers at one moment, and what it was made of.
pub(super) struct InForce {
    pub(super) around: Around,
    pub(super) ring: Arc<Keyring>,
    pub(super) pages: Arc<Pages>,
    pub(super) checkpoint: Arc<Checkpoint>,
    front: Front,
}

/// What a front is made of beside keyring and pages; what is no configuration stays when it is read again.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) config: Config,
    pub(super) lists: Arc<LiveLists>,
    pub(super) feeds: Arc<Board>,
    pub(super) rulings: Arc<LiveRulings>,
    pub(super) asked: Asked,
    pub(super) suffixes: Arc<Suffixes>,
    pub(super) log: ClickLog,
    pub(super) store: Arc<Store>,
    pub(super) limits: Limits,
    pub(super) tls: Option<Arc<Tls>>,
    /// Where sources leave what turned.
    pub(super) inbox: Arc<Inbox>,
    /// Who is told of it.
    pub(super) hook: Option<Arc<Hook>>,
}

impl Gate {
    pub(super) fn new(around: Around, ring: Keyring, pages: Pages, renewer: Renewer) -> Self {
        let in_force = InForce::new(around, Arc::new(ring), Arc::new(pages), SystemClock.now());
        Self { in_force: ArcSwap::from_pointee(in_force), renewer }
    }

    pub(super) fn in_force(&self) -> Arc<InForce> {
        self.in_force.load_full()
    }

    pub(super) fn put_in_force(&self, renewed: InForce) {
        self.in_force.store(Arc::new(renewed));
    }
}

impl Service for Gate {
    const AT_ONCE: bool = Front::AT_ONCE;

    fn at_once(&self, head: &PlainHead<'_>, client: IpAddr) -> Option<AtOnce> {
        self.in_force.load().front.at_once(head, client)
    }

    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Full<Bytes>> {
        self.in_force.load_full().front.answer(request, peer).await
    }
}

impl InForce {
    pub(super) fn new(around: Around, ring: Arc<Keyring>, pages: Arc<Pages>, now: Timestamp) -> Self {
        let checkpoint = around.checkpoint(&ring);
        let security_txt = security_txt(&around.config, now);
        let front = Front::new(Arc::clone(&checkpoint), Arc::clone(&pages), around.limits.clone(), security_txt);
        Self { around, ring, pages, checkpoint, front }
    }
}

impl Around {
    fn checkpoint(&self, ring: &Keyring) -> Arc<Checkpoint> {
        let tenants: Vec<Tenant> = self.config.tenants.iter().map(tenant).collect();
        let ids: Vec<TenantId> = tenants.iter().map(|tenant| tenant.id).collect();
        Arc::new(Checkpoint::new(Parts {
            opener: ring.opener(&ids),
            nonces: ring.nonces(),
            tenants,
            lists: Arc::clone(&self.lists),
            rulings: Arc::clone(&self.rulings),
            panel: Arc::clone(&self.asked.panel),
            suffixes: Arc::clone(&self.suffixes),
            openings: self.config.limits.link_openings,
            log: self.log.clone(),
            store: Arc::clone(&self.store),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy::default()),
            node: self.config.node.clone(),
        }))
    }
}

fn tenant(tenant: &config::Tenant) -> Tenant {
    Tenant {
        id: tenant.id,
        bases: tenant.bases().cloned().collect(),
        policy: tenant.policy.clone(),
        names: Arc::clone(&tenant.names),
        house: Arc::new(House {
            name: Some(tenant.name.clone()),
            help: tenant.help.clone(),
            report: tenant.contact.clone(),
            brand: tenant.brand.clone(),
        }),
        networks: tenant.networks.clone(),
        report_days: tenant.report_days,
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
