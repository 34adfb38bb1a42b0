use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    ResolverBuilder, TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
};

use crate::url::Suffixes;

/// Answers that are kept. They are only ever dialled, and looked at each time before.
const KEPT: u64 = 4096;
/// How long the answer "there is no such name" and any other is kept at most.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// Finds the addresses of names: by DNS alone, without the files, search lists and short names of this machine (attack
/// row 142).
pub struct Resolver(TokioResolver);

/// Why names cannot be resolved at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot resolve names: {0}; name the servers with scan.resolvers, such as [\"127.0.0.1:53\"]")]
pub struct ResolverError(String);

/// Why a name has no address that could be dialled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// It does not exist, or has none.
    #[error("there is no such host")]
    NoSuchHost,
    /// Nobody could tell.
    #[error("its address could not be found: {0}")]
    Failed(String),
}

impl Resolver {
    /// Asks the servers that this machine asks.
    pub fn of_system() -> Result<Self, ResolverError> {
        let builder = TokioResolver::builder_tokio().map_err(|error| ResolverError(error.to_string()))?;
        Self::build(builder)
    }

    /// Asks these servers, over UDP and, where an answer is too long for that, TCP.
    pub fn of(servers: &[SocketAddr]) -> Result<Self, ResolverError> {
        let server = |at: &SocketAddr| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = at.port();
                connection
            });
            NameServerConfig::new(at.ip(), true, connections.to_vec())
        };
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect());
        Self::build(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
    }

    fn build(mut builder: ResolverBuilder<TokioRuntimeProvider>) -> Result<Self, ResolverError> {
        let options = builder.options_mut();
        options.use_hosts_file = ResolveHosts::Never;
        // Both kinds, so that both are looked at.
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.cache_size = KEPT;
        (options.positive_max_ttl, options.negative_max_ttl) = (Some(KEPT_FOR), Some(KEPT_FOR));
        (options.timeout, options.attempts) = (Duration::from_secs(1), 2);
        builder.build().map(Self).map_err(|error| ResolverError(error.to_string()))
    }

    /// Every address of `host`, at least one.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NoAddress> {
        // The dot at the end keeps search lists away.
        let name = format!("{}.", host.strip_suffix('.').unwrap_or(host));
        match self.0.lookup_ip(name.as_str()).await {
            Ok(found) => {
                let addresses: Vec<IpAddr> = found.iter().collect();
                if addresses.is_empty() { Err(NoAddress::NoSuchHost) } else { Ok(addresses) }
            }
            Err(error) => Err(no_address(&error)),
        }
    }
}

fn no_address(error: &NetError) -> NoAddress {
    if error.is_nx_domain() || error.is_no_records_found() {
        return NoAddress::NoSuchHost;
    }
    NoAddress::Failed(error.to_string())
}

/// Whether a name can be one of the internet's: with a dot, and under a suffix under which names are registered.
/// `localhost`, `intranet`, `printer.local`, `metadata.internal` and their like are none (attack row 142).
pub(super) fn is_public(host: &str, suffixes: &Suffixes) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    // In the list of suffixes too, and no names of DNS or nobody's page: RFC 7686; RFC 8375 and 3172.
    let is_special = [".onion", ".arpa"].iter().any(|suffix| host.ends_with(suffix));
    host.contains('.') && !is_special && suffixes.is_known(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_142_only_names_of_the_internet_are_asked_for() {
        let suffixes = Suffixes::builtin();
        for host in ["example.com", "www.example.co.jp.", "a.github.io", "xn--r8jz45g.jp"] {
            assert!(is_public(host, &suffixes), "{host}");
        }
        for host in [
            "localhost",
            "a.localhost",
            "intranet",
            "intranet.",
            "printer.local",
            "metadata.google.internal",
            "router.home.arpa",
            "a.test",
            "a.example",
            "a.onion",
            "com",
            "com.",
        ] {
            assert!(!is_public(host, &suffixes), "{host}");
        }
    }
}
