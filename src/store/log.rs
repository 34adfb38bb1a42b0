use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    Store, StoreError, Tally,
    sink::Sink,
    spool::{Drain, Folder, Keep, Ledger, Left, Pace, Writer, segment_size},
};
use crate::{base::Clock, judge::ClickEvent};

/// How clicks are kept.
#[derive(Clone)]
pub struct LogSettings {
    /// The folder in which clicks wait for the store; several processes may share it.
    pub spool: PathBuf,
    /// How many bytes are reserved in it by each process.
    pub room: u64,
    /// How many days clicks stay in the store at least. A month goes as a whole when all of it is older.
    pub keep_days: u32,
    /// Tells which clicks are old.
    pub clock: Arc<dyn Clock>,
}

/// Takes click events, puts them on the disk in groups, and has them brought into the store, each exactly once.
///
/// Cheap to clone. Where the store cannot be written, events wait in the spool, in order, and are tried again; the room
/// for them is reserved at the start. When it is full, the oldest are kept and what comes is counted as dropped.
#[derive(Debug, Clone)]
pub struct ClickLog {
    pub(super) ledger: Arc<Ledger>,
    tally: Arc<Tally>,
}

/// The threads behind the log. Stop it to be sure that everything is written; dropped, it gets two seconds for that.
#[derive(Debug)]
pub struct ClickWriter {
    ledger: Arc<Ledger>,
    writer: Option<JoinHandle<()>>,
    drain: Option<JoinHandle<()>>,
}

/// How the log is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LogStats {
    /// Events that were taken in since the start and are safe on the disk: neither `kill -9` nor a power cut loses them.
    pub synced: u64,
    /// Events that were brought into the store since the start, with those that an earlier run or another process left.
    pub drained: u64,
    /// Events that are not in the store yet: in memory for a moment, or in the spool.
    pub waiting: u64,
    /// Events lost: there was no room, or the log was stopped.
    pub dropped: u64,
    /// What was found damaged in the spool: half-written ends after a crash (of events that were never counted as
    /// synced), and events that a failing disk has spoilt.
    pub torn: u64,
    /// Failed attempts since the last that succeeded; not 0 means that the spool or the store cannot be written now.
    pub failures: u64,
    /// What the last failed attempt said, whenever it was.
    pub last_error: Option<String>,
}

/// Not everything could be brought into the store in the time that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritten {
    /// The store.
    pub path: PathBuf,
    /// Where the events are that wait.
    pub spool: PathBuf,
    /// Events that could not even be put there, and are lost.
    pub lost: u64,
    /// How the log was doing then.
    pub stats: Box<LogStats>,
}

impl std::error::Error for Unwritten {}

impl std::fmt::Display for Unwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let why = self.stats.last_error.as_deref().unwrap_or("the time given was too short");
        let (path, spool) = (self.path.display(), self.spool.display());
        if self.lost > 0 {
            write!(f, "{} click events are lost, they could not be put into {spool}; ", self.lost)?;
        }
        write!(
            f,
            "{} click events are not in the store {path}: {why}; none of them is lost, they wait in {spool} and come in \
             at the next start",
            self.stats.waiting
        )
    }
}

impl ClickLog {
    /// Takes a folder of the spool, recovers what an earlier run left there, and starts the threads: one that puts events
    /// on the disk, and one that brings them into the file of `store`, with a connection of its own.
    pub fn start(store: &Store, settings: LogSettings) -> Result<(Self, ClickWriter), StoreError> {
        let size = segment_size(settings.room);
        Self::start_at(Pace::default(), |pace| Sink::open(store.path(), pace), store.path(), settings, size)
    }

