use std::{
    net::Ipv4Addr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::future::Cache;
use tokio::task::JoinSet;

use super::{Breaker, Budget, Gate, Reading, Resolver, Spent, Zone, names};
use crate::{
    base::{Clock, Timestamp},
    judge::{Evidence, Threat, Tier},
    sources::{Finding, Objection, Source, Unanswered},
    url::{Suffixes, WebUrl},
};

/// How long a question may take, whether or not a click still waits.
const LIMIT: Duration = Duration::from_secs(3);
/// Bounds on how long an answer is kept by its name, whatever its time to live says.
const KEEP: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(60 * 60));
/// How long a failure is kept, so that the URLs of one host do not each ask again.
const KEEP_FAILURE: Duration = Duration::from_secs(5);
/// How long a URL of which nothing is asked is settled.
const NOTHING_TO_ASK: Duration = Duration::from_secs(60 * 60);
/// Bytes of answers that are kept of one list.
const KEPT_BYTES: u64 = 8 << 20;
/// What one kept answer takes beside its name.
const AROUND: usize = 200;

/// A list by DNS, as a source. Cheap to clone.
#[derive(Clone)]
pub struct DnsList {
    inner: Arc<Inner>,
}

struct Inner {
    zone: Zone,
    resolver: Resolver,
    suffixes: Arc<Suffixes>,
    clock: Arc<dyn Clock>,
    budget: Budget,
    breaker: Breaker,
    kept: Cache<Arc<str>, Arc<Kept>>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    asked: AtomicU64,
    listed: AtomicU64,
    clear: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    over_budget: AtomicU64,
    held_back: AtomicU64,
}

/// How asking goes, for `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Questions that were sent.
    pub asked: u64,
    /// Names that were listed.
    pub listed: u64,
    /// Names that were not.
    pub clear: u64,
    /// Questions without an answer, or with one that means nothing.
    pub failed: u64,
    /// Answers that said that the list does not serve who asks.
    pub refused: u64,
    /// Questions that the budget did not allow.
    pub over_budget: u64,
    /// Questions that were not sent because the list has failed so often.
    pub held_back: u64,
}

/// What is kept of one name.
struct Kept {
    answer: Result<Vec<Entry>, Unanswered>,
    until: Timestamp,
}

/// One listing of a name.
type Entry = (Ipv4Addr, String, Tier, Threat);

impl DnsList {
    /// The list of this zone, asked through `resolver`.
    pub fn new(zone: Zone, resolver: Resolver, suffixes: Arc<Suffixes>, clock: Arc<dyn Clock>) -> Self {
        let (per_second, per_day) = zone.budget;
        let weight = |key: &Arc<str>, _: &Arc<Kept>| u32::try_from(AROUND + key.len()).unwrap_or(u32::MAX);
        let kept = Cache::builder().weigher(weight).max_capacity(KEPT_BYTES).time_to_live(KEEP.1).build();
        let inner = Inner {
            budget: Budget::new(per_second, per_day),
            breaker: Breaker::default(),
            counts: Counts::default(),
            zone,
            resolver,
            suffixes,
            clock,
            kept,
        };
        Self { inner: Arc::new(inner) }
    }

    /// What is asked, and what answers mean.
    pub fn zone(&self) -> &Zone {
        &self.inner.zone
    }

    /// How asking goes.
    pub fn counted(&self) -> Counted {
        let Counts { asked, listed, clear, failed, refused, over_budget, held_back } = &self.inner.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counted {
            asked: read(asked),
            listed: read(listed),
            clear: read(clear),
            failed: read(failed),
            refused: read(refused),
            over_budget: read(over_budget),
            held_back: read(held_back),
        }
    }

