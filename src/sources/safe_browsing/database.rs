use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Wanted;
use crate::{
    base::Timestamp,
    list::prefixes::{BadUpdate, MAX_ENTRIES, Prefixes},
    sources::file,
};

const MAGIC: &[u8] = b"sekisho prefixes 1\n";
const SUM: usize = 32;
/// Bytes of one file at most.
const LARGEST: u64 = 4 * MAX_ENTRIES as u64 + 65_536;

/// Lists of prefixes, in memory and on the disk, a file each.
#[derive(Debug)]
pub struct Database {
    folder: PathBuf,
    held: ArcSwap<Vec<Arc<Held>>>,
}

/// One list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub name: String,
    /// What the server calls this state of it.
    pub version: Vec<u8>,
    /// When the server last said that this is how it stands.
    pub as_of: Timestamp,
    /// How long after that it may be asked again.
    pub wait: Duration,
    /// Its entries.
    pub prefixes: Prefixes,
}

/// What stands in a file in front of the entries.
#[derive(Serialize, Deserialize)]
struct Head {
    name: String,
    version: Vec<u8>,
    as_of: Timestamp,
    wait_secs: u64,
    entries: usize,
}

impl Database {
    /// The lists of these names as they lie in `folder`. Of one whose file is torn or damaged the version before is
    /// taken, and without that nothing: the server sends it whole.
    pub fn open(folder: &Path, names: &[String]) -> Self {
        let read = |name: &String| {
            let path = path_of(folder, name);
            [path.clone(), file::before(&path)].into_iter().find_map(|path| match Held::read(&path, name) {
                Ok(held) => Some(Arc::new(held)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => {
                    tracing::error!("{} is damaged and is not used: {error}", path.display());
                    None
                }
            })
        };
        let held = names.iter().filter_map(read).collect();
        Self { folder: folder.to_owned(), held: ArcSwap::from_pointee(held) }
    }

    /// The lists that are there.
    pub fn held(&self) -> Arc<Vec<Arc<Held>>> {
        self.held.load_full()
    }

    /// The list of this name, if it is there.
    pub fn list(&self, name: &str) -> Option<Arc<Held>> {
        self.held.load().iter().find(|held| held.name == name).cloned()
    }

    /// Takes an update. It counts once it is on the disk.
    ///
    /// # Errors
    /// It does not fit, or cannot be written; what was there stays.
    pub fn take(&self, update: &Wanted, now: Timestamp) -> Result<(), TakeError> {
        let before = self.list(&update.name);
        let base = before.as_ref().filter(|_| update.is_partial).map(|held| held.prefixes.clone());
        let prefixes = match (&update.checksum, base) {
            (Some(checksum), base) => {
                base.unwrap_or_default().updated(&update.removals, &update.additions, checksum)?
            }
            // Without a checksum nothing changed.
            (None, Some(base)) if update.removals.is_empty() && update.additions.is_empty() => base,
            (None, _) => return Err(BadUpdate::Checksum.into()),
        };
        let held = Held {
            name: update.name.clone(),
            version: update.version.clone(),
            as_of: now,
            wait: update.wait,
            prefixes,
        };
        file::replace(&path_of(&self.folder, &held.name), &held.to_bytes()?)?;
        let mut all = Vec::clone(&self.held.load());
        all.retain(|other| other.name != held.name);
        all.push(Arc::new(held));
        self.held.store(Arc::new(all));
        Ok(())
    }
}

/// Why an update does not count.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// It does not fit.
    #[error(transparent)]
    Update(#[from] BadUpdate),
    /// It cannot be kept.
    #[error("it cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl Held {
    fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let head = Head {
            name: self.name.clone(),
            version: self.version.clone(),
            as_of: self.as_of,
            wait_secs: self.wait.as_secs(),
            entries: self.prefixes.len(),
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend(serde_json::to_vec(&head)?);
        bytes.push(b'\n');
        bytes.extend(self.prefixes.to_bytes());
        let sum: [u8; SUM] = Sha256::digest(&bytes).into();
        bytes.extend(sum);
        Ok(bytes)
    }

    fn read(path: &Path, name: &str) -> io::Result<Self> {
        let bytes = file::read(path, LARGEST)?;
        Self::of_bytes(&bytes, name).ok_or_else(|| io::Error::other("it is not whole, or is something else"))
    }

    fn of_bytes(bytes: &[u8], name: &str) -> Option<Self> {
        let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
        if Sha256::digest(body).as_slice() != sum {
            return None;
        }
        let rest = body.strip_prefix(MAGIC)?;
        let end = memchr::memchr(b'\n', rest)?;
        let head: Head = serde_json::from_slice(rest.get(..end)?).ok()?;
        let prefixes = Prefixes::from_bytes(rest.get(end + 1..)?)?;
        (head.name == name && head.entries == prefixes.len()).then_some(Self {
            name: head.name,
            version: head.version,
            as_of: head.as_of,
            wait: Duration::from_secs(head.wait_secs),
            prefixes,
        })
    }
}

fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.prefixes"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);

