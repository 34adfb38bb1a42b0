use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::{
    body::{Body, Incoming},
    server::conn::{http1, http2},
    service::{HttpService, service_fn},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    Counters, Limits, Service, Tls,
    counters::one_more,
    peer::{Addresses, Place},
    proxy,
    replay::Replay,
    reply, shortcut,
};

/// Streams that one HTTP/2 connection may have at one time.
const STREAMS: u32 = 100;
/// What a client may send of bodies before it is asked for more: a form is far smaller, nothing else has a body.
const STREAM_WINDOW: u32 = 16 * 1024;
/// The smallest window that a connection can have (RFC 9113 section 6.9.2).
const CONNECTION_WINDOW: u32 = 65_535;
/// Answers that wait to be sent, in bytes for each stream.
const SEND_BUFFER: usize = 64 * 1024;
/// Streams that a client reset before they were looked at, and that our side had to reset for its mistakes: more end
/// the connection (CVE-2023-44487, CVE-2025-8671).
const RESETS: usize = 20;
const LOCAL_RESETS: usize = 50;
/// How often an HTTP/2 client is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// How long a connection that was just made may take to bring its first request when the door closes.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// Header lines that hyper lets through unasked, with room for them on the stack; asked for any number it makes that room
/// for each request and copies it twice. HTTP/2 counts bytes alone.
const UNASKED: usize = 100;

/// What a client that begins with HTTP/2 says first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What every conversation of a door needs.
pub(super) struct Talk<S> {
    pub(super) service: Arc<S>,
    pub(super) limits: Limits,
    pub(super) counters: Arc<Counters>,
    pub(super) addresses: Arc<Addresses>,
    pub(super) tls: Option<Arc<Tls>>,
}

/// How a connection is spoken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

/// What is known of a connection before its first request.
struct Introduced {
    client: IpAddr,
    /// What was read beyond the introduction.
    ahead: Bytes,
    /// Held for the client that a load balancer introduced.
    _place: Option<Place>,
}

/// What became of the requests of one connection.
#[derive(Default)]
pub(super) struct Pulse {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Pulse {
    /// Counts a request that began and ended in one go.
    pub(super) fn count_one(&self) {
        one_more(&self.begun);
        one_more(&self.ended);
    }
}

/// Speaks HTTP over one connection until it ends, is idle for too long or too old, or the door closes (`told`).
pub(super) async fn hold<S: Service>(
    talk: Arc<Talk<S>>,
    mut stream: TcpStream,
    peer: IpAddr,
    told: watch::Receiver<()>,
) {
    // An answer is one small write; waiting to fill a segment would only delay it.
    let _ = stream.set_nodelay(true);
    let Some(introduced) = talk.introduced(&mut stream, peer).await else { return };
    let (client, ahead) = (introduced.client, introduced.ahead.clone());
    let age = Instant::now() + talk.limits.connection_age;
    let Some(tls) = &talk.tls else {
        let trusted = talk.limits.trusted_proxies.contains(peer) || talk.limits.proxy_protocol.contains(peer);
        let preface =
            async { if trusted { preface(&mut stream, ahead).await } else { Some((Protocol::Http1, ahead)) } };
        let Ok(Some((protocol, ahead))) = timeout(talk.limits.head_timeout, preface).await else {
            return one_more(&talk.counters.broken);
        };
        return speak(talk, stream, ahead, protocol, client, age, told).await;
    };
    let handshake = Box::pin(tls.acceptor().accept(Replay::new(ahead, stream)));
    let Ok(Ok(stream)) = timeout(talk.limits.head_timeout, handshake).await else {
        return one_more(&talk.counters.handshakes_failed);
    };
    let protocol = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    Box::pin(speak(Arc::clone(&talk), stream, Bytes::new(), protocol, client, age, told)).await;
}

/// Answers the requests that come over `stream`, of which `ahead` was read already, until `age`.
async fn speak<S: Service, T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    talk: Arc<Talk<S>>,
    mut stream: T,
    mut ahead: Bytes,
    protocol: Protocol,
    client: IpAddr,
    age: Instant,
    told: watch::Receiver<()>,
) {
    let pulse = Arc::new(Pulse::default());
    if S::AT_ONCE && protocol == Protocol::Http1 && !talk.limits.trusted_proxies.contains(client.to_canonical()) {
        match shortcut::take(&talk, &mut stream, &ahead, client, age, &pulse, &told).await {
            shortcut::Left::Over(ended) => return talk.count(&ended),
            shortcut::Left::Longer(read) => ahead = read,
        }
    }
    // What follows is large, and most connections never come so far.
    Box::pin(speak_at_length(talk, Replay::new(ahead, stream), protocol, client, age, pulse, told)).await;
}

