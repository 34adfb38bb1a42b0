//! When to read the folder: on what the system tells of it, and every half second on what the stamps tell. The system
//! tells nothing on network file systems, where a symbolic link is turned, or where the folder itself is replaced.

use std::{
    path::Path,
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};

use super::{
    folder::{Folders, list_name},
    live::Shared,
    loader::Suspects,
};

/// How often stamps are looked at.
const POLL: Duration = Duration::from_millis(500);
/// A save is over when nothing was written for so long.
const QUIET: Duration = Duration::from_millis(100);
/// How long quiet is waited for, at most: who writes on and on is read as it stands. Together with [`POLL`] it leaves
/// time to read within a second of the save.
const PATIENCE: Duration = Duration::from_millis(300);

/// Something to look into, or the end.
pub(super) enum Wake {
    /// Something was written; the lists that are named in it.
    Touched(Vec<String>),
    /// The system lost count.
    Everything,
    /// The end.
    Stop,
}

/// Has the system tell of the folder, if it will.
pub(super) fn events(folder: &Path, wake: mpsc::Sender<Wake>) -> Option<RecommendedWatcher> {
    let tell = move |event: notify::Result<notify::Event>| {
        let message = match event {
            Ok(event) if event.need_rescan() => Wake::Everything,
            // Reading is no news, least of all our own.
            Ok(event) if is_reading(event.kind) => return,
            Ok(event) => Wake::Touched(event.paths.iter().filter_map(|path| touched(path)).collect()),
            Err(_) => Wake::Everything,
        };
        // Who stopped listening has no use for it.
        let _ = wake.send(message);
    };
    let watching = notify::recommended_watcher(tell).and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watching
        .inspect_err(|error| {
            let folder = folder.display();
            tracing::warn!(%folder, "the system does not tell of changes, looking twice a second: {error}");
        })
        .ok()
}

fn is_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

fn touched(path: &Path) -> Option<String> {
    path.file_name()?.to_str().and_then(list_name).map(str::to_owned)
}

/// Keeps the lists fresh until it is told to stop. Of the lists of others the stamps tell: they are saved by us, by
/// renaming, and none of them is urgent.
pub(super) fn run(shared: &Shared, folders: &Folders, woken: &mpsc::Receiver<Wake>) {
    loop {
        let mut suspects = Suspects::default();
        let stirred = match woken.recv_timeout(POLL) {
            Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(wake) => {
                suspects.add(wake);
                true
            }
            Err(RecvTimeoutError::Timeout) => folders.scan().is_ok_and(|stamps| shared.differs(&stamps)),
        };
        if stirred && settle(folders, woken, &mut suspects).is_none() {
            return;
        }
        shared.load(&suspects, false);
    }
}

/// Waits until nothing is written any more; `None` where it is told to stop.
fn settle(folders: &Folders, woken: &mpsc::Receiver<Wake>, suspects: &mut Suspects) -> Option<()> {
    let end = Instant::now() + PATIENCE;
    let mut before = folders.scan().ok();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match woken.recv_timeout(QUIET.min(left)) {
            Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
            Ok(wake) => suspects.add(wake),
            Err(RecvTimeoutError::Timeout) => {
                let now = folders.scan().ok();
                if left.is_zero() || now == before {
                    return Some(());
                }
                before = now;
            }
        }
    }
}

impl Suspects {
    fn add(&mut self, wake: Wake) {
        match wake {
            Wake::Touched(names) => self.names.extend(names),
            Wake::Everything => self.all = true,
            Wake::Stop => {}
        }
    }
}
