use std::{
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwapOption;
use sha2::{Digest as _, Sha256};

use super::{
    Action, Primary, Skipped, Transferred, Zone, read,
    text::{MAX_BYTES, origin, write},
    transfer,
};
use crate::{
    base::{Clock, Timestamp},
    judge::{Evidence, Threat, Tier},
    sources::{Finding, Objection, Source, Unanswered, file},
    url::{Suffixes, WebUrl},
};

/// How long what it says is kept: it lies in memory and is asked at nearly every click, as lists are.
const KEEP: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(1);
/// Bounds on the timers of a zone, in seconds.
const LOOKS: (u32, u32) = (30, 24 * 60 * 60);
/// So many rules may go at once, whatever share of the zone they are.
const SHRINKS: usize = 100;
/// How often a file is looked at.
const FILE_LOOKS: Duration = Duration::from_secs(5);

/// A policy zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its name in events, policies and metrics.
    pub name: String,
    /// The zone.
    pub zone: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What its objections amount to.
    pub tier: Tier,
}

/// Where a zone comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file that somebody else writes.
    File(PathBuf),
    /// A primary; what it sent is kept in this file.
    Primary(Primary, PathBuf),
}

/// A policy zone, as a source. Cheap to clone.
#[derive(Clone)]
pub struct PolicyZone {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    suffixes: Arc<Suffixes>,
    clock: Arc<dyn Clock>,
    held: ArcSwapOption<Held>,
    problem: Mutex<Option<String>>,
    taken: AtomicU64,
    failed: AtomicU64,
}

struct Held {
    zone: Zone,
    /// When it was known to be the present version, in milliseconds.
    as_of: AtomicI64,
    /// Of a file: when it was written.
    stamp: Option<SystemTime>,
}

impl Held {
    fn as_of(&self) -> Timestamp {
        Timestamp::from_millis(self.as_of.load(Ordering::Relaxed))
    }
}

/// How a zone stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// Its number.
    pub serial: Option<u32>,
    /// Rules in force.
    pub rules: usize,
    /// Records that mean nothing for a URL.
    pub skipped: Skipped,
    /// When it was known to be the present version.
    pub as_of: Option<Timestamp>,
    /// Versions that were taken.
    pub taken: u64,
    /// Looks that failed.
    pub failed: u64,
    /// What went wrong at the last look; what was in force stays.
    pub problem: Option<String>,
}

impl PolicyZone {
    /// The zone as it lies on the disk, if it does. Nobody is asked yet.
    pub fn open(settings: Settings, suffixes: Arc<Suffixes>, clock: Arc<dyn Clock>) -> Self {
        let inner = Inner {
            held: ArcSwapOption::empty(),
            problem: Mutex::default(),
            taken: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            settings,
            suffixes,
            clock,
        };
        match &inner.settings.origin {
            Origin::File(path) => inner.look_at(path),
            Origin::Primary(_, path) => inner.recall(path),
        }
        Self { inner: Arc::new(inner) }
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Keeps it fresh, for ever.
    pub async fn run(self) {
        loop {
            tokio::time::sleep(self.refresh().await).await;
        }
    }

    /// Looks for another version once; how long to wait for the next look.
    pub async fn refresh(&self) -> Duration {
        let inner = &self.inner;
        match &inner.settings.origin {
            Origin::File(path) => {
                // A large file takes its time, and clicks share this thread.
                let (shared, path) = (Arc::clone(inner), path.clone());
                let looked = tokio::task::spawn_blocking(move || shared.look_at(&path)).await;
                if looked.is_err() {
                    inner.fail("reading it broke off".into());
                }
                FILE_LOOKS
            }
            Origin::Primary(primary, path) => inner.look_up(primary, path).await,
        }
    }

    /// How it stands.
    pub fn state(&self) -> State {
        let inner = &self.inner;
        let held = inner.held.load();
        State {
            serial: held.as_ref().map(|held| held.zone.serial),
            rules: held.as_ref().map_or(0, |held| held.zone.rules.len()),
            skipped: held.as_ref().map(|held| held.zone.rules.skipped).unwrap_or_default(),
            as_of: held.as_ref().map(|held| held.as_of()),
            taken: inner.taken.load(Ordering::Relaxed),
            failed: inner.failed.load(Ordering::Relaxed),
            problem: inner.problem().clone(),
        }
    }
}

impl Inner {
    /// Reads the file of somebody else where it was written since.
    fn look_at(&self, path: &Path) {
        let stamp = std::fs::metadata(path).and_then(|metadata| metadata.modified());
        let stamp = match stamp {
            Ok(stamp) => stamp,
            Err(error) => return self.fail(format!("{} cannot be read: {error}", path.display())),
        };
        let now = self.clock.now();
        let is_known = self.held.load().as_ref().is_some_and(|held| held.stamp == Some(stamp));
        if is_known && self.problem().is_none() {
            return;
        }
        let read = text_of(path).and_then(|text| self.read(&text).map_err(io::Error::other));
        match read.and_then(|zone| self.plausible(zone).map_err(io::Error::other)) {
            Ok(zone) => self.take(zone, now, Some(stamp)),
            Err(error) => self.fail(format!("{}: {error}", path.display())),
        }
    }

