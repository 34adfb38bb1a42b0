//! Puts events on the disk: all that came in a round are written and synced together.

use std::{io, sync::Arc, thread, time::Instant};

use super::{
    Pace,
    folder::Live,
    frame::{self, Checker},
    intake::Collected,
    ledger::{Ledger, Who},
    segment::{Extent, Slot},
};

/// The writing thread's own.
pub(in crate::store) struct Writer {
    ledger: Arc<Ledger>,
    pace: Pace,
    next: u64,
    /// Where frames go next.
    open: Option<Open>,
}

/// The segment that is written to, as far as it is safe.
#[derive(Debug, Clone)]
struct Open {
    segment: u64,
    slot: Arc<Slot>,
    checker: Checker,
    here: Extent,
}

/// One attempt to write what was collected.
struct Attempt<'a> {
    ledger: &'a Ledger,
    next: u64,
    open: Option<Open>,
    /// Segments that were written to and are left.
    full: Vec<Open>,
    written: u64,
    no_room: u64,
}

/// What there was room for.
#[derive(Debug, Clone, Copy)]
struct Fits {
    events: u32,
    length: usize,
}

impl Writer {
    /// Goes on in the last segment if it is open.
    pub(in crate::store) fn new(ledger: Arc<Ledger>, pace: Pace, next: u64) -> Self {
        let open = ledger.lock().live.back().filter(|live| !live.closed).cloned();
        let open = open.map(|live| Open::new(&ledger, live.segment, live.slot, live.safe));
        Self { ledger, pace, next, open }
    }

    /// Until the log is stopped and all that came is on the disk, or given up.
    pub(in crate::store) fn run(mut self) {
        let mut collected = Collected::default();
        let mut last = Instant::now();
        loop {
            self.wait(last);
            let is_last = self.ledger.begin_round();
            last = Instant::now();
            self.ledger.intake.collect(&mut collected);
            if collected.events > 0 {
                self.put(&mut collected);
            }
            if is_last || self.ledger.lock().close_asked {
                self.close();
            }
            self.ledger.end_round();
            if is_last {
                return self.ledger.writer_ended();
            }
        }
    }

    /// Until there is something, and then until the time for it has come or somebody is in a hurry.
    fn wait(&self, last: Instant) {
        while !self.ledger.wants_writer() && self.ledger.intake.is_empty_before_sleep() {
            if self.ledger.wants_writer() {
                break;
            }
            thread::park();
        }
        self.ledger.intake.awake();
        while !self.ledger.hurries_writer() {
            let left = (last + self.pace.sync).saturating_duration_since(Instant::now());
            if left.is_zero() || self.ledger.intake.is_filling() {
                return;
            }
            thread::park_timeout(left);
        }
    }

    fn put(&mut self, collected: &mut Collected) {
        let mut pause = self.pace.first_pause;
        while let Err(error) = self.try_to_put(collected) {
            if !self.ledger.may_try_again(Who::Writer, &told(&self.ledger, &error), pause) {
                return self.ledger.give_up(collected.events);
            }
            pause = (pause * 2).min(self.pace.longest_pause);
        }
    }

    fn try_to_put(&mut self, collected: &mut Collected) -> io::Result<()> {
        let mut attempt = Attempt {
            ledger: &self.ledger,
            next: self.next,
            open: self.open.clone(),
            full: Vec::new(),
            written: 0,
            no_room: 0,
        };
        let put =
            collected.frames.iter_mut().try_for_each(|frames| attempt.write(frames)).and_then(|()| attempt.sync());
        self.next = attempt.next;
        let Attempt { open, full, written, no_room, .. } = attempt;
        match put {
            Ok(()) => {
                let reached = full.iter().map(|full| full.live(true)).chain(open.iter().map(|open| open.live(false)));
                let reached = reached.filter(|live| live.safe > Extent::NOTHING).collect();
                self.open = open;
                self.ledger.synced(reached, written);
                self.ledger.no_room(no_room);
                Ok(())
            }
            Err(error) => {
                let before = self.open.as_ref().map(|open| open.segment);
                for made in full.into_iter().chain(open).filter(|made| Some(made.segment) != before) {
                    self.give_back(made);
                }
                // What a failed sync was to make safe may be gone although a later one says that all is well: never
                // write to this segment again (fsync(2), and PostgreSQL's experience with it in 2018).
                self.abandon();
                Err(error)
            }
        }
    }

