//! Where a clamd listens.

use std::{fmt, net::SocketAddr, path::PathBuf};

/// A path, or an address and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Socket {
    /// On this machine.
    Unix(PathBuf),
    /// Anywhere: what is sent there is not encrypted.
    Tcp(SocketAddr),
}

/// A text that is no place for a clamd.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is neither the path of a socket, such as /run/clamav/clamd.ctl, nor an IP address and a port, such as 127.0.0.1:3310"
)]
pub struct BadSocket(pub String);

impl Socket {
    /// Reads what stands in a configuration.
    ///
    /// # Errors
    /// [`BadSocket`], where it is neither.
    pub fn parse(text: &str) -> Result<Self, BadSocket> {
        if text.starts_with('/') {
            return Ok(Self::Unix(text.into()));
        }
        text.parse().map(Self::Tcp).map_err(|_| BadSocket(text.to_owned()))
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_paths_or_addresses() {
        assert_eq!(Socket::parse("/run/c.ctl"), Ok(Socket::Unix("/run/c.ctl".into())));
        assert_eq!(Socket::parse("[::1]:3310").unwrap().to_string(), "[::1]:3310");
        for bad in ["", "clamd.ctl", "localhost:3310", "127.0.0.1", "unix:/run/x"] {
            assert!(Socket::parse(bad).unwrap_err().to_string().contains("127.0.0.1:3310"), "{bad}");
        }
    }
}
