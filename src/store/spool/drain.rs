//! Brings events from the spool into the store, and lets old ones go.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Keep, Pace, Position,
    folder::{Folder, Live},
    frame::Checker,
    ledger::{Ledger, Piece, Who},
    segment::Extent,
};
use crate::{
    base::Timestamp,
    judge::ClickEvent,
    store::{StoreError, sink::Sink},
};

/// How often old clicks are looked for, in milliseconds of the clock.
const FORGET_EVERY: i64 = 60 * 60 * 1000;

/// How often folders are looked for that others have left, and the clock is read while there is nothing to do.
const LOOK_EVERY: Duration = Duration::from_secs(5);

const DAY: i64 = 24 * 60 * 60 * 1000;

/// An event and its JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Row {
    pub(in crate::store) event: ClickEvent,
    pub(in crate::store) text: String,
}

/// The drain's own.
pub(in crate::store) struct Drain {
    ledger: Arc<Ledger>,
    sink: Sink,
    pace: Pace,
    keep: Keep,
    /// Where all folders lie.
    root: PathBuf,
    forget_at: Option<Timestamp>,
    look_at: Instant,
    /// Folders that others have left.
    left: VecDeque<Left>,
}

/// A folder that is brought in and then emptied.
pub(in crate::store) struct Left {
    folder: Folder,
    live: VecDeque<Live>,
    reached: Position,
}

/// A tenth of the share that others get where all want to run.
const NICE: i32 = 10;

/// What was brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::store) struct Brought {
    pub(in crate::store) events: u64,
    pub(in crate::store) torn: u32,
}

impl Drain {
    pub(in crate::store) fn new(ledger: Arc<Ledger>, sink: Sink, pace: Pace, keep: Keep, root: PathBuf) -> Self {
        Self { ledger, sink, pace, keep, root, forget_at: None, look_at: Instant::now(), left: VecDeque::new() }
    }

    /// Until the log was stopped and all is in the store, or the time for it is over.
    pub(in crate::store) fn run(mut self) {
        // For this thread alone, as Linux has it. Where a click and a transaction want one processor, the click comes first:
        // otherwise it waits for a whole slice of the scheduler, which is milliseconds.
        let _ = rustix::process::setpriority_process(None, NICE);
        let mut pause = self.pace.first_pause;
        self.forget();
        loop {
            self.look_for_left();
            let piece = self.ledger.next_piece(self.pace.gather, self.pace.batch as u64, LOOK_EVERY);
            self.forget();
            let done = match piece {
                Piece::End => break,
                Piece::Idle => Ok(()),
                Piece::Retire(live) => {
                    self.retire(live);
                    Ok(())
                }
                Piece::Read { live, from } => self.bring_in(&live, from),
            };
            match done.and_then(|()| self.bring_in_left()) {
                Ok(()) => pause = self.pace.first_pause,
                Err(error) if self.ledger.may_try_again(Who::Drain, &error.to_string(), pause) => {
                    pause = (pause * 2).min(self.pace.longest_pause);
                }
                Err(_) => break,
            }
            if self.ledger.is_late() {
                break;
            }
        }
        self.ledger.drain_ended();
    }

    fn bring_in(&mut self, live: &Live, from: Extent) -> Result<(), StoreError> {
        let began = Instant::now();
        let (to, brought) = batch(&self.ledger.folder, &mut self.sink, live, from, self.pace.batch)?;
        self.ledger.drained(to, brought.events, brought.torn);
        if brought.events >= self.pace.batch as u64 {
            self.ledger.rest(began.elapsed() * self.pace.rest);
        }
        Ok(())
    }

    fn retire(&self, live: Live) {
        // What the store has must not stay in a file that nobody looks at. One that cannot be emptied is not used again
        // until a start has looked at it.
        let emptied = live.slot.zero(0);
        if let Err(error) = &emptied {
            tracing::error!(%error, path = %live.slot.path.display(), "a segment of the spool cannot be emptied");
        }
        self.ledger.retired(live.segment, emptied.ok().map(|()| live.slot));
    }

