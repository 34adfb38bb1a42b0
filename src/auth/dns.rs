use std::{
    borrow::Borrow,
    hash::Hash,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use hickory_resolver::{
    ResolverBuilder, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
};
use mail_auth::{DnsError, Error, MessageAuthenticator, RecordSet, ResolverCache, Txt};

/// Answers that are kept, and how long at most.
const KEPT: u64 = 8192;
const KEPT_FOR: Duration = Duration::from_secs(3600);

/// What asks for records: by DNS alone, without the files of this machine. Without servers, those of the system are asked.
pub(super) fn resolver(servers: &[SocketAddr], patience: Duration) -> Result<MessageAuthenticator, NetError> {
    let builder = match servers {
        [] => TokioResolver::builder_tokio()?,
        servers => {
            let config = ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    build(builder, patience).map(MessageAuthenticator)
}

fn server(at: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = at.port();
        connection
    });
    NameServerConfig::new(at.ip(), true, connections.to_vec())
}

fn build(mut builder: ResolverBuilder<TokioRuntimeProvider>, patience: Duration) -> Result<TokioResolver, NetError> {
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.cache_size = KEPT;
    (options.positive_max_ttl, options.negative_max_ttl) = (Some(KEPT_FOR), Some(KEPT_FOR));
    // An answer that is lost is asked for again before the time of all is over.
    (options.timeout, options.attempts) = (patience / 3, 2);
    builder.build()
}

/// How many names may still be asked for. It stands where mail-auth keeps answers, for that is asked before each question
/// goes out; answers themselves are kept by the resolver.
pub(super) struct Lookups(AtomicUsize);

impl Lookups {
    pub(super) const fn new(most: usize) -> Self {
        Self(AtomicUsize::new(most))
    }

    /// Whether more was to be asked than may be.
    pub(super) fn is_spent(&self) -> bool {
        self.0.load(Relaxed) == 0
    }

    fn spend(&self) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok_and(|left| left > 1)
    }
}

impl ResolverCache<Box<str>, Txt> for Lookups {
    fn get<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let spent = || Txt::Error(Error::Dns(DnsError::Resolver("too many names".into())));
        (!self.spend()).then(spent)
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

impl<K, T> ResolverCache<K, RecordSet<T>> for Lookups {
    fn get<Q>(&self, _: &Q) -> Option<RecordSet<T>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        (!self.spend()).then(|| RecordSet { rrset: Arc::from([]), dnssec_status: Default::default() })
    }

    fn remove<Q>(&self, _: &Q) -> Option<RecordSet<T>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: K, _: RecordSet<T>, _: Instant) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_asked_for_until_there_were_too_many() {
        let lookups = Lookups::new(3);
        let ask = || ResolverCache::<Box<str>, Txt>::get(&lookups, "a.example.").is_none();
        assert_eq!([ask(), ask(), lookups.is_spent()], [true, true, false]);
        assert_eq!([ask(), lookups.is_spent(), ask()], [false, true, false]);
    }
}
