//! The store as the drain of a spool sees it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::{
    StoreError, clicks,
    file::{begin, connect, make},
    flips,
    matches::{self, MATCHES_MAX},
    month,
    spool::{Extent, Pace, Position, Row, SpoolId},
};
use crate::base::Timestamp;

/// Writes batches to the store, through a connection that is made anew when it has failed or its file has gone.
pub(super) struct Sink {
    path: PathBuf,
    pace: Pace,
    open: Option<(Connection, Option<FileId>)>,
    /// Makes the disk fill up.
    #[cfg(test)]
    pub(super) before: Option<Before>,
}

#[cfg(test)]
pub(super) type Before = Box<dyn Fn(&Connection) + Send>;

/// Tells one file from another under the same name.
type FileId = (u64, u64);

impl Sink {
    /// Errors: as [`super::Store::open`].
    pub(super) fn open(path: &Path, pace: Pace) -> Result<Self, StoreError> {
        let mut sink = Self {
            path: path.to_owned(),
            pace,
            open: None,
            #[cfg(test)]
            before: None,
        };
        sink.connection()?;
        Ok(sink)
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
                (connect(&self.path, self.pace.patience)?, file_id(&self.path))
            }
        };
        Ok(&self.open.insert(open).0)
    }

    /// How far the store has a spool.
    pub(super) fn drained(&mut self, spool: SpoolId) -> Result<Option<Position>, StoreError> {
        self.with("read how far the spool was read", |connection| {
            let mut asked = connection.prepare_cached("SELECT segment, at, events FROM drained WHERE spool = ?")?;
            let position = asked.query_row([spool.0], |row| {
                let extent = Extent { at: row.get(1)?, events: row.get(2)? };
                Ok(Position { segment: row.get::<_, i64>(0)?.cast_unsigned(), extent })
            });
            position.optional()
        })
    }

    /// Writes the events that are not yet there and how far the spool was read, all or nothing.
    pub(super) fn write(&mut self, rows: &[Row], spool: SpoolId, to: Position) -> Result<(), StoreError> {
        #[cfg(test)]
        if let Some(before) = self.before.take() {
            before(self.connection()?);
            self.before = Some(before);
        }
        self.with("write clicks", |connection| {
            let transaction = begin(connection)?;
            clicks::insert(&transaction, rows)?;
            matches::note(&transaction, rows)?;
            let mut mark = transaction.prepare_cached(
                "INSERT INTO drained (spool, segment, at, events) VALUES (?, ?, ?, ?)
                 ON CONFLICT (spool) DO UPDATE SET segment = excluded.segment, at = excluded.at, events = excluded.events",
            )?;
            mark.execute((spool.0, to.segment.cast_signed(), to.extent.at, to.extent.events))?;
            drop(mark);
            transaction.commit()
        })
    }

    /// Drops the months that were over by `before`; how many.
    pub(super) fn forget(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        self.with("drop old clicks", |connection| {
            let transaction = begin(connection)?;
            let gone = month::forget(&transaction, before)?;
            flips::forget(&transaction, before)?;
            matches::forget(&transaction, before, MATCHES_MAX)?;
            transaction.commit()?;
            Ok(gone.len())
        })
    }

    fn with<T>(
        &mut self,
        doing: &'static str,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let path = self.path.clone();
        let done = act(self.connection()?).map_err(|error| StoreError::of(&path, doing, error));
        if done.as_ref().is_err_and(|error| !error.is_passing()) {
            self.open = None;
        }
        done
    }
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
