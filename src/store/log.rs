use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    Store, StoreError, Tally,
    spool::{Spool, drain},
};
use crate::judge::ClickEvent;

/// How fast events are written, and how patiently where they cannot be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How long the first event of a batch waits for others; what a power cut may cost.
    pub(super) gather: Duration,
    /// Most events of one transaction.
    pub(super) batch: usize,
    /// How long to wait for a lock before it counts as a failure.
    pub(super) patience: Duration,
    /// The pause after the first failure; doubled after each.
    pub(super) first_pause: Duration,
    /// The longest pause.
    pub(super) longest_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            gather: Duration::from_millis(250),
            batch: 512,
            patience: Duration::from_secs(2),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
        }
    }
}

/// Takes click events and has them written by a thread of its own, in batches, each exactly once.
///
/// Cheap to clone. Where the store cannot be written, events wait in memory, in order, and are tried again; the room for
/// them is made at the start. When it is full, the oldest are kept and what comes is counted as dropped.
#[derive(Debug, Clone)]
pub struct ClickLog {
    shared: Arc<Shared>,
    tally: Arc<Tally>,
}

/// The writing thread. Stop it to be sure that everything is written; dropped, it gets two seconds for that.
#[derive(Debug)]
pub struct ClickWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// How the log is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LogStats {
    /// Events on the disk since the start.
    pub written: u64,
    /// Events that wait to be written.
    pub waiting: u64,
    /// Events lost: there was no room, or the log was stopped.
    pub dropped: u64,
    /// Failed attempts since the last that succeeded; not 0 means that the store cannot be written now.
    pub failures: u64,
    /// What the last failed attempt said, whenever it was.
    pub last_error: Option<String>,
}

/// Not everything could be written in the time that was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} click events are not written to {path}: {}", stats.waiting + stats.dropped,
    stats.last_error.as_deref().unwrap_or("the time given was too short"))]
pub struct Unwritten {
    /// The store.
    pub path: PathBuf,
    /// How the log was doing then.
    pub stats: LogStats,
}

/// What the log and its writer share.
#[derive(Debug)]
pub(super) struct Shared {
    path: PathBuf,
    capacity: usize,
    batch: usize,
    state: Mutex<State>,
    /// For the writer: there is something to do, or somebody is in a hurry.
    work: Condvar,
    /// For those who wait for the writer.
    progress: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    waiting: VecDeque<ClickEvent>,
    /// Events taken in, written, and given up after they were taken in.
    accepted: u64,
    written: u64,
    given_up: u64,
    /// Events not taken in.
    refused: u64,
    failures: u64,
    last_error: Option<String>,
    /// Counts flushes and stops: each is a reason not to wait any longer.
    calls: u64,
    /// Somebody waits until so many are written.
    wanted: u64,
    /// Set when nothing more is taken in: until then the writer may go on trying.
    stop_by: Option<Instant>,
}

impl ClickLog {
    /// Starts the writer on the file of `store`, with a connection of its own, and room for `capacity` waiting events.
    pub fn start(store: &Store, capacity: usize) -> Result<(Self, ClickWriter), StoreError> {
        Self::start_at(Pace::default(), |pace| Spool::open(store.path(), pace), store.path(), capacity)
    }

    pub(super) fn start_at(
        pace: Pace,
        open: impl FnOnce(Pace) -> Result<Spool, StoreError>,
        path: &Path,
        capacity: usize,
    ) -> Result<(Self, ClickWriter), StoreError> {
        let spool = open(pace)?;
        let shared = Arc::new(Shared::new(path, capacity, pace.batch));
        let writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("click log".to_owned())
            .spawn(move || drain(&writer, spool, pace))
            .map_err(|source| StoreError::Thread { path: path.to_owned(), source })?;
        Ok((Self { shared: Arc::clone(&shared), tally: Arc::default() }, ClickWriter { shared, thread: Some(thread) }))
    }

    /// Takes an event. Never waits for the disk and never fails: where there is no room the event is counted as dropped.
    pub fn record(&self, event: ClickEvent) {
        self.tally.count(&event);
        let mut state = self.shared.lock();
        if state.stop_by.is_some() || state.waiting.len() >= self.shared.capacity {
            state.refused += 1;
            return;
        }
        state.waiting.push_back(event);
        state.accepted += 1;
        let waiting = state.waiting.len();
        drop(state);
        // In between the writer is gathering and looks by itself when its time is up.
        if waiting == 1 || waiting == self.shared.batch {
            self.shared.work.notify_one();
        }
    }

    /// Waits until all that was recorded before is on the disk, at most `patience`. Errors: [`Unwritten`]; what waits is
    /// still tried.
    pub fn flush(&self, patience: Duration) -> Result<(), Unwritten> {
        let mut state = self.shared.lock();
        let wanted = state.accepted;
        state.wanted = state.wanted.max(wanted);
        state.calls += 1;
        self.shared.work.notify_one();
        let pending = |state: &mut State| state.written < wanted && state.given_up == 0;
        let (state, _) =
            self.shared.progress.wait_timeout_while(state, patience, pending).unwrap_or_else(PoisonError::into_inner);
        if state.written >= wanted {
            return Ok(());
        }
        Err(Unwritten { path: self.shared.path.clone(), stats: state.stats() })
    }