    fn update(removals: &[u32], additions: &[u32], result: &[u32]) -> Wanted {
        let bytes: Vec<u8> = result.iter().flat_map(|number| number.to_be_bytes()).collect();
        Wanted {
            name: "se-4b".into(),
            version: vec![1, 2],
            is_partial: !removals.is_empty(),
            removals: removals.to_vec(),
            additions: additions.to_vec(),
            checksum: Some(Sha256::digest(bytes).into()),
            wait: Duration::from_secs(1800),
        }
    }

    fn open(folder: &Path) -> Database {
        Database::open(folder, &["se-4b".to_owned()])
    }

    #[test]
    fn what_was_taken_is_there_after_a_start_and_what_does_not_fit_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path());
        assert_eq!(database.held().len(), 0);
        database.take(&update(&[], &[1, 2, 3], &[1, 2, 3]), NOW).unwrap();
        database.take(&update(&[1], &[9], &[1, 3, 9]), NOW).unwrap();
        let wrong = database.take(&update(&[0], &[], &[1, 3, 9]), NOW);
        assert!(matches!(wrong, Err(TakeError::Update(BadUpdate::Checksum))));
        let again = open(folder.path()).list("se-4b").unwrap();
        assert_eq!(Some(&again), database.list("se-4b").as_ref());
        assert!(again.prefixes.contains(9) && !again.prefixes.contains(2));
        let nothing = Wanted { checksum: None, is_partial: true, ..update(&[], &[], &[]) };
        database.take(&nothing, NOW.plus_millis(1)).unwrap();
        assert_eq!(database.list("se-4b").unwrap().as_of, NOW.plus_millis(1));
        let unproved = Wanted { checksum: None, ..update(&[], &[4], &[4]) };
        assert!(database.take(&unproved, NOW).is_err(), "nothing proves it");
    }

    #[test]
    fn of_a_damaged_file_the_version_before_counts_and_without_it_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(folder.path(), "se-4b");
        let database = open(folder.path());
        database.take(&update(&[], &[1], &[1]), NOW).unwrap();
        let first = fs::read(&path).unwrap();
        fs::write(&path, first.get(..first.len() - 1).unwrap()).unwrap();
        assert!(open(folder.path()).list("se-4b").is_none());
        fs::write(&path, &first).unwrap();
        database.take(&update(&[], &[2], &[2]), NOW).unwrap();
        let mut torn = fs::read(&path).unwrap();
        let middle = torn.len() / 2;
        torn[middle] ^= 1;
        fs::write(&path, torn).unwrap();
        assert!(open(folder.path()).list("se-4b").unwrap().prefixes.contains(1));
    }

    proptest! {
        #[test]
        fn no_bytes_but_whole_ones_are_a_list(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0_usize..200, bit in 0_u8..8) {
            prop_assert_eq!(Held::of_bytes(&bytes, "x"), None);
            let held = Held { name: "x".into(), version: vec![7], as_of: NOW, wait: Duration::ZERO, prefixes: Prefixes::from_bytes(&[0, 0, 0, 1]).unwrap() };
            let mut written = held.to_bytes().unwrap();
            prop_assert_eq!(Held::of_bytes(&written, "x"), Some(held));
            if let Some(byte) = written.get_mut(at) {
                *byte ^= 1 << bit;
                prop_assert_eq!(Held::of_bytes(&written, "x"), None);
            }
        }
    }
}
