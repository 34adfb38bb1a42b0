use std::{sync::Arc, time::Duration};

use tokio::{
    io::AsyncWriteExt as _,
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{Count, Counts, Listener, place::Stream};

/// How long a connection too many waits for another to end.
const CROWD: Duration = Duration::from_secs(5);

/// How long nothing is taken after it failed: descriptors or memory are used up, and those that end give some back.
const PAUSE: Duration = Duration::from_millis(200);

/// Where connections come in, so many at one time.
pub(super) struct Door<'a> {
    pub(super) listener: &'a Listener,
    pub(super) counts: &'a Counts,
    /// One more is sent away.
    pub(super) most: usize,
    /// With these words.
    pub(super) crowded: &'static [u8],
    /// How long after the word to end what has begun may take.
    pub(super) drain: Duration,
}

impl Door<'_> {
    /// Does `work` with each connection until `ending` says so (or is gone), then waits for what has begun.
    pub(super) async fn keep<F>(&self, mut ending: watch::Receiver<bool>, work: impl Fn(Box<dyn Stream>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let most = self.most.max(1);
        let places = Arc::new(Semaphore::new(most));
        loop {
            let accepted = tokio::select! {
                () = ended(&mut ending) => break,
                accepted = self.listener.accept() => accepted,
            };
            let mut stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::error!("cannot take a connection: {error}");
                    tokio::select! {
                        () = ended(&mut ending) => break,
                        () = tokio::time::sleep(PAUSE) => continue,
                    }
                }
            };
            let place = tokio::select! {
                () = ended(&mut ending) => break,
                place = timeout(CROWD, Arc::clone(&places).acquire_owned()) => place,
            };
            let Ok(Ok(place)) = place else {
                self.counts.add(Count::Crowded);
                let _ = timeout(CROWD, stream.write_all(self.crowded)).await;
                continue;
            };
            self.counts.add(Count::Connections);
            let work = work(stream);
            tokio::spawn(async move {
                let _place = place;
                work.await;
            });
        }
        let all = u32::try_from(most).unwrap_or(u32::MAX);
        if timeout(self.drain, places.acquire_many(all)).await.is_err() {
            tracing::warn!("cut messages that had begun: they took longer than drain_seconds");
        }
    }
}

/// The word to end was said; that whoever would say it is gone says it too.
pub(super) async fn ended(ending: &mut watch::Receiver<bool>) {
    let _ = ending.wait_for(|end| *end).await;
}