    /// What was recorded, counted; also what was dropped.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How the log is doing.
    pub fn stats(&self) -> LogStats {
        self.shared.lock().stats()
    }
}

impl ClickWriter {
    /// Takes nothing more, writes all that waits, and ends. Where the store cannot be written it goes on trying for
    /// `patience`. Errors: [`Unwritten`], with the events that are lost counted as dropped.
    pub fn stop(mut self, patience: Duration) -> Result<LogStats, Unwritten> {
        self.end(patience);
        let stats = self.shared.lock().stats();
        let lost = self.shared.lock().given_up;
        if lost == 0 && stats.waiting == 0 {
            return Ok(stats);
        }
        Err(Unwritten { path: self.shared.path.clone(), stats })
    }

    fn end(&mut self, patience: Duration) {
        let Some(thread) = self.thread.take() else { return };
        {
            let mut state = self.shared.lock();
            state.stop_by = Some(Instant::now() + patience);
            state.calls += 1;
        }
        self.shared.work.notify_one();
        // A writer that panicked has written what it has written; the count of what waits tells the rest.
        let _ = thread.join();
    }
}

impl Drop for ClickWriter {
    fn drop(&mut self) {
        self.end(Duration::from_secs(2));
    }
}

impl Shared {
    fn new(path: &Path, capacity: usize, batch: usize) -> Self {
        Self {
            path: path.to_owned(),
            capacity,
            batch,
            state: Mutex::new(State {
                waiting: VecDeque::with_capacity(capacity),
                accepted: 0,
                written: 0,
                given_up: 0,
                refused: 0,
                failures: 0,
                last_error: None,
                calls: 0,
                wanted: 0,
                stop_by: None,
            }),
            work: Condvar::new(),
            progress: Condvar::new(),
        }
    }

    /// Never held while anything is read or written.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for events and moves a batch of them into `batch`. None left and stopped: false.
    pub(super) fn next_batch(&self, batch: &mut Vec<ClickEvent>, pace: Pace) -> bool {
        let idle = |state: &mut State| state.waiting.is_empty() && state.stop_by.is_none();
        let state = self.work.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let gathering = |state: &mut State| {
            state.waiting.len() < pace.batch && state.stop_by.is_none() && state.wanted <= state.written
        };
        let (mut state, _) =
            self.work.wait_timeout_while(state, pace.gather, gathering).unwrap_or_else(PoisonError::into_inner);
        let count = state.waiting.len().min(pace.batch);
        batch.extend(state.waiting.drain(..count));
        count > 0
    }

    /// A batch is on the disk.
    pub(super) fn wrote(&self, count: usize) {
        let mut state = self.lock();
        state.written += count as u64;
        if state.failures > 0 {
            tracing::info!(path = %self.path.display(), "clicks are written again");
        }
        state.failures = 0;
        drop(state);
        self.progress.notify_all();
    }

    /// A batch could not be written: pauses, until `pause` is over or somebody flushes or stops. False where the time
    /// for trying is up: the batch and what waits behind it are given up.
    pub(super) fn may_try_again(&self, error: &StoreError, batch: usize, pause: Duration) -> bool {
        let mut state = self.lock();
        if state.failures == 0 {
            tracing::error!(%error, "clicks cannot be written and wait in memory");
        }
        state.failures += 1;
        state.last_error = Some(error.to_string());
        let left = state.stop_by.map(|by| by.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            state.given_up += (batch + state.waiting.len()) as u64;
            state.waiting.clear();
            drop(state);
            self.progress.notify_all();
            return false;
        }
        let calls = state.calls;
        let _ = self.work.wait_timeout_while(state, left.unwrap_or(pause).min(pause), |state| state.calls == calls);
        true
    }
}

impl State {
    fn stats(&self) -> LogStats {
        LogStats {
            written: self.written,
            waiting: self.accepted - self.written - self.given_up,
            dropped: self.refused + self.given_up,
            failures: self.failures,
            last_error: self.last_error.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample::event;

    #[test]
    fn what_finds_no_room_is_counted_and_the_oldest_are_kept() {
        // No writer: what is taken in stays.
        let pace = Pace::default();
        let log =
            ClickLog { shared: Arc::new(Shared::new(Path::new("store.sqlite"), 4, pace.batch)), tally: Arc::default() };
        (0..10).for_each(|number| log.record(event(number)));
        let stats = log.stats();
        assert_eq!((stats.written, stats.waiting, stats.dropped), (0, 4, 6));
        assert!(log.flush(Duration::ZERO).is_err());
        let mut batch = Vec::new();
        assert!(log.shared.next_batch(&mut batch, pace));
        assert_eq!(batch, (0..4).map(event).collect::<Vec<_>>());
        log.record(event(10));
        let stats = log.stats();
        assert_eq!((stats.waiting, stats.dropped), (5, 6), "what is being written waits as well");
    }
}