/// As [`speak`], for every request there is.
async fn speak_at_length<S: Service, T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    talk: Arc<Talk<S>>,
    stream: T,
    protocol: Protocol,
    client: IpAddr,
    age: Instant,
    pulse: Arc<Pulse>,
    told: watch::Receiver<()>,
) {
    let stream = TokioIo::new(stream);
    let ended = match protocol {
        Protocol::Http1 => {
            let answer = service_fn(|request| async { Ok(talk.answer(request, client, &pulse).await) });
            let connection = talk.http1().serve_connection(stream, answer);
            converse(pin!(connection), &talk, &pulse, age, told).await
        }
        Protocol::Http2 => {
            let (talking, beating) = (Arc::clone(&talk), Arc::clone(&pulse));
            let answer = service_fn(move |request| {
                let (talk, pulse) = (Arc::clone(&talking), Arc::clone(&beating));
                async move { Ok(talk.answer(request, client, &pulse).await) }
            });
            let connection = talk.http2().serve_connection(stream, answer);
            converse(pin!(connection), &talk, &pulse, age, told).await
        }
    };
    talk.count(&ended);
}

/// How a conversation came to its end.
pub(super) enum Ended {
    Well,
    Badly,
    Cut,
}

impl From<hyper::Result<()>> for Ended {
    fn from(ended: hyper::Result<()>) -> Self {
        if ended.is_ok() { Self::Well } else { Self::Badly }
    }
}

/// A connection that can be asked to take no further request.
trait Closing: Future<Output = hyper::Result<()>> {
    /// HTTP/1 says by itself how long the next request may take.
    const WATCHES_IDLENESS: bool;

    fn close(self: Pin<&mut Self>);
}

impl<T, A> Closing for http1::Connection<TokioIo<T>, A>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    A: HttpService<Incoming, ResBody = Full<Bytes>, Error = Infallible>,
{
    const WATCHES_IDLENESS: bool = true;

