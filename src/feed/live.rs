use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::ArcSwap;

use super::{
    Changed, Long, ReloadReport, Standing, State,
    folder::{self, Folders},
    loader::{Loader, Suspects},
    watch::{self, Wake},
};
use crate::{
    base::Clock,
    list::{Protected, Tables},
    url::Suffixes,
};

/// What lists are read against.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where strangers' domains begin.
    pub suffixes: Arc<Suffixes>,
    /// Hosts on which our own links live; no list may block them.
    pub own_hosts: Vec<String>,
    /// Where long lists are compiled to; `None` where all are held in memory.
    pub long: Option<Long>,
    /// The folder of lists that others keep, made of feeds; `None` where there are none.
    pub feeds: Option<PathBuf>,
}

/// What is in force at one moment; it never changes.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Finds the entries for a URL.
    pub index: Tables,
    /// Counts the snapshots, from 1.
    pub generation: u64,
}

/// Why lists cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The folder cannot be read at the start.
    #[error(
        "the lists in {} cannot be read: {error}; make the folder (`sekisho serve --data-dir` does), or mend its \
         permissions",
        folder.display()
    )]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The system gives no thread.
    #[error("no thread can be started to watch the lists: {0}")]
    Thread(io::Error),
}

/// The lists of a folder, as they stand in it; a thread that keeps them so ends when this is dropped.
pub struct LiveLists {
    folder: PathBuf,
    feeds: Option<PathBuf>,
    shared: Arc<Shared>,
    watch: Option<(mpsc::Sender<Wake>, JoinHandle<()>)>,
}

impl LiveLists {
    /// Reads every list of `folder` once. Nothing is watched: only [`LiveLists::reload_now`] reads again. `clock` says
    /// since when a version is in force, and how long a file has been away.
    ///
    /// # Errors
    /// [`FeedError::Folder`], if the folder cannot be read. A list with mistakes is no error: see [`State::degraded`].
    pub fn open(folder: PathBuf, settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, FeedError> {
        if let Err(error) = folder::scan(&folder) {
            return Err(FeedError::Folder { folder, error });
        }
        let feeds = settings.feeds.clone();
        let shared = Arc::new(Shared::new(Loader::new(folder.clone(), settings), clock));
        shared.load(&Suspects::default(), false);
        Ok(Self { folder, feeds, shared, watch: None })
    }

    /// Reads every list of `folder` and goes on watching: a save is in force within a second.
    ///
    /// # Errors
    /// Those of [`LiveLists::open`], and [`FeedError::Thread`], if no thread can be had.
    pub fn start(folder: PathBuf, settings: Settings, clock: Arc<dyn Clock>) -> Result<Arc<Self>, FeedError> {
        let (wake, woken) = mpsc::channel();
        // Watched before it is read: a save in between is not missed.
        let watcher = watch::events(&folder, wake.clone());
        let mut lists = Self::open(folder.clone(), settings, clock)?;
        let shared = Arc::clone(&lists.shared);
        let folders = Folders { own: folder, feeds: lists.feeds.clone() };
        let run = move || {
            let _watcher = watcher;
            watch::run(&shared, &folders, &woken);
        };
        let thread = std::thread::Builder::new().name("lists".into()).spawn(run).map_err(FeedError::Thread)?;
        lists.watch = Some((wake, thread));
        Ok(Arc::new(lists))
    }

    /// What is in force. Costs an atomic or two: take one for each click.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// Reads the folder now, whatever the stamps of the files say, waits until the long lists are compiled, and tells
    /// what that changed.
    pub fn reload_now(&self) -> ReloadReport {
        self.shared.load(&Suspects { all: true, ..Suspects::default() }, true)
    }

    /// Reads the folder now and holds every list against other hosts of ours.
    pub fn reload_for(&self, own_hosts: Vec<String>) -> ReloadReport {
        lock(&self.shared.loader).set_own_hosts(own_hosts);
        self.reload_now()
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of lists that others keep.
    pub fn feeds(&self) -> Option<&Path> {
        self.feeds.as_deref()
    }

    /// What the never-block lists in force hold.
    pub fn never_block(&self) -> Arc<Protected> {
        lock(&self.shared.loader).never_block()
    }

    /// How each file stands.
    pub fn state(&self) -> State {
        State::clone(&self.shared.state.load())
    }

    /// Waits until the lists stand as `wanted`, at most for `timeout`; whether they do.
    pub fn wait_for(&self, timeout: Duration, wanted: impl Fn(&State) -> bool) -> bool {
        let turn = lock(&self.shared.turn);
        let waiting = |_: &mut u64| !wanted(&self.shared.state.load());
        let waited = self.shared.turned.wait_timeout_while(turn, timeout, waiting);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Waits until `generation` or a later one is in force, at most for `timeout`; whether it is.
    pub fn wait_for_generation(&self, generation: u64, timeout: Duration) -> bool {
        self.wait_for(timeout, |state| state.generation >= generation)
    }
}

impl fmt::Debug for LiveLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveLists").field("state", &self.shared.state.load()).finish_non_exhaustive()
    }
}

impl Drop for LiveLists {
    fn drop(&mut self) {
        if let Some((wake, thread)) = self.watch.take() {
            // A thread that is gone already hears nothing, and needs to hear nothing.
            let _ = wake.send(Wake::Stop);
            if thread.join().is_err() {
                tracing::error!("the thread that watched the lists had panicked");
            }
        }
    }
}

/// What the readers and the watching thread share.
pub(super) struct Shared {
    snapshot: ArcSwap<Snapshot>,
    state: ArcSwap<State>,
    loader: Mutex<Loader>,
    /// Counts loads, and is held while the state is changed, so that who waits misses none.
    turn: Mutex<u64>,
    turned: Condvar,
    clock: Arc<dyn Clock>,
}

impl Shared {
    fn new(loader: Loader, clock: Arc<dyn Clock>) -> Self {
        let state = State { generation: 0, degraded: false, folder_problem: None, files: Vec::new() };
        Self {
            snapshot: ArcSwap::default(),
            state: ArcSwap::from_pointee(state),
            loader: Mutex::new(loader),
            turn: Mutex::new(0),
            turned: Condvar::new(),
            clock,
        }
    }

