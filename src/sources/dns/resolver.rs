use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, NoRecords, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType},
    },
};

use crate::sources::Unanswered;

/// How long one try may take; there are two.
const TRY: Duration = Duration::from_millis(900);
/// How long a "no" counts that does not say how long.
const NO: Duration = Duration::from_secs(60);

/// Who is asked for names: the resolvers of the system, or one that is named. Nothing is kept here, no search domain is
/// tried and no hosts file is read. What is cut off is asked again over TCP.
#[derive(Clone)]
pub struct Resolver {
    inner: Arc<TokioResolver>,
    who: Arc<str>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What the name has; empty where there is no such name.
    pub addresses: Vec<Ipv4Addr>,
    /// How long that counts, as the answer says.
    pub counts_for: Duration,
}

/// There is nobody to ask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no resolver can be asked: {0}; write `resolver` with an address, such as \"127.0.0.1:53\"")]
pub struct NoResolver(String);

impl Resolver {
    /// The resolver at this address, or those of the system.
    ///
    /// # Errors
    /// The system names none.
    pub fn new(address: Option<SocketAddr>) -> Result<Self, NoResolver> {
        let wrong = |error: NetError| NoResolver(error.to_string());
        let (mut builder, who) = match address {
            Some(address) => {
                let at_port = |mut connection: ConnectionConfig| {
                    connection.port = address.port();
                    connection
                };
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(at_port).to_vec();
                let server = NameServerConfig::new(address.ip(), true, connections);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
                (builder, address.to_string())
            }
            None => (TokioResolver::builder_tokio().map_err(wrong)?, "the resolvers of the system".to_owned()),
        };
        set(builder.options_mut());
        let inner = builder.build().map_err(wrong)?;
        Ok(Self { inner: Arc::new(inner), who: who.into() })
    }

    /// The IPv4 addresses of `name`, taken as it is. One that cannot be a name has none.
    ///
    /// # Errors
    /// Nobody answered, or with an error.
    pub async fn ask(&self, name: &str) -> Result<Told, Unanswered> {
        let Ok(mut name) = Name::from_ascii(name) else {
            return Ok(Told { addresses: Vec::new(), counts_for: NO });
        };
        name.set_fqdn(true);
        match self.inner.lookup(name, RecordType::A).await {
            Ok(found) => {
                let addresses = found.answers().iter().filter_map(|record| match &record.data {
                    RData::A(address) => Some(address.0),
                    _ => None,
                });
                let counts_for = found.valid_until().saturating_duration_since(Instant::now());
                Ok(Told { addresses: addresses.collect(), counts_for })
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(NoRecords {
                negative_ttl,
                response_code: ResponseCode::NXDomain | ResponseCode::NoError,
                ..
            }))) => {
                let counts_for = negative_ttl.map_or(NO, |secs| Duration::from_secs(secs.into()));
                Ok(Told { addresses: Vec::new(), counts_for })
            }
            Err(error) => Err(Unanswered(self.why(&error))),
        }
    }

    fn why(&self, error: &NetError) -> String {
        match error {
            NetError::Timeout => format!("no answer came by way of {}", self.who),
            NetError::Dns(DnsError::ResponseCode(code)) => format!("{} answered with an error: {code}", self.who),
            NetError::Dns(DnsError::NoRecordsFound(none)) => {
                format!("{} answered with an error: {}", self.who, none.response_code)
            }
            other => format!("{} cannot be asked: {other}", self.who),
        }
    }
}

fn set(options: &mut ResolverOpts) {
    options.timeout = TRY;
    options.attempts = 1;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.ndots = 0;
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resolver").field(&self.who).finish()
    }
}
