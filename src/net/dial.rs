use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
};

use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::rustls::RootCertStore;

use super::{
    Filter, Forbidden, Limits, Quota, Resolver, ResolverError,
    budget::{Budget, Visit, Visited},
    fetch::{Counts, NotFetched, Phase},
    name,
    tls::Secure,
};
use crate::{
    base::Clock,
    url::{Suffixes, WebUrl},
};

/// Ports that are dialled wherever they are: those of the schemes.
const PORTS: [u16; 2] = [80, 443];

/// What a dialler is made of.
pub struct Means {
    /// Says which addresses are dialled.
    pub filter: Filter,
    /// Finds addresses.
    pub resolver: Resolver,
    /// Ports that are dialled beside 80 and 443.
    pub ports: Vec<u16>,
    /// Hosts that are ours: a link that leads back to us is not fetched (attack row 141).
    pub own_hosts: Vec<String>,
    /// Caps on one fetch.
    pub limits: Limits,
    /// Caps on all of them.
    pub quota: Quota,
    /// What is said of who asks: `User-Agent`.
    pub agent: String,
    /// Authorities whose certificates hold beside those that this machine trusts.
    pub authorities: RootCertStore,
    /// Tells names of the internet from others.
    pub suffixes: Arc<Suffixes>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Fetches what strangers name, from where that may be done. Shared by all who ask.
pub struct Dialer {
    pub(super) means: Means,
    pub(super) secure: Secure,
    pub(super) budget: Budget,
    pub(super) counts: Counts,
}

/// Why nothing can be fetched at all.
#[derive(Debug, thiserror::Error)]
pub enum DialerError {
    /// Names cannot be resolved.
    #[error(transparent)]
    Resolver(#[from] ResolverError),
    /// TLS cannot be spoken.
    #[error("cannot prepare TLS for what is fetched: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

/// A connection, and the leave to have it.
pub(super) struct Line {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    /// Given back when the fetch ends.
    pub(super) _visits: [Visit; 2],
}

impl Dialer {
    /// A dialler with these means, which trusts what this machine trusts.
    pub fn new(mut means: Means) -> Result<Self, DialerError> {
        let mut authorities = std::mem::replace(&mut means.authorities, RootCertStore::empty());
        authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let secure = Secure::new(authorities)?;
        let budget = Budget::new(means.quota);
        Ok(Self { means, secure, budget, counts: Counts::default() })
    }

    /// Opens a connection to the host of `url`, at an address that was looked at.
    pub(super) async fn line(&self, url: &WebUrl) -> Result<Line, NotFetched> {
        let Means { filter, suffixes, clock, limits, .. } = &self.means;
        let port = url.port().unwrap_or(if url.is_https() { 443 } else { 80 });
        let is_allowed = PORTS.contains(&port) || self.means.ports.contains(&port);
        if !is_allowed && !filter.rehearsal().plays_port(port) {
            return Err(NotFetched::Port(port));
        }
        let host = url.host_str().strip_suffix('.').unwrap_or(url.host_str());
        if self.means.own_hosts.iter().any(|own| own == host) {
            return Err(NotFetched::Own);
        }
        let domain = suffixes.registrable_domain(host).unwrap_or(host).to_owned();
        let of_domain = self.budget.visit(Visited::Domain(domain), clock.now())?;
        let addresses = self.addresses(url, host).await?;
        // All of them are looked at before any is dialled: one that is forbidden speaks against the name (row 139).
        let (good, bad) = self.sorted(addresses, port);
        match bad {
            Some(forbidden) if good.is_empty() => return Err(NotFetched::Forbidden(forbidden)),
            Some(forbidden) => return Err(NotFetched::Mixed(forbidden)),
            None => {}
        }
        let mut why = NotFetched::TooSlow(Phase::Connect);
        for peer in good.into_iter().take(limits.addresses) {
            let of_address = self.budget.visit(Visited::address(peer.ip()), clock.now())?;
            why = match timeout(limits.connect, TcpStream::connect(peer)).await {
                Ok(Ok(stream)) => return Ok(Line { stream, peer, _visits: [of_domain, of_address] }),
                Ok(Err(error)) => NotFetched::NoConnection(error.kind()),
                Err(_) => NotFetched::TooSlow(Phase::Connect),
            };
        }
        Err(why)
    }

    async fn addresses(&self, url: &WebUrl, host: &str) -> Result<Vec<IpAddr>, NotFetched> {
        if let Some(address) = url.address() {
            return Ok(vec![address]);
        }
        if let Some(address) = self.means.filter.rehearsal().address(host) {
            return Ok(vec![address]);
        }
        if !name::is_public(host, &self.means.suffixes) {
            return Err(NotFetched::NotPublic);
        }
        match timeout(self.means.limits.resolve, self.means.resolver.addresses(host)).await {
            Ok(found) => Ok(found?),
            Err(_) => Err(NotFetched::TooSlow(Phase::Resolve)),
        }
    }

    /// The sockets that may be dialled, IPv4 first, and the first that may not.
    fn sorted(&self, mut addresses: Vec<IpAddr>, port: u16) -> (Vec<SocketAddr>, Option<Forbidden>) {
        addresses.sort_by_key(IpAddr::is_ipv6);
        let (mut good, mut bad) = (Vec::new(), None);
        for address in addresses {
            let at = SocketAddr::new(address, port);
            match self.means.filter.check(at) {
                Ok(()) if !self.means.filter.rehearsal().plays(at) && is_of_this_machine(address) => {
                    let why = "an address of this machine".to_owned();
                    bad = bad.or(Some(Forbidden { address, why }));
                }
                Ok(()) => good.push(at),
                Err(forbidden) => bad = bad.or(Some(forbidden)),
            }
        }
        (good, bad)
    }
}

/// Whether an address is one of this machine's own, public or not (attack row 141): then the system would speak to it from
/// that very address. Nothing is sent to find out.
fn is_of_this_machine(address: IpAddr) -> bool {
    let any: SocketAddr = match address {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let from = UdpSocket::bind(any).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    from.is_ok_and(|from| from.ip() == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_141_an_address_of_this_machine_is_known_without_asking_anybody() {
        assert!(is_of_this_machine(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_of_this_machine(Ipv4Addr::new(192, 0, 2, 1).into()));
    }
}
