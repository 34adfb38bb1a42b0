use std::{
    collections::BTreeSet,
    io,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Api, ApiError, Backoff, Database, Dice, Held, Settings, Wanted,
    api::Told,
    confirmed::{Confirmed, Recalled},
};
use crate::{
    base::{Clock, Timestamp},
    judge::{Evidence, Threat, Tier},
    list::prefixes::{expressions, hash, prefix_of},
    sources::{Finding, Objection, Source, Unanswered, dns::is_outside, file},
    url::{Suffixes, WebUrl},
};

/// Its name in events, policies and metrics.
/// Its name in policies, events and metrics.
pub const NAME: &str = "safe_browsing";
/// How long a question may take, whether or not a click still waits.
const LIMIT: Duration = Duration::from_secs(5);
/// How long "clear" is kept: what is looked up lies in memory, and changes with each update.
const CLEAR_FOR: Duration = Duration::from_secs(30);
/// How long "nothing to ask" is kept.
const NOTHING_TO_ASK: Duration = Duration::from_secs(60 * 60);
/// The least time between two requests for lists, where the server sets none.
const AT_LEAST: Duration = Duration::from_secs(10);
/// A list is fresh for at least so long, whatever wait the server set.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// Bytes of a key at most.
const LARGEST_KEY: u64 = 4096;

/// The lists, as a source. Cheap to clone.
#[derive(Clone)]
pub struct SafeBrowsing {
    inner: Arc<Inner>,
}

struct Inner {
    names: Vec<String>,
    api: Api,
    server: String,
    database: Database,
    confirmed: Confirmed,
    updates: Backoff,
    searches: Backoff,
    /// Lists whose update did not fit: they are asked for whole.
    whole: Mutex<BTreeSet<String>>,
    suffixes: Arc<Suffixes>,
    clock: Arc<dyn Clock>,
    dice: Dice,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    updated: AtomicU64,
    not_updated: AtomicU64,
    confirmed: AtomicU64,
    not_confirmed: AtomicU64,
    held_back: AtomicU64,
}

/// How it goes, for `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Updates of lists that were taken.
    pub updated: u64,
    /// Requests for lists that failed, and updates that did not fit.
    pub not_updated: u64,
    /// Questions about prefixes that were answered.
    pub confirmed: u64,
    /// Questions about prefixes that were not.
    pub not_confirmed: u64,
    /// Questions that were not asked because others failed before.
    pub held_back: u64,
}

/// Why there is no such source.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The key.
    #[error("the key in {path} cannot be read: {error}; name the right file in `safe_browsing.key_file`", path = path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The client.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl SafeBrowsing {
    /// Reads the key and the lists that are there. Nobody is asked yet.
    ///
    /// # Errors
    /// [`OpenError`]. A damaged list is none: it is asked for anew.
    pub fn open(
        settings: &Settings,
        suffixes: Arc<Suffixes>,
        clock: Arc<dyn Clock>,
        dice: Dice,
    ) -> Result<Self, OpenError> {
        let key = settings.key_file.as_ref().map(|path| {
            let wrong = |error| OpenError::Key { path: path.clone(), error };
            let bytes = file::read(path, LARGEST_KEY).map_err(wrong)?;
            let text = String::from_utf8(bytes).ok().map(|text| text.trim().to_owned());
            text.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()))
                .ok_or_else(|| wrong(io::Error::other("it holds no line of letters and digits")))
        });
        let api = Api::new(&settings.url, key.transpose()?)?;
        let server = settings.url.split("://").last().unwrap_or_default().trim_end_matches('/').to_owned();
        let inner = Inner {
            database: Database::open(&settings.folder, &settings.lists),
            names: settings.lists.clone(),
            confirmed: Confirmed::default(),
            updates: Backoff::default(),
            searches: Backoff::default(),
            whole: Mutex::default(),
            counts: Counts::default(),
            api,
            server,
            suffixes,
            clock,
            dice,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Keeps the lists fresh, for ever. The first request comes within a minute, at once where a list is missing, so
    /// that many clients that start together do not ask together.
    pub async fn run(self) {
        let is_whole = self.inner.names.iter().all(|name| self.inner.database.list(name).is_some());
        if is_whole {
            tokio::time::sleep(Duration::from_secs(60).mul_f64((self.inner.dice)().clamp(0.0, 1.0))).await;
        }
        loop {
            tokio::time::sleep(self.update().await).await;
        }
    }

    /// Asks for the lists whose time has come, unless an earlier failure forbids it; how long to wait for the next.
    pub async fn update(&self) -> Duration {
        let inner = &self.inner;
        let now = inner.clock.now();
        if inner.updates.until(now).is_none() {
            let due: Vec<&String> = inner.names.iter().filter(|name| inner.due(name) <= now).collect();
            if !due.is_empty() {
                inner.fetch(&due).await;
            }
        }
        let now = inner.clock.now();
        let next = inner.names.iter().map(|name| inner.due(name)).min().unwrap_or(now);
        let next = inner.updates.until(now).map_or(next, |until| next.max(until));
        Duration::from_millis(u64::try_from(next.millis_since(now)).unwrap_or(0)).max(AT_LEAST)
    }

    /// The lists as they are held.
    pub fn held(&self) -> Arc<Vec<Arc<Held>>> {
        self.inner.database.held()
    }

    /// How it goes.
    pub fn counted(&self) -> Counted {
        let Counts { updated, not_updated, confirmed, not_confirmed, held_back } = &self.inner.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counted {
            updated: read(updated),
            not_updated: read(not_updated),
            confirmed: read(confirmed),
            not_confirmed: read(not_confirmed),
            held_back: read(held_back),
        }
    }

    /// Why the lists prove nothing now, if so: a clause.
    pub fn problem(&self) -> Option<String> {
        let now = self.inner.clock.now();
        self.inner.names.iter().find_map(|name| self.inner.doubt(name, now))
    }
}

