use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
};

use socket2::{Domain, Protocol, SockFilter, Socket, Type};
use tokio::net::TcpListener;

/// Connections that may wait in the kernel for one listener. What comes beyond is asked again by its client, so the
/// wait of those within stays short.
const BACKLOG: i32 = 1024;

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

/// Whose a listening socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// This process made it, and closing it ends it.
    Alone,
    /// Others may listen on the very same socket, and go on when this process stops.
    InCommon,
}

/// The listeners of one address, one for each worker.
#[derive(Debug)]
pub struct Sockets {
    listeners: Vec<StdListener>,
    held: Held,
    company: Company,
}

/// Who else listens on an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// Nobody.
    None,
    /// Another process of the same user: connections go to both until one of them ends.
    Another,
}

impl Sockets {
    /// Listens on `address` once for each of `workers`; the kernel spreads connections over them. Another process of
    /// the same user may do so at the same time, which is how a new one takes over from an old one.
    pub fn bind(address: SocketAddr, workers: usize) -> Result<Self, BindError> {
        let refused = |cause: io::Error| BindError::Refused { address, remedy: remedy(&cause), cause };
        let company = match listen(address, Port::Alone) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Company::Another,
            _ => Company::None,
        };
        let first = listen(address, Port::Joined).map_err(refused)?;
        let address = first.local_addr().map_err(refused)?;
        let mut listeners = vec![first];
        for _ in 1..workers {
            listeners.push(listen(address, Port::Joined).map_err(refused)?);
        }
        Ok(Self { listeners, held: Held::Alone, company })
    }

    /// One listener for all of `workers`, made elsewhere: handed over by a service manager, or held exclusively.
    pub fn share(listener: StdListener, workers: usize) -> Result<Self, BindError> {
        let unspecified = SocketAddr::from(([0, 0, 0, 0], 0));
        let address = listener.local_addr().unwrap_or(unspecified);
        Self::shared(listener, workers).map_err(|cause| BindError::Refused { address, remedy: remedy(&cause), cause })
    }

    fn shared(listener: StdListener, workers: usize) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let mut listeners = Vec::with_capacity(workers);
        for _ in 1..workers {
            listeners.push(listener.try_clone()?);
        }
        listeners.push(listener);
        Ok(Self { listeners, held: Held::InCommon, company: Company::None })
    }

    /// The address; the port that was taken, where any was asked for.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listeners.first().ok_or_else(|| io::Error::other("no listener"))?.local_addr()
    }

    /// Who else listened there when these were made.
    pub fn company(&self) -> Company {
        self.company
    }

    pub(super) fn into_parts(self) -> (Vec<StdListener>, Held) {
        (self.listeners, self.held)
    }
}

/// Listens on `address`, alone; port 0 takes any free one.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    listen(address, Port::Alone).and_then(TcpListener::from_std).map_err(|cause| BindError::Refused {
        address,
        remedy: remedy(&cause),
        cause,
    })
}

/// Listens on `address` if only this machine can reach it, beside another process of the same user where there is one.
pub async fn bind_loopback(address: SocketAddr) -> Result<TcpListener, BindError> {
    if !address.ip().is_loopback() {
        return Err(BindError::NotLoopback(address));
    }
    listen(address, Port::Joined).and_then(TcpListener::from_std).map_err(|cause| BindError::Refused {
        address,
        remedy: remedy(&cause),
        cause,
    })
}

/// Takes a listener that was handed over for `wanted`, if only this machine can reach it.
pub async fn adopt_loopback(listener: StdListener, wanted: SocketAddr) -> Result<TcpListener, BindError> {
    let refused = |cause: io::Error| BindError::Refused { address: wanted, remedy: remedy(&cause), cause };
    let address = listener.local_addr().map_err(refused)?;
    if !address.ip().is_loopback() {
        return Err(BindError::NotLoopback(address));
    }
    listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener)).map_err(refused)
}

/// Whether others of the same user may listen on the port as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Alone,
    Joined,
}

fn listen(address: SocketAddr, port: Port) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of a former process that are still winding down do not keep the port.
    socket.set_reuse_address(true)?;
    if port == Port::Joined {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Makes a listener deaf to clients that only begin to connect, while those that had begun are still heard. The kernel
/// resets whoever is in the queue of a listener that is closed; a client that was not heard asks again and finds the
/// next process. Where the kernel will not, closing is as it always was.
pub(super) fn deafen(listener: &StdListener) {
    #[cfg(target_os = "linux")]
    {
        // Classic BPF over the TCP header: flags are its byte 13; drop what has SYN without ACK.
        let (load_byte, and, jump_if_equal, give) = (0x30, 0x54, 0x15, 0x06);
        let filter = [
            SockFilter::new(load_byte, 0, 0, 13),
            SockFilter::new(and, 0, 0, 0x12),
            SockFilter::new(jump_if_equal, 0, 1, 0x02),
            SockFilter::new(give, 0, 0, 0),
            SockFilter::new(give, 0, 0, u32::MAX),
        ];
        if let Err(error) = socket2::SockRef::from(listener).attach_filter(&filter) {
            tracing::debug!(%error, "a listener is closed without a filter");
        }
    }
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
