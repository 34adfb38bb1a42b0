//! What writer, drain and those who ask share: which segments there are, how far each has come, and what was counted.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    Position,
    folder::{Content, Folder, Live},
    intake::Intake,
    segment::{Extent, Slot},
};
use crate::store::log::LogStats;

/// Shared by all threads of one log.
#[derive(Debug)]
pub(in crate::store) struct Ledger {
    /// Where the store lies.
    pub(in crate::store) store: PathBuf,
    /// Held as long as anybody uses it.
    pub(in crate::store) folder: Folder,
    pub(in crate::store) intake: Intake,
    state: Mutex<State>,
    /// For the drain: there is something to do, or somebody is in a hurry.
    work: Condvar,
    /// For those who wait for either.
    progress: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    /// Oldest first; at most the last is not closed.
    pub(super) live: VecDeque<Live>,
    pub(super) free: VecDeque<Arc<Slot>>,
    /// How far the store has it.
    pub(super) drained_to: Position,
    /// Rounds of the writer: begun, ended, asked for.
    begun: u64,
    ended: u64,
    asked: u64,
    /// Somebody waits until the store has it up to here.
    wanted: Position,
    /// The drain wants the open segment closed, because all of it is in the store.
    pub(super) close_asked: bool,
    /// Set when nothing more is taken in: until then one may go on trying.
    stop_by: Option<Instant>,
    writer_ended: bool,
    drain_ended: bool,
    /// Counts flushes and stops: each is a reason not to wait any longer.
    calls: u64,
    pub(super) counts: Counts,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Events of earlier runs, and of folders that others have left.
    found: u64,
    synced: u64,
    drained: u64,
    /// Had no room in the spool, or could not be written to it to the end.
    no_room: u64,
    given_up: u64,
    /// Pieces of the spool that hold no event any more; so many of them were counted as events before.
    torn: u64,
    skipped: u64,
    failures: Failures,
    last_error: Option<String>,
}

#[derive(Debug, Default)]
struct Failures {
    writer: u64,
    drain: u64,
}

/// Who failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Writer,
    Drain,
}

/// What the drain is to do.
#[derive(Debug)]
pub(super) enum Piece {
    /// Bring in these events.
    Read { live: Live, from: Extent },
    /// All of this segment is in the store.
    Retire(Live),
    /// Nothing now.
    Idle,
    /// Nothing any more.
    End,
}

impl Ledger {
    pub(in crate::store) fn new(store: PathBuf, folder: Folder, content: Content, drained: Option<Position>) -> Self {
        let mut state = State {
            drained_to: drained.unwrap_or_default(),
            live: content.live,
            free: content.free,
            begun: 0,
            ended: 0,
            asked: 0,
            wanted: Position::default(),
            close_asked: false,
            stop_by: None,
            writer_ended: false,
            drain_ended: false,
            calls: 0,
            counts: Counts { torn: content.torn, ..Counts::default() },
        };
        state.counts.found = state.backlog();
        Self {
            store,
            folder,
            intake: Intake::new(),
            state: Mutex::new(state),
            work: Condvar::new(),
            progress: Condvar::new(),
        }
    }