    /// Reads what a primary sent before the last end of the program.
    fn recall(&self, path: &Path) {
        for path in [path.to_owned(), file::before(path)] {
            let read = text_of(&path).and_then(|text| {
                let (body, as_of) = proved(&text).ok_or_else(|| io::Error::other("it is not whole"))?;
                Ok((self.read(body).map_err(io::Error::other)?, as_of))
            });
            match read {
                Ok((zone, as_of)) => return self.take(zone, as_of, None),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.fail(format!("{} is damaged and is not used: {error}", path.display())),
            }
        }
    }

    async fn look_up(&self, primary: &Primary, path: &Path) -> Duration {
        let now = self.clock.now();
        let known = self.held.load().as_ref().map(|held| held.zone.serial);
        let timers = || self.held.load().as_ref().map_or((LOOKS.0, LOOKS.0, 0), |held| held.zone.timers);
        let wait = |secs: u32| Duration::from_secs(secs.clamp(LOOKS.0, LOOKS.1).into());
        let taken = match transfer(primary, &self.settings.zone, known, now).await {
            Err(error) => Err(error.to_string()),
            Ok(Transferred::Same) => {
                self.confirm(now);
                return wait(timers().0);
            }
            Ok(Transferred::Records(records)) => {
                let zone = origin(&self.settings.zone)
                    .ok()
                    .and_then(|name| Zone::of(&records, &name, &self.suffixes))
                    .ok_or_else(|| "the zone that was sent has no SOA record".to_owned());
                // The first and the last are the same record.
                let body = write(records.iter().take(records.len().saturating_sub(1)));
                zone.and_then(|zone| self.plausible(zone)).and_then(|zone| {
                    let kept = file::replace(path, proven(&body, now).as_bytes());
                    kept.map(|()| zone).map_err(|error| format!("{} cannot be written: {error}", path.display()))
                })
            }
        };
        match taken {
            Ok(zone) => {
                self.take(zone, now, None);
                wait(timers().0)
            }
            Err(problem) => {
                self.fail(problem);
                wait(timers().1)
            }
        }
    }

    fn read(&self, text: &str) -> Result<Zone, super::ReadError> {
        read(text, &self.settings.zone, &self.suffixes)
    }

    /// A zone that lost most of what it said has met with an accident, until somebody says otherwise (attack row 161).
    fn plausible(&self, zone: Zone) -> Result<Zone, String> {
        let before = self.held.load().as_ref().map_or(0, |held| held.zone.rules.len());
        let now = zone.rules.len();
        if before.saturating_sub(now) <= SHRINKS || now * 10 >= before * 7 {
            return Ok(zone);
        }
        let accept = match &self.settings.origin {
            Origin::File(_) => "start the program anew".to_owned(),
            Origin::Primary(_, path) => format!("remove {} and start the program anew", path.display()),
        };
        Err(format!("version {} has {now} rules where {before} are in force; if that is right, {accept}", zone.serial))
    }

