use std::{
    convert::Infallible,
    future::poll_fn,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Limits,
    peer::{Addresses, Place},
    reply,
};

/// What answers the requests of a listener.
pub trait Service: Send + Sync + 'static {
    /// The answer to `request`, which came from `peer`. A panic is answered with an empty 500.
    fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// What a listener has seen since it started.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections taken.
    pub connections: AtomicU64,
    /// Connections refused because their address had too many.
    pub refused: AtomicU64,
    /// Connections that the operating system could not hand over (out of files, most likely).
    pub accept_errors: AtomicU64,
    /// Connections that ended in an error: bad requests, slow clients, resets.
    pub broken: AtomicU64,
    /// Connections cut because an answer did not get through within the drain time.
    pub cut: AtomicU64,
    /// Requests answered.
    pub requests: AtomicU64,
    /// Requests that met a panic.
    pub panics: AtomicU64,
}

impl Counters {
    /// Name and value of every counter.
    pub fn read(&self) -> [(&'static str, u64); 7] {
        [
            ("connections", &self.connections),
            ("refused", &self.refused),
            ("accept_errors", &self.accept_errors),
            ("broken", &self.broken),
            ("cut", &self.cut),
            ("requests", &self.requests),
            ("panics", &self.panics),
        ]
        .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
    }
}

/// Answers on `listener` until `shutdown` comes, then takes no more connections, closes the idle ones, lets answers
/// under way finish within `limits.drain`, and cuts what is left.
pub async fn serve<S: Service>(
    listener: TcpListener,
    service: Arc<S>,
    limits: Limits,
    counters: Arc<Counters>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let (closing, told) = watch::channel(());
    let shared = Arc::new(Shared { service, limits, counters, addresses: Arc::default() });
    let permits = Arc::new(Semaphore::new(shared.limits.connections));
    let mut conversations = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = conversations.join_next(), if !conversations.is_empty() => {}
            Some((stream, peer, permit)) = accept(&listener, &permits, &shared.counters) => {
                shared.welcome(stream, peer, permit, &told, &mut conversations);
            }
        }
    }
    drop((listener, closing));
    let finish = async { while conversations.join_next().await.is_some() {} };
    if timeout(shared.limits.drain, finish).await.is_err() {
        shared.counters.cut.fetch_add(conversations.len() as u64, Ordering::Relaxed);
        conversations.shutdown().await;
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    counters: &Counters,
) -> Option<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer.ip(), permit)),
        Err(error) => {
            counters.accept_errors.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(%error, "a connection could not be taken");
            // Out of files: the connection stays in the queue, and asking again at once would spin.
            sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// What all connections of a listener share.
struct Shared<S> {
    service: Arc<S>,
    limits: Limits,
    counters: Arc<Counters>,
    addresses: Arc<Addresses>,
}

impl<S: Service> Shared<S> {
    fn welcome(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
        permit: OwnedSemaphorePermit,
        told: &watch::Receiver<()>,
        conversations: &mut JoinSet<()>,
    ) {
        let trusted = self.limits.trusted_proxies.contains(&peer.to_canonical());
        let most = if trusted { usize::MAX } else { self.limits.per_address };
        let Some(place) = self.addresses.take(peer, most) else {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
            conversations.spawn(turn_away(stream, permit));
            return;
        };
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        conversations.spawn(self.clone().converse(stream, peer, told.clone(), (permit, place)));
    }

    async fn converse(
        self: Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
        mut told: watch::Receiver<()>,
        _held: (OwnedSemaphorePermit, Place),
    ) {
        // An answer is one small write; waiting to fill a segment would only delay it.
        let _ = stream.set_nodelay(true);
        let answer = service_fn(|request| async { Ok::<_, Infallible>(self.answer(request, peer).await) });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.limits.head_timeout)
                .max_headers(self.limits.headers)
                .max_buf_size(self.limits.head_bytes)
                // Without it a head may be twice the buffer: what one read brings is parsed before it is measured.
                .max_header_size(self.limits.head_bytes)
                .serve_connection(TokioIo::new(stream), answer)
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = told.changed() => {
                connection.as_mut().graceful_shutdown();
                // Whoever said so waits and cuts.
                connection.await
            }
            () = sleep(self.limits.connection_age) => {
                connection.as_mut().graceful_shutdown();
                match timeout(self.limits.drain, connection).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        self.counters.cut.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                }
            }
        };
        if ended.is_err() {
            self.counters.broken.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Full<Bytes>> {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let answer = catch_unwind(AssertUnwindSafe(|| self.service.answer(request, peer)));
        let Ok(answer) = answer else { return self.panicked() };
        let mut answer = pin!(answer);
        poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(self.panicked()),
        })
        .await
    }

    fn panicked(&self) -> Response<Full<Bytes>> {
        self.counters.panics.fetch_add(1, Ordering::Relaxed);
        tracing::error!("a request met a panic and was answered with 500");
        reply::broken()
    }
}

/// Says that there are too many connections, if the client listens.
async fn turn_away(stream: TcpStream, _permit: OwnedSemaphorePermit) {
    const BUSY: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    if timeout(Duration::from_secs(1), stream.writable()).await.is_ok() {
        let _ = stream.try_write(BUSY);
    }
}
