use std::sync::Arc;

use tokio::sync::watch;

use super::{
    Gate, SystemClock, metrics,
    station::{Phase, vitals},
};
use crate::{
    base::{ClickId, Clock, Timestamp},
    http::{Counters, Fitness, KeySeen, Overview, Told},
    judge::ClickEvent,
    store::{ClickFilter, Explanation, Reveal, Store, StoreError, explain},
};

/// Tells the admin listener how the station stands.
pub(super) struct Overseer {
    pub(super) gate: Arc<Gate>,
    pub(super) counters: Arc<Counters>,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) started: Timestamp,
}

impl Overseer {
    /// A connection of its own: whoever looks must not hold the one that clicks wait for.
    fn store(&self) -> Result<Store, StoreError> {
        Store::open_existing(self.gate.in_force().around.store.path())
    }
}

impl Told for Overseer {
    fn overview(&self) -> Overview {
        let in_force = self.gate.in_force();
        let vitals = vitals(&self.gate, *self.phase.borrow());
        let keys = in_force.ring.keys().map(|key| KeySeen {
            id: key.id(),
            state: key.state().as_str(),
            from: key.from(),
            until: key.until(),
        });
        Overview {
            version: env!("CARGO_PKG_VERSION"),
            node: in_force.around.config.node.clone(),
            started: self.started,
            now: SystemClock.now(),
            state: vitals.iter().map(|vital| vital.state).max().unwrap_or(Fitness::NotReady),
            vitals,
            lists: in_force.around.lists.state(),
            reload: (*self.gate.renewal()).clone(),
            keys: keys.collect(),
            log: in_force.around.log.stats(),
        }
    }

    fn metrics(&self) -> Option<String> {
        let vitals = vitals(&self.gate, *self.phase.borrow());
        let seen = metrics::Seen { gate: &self.gate, counters: &self.counters, vitals: &vitals, started: self.started };
        metrics::exposition(&seen).ok()
    }

    fn clicks(&self, limit: usize) -> Result<Vec<ClickEvent>, StoreError> {
        self.store()?.clicks(&ClickFilter { limit, ..ClickFilter::default() }, Reveal::Masked)
    }

    fn explain(&self, reference: ClickId) -> Result<Option<Explanation>, StoreError> {
        let store = self.store()?;
        let events = store.click(reference, Reveal::Masked)?;
        let message = events.iter().find_map(|event| event.message);
        let wraps = message.map_or(Ok(Vec::new()), |message| store.wraps_of(message, Reveal::Masked))?;
        Ok(explain(&events, &wraps))
    }
}
