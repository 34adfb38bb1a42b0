use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Sockets of this machine that stand in for the internet while something is shown or tested.
///
/// The filter refuses this machine, and so nothing could be shown on it. A rehearsal names the sockets one by one; no key
/// of the configuration makes one, only code does: the demonstration for its own pages, and tests. A test holds the
/// program to that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rehearsal {
    sockets: Vec<SocketAddr>,
    names: Vec<(String, IpAddr)>,
}

/// A socket that is not on the loopback of this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not on the loopback of this machine, and a rehearsal stays there")]
pub struct NotLoopback(pub SocketAddr);

impl Rehearsal {
    /// A rehearsal on these sockets. Errors: one that is not on the loopback.
    pub fn on(sockets: &[SocketAddr]) -> Result<Self, NotLoopback> {
        match sockets.iter().find(|socket| !socket.ip().is_loopback()) {
            Some(socket) => Err(NotLoopback(*socket)),
            None => Ok(Self { sockets: sockets.to_vec(), names: Vec::new() }),
        }
    }

    /// The same where `name`, and every name under it, is this machine.
    #[must_use]
    pub fn naming(mut self, name: &str) -> Self {
        self.names.push((name.to_owned(), Ipv4Addr::LOCALHOST.into()));
        self
    }

    /// Whether this socket plays the part of one on the internet.
    pub(super) fn plays(&self, at: SocketAddr) -> bool {
        self.sockets.contains(&at)
    }

    /// Whether a port that is otherwise not dialled is one of the rehearsal's.
    pub(super) fn plays_port(&self, port: u16) -> bool {
        self.sockets.iter().any(|socket| socket.port() == port)
    }

    /// The address of a name that is this machine.
    pub(super) fn address(&self, host: &str) -> Option<IpAddr> {
        let is_under = |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        self.names.iter().find(|(name, _)| is_under(name)).map(|(_, address)| *address)
    }
}
