use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

/// What went wrong with the store: which file, what, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such file.
    #[error("there is no store at {path}: start `sekisho serve` once, or name the folder where the store lies")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file cannot be made or reached.
    #[error("cannot open the store {path}: {source}; make its folder and give it to the user who runs Sekisho")]
    Unreachable {
        /// The store.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It may not be read or written.
    #[error(
        "may not {doing} in the store {path}: the user who runs Sekisho must own the file, `{path}-wal`, `{path}-shm` \
         and their folder, and the file system must be writable"
    )]
    Forbidden {
        /// The store.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
    },
    /// The disk is full.
    #[error("no room to {doing} in the store {path}: free space on its disk; what is already stored is whole")]
    Full {
        /// The store.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
    },
    /// The disk does not do what it should; full, SQLite's shared memory cannot grow, and it says no more than this.
    #[error("could not {doing} in the store {path}: {source}; see whether its disk is full or failing")]
    Disk {
        /// The store.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Another process writes all the time.
    #[error("the store {path} stayed locked by another process, so that I could not {doing}: try again")]
    Busy {
        /// The store.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
    },
    /// The file is damaged, or not SQLite's.
    #[error(
        "the store {path} is damaged or no store at all ({what}): move it aside, with `{path}-wal` beside it, and put \
         back a backup or start with a new one; links open without it"
    )]
    Damaged {
        /// The store.
        path: PathBuf,
        /// What SQLite says.
        what: String,
    },
    /// A database of some other program.
    #[error("{path} is a database of another program: name another file for the store; nothing was changed")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer Sekisho has been here.
    #[error(
        "the store {path} was written by a newer Sekisho (schema {found}, this one knows {known}): run that version \
         or a later one, or put back a backup from before; nothing was changed"
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// The schema of the file.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// Where it lies cannot hold it.
    #[error(
        "the store {path} cannot have a write-ahead log there (SQLite stays in mode `{mode}`): put it on a local disk, \
         not a network share"
    )]
    NoWriteAheadLog {
        /// The store.
        path: PathBuf,
        /// The journal mode it stays in.
        mode: String,
    },
    /// The writing thread could not be started.
    #[error("cannot start the thread that writes clicks to {path}: {source}")]
    Thread {
        /// The store.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder in which clicks wait for the store.
    #[error(
        "cannot {doing} the spool {path}, where clicks wait for the store: {source}; the user who runs Sekisho must own \
         the folder, its disk must be local and have room"
    )]
    Spool {
        /// The folder, or a file in it.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A row cannot be read back.
    #[error(
        "could not {doing}: a row of the store {path} cannot be read ({what}); another version of Sekisho may have \
         written it: run the newest one that uses this store"
    )]
    Unreadable {
        /// The store.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What is wrong with the row.
        what: String,
    },
    /// Anything else.
    #[error("could not {doing} in the store {path}: {source}")]
    Other {
        /// The store.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// What SQLite said while `doing` something with the file at `path`.
    pub(super) fn of(path: &Path, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        if let rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) = source {
            return Self::Unreadable { path, doing, what: source.to_string() };
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path, doing },
            Some(ErrorCode::SystemIoFailure) => Self::Disk { path, doing, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path, doing },
            Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::AuthorizationForStatementDenied) => {
                Self::Forbidden { path, doing }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path, what: source.to_string() }
            }
            Some(ErrorCode::CannotOpen) => {
                Self::Unreachable { path, source: io::Error::other("SQLite cannot open it or its write-ahead log") }
            }
            _ => Self::Other { path, doing, source },
        }
    }

    /// Whether trying again may help without anybody's doing: another process holds the lock, or the disk is full.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Full { .. })
    }
}
