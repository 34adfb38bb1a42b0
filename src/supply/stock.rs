use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, BufWriter, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{Feed, FeedState, FeedStatus, Version, draft::head};
use crate::{base::Timestamp, list::version_of_all};

/// Bytes of a state, at most.
const STATE_BYTES: u64 = 1 << 20;

/// The folder of feeds. Of each there stand in it: `NAME.list`, what is in force; `NAME.before`, what was before that;
/// `NAME.refused`, an update that was refused; `NAME.json`, what is known of it. Every file appears whole or not at all,
/// and whoever changes those of a feed holds its lock, so that a service and a command never work on one at the same time.
#[derive(Debug, Clone)]
pub struct Stock {
    folder: PathBuf,
}

/// Why a feed's files cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// A file or the folder.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Somebody else is at it.
    #[error("the feed {0} is being updated by another process; try again in a moment")]
    Busy(String),
    /// There is nothing to take back to.
    #[error("of the feed {0} no version before is kept")]
    NothingBefore(String),
    /// There is nothing to accept.
    #[error("no update of the feed {0} waits to be accepted{1}")]
    NothingRefused(String, &'static str),
}

/// A feed whose files nobody else changes meanwhile.
pub(super) struct Held<'s> {
    stock: &'s Stock,
    name: String,
    _lock: File,
}

impl Stock {
    /// The feeds of a folder.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the list of a feed stands.
    pub fn list_of(&self, name: &str) -> PathBuf {
        self.path(name, "list")
    }

    /// What is known of a feed; nothing where it is new, or where its file cannot be read, which is told to the log.
    pub fn state_of(&self, feed: &Feed) -> FeedState {
        let path = self.path(&feed.name, "json");
        let read = || {
            let mut text = Vec::new();
            io::Read::read_to_end(&mut io::Read::take(File::open(&path)?, STATE_BYTES), &mut text)?;
            Ok::<FeedState, io::Error>(serde_json::from_slice(&text)?)
        };
        match read() {
            Ok(state) => state,
            Err(error) if error.kind() == io::ErrorKind::NotFound => FeedState::default(),
            Err(error) => {
                tracing::error!(feed = feed.name, "what was known of the feed is lost: {}: {error}", path.display());
                FeedState::default()
            }
        }
    }

    /// How a feed stands.
    pub fn status_of(&self, feed: &Feed, now: Timestamp) -> FeedStatus {
        FeedStatus::of(feed, self.state_of(feed), now)
    }

    /// Has the lists of these feeds in force and no others: those of feeds that are no longer configured are put aside,
    /// and come back with them. What their entries amount to is brought up to the configuration.
    ///
    /// # Errors
    /// [`StockError::File`], and [`StockError::Busy`], where all is done but for a feed that is being updated.
    pub fn keep_only(&self, feeds: &[Feed]) -> Result<(), StockError> {
        if feeds.is_empty() && !self.folder.exists() {
            return Ok(());
        }
        self.make()?;
        let failed = |error| StockError::File { path: self.folder.clone(), error };
        for item in fs::read_dir(&self.folder).map_err(failed)? {
            let item = item.map_err(failed)?;
            let file = item.file_name();
            let Some(name) = file.to_str().and_then(|name| name.strip_suffix(".list")) else { continue };
            if !feeds.iter().any(|feed| feed.name == name) {
                tracing::warn!(feed = name, "the feed is no longer configured, its list is put aside");
                self.rename(name, "list", "aside")?;
            }
        }
        let mut busy = None;
        for feed in feeds {
            let (list, aside) = (self.list_of(&feed.name), self.path(&feed.name, "aside"));
            if !list.exists() && aside.exists() {
                self.rename(&feed.name, "aside", "list")?;
            }
            if list.exists() {
                match self.hold(&feed.name) {
                    Ok(held) => {
                        if held.set_head(feed)? {
                            held.keep_version(feed)?;
                        }
                    }
                    Err(StockError::Busy(name)) => busy = Some(name),
                    Err(error) => return Err(error),
                }
            }
        }
        busy.map_or(Ok(()), |name| Err(StockError::Busy(name)))
    }

    /// Puts the version before in the place of the one in force, and takes no updates until somebody asks for one.
    ///
    /// # Errors
    /// [`StockError`].
    pub fn roll_back(&self, feed: &Feed, now: Timestamp) -> Result<Version, StockError> {
        let held = self.hold(&feed.name)?;
        let mut state = self.state_of(feed);
        let nothing = || StockError::NothingBefore(feed.name.clone());
        let before = state.before.take().filter(|_| self.path(&feed.name, "before").exists()).ok_or_else(nothing)?;
        self.rename(&feed.name, "before", "list")?;
        held.set_head(feed)?;
        let before = Version { version: self.version(&feed.name)?, ..before };
        state.current = Some(before.clone());
        state.held = Some(now);
        (state.etag, state.last_modified) = (None, None);
        held.keep(&state)?;
        Ok(before)
    }

    /// Puts the update that was refused last in force.
    ///
    /// # Errors
    /// [`StockError`].
    pub fn accept(&self, feed: &Feed, now: Timestamp) -> Result<Version, StockError> {
        let held = self.hold(&feed.name)?;
        let mut state = self.state_of(feed);
        let nothing = |why| StockError::NothingRefused(feed.name.clone(), why);
        let refused = state.refused.take().ok_or_else(|| nothing(""))?;
        if refused.refusal.as_ref().is_some_and(|refusal| !refusal.can_be_overruled()) {
            return Err(nothing(": of what came last nothing can be taken"));
        }
        if !self.path(&feed.name, "refused").exists() {
            return Err(nothing(": its file is gone"));
        }
        let version = held.put_in_force(feed, &mut state, "refused", refused)?;
        state.checked = Some(now);
        state.told = None;
        state.held = None;
        held.keep(&state)?;
        Ok(version)
    }

