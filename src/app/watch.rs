//! Watches the configuration file: a save counts within a second. Its stamp is looked at four times a second. To have the
//! system tell of it would mean to be told of all its folder, because an editor saves by renaming; and that is the folder
//! of the store, which is written at every click.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, SystemTime},
};

use super::Gate;

/// How often the stamp is looked at.
const POLL: Duration = Duration::from_millis(250);
/// A save is over when nothing was written for so long.
const QUIET: Duration = Duration::from_millis(100);
/// Who writes on and on is read as it stands after so many quiet times.
const PATIENCE: u32 = 4;

/// A thread that has a gate read its configuration again when the file was saved; it ends when this is dropped.
pub(super) struct Watch {
    wake: mpsc::Sender<Stop>,
    thread: Option<JoinHandle<()>>,
}

/// The end.
struct Stop;

/// Tells one state of a file from another without reading it.
type Stamp = Option<(u64, Option<SystemTime>)>;

impl Watch {
    /// Where the system gives no thread, that is told, and SIGHUP still works.
    pub(super) fn start(gate: Arc<Gate>) -> Self {
        let (wake, woken) = mpsc::channel();
        let file = gate.renewer.source().place.file();
        let run = move || run(&gate, &file, &woken);
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
        let _ = self.wake.send(Stop);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that watched the configuration had panicked");
        }
    }
}

fn run(gate: &Gate, file: &Path, woken: &mpsc::Receiver<Stop>) {
    let mut before = stamp(file);
    // What was saved between the start and now.
    gate.reload_if_changed();
    loop {
        let stirred = match woken.recv_timeout(POLL) {
            Ok(Stop) | Err(RecvTimeoutError::Disconnected) => return,
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
fn settle(file: &Path, woken: &mpsc::Receiver<Stop>) -> Option<Stamp> {
    let mut before = stamp(file);
    for _ in 0..PATIENCE {
        match woken.recv_timeout(QUIET) {
            Ok(Stop) | Err(RecvTimeoutError::Disconnected) => return None,
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
