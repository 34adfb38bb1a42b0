use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::{StoreError, schema};

/// How long to wait for another process that writes. A writer holds the lock for one batch, milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// The store: wraps and clicks in one SQLite file, shared by every process that is given its path.
///
/// Calls are synchronous and touch the disk; from async code they go through a blocking thread. Many threads may share
/// one store and take turns.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the store, makes it where there is none (readable by its owner alone), and brings an older one up to date.
    /// The mode of a file that is there already is left as the operator set it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        make(path)?;
        let connection = connect(path, PATIENCE)?;
        Ok(Self { path: path.to_owned(), connection: Mutex::new(connection) })
    }

    /// Opens the store, and never makes one: for those who only ask. Errors: [`StoreError::Missing`] beside the rest.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        let connection = connect(path, PATIENCE)?;
        Ok(Self { path: path.to_owned(), connection: Mutex::new(connection) })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, for one use. A thread that panicked left no transaction open: they roll back when dropped.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        move |source| StoreError::of(&self.path, doing, source)
    }
}

/// Makes an empty file that only its owner may read, if there is none; SQLite gives its log files the same mode.
pub(super) fn make(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(source) => Err(StoreError::Unreachable { path: path.to_owned(), source }),
    }
}

/// A connection of its own, on the newest schema, that waits at most `patience` for others.
pub(super) fn connect(path: &Path, patience: Duration) -> Result<Connection, StoreError> {
    let failed = |source| StoreError::of(path, "open it", source);
    // Not `SQLITE_OPEN_URI`: a path is a path, whatever stands in it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(patience).map_err(failed)?;
    // Before anything is changed in a file that may not be ours.
    schema::check(path, &connection)?;
    log_ahead(path, &connection, patience)?;
    // FULL for clicks too: they are written in batches, at most a few syncs a second, and a batch that is said to be
    // written is on the disk.
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(failed)?;
    schema::migrate(path, &connection)?;
    Ok(connection)
}

/// Turns on the write-ahead log. SQLite does not always wait for the lock here when several processes open a new file
/// at once, so this asks again.
fn log_ahead(path: &Path, connection: &Connection, patience: Duration) -> Result<(), StoreError> {
    let pause = Duration::from_millis(20);
    let mut tries = patience.as_millis() / pause.as_millis();
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => return Err(StoreError::NoWriteAheadLog { path: path.to_owned(), mode }),
            Err(error) if tries > 0 && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                tries -= 1;
                std::thread::sleep(pause);
            }
            Err(error) => return Err(StoreError::of(path, "open it", error)),
        }
    }
}

/// Begins a transaction that holds the writer's lock from its first moment: one that began by reading could not be
/// made to wait once another process has written in between.
pub(super) fn begin(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn many_who_make_the_store_at_once_all_get_it() {
        for _ in 0..10 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store.sqlite");
            let start = Barrier::new(8);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        start.wait();
                        Store::open(&path).unwrap();
                    });
                }
            });
        }
    }
}