    /// Whether a file differs from what was read, as far as its stamp tells.
    pub(super) fn differs(&self, stamps: &folder::Stamps) -> bool {
        lock(&self.loader).differs(stamps)
    }

    /// `waits`: also for long lists of which an older version is in force.
    pub(super) fn load(&self, suspects: &Suspects, waits: bool) -> ReloadReport {
        let mut loader = lock(&self.loader);
        let changes = loader.load(suspects, self.clock.now(), waits);
        changes.iter().for_each(super::Change::log);
        let swaps =
            |what: &Changed| matches!(what, Changed::InForce { .. } | Changed::Partly { .. } | Changed::Removed);
        let before = self.snapshot.load().generation;
        // The first load counts even where it finds nothing: generation 1 says that the folder was read.
        if before == 0 || changes.iter().any(|change| swaps(&change.what)) {
            match loader.index() {
                Ok(index) => self.snapshot.store(Arc::new(Snapshot { index, generation: before + 1 })),
                Err(error) => tracing::error!("the lists are not in force, what was before stays: {error}"),
            }
        }
        let state = self.show(&loader);
        ReloadReport { generation: state.generation, degraded: state.degraded, changes }
    }

    /// Makes the state known.
    fn show(&self, loader: &Loader) -> Arc<State> {
        let files = loader.file_states();
        let folder_problem = loader.folder_problem().map(str::to_owned);
        let degraded = folder_problem.is_some() || files.iter().any(|file| file.standing != Standing::Current);
        let generation = self.snapshot.load().generation;
        let state = Arc::new(State { generation, degraded, folder_problem, files });
        let mut turn = lock(&self.turn);
        self.state.store(Arc::clone(&state));
        *turn += 1;
        self.turned.notify_all();
        state
    }
}

/// What a panic of another thread left is whole: every change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
