//! Puts events on the disk: all that came in a round are written at once, and synced while others come.
//!
//! Written, an event survives `kill -9`; synced, it survives a power cut and counts. The two are apart so that a disk that
//! takes long to sync makes only the second late.

use std::{
    collections::BTreeMap,
    io, mem,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender, TryRecvError},
    },
    thread,
    time::Instant,
};

use super::{
    Pace,
    append::{Appended, Open},
    intake::Collected,
    ledger::{Ledger, Who},
    segment::Slot,
};

/// Most bytes that are held because the disk has not kept them yet; more wait in the trays.
const UNSYNCED_MAX: usize = 32 << 20;

/// The writing thread's own.
pub(in crate::store) struct Writer {
    ledger: Arc<Ledger>,
    pace: Pace,
    next: u64,
    /// Where frames go next; how far it is safe is told by what was synced.
    open: Option<Open>,
    /// Written, and not yet given to the disk to keep.
    written: Batch,
    /// Given to the disk to keep.
    syncing: Option<Batch>,
    jobs: Sender<Vec<Arc<Slot>>>,
    results: Receiver<io::Result<()>>,
    /// Buffers to collect into.
    spare: Vec<Collected>,
    last: Instant,
}

/// The thread that waits for the disk.
pub(in crate::store) struct Syncer {
    ledger: Arc<Ledger>,
    jobs: Receiver<Vec<Arc<Slot>>>,
    results: Sender<io::Result<()>>,
}

/// Events that are written together, held until they are safe.
#[derive(Debug, Default)]
struct Batch {
    appended: Appended,
    collected: Vec<Collected>,
    /// The last round that is in it.
    round: u64,
}

/// What the writer is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// Empty the trays.
    Collect,
    /// See what became of a sync.
    Look,
    /// Close the open segment.
    Close,
}

impl Syncer {
    pub(in crate::store) fn run(self) {
        for slots in self.jobs {
            let synced = slots.iter().try_for_each(|slot| slot.sync());
            if self.results.send(synced).is_err() {
                return;
            }
            self.ledger.intake.wake();
        }
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.collected.is_empty()
    }

    fn bytes(&self) -> usize {
        self.collected.iter().map(Collected::bytes).sum()
    }
}

impl Writer {
    /// Goes on in the last segment if it is open.
    pub(in crate::store) fn new(ledger: Arc<Ledger>, pace: Pace, next: u64) -> (Self, Syncer) {
        let open = ledger.lock().live.back().filter(|live| !live.closed).cloned();
        let open = open.map(|live| Open::new(&ledger, live.segment, live.slot, live.safe));
        let (jobs, to_sync) = mpsc::channel();
        let (synced, results) = mpsc::channel();
        let syncer = Syncer { ledger: Arc::clone(&ledger), jobs: to_sync, results: synced };
        let writer = Self {
            ledger,
            pace,
            next,
            open,
            written: Batch::default(),
            syncing: None,
            jobs,
            results,
            spare: Vec::new(),
            last: Instant::now(),
        };
        (writer, syncer)
    }

    /// Until the log is stopped and all that came is on the disk, or given up.
    pub(in crate::store) fn run(mut self) {
        loop {
            match self.wait() {
                Call::Collect => {
                    let (round, is_last) = self.ledger.begin_round();
                    self.write(round);
                    if is_last {
                        break;
                    }
                }
                Call::Look => {}
                Call::Close => self.close(),
            }
            if self.syncing.is_some() {
                match self.results.try_recv() {
                    Ok(result) => self.see(result),
                    Err(TryRecvError::Disconnected) => self.see(Err(nobody())),
                    Err(TryRecvError::Empty) => {}
                }
            }
            self.begin_sync();
        }
        while self.syncing.is_some() || !self.written.is_empty() {
            self.begin_sync();
            self.wait_for_disk();
        }
        self.close();
        self.ledger.writer_ended();
    }

    /// Until there is something to do; events wait for the end of the round or for somebody who is in a hurry.
    fn wait(&mut self) -> Call {
        loop {
            let busy = self.syncing.is_some();
            let held = self.written.bytes() + self.syncing.as_ref().map_or(0, Batch::bytes);
            let hurry = self.ledger.hurries_writer();
            if held >= UNSYNCED_MAX {
                // The disk has to answer first.
            } else if hurry {
                return Call::Collect;
            } else if self.ledger.intake.is_empty_before_sleep() {
                if !busy && self.ledger.wants_close() {
                    return Call::Close;
                }
            } else {
                let left = (self.last + self.pace.sync).saturating_duration_since(Instant::now());
                if left.is_zero() || self.ledger.intake.is_filling() {
                    return Call::Collect;
                }
                thread::park_timeout(left);
                if busy {
                    return Call::Look;
                }
                continue;
            }
            // Woken by an event, a result, a flush or a stop.
            thread::park();
            if busy {
                return Call::Look;
            }
        }
    }

