use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};

use super::{
    Busy, Dialer, Forbidden, NoAddress,
    dial::Line,
    inflate::{Full, Inflater},
    wire::{Allowance, Wire},
};
use crate::url::WebUrl;

/// Longest header value that is kept, in characters: longer ones lead nowhere that a browser would go.
const VALUE_MAX: usize = 16 << 10;
/// What may come beside the body: chunk sizes, trailers.
const FRAMING: usize = 64 << 10;

/// What stood at a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// `Location`, as it stood there.
    pub location: Option<String>,
    /// `Refresh`, as it stood there.
    pub refresh: Option<String>,
    /// `Content-Type`, as it stood there.
    pub content_type: Option<String>,
    /// `Content-Disposition`, as it stood there.
    pub disposition: Option<String>,
    /// The body, compression undone; of a redirect nothing.
    pub bytes: Vec<u8>,
    /// Why there is more than these bytes, or may be.
    pub cut: Option<Cut>,
    /// What is wrong with the certificate.
    pub certificate: Option<String>,
    /// Who answered.
    pub peer: SocketAddr,
}

impl Page {
    /// Whether a browser goes on to [`Page::location`] and shows nothing of this (RFC 9110 section 15.4).
    pub fn redirects(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308) && self.location.is_some()
    }
}

/// Why not all of a body was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It is longer than is looked at.
    Long,
    /// It came too slowly.
    Slow,
    /// It broke off.
    Broken,
    /// It grows like a bomb when it is unpacked.
    Bomb,
    /// It is not packed as it says.
    Mispacked,
}

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Long => "it is longer than is looked at",
            Self::Slow => "it came too slowly",
            Self::Broken => "it broke off",
            Self::Bomb => "it grows like a bomb when it is unpacked",
            Self::Mispacked => "it is not packed as it says",
        })
    }
}

/// Why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFetched {
    /// Its address may not be dialled.
    #[error("{0}")]
    Forbidden(Forbidden),
    /// Of its addresses some may be dialled and some not.
    #[error("its name leads to the internet and elsewhere: {0}")]
    Mixed(Forbidden),
    /// It leads back to us.
    #[error("it leads back to our own links")]
    Own,
    /// The name is none of the internet's.
    #[error("its name is none of the internet's")]
    NotPublic,
    /// The port is not dialled.
    #[error("port {0} is not visited")]
    Port(u16),
    /// The name has no address.
    #[error(transparent)]
    NoAddress(#[from] NoAddress),
    /// Nobody answers there.
    #[error("no connection: {0}")]
    NoConnection(io::ErrorKind),
    /// TLS could not be agreed on.
    #[error("no TLS: {0}")]
    NoTls(String),
    /// A phase took too long.
    #[error("{0} took too long")]
    TooSlow(Phase),
    /// The answer is no HTTP, or more of it than is taken.
    #[error("its answer is not understood: {0}")]
    Nonsense(String),
    /// The body is packed in a way that was not asked for.
    #[error("its answer is packed as {0:?}, which was not asked for")]
    Coding(String),
    /// Others come first.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// The phases of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Finding the address.
    Resolve,
    /// Connecting.
    Connect,
    /// Agreeing on TLS.
    Handshake,
    /// Waiting for the head of the answer.
    Head,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Resolve => "finding its address",
            Self::Connect => "connecting",
            Self::Handshake => "agreeing on TLS",
            Self::Head => "its answer",
        })
    }
}

/// How fetching goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Answers that came.
    pub fetched: u64,
    /// Fetches that were refused before anything was sent: address, name, port.
    pub refused: u64,
    /// Fetches that were put off because of a cap.
    pub put_off: u64,
    /// Fetches that failed.
    pub failed: u64,
    /// Bytes of bodies that came.
    pub bytes: u64,
    /// Fetches under way.
    pub under_way: usize,
}

#[derive(Default)]
pub(super) struct Counts {
    fetched: AtomicU64,
    refused: AtomicU64,
    put_off: AtomicU64,
    failed: AtomicU64,
    bytes: AtomicU64,
}

impl Dialer {
    /// Fetches `url`, once, following nothing.
    pub async fn get(&self, url: &WebUrl) -> Result<Page, NotFetched> {
        let page = Box::pin(self.fetch(url)).await;
        let counter = match &page {
            Ok(page) => {
                self.counts.bytes.fetch_add(page.bytes.len() as u64, Ordering::Relaxed);
                &self.counts.fetched
            }
            Err(NotFetched::Forbidden(_) | NotFetched::Mixed(_) | NotFetched::Own | NotFetched::NotPublic) => {
                &self.counts.refused
            }
            Err(NotFetched::Port(_)) => &self.counts.refused,
            Err(NotFetched::Busy(_)) => &self.counts.put_off,
            Err(_) => &self.counts.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        page
    }

    /// How fetching goes.
    pub fn stats(&self) -> Stats {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            fetched: of(&self.counts.fetched),
            refused: of(&self.counts.refused),
            put_off: of(&self.counts.put_off),
            failed: of(&self.counts.failed),
            bytes: of(&self.counts.bytes),
            under_way: self.budget.under_way(),
        }
    }