    fn close(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<T, A> Closing for http2::Connection<TokioIo<T>, A, TokioExecutor>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    A: HttpService<Incoming, ResBody = Full<Bytes>, Error = Infallible>,
    A::Future: Send + 'static,
{
    const WATCHES_IDLENESS: bool = false;

    fn close(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

async fn converse<S: Service, C: Closing>(
    mut connection: Pin<&mut C>,
    talk: &Talk<S>,
    pulse: &Pulse,
    age: Instant,
    mut told: watch::Receiver<()>,
) -> Ended {
    let limits = &talk.limits;
    let mut age = pin!(sleep_until(age));
    let mut look = pin!(sleep(limits.head_timeout));
    let mut seen = 0;
    loop {
        tokio::select! {
            ended = connection.as_mut() => return ended.into(),
            _ = told.changed() => {
                if let Some(ended) = first_request(connection.as_mut(), pulse).await {
                    return ended;
                }
                connection.as_mut().close();
                // Whoever said so waits and cuts.
                return connection.await.into();
            }
            () = &mut age => break,
            () = &mut look, if !C::WATCHES_IDLENESS => {
                let begun = pulse.begun.load(Ordering::Relaxed);
                if begun == seen && begun == pulse.ended.load(Ordering::Relaxed) {
                    break;
                }
                seen = begun;
                look.as_mut().reset(Instant::now() + limits.head_timeout);
            }
        }
    }
    connection.as_mut().close();
    match timeout(limits.drain, connection).await {
        Ok(ended) => ended.into(),
        Err(_) => Ended::Cut,
    }
}

/// Gives a connection that has brought no request yet a moment to do so: to close it unheard would fail a click that is
/// on its way. Its end, if it ends meanwhile.
async fn first_request<C: Closing>(mut connection: Pin<&mut C>, pulse: &Pulse) -> Option<Ended> {
    let begun = poll_fn(|cx| match connection.as_mut().poll(cx) {
        Poll::Ready(ended) => Poll::Ready(Some(ended.into())),
        Poll::Pending if pulse.begun.load(Ordering::Relaxed) > 0 => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    timeout(FIRST_REQUEST, begun).await.unwrap_or(None)
}

impl<S: Service> Talk<S> {
    /// Who comes; `None` where a load balancer has to say so and does not.
    async fn introduced(&self, stream: &mut TcpStream, peer: IpAddr) -> Option<Introduced> {
        if !self.limits.proxy_protocol.contains(peer) {
            return Some(Introduced { client: peer, ahead: Bytes::new(), _place: None });
        }
        let introduction = timeout(self.limits.head_timeout, proxy::introduction(stream)).await;
        let introduction = match introduction.unwrap_or(Err(proxy::Unintroduced::TooSlow)) {
            Ok(introduction) => introduction,
            Err(error) => {
                one_more(&self.counters.unintroduced);
                tracing::warn!(%peer, "a connection was closed: {error}");
                return None;
            }
        };
        let Some(client) = introduction.client else {
            return Some(Introduced { client: peer, ahead: introduction.ahead, _place: None });
        };
        let place = self.place(client);
        if place.is_none() {
            one_more(&self.counters.refused);
            return None;
        }
        Some(Introduced { client, ahead: introduction.ahead, _place: place })
    }

    /// A place for a connection from `address`, which is given back when it is dropped.
    pub(super) fn place(&self, address: IpAddr) -> Option<Place> {
        let limits = &self.limits;
        let trusted = limits.trusted_proxies.contains(address) || limits.proxy_protocol.contains(address);
        self.addresses.take(address, if trusted { usize::MAX } else { limits.per_address })
    }

    fn http1(&self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            // A client may have nothing more to say and still wait for its answer (RFC 9112 section 9.6).
            .half_close(true)
            // An answer is one small buffer, or is made one.
            .writev(false)
            .header_read_timeout(self.limits.head_timeout)
            .max_buf_size(self.limits.head_bytes)
            // Without it a head may be twice the buffer: what one read brings is parsed before it is measured.
            .max_header_size(self.limits.head_bytes);
        if self.limits.headers > UNASKED {
            builder.max_headers(self.limits.headers);
        }
        builder
    }

    fn http2(&self) -> http2::Builder<TokioExecutor> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(self.limits.head_timeout)
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(self.limits.head_bytes).unwrap_or(u32::MAX))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .max_pending_accept_reset_streams(RESETS)
            .max_local_error_reset_streams(LOCAL_RESETS);
        builder
    }

    async fn answer(&self, request: Request<Incoming>, peer: IpAddr, pulse: &Pulse) -> Response<Full<Bytes>> {
        one_more(&self.counters.requests);
        one_more(&pulse.begun);
        let _ended = Ending(&pulse.ended);
        if request.headers().len() > self.limits.headers {
            let mut reply = reply::empty(http::StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
            reply::last(&mut reply);
            return reply;
        }
        // Beside a length it is a trap for one of two servers, and hyper does not tell: whatever comes behind the body is
        // not read (RFC 9112 section 6.1). Browsers send forms with their length.
        let unsure = !request.body().is_end_stream() && request.headers().contains_key(header::TRANSFER_ENCODING);
        let answer = catch_unwind(AssertUnwindSafe(|| self.service.answer(request, peer)));
        let Ok(answer) = answer else { return self.panicked() };
        let mut answer = pin!(answer);
        let mut reply = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(self.panicked()),
        })
        .await;
        if unsure {
            reply::last(&mut reply);
        }
        reply
    }

    fn count(&self, ended: &Ended) {
        match ended {
            Ended::Well => {}
            Ended::Badly => one_more(&self.counters.broken),
            Ended::Cut => one_more(&self.counters.cut),
        }
    }

    pub(super) fn panicked(&self) -> Response<Full<Bytes>> {
        one_more(&self.counters.panics);
        tracing::error!("a request met a panic and was answered with 500");
        reply::broken()
    }
}

/// Counts a request as ended, also when it is dropped because its client went away.
struct Ending<'a>(&'a AtomicU64);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        one_more(self.0);
    }
}

/// Reads until it is clear whether the client begins with HTTP/2; what was read comes along. `None` if it ends first.
async fn preface(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), ahead: Bytes) -> Option<(Protocol, Bytes)> {
    let mut read = BytesMut::from(ahead);
    loop {
        let compared = read.len().min(PREFACE.len());
        if read.get(..compared) != PREFACE.get(..compared) {
            return Some((Protocol::Http1, read.freeze()));
        }
        if compared == PREFACE.len() {
            return Some((Protocol::Http2, read.freeze()));
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}
