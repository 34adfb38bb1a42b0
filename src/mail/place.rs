use std::{
    fmt, fs, io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    str::FromStr,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

/// Where one listens or connects: `127.0.0.1:8484`, `[::1]:8484` or `unix:/run/sekisho/milter.sock`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// An address and a port.
    Inet(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// A place cannot be listened at.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {place}: {cause}{}", hint(cause))]
pub struct PlaceError {
    /// Which.
    pub place: Place,
    /// What the system says.
    pub cause: io::Error,
}

fn hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::AddrInUse => "; does another one run? Name another place, or end it",
        io::ErrorKind::NotFound => "; make the folder of the socket",
        io::ErrorKind::AlreadyExists => "; what lies there is no socket, and it is not removed",
        _ => "",
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(path) => Err(format!("write the whole path of the socket, such as unix:/run/{path}")),
            None => text.parse().map(Self::Inet).map_err(|_| {
                format!("{text:?} is neither an IP address and a port, such as 127.0.0.1:8484, nor unix:/PATH")
            }),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What bytes go through, of either kind.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A place that is listened at. A socket in the file system is removed when this is dropped.
pub struct Listener {
    socket: Socket,
    place: Place,
}

enum Socket {
    Inet(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Takes the place. A socket in the file system gets the permissions `mode`; one that was left over by a process that
    /// is gone is replaced.
    pub async fn bind(place: &Place, mode: u32) -> Result<Self, PlaceError> {
        let wrong = |cause| PlaceError { place: place.clone(), cause };
        match place {
            Place::Inet(address) => {
                let socket = TcpListener::bind(address).await.map_err(wrong)?;
                let place = Place::Inet(socket.local_addr().map_err(wrong)?);
                Ok(Self { socket: Socket::Inet(socket), place })
            }
            Place::Unix(path) => {
                clear(path).await.map_err(wrong)?;
                let socket = UnixListener::bind(path).map_err(wrong)?;
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(wrong)?;
                Ok(Self { socket: Socket::Unix(socket), place: place.clone() })
            }
        }
    }

    /// Where it is: the port that was taken, where any was asked for.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The next connection, and from where it comes.
    pub async fn accept(&self) -> io::Result<(Box<dyn Stream>, Option<IpAddr>)> {
        match &self.socket {
            Socket::Inet(socket) => {
                let (stream, peer) = socket.accept().await?;
                // Small answers are waited for.
                stream.set_nodelay(true)?;
                Ok((Box::new(stream), Some(peer.ip())))
            }
            Socket::Unix(socket) => Ok((Box::new(socket.accept().await?.0), None)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Place::Unix(path) = &self.place {
            let _ = fs::remove_file(path);
        }
    }
}

impl Place {
    /// Opens a connection to this place.
    pub async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Inet(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Self::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
        }
    }
}

/// Removes a socket behind which nobody listens. Anything else that lies there stays, and is an error.
async fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(about) if !about.file_type().is_socket() => return Err(io::ErrorKind::AlreadyExists.into()),
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(_) => fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_or_a_whole_path() {
        for text in ["127.0.0.1:25", "[::1]:25", "unix:/run/a.sock"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        assert!("unix:a.sock".parse::<Place>().unwrap_err().contains("unix:/run/a.sock"));
        for text in ["localhost:25", "127.0.0.1", "", "/run/a.sock"] {
            assert!(text.parse::<Place>().unwrap_err().contains("unix:/PATH"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_socket_is_taken_over_from_the_dead_alone_and_has_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let place = Place::Unix(path.clone());
        let listener = Listener::bind(&place, 0o660).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        let taken = Listener::bind(&place, 0o600).await.err().unwrap();
        assert!(taken.to_string().contains("does another one run?"), "{taken}");
        drop(listener);
        assert!(!path.exists());
        // A listener of the standard library leaves its socket behind, as a process does that is killed.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        drop(Listener::bind(&place, 0o600).await.unwrap());
        fs::write(&path, "of somebody else").unwrap();
        let foreign = Listener::bind(&place, 0o600).await.err().unwrap();
        assert!(foreign.to_string().contains("it is not removed"), "{foreign}");
        assert_eq!(fs::read(&path).unwrap(), b"of somebody else");
    }
}