impl Inner {
    /// When a list may be asked for.
    fn due(&self, name: &str) -> Timestamp {
        let is_broken = self.whole().contains(name);
        let held = self.database.list(name).filter(|_| !is_broken);
        held.map_or(Timestamp::from_millis(0), |held| held.as_of.plus_millis(millis(held.wait)))
    }

    async fn fetch(&self, due: &[&String]) {
        let lists: Vec<(String, Vec<u8>)> = due
            .iter()
            .map(|name| {
                let held = self.database.list(name).filter(|_| !self.whole().contains(*name));
                ((*name).clone(), held.map(|held| held.version.clone()).unwrap_or_default())
            })
            .collect();
        let updates = match self.api.lists(&lists).await {
            Ok(updates) => updates,
            Err(error) => return self.not_updated(&error.to_string()),
        };
        let mut problem = None;
        for (name, _) in &lists {
            let Some(update) = updates.iter().find(|update| update.name.rsplit('/').next() == Some(name)) else {
                problem = Some(format!("the server sent nothing for the list {name:?}; is that its name?"));
                continue;
            };
            let taken = self.database.take(&Wanted { name: name.clone(), ..update.clone() }, self.clock.now());
            match taken {
                Ok(()) => {
                    self.whole().remove(name);
                    self.counts.updated.fetch_add(1, Ordering::Relaxed);
                }
                // What is in force stays; asked for whole at once, and after that no sooner than after any failure.
                Err(error) if self.whole().insert(name.clone()) => {
                    self.counts.not_updated.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(list = name, "an update does not fit and the list is asked for whole: {error}");
                }
                Err(error) => problem = Some(format!("the list {name:?} cannot be taken: {error}")),
            }
        }
        match problem {
            Some(problem) => self.not_updated(&problem),
            None => self.updates.succeeded(),
        }
    }

    fn not_updated(&self, why: &str) {
        self.counts.not_updated.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.now();
        let until = self.updates.failed(now, (self.dice)());
        tracing::error!(
            "lists of prefixes are not updated, asked again in {} s: {why}",
            until.millis_since(now) / 1000
        );
    }