    pub(super) fn start_at(
        pace: Pace,
        open: impl FnOnce(Pace) -> Result<Sink, StoreError>,
        path: &Path,
        settings: LogSettings,
        size: u32,
    ) -> Result<(Self, ClickWriter), StoreError> {
        let mut sink = open(pace)?;
        let folder = Folder::take(&settings.spool)?;
        let drained = sink.drained(folder.id)?;
        let failed = |doing| {
            let path = folder.path.clone();
            move |source| StoreError::Spool { path, doing, source }
        };
        let mut content = folder.content(drained, settings.clock.now()).map_err(failed("read"))?;
        folder.reserve(&mut content, settings.room, size).map_err(failed("reserve room in"))?;
        let next = content.next;
        let ledger = Arc::new(Ledger::new(path.to_owned(), folder, content, drained));
        let thread = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
            spawned.map_err(|source| StoreError::Thread { path: path.to_owned(), source })
        };
        let (writer, syncer) = Writer::new(Arc::clone(&ledger), pace, next);
        // It ends with the writer.
        thread("click sync", Box::new(|| syncer.run()))?;
        let writer = thread("click writer", Box::new(|| writer.run()))?;
        ledger.intake.is_emptied_by(writer.thread().clone());
        let keep = Keep { days: settings.keep_days, clock: settings.clock };
        let drain = Drain::new(Arc::clone(&ledger), sink, pace, keep, settings.spool);
        // Made now, so that it stops the first thread where there can be no second.
        let mut threads = ClickWriter { ledger: Arc::clone(&ledger), writer: Some(writer), drain: None };
        threads.drain = Some(thread("click drain", Box::new(|| drain.run()))?);
        Ok((Self { ledger, tally: Arc::default() }, threads))
    }

    /// Takes an event. Never waits for the disk and never fails: where there is no room the event is counted as dropped.
    pub fn record<T: AsRef<str>>(&self, event: ClickEvent<T>) {
        self.tally.count(&event);
        self.ledger.intake.take(&event);
    }

    /// Waits until all that was recorded before is in the store, at most `patience`. Errors: [`Unwritten`]; what waits is
    /// still tried.
    pub fn flush(&self, patience: Duration) -> Result<(), Unwritten> {
        if self.ledger.flush(patience) { Ok(()) } else { Err(unwritten(&self.ledger)) }
    }

    /// What was recorded, counted; also what was dropped.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How the log is doing.
    pub fn stats(&self) -> LogStats {
        self.ledger.stats()
    }
}

impl ClickWriter {
    /// Takes nothing more, brings all that waits into the store, and ends. Where that cannot be written it goes on trying
    /// for `patience`. Errors: [`Unwritten`]; what waits in the spool comes in at the next start, and what could not be
    /// put there is counted as dropped.
    pub fn stop(mut self, patience: Duration) -> Result<LogStats, Unwritten> {
        self.end(patience);
        let stats = self.ledger.stats();
        if stats.waiting == 0 && self.ledger.given_up() == 0 { Ok(stats) } else { Err(unwritten(&self.ledger)) }
    }

    fn end(&mut self, patience: Duration) {
        if self.writer.is_none() && self.drain.is_none() {
            return;
        }
        self.ledger.stop(Instant::now() + patience);
        for thread in [self.writer.take(), self.drain.take()].into_iter().flatten() {
            // A thread that panicked has written what it has written; the count of what waits tells the rest.
            let _ = thread.join();
        }
        // Whoever still holds the log records nothing more.
        self.ledger.folder.release();
    }
}

impl Drop for ClickWriter {
    fn drop(&mut self) {
        self.end(Duration::from_secs(2));
    }
}

fn unwritten(ledger: &Ledger) -> Unwritten {
    Unwritten {
        path: ledger.store.clone(),
        spool: ledger.folder.path.clone(),
        lost: ledger.given_up(),
        stats: Box::new(ledger.stats()),
    }
}

/// What [`bring_in`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BroughtIn {
    /// Events that came into the store.
    pub events: u64,
    /// What was found damaged.
    pub torn: u64,
}

/// Whether a run that has ended left events in this spool; all of them may be in the store nevertheless.
pub fn is_left(spool: &Path) -> bool {
    let folders = Folder::abandoned(spool).unwrap_or_default();
    folders.iter().any(|folder| folder.is_used().unwrap_or(false))
}

/// Brings what runs that have ended left in this spool into the store, so that whoever reads sees every click. What a
/// running process holds is left to it. Error: what is still there stays, and comes in at the next start.
pub fn bring_in(store: &Store, spool: &Path) -> Result<BroughtIn, StoreError> {
    let pace = Pace::default();
    let mut sink = Sink::open(store.path(), pace)?;
    let unreadable = |source| StoreError::Spool { path: spool.to_owned(), doing: "read", source };
    let mut sum = BroughtIn::default();
    for folder in Folder::abandoned(spool).map_err(unreadable)? {
        let mut left = Left::open(folder, &mut sink)?;
        while let Some(brought) = left.step(&mut sink, pace.batch)? {
            sum.events += brought.events;
            sum.torn += u64::from(brought.torn);
        }
    }
    Ok(sum)
}
