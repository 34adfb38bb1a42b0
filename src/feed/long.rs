//! Lists that are too long to be read while an edit of another one waits: each is compiled by a thread of its own.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use super::{
    CompileError, Compiled, Problem, Settings,
    folder::{self, Stamp},
    loader::LONG_LIST,
};
use crate::{
    base::Timestamp,
    list::{Context, Protected, Table, version_of},
};

/// From this size on a list is compiled to the disk: about forty thousand names.
pub const LONG_FILE_BYTES: u64 = 1 << 20;

/// The nice value of a thread that compiles, which Linux keeps for each thread, as it does for the one that sorts for it.
#[cfg(target_os = "linux")]
const QUIET: i32 = 10;

/// Where long lists are compiled to.
#[derive(Debug, Clone)]
pub struct Long {
    /// The folder.
    pub compiled: Compiled,
    /// Bytes of a list from which on it is long.
    pub from_bytes: u64,
}

impl Long {
    /// Long lists as usual: those of the folder `lists` are compiled to a folder of their own in `root`.
    ///
    /// # Errors
    /// [`CompileError::File`], where that folder cannot be made.
    pub fn within(root: &Path, lists: &Path) -> Result<Self, CompileError> {
        let folder = root.join(version_of(lists.as_os_str().as_encoded_bytes()));
        Ok(Self { compiled: Compiled::at(folder)?, from_bytes: LONG_FILE_BYTES })
    }
}

/// What a compiled list was made of: it is used again at a start where this is the same.
pub(super) fn made_of(stamp: &Stamp, settings: &Settings, never_block: &dyn std::fmt::Debug) -> String {
    let against = format!("{:?} {never_block:?} {}", settings.own_hosts, env!("CARGO_PKG_VERSION"));
    format!("{stamp:?} {}", version_of(against.as_bytes()))
}

/// A list to compile.
pub(super) struct Order {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) stamp: Option<Stamp>,
    pub(super) made_of: String,
    pub(super) compiled: Compiled,
    pub(super) settings: Settings,
    pub(super) never_block: Arc<Protected>,
    pub(super) now: Timestamp,
    /// A generation that says the same and was only opened: where its records are sound, that is all there is to do.
    pub(super) check: Option<Arc<Table>>,
    /// Whether a whole version is in force, and its entries.
    pub(super) whole: Option<usize>,
}

/// What came of an [`Order`].
pub(super) enum Done {
    /// What is in force is sound.
    Sound,
    /// This version, with the lines of it that do not count.
    Compiled(Arc<Table>, Option<Problem>),
    /// The version that was refused, where it could be read, and why.
    Refused(Option<String>, Problem),
}

impl Order {
    /// Starts a thread for it.
    pub(super) fn start(self) -> io::Result<JoinHandle<Done>> {
        let work = move || {
            // Clicks come first where processors are few. Best effort: without it, it is only less quiet.
            #[cfg(target_os = "linux")]
            let _ = rustix::process::setpriority_process(None, QUIET);
            self.run()
        };
        thread::Builder::new().name("compile".into()).spawn(work)
    }

    fn run(self) -> Done {
        match self.check.as_ref().map(|table| self.compiled.check(&self.name, table)) {
            Some(Ok(())) => return Done::Sound,
            Some(Err(error)) => {
                let list = &self.name;
                tracing::error!(list, "the compiled list is damaged and is compiled anew: {error}");
            }
            None => {}
        }
        self.compile().unwrap_or_else(|error| Done::Refused(None, Problem::Unreadable { error: error.to_string() }))
    }

    fn compile(&self) -> Result<Done, CompileError> {
        let Self { name, path, compiled, settings, never_block, now, whole, .. } = self;
        let Settings { suffixes, own_hosts, .. } = settings;
        let context = Context { suffixes, own_hosts, never_block: Some(never_block) };
        let _turn = compiled.turn();
        let mut draft = compiled.draft(name, path, &context)?;
        folder::locate(&mut draft.read.bad, path);
        let (version, entries) = (draft.head().version.clone(), draft.head().entries);
        let mut bad = std::mem::take(&mut draft.read.bad);
        if folder::is_of_others(name) {
            bad.clear();
        }
        let problem = (!bad.is_empty()).then_some(Problem::BadLines { version: version.clone(), lines: bad });
        let emptied = || {
            let had = whole.filter(|had| *had > LONG_LIST && entries == 0 && !draft.head().confirms_empty)?;
            Some(Problem::Emptied { version: version.clone(), entries: had })
        };
        match problem.clone().filter(|_| whole.is_some()).or_else(emptied) {
            Some(problem) => Ok(Done::Refused(Some(version), problem)),
            None => {
                // What was read while somebody wrote, or in part, is not used again at a start.
                let same = problem.is_none() && self.stamp.is_some() && folder::stamp_of(path).ok() == self.stamp;
                let made_of = if same { self.made_of.clone() } else { String::new() };
                let (table, _) = compiled.publish(draft, *now, made_of)?;
                Ok(Done::Compiled(Arc::new(table), problem))
            }
        }
    }
}