    fn take(&self, zone: Zone, as_of: Timestamp, stamp: Option<SystemTime>) {
        let (name, serial, rules) = (&self.settings.name, zone.serial, zone.rules.len());
        tracing::info!(zone = name, serial, rules, "policy zone in force; passed over: {}", zone.rules.skipped);
        self.held.store(Some(Arc::new(Held { zone, as_of: as_of.millis().into(), stamp })));
        *self.problem() = None;
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// The version in force is still the present one.
    fn confirm(&self, now: Timestamp) {
        if let Some(held) = self.held.load().as_ref() {
            held.as_of.store(now.millis(), Ordering::Relaxed);
        }
        *self.problem() = None;
    }

    fn fail(&self, problem: String) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        tracing::error!(zone = self.settings.name, "what is in force stays: {problem}");
        *self.problem() = Some(problem);
    }

    fn find(&self, url: &WebUrl) -> Result<Finding, Unanswered> {
        let held = self.held.load();
        let Some(held) = held.as_ref() else {
            let why = self.problem().clone().unwrap_or_else(|| "it has not come yet".to_owned());
            return Err(Unanswered(format!("the zone is not there: {why}")));
        };
        let finding = |objections| Finding { objections, led_to: Vec::new(), keep: KEEP };
        match held.zone.rules.find(&url.canonical()) {
            Some(hit) if hit.action != Action::Pass => {
                let (zone, serial) = (&self.settings.zone, held.zone.serial);
                let evidence = format!("{} stands in {zone}, version {serial}: {}", hit.rule, hit.action);
                Ok(finding(vec![Objection { tier: self.settings.tier, threat: Threat::None, evidence }]))
            }
            Some(_) => Ok(finding(Vec::new())),
            None => match self.age(held) {
                Some(hours) => Err(Unanswered(format!("the zone is {hours} hours old and proves nothing any more"))),
                None => Ok(finding(Vec::new())),
            },
        }
    }

    /// How old a zone is whose time is over, in hours. A file has no time: whoever writes it sees to that.
    fn age(&self, held: &Held) -> Option<i64> {
        let Origin::Primary(..) = self.settings.origin else { return None };
        let (_, _, expire) = held.zone.timers;
        let age = self.clock.now().millis_since(held.as_of()) / 1000;
        (age > i64::from(expire.max(LOOKS.0))).then_some(age / 3600)
    }

    fn problem(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    let bytes = file::read(path, MAX_BYTES as u64 + 4096)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is no text"))
}

/// The text with its moment in front and its sum behind, as it is kept.
fn proven(body: &str, now: Timestamp) -> String {
    let text = format!("; as of {}\n{body}", now.millis());
    let sum: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{text}; sha256 {sum}\n")
}

/// The text and its moment, where its sum is right.
fn proved(text: &str) -> Option<(&str, Timestamp)> {
    let (body, sum) = text.rsplit_once("; sha256 ")?;
    let real: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let as_of = body.strip_prefix("; as of ")?.split('\n').next()?.parse().ok()?;
    (sum.trim_end() == real).then_some((body, Timestamp::from_millis(as_of)))
}

impl Source for PolicyZone {
    fn name(&self) -> &str {
        &self.inner.settings.name
    }

    fn evidence(&self) -> Evidence {
        Evidence::Dns
    }

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn ask(&self, url: WebUrl) -> Pin<Box<dyn Future<Output = Result<Finding, Unanswered>> + Send + '_>> {
        Box::pin(async move { self.inner.find(&url) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_proved_whole() {
        let (text, now) = (proven("a CNAME .\n", Timestamp::from_millis(7)), Timestamp::from_millis(7));
        assert_eq!(proved(&text), Some(("; as of 7\na CNAME .\n", now)));
        for at in 0..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert_eq!(proved(&String::from_utf8(bytes).unwrap()), None, "{at}");
            assert_eq!(proved(&text[..at]), None, "{at}");
        }
    }
}
