use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::ArcSwap;
use serde::Serialize;

use super::Rulings;
use crate::{
    base::{Clock, Timestamp},
    store::{Store, StoreError},
};

/// How often the store is asked whether anything was added.
const PACE: Duration = Duration::from_millis(250);

/// Why rulings cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum RulingError {
    /// The store cannot be read at the start: what was taken back would open.
    #[error("what was taken back cannot be read, so no link may open: {0}")]
    Store(#[from] StoreError),
    /// The system gives no thread.
    #[error("no thread can be started to watch what is taken back: {0}")]
    Thread(io::Error),
}

/// How the rulings stand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RulingState {
    /// Revocations held.
    pub revocations: usize,
    /// Messages that they convict.
    pub messages: usize,
    /// Counts the sets, from 1.
    pub generation: u64,
    /// When the set was read.
    pub read: Timestamp,
    /// Why the set may be out of date.
    pub problem: Option<String>,
}

/// The rulings of a store, as they stand in it; a thread that keeps them so ends when this is dropped.
pub struct LiveRulings {
    shared: Arc<Shared>,
    watch: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

struct Shared {
    rulings: ArcSwap<Rulings>,
    state: Mutex<RulingState>,
    turned: Condvar,
    reader: Mutex<Reader>,
    clock: Arc<dyn Clock>,
}

/// The store, and which file it was: one that is put in its place says nothing of what was in force.
struct Reader {
    path: PathBuf,
    open: Option<(Store, Option<FileId>)>,
}

type FileId = (u64, u64);

impl LiveRulings {
    /// Reads everything in force once. Nothing is watched: only [`LiveRulings::reload_now`] reads again.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, RulingError> {
        let mut reader = Reader { path: path.to_owned(), open: None };
        let now = clock.now();
        let rulings = Rulings::of(reader.store()?.revoked(now)?);
        let state = RulingState {
            revocations: rulings.len(),
            messages: rulings.messages(),
            generation: 1,
            read: now,
            problem: None,
        };
        let shared = Shared {
            rulings: ArcSwap::from_pointee(rulings),
            state: Mutex::new(state),
            turned: Condvar::new(),
            reader: Mutex::new(reader),
            clock,
        };
        Ok(Self { shared: Arc::new(shared), watch: None })
    }

    /// Reads everything in force and goes on asking: what is added is in force within a second.
    pub fn start(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, RulingError> {
        let mut live = Self::open(path, clock)?;
        let (stop, stopped) = mpsc::channel::<()>();
        let shared = Arc::clone(&live.shared);
        let run = move || {
            // Whatever else comes through the channel says that this is over.
            while stopped.recv_timeout(PACE) == Err(mpsc::RecvTimeoutError::Timeout) {
                shared.keep_up();
            }
        };
        let thread = std::thread::Builder::new().name("rulings".into()).spawn(run).map_err(RulingError::Thread)?;
        live.watch = Some((stop, thread));
        Ok(live)
    }

    /// What is in force. Costs an atomic or two: take one for each click.
    pub fn snapshot(&self) -> Arc<Rulings> {
        self.shared.rulings.load_full()
    }

    /// How they stand.
    pub fn state(&self) -> RulingState {
        lock(&self.shared.state).clone()
    }

    /// Reads what was added, now.
    pub fn reload_now(&self) -> RulingState {
        self.shared.keep_up();
        self.state()
    }

    /// Waits until the rulings stand as `wanted`, at most for `timeout`; whether they do.
    pub fn wait_for(&self, timeout: Duration, wanted: impl Fn(&RulingState) -> bool) -> bool {
        let waiting = |state: &mut RulingState| !wanted(state);
        let waited = self.shared.turned.wait_timeout_while(lock(&self.shared.state), timeout, waiting);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl fmt::Debug for LiveRulings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveRulings").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl Drop for LiveRulings {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.watch.take() {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the thread that watched what is taken back had panicked");
            }
        }
    }
}

impl Shared {
    /// Takes over what was added; the set stays as it is where that cannot be told.
    fn keep_up(&self) {
        let mut reader = lock(&self.reader);
        let now = self.clock.now();
        match reader.news(&self.rulings.load(), now) {
            Ok(None) => self.stands(|state| state.problem = None),
            Ok(Some(rulings)) => {
                let (revocations, messages) = (rulings.len(), rulings.messages());
                self.rulings.store(Arc::new(rulings));
                tracing::info!(revocations, messages, "what is taken back has changed");
                self.stands(|state| {
                    let generation = state.generation + 1;
                    *state = RulingState { revocations, messages, generation, read: now, problem: None };
                });
            }
            Err(problem) => self.stands(|state| {
                if state.problem.is_none() {
                    tracing::error!(%problem, "what was taken back stays so; what is now cannot be read");
                }
                state.problem = Some(problem);
            }),
        }
    }

    fn stands(&self, change: impl FnOnce(&mut RulingState)) {
        let mut state = lock(&self.state);
        let before = state.clone();
        change(&mut state);
        if *state != before {
            drop(state);
            self.turned.notify_all();
        }
    }
}

impl Reader {
    /// The store; opened anew where another file lies in its place.
    fn store(&mut self) -> Result<&Store, StoreError> {
        let here = file_id(&self.path);
        let open = match self.open.take() {
            Some((store, of)) if of == here && here.is_some() => (store, of),
            before => {
                // Closed first: as it goes it removes the write-ahead log by name, which may be the new file's.
                drop(before);
                (Store::open_existing(&self.path)?, here)
            }
        };
        Ok(&self.open.insert(open).0)
    }

    /// The set, if it differs from `held`. Error: why that cannot be told, in words.
    fn news(&mut self, held: &Rulings, now: Timestamp) -> Result<Option<Rulings>, String> {
        let read = |store: &Store| {
            let stamp = store.revocation_stamp()?;
            if stamp == held.stamp { Ok(None) } else { store.revoked(now).map(Some) }
        };
        let revoked = match self.store().and_then(read) {
            Ok(None) => return Ok(None),
            Ok(Some(revoked)) => revoked,
            Err(error) => {
                if !error.is_passing() {
                    self.open = None;
                }
                return Err(error.to_string());
            }
        };
        if revoked.stamp.may_follow(&held.stamp) {
            return Ok(Some(Rulings::of(revoked)));
        }
        Err(format!(
            "the store {} lacks revocations that are in force: it was put in the place of another. Put the other back, \
             or restart to take this one as it is",
            self.path.display()
        ))
    }
}

#[cfg(unix)]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Elsewhere an open file can be neither deleted nor moved.
#[cfg(not(unix))]
fn file_id(_: &Path) -> Option<FileId> {
    Some((0, 0))
}

/// What a panic of another thread left is whole: every change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