    async fn fetch(&self, url: &WebUrl) -> Result<Page, NotFetched> {
        let request = self.request(url)?;
        let _leave = self.budget.leave()?;
        let Line { stream, peer, _visits } = self.line(url).await?;
        if !url.is_https() {
            return self.talk(stream, request, peer, None).await;
        }
        let name = server_name(url).ok_or_else(|| NotFetched::NoTls("its name is none for TLS".to_owned()))?;
        let agreed = timeout(self.means.limits.handshake, self.secure.agree(stream, name.clone())).await;
        let stream = agreed.map_err(|_| NotFetched::TooSlow(Phase::Handshake))?;
        let stream = stream.map_err(|error| NotFetched::NoTls(shown(&error.to_string())))?;
        let millis = u64::try_from(self.means.clock.now().millis()).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(Duration::from_millis(millis));
        let fault = self.secure.fault(&stream, &name, now);
        self.talk(stream, request, peer, fault).await
    }

    fn request(&self, url: &WebUrl) -> Result<Request<Empty<Bytes>>, NotFetched> {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Request::get(url.path_and_query())
            .header(header::HOST, format!("{}{port}", url.host_str()))
            .header(header::USER_AGENT, &self.means.agent)
            .header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
            .header(header::ACCEPT_ENCODING, "gzip, deflate")
            .header(header::CONNECTION, "close")
            .body(Empty::new())
            .map_err(|error| NotFetched::Nonsense(error.to_string()))
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        request: Request<Empty<Bytes>>,
        peer: SocketAddr,
        certificate: Option<String>,
    ) -> Result<Page, NotFetched> {
        let limits = &self.means.limits;
        let allowance = Allowance::of(limits.head_bytes.saturating_add(8 << 10));
        let io = TokioIo::new(Wire::new(stream, &allowance));
        let mut builder = http1::Builder::new();
        builder
            .max_headers(limits.headers)
            .max_header_size(limits.head_bytes)
            .max_buf_size(limits.head_bytes.max(8 << 10));
        let head = async {
            let (mut sender, connection) = builder.handshake(io).await?;
            // Ends with its handle, and so with the fetch.
            let carrier = Carrier(tokio::spawn(async move {
                let _ = connection.await;
            }));
            Ok::<_, hyper::Error>((sender.send_request(request).await?, carrier))
        };
        let head = timeout(limits.head, head).await.map_err(|_| NotFetched::TooSlow(Phase::Head))?;
        let (response, _carrier) = head.map_err(|error| NotFetched::Nonsense(told(&error)))?;
        allowance.renew(limits.wire_bytes.saturating_add(FRAMING));
        let mut page = page(&response, peer, certificate);
        if !page.redirects() {
            (page.bytes, page.cut) = self.body(response).await?;
        }
        Ok(page)
    }

    /// The body, as far as it comes in time and fits.
    async fn body(&self, response: Response<Incoming>) -> Result<(Vec<u8>, Option<Cut>), NotFetched> {
        let limits = &self.means.limits;
        let encoding = codings(response.headers());
        let inflater = Inflater::new(encoding.as_deref(), limits.body_bytes, limits.ratio);
        let mut inflater = inflater.map_err(|other| NotFetched::Coding(shown(&other.0)))?;
        let deadline = Instant::now() + limits.body;
        let (mut body, mut came) = (response.into_body(), 0);
        let cut = loop {
            let until = deadline.min(Instant::now() + limits.pause);
            let piece = match timeout_at(until, body.frame()).await {
                Err(_) => break Some(Cut::Slow),
                Ok(None) => break None,
                Ok(Some(Err(_))) => break Some(Cut::Broken),
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            };
            came += piece.len();
            match inflater.take(&piece) {
                Ok(()) if came > limits.wire_bytes => break Some(Cut::Long),
                Ok(()) => {}
                Err(Full::Cap) => break Some(Cut::Long),
                Err(Full::Bomb) => break Some(Cut::Bomb),
                Err(Full::Broken) => break Some(Cut::Mispacked),
            }
        };
        let (bytes, is_whole) = inflater.end();
        Ok((bytes, cut.or((!is_whole).then_some(Cut::Broken))))
    }
}

/// What carries a connection; stopped when nobody listens any more.
struct Carrier(JoinHandle<()>);

impl Drop for Carrier {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn page(response: &Response<Incoming>, peer: SocketAddr, certificate: Option<String>) -> Page {
    let headers = response.headers();
    let value = |name: HeaderName| headers.get(name).map(text).filter(|value| value.len() <= VALUE_MAX);
    Page {
        status: response.status().as_u16(),
        location: value(header::LOCATION),
        refresh: value(header::REFRESH),
        content_type: value(header::CONTENT_TYPE),
        disposition: value(header::CONTENT_DISPOSITION),
        bytes: Vec::new(),
        cut: None,
        certificate,
        peer,
    }
}

/// Every coding that the headers name, however many lines they stand on.
fn codings(headers: &HeaderMap) -> Option<String> {
    let all: Vec<String> = headers.get_all(header::CONTENT_ENCODING).iter().map(text).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// A header's bytes as browsers read them: UTF-8, or else each byte a character.
fn text(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

fn server_name(url: &WebUrl) -> Option<ServerName<'static>> {
    if let Some(address) = url.address() {
        return Some(ServerName::from(address));
    }
    let host = url.host_str();
    ServerName::try_from(host.strip_suffix('.').unwrap_or(host).to_owned()).ok()
}

/// What went wrong, with what lies under it and without what a stranger wrote.
fn told(error: &hyper::Error) -> String {
    use std::error::Error as _;
    let under = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    shown(&format!("{error}{under}"))
}

fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
