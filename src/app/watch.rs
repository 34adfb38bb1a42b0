//! Watches the configuration file: a save counts within a second. The system tells of changes in its folder, because an
//! editor saves by renaming; twice a second the stamp is looked at, because the system tells nothing on network file
//! systems and where a symbolic link is turned.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, SystemTime},
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::Gate;

/// How often the stamp is looked at.
const POLL: Duration = Duration::from_millis(500);
/// A save is over when nothing was written for so long.
const QUIET: Duration = Duration::from_millis(100);
/// Who writes on and on is read as it stands after so many quiet times.
const PATIENCE: u32 = 4;

/// A thread that has a gate read its configuration again when the file was saved; it ends when this is dropped.
pub(super) struct Watch {
    wake: mpsc::Sender<Wake>,
    thread: Option<JoinHandle<()>>,
}

enum Wake {
    Touched,
    Stop,
}

/// Tells one state of a file from another without reading it.
type Stamp = Option<(u64, Option<SystemTime>)>;

impl Watch {
    /// Where the system gives no thread, that is told, and SIGHUP still works.
    pub(super) fn start(gate: Arc<Gate>) -> Self {
        let (wake, woken) = mpsc::channel();
        let file = gate.renewer.source().place.file();
        let watcher = events(&file, wake.clone());
        let run = move || {
            let _watcher = watcher;
            run(&gate, &file, &woken);
        };
        let thread = std::thread::Builder::new().name("configuration".into()).spawn(run);
        let thread = thread
            .inspect_err(|error| tracing::error!("the configuration is not watched, only SIGHUP reads it: {error}"))
            .ok();
        Self { wake, thread }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A thread that is gone already hears nothing, and needs to hear nothing.
        let _ = self.wake.send(Wake::Stop);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that watched the configuration had panicked");
        }
    }
}

/// Has the system tell of the folder of `file`, if it will.
fn events(file: &Path, wake: mpsc::Sender<Wake>) -> Option<RecommendedWatcher> {
    let name = file.file_name()?.to_owned();
    let tell = move |event: notify::Result<notify::Event>| {
        let about = |event: &notify::Event| event.paths.iter().any(|path| path.file_name() == Some(name.as_os_str()));
        if event.as_ref().map_or(true, |event| event.need_rescan() || about(event) && !event.kind.is_access()) {
            // Who stopped listening has no use for it.
            let _ = wake.send(Wake::Touched);
        }
    };
    let folder =
        file.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(PathBuf::from("."), Path::to_owned);
    let watching = notify::recommended_watcher(tell).and_then(|mut watcher| {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watching
        .inspect_err(|error| {
            let folder = folder.display();
            tracing::warn!(%folder, "the system does not tell of changes, looking twice a second: {error}");
        })
        .ok()
}

fn run(gate: &Gate, file: &Path, woken: &mpsc::Receiver<Wake>) {
    let mut before = stamp(file);
    // What was saved between the start and now.
    gate.reload_if_changed();
    loop {
        let stirred = match woken.recv_timeout(POLL) {
            Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(Wake::Touched) => true,
            Err(RecvTimeoutError::Timeout) => stamp(file) != before,
        };
        if stirred {
            let Some(settled) = settle(file, woken) else { return };
            before = settled;
            gate.reload_if_changed();
        }
    }
}

/// Waits until nothing is written any more; none where it is told to stop.
fn settle(file: &Path, woken: &mpsc::Receiver<Wake>) -> Option<Stamp> {
    let mut before = stamp(file);
    for _ in 0..PATIENCE {
        match woken.recv_timeout(QUIET) {
            Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
            Ok(Wake::Touched) => {}
            Err(RecvTimeoutError::Timeout) if stamp(file) == before => break,
            Err(RecvTimeoutError::Timeout) => before = stamp(file),
        }
    }
    Some(stamp(file))
}

fn stamp(file: &Path) -> Stamp {
    let data = fs::metadata(file).ok()?;
    Some((data.len(), data.modified().ok()))
}