    /// Takes the lock of a feed.
    pub(super) fn hold(&self, name: &str) -> Result<Held<'_>, StockError> {
        self.make()?;
        let path = self.path(name, "lock");
        let failed = |error| StockError::File { path: path.clone(), error };
        let lock =
            OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Held { stock: self, name: name.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StockError::Busy(name.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn make(&self) -> Result<(), StockError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| StockError::File { path: self.folder.clone(), error })
    }

    fn path(&self, name: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{name}.{kind}"))
    }

    fn rename(&self, name: &str, from: &str, to: &str) -> Result<(), StockError> {
        let path = self.path(name, to);
        let renamed = fs::rename(self.path(name, from), &path).and_then(|()| File::open(&self.folder)?.sync_all());
        renamed.map_err(|error| StockError::File { path, error })
    }

    fn version(&self, name: &str) -> Result<String, StockError> {
        let path = self.list_of(name);
        let version = File::open(&path).and_then(|file| version_of_all(BufReader::with_capacity(1 << 16, file)));
        version.map_err(|error| StockError::File { path, error })
    }
}

impl Held<'_> {
    /// Writes a file whole, and says what came of writing it.
    pub(super) fn write<T, E: From<StockError>>(
        &self,
        kind: &str,
        fill: impl FnOnce(&mut dyn Write) -> Result<T, E>,
    ) -> Result<T, E> {
        let (path, half) = (self.stock.path(&self.name, kind), self.stock.folder.join(format!(".{}.new", self.name)));
        let failed = |error| StockError::File { path: path.clone(), error };
        // Whoever left one there held this lock, and is gone.
        let file =
            OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&half).map_err(failed)?;
        let mut out = BufWriter::with_capacity(1 << 16, file);
        let filled = fill(&mut out).and_then(|filled| {
            let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
            file.sync_all().and_then(|()| fs::rename(&half, &path)).map_err(failed)?;
            File::open(&self.stock.folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
            Ok(filled)
        });
        if filled.is_err() {
            // Best effort: the first error is the one to tell.
            let _ = fs::remove_file(&half);
        }
        filled
    }

    /// Writes down what is known.
    pub(super) fn keep(&self, state: &FeedState) -> Result<(), StockError> {
        let failed = |error: serde_json::Error| StockError::File {
            path: self.stock.path(&self.name, "json"),
            error: error.into(),
        };
        self.write("json", |out| serde_json::to_writer(out, state).map_err(failed))
    }

    /// Puts a file in the place of the list, which becomes the one before.
    pub(super) fn put_in_force(
        &self,
        feed: &Feed,
        state: &mut FeedState,
        kind: &str,
        version: Version,
    ) -> Result<Version, StockError> {
        let list = self.stock.list_of(&self.name);
        if list.exists() {
            // Linked and not moved: at every moment there is a list.
            let before = self.stock.path(&self.name, "before");
            let half = self.stock.folder.join(format!(".{}.before", self.name));
            // Left by somebody who was killed half-way.
            let _ = fs::remove_file(&half);
            let linked = fs::hard_link(&list, &half).and_then(|()| fs::rename(&half, &before));
            linked.map_err(|error| StockError::File { path: before, error })?;
            state.before = state.current.take();
        }
        self.stock.rename(&self.name, kind, "list")?;
        self.set_head(feed)?;
        let version = Version { version: self.stock.version(&self.name)?, ..version };
        (state.etag, state.last_modified) = version.validators.clone();
        state.current = Some(version.clone());
        state.refused = None;
        state.takes += 1;
        Ok(version)
    }

    /// Takes a refused update away.
    pub(super) fn forget_refused(&self) {
        // Best effort: one that stays is not asked for.
        let _ = fs::remove_file(self.stock.path(&self.name, "refused"));
    }

    /// Notes that the list is written otherwise.
    fn keep_version(&self, feed: &Feed) -> Result<(), StockError> {
        let mut state = self.stock.state_of(feed);
        let Some(current) = &mut state.current else { return Ok(()) };
        current.version = self.stock.version(&self.name)?;
        self.keep(&state)
    }

    /// Has the list say what the configuration says of its feed; whether it said something else.
    fn set_head(&self, feed: &Feed) -> Result<bool, StockError> {
        let path = self.stock.list_of(&self.name);
        let failed = |error| StockError::File { path: path.clone(), error };
        let wanted = head(feed);
        let mut reader = BufReader::with_capacity(1 << 16, File::open(&path).map_err(failed)?);
        let (mut found, mut line) = (String::new(), Vec::new());
        loop {
            line.clear();
            let is_head =
                reader.read_until(b'\n', &mut line).map_err(failed)? > 0 && matches!(line.first(), Some(b'#' | b'@'));
            if !is_head {
                break;
            }
            found += std::str::from_utf8(&line).unwrap_or_default();
        }
        if found == wanted {
            return Ok(false);
        }
        self.write("list", |out| {
            let rest = out.write_all(wanted.as_bytes()).and_then(|()| out.write_all(&line));
            rest.and_then(|()| io::copy(&mut reader, out)).map(|_| true).map_err(failed)
        })
    }
}
