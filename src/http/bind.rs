use std::{io, net::SocketAddr};

use tokio::net::TcpListener;

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The operating system refuses.
    #[error("cannot listen on {address}: {cause}; {remedy}")]
    Refused {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system says.
        cause: io::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// The admin listener answers whoever can reach it.
    #[error("the admin listener would be reachable from outside on {0}; give it an address such as 127.0.0.1:9080")]
    NotLoopback(SocketAddr),
}

/// Listens on `address`; port 0 takes any free one.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|cause| BindError::Refused { address, remedy: remedy(&cause), cause })
}

/// Listens on `address` if only this machine can reach it.
pub async fn bind_loopback(address: SocketAddr) -> Result<TcpListener, BindError> {
    if !address.ip().is_loopback() {
        return Err(BindError::NotLoopback(address));
    }
    bind(address).await
}

fn remedy(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::AddrInUse => {
            "another process holds the port (`ss -ltnp` names it): stop it or choose another port"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need CAP_NET_BIND_SERVICE: grant it to the service or choose a higher port"
        }
        io::ErrorKind::AddrNotAvailable => "no interface of this machine has the address: use one that `ip addr` shows",
        _ => "check the address and port in the configuration",
    }
}
