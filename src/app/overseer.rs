use std::sync::Arc;

use tokio::sync::watch;

use super::{
    Gate, SystemClock,
    editor::Editor,
    metrics,
    station::{Phase, vitals},
    stock,
};
use crate::{
    base::{ClickId, Clock, Timestamp},
    http::{
        Change, Changed, Counters, FOUND_MAX, FeedChange, FeedChanged, Fitness, Found, FoundEntry, KeySeen, NoChange,
        Overview, Told,
    },
    judge::{ClickEvent, Flip},
    list::{Head, Written},
    store::{ClickFilter, Explanation, Reveal, Store, StoreError, explain},
    supply::{FeedStatus, Rounds, StockError},
};

/// Tells the admin listener how the station stands.
pub(super) struct Overseer {
    pub(super) gate: Arc<Gate>,
    pub(super) counters: Arc<Counters>,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) started: Timestamp,
    pub(super) rounds: Arc<Rounds>,
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

    fn flips(&self, limit: usize) -> Result<Vec<Flip>, StoreError> {
        self.store()?.flips(limit, Reveal::Masked)
    }

    fn explain(&self, reference: ClickId) -> Result<Option<Explanation>, StoreError> {
        let store = self.store()?;
        let events = store.click(reference, Reveal::Masked)?;
        let message = events.iter().find_map(|event| event.message);
        let wraps = message.map_or(Ok(Vec::new()), |message| store.wraps_of(message, Reveal::Masked))?;
        let known = message.zip(events.iter().find_map(|event| event.tenant));
        let authentication = known.map_or(Ok(None), |(message, tenant)| store.authentication(message, tenant))?;
        Ok(explain(&events, &wraps, authentication, &store.flips_of(reference, Reveal::Masked)?))
    }

    fn feeds(&self) -> Arc<Vec<FeedStatus>> {
        self.gate.in_force().around.feeds.statuses()
    }

    fn search(&self, text: &str) -> Found {
        let (wanted, now) = (text.to_lowercase(), SystemClock.now());
        let holds = |value: &str| value.to_lowercase().contains(&wanted);
        let mut found = Found::default();
        if wanted.is_empty() {
            return found;
        }
        let snapshot = self.gate.in_force().around.lists.snapshot();
        for table in snapshot.index.tables() {
            table.for_each(&mut |list, entry| {
                let says = [Some(entry.text), entry.reason, entry.reference];
                if !says.into_iter().flatten().any(holds) {
                    return;
                }
                found.more |= found.entries.len() == FOUND_MAX;
                if !found.more {
                    found.entries.push(shown(list, &entry, now));
                }
            });
        }
        found.entries.sort_by(|one, other| (&one.list, one.line).cmp(&(&other.list, other.line)));
        found
    }

    fn change(&self, change: &Change) -> Result<Changed, NoChange> {
        let around = &self.gate.in_force().around;
        Editor { config: &around.config, suffixes: &around.suffixes, now: SystemClock.now() }.make(change)
    }

    fn change_feed(&self, name: &str, change: FeedChange) -> Result<FeedChanged, NoChange> {
        let (around, now) = (&self.gate.in_force().around, SystemClock.now());
        let missing = || NoChange::Missing(format!("the configuration has no feed {name:?}"));
        let feed = around.config.feeds.iter().find(|feed| feed.name == name).ok_or_else(missing)?;
        let stock = stock(&around.config);
        let version = match change {
            FeedChange::Update => {
                self.rounds.ask(name);
                None
            }
            FeedChange::Accept => Some(stock.accept(feed, now)),
            FeedChange::RollBack => Some(stock.roll_back(feed, now)),
        };
        let version = version.transpose().map_err(|error| match error {
            StockError::NothingBefore(_) | StockError::NothingRefused(..) => NoChange::Missing(error.to_string()),
            StockError::File { .. } | StockError::Busy(_) => NoChange::Failed(error.to_string()),
        })?;
        self.rounds.look();
        around.feeds.show(around.config.feeds.iter().map(|feed| stock.status_of(feed, now)).collect());
        Ok(FeedChanged { feed: name.to_owned(), version: version.map(|version| version.version), at: now })
    }
}

fn shown(list: &Head, entry: &Written<'_>, now: Timestamp) -> FoundEntry {
    FoundEntry {
        list: list.name.clone(),
        version: list.version.clone(),
        line: entry.line,
        entry: entry.text.to_owned(),
        action: list.action.as_str(),
        reason: entry.reason.map(str::to_owned),
        by: entry.by.map(str::to_owned),
        until: entry.until.map(|day| day.to_string()),
        reference: entry.reference.map(str::to_owned),
        in_force: entry.is_in_force(now),
    }
}
