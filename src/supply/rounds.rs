use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use super::{Clicked, Feed, FeedStatus, Grounds, Outcome, Stock, StockError, Updater};
use crate::{
    base::{Clock, Timestamp},
    list::Protected,
    url::Suffixes,
};

/// How often is looked whether a feed is due: soon enough to see what a command did to the files of one.
const LOOK: Duration = Duration::from_secs(2);

/// How the feeds stand, for whoever shows it; it never waits.
#[derive(Debug, Default)]
pub struct Board(ArcSwap<Vec<FeedStatus>>);

impl Board {
    /// How they stood when they were looked at last.
    pub fn statuses(&self) -> Arc<Vec<FeedStatus>> {
        self.0.load_full()
    }

    /// Shows how they stand.
    pub fn show(&self, statuses: Vec<FeedStatus>) {
        self.0.store(Arc::new(statuses));
    }
}

/// What is wanted at one moment.
pub struct Wanted {
    /// The feeds of the configuration in force.
    pub feeds: Vec<Feed>,
    /// Hosts on which our own links live.
    pub own_hosts: Vec<String>,
    /// What the never-block lists in force hold.
    pub never_block: Arc<Protected>,
}

/// What the rounds go by.
pub struct Surroundings {
    /// Where the files of feeds are.
    pub stock: Stock,
    /// Where strangers' domains begin.
    pub suffixes: Arc<Suffixes>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where it is shown how feeds stand.
    pub board: Arc<Board>,
    /// Asked before each update.
    pub wanted: Box<dyn Fn() -> Wanted + Send>,
    /// What was clicked since a moment; asked before each update.
    pub clicked: Box<dyn Fn(Timestamp) -> Clicked + Send>,
}

/// A thread that asks each feed when it is due, one after the other; it ends when this is dropped.
pub struct Rounds {
    asked: Arc<Asked>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// Feeds that somebody wants to be asked now.
#[derive(Default)]
struct Asked {
    names: Mutex<BTreeSet<String>>,
    news: Notify,
}

impl Rounds {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives none.
    pub fn start(surroundings: Surroundings) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (asked, (stop, stopped)) = (Arc::<Asked>::default(), watch::channel(false));
        let heard = Arc::clone(&asked);
        let run = move || {
            runtime.block_on(run(&surroundings, &heard, stopped));
            // A name that is being looked up is not waited for.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("feeds".into()).spawn(run)?;
        Ok(Self { asked, stop, thread: Some(thread) })
    }

    /// Has a feed asked now, whether or not it is due or held.
    pub fn ask(&self, name: &str) {
        let mut names = self.asked.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.to_owned());
        self.asked.news.notify_one();
    }

    /// Has it looked at once how feeds stand: somebody changed something.
    pub fn look(&self) {
        self.asked.news.notify_one();
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that fetched feeds had panicked");
        }
    }
}

async fn run(around: &Surroundings, asked: &Asked, mut stopped: watch::Receiver<bool>) {
    let mut kept: Option<Vec<Feed>> = None;
    loop {
        let names = std::mem::take(&mut *asked.names.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::select! {
            () = round(around, &names, &mut kept) => {}
            // Cut in the middle of a fetch: nothing is written before it has come whole.
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = asked.news.notified() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

async fn round(around: &Surroundings, asked: &BTreeSet<String>, kept: &mut Option<Vec<Feed>>) {
    let wanted = (around.wanted)();
    // Also done where the configuration is read; a feed that was just being updated is left for the next time.
    if kept.as_ref() != Some(&wanted.feeds) {
        match around.stock.keep_only(&wanted.feeds) {
            Ok(()) => *kept = Some(wanted.feeds.clone()),
            Err(StockError::Busy(_)) => {}
            Err(error) => tracing::error!("the lists of feeds are not as the configuration has them: {error}"),
        }
    }
    show(around, &wanted.feeds);
    for feed in &wanted.feeds {
        let (now, state) = (around.clock.now(), around.stock.state_of(feed));
        let is_asked = asked.contains(&feed.name);
        let is_due = state.held.is_none() && (state.due.is_none_or(|due| due <= now) || state.is_of_another(feed));
        if is_due || is_asked {
            update(around, &wanted, feed, now, is_asked).await;
            show(around, &wanted.feeds);
        }
    }
}

fn show(around: &Surroundings, feeds: &[Feed]) {
    let now = around.clock.now();
    around.board.show(feeds.iter().map(|feed| around.stock.status_of(feed, now)).collect());
}

async fn update(around: &Surroundings, wanted: &Wanted, feed: &Feed, now: Timestamp, is_asked: bool) {
    let clicked = (around.clicked)(now.plus_millis(-Clicked::SPAN_MILLIS));
    let Wanted { own_hosts, never_block, .. } = wanted;
    let grounds = Grounds { suffixes: &around.suffixes, own_hosts, never_block, clicked: &clicked };
    let updater = Updater { stock: &around.stock, grounds, now, jitter: jitter(), is_asked };
    let name = &feed.name;
    match updater.update(feed).await {
        Ok(Outcome::Unchanged) => tracing::debug!(feed = name, "feed unchanged"),
        Ok(Outcome::Taken(version)) => {
            let (entries, refused) = (version.rows.entries, version.rows.refused);
            tracing::info!(feed = name, version = version.version, entries, refused, "feed taken");
        }
        Ok(Outcome::Refused(refusal)) => {
            tracing::error!(feed = name, "feed refused, what was in force stays: {refusal}; {}", refusal.remedy());
        }
        Ok(Outcome::Failed(failure)) => {
            tracing::warn!(feed = name, "feed not fetched, what was in force stays: {failure}")
        }
        Err(StockError::Busy(_)) => {}
        Err(error) => tracing::error!(feed = name, "feed not updated, what was in force stays: {error}"),
    }
}

/// Where the system has no randomness everybody waits equally long, and nothing else is lost.
pub(crate) fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}
