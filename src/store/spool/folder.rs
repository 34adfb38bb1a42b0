//! Folders of segments: each belongs to the process that holds its lock, and to whoever comes next when that has ended.

use std::{
    collections::VecDeque,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Position, SpoolId,
    frame::Checker,
    segment::{Extent, FIRST, Head, Slot},
};
use crate::{base::Timestamp, store::StoreError};

/// Most folders: a hand-over needs two, and whoever makes more has lost track of them.
const FOLDERS_MAX: usize = 32;

/// The file that is locked; it holds the id. The lock is the kernel's and goes with the process.
const LOCK: &str = "lock";

/// A folder, held.
#[derive(Debug)]
pub(in crate::store) struct Folder {
    pub(in crate::store) path: PathBuf,
    pub(in crate::store) id: SpoolId,
    /// Holds the lock as long as it is open.
    lock: Mutex<Option<File>>,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(in crate::store) struct Content {
    /// Segments with events that may not be in the store yet, oldest first.
    pub(super) live: VecDeque<Live>,
    /// Files that hold nothing.
    pub(super) free: VecDeque<Arc<Slot>>,
    /// The number of the next segment.
    pub(in crate::store) next: u64,
    /// Something half-written was found behind the good frames of so many segments.
    pub(super) torn: u64,
}

/// A segment with events that may not be in the store yet.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) segment: u64,
    pub(super) slot: Arc<Slot>,
    /// How far its events are safe on the disk.
    pub(super) safe: Extent,
    /// Whether nothing more comes into it.
    pub(super) closed: bool,
}