    /// Never held while anything is read or written.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::store) fn stats(&self) -> LogStats {
        let taken = self.intake.taken();
        let state = self.lock();
        let counts = &state.counts;
        let lost = counts.no_room + counts.given_up;
        LogStats {
            synced: counts.synced,
            drained: counts.drained,
            waiting: (taken.accepted + counts.found).saturating_sub(counts.drained + counts.skipped + lost),
            dropped: taken.refused + lost,
            torn: counts.torn,
            failures: counts.failures.writer + counts.failures.drain,
            last_error: counts.last_error.clone(),
        }
    }

    /// Waits until all that was taken in before is in the store, at most `patience`; whether it is.
    pub(in crate::store) fn flush(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        // A round that has begun may have looked into a tray already.
        let round = state.begun + 1;
        state.asked = state.asked.max(round);
        state.calls += 1;
        self.work.notify_all();
        self.intake.wake();
        let mut state = self.wait(state, until, |state| state.ended < round && !state.writer_ended);
        let target = state.end();
        state.wanted = state.wanted.max(target);
        state.calls += 1;
        self.work.notify_all();
        let rounds = state.ended >= round || state.writer_ended;
        let state = self.wait(state, until, |state| state.drained_to < target && !state.drain_ended);
        rounds && state.drained_to >= target
    }

    fn wait<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        until: Instant,
        pending: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.progress.wait_timeout_while(state, left, |state| pending(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Takes nothing more; whoever works may go on trying until then.
    pub(in crate::store) fn stop(&self, by: Instant) {
        self.intake.close();
        let mut state = self.lock();
        state.stop_by = Some(by);
        state.calls += 1;
        drop(state);
        self.work.notify_all();
        self.intake.wake();
    }

    /// Events that are neither on the disk nor in the store, and never will be, because the log was stopped.
    pub(in crate::store) fn given_up(&self) -> u64 {
        self.lock().counts.given_up
    }

    /// Something could not be done: waits for `pause`, or until somebody flushes or stops. Whether to try again.
    pub(super) fn may_try_again(&self, who: Who, error: &str, pause: Duration) -> bool {
        let mut state = self.lock();
        let first = state.counts.failed(who, error);
        if first && who == Who::Writer {
            tracing::error!(error, "clicks cannot be put on the disk and wait in memory");
        } else if first {
            tracing::error!(error, "clicks cannot be brought into the store and wait in the spool");
        }
        let left = state.stop_by.map(|by| by.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        let (calls, pause) = (state.calls, left.unwrap_or(pause).min(pause));
        let _ = self.work.wait_timeout_while(state, pause, |state| state.calls == calls);
        true
    }

    // What the writer says.

    /// Whether the open segment is to be closed.
    pub(super) fn wants_close(&self) -> bool {
        self.lock().close_asked
    }

    /// Whether somebody waits for the writer.
    pub(super) fn hurries_writer(&self) -> bool {
        let state = self.lock();
        state.asked > state.begun || state.stop_by.is_some()
    }

    /// A round begins: which it is, and whether it is the last.
    pub(super) fn begin_round(&self) -> (u64, bool) {
        let mut state = self.lock();
        state.begun += 1;
        (state.begun, state.stop_by.is_some())
    }

    /// All that was taken in before this round began is safe, or given up.
    pub(super) fn end_round(&self, round: u64) {
        let mut state = self.lock();
        if state.ended >= round {
            return;
        }
        state.ended = round;
        drop(state);
        self.work.notify_all();
        self.progress.notify_all();
    }

    /// Events are safe: so far in these segments.
    pub(super) fn synced(&self, reached: Vec<Live>, events: u64) {
        let mut state = self.lock();
        for live in reached {
            match state.live.back_mut().filter(|last| last.segment == live.segment) {
                Some(last) => *last = live,
                None => state.live.push_back(live),
            }
        }
        state.counts.synced += events;
        if state.counts.recovered(Who::Writer) {
            tracing::info!("clicks are put on the disk again");
        }
    }

    pub(super) fn no_room(&self, events: u64) {
        if events == 0 {
            return;
        }
        let mut state = self.lock();
        if state.counts.no_room == 0 {
            tracing::error!(path = %self.folder.path.display(), "the spool is full: new clicks are lost until the store can be written");
        }
        state.counts.no_room += events;
    }

    pub(super) fn give_up(&self, events: u64) {
        self.lock().counts.given_up += events;
    }

    pub(super) fn writer_ended(&self) {
        self.lock().writer_ended = true;
        self.work.notify_all();
        self.progress.notify_all();
    }

    /// Nothing more comes into the segment; whether there is something in it that is safe.
    pub(super) fn closed(&self, segment: u64) -> bool {
        let mut state = self.lock();
        let found = state.live.iter_mut().find(|live| live.segment == segment);
        let found = found.map(|live| live.closed = true).is_some();
        drop(state);
        self.work.notify_all();
        found
    }

    /// A file for the next segment.
    pub(super) fn free_slot(&self) -> Option<Arc<Slot>> {
        self.lock().free.pop_front()
    }

    pub(super) fn give_back(&self, slot: Arc<Slot>) {
        self.lock().free.push_back(slot);
    }

    // What the drain says.

    /// Waits for something to do, at most `idle`. What is there waits `gather` for more, unless there are `enough`.
    pub(super) fn next_piece(&self, gather: Duration, enough: u64, idle: Duration) -> Piece {
        let nothing = |state: &mut State| state.backlog() == 0 && !state.has_retired() && !state.writer_ended;
        let state = self.work.wait_timeout_while(self.lock(), idle, nothing).unwrap_or_else(PoisonError::into_inner).0;
        let gathering = |state: &mut State| {
            let backlog = state.backlog();
            0 < backlog && backlog < enough && state.wanted <= state.drained_to && state.stop_by.is_none()
        };
        let state = self.work.wait_timeout_while(state, gather, gathering).unwrap_or_else(PoisonError::into_inner).0;
        let Some(live) = state.live.front() else {
            return if state.writer_ended { Piece::End } else { Piece::Idle };
        };
        let from = state.reached(live);
        match live.safe.at > from.at {
            true => Piece::Read { live: live.clone(), from },
            false if live.closed => Piece::Retire(live.clone()),
            false if state.writer_ended => Piece::End,
            false => Piece::Idle,
        }
    }

    /// Leaves the processor to others for so long, unless the spool fills up or somebody waits.
    pub(super) fn rest(&self, pause: Duration) {
        let resting =
            |state: &mut State| !state.is_filling() && state.wanted <= state.drained_to && state.stop_by.is_none();
        let _ = self.work.wait_timeout_while(self.lock(), pause, resting);
    }

    /// Whether the time of a stop is over.
    pub(super) fn is_late(&self) -> bool {
        self.lock().stop_by.is_some_and(|by| by <= Instant::now())
    }

    pub(super) fn drain_ended(&self) {
        self.lock().drain_ended = true;
        self.progress.notify_all();
    }

    pub(super) fn drained(&self, to: Position, events: u64, torn: u32) {
        let mut state = self.lock();
        state.drained_to = to;
        state.counts.drained(events, torn);
        drop(state);
        self.progress.notify_all();
    }

    pub(super) fn retired(&self, segment: u64, slot: Option<Arc<Slot>>) {
        let mut state = self.lock();
        state.live.retain(|live| live.segment != segment);
        state.free.extend(slot);
    }

    /// Asks the writer to close the open segment if all of it is in the store, so that no click stays in it.
    pub(super) fn ask_to_close(&self) {
        let mut state = self.lock();
        let open = state.live.back().filter(|live| !live.closed);
        state.close_asked = state.backlog() == 0 && open.is_some_and(|live| live.safe > Extent::NOTHING);
        let asked = state.close_asked;
        drop(state);
        if asked {
            self.intake.wake();
        }
    }

    /// Another's folder was taken over, with so many events; some were brought in.
    pub(super) fn adopted(&self, found: u64) {
        self.lock().counts.found += found;
    }

    pub(super) fn brought_in(&self, events: u64, torn: u32) {
        self.lock().counts.drained(events, torn);
    }

    /// A failure that is told, and after which there is nothing to wait for.
    pub(super) fn told(&self, error: &str) {
        self.lock().counts.last_error = Some(error.to_owned());
    }
}

impl State {
    /// How far the segment was brought in.
    fn reached(&self, live: &Live) -> Extent {
        if self.drained_to.segment == live.segment { self.drained_to.extent } else { Extent::NOTHING }
    }

    /// Events that the store does not have yet.
    fn backlog(&self) -> u64 {
        let left = |live: &Live| u64::from(live.safe.events.saturating_sub(self.reached(live).events));
        self.live.iter().map(left).sum()
    }

    /// Whether more than half of the room is used.
    fn is_filling(&self) -> bool {
        self.live.len() > self.free.len()
    }

    fn has_retired(&self) -> bool {
        self.live.front().is_some_and(|live| live.closed && live.safe.at <= self.reached(live).at)
    }

    /// How far everything reaches.
    fn end(&self) -> Position {
        self.live.back().map_or(self.drained_to, |live| Position { segment: live.segment, extent: live.safe })
    }
}

impl Counts {
    fn drained(&mut self, events: u64, torn: u32) {
        self.drained += events;
        self.torn += u64::from(torn);
        self.skipped += u64::from(torn);
        if self.recovered(Who::Drain) {
            tracing::info!("clicks are brought into the store again");
        }
    }

    /// Whether it is the first failure after a success.
    fn failed(&mut self, who: Who, error: &str) -> bool {
        self.last_error = Some(error.to_owned());
        let failures = self.failures.of(who);
        *failures += 1;
        *failures == 1
    }

    fn recovered(&mut self, who: Who) -> bool {
        std::mem::take(self.failures.of(who)) > 0
    }
}

impl Failures {
    fn of(&mut self, who: Who) -> &mut u64 {
        match who {
            Who::Writer => &mut self.writer,
            Who::Drain => &mut self.drain,
        }
    }
}