    /// Empties the trays and writes what was in them.
    fn write(&mut self, round: u64) {
        self.last = Instant::now();
        self.ledger.intake.awake();
        let mut collected = self.spare.pop().unwrap_or_default();
        self.ledger.intake.collect(&mut collected);
        self.written.round = round;
        if collected.events == 0 {
            self.spare.push(collected);
            return;
        }
        if self.written.is_empty() {
            self.written.appended = Appended::behind(self.open.clone());
        }
        let mut written = Ok(());
        for frames in &mut collected.frames {
            written = written.and_then(|()| self.written.appended.append(&self.ledger, &mut self.next, frames));
        }
        self.written.collected.push(collected);
        if let Err(error) = written {
            // What came before may be safe in spite of it.
            self.wait_for_disk();
            if !self.written.is_empty() {
                self.write_again(&error);
            }
        }
    }

    /// Has the disk keep what is written, if it has kept what came before.
    fn begin_sync(&mut self) {
        if self.syncing.is_some() {
            return;
        }
        let batch = mem::take(&mut self.written);
        if batch.is_empty() {
            return self.ledger.end_round(batch.round);
        }
        self.open = batch.appended.open.clone();
        let slots = batch.appended.slots();
        self.syncing = Some(batch);
        // Sent or not, a result comes, or an error that says that none can come.
        let _ = self.jobs.send(slots);
    }

    /// The disk has answered.
    fn see(&mut self, result: io::Result<()>) {
        match result {
            Ok(()) => {
                if let Some(batch) = self.syncing.take() {
                    self.kept(batch);
                }
            }
            Err(error) => self.write_again(&error),
        }
    }

    fn kept(&mut self, batch: Batch) {
        let Batch { appended, collected, round } = batch;
        self.ledger.synced(appended.reached(), appended.events);
        self.ledger.no_room(appended.no_room);
        self.ledger.end_round(round);
        self.spare.extend(collected);
        self.spare.truncate(2);
    }

    fn wait_for_disk(&mut self) {
        if self.syncing.is_some() {
            let result = self.results.recv();
            self.see(result.unwrap_or_else(|_| Err(nobody())));
        }
    }

    /// Something failed: all that is not safe is written again, to other segments, until it is safe or the time of a stop
    /// is over. What a failed sync was to make safe may be gone although a later one says that all is well, so nothing
    /// is written to those segments again (fsync(2), and PostgreSQL's experience with it in 2018).
    fn write_again(&mut self, error: &io::Error) {
        let (first, second) = (self.syncing.take().unwrap_or_default(), mem::take(&mut self.written));
        let mut collected = first.collected;
        collected.extend(second.collected);
        let round = first.round.max(second.round);
        let open = Appended::behind(self.open.take());
        self.leave([first.appended, second.appended, open]);
        let (mut error, mut pause) = (self.told(error), self.pace.first_pause);
        while self.ledger.may_try_again(Who::Writer, &error, pause) {
            pause = (pause * 2).min(self.pace.longest_pause);
            let mut appended = Appended::default();
            match self.write_and_sync(&mut appended, &mut collected) {
                Ok(()) => {
                    self.open = appended.open.clone();
                    return self.kept(Batch { appended, collected, round });
                }
                Err(failed) => {
                    error = self.told(&failed);
                    self.leave([appended]);
                }
            }
        }
        self.ledger.give_up(collected.iter().map(|collected| collected.events).sum());
        self.ledger.end_round(round);
    }

    fn write_and_sync(&mut self, appended: &mut Appended, collected: &mut [Collected]) -> io::Result<()> {
        for frames in collected.iter_mut().flat_map(|collected| &mut collected.frames) {
            appended.append(&self.ledger, &mut self.next, frames)?;
        }
        appended.slots().iter().try_for_each(|slot| slot.sync())
    }

    /// Leaves segments as they are known to be safe; where nothing is, the file is free again.
    fn leave(&self, appended: impl IntoIterator<Item = Appended>) {
        let written = appended.into_iter().flat_map(|appended| appended.full.into_iter().chain(appended.open));
        let segments: BTreeMap<u64, Open> = written.map(|open| (open.segment, open)).collect();
        for open in segments.into_values() {
            if !self.ledger.closed(open.segment) {
                open.give_back(&self.ledger);
            }
        }
    }

    /// Seals the open segment. Unsealed it would only be read to its end at the next start.
    fn close(&mut self) {
        self.ledger.lock().close_asked = false;
        let Some(open) = self.open.take() else { return };
        if let Err(error) = open.seal(&self.ledger).and_then(|()| open.sync()) {
            tracing::warn!(error = self.told(&error), "a segment of the spool stays open");
        }
        self.ledger.closed(open.segment);
    }

    fn told(&self, error: &io::Error) -> String {
        format!("cannot write to the spool {}: {error}", self.ledger.folder.path.display())
    }
}

fn nobody() -> io::Error {
    io::Error::other("the thread that waits for the disk has ended")
}