    async fn find(&self, url: &WebUrl) -> Result<Finding, Unanswered> {
        let now = self.clock.now();
        let clear = |keep| Finding { keep, ..Finding::default() };
        if !is_outside(url, &self.suffixes) {
            return Ok(clear(NOTHING_TO_ASK));
        }
        let hashes: Vec<(String, [u8; 32])> = expressions(url, &self.suffixes)
            .into_iter()
            .map(|text| {
                let hash = hash(&text);
                (text, hash)
            })
            .collect();
        let lists = self.database.held();
        let mut unknown = BTreeSet::new();
        for (_, hash) in &hashes {
            let prefix = prefix_of(hash);
            let is_unknown = self.confirmed.recall(hash, now) == Recalled::Unknown;
            if is_unknown && lists.iter().any(|list| list.prefixes.contains(prefix)) {
                unknown.insert(prefix);
            }
        }
        let mut objections = self.objections(&hashes, &Told::default(), now);
        if objections.0.is_empty() && !unknown.is_empty() {
            // An answer that may not be kept is an answer all the same.
            let told = self.confirm(unknown.into_iter().collect()).await?;
            objections = self.objections(&hashes, &told, now);
        }
        match objections {
            (objections, Some(until)) => {
                let keep = Duration::from_millis(u64::try_from(until.millis_since(now)).unwrap_or(0));
                Ok(Finding { objections, keep, ..Finding::default() })
            }
            (_, None) => match self.names.iter().find_map(|name| self.doubt(name, now)) {
                Some(why) => Err(Unanswered(why)),
                None => Ok(clear(CLEAR_FOR)),
            },
        }
    }

    /// What is kept, or was just told, against these texts, and until when that counts; nothing where nothing is.
    fn objections(
        &self,
        hashes: &[(String, [u8; 32])],
        told: &Told,
        now: Timestamp,
    ) -> (Vec<Objection>, Option<Timestamp>) {
        let (mut objections, mut until): (Vec<Objection>, Option<Timestamp>) = (Vec::new(), None);
        for (text, hash) in hashes {
            let (threats, counts_until) = match self.confirmed.recall(hash, now) {
                Recalled::Known(threats, until) => (threats, until),
                Recalled::Unknown => (told.of(hash), now),
            };
            for threat in threats {
                until = Some(until.map_or(counts_until, |other| other.min(counts_until)));
                objections.push(self.objection(text, threat));
            }
        }
        (objections, until)
    }

    fn objection(&self, text: &str, threat: Threat) -> Objection {
        // What stands behind the host may be a secret of the reader.
        let evidence = match text.split_once('/') {
            Some((host, "")) => format!("{} knows {host} for {threat}", self.server),
            Some((host, _)) => format!("{} knows a page on {host} for {threat}", self.server),
            None => format!("{} knows it for {threat}", self.server),
        };
        Objection { tier: Tier::Malicious, threat, evidence }
    }

    /// Asks the server which whole hashes begin so.
    async fn confirm(&self, prefixes: Vec<u32>) -> Result<Told, Unanswered> {
        let now = self.clock.now();
        if let Some(until) = self.searches.until(now) {
            self.counts.held_back.fetch_add(1, Ordering::Relaxed);
            let secs = until.millis_since(now) / 1000 + 1;
            return Err(Unanswered(format!("{} failed and is asked again in {secs} s", self.server)));
        }
        match self.api.search(&prefixes).await {
            Ok(told) => {
                self.counts.confirmed.fetch_add(1, Ordering::Relaxed);
                self.searches.succeeded();
                self.confirmed.keep(&prefixes, &told, self.clock.now());
                Ok(told)
            }
            Err(error) => {
                self.counts.not_confirmed.fetch_add(1, Ordering::Relaxed);
                self.searches.failed(self.clock.now(), (self.dice)());
                Err(Unanswered(error.to_string()))
            }
        }
    }

    /// Why a list proves nothing, if so.
    fn doubt(&self, name: &str, now: Timestamp) -> Option<String> {
        let Some(held) = self.database.list(name) else {
            return Some(format!("its list {name:?} is not there yet"));
        };
        let fresh = (held.wait * 2).max(FRESH);
        let age = now.millis_since(held.as_of);
        (age > millis(fresh)).then(|| format!("its list {name:?} is {} minutes old", age / 60_000))
    }

    fn whole(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for SafeBrowsing {
    fn name(&self) -> &str {
        NAME
    }

    fn evidence(&self) -> Evidence {
        Evidence::Hash
    }

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn ask(&self, url: WebUrl) -> Pin<Box<dyn Future<Output = Result<Finding, Unanswered>> + Send + '_>> {
        Box::pin(async move { self.inner.find(&url).await })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
