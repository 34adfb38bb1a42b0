use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc};

use super::{Gate, SystemClock, own_hosts};
use crate::{
    base::Timestamp,
    config::Config,
    http::{Fitness, Vital},
    judge::Outcome,
    store::{ClickFilter, Reveal, Store},
    supply::{Board, Clicked, FeedStanding, FeedStatus, Rounds, Stock, StockError, Surroundings, Wanted},
};

/// Where the lists of feeds are kept: a folder of their own, which no admin edits.
pub fn feeds_folder(config: &Config) -> PathBuf {
    config.data_dir.join("feeds")
}

/// The files of the feeds.
pub fn stock(config: &Config) -> Stock {
    Stock::at(feeds_folder(config))
}

/// Has the lists of the configured feeds in force and no others. Where that fails, it is told to the log, and what stands
/// there counts.
pub(super) fn keep_configured(config: &Config) {
    match stock(config).keep_only(&config.feeds) {
        // Whoever asks feeds does it when the update is over.
        Ok(()) | Err(StockError::Busy(_)) => {}
        Err(error) => tracing::error!("the lists of feeds are not as the configuration has them: {error}"),
    }
}

/// What was clicked since a moment and went on because nothing objected: what an update could newly stop. Of what an
/// admin allows, a feed stops nothing.
pub fn clicked_since(store: &Store, since: Timestamp) -> Clicked {
    let went_on = |outcome| {
        matches!(
            outcome,
            Outcome::Allowed | Outcome::Noticed | Outcome::Warned | Outcome::WarnedProceeded | Outcome::ErrorFailedOpen
        )
    };
    let filter = ClickFilter { since: Some(since), limit: Clicked::MOST, ..ClickFilter::default() };
    match store.clicks(&filter, Reveal::Whole) {
        Ok(events) => {
            // A warning and the click that went past it are one.
            let mut clicks: BTreeMap<_, Vec<String>> = BTreeMap::new();
            for event in events.into_iter().filter(|event| went_on(event.outcome)) {
                let urls = event.url.into_iter().chain(event.chain.into_iter().map(|inner| inner.url));
                clicks.entry(event.click_id.0).or_insert_with(|| urls.collect());
            }
            Clicked::of(clicks.values().map(|urls| urls.iter().map(String::as_str)))
        }
        Err(error) => {
            tracing::error!("what was clicked is not known, so no update of a feed is held against it: {error}");
            Clicked::default()
        }
    }
}

/// Starts to ask the feeds of a gate.
pub(super) fn start_rounds(gate: &Arc<Gate>) -> io::Result<Rounds> {
    let (of_gate, around) = (Arc::clone(gate), gate.in_force().around.clone());
    let store = around.store.path().to_owned();
    Rounds::start(Surroundings {
        stock: stock(&around.config),
        suffixes: Arc::clone(&around.suffixes),
        clock: Arc::new(SystemClock),
        board: Arc::clone(&around.feeds),
        wanted: Box::new(move || {
            let around = &of_gate.in_force().around;
            let feeds = around.config.feeds.clone();
            Wanted { feeds, own_hosts: own_hosts(&around.config), never_block: around.lists.never_block() }
        }),
        // A connection of its own: nobody waits for this one.
        clicked: Box::new(move |since| match Store::open_existing(&store) {
            Ok(store) => clicked_since(&store, since),
            Err(error) => {
                tracing::error!("what was clicked is not known, so no update of a feed is held against it: {error}");
                Clicked::default()
            }
        }),
    })
}

/// What `/readyz` says of the feeds; nothing where there are none.
pub(super) fn of_feeds(board: &Board) -> Option<Vital> {
    let statuses = board.statuses();
    let trouble = |status: &&FeedStatus| status.standing.is_trouble();
    let told: Vec<String> = statuses.iter().filter(trouble).map(in_words).collect();
    match (statuses.is_empty(), told.is_empty()) {
        (true, _) => None,
        (_, true) => {
            let entries: usize = statuses.iter().map(FeedStatus::entries).sum();
            let says = format!("{} feeds, {entries} entries", statuses.len());
            Some(Vital { part: "feeds", state: Fitness::Ready, says })
        }
        (_, false) => Some(Vital { part: "feeds", state: Fitness::Degraded, says: told.join("; ") }),
    }
}

fn in_words(status: &FeedStatus) -> String {
    let name = &status.name;
    let why = status.state.told.as_ref().map(|told| format!(": {}", told.says)).unwrap_or_default();
    match status.standing {
        FeedStanding::Held => {
            format!("{name} was rolled back and takes no updates; `sekisho feed update {name}` goes on")
        }
        FeedStanding::Never => format!("{name} has never been in force{why}"),
        FeedStanding::Refused => format!("the last update of {name} was refused, what was in force stays{why}"),
        FeedStanding::Stale => format!("{name} is stale, its last good version goes on{why}"),
        FeedStanding::Current | FeedStanding::Failing => format!("{name}{why}"),
    }
}
