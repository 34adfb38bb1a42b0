//! Where requests leave their events: trays, one a thread as far as there are, that the writer empties.

use std::{
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::Thread,
};

use thread_local::ThreadLocal;

use super::frame;
use crate::judge::ClickEvent;

/// What one tray holds at most: what comes while the disk does not answer.
const TRAY_MAX: usize = 8 << 20;

/// From here on the writer is woken before its time.
const TRAY_FULL: usize = 256 << 10;

/// An emptied tray keeps room up to here.
const TRAY_KEPT: usize = 1 << 20;

/// Takes events as frames without checksums.
#[derive(Debug)]
pub(in crate::store) struct Intake {
    trays: Box<[Tray]>,
    /// Which tray a thread uses.
    mine: ThreadLocal<usize>,
    next: AtomicUsize,
    writer: OnceLock<Thread>,
    /// The writer sleeps until somebody wakes it.
    asleep: AtomicBool,
}

/// Alone in its cache lines, so that threads do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Tray(Mutex<Heap>);

#[derive(Debug, Default)]
struct Heap {
    frames: Vec<u8>,
    events: u64,
    accepted: u64,
    refused: u64,
    closed: bool,
}

/// What was taken out of the trays.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Of each tray.
    pub(super) frames: Vec<Vec<u8>>,
    pub(super) events: u64,
}

impl Collected {
    pub(super) fn bytes(&self) -> usize {
        self.frames.iter().map(Vec::len).sum()
    }
}

/// Events taken in and refused since the start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    pub(super) accepted: u64,
    pub(super) refused: u64,
}

impl Intake {
    pub(super) fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(4, usize::from);
        Self {
            trays: (0..threads.clamp(1, 64)).map(|_| Tray::default()).collect(),
            mine: ThreadLocal::new(),
            next: AtomicUsize::new(0),
            writer: OnceLock::new(),
            asleep: AtomicBool::new(false),
        }
    }

    /// Who is to be woken.
    pub(in crate::store) fn is_emptied_by(&self, writer: Thread) {
        // Set once, by the one who starts it.
        let _ = self.writer.set(writer);
    }

    /// Takes an event. It is refused, and counted, where the log was stopped or a tray is full.
    pub(in crate::store) fn take<T: AsRef<str>>(&self, event: &ClickEvent<T>) {
        let Some(tray) = self.mine() else { return };
        let mut heap = tray.lock();
        let before = heap.frames.len();
        let fits = !heap.closed && before < TRAY_MAX;
        if !fits || frame::append(&mut heap.frames, |frames| event.write_json(frames)).is_err() {
            heap.refused += 1;
            return;
        }
        heap.accepted += 1;
        heap.events += 1;
        let filled = before < TRAY_FULL && heap.frames.len() >= TRAY_FULL;
        drop(heap);
        // The writer says that it sleeps before it looks into the trays a last time: it has seen this event, or this
        // sees that it sleeps, because of the lock between the two.
        if filled || (self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed)) {
            self.wake();
        }
    }

    fn mine(&self) -> Option<&Tray> {
        let number = self.mine.get_or(|| self.next.fetch_add(1, Ordering::Relaxed));
        self.trays.get(number % self.trays.len().max(1))
    }

    pub(super) fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        self.trays.iter().for_each(|tray| tray.lock().closed = true);
    }

    /// Says that the writer is about to sleep, unless something is there: then true.
    pub(super) fn is_empty_before_sleep(&self) -> bool {
        self.asleep.store(true, Ordering::Relaxed);
        let empty = self.trays.iter().all(|tray| tray.lock().events == 0);
        if !empty {
            self.awake();
        }
        empty
    }

    /// Says that the writer looks by itself.
    pub(super) fn awake(&self) {
        self.asleep.store(false, Ordering::Relaxed);
    }

    /// Whether a tray holds so much that the writer should not wait.
    pub(super) fn is_filling(&self) -> bool {
        self.trays.iter().any(|tray| tray.lock().frames.len() >= TRAY_FULL)
    }

    /// Empties the trays into `collected`, whose buffers become the trays.
    pub(super) fn collect(&self, collected: &mut Collected) {
        collected.frames.resize_with(self.trays.len(), Vec::new);
        collected.events = 0;
        for (tray, frames) in self.trays.iter().zip(&mut collected.frames) {
            frames.clear();
            frames.shrink_to(TRAY_KEPT);
            let mut heap = tray.lock();
            std::mem::swap(&mut heap.frames, frames);
            collected.events += std::mem::take(&mut heap.events);
        }
    }

    pub(super) fn taken(&self) -> Taken {
        self.trays.iter().fold(Taken::default(), |taken, tray| {
            let heap = tray.lock();
            Taken { accepted: taken.accepted + heap.accepted, refused: taken.refused + heap.refused }
        })
    }
}

impl Tray {
    fn lock(&self) -> MutexGuard<'_, Heap> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
