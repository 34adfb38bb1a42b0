//! The writer's side of the click log.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::Connection;

use super::{
    StoreError, clicks,
    file::{begin, connect, make},
    log::{Pace, Shared},
};
use crate::judge::ClickEvent;

/// Writes batches to the store, through a connection that is made anew when it has failed or its file has gone.
pub(super) struct Spool {
    path: PathBuf,
    patience: Duration,
    open: Option<(Connection, Option<FileId>)>,
    /// Makes the disk fill up.
    #[cfg(test)]
    before: Option<Before>,
}

#[cfg(test)]
type Before = Box<dyn Fn(&Connection) + Send>;

/// Tells one file from another under the same name.
type FileId = (u64, u64);

impl Spool {
    /// Errors: as [`super::Store::open`].
    pub(super) fn open(path: &Path, pace: Pace) -> Result<Self, StoreError> {
        let mut spool = Self {
            path: path.to_owned(),
            patience: pace.patience,
            open: None,
            #[cfg(test)]
            before: None,
        };
        spool.connection()?;
        Ok(spool)
    }

    /// The connection. SQLite goes on writing to a file that was deleted or moved away, and nobody would ever see it.
    fn connection(&mut self) -> Result<&Connection, StoreError> {
        let here = file_id(&self.path);
        let open = match self.open.take() {
            Some((connection, of)) if of == here => (connection, of),
            before => {
                // Closed first: as it goes it removes the write-ahead log by name, which may be the new file's.
                drop(before);
                make(&self.path)?;
                (connect(&self.path, self.patience)?, file_id(&self.path))
            }
        };
        Ok(&self.open.insert(open).0)
    }

    /// Writes the events that are not yet there, all or none.
    pub(super) fn write(&mut self, events: &[ClickEvent]) -> Result<(), StoreError> {
        let path = self.path.clone();
        let written = {
            #[cfg(test)]
            if let Some(before) = self.before.take() {
                before(self.connection()?);
                self.before = Some(before);
            }
            let connection = self.connection()?;
            let failed = |error| StoreError::of(&path, "write clicks", error);
            write(connection, events).map_err(failed)
        };
        if written.as_ref().is_err_and(|error| !error.is_passing()) {
            self.open = None;
        }
        written
    }
}

fn write(connection: &Connection, events: &[ClickEvent]) -> rusqlite::Result<()> {
    let transaction = begin(connection)?;
    clicks::insert(&transaction, events)?;
    transaction.commit()
}

#[cfg(unix)]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Elsewhere an open file can be neither deleted nor moved.
#[cfg(not(unix))]
fn file_id(_: &Path) -> Option<FileId> {
    None
}

