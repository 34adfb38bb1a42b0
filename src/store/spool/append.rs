//! Appends frames to segments, from one to the next.

use std::{io, sync::Arc};

use super::{
    folder::Live,
    frame::{self, Checker},
    ledger::Ledger,
    segment::{Extent, Slot},
};

/// The segment that is written to, and how far.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) segment: u64,
    slot: Arc<Slot>,
    checker: Checker,
    pub(super) here: Extent,
}

/// What was appended since the disk was last asked to keep it.
#[derive(Debug, Default)]
pub(super) struct Appended {
    /// Segments that were written to and are left.
    pub(super) full: Vec<Open>,
    /// The one that comes behind them.
    pub(super) open: Option<Open>,
    pub(super) events: u64,
    /// Events for which there was no segment.
    pub(super) no_room: u64,
}

/// What there was room for.
#[derive(Debug, Clone, Copy)]
struct Fits {
    events: u32,
    length: usize,
}

impl Appended {
    /// Nothing yet; goes on in this segment.
    pub(super) fn behind(open: Option<Open>) -> Self {
        Self { open, ..Self::default() }
    }

    /// Writes the frames of one tray, one write for each segment. `next` is the number of the next segment. Error: some
    /// of it may be written, none of it counts.
    pub(super) fn append(&mut self, ledger: &Ledger, next: &mut u64, frames: &mut [u8]) -> io::Result<()> {
        let mut rest = frames;
        while !rest.is_empty() {
            let fits = match &mut self.open {
                Some(open) => open.append(rest)?,
                None => Fits { events: 0, length: 0 },
            };
            self.events += u64::from(fits.events);
            rest = rest.get_mut(fits.length..).unwrap_or_default();
            if !rest.is_empty() && !self.open_another(ledger, next)? {
                self.no_room += count(rest);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Goes on in a new segment, if there is room for one.
    fn open_another(&mut self, ledger: &Ledger, next: &mut u64) -> io::Result<bool> {
        let Some(slot) = ledger.free_slot() else { return Ok(false) };
        let open = Open::new(ledger, *next, slot, Extent::NOTHING);
        *next += 1;
        let begun = open.slot.begin(ledger.folder.id, open.segment);
        // Before an error is told: whoever hears of it gives the file back.
        if let Some(full) = self.open.replace(open) {
            full.seal(ledger)?;
            self.full.push(full);
        }
        begun.map(|()| true)
    }

    /// The files that have to be synced.
    pub(super) fn slots(&self) -> Vec<Arc<Slot>> {
        self.all().map(|open| Arc::clone(&open.slot)).collect()
    }

    /// How far each segment reaches once they are.
    pub(super) fn reached(&self) -> Vec<Live> {
        let open = self.open.as_ref().map(|open| open.segment);
        let reached = self.all().map(|written| written.live(open != Some(written.segment)));
        reached.filter(|live| live.safe > Extent::NOTHING).collect()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Open> {
        self.full.iter().chain(&self.open)
    }
}

impl Open {
    pub(super) fn new(ledger: &Ledger, segment: u64, slot: Arc<Slot>, here: Extent) -> Self {
        Self { segment, slot, checker: Checker::new(ledger.folder.id, segment), here }
    }

    /// Gives the frames that fit their checksums, and writes them.
    fn append(&mut self, frames: &mut [u8]) -> io::Result<Fits> {
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

    /// Says how far it reaches, so that nobody has to read it to know.
    pub(super) fn seal(&self, ledger: &Ledger) -> io::Result<()> {
        self.slot.seal(ledger.folder.id, self.segment, self.here)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.slot.sync()
    }

    /// Gives the file back, emptied. One that cannot be emptied is no use now; the next start looks at it again.
    pub(super) fn give_back(self, ledger: &Ledger) {
        if self.slot.zero(0).is_ok() {
            ledger.give_back(self.slot);
        }
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
