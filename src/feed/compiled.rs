use std::{
    cell::Cell,
    fmt,
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    map::map,
    scratch::{ScratchFiles, TargetFile},
    secret::fresh_seed,
};
use crate::{
    base::Timestamp,
    list::{self, BadLine, BuildError, Builder, Context, Head, Imprint, Read, Refused, Table},
};

/// Bytes of entries that are held in memory while a list is compiled; about twice as much is used in all.
const ROOM: usize = 128 << 20;
/// Generations of a list that are kept: the one in force and the one before.
const KEPT: usize = 2;
/// Entries between two words about how far it is.
const STEP: u64 = 1 << 16;
/// Digits of a generation in the name of a file, so that names are in the order of generations.
const DIGITS: usize = 20;

/// A folder of compiled lists, one file for each generation of each list: `NAME.GENERATION.index`.
///
/// A file is written under another name, synced, renamed, and the folder synced; from then on it never changes. The
/// generation before stays until the next: where the newest file cannot be read, it is the one in force.
#[derive(Debug, Clone)]
pub struct Compiled {
    folder: PathBuf,
    room: usize,
    listener: Option<Listener>,
    turn: Arc<Mutex<()>>,
}

/// How far compiling a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Its text is read.
    Reading {
        /// Entries so far.
        entries: u64,
        /// Bytes so far, and all of them.
        bytes: (u64, u64),
    },
    /// Entries were put in their place, so many of so many.
    Placing(u64, u64),
}

/// Hears how far a list is, by its name.
type Hears = dyn Fn(&str, Progress) + Send + Sync;

#[derive(Clone)]
struct Listener(Arc<Hears>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

/// Why a list is not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The list, or the folder of compiled lists.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The index itself.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// What was written does not read back.
    #[error("{}: {error}; the disk, or the memory, may be failing", path.display())]
    Check {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: Refused,
    },
}

/// A list that was read and sorted, and is not in force.
pub struct Draft {
    builder: Builder<'static>,
    /// What came of reading it.
    pub read: Read,
}

impl Compiled {
    /// A folder, which is made where it does not exist, and swept of what a crash left in it.
    ///
    /// # Errors
    /// [`CompileError::File`].
    pub fn at(folder: PathBuf) -> Result<Self, CompileError> {
        let made = || {
            make_private(&folder)?;
            for item in fs::read_dir(&folder)? {
                let item = item?;
                if item.file_name().to_str().is_some_and(is_left) {
                    fs::remove_file(item.path())?;
                }
            }
            Ok(())
        };
        made().map_err(|error| CompileError::File { path: folder.clone(), error })?;
        Ok(Self { folder, room: ROOM, listener: None, turn: Arc::default() })
    }

    /// The same with other room in memory, in bytes.
    #[must_use]
    pub fn with_room(self, room: usize) -> Self {
        Self { room, ..self }
    }