/// Writes what the log takes in, until it is stopped and nothing waits.
pub(super) fn drain(shared: &Shared, mut spool: Spool, pace: Pace) {
    let mut batch = Vec::with_capacity(pace.batch);
    while shared.next_batch(&mut batch, pace) {
        let mut pause = pace.first_pause;
        while let Err(error) = spool.write(&batch) {
            if !shared.may_try_again(&error, batch.len(), pause) {
                return;
            }
            pause = (pause * 2).min(pace.longest_pause);
        }
        shared.wrote(batch.len());
        batch.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    };

    use super::*;
    use crate::{
        base::EventId,
        store::{ClickFilter, ClickLog, ClickWriter, Order, Reveal, Store, sample::event},
    };

    /// Long enough on the slowest machine; nothing waits for it when all is well.
    const LONG: Duration = Duration::from_secs(60);
    /// Time for an attempt or two to fail.
    const SHORT: Duration = Duration::from_millis(30);

    const PACE: Pace = Pace {
        gather: Duration::from_millis(5),
        batch: 64,
        patience: Duration::from_millis(5),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(10),
    };

    struct Bench {
        folder: tempfile::TempDir,
        store: Store,
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(&folder.path().join("store.sqlite")).unwrap();
            Self { folder, store }
        }

        fn log(&self, capacity: usize) -> (ClickLog, ClickWriter) {
            self.log_with(capacity, None)
        }

        fn log_with(&self, capacity: usize, before: Option<Before>) -> (ClickLog, ClickWriter) {
            let path = self.store.path();
            let open = |pace| Spool::open(path, pace).map(|spool| Spool { before, ..spool });
            ClickLog::start_at(PACE, open, path, capacity).unwrap()
        }

        fn stored(&self) -> Vec<EventId> {
            let filter = ClickFilter { order: Order::OldestFirst, limit: usize::MAX, ..ClickFilter::default() };
            let events = self.store.clicks(&filter, Reveal::Masked).unwrap();
            events.into_iter().map(|event| event.event_id).collect()
        }
    }

    fn ids(numbers: std::ops::Range<u64>) -> Vec<EventId> {
        numbers.map(|number| event(number).event_id).collect()
    }

    /// Until the store has refused a batch.
    fn until_it_fails(log: &ClickLog) {
        while log.stats().failures == 0 {
            let _ = log.flush(SHORT);
        }
    }

    #[test]
    fn a_full_disk_loses_nothing_and_is_told() {
        let bench = Bench::new();
        // SQLite's own limit on the size of the file: what it returns is what it returns on a full disk.
        let pages = Arc::new(AtomicI64::new(40));
        let limit = Arc::clone(&pages);
        let before: Before = Box::new(move |connection| {
            let limit = limit.load(Ordering::SeqCst);
            connection.pragma_update_and_check(None, "max_page_count", limit, |_| Ok(())).unwrap();
        });
        let (log, writer) = bench.log_with(10_000, Some(before));
        (0..1_000).for_each(|number| log.record(event(number)));
        until_it_fails(&log);
        let stats = log.flush(SHORT).unwrap_err().stats;
        assert!(stats.last_error.as_ref().is_some_and(|error| error.contains("no room to write clicks")), "{stats:?}");
        assert!(stats.waiting > 0 && stats.written < 1_000 && stats.dropped == 0, "{stats:?}");
        assert_eq!(bench.stored(), ids(0..stats.written), "what is written is the oldest, in order");

        pages.store(1_000_000, Ordering::SeqCst);
        log.flush(LONG).unwrap();
        let stats = log.stats();
        assert_eq!((stats.written, stats.waiting, stats.dropped, stats.failures), (1_000, 0, 0, 0));
        assert!(stats.last_error.is_some(), "what went wrong can be read afterwards");
        assert_eq!(bench.stored(), ids(0..1_000));
        writer.stop(LONG).unwrap();
    }

    #[test]
    fn a_lock_is_waited_out() {
        let bench = Bench::new();
        let (log, writer) = bench.log(100);
        let other = Connection::open(bench.store.path()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        (0..10).for_each(|number| log.record(event(number)));
        until_it_fails(&log);
        let error = log.stats().last_error.unwrap();
        assert!(error.contains("stayed locked by another process"), "{error}");
        assert_eq!(bench.stored(), []);
        other.execute_batch("COMMIT").unwrap();
        log.flush(LONG).unwrap();
        assert_eq!(bench.stored(), ids(0..10));
        writer.stop(LONG).unwrap();
    }

    #[test]
    fn a_stop_writes_all_that_waits_and_takes_nothing_more() {
        let bench = Bench::new();
        let (log, writer) = bench.log(1_000);
        (0..300).for_each(|number| log.record(event(number)));
        let stats = writer.stop(LONG).unwrap();
        assert_eq!((stats.written, stats.waiting, stats.dropped), (300, 0, 0));
        log.record(event(300));
        assert_eq!(log.stats().dropped, 1);
        assert_eq!(bench.stored(), ids(0..300));
        assert!(log.flush(LONG).is_ok(), "nothing that was taken in is unwritten");
    }

    #[test]
    fn whoever_is_in_a_hurry_does_not_wait_for_a_batch_to_fill() {
        let bench = Bench::new();
        let path = bench.store.path();
        let pace = Pace { gather: Duration::from_secs(86_400), ..PACE };
        let (log, writer) = ClickLog::start_at(pace, |pace| Spool::open(path, pace), path, 100).unwrap();
        log.record(event(0));
        log.flush(LONG).unwrap();
        log.record(event(1));
        writer.stop(LONG).unwrap();
        assert_eq!(bench.stored(), ids(0..2));
    }

    #[test]
    fn a_stop_that_cannot_write_ends_and_counts_what_is_lost() {
        let bench = Bench::new();
        let (log, writer) = bench.log(100);
        let other = Connection::open(bench.store.path()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        (0..70).for_each(|number| log.record(event(number)));
        let unwritten = writer.stop(SHORT).unwrap_err();
        assert_eq!((unwritten.stats.waiting, unwritten.stats.dropped), (0, 70));
        let text = unwritten.to_string();
        assert!(text.starts_with("70 click events are not written to ") && text.contains("locked"), "{text}");
    }

    #[test]
    fn an_event_that_comes_again_is_one_row() {
        let bench = Bench::new();
        let (log, writer) = bench.log(100);
        [1, 2, 1, 3, 2].into_iter().for_each(|number| log.record(event(number)));
        log.flush(LONG).unwrap();
        log.record(event(3));
        log.flush(LONG).unwrap();
        assert_eq!(bench.stored(), ids(1..4));
        assert_eq!(writer.stop(LONG).unwrap().written, 6);
    }

    #[test]
    fn many_threads_lose_nothing() {
        let bench = Bench::new();
        let (log, writer) = bench.log(10_000);
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let log = log.clone();
                scope.spawn(move || {
                    (thread * 100..(thread + 1) * 100).for_each(|number| log.record(event(number)));
                    log.flush(LONG).unwrap();
                });
            }
        });
        assert_eq!(bench.stored(), ids(0..800));
        writer.stop(LONG).unwrap();
    }

    #[test]
    fn a_store_that_was_moved_away_is_made_anew() {
        let bench = Bench::new();
        let (log, writer) = bench.log(100);
        log.record(event(1));
        log.flush(LONG).unwrap();
        let path = bench.store.path().to_owned();
        std::fs::rename(&path, bench.folder.path().join("old.sqlite")).unwrap();
        log.record(event(2));
        log.flush(LONG).unwrap();
        let stored = Store::open_existing(&path).unwrap().clicks(&ClickFilter::default(), Reveal::Masked).unwrap();
        assert_eq!(stored.into_iter().map(|event| event.event_id).collect::<Vec<_>>(), ids(2..3));
        writer.stop(LONG).unwrap();
    }

    #[test]
    fn a_store_that_cannot_be_opened_is_told_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/store.sqlite");
        let open = |pace| Spool::open(&path, pace);
        let error = ClickLog::start_at(PACE, open, &path, 1).unwrap_err();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    }
}
