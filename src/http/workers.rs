use std::{io, sync::Arc, thread};

use tokio::{net::TcpListener, runtime, sync::watch};

use super::{Door, Service, Sockets};

/// Threads that answer, each with a runtime and a listener of its own, so that a connection stays on one core. Dropped,
/// they cut what is under way.
pub struct Workers {
    /// Heard by each worker, and closed when the last of them has ended.
    word: watch::Sender<()>,
}

impl Workers {
    /// Starts one worker for each of `sockets`.
    pub fn start<S: Service>(door: &Arc<Door<S>>, sockets: Sockets) -> io::Result<Self> {
        let (word, heard) = watch::channel(());
        let (listeners, held) = sockets.into_parts();
        let mut ready = Vec::with_capacity(listeners.len());
        for listener in listeners {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            let listener = {
                let _inside = runtime.enter();
                TcpListener::from_std(listener)?
            };
            ready.push((runtime, listener));
        }
        for (at, (runtime, listener)) in ready.into_iter().enumerate() {
            let (door, mut drained, mut gone) = (Arc::clone(door), heard.clone(), heard.clone());
            let work = move || {
                // Spawned, because whatever wakes the future that a runtime blocks on also writes to an eventfd to interrupt
                // its wait, even from within: that would be once for each connection that ends.
                let serve = runtime.spawn(door.open(listener, held, async move { drop(drained.changed().await) }));
                // Without anybody who could say so, there is nothing to drain for.
                let cut = async { while gone.changed().await.is_ok() {} };
                runtime.block_on(async {
                    tokio::select! {
                        _ = serve => {}
                        () = cut => {}
                    }
                });
            };
            thread::Builder::new().name(format!("clicks-{}", at + 1)).spawn(work)?;
        }
        Ok(Self { word })
    }

    /// Lets them take no more connections, finish what is under way within the drain time, and end.
    pub async fn drain(self) {
        self.word.send_replace(());
        self.word.closed().await;
    }
}
