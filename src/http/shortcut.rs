//! The short way to an answer: plain requests are read, answered and written here, and whatever is not plain goes on to
//! hyper, from a byte at which a request begins.

use std::{
    future::{Future, poll_fn},
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{
    Service,
    conversation::{Ended, Pulse, Talk},
    counters::one_more,
    head::{self, Room},
    server::AtOnce,
    wire::{self, Behind, Sent},
};

/// The room in which a head is read. A longer one takes the long way.
const HEAD: usize = 4096;

/// How the short way ended.
pub(super) enum Left {
    /// The connection is over.
    Over(Ended),
    /// The long way goes on behind these bytes, which are the beginning of a request or nothing.
    Longer(Bytes),
}

/// Answers plain requests over `stream`, of which `ahead` was read already, until one comes that is not plain, the
/// connection ends, is idle for too long or too old (`age`), or the door closes (`told`, which then still says so).
pub(super) async fn take<S: Service, T: AsyncRead + AsyncWrite + Unpin>(
    talk: &Talk<S>,
    stream: &mut T,
    ahead: &Bytes,
    client: IpAddr,
    age: Instant,
    pulse: &Pulse,
    told: &watch::Receiver<()>,
) -> Left {
    let patience = talk.limits.head_timeout;
    let (mut read, mut written) = (BytesMut::with_capacity(HEAD.max(ahead.len())), Vec::with_capacity(HEAD));
    read.extend_from_slice(ahead);
    let mut age = pin!(sleep_until(age));
    let mut idle = pin!(sleep(patience));
    let mut hears = told.clone();
    let mut closing = pin!(hears.changed());
    let mut is_served = false;
    // Whether all that can end the wait beside a request wakes this task: to have it do so again costs as much as to read
    // a head, and to see that it has nothing to say almost nothing.
    let mut is_known = false;
    loop {
        if read.is_empty() {
            let heard = poll_fn(|cx| {
                if let Poll::Ready(got) = pin!(stream.read_buf(&mut read)).poll(cx) {
                    return Poll::Ready(Heard::Bytes(got));
                }
                let is_quiet =
                    told.has_changed().is_ok_and(|changed| !changed) && !age.is_elapsed() && !idle.is_elapsed();
                if is_known && is_quiet {
                    return Poll::Pending;
                }
                is_known = true;
                if closing.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Heard::Closing);
                }
                if age.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Heard::Aged);
                }
                // To move a timer at each request costs more than to look now and then whether there was one.
                while idle.as_mut().poll(cx).is_ready() {
                    if !std::mem::take(&mut is_served) {
                        return Poll::Ready(Heard::Nothing);
                    }
                    idle.as_mut().reset(Instant::now() + patience);
                }
                Poll::Pending
            });
            match heard.await {
                Heard::Bytes(Ok(0)) | Heard::Aged => return Left::Over(Ended::Well),
                Heard::Bytes(Ok(_)) => {}
                Heard::Bytes(Err(_)) | Heard::Nothing => return Left::Over(Ended::Badly),
                Heard::Closing => return Left::Longer(read.freeze()),
            }
        }
        let Some(behind) = answer(talk, &read, client, pulse, &mut written) else {
            return Left::Longer(read.freeze());
        };
        is_served = true;
        let sent = async {
            stream.write_all(&written).await?;
            stream.flush().await
        };
        tokio::select! {
            biased;
            sent = sent => match sent {
                Ok(()) => {}
                Err(_) => return Left::Over(Ended::Badly),
            },
            // Whoever does not read the answer is in no hurry.
            () = &mut age => return Left::Over(Ended::Cut),
        }
        if behind == Behind::Close {
            let _ = stream.shutdown().await;
            return Left::Over(Ended::Well);
        }
        read.clear();
        written.clear();
        written.shrink_to(HEAD);
    }
}

/// What ends a wait.
enum Heard {
    Bytes(std::io::Result<usize>),
    Closing,
    Aged,
    Nothing,
}

/// The answer to the request in `read`, in `written`; `None` if it takes the long way.
fn answer<S: Service>(
    talk: &Talk<S>,
    read: &[u8],
    client: IpAddr,
    pulse: &Pulse,
    written: &mut Vec<u8>,
) -> Option<Behind> {
    let mut room = Room::default();
    let head = head::read(read, &mut room, talk.limits.headers)?;
    let answer = catch_unwind(AssertUnwindSafe(|| talk.service.at_once(&head, client)));
    let answer = answer.unwrap_or_else(|_| Some(AtOnce::Reply(talk.panicked())))?;
    one_more(&talk.counters.requests);
    pulse.count_one();
    let behind = if head.is_last() { Behind::Close } else { Behind::Next };
    let sent = Sent { now: jiff::Timestamp::now().as_second(), behind };
    Some(match answer {
        AtOnce::Redirect(location) => wire::redirect(&location, sent, written),
        AtOnce::Reply(reply) => wire::write(reply, sent, written),
    })
}
