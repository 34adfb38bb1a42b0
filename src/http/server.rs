use std::{
    future::Future,
    net::{IpAddr, TcpListener as StdListener, TcpStream as StdStream},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Counters, Limits, PlainHead, Tls,
    bind::{Held, deafen},
    conversation::{self, Talk},
    counters::one_more,
    lateness::Lateness,
    room::{Room, Seat},
};

/// Refused connections that are told so at one time; further ones are closed without a word.
const LEAVING: usize = 1024;
/// How long a refused client may take to ask and to hear that it is refused.
const LEAVE: Duration = Duration::from_secs(2);
/// How long clients that had begun to connect may take to get through while a listener closes: a long round trip.
const LAST_CALL: Duration = Duration::from_millis(300);

/// What answers the requests of a listener.
pub trait Service: Send + Sync + 'static {
    /// Whether [`Service::at_once`] ever answers.
    const AT_ONCE: bool = false;

    /// The answer to a plain request from `client`, where nothing has to be waited for and no front end speaks for
    /// others. `None`: [`Service::answer`] is to be asked, and nothing was done yet. A panic is answered with an empty
    /// 500.
    fn at_once(&self, _head: &PlainHead<'_>, _client: IpAddr) -> Option<AtOnce> {
        None
    }

    /// The answer to `request`, which came from `peer`. A panic is answered with an empty 500.
    fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// An answer that was there at once.
pub enum AtOnce {
    /// On to this URL, as serialised.
    Redirect(String),
    /// Anything else.
    Reply(Response<Full<Bytes>>),
}

/// What all workers of an address share: who answers, what is put up with, and who is there already.
pub struct Door<S> {
    talk: Arc<Talk<S>>,
    room: Arc<Room>,
    leaving: Arc<Room>,
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
    Door::new(service, limits, counters, None).open(listener, Held::InCommon, shutdown).await;
}

/// The same, with TLS where there is one.
pub async fn serve_under<S: Service>(
    tls: Option<Arc<Tls>>,
    listener: TcpListener,
    service: Arc<S>,
    limits: Limits,
    counters: Arc<Counters>,
    shutdown: impl Future<Output = ()> + Send,
) {
    Door::new(service, limits, counters, tls).open(listener, Held::InCommon, shutdown).await;
}

impl<S: Service> Door<S> {
    /// A door behind which `service` answers, under `tls` where there is one.
    pub fn new(service: Arc<S>, limits: Limits, counters: Arc<Counters>, tls: Option<Arc<Tls>>) -> Arc<Self> {
        Arc::new(Self {
            room: Room::new(limits.connections),
            leaving: Room::new(LEAVING),
            talk: Arc::new(Talk { service, limits, counters, tls, addresses: Arc::default() }),
        })
    }

    /// As [`serve`], for one listener of several.
    pub(super) async fn open(
        self: Arc<Self>,
        listener: TcpListener,
        held: Held,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        let (closing, told) = watch::channel(());
        let mut conversations = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        let mut lateness = Lateness::new();
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = lateness.look() => {}
                Some(_) = conversations.join_next(), if !conversations.is_empty() => {}
                Some((stream, peer)) = self.accept(&listener) => {
                    if lateness.is_too_much(conversations.len()) {
                        one_more(&self.talk.counters.shed);
                        self.turn_away(stream, &mut conversations);
                    } else {
                        self.welcome(stream, peer, &told, &mut conversations);
                    }
                }
            }
        }
        if held == Held::Alone {
            self.take_the_last(listener, &told, &mut conversations).await;
        } else {
            drop(listener);
        }
        drop(closing);
        let finish = async { while conversations.join_next().await.is_some() {} };
        if timeout(self.talk.limits.drain, finish).await.is_err() {
            self.talk.counters.cut.fetch_add(conversations.len() as u64, std::sync::atomic::Ordering::Relaxed);
            conversations.shutdown().await;
        }
    }

    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, IpAddr)> {
        match listener.accept().await {
            Ok((stream, peer)) => Some((stream, peer.ip())),
            Err(error) => {
                one_more(&self.talk.counters.accept_errors);
                tracing::warn!(%error, "a connection could not be taken");
                // Out of files: the connection stays in the queue, and asking again at once would spin.
                sleep(Duration::from_millis(50)).await;
                None
            }
        }
    }

    /// Closes a listener without resetting those who are connected to it and not taken yet.
    async fn take_the_last(&self, listener: TcpListener, told: &watch::Receiver<()>, conversations: &mut JoinSet<()>) {
        let Ok(listener) = listener.into_std() else { return };
        deafen(&listener);
        for wait in [LAST_CALL.min(self.talk.limits.drain), Duration::ZERO] {
            while let Ok((stream, peer)) = accepted(&listener) {
                self.welcome(stream, peer, told, conversations);
            }
            sleep(wait).await;
        }
    }

    /// Takes a connection if there is room. Nobody waits for room: whoever gets no answer soon asks again, and a queue
    /// of those who ask twice is what keeps a busy server busy.
    fn welcome(&self, stream: TcpStream, peer: IpAddr, told: &watch::Receiver<()>, conversations: &mut JoinSet<()>) {
        let counters = &self.talk.counters;
        let Some(seat) = self.room.take() else {
            one_more(&counters.shed);
            return self.turn_away(stream, conversations);
        };
        let Some(place) = self.talk.place(peer) else {
            one_more(&counters.refused);
            return self.turn_away(stream, conversations);
        };
        one_more(&counters.connections);
        let talk = Arc::clone(&self.talk);
        let told = told.clone();
        conversations.spawn(async move {
            let _held = (seat, place);
            conversation::hold(talk, stream, peer, told).await;
        });
    }

    fn turn_away(&self, stream: TcpStream, conversations: &mut JoinSet<()>) {
        if self.talk.tls.is_some() {
            // To say it under TLS would take the handshake that there is no room for. Who has said something already
            // hears of the end at once, for the connection is reset.
            return;
        }
        if let Some(seat) = self.leaving.take() {
            conversations.spawn(refuse(stream, seat));
        }
    }
}

fn accepted(listener: &StdListener) -> std::io::Result<(TcpStream, IpAddr)> {
    let (stream, peer): (StdStream, _) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((TcpStream::from_std(stream)?, peer.ip()))
}

/// Says that there are too many connections, once the client has asked: before that, it would take the answer for
/// nonsense.
async fn refuse(mut stream: TcpStream, _seat: Seat) {
    const BUSY: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let told = async {
        let asked = read_away(&stream).await == Left::More;
        if !asked || stream.write_all(BUSY).await.is_err() || stream.shutdown().await.is_err() {
            return;
        }
        // Closing over bytes that were not read would reset the connection and take the answer with it.
        while read_away(&stream).await == Left::More {}
    };
    let _ = timeout(LEAVE, told).await;
}

#[derive(PartialEq, Eq)]
enum Left {
    More,
    Nothing,
}

/// Waits for something to read and throws it away.
async fn read_away(stream: &TcpStream) -> Left {
    let mut some = false;
    loop {
        if stream.readable().await.is_err() {
            return Left::Nothing;
        }
        let mut bytes = [0; 4096];
        loop {
            match stream.try_read(&mut bytes) {
                Ok(0) if some => return Left::More,
                Ok(0) => return Left::Nothing,
                Ok(_) => some = true,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(_) => return Left::Nothing,
            }
        }
        // Readiness may be told of where there is nothing yet.
        if some {
            return Left::More;
        }
    }
}
