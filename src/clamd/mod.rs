//! A virus scanner asked over its socket: clamd of ClamAV.
//!
//! [`Clamd::scan`] sends bytes in chunks and gives what clamd says of them; [`Clamd::version`] tells whether it is there and
//! how old its signatures are. Every call ends by its deadline, at most [`CALLS`] are under way at once, others wait for
//! theirs within it, and an answer is read up to a cap. No answer is an error and never proof that nothing was found.

mod socket;

pub use socket::{BadSocket, Socket};

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    sync::Semaphore,
    time::timeout,
};

/// Calls that are under way at one time; clamd has ten threads by default.
pub const CALLS: usize = 8;
/// Bytes of a chunk.
const CHUNK: usize = 64 * 1024;
/// Bytes of an answer that are read.
const ANSWER: u64 = 4096;
/// Bytes of the name of a signature that are told.
const NAME: usize = 120;

/// A clamd. Cheap to clone; clones share the cap on calls.
#[derive(Debug, Clone)]
pub struct Clamd {
    socket: Socket,
    limits: Limits,
    calls: Arc<Semaphore>,
}

/// What one call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until when it has an answer, from when it is asked.
    pub deadline: Duration,
    /// Bytes that are sent at most; what is longer is not sent at all.
    pub bytes: usize,
}

/// What clamd said of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// No signature matches.
    Nothing,
    /// One matches: its name, free of control characters.
    Found(String),
    /// They are longer than is sent, or than clamd takes (`StreamMaxLength`): nobody looked at them whole.
    TooLong,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClamdError {
    /// Nobody listens.
    #[error("clamd does not answer at {socket}: {source}; start clamd, or correct `socket` under [clamav]")]
    Unreachable {
        /// Where it was looked for.
        socket: Socket,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke off.
    #[error("clamd broke off: {0}; its log says why")]
    Broken(#[from] io::Error),
    /// It took too long.
    #[error("clamd took longer than {} ms; `timeout_seconds` under [clamav] is how long it may take", .0.as_millis())]
    Late(Duration),
    /// It said something else.
    #[error("clamd answered {0:?}, which is no answer to what it was asked; its log says why")]
    Odd(String),
}

impl Clamd {
    /// One that listens at `socket`. Nothing is opened before it is asked.
    pub fn new(socket: Socket, limits: Limits) -> Self {
        Self { socket, limits, calls: Arc::new(Semaphore::new(CALLS)) }
    }

    /// Where it listens.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Has it look at `bytes` (`INSTREAM`).
    ///
    /// # Errors
    /// [`ClamdError`], if it is not there, late, breaks off or says something else.
    pub async fn scan(&self, bytes: &[u8]) -> Result<Scanned, ClamdError> {
        if bytes.len() > self.limits.bytes {
            return Ok(Scanned::TooLong);
        }
        scanned(&self.call(b"zINSTREAM\0", Some(bytes)).await?)
    }

    /// Its version and that of its signatures, as it says them: `ClamAV 1.0.7/27400/Tue Sep 17 08:29:35 2026`.
    ///
    /// # Errors
    /// [`ClamdError`].
    pub async fn version(&self) -> Result<String, ClamdError> {
        let answer = self.call(b"zVERSION\0", None).await?;
        if answer.starts_with("ClamAV ") { Ok(answer) } else { Err(ClamdError::Odd(answer)) }
    }

    /// Whether it is there (`PING`).
    ///
    /// # Errors
    /// [`ClamdError`].
    pub async fn ping(&self) -> Result<(), ClamdError> {
        let answer = self.call(b"zPING\0", None).await?;
        if answer == "PONG" { Ok(()) } else { Err(ClamdError::Odd(answer)) }
    }

    async fn call(&self, command: &[u8], bytes: Option<&[u8]>) -> Result<String, ClamdError> {
        let deadline = self.limits.deadline;
        let unreachable = |source| ClamdError::Unreachable { socket: self.socket.clone(), source };
        let call = async {
            // Never closed, so there is always one to wait for.
            let _turn = self.calls.acquire().await.map_err(|_| ClamdError::Late(deadline))?;
            match &self.socket {
                Socket::Unix(path) => {
                    converse(UnixStream::connect(path).await.map_err(unreachable)?, command, bytes).await
                }
                Socket::Tcp(address) => {
                    converse(TcpStream::connect(address).await.map_err(unreachable)?, command, bytes).await
                }
            }
        };
        timeout(deadline, call).await.map_err(|_| ClamdError::Late(deadline))?
    }
}

/// One command and its answer.
async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    command: &[u8],
    bytes: Option<&[u8]>,
) -> Result<String, ClamdError> {
    let sent = send(&mut stream, command, bytes).await;
    let mut answer = Vec::new();
    // It answers and closes while bytes are still sent that are too many.
    let read = (&mut stream).take(ANSWER).read_to_end(&mut answer).await;
    if answer.is_empty() {
        sent?;
        read?;
    }
    let answer = answer.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(plain(answer))
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), command: &[u8], bytes: Option<&[u8]>) -> io::Result<()> {
    stream.write_all(command).await?;
    if let Some(bytes) = bytes {
        for chunk in bytes.chunks(CHUNK) {
            let length = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
            stream.write_all(&length.to_be_bytes()).await?;
            stream.write_all(chunk).await?;
        }
        stream.write_all(&[0; 4]).await?;
    }
    stream.flush().await
}

/// What an answer to `INSTREAM` says (clamd(8)).
fn scanned(answer: &str) -> Result<Scanned, ClamdError> {
    if answer.starts_with("INSTREAM size limit exceeded") {
        return Ok(Scanned::TooLong);
    }
    let says = answer.strip_prefix("stream: ").unwrap_or(answer);
    match says.strip_suffix(" FOUND") {
        Some(name) if !name.is_empty() => {
            Ok(Scanned::Found(name.get(..name.floor_char_boundary(NAME)).unwrap_or_default().to_owned()))
        }
        None if says == "OK" => Ok(Scanned::Nothing),
        _ => Err(ClamdError::Odd(answer.to_owned())),
    }
}

/// Printable ASCII, and a question mark for all else: it comes from outside and goes into logs and pages.
fn plain(answer: &[u8]) -> String {
    let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '?' };
    answer.trim_ascii().iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        assert_eq!(scanned("stream: OK").unwrap(), Scanned::Nothing);
        assert_eq!(scanned("stream: Eicar-Test FOUND").unwrap(), Scanned::Found("Eicar-Test".into()));
        assert_eq!(scanned("INSTREAM size limit exceeded. ERROR").unwrap(), Scanned::TooLong);
        for odd in ["", "stream:  FOUND", "UNKNOWN COMMAND", "stream: x ERROR", "OK not"] {
            assert!(scanned(odd).is_err(), "{odd}");
        }
        assert_eq!(plain(b" a\x1b[1m\xff\n"), "a?[1m?");
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_read(answer in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let text = plain(&answer);
            proptest::prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
            if let Ok(Scanned::Found(name)) = scanned(&text) {
                proptest::prop_assert!(name.len() <= NAME);
            }
        }
    }
}
