use std::{
    convert::Infallible,
    future::poll_fn,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};

use super::{Counters, Limits, Service, counters::one_more, reply};

/// What every conversation of a door needs.
pub(super) struct Talk<S> {
    pub(super) service: Arc<S>,
    pub(super) limits: Limits,
    pub(super) counters: Arc<Counters>,
}

/// Speaks HTTP over one connection until it ends, is too old, or the door closes (`told`).
pub(super) async fn hold<S: Service>(
    talk: Arc<Talk<S>>,
    stream: TcpStream,
    peer: IpAddr,
    mut told: watch::Receiver<()>,
) {
    // An answer is one small write; waiting to fill a segment would only delay it.
    let _ = stream.set_nodelay(true);
    let limits = &talk.limits;
    let answer = service_fn(|request| async { Ok::<_, Infallible>(talk.answer(request, peer).await) });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout)
            .max_headers(limits.headers)
            .max_buf_size(limits.head_bytes)
            // Without it a head may be twice the buffer: what one read brings is parsed before it is measured.
            .max_header_size(limits.head_bytes)
            .serve_connection(TokioIo::new(stream), answer)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = told.changed() => {
            connection.as_mut().graceful_shutdown();
            // Whoever said so waits and cuts.
            connection.await
        }
        () = sleep(limits.connection_age) => {
            connection.as_mut().graceful_shutdown();
            match timeout(limits.drain, connection).await {
                Ok(ended) => ended,
                Err(_) => return one_more(&talk.counters.cut),
            }
        }
    };
    if ended.is_err() {
        one_more(&talk.counters.broken);
    }
}

impl<S: Service> Talk<S> {
    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Full<Bytes>> {
        one_more(&self.counters.requests);
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
        one_more(&self.counters.panics);
        tracing::error!("a request met a panic and was answered with 500");
        reply::broken()
    }
}
