use std::{io, net::TcpListener};

use listenfd::ListenFd;

/// Listeners that were made by whoever started the program (the protocol of systemd: `LISTEN_FDS`), so that connections
/// wait in them while no process or the next one runs.
#[derive(Debug, Default)]
pub struct HandedOver {
    /// Where clicks are answered.
    pub clicks: Option<TcpListener>,
    /// Where health is answered.
    pub admin: Option<TcpListener>,
}

/// Listeners were handed over that nothing can be done with.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// Not a listener.
    #[error("listener {at} that was handed over cannot be used: {cause}")]
    Unusable {
        /// Which of them, from 1.
        at: usize,
        /// What the operating system says.
        cause: io::Error,
    },
    /// Two for one purpose.
    #[error(
        "listener {0} that was handed over is one too many; hand over one for clicks and, with FileDescriptorName=admin, \
         one for health"
    )]
    TooMany(usize),
}

impl HandedOver {
    /// Takes what was handed over, once; to be called before there are other threads, because it takes the variables
    /// along. The one with the name `admin`, or the second where none has a name of ours, is for health.
    pub fn take() -> Result<Self, HandoverError> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names: Vec<&str> = names.split(':').collect();
        let mut fds = ListenFd::from_env();
        let mut taken = Self::default();
        for at in 0..fds.len() {
            let listener = fds.take_tcp_listener(at).map_err(|cause| HandoverError::Unusable { at: at + 1, cause })?;
            let named = names.contains(&"admin");
            let admin = if named { names.get(at) == Some(&"admin") } else { at == 1 };
            let place = if admin { &mut taken.admin } else { &mut taken.clicks };
            if place.is_some() {
                return Err(HandoverError::TooMany(at + 1));
            }
            *place = listener;
        }
        Ok(taken)
    }
}