impl Folder {
    /// The first that nobody holds; it is made if need be, readable by its owner alone.
    pub(in crate::store) fn take(root: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Spool { path: root.to_owned(), doing: "take", source };
        for number in 0..FOLDERS_MAX {
            let path = root.join(number.to_string());
            DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed)?;
            if let Some(folder) = Self::try_take(path).map_err(failed)? {
                return Ok(folder);
            }
        }
        Err(failed(io::Error::other(format!("{FOLDERS_MAX} processes hold one each"))))
    }

    /// All that nobody holds although there are segments in them.
    pub(in crate::store) fn abandoned(root: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for number in 0..FOLDERS_MAX {
            let path = root.join(number.to_string());
            if !path.exists() || segment_files(&path)?.is_empty() {
                continue;
            }
            found.extend(Self::try_take(path)?);
        }
        Ok(found)
    }

    fn try_take(path: PathBuf) -> io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        let mut lock = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut bytes = Vec::new();
        (&mut lock).take(17).read_to_end(&mut bytes)?;
        let id = match <[u8; 16]>::try_from(bytes) {
            Ok(id) => SpoolId(id),
            // New, or cut off as it was made: there are no segments yet.
            Err(_) => {
                let id = SpoolId::new()?;
                lock.set_len(0)?;
                std::os::unix::fs::FileExt::write_all_at(&lock, &id.0, 0)?;
                lock.flush()?;
                lock.sync_all()?;
                id
            }
        };
        Ok(Some(Self { path, id, lock: Mutex::new(Some(lock)) }))
    }

    /// Leaves it to others.
    pub(in crate::store) fn release(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// What is in it, less what the store has up to `drained`. A segment that was not sealed is read to its end and cut
    /// there; everything else is known from the heads.
    ///
    /// Segments are numbered by the time at which they begin, or one more than the last: so a number counts for every
    /// store that the spool was ever read into, and not only for the one of today.
    pub(in crate::store) fn content(&self, drained: Option<Position>, now: Timestamp) -> io::Result<Content> {
        let after = drained.map_or(1, |drained| drained.segment + 1);
        let mut content = Content { next: after.max(now.millis().unsigned_abs()), ..Content::default() };
        for path in segment_files(&self.path)? {
            let slot = Slot::open(&path)?;
            let (segment, seal) = match slot.head()? {
                Head::Segment(id, segment, seal) if id == self.id => (segment, seal),
                Head::Empty => {
                    content.free.push_back(Arc::new(slot));
                    continue;
                }
                Head::Segment(..) | Head::Unknown => {
                    set_aside(&path)?;
                    continue;
                }
            };
            content.next = content.next.max(segment + 1);
            if drained.is_some_and(|drained| segment < drained.segment) {
                slot.zero(0)?;
                content.free.push_back(Arc::new(slot));
                continue;
            }
            let (safe, closed) = match seal {
                Some(safe) if (FIRST..=slot.size).contains(&safe.at) => (safe, true),
                _ => (self.cut(&slot, segment, &mut content.torn)?, false),
            };
            content.live.push_back(Live { segment, slot: Arc::new(slot), safe, closed });
        }
        content.live.make_contiguous().sort_by_key(|live| live.segment);
        let newest = content.live.len().saturating_sub(1);
        for (number, live) in content.live.iter_mut().enumerate() {
            // A disk that loses what it said to have would make the store know more than the segment holds.
            let lost = drained.is_some_and(|drained| drained > Position { segment: live.segment, extent: live.safe });
            live.closed |= number < newest || lost;
        }
        Ok(content)
    }

    /// Reads a segment to the end of what is good, and makes zeros of the rest.
    fn cut(&self, slot: &Slot, segment: u64, torn: &mut u64) -> io::Result<Extent> {
        let (safe, is_torn) = slot.scan(&Checker::new(self.id, segment))?;
        if is_torn {
            *torn += 1;
            tracing::warn!(
                path = %slot.path.display(), events = safe.events,
                "the last write of an earlier run was cut off; what is whole before it is kept"
            );
        }
        slot.zero(safe.at)?;
        slot.sync()?;
        Ok(safe)
    }

    /// Makes files until `room` bytes are reserved, each of `size`. Files of another size that hold nothing go; so do
    /// those that are too many. Error: there is no file at all to write to.
    pub(in crate::store) fn reserve(&self, content: &mut Content, room: u64, size: u32) -> io::Result<()> {
        let mut wanted = (room / u64::from(size)).max(2).saturating_sub(content.live.len() as u64);
        let mut kept = VecDeque::new();
        for slot in content.free.drain(..) {
            if slot.size == size && wanted > 0 {
                wanted -= 1;
                kept.push_back(slot);
            } else {
                fs::remove_file(&slot.path)?;
            }
        }
        content.free = kept;
        let mut number = 0;
        while wanted > 0 {
            let path = self.path.join(format!("{number:04}.segment"));
            number += 1;
            match Slot::make(path, size) {
                Ok(slot) => content.free.push_back(Arc::new(slot)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) if content.free.is_empty() && content.live.is_empty() => return Err(error),
                Err(error) => {
                    tracing::error!(
                        %error, path = %self.path.display(),
                        "not all the room for waiting clicks could be reserved; fewer can wait"
                    );
                    break;
                }
            }
            wanted -= 1;
        }
        File::open(&self.path)?.sync_all()
    }
}

impl Folder {
    /// Whether a segment was begun in it and not yet emptied.
    pub(in crate::store) fn is_used(&self) -> io::Result<bool> {
        for path in segment_files(&self.path)? {
            if matches!(Slot::open(&path)?.head()?, Head::Segment(..)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes every segment.
    pub(super) fn clear(&self) {
        let removed = segment_files(&self.path).and_then(|files| files.iter().try_for_each(fs::remove_file));
        if let Err(error) = removed {
            tracing::warn!(%error, path = %self.path.display(), "a spool that is in the store cannot be removed");
        }
    }
}

/// What is not ours is neither read nor written over.
fn set_aside(path: &Path) -> io::Result<()> {
    tracing::error!(
        path = %path.display(), "this is no segment that this version can read: it is renamed to end in .unknown"
    );
    fs::rename(path, path.with_extension("unknown"))
}

fn segment_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "segment") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