    /// The same, and `listener` hears now and then how far a list is.
    #[must_use]
    pub fn heard_by(self, listener: impl Fn(&str, Progress) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Listener(Arc::new(listener))), ..self }
    }

    /// Waits until no other list of this folder is compiled by this process: each takes [`ROOM`], and they would take
    /// the disk from one another.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, name: &str, progress: Progress) {
        if let Some(Listener(hears)) = &self.listener {
            hears(name, progress);
        }
    }

    /// The newest generation of a list that can be read. Newer ones that cannot are told to the log and taken away.
    pub fn newest(&self, name: &str) -> Option<Table> {
        self.generations(name).into_iter().rev().find_map(|(_, path)| {
            let opened = map(&path).map_err(|error| error.to_string());
            let table = opened.and_then(|bytes| Table::open(bytes).map_err(|refused| refused.to_string()));
            table
                .inspect_err(|error| {
                    let file = path.display();
                    tracing::error!(%file, "a compiled list cannot be used, the one before is: {error}");
                    // Best effort: it is passed over the next time too.
                    let _ = fs::remove_file(&path);
                })
                .ok()
        })
    }

    /// Reads every record of a generation and checks its part's sum.
    ///
    /// # Errors
    /// What the system says, or what is damaged.
    pub(super) fn check(&self, name: &str, table: &Table) -> io::Result<()> {
        let (_, path) = self
            .generations(name)
            .into_iter()
            .find(|(generation, _)| *generation == table.generation())
            .ok_or(io::ErrorKind::NotFound)?;
        table.check_records_in(File::open(path)?)
    }

    /// Reads a list and sorts its entries, in bounded memory.
    ///
    /// # Errors
    /// [`CompileError::File`], where reading fails, or writing what does not fit in memory.
    pub fn draft(&self, name: &str, text: &Path, context: &Context<'_>) -> Result<Draft, CompileError> {
        let failed = |error| CompileError::File { path: text.to_owned(), error };
        let file = File::open(text).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let passed = Cell::new(0);
        let file = BufReader::with_capacity(1 << 20, Metered { file, passed: &passed });
        let mut builder = Builder::new(fresh_seed(), self.room, ScratchFiles::new(self.half(name)));
        let read = list::read(name, file, context, |entry| {
            builder.push(0, &entry).map_err(|error| {
                let folder = self.folder.display();
                io::Error::new(error.kind(), format!("what does not fit in memory cannot go to {folder}: {error}"))
            })?;
            if builder.len().is_multiple_of(STEP) {
                let bytes = (passed.get(), size.max(passed.get()));
                self.tell(name, Progress::Reading { entries: builder.len(), bytes });
            }
            Ok(())
        });
        Ok(Draft { builder, read: read.map_err(failed)? })
    }

    /// Writes a draft as the next generation of its list. `made_of` tells later whether it is still what the list says.
    /// A draft that is spoilt has no entries.
    ///
    /// # Errors
    /// [`CompileError`]; the generations before stay as they are.
    pub fn publish(
        &self,
        draft: Draft,
        since: Timestamp,
        made_of: String,
    ) -> Result<(Table, Vec<BadLine>), CompileError> {
        let Draft { builder, read: Read { mut head, bad, is_spoilt } } = draft;
        let builder = if is_spoilt { Builder::in_memory(fresh_seed()) } else { builder };
        head.since = Some(since);
        let name = head.name.clone();
        let generations = self.generations(&name);
        let generation = generations.last().map_or(1, |(generation, _)| generation + 1);
        let path = self.folder.join(format!("{}.{generation:0DIGITS$}.index", stem(&name)));
        let half = self.half(&name);
        let table = self.write(&half, &path, builder, Imprint { lists: vec![head], generation, made_of });
        let table = table.inspect_err(|_| {
            // Best effort: the first error is the one to tell.
            let _ = fs::remove_file(&half);
        })?;
        for (_, old) in generations.iter().rev().skip(KEPT - 1) {
            // Best effort: an old generation too many does no harm.
            let _ = fs::remove_file(old);
        }
        Ok((table, bad))
    }

    fn write(
        &self,
        half: &Path,
        path: &Path,
        builder: Builder<'static>,
        imprint: Imprint,
    ) -> Result<Table, CompileError> {
        let failed = |error| CompileError::File { path: half.to_owned(), error };
        let mut file = TargetFile(create_private(half).map_err(failed)?);
        let name = imprint.lists.first().map(|head| head.name.clone()).unwrap_or_default();
        builder.finish(imprint, &mut file, &mut |done, all| self.tell(&name, Progress::Placing(done, all)))?;
        file.0.sync_all().map_err(failed)?;
        // Read back before it can take the place of what is good.
        let refused = |error| CompileError::Check { path: half.to_owned(), error };
        let table = Table::open(map(half).map_err(failed)?).map_err(refused)?;
        File::open(half).and_then(|file| table.check_records_in(file)).map_err(failed)?;
        fs::rename(half, path).and_then(|()| sync_folder(&self.folder)).map_err(failed)?;
        Ok(table)
    }

    /// Takes away every generation of a list that is no more.
    pub fn forget(&self, name: &str) {
        for (_, path) in self.generations(name) {
            // Best effort: a list that is not there is not asked for.
            let _ = fs::remove_file(path);
        }
    }

    /// Generations of a list and their files, oldest first.
    fn generations(&self, name: &str) -> Vec<(u64, PathBuf)> {
        let stem = stem(name);
        let items = fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        let mut found: Vec<_> = items
            .filter_map(|item| {
                let file = item.file_name();
                let rest = file.to_str()?.strip_prefix(&*stem)?.strip_prefix('.')?;
                let digits = rest.strip_suffix(".index").filter(|digits| digits.len() == DIGITS)?;
                Some((digits.parse().ok()?, item.path()))
            })
            .collect();
        found.sort();
        found
    }

    /// Where a list is written before it has its name. A leading dot marks what a crash leaves.
    fn half(&self, name: &str) -> PathBuf {
        self.folder.join(format!(".{}.{}", stem(name), std::process::id()))
    }
}

impl Draft {
    /// What the list says of itself.
    pub fn head(&self) -> &Head {
        &self.read.head
    }
}

/// Counts what is read of a file.
struct Metered<'p> {
    file: File,
    passed: &'p Cell<u64>,
}

impl io::Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.passed.set(self.passed.get() + read as u64);
        Ok(read)
    }
}

/// Whether a file is half made, and by no process that could go on with it: a service may compile while a command does.
fn is_left(name: &str) -> bool {
    let Some(rest) = name.strip_prefix('.') else { return false };
    // `.STEM.PID`, and `.STEM.PID.runN`.
    let rest = match rest.rsplit_once(".run") {
        Some((rest, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => rest,
    };
    let process = rest.rsplit_once('.').and_then(|(_, process)| process.parse::<u32>().ok());
    process.is_none_or(|process| process == std::process::id() || !is_alive(process))
}

/// Whether there is such a process; where nobody can say, there is none.
fn is_alive(process: u32) -> bool {
    #[cfg(unix)]
    {
        let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
        let asked = process.map(rustix::process::test_kill_process);
        // One of somebody else's may not be asked, and is there.
        matches!(asked, Some(Ok(()) | Err(rustix::io::Errno::PERM)))
    }
    #[cfg(not(unix))]
    {
        let _ = process;
        false
    }
}

/// The name of a list as the name of a file: that of a feed has a slash in it.
fn stem(name: &str) -> String {
    name.replace('@', "@0").replace('/', "@1")
}

/// The seed of an index stands in its file and is a secret.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_is_making_is_no_leaving() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let (own, theirs) = (std::process::id(), child.id());
        for of_theirs in [format!(".block.{theirs}"), format!(".@feeds@1a.{theirs}.run12")] {
            assert!(!is_left(&of_theirs), "{of_theirs}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for left in [format!(".block.{theirs}.run0"), format!(".block.{own}"), ".x".into(), ".x.run1".into()] {
            assert!(is_left(&left), "{left}");
        }
        assert!(!is_left("block.00000000000000000001.index"));
    }
}
