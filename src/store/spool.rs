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
    pub(super) before: Option<Box<dyn Fn(&Connection) + Send>>,
}

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