    /// Asks for what is always listed, beside budget and breaker: what the list says about itself. `None` where nothing
    /// is known to be listed always.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn probe(&self) -> Option<Result<Reading, Unanswered>> {
        let zone = &self.inner.zone;
        let name = format!("{}.{}.", zone.test_point?, zone.zone);
        let told = self.inner.resolver.ask(&name).await;
        Some(told.map(|told| zone.codes.read(&told.addresses)))
    }

    /// Until when the list is not asked, because it failed or refused.
    pub fn shut_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.inner.breaker.shut_until(now)
    }

    async fn find(&self, url: &WebUrl) -> Result<Finding, Unanswered> {
        let zone = &self.inner.zone;
        let names = names(url, zone.asks, zone.takes_addresses, &self.inner.suffixes);
        if names.is_empty() {
            return Ok(Finding { objections: Vec::new(), led_to: Vec::new(), keep: NOTHING_TO_ASK });
        }
        let mut asking = JoinSet::new();
        for (place, name) in names.into_iter().enumerate() {
            let inner = Arc::clone(&self.inner);
            asking.spawn(async move { (place, inner.of_name(&name).await, name) });
        }
        let now = self.inner.clock.now();
        let (mut objections, mut silence, mut until) = (Vec::new(), None, now.plus_millis(millis(KEEP.1)));
        let mut answers = Vec::new();
        while let Some(done) = asking.join_next().await {
            match done {
                Ok(answer) => answers.push(answer),
                Err(_) => silence = Some(Unanswered("it broke off".into())),
            }
        }
        // The narrowest name first, whoever answered first.
        answers.sort_by_key(|(place, ..)| *place);
        for (_, kept, name) in answers {
            until = until.min(kept.until);
            match &kept.answer {
                Ok(entries) => objections.extend(entries.iter().map(|entry| self.inner.objection(&name, entry))),
                Err(why) => silence = Some(why.clone()),
            }
        }
        match silence {
            Some(why) if objections.is_empty() => Err(why),
            _ => {
                objections.sort_by_key(|objection| std::cmp::Reverse(objection.tier));
                let keep = u64::try_from(until.millis_since(now)).map_or(Duration::ZERO, Duration::from_millis);
                Ok(Finding { objections, led_to: Vec::new(), keep })
            }
        }
    }
}

impl Inner {
    /// What the list says of one name: kept, or asked for by the first of all who want it.
    async fn of_name(&self, name: &str) -> Arc<Kept> {
        let now = self.clock.now();
        let ask = async { Arc::new(self.ask(name, now).await) };
        self.kept.entry(name.into()).or_insert_with_if(ask, |kept| now >= kept.until).await.into_value()
    }

    async fn ask(&self, name: &str, now: Timestamp) -> Kept {
        let count = |what: &AtomicU64| what.fetch_add(1, Ordering::Relaxed);
        let silent = |why: String, keep| Kept { answer: Err(Unanswered(why)), until: now.plus_millis(millis(keep)) };
        if let Gate::Shut(until) = self.breaker.ask(now) {
            count(&self.counts.held_back);
            let secs = until.millis_since(now) / 1000 + 1;
            return silent(format!("it failed or refused and is left alone for {secs} s more"), KEEP_FAILURE);
        }
        if let Err(spent) = self.budget.spend(now) {
            count(&self.counts.over_budget);
            let (what, many) = match spent {
                Spent::Second(many) => ("second", many),
                Spent::Day(many) => ("day", many),
            };
            return silent(format!("its budget of {many} questions a {what} is used up"), Duration::from_secs(1));
        }
        count(&self.counts.asked);
        let told = match self.resolver.ask(&format!("{name}.{}.", self.zone.zone)).await {
            Ok(told) => told,
            Err(why) => {
                count(&self.counts.failed);
                self.breaker.failed(self.clock.now());
                return silent(why.0, KEEP_FAILURE);
            }
        };
        let keep = told.counts_for.clamp(KEEP.0, KEEP.1);
        let answer = match self.zone.codes.read(&told.addresses) {
            Reading::Nothing => {
                count(&self.counts.clear);
                Vec::new()
            }
            Reading::Listed(entries) => {
                count(&self.counts.listed);
                entries
            }
            Reading::Refused(code, why) => {
                count(&self.counts.refused);
                self.breaker.refused(now);
                tracing::error!(list = self.zone.name, "{} answers {code}: {why}", self.zone.shown());
                return silent(format!("{} answers {code}: {why}", self.zone.shown()), KEEP_FAILURE);
            }
            Reading::Foreign(address) => {
                count(&self.counts.failed);
                let why = format!(
                    "{} answers {address}, which no list says: a resolver on the way makes up answers; ask through \
                     one of your own (`resolver`)",
                    self.zone.shown()
                );
                self.breaker.failed(now);
                return silent(why, KEEP_FAILURE);
            }
        };
        self.breaker.succeeded();
        Kept { answer: Ok(answer), until: now.plus_millis(millis(keep)) }
    }

    fn objection(&self, name: &str, (code, word, tier, threat): &Entry) -> Objection {
        let evidence = format!("{name} is listed in {} as {code}, {word}", self.zone.shown());
        Objection { tier: *tier, threat: *threat, evidence }
    }
}

impl Source for DnsList {
    fn name(&self) -> &str {
        &self.inner.zone.name
    }

    fn evidence(&self) -> Evidence {
        Evidence::Dns
    }

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn ask(&self, url: WebUrl) -> Pin<Box<dyn Future<Output = Result<Finding, Unanswered>> + Send + '_>> {
        Box::pin(async move { self.find(&url).await })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
