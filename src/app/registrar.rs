use std::{collections::BTreeMap, io, net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::net::TcpListener;

use super::{Desk, DeskError, Made, Origin, SystemClock, TokensError, Transport, decoder, tokens::TokenFile};
use crate::{
    base::{Clock, TenantId, Timestamp},
    click::{Decoded, Decoder},
    config::{Config, ConfigError, Loaded, Source},
    http::{
        BindError, Counters, Limits, Tls, TlsError,
        api::{Api, Caps, Clerk, Grants, Order, Trouble},
        bind, serve_under,
    },
    rewrite::{Refused, Rewritten},
};

/// How long a message may take to come.
const BODY: Duration = Duration::from_secs(60);

/// Why the API does not begin.
#[derive(Debug, thiserror::Error)]
pub enum RegistrarError {
    /// The keyring or the store.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The configuration, read again.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The tokens.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The address has no number.
    #[error("the listener has no address: {0}")]
    Listener(#[from] io::Error),
}

/// What works for programs that ask over HTTP: a desk for each tenant.
pub struct Registrar {
    desks: ArcSwap<Desks>,
    tokens: TokenFile,
    source: Source,
    origin: Origin,
}

/// What works at one moment.
struct Desks {
    of: BTreeMap<TenantId, Desk>,
    decoder: Decoder,
    config: Config,
}

/// The API, its address taken.
pub struct Counter {
    registrar: Arc<Registrar>,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
}

impl Registrar {
    /// Opens keyring and store for every tenant, and reads the tokens.
    pub fn open(loaded: Loaded, origin: Origin, now: Timestamp) -> Result<(Self, Made), RegistrarError> {
        let Loaded { config, source, .. } = loaded;
        let tokens = TokenFile::new(config.api.tokens.clone());
        tokens.grants()?;
        let (desks, made) = Desks::open(config, origin, now)?;
        Ok((Self { desks: ArcSwap::from_pointee(desks), tokens, source, origin }, made))
    }

    /// Reads configuration and keyring again. What is under way ends with what was; an error leaves that in force.
    pub fn renew(&self, now: Timestamp) -> Result<(), RegistrarError> {
        let (config, _) = self.source.place.again(&self.source.overrides)?;
        let (desks, _) = Desks::open(config, self.origin, now)?;
        self.desks.store(Arc::new(desks));
        Ok(())
    }

    /// How many tokens there are.
    pub fn tokens(&self) -> Result<usize, TokensError> {
        Ok(self.tokens.grants()?.iter().count())
    }
}

impl Desks {
    fn open(config: Config, origin: Origin, now: Timestamp) -> Result<(Self, Made), DeskError> {
        let mut of = BTreeMap::new();
        let mut made = Made::Before;
        for tenant in &config.tenants {
            let (desk, made_now) = Desk::open(&config, tenant, origin, now)?;
            if made_now == Made::Now {
                made = Made::Now;
            }
            of.insert(tenant.id, desk);
        }
        Ok((Self { of, decoder: decoder(&config), config }, made))
    }

    fn desk(&self, tenant: Option<TenantId>) -> Result<&Desk, Trouble> {
        let ids = || self.of.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match tenant {
            Some(id) => self
                .of
                .get(&id)
                .ok_or_else(|| Trouble::Wrong(format!("there is no tenant {id}; the configuration has {}", ids()))),
            None if self.of.len() > 1 => {
                Err(Trouble::Wrong(format!("name the tenant (?tenant=...); the configuration has {}", ids())))
            }
            None => self.of.values().next().ok_or_else(|| Trouble::Ours("no tenant is configured".into())),
        }
    }
}

impl Clerk for Registrar {
    fn grants(&self) -> Result<Arc<Grants>, String> {
        self.tokens.grants().map_err(|error| error.to_string())
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn rewrite(&self, order: &Order<'_>) -> Result<Rewritten, Trouble> {
        let desks = self.desks.load();
        let transport = Transport { recipient: order.recipient, sender: order.sender, ..Transport::default() };
        desks.desk(order.tenant)?.rewrite(order.message, &transport, SystemClock.now()).map_err(trouble)
    }

    fn restore(&self, message: &[u8], tenant: Option<TenantId>) -> Result<Vec<u8>, Trouble> {
        let (desks, now) = (self.desks.load(), SystemClock.now());
        if tenant.is_some() {
            return desks.desk(tenant)?.restore(message, now).map_err(trouble);
        }
        // Links of every tenant are ours, and each tenant's desk knows its own.
        let restore = |message: Vec<u8>, desk: &Desk| desk.restore(&message, now);
        desks.of.values().try_fold(message.to_vec(), restore).map_err(trouble)
    }

    fn decode(&self, link: &[u8]) -> Decoded {
        self.desks.load().decoder.decode(link, SystemClock.now())
    }
}

/// Whose fault it is.
fn trouble(error: DeskError) -> Trouble {
    match error {
        DeskError::Refused(error @ Refused::Limit { .. }) => Trouble::Message(error.to_string()),
        other => Trouble::Ours(other.to_string()),
    }
}

impl Counter {
    /// Takes the address of the configuration.
    pub async fn open(registrar: Arc<Registrar>) -> Result<Self, RegistrarError> {
        let desks = registrar.desks.load_full();
        let tls = super::open_tls(&desks.config)?;
        let listener = bind(desks.config.api.listen).await?;
        Ok(Self { registrar, listener, tls })
    }

    /// Where it listens: the port that was taken, where any was asked for.
    pub fn address(&self) -> Result<SocketAddr, RegistrarError> {
        Ok(self.listener.local_addr()?)
    }

    /// Answers until `shutdown` comes, then ends what is under way within the drain time.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let config = self.registrar.desks.load().config.clone();
        let message = usize::try_from(config.limits.message_bytes).unwrap_or(usize::MAX);
        let caps = Caps { message, at_once: config.api.at_once, body: BODY };
        let limits = Limits {
            connections: config.limits.connections,
            per_address: config.limits.connections,
            drain: config.drain,
            trusted_proxies: config.trusted_proxies.clone(),
            proxy_protocol: config.proxy_protocol.clone(),
            ..Limits::default()
        };
        let api = Arc::new(Api::new(self.registrar, caps));
        let watching = self.tls.clone().map(|tls| tokio::spawn(super::watch_certificates(tls)));
        serve_under(self.tls, self.listener, api, limits, Arc::<Counters>::default(), shutdown).await;
        if let Some(watching) = watching {
            watching.abort();
        }
    }
}
