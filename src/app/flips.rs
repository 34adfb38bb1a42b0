//! Judges clicks again when a source turns or lists change, behind the clicks, and has the hook told.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::{Notify, watch};

use super::Gate;
use crate::{
    click::Again,
    http::{Fitness, Vital},
    sources::{Turn, Witness},
    store::{Store, StoreError},
};

/// Turns that wait to be looked at. A source that objects to more than that within a moment is counted, and its clicks are
/// found when it objects again: what it found is kept half an hour.
const TURNS: usize = 1024;
/// How often is looked whether something is due.
const LOOK: Duration = Duration::from_secs(1);
/// When a turn is looked at a second time: by then the clicks of other processes are in the store, and those that were being
/// answered when it came.
const LATER: Duration = Duration::from_secs(60);
/// How long clicks that were recorded are waited for on their way into the store.
const ON_THE_WAY: Duration = Duration::from_secs(5);
/// How often lists that change all the time have clicks judged again.
const LISTS_EVERY: Duration = Duration::from_secs(10);

/// Where turns are left, and how it goes with them.
#[derive(Debug)]
pub(super) struct Inbox {
    sender: SyncSender<Note>,
    /// Something was written down of which the hook can be told.
    pub(super) news: Notify,
    counts: Counts,
    /// What went wrong last with the hook, while it does.
    problem: Mutex<Option<String>>,
}

#[derive(Debug)]
enum Note {
    Turn(Box<Turn>),
    Stop,
}

#[derive(Debug, Default)]
struct Counts {
    dropped: AtomicU64,
    failed: AtomicU64,
    cut: AtomicU64,
    flips: AtomicU64,
    clicks: AtomicU64,
    told: AtomicU64,
    not_told: AtomicU64,
    never_told: AtomicU64,
}

/// How it goes with what turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counted {
    pub(super) dropped: u64,
    pub(super) failed: u64,
    pub(super) cut: u64,
    pub(super) flips: u64,
    pub(super) clicks: u64,
    pub(super) told: u64,
    pub(super) not_told: u64,
    pub(super) never_told: u64,
}

/// What is left there, for the one who looks at it.
pub(super) struct Turns(Receiver<Note>);

/// The thread that judges again; it ends when this is dropped.
pub(super) struct Rejudging {
    inbox: Arc<Inbox>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Inbox {
    pub(super) fn new() -> (Arc<Self>, Turns) {
        let (sender, receiver) = mpsc::sync_channel(TURNS);
        let inbox = Self { sender, news: Notify::new(), counts: Counts::default(), problem: Mutex::default() };
        (Arc::new(inbox), Turns(receiver))
    }

    pub(super) fn counted(&self) -> Counted {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            dropped: of(&self.counts.dropped),
            failed: of(&self.counts.failed),
            cut: of(&self.counts.cut),
            flips: of(&self.counts.flips),
            clicks: of(&self.counts.clicks),
            told: of(&self.counts.told),
            not_told: of(&self.counts.not_told),
            never_told: of(&self.counts.never_told),
        }
    }

    /// The hook heard one, or why it did not.
    pub(super) fn was_told(&self, problem: Option<String>) {
        let counter = if problem.is_none() { &self.counts.told } else { &self.counts.not_told };
        counter.fetch_add(1, Ordering::Relaxed);
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// What `/readyz` says where the hook does not hear.
    pub(super) fn vital(&self) -> Option<Vital> {
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let says = format!("alerts wait, and are told when it is back: {problem}");
        Some(Vital { part: "alerts", state: Fitness::Degraded, says })
    }

    fn note(&self, again: Result<Again, StoreError>) -> bool {
        match again {
            Ok(Again { flips, clicks, untold, is_cut }) => {
                let add = |counter: &AtomicU64, number: usize| {
                    counter.fetch_add(number as u64, Ordering::Relaxed);
                };
                add(&self.counts.flips, flips);
                add(&self.counts.clicks, clicks);
                add(&self.counts.never_told, untold);
                add(&self.counts.cut, usize::from(is_cut));
                if flips > 0 {
                    tracing::warn!(clicks, "what is known of a destination has turned; clicks had gone on there");
                    self.news.notify_one();
                }
                true
            }
            Err(error) => {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "clicks are not judged again for now");
                false
            }
        }
    }
}

impl Witness for Inbox {
    fn turned(&self, turn: Turn) {
        if self.sender.try_send(Note::Turn(Box::new(turn))).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Rejudging {
    /// Starts the thread, and where there is a hook the one that tells it.
    pub(super) fn start(gate: &Arc<Gate>, turns: Turns) -> io::Result<Self> {
        let inbox = Arc::clone(&gate.in_force().around.inbox);
        let (stop, stopped) = watch::channel(false);
        super::alerts::start(gate, stopped)?;
        let (gate, of_thread) = (Arc::clone(gate), Arc::clone(&inbox));
        let run = move || Judge::new(gate, of_thread).run(&turns.0);
        let thread = std::thread::Builder::new().name("flips".into()).spawn(run)?;
        Ok(Self { inbox, stop, thread: Some(thread) })
    }
}

impl Drop for Rejudging {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        // Where the queue is full the thread is at work, and takes this when it is through with the next.
        let _ = self.inbox.sender.send(Note::Stop);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that judged clicks again had panicked");
        }
    }
}

/// The thread's own.
struct Judge {
    gate: Arc<Gate>,
    inbox: Arc<Inbox>,
    later: VecDeque<(Instant, Box<Turn>)>,
    lists: u64,
    lists_at: Instant,
}

impl Judge {
    fn new(gate: Arc<Gate>, inbox: Arc<Inbox>) -> Self {
        let lists = gate.in_force().around.lists.state().generation;
        Self { gate, inbox, later: VecDeque::new(), lists, lists_at: Instant::now() }
    }

    fn run(mut self, turns: &Receiver<Note>) {
        loop {
            match turns.recv_timeout(LOOK) {
                Ok(Note::Turn(turn)) => {
                    self.look(&turn);
                    if self.later.len() < TURNS {
                        self.later.push_back((Instant::now() + LATER, turn));
                    } else {
                        self.inbox.counts.dropped.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok(Note::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = Instant::now();
            if self.later.front().is_some_and(|(at, _)| *at <= now)
                && let Some((_, turn)) = self.later.pop_front()
            {
                self.look(&turn);
            }
            self.look_at_lists(now);
        }
    }

    fn look(&self, turn: &Turn) {
        let in_force = self.gate.in_force();
        let around = &in_force.around;
        // What was clicked before the source turned may be on its way. Where it stays there, the second look finds it.
        let _ = around.log.flush(ON_THE_WAY);
        let hook = around.hook.is_some();
        self.inbox.note(self.store().and_then(|store| in_force.checkpoint.rejudge(&store, turn, hook)));
    }

    fn look_at_lists(&mut self, now: Instant) {
        let in_force = self.gate.in_force();
        let around = &in_force.around;
        let lists = around.lists.state().generation;
        if lists == self.lists || now < self.lists_at {
            return;
        }
        self.lists_at = now + LISTS_EVERY;
        let _ = around.log.flush(ON_THE_WAY);
        let hook = around.hook.is_some();
        let again = self.store().and_then(|store| in_force.checkpoint.rejudge_by_lists(&store, hook));
        if self.inbox.note(again) {
            self.lists = lists;
        }
    }

    /// A connection of its own: clicks must not wait for this one.
    fn store(&self) -> Result<Store, StoreError> {
        Store::open_existing(self.gate.in_force().around.store.path())
    }
}
