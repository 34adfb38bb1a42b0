use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    config::durable,
    http::api::{Grants, GrantsError},
};

/// For its owner alone: it holds no secret, but whoever writes it lets others in.
const MODE: u32 = 0o600;
/// Bytes of a file of tokens; some tens of thousands of them.
const LARGEST: u64 = 16 << 20;

/// Why the tokens cannot be read or changed. What was there is there still.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The file cannot be read.
    #[error("cannot read the tokens {path}: {source}", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not hold what it should, or the change is none.
    #[error("{}", told(path, source))]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: GrantsError,
    },
    /// It cannot be written.
    #[error("cannot write the tokens {path}: {source}; nothing was changed", path = path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn told(path: &Path, error: &GrantsError) -> String {
    match error {
        GrantsError::Text { line, column, what } => format!("{}:{line}:{column}: {what}", path.display()),
        other => other.to_string(),
    }
}

/// The file of tokens, read again whenever it is another than before: what is taken back counts at the next request.
#[derive(Debug)]
pub(super) struct TokenFile {
    path: PathBuf,
    read: Mutex<Option<(Stamp, Arc<Grants>)>>,
}

/// What tells one file from another; none where there is no file.
type Stamp = Option<(u64, u64, i64, i64, u64)>;

impl TokenFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, read: Mutex::default() }
    }

    /// The tokens that count now.
    pub(super) fn grants(&self) -> Result<Arc<Grants>, TokensError> {
        let unreadable = |source| TokensError::Unreadable { path: self.path.clone(), source };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path).map_err(unreadable)?;
        match &*read {
            Some((of, grants)) if *of == stamp => Ok(Arc::clone(grants)),
            _ => {
                let grants = Arc::new(read_tokens(&self.path)?);
                *read = Some((stamp, Arc::clone(&grants)));
                Ok(grants)
            }
        }
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let of = |file: Metadata| (file.dev(), file.ino(), file.mtime(), file.mtime_nsec(), file.len());
    match fs::metadata(path) {
        Ok(file) => Ok(Some(of(file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a file of tokens; where there is none, nobody has one.
pub fn read_tokens(path: &Path) -> Result<Grants, TokensError> {
    let unreadable = |source| TokensError::Unreadable { path: path.to_owned(), source };
    let text = match File::open(path) {
        Ok(file) if file.metadata().is_ok_and(|file| file.len() > LARGEST) => {
            return Err(unreadable(io::Error::other(format!("it is larger than {LARGEST} bytes"))));
        }
        Ok(file) => io::read_to_string(file).map_err(unreadable)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Grants::default()),
        Err(error) => return Err(unreadable(error)),
    };
    Grants::parse(&text).map_err(|source| TokensError::Wrong { path: path.to_owned(), source })
}

/// Reads the tokens, changes them and writes them back; of two who do so at one time, one waits.
pub fn change_tokens<T>(
    path: &Path,
    change: impl FnOnce(&mut Grants) -> Result<T, GrantsError>,
) -> Result<T, TokensError> {
    let unwritable = |source| TokensError::Unwritable { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    durable::make_folder(folder).map_err(unwritable)?;
    let lock = File::open(folder).map_err(unwritable)?;
    lock.lock().map_err(unwritable)?;
    let mut grants = read_tokens(path)?;
    let changed = change(&mut grants).map_err(|source| TokensError::Wrong { path: path.to_owned(), source })?;
    // A symbolic link stays one: what it leads to is what is replaced.
    let real = if path.exists() { fs::canonicalize(path).map_err(unwritable)? } else { path.to_owned() };
    durable::replace(&real, grants.to_text().as_bytes(), MODE).map_err(unwritable)?;
    Ok(changed)
}
