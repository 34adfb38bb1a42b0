//! Has the hook of the configuration told of what turned: from the store, in order, until it heard.

use std::{io, sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{sync::watch, time::timeout};

use super::{Gate, SystemClock, flips::Inbox};
use crate::{
    base::Clock as _,
    hook::Hook,
    judge::Flip,
    store::{Store, StoreError},
};

/// How often is looked, whether or not there is news: another process of this node may have left some.
const LOOK: Duration = Duration::from_secs(30);
/// How long a hook is left alone that did not hear, at first; it doubles.
const PAUSE: Duration = Duration::from_secs(1);
/// At most.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// Flips that are read at one time.
const BATCH: usize = 16;

/// What a hook is told.
#[derive(Serialize)]
struct Told<'a> {
    kind: &'static str,
    #[serde(flatten)]
    flip: &'a Flip,
}

/// Starts the thread, where there is a hook. It ends soon after `stopped`; nobody waits for one that is telling, since what
/// was not heard stays in the store.
pub(super) fn start(gate: &Arc<Gate>, mut stopped: watch::Receiver<bool>) -> io::Result<()> {
    let in_force = gate.in_force();
    let Some(hook) = in_force.around.hook.clone() else { return Ok(()) };
    let (inbox, node) = (Arc::clone(&in_force.around.inbox), in_force.around.config.node.clone());
    let path = in_force.around.store.path().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let run = move || {
        runtime.block_on(async {
            let telling = async {
                let mut pause = PAUSE;
                loop {
                    let told = match Store::open_existing(&path) {
                        Ok(store) => tell(&store, &node, &hook, &inbox).await,
                        Err(error) => Err(error),
                    };
                    if let Err(error) = &told {
                        tracing::error!(%error, "alerts wait in the store");
                    }
                    if matches!(told, Ok(true)) {
                        pause = PAUSE;
                        let _ = timeout(LOOK, inbox.news.notified()).await;
                    } else {
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
            };
            tokio::select! {
                () = telling => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        });
        runtime.shutdown_background();
    };
    std::thread::Builder::new().name("alerts".into()).spawn(run).map(drop)
}

/// Tells what waits; whether all of it was heard.
async fn tell(store: &Store, node: &str, hook: &Hook, inbox: &Inbox) -> Result<bool, StoreError> {
    loop {
        let flips = store.untold_flips(node, BATCH)?;
        if flips.is_empty() {
            return Ok(true);
        }
        for flip in &flips {
            // Numbers, words and texts have no form that JSON has not.
            let json = serde_json::to_vec(&Told { kind: "verdict_flip", flip }).unwrap_or_default();
            if let Err(error) = hook.tell(flip.flip_id, &json, SystemClock.now()).await {
                tracing::warn!(%error, "an alert was not heard and is told again");
                inbox.was_told(Some(error.to_string()));
                return Ok(false);
            }
            inbox.was_told(None);
            store.told_flip(flip.flip_id)?;
        }
    }
}