    /// At the start and every hour: drops old months, and has the spool emptied where all of it is in the store.
    fn forget(&mut self) {
        let now = self.keep.clock.now();
        if self.forget_at.is_some_and(|at| now < at) {
            return;
        }
        self.forget_at = Some(now.plus_millis(FORGET_EVERY));
        self.ledger.ask_to_close();
        match self.sink.forget(now.plus_millis(-DAY * i64::from(self.keep.days))) {
            Ok(0) => {}
            Ok(months) => tracing::info!(months, days = self.keep.days, "old clicks were dropped"),
            Err(error) => {
                tracing::error!(%error, "old clicks stay for another hour");
                self.ledger.told(&error.to_string());
            }
        }
    }

    fn look_for_left(&mut self) {
        if Instant::now() < self.look_at {
            return;
        }
        self.look_at = Instant::now() + LOOK_EVERY;
        for folder in Folder::abandoned(&self.root).unwrap_or_default() {
            let path = folder.path.clone();
            match Left::open(folder, &mut self.sink) {
                Ok(left) => {
                    self.ledger.adopted(left.waiting());
                    self.left.push_back(left);
                }
                // The next look tries again.
                Err(error) => tracing::warn!(%error, path = %path.display(), "a spool that was left stays for now"),
            }
        }
    }

    fn bring_in_left(&mut self) -> Result<(), StoreError> {
        let Some(left) = self.left.front_mut() else { return Ok(()) };
        match left.step(&mut self.sink, self.pace.batch)? {
            Some(brought) => self.ledger.brought_in(brought.events, brought.torn),
            None => self.left.pop_front().into_iter().for_each(|left| left.remove()),
        }
        // There may be more, and nobody else says so.
        self.look_at = Instant::now() + LOOK_EVERY;
        Ok(())
    }
}

impl Left {
    pub(in crate::store) fn open(folder: Folder, sink: &mut Sink) -> Result<Self, StoreError> {
        let drained = sink.drained(folder.id)?;
        let content =
            folder.content(drained, Timestamp::default()).map_err(|source| unreadable(&folder.path, source))?;
        Ok(Self { folder, live: content.live, reached: drained.unwrap_or_default() })
    }

    fn from(&self, live: &Live) -> Extent {
        if self.reached.segment == live.segment { self.reached.extent } else { Extent::NOTHING }
    }

    /// Events that the store does not have yet.
    pub(in crate::store) fn waiting(&self) -> u64 {
        self.live.iter().map(|live| u64::from(live.safe.events.saturating_sub(self.from(live).events))).sum()
    }

    /// Brings in some; none where nothing is left.
    pub(in crate::store) fn step(&mut self, sink: &mut Sink, most: usize) -> Result<Option<Brought>, StoreError> {
        while let Some(live) = self.live.front() {
            let from = self.from(live);
            if from.at >= live.safe.at {
                self.live.pop_front();
                continue;
            }
            let (to, brought) = batch(&self.folder, sink, live, from, most)?;
            self.reached = to;
            return Ok(Some(brought));
        }
        Ok(None)
    }

    /// Removes the segments, all of which are in the store. One that cannot be removed is looked at again.
    pub(in crate::store) fn remove(self) {
        self.folder.clear();
    }
}

/// Brings in at most so many events of a segment, exactly once: how far it came.
fn batch(
    folder: &Folder,
    sink: &mut Sink,
    live: &Live,
    from: Extent,
    most: usize,
) -> Result<(Position, Brought), StoreError> {
    let (mut rows, mut unknown) = (Vec::new(), 0);
    let checker = Checker::new(folder.id, live.segment);
    let read = live.slot.read(&checker, from, live.safe, most, |bytes| match row(bytes) {
        Some(row) => rows.push(row),
        None => unknown += 1,
    });
    let (extent, torn) = read.map_err(|source| unreadable(&live.slot.path, source))?;
    let torn = torn + unknown;
    if torn > 0 {
        tracing::error!(torn, path = %live.slot.path.display(), at = from.at, "clicks in the spool are damaged and lost");
    }
    let to = Position { segment: live.segment, extent };
    sink.write(&rows, folder.id, to)?;
    Ok((to, Brought { events: rows.len() as u64, torn }))
}

fn unreadable(path: &Path, source: io::Error) -> StoreError {
    StoreError::Spool { path: path.to_owned(), doing: "read", source }
}

fn row(bytes: &[u8]) -> Option<Row> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(Row { event: serde_json::from_str(text).ok()?, text: text.to_owned() })
}
