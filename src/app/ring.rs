use std::{
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::system::{NoEntropy, entropy};
use crate::{
    base::Timestamp,
    click::Decoder,
    config::{Config, Named, durable},
    link::{Keyring, KeyringError},
};

/// For its owner alone.
const MODE: u32 = 0o600;

/// Why there is no keyring to work with, or why it was not changed. What was there is there still.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// There is none, and none may be made up: links signed before would be dead.
    #[error(
        "there is no keyring at {path}: put the backup back, or, if no link was ever made with it, run \
         `sekisho keys init`"
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read the keyring {path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read it.
    #[error(
        "the keyring {path} can be read by others (mode {mode:04o}), and whoever reads it can sign links: \
         run `chmod 600 {path}`, and `sekisho keys rotate` if somebody may have"
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It does not hold what a keyring holds.
    #[error("{}", told(path, source))]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: KeyringError,
    },
    /// `init` found one.
    #[error("there is a keyring at {path} already; it is never overwritten. `sekisho keys rotate` brings a new key")]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("cannot write the keyring {path}: {source}; nothing was changed")]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No randomness.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

fn told(path: &Path, error: &KeyringError) -> String {
    match error {
        KeyringError::Text { line, column, problem } => format!("{}:{line}:{column}: {problem}", path.display()),
        other => format!("{}: {other}", path.display()),
    }
}

/// Whether a keyring was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It was made just now and has to be backed up.
    Now,
    /// It was there.
    Before,
}

/// Reads the keyring of a configuration. Where nobody named one and nothing has been kept yet, one is made.
pub fn open_ring(config: &Config, origin: Origin, now: Timestamp) -> Result<(Keyring, Made), RingError> {
    // Asked first: another process on the same fresh folder makes its keyring before its store, so that where there is
    // a store now, there is a keyring too.
    let may_make = may_make_ring(config, origin);
    let path = config.keyring.path();
    match read_ring(path) {
        Err(RingError::Missing { .. }) if may_make => match make_ring(path, now) {
            Ok(ring) => Ok((ring, Made::Now)),
            // Another process was quicker, and its keyring counts.
            Err(RingError::Exists { .. }) => Ok((read_ring(path)?, Made::Before)),
            Err(error) => Err(error),
        },
        other => Ok((other?, Made::Before)),
    }
}

/// Where a configuration came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An admin wrote it: what it needs has to be there.
    Named,
    /// A data folder that is filled on first use.
    DataDir,
}

/// Whether a keyring may be made where there is none.
///
/// A store without a keyring is the sign of a keyring that was lost: a fresh one would leave all links dead without a
/// word.
pub fn may_make_ring(config: &Config, origin: Origin) -> bool {
    origin == Origin::DataDir && matches!(config.keyring, Named::ByDefault(_)) && !config.store.exists()
}

/// Reads a keyring. It has to be its owner's alone.
pub fn read_ring(path: &Path) -> Result<Keyring, RingError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => RingError::Missing { path: path.to_owned() },
        _ => RingError::Unreadable { path: path.to_owned(), source },
    };
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
    let others = if is_credential(path) { 0o037 } else { 0o077 };
    if mode & others != 0 {
        return Err(RingError::Open { path: path.to_owned(), mode });
    }
    let text = Zeroizing::new(io::read_to_string(file).map_err(unreadable)?);
    Keyring::parse(&text).map_err(|source| RingError::Wrong { path: path.to_owned(), source })
}

/// Whether systemd keeps the file for this service (`LoadCredential=`). It gives the user of the service the right to
/// read by an access control list, whose mask shows as the right of the group.
fn is_credential(path: &Path) -> bool {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY");
    folder.is_some_and(|folder| path.parent() == Some(Path::new(&folder)))
}

/// What reads the links of the tenants of `config`, and proves them where the keyring can be read.
pub fn decoder(config: &Config) -> Decoder {
    let ring = read_ring(config.keyring.path()).map_err(|error| format!("it cannot be proven: {error}"));
    Decoder::new(ring, config.tenants.iter().map(|tenant| tenant.id).collect())
}

/// Makes a keyring with one fresh key, where there is none.
pub fn make_ring(path: &Path, now: Timestamp) -> Result<Keyring, RingError> {
    let ring = Keyring::generate(entropy()?, now);
    let written = folder_of(path).and_then(|folder| {
        durable::make_folder(folder)?;
        durable::create(path, ring.to_text().as_bytes(), MODE)
    });
    match written {
        Ok(()) => Ok(ring),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(RingError::Exists { path: path.to_owned() }),
        Err(source) => Err(RingError::Unwritable { path: path.to_owned(), source }),
    }
}

/// Reads a keyring, changes it and writes it back; of two who do so at one time, one waits.
pub fn change_ring<T>(
    path: &Path,
    change: impl FnOnce(&mut Keyring) -> Result<T, KeyringError>,
) -> Result<T, RingError> {
    let unwritable = |source| RingError::Unwritable { path: path.to_owned(), source };
    if !path.exists() {
        return Err(RingError::Missing { path: path.to_owned() });
    }
    let folder = folder_of(path).and_then(File::open).map_err(unwritable)?;
    folder.lock().map_err(unwritable)?;
    let mut ring = read_ring(path)?;
    let changed = change(&mut ring).map_err(|source| RingError::Wrong { path: path.to_owned(), source })?;
    // A symbolic link stays one: what it leads to is what is replaced.
    let real = fs::canonicalize(path).map_err(unwritable)?;
    durable::replace(&real, ring.to_text().as_bytes(), MODE).map_err(unwritable)?;
    Ok(changed)
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(folder) => Ok(folder),
        None => Err(io::Error::new(io::ErrorKind::InvalidInput, "it names no file")),
    }
}