    /// Leaves the open segment as it is known to be safe.
    fn abandon(&mut self) {
        let Some(open) = self.open.take() else { return };
        if open.here > Extent::NOTHING {
            self.ledger.closed(open.segment);
        } else {
            self.give_back(open);
        }
    }

    fn give_back(&self, made: Open) {
        // One that cannot be emptied is no use now; the next start looks at it again.
        if made.slot.zero(0).is_ok() {
            self.ledger.give_back(made.slot);
        }
    }

    /// Seals the open segment. Unsealed it would only be read to its end at the next start.
    fn close(&mut self) {
        self.ledger.lock().close_asked = false;
        let Some(open) = self.open.take() else { return };
        if let Err(error) = open.seal(&self.ledger).and_then(|()| open.slot.sync()) {
            tracing::warn!(error = told(&self.ledger, &error), "a segment of the spool stays open");
        }
        self.ledger.closed(open.segment);
    }
}

fn told(ledger: &Ledger, error: &io::Error) -> String {
    format!("cannot write to the spool {}: {error}", ledger.folder.path.display())
}

impl Attempt<'_> {
    /// Writes the frames of one tray, one write for each segment.
    fn write(&mut self, frames: &mut [u8]) -> io::Result<()> {
        let mut rest = frames;
        while !rest.is_empty() {
            let fits = match &mut self.open {
                Some(open) => open.write(rest)?,
                None => Fits { events: 0, length: 0 },
            };
            self.written += u64::from(fits.events);
            rest = rest.get_mut(fits.length..).unwrap_or_default();
            if !rest.is_empty() && !self.open_another()? {
                self.no_room += count(rest);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Goes on in a new segment, if there is room for one.
    fn open_another(&mut self) -> io::Result<bool> {
        let Some(slot) = self.ledger.free_slot() else { return Ok(false) };
        let open = Open::new(self.ledger, self.next, slot, Extent::NOTHING);
        self.next += 1;
        let begun = open.slot.begin(self.ledger.folder.id, open.segment);
        // Before an error is told: whoever hears of it gives the file back.
        self.full.extend(self.open.replace(open));
        begun.map(|()| true)
    }

    fn sync(&mut self) -> io::Result<()> {
        for full in &self.full {
            full.seal(self.ledger)?;
            full.slot.sync()?;
        }
        self.open.iter().try_for_each(|open| open.slot.sync())
    }
}

impl Open {
    fn new(ledger: &Ledger, segment: u64, slot: Arc<Slot>, here: Extent) -> Self {
        Self { segment, slot, checker: Checker::new(ledger.folder.id, segment), here }
    }

    /// Gives the frames that fit their checksums, and writes them.
    fn write(&mut self, frames: &mut [u8]) -> io::Result<Fits> {
        let mut fits = Fits { events: 0, length: 0 };
        let room = self.slot.size.saturating_sub(self.here.at) as usize;
        while let Some(frame) = frames.get_mut(fits.length..) {
            let size = frame::size(frame);
            let at = self.here.at + fits.length as u32;
            if size == 0 || fits.length + size > room || self.checker.close(at, frame).is_none() {
                break;
            }
            fits = Fits { events: fits.events + 1, length: fits.length + size };
        }
        self.slot.write(frames.get(..fits.length).unwrap_or_default(), self.here.at)?;
        self.here = Extent { at: self.here.at + fits.length as u32, events: self.here.events + fits.events };
        Ok(fits)
    }

    fn seal(&self, ledger: &Ledger) -> io::Result<()> {
        self.slot.seal(ledger.folder.id, self.segment, self.here)
    }

    fn live(&self, closed: bool) -> Live {
        Live { segment: self.segment, slot: Arc::clone(&self.slot), safe: self.here, closed }
    }
}

/// How many frames there are.
fn count(mut frames: &[u8]) -> u64 {
    let mut count = 0;
    while let size @ 1.. = frame::size(frames) {
        count += 1;
        frames = frames.get(size..).unwrap_or_default();
    }
    count
}
