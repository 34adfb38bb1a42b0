use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use moka::future::Cache;
use tokio::{
    sync::Semaphore,
    time::{timeout, timeout_at},
};

use super::{
    Findings, Heard, Source, Unanswered,
    kept::{Answer, Forgetting, Kept},
};
use crate::{
    base::{Clock, Timestamp},
    judge::Freshness,
    url::WebUrl,
};

/// Caps on asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a click waits for all sources together.
    pub patience: Duration,
    /// Questions under way at one time; more are not asked.
    pub under_way: usize,
    /// Bytes of findings that are kept, for all sources together.
    pub kept_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { patience: Duration::from_millis(300), under_way: 1024, kept_bytes: 64 << 20 }
    }
}

/// What a click has to ask: URLs with the numbers of their hops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questions(pub Vec<(usize, WebUrl)>);

/// The sources that are asked, and what they found before. Shared by all clicks.
pub struct Panel {
    chairs: Vec<Chair>,
    patience: Duration,
    under_way: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    refused: AtomicU64,
}

/// One source and what is kept of it.
struct Chair {
    source: Arc<dyn Source>,
    name: Arc<str>,
    kept: Cache<Arc<str>, Arc<Kept>>,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    asked: AtomicU64,
    failed: AtomicU64,
}

/// How asking goes, for one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// The source.
    pub source: String,
    /// Questions that were put to it.
    pub asked: u64,
    /// Those that it did not answer.
    pub failed: u64,
    /// Findings that are kept.
    pub kept: u64,
    /// Bytes that they take.
    pub kept_bytes: u64,
}

impl Panel {
    /// A panel of these sources. `clock` says how old a finding is.
    pub fn new(sources: Vec<Arc<dyn Source>>, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let share = limits.kept_bytes / u64::try_from(sources.len()).unwrap_or(u64::MAX).max(1);
        let chair = |source: Arc<dyn Source>| Chair {
            name: source.name().into(),
            kept: Cache::builder()
                .weigher(|key: &Arc<str>, kept: &Arc<Kept>| kept.bytes(key))
                .max_capacity(share)
                .expire_after(Forgetting)
                .build(),
            clock: Arc::clone(&clock),
            counts: Arc::default(),
            source,
        };
        Self {
            chairs: sources.into_iter().map(chair).collect(),
            patience: limits.patience,
            under_way: Arc::new(Semaphore::new(limits.under_way)),
            clock,
            refused: AtomicU64::new(0),
        }
    }

    /// Whether there is nobody to ask.
    pub fn is_empty(&self) -> bool {
        self.chairs.is_empty()
    }

    /// The answers, where all of them are kept and none is over: without waiting for anything.
    pub fn recall(&self, questions: &Questions) -> Option<Findings> {
        let now = self.clock.now();
        let mut heard = Vec::with_capacity(self.chairs.len() * questions.0.len());
        for (hop, url) in &questions.0 {
            for chair in &self.chairs {
                let kept = at_once(chair.kept.get(url.as_str()))?.filter(|kept| !kept.is_over(now))?;
                heard.push(chair.heard(*hop, &kept, now));
            }
        }
        Some(Findings { heard, waited_micros: None })
    }

    /// Asks what is not kept, all side by side, and waits no longer than the patience of a click. Who has not answered
    /// by then is silent for this click; the question goes on for the next.
    pub async fn gather(&self, questions: &Questions) -> Findings {
        let began = Instant::now();
        let deadline = tokio::time::Instant::now() + self.patience;
        let mut waiting = Vec::new();
        for (hop, url) in &questions.0 {
            for chair in &self.chairs {
                let task = Arc::clone(&self.under_way).try_acquire_owned().ok().map(|permit| {
                    let answer = chair.answer(url.clone());
                    tokio::spawn(async move {
                        let _permit = permit;
                        answer.await
                    })
                });
                waiting.push((*hop, url, chair, task));
            }
        }
        let mut heard = Vec::with_capacity(waiting.len());
        for (hop, url, chair, task) in waiting {
            let kept = match task {
                None => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    Err("too many questions are under way")
                }
                Some(task) => match timeout_at(deadline, task).await {
                    Ok(Ok(kept)) => Ok(kept),
                    Ok(Err(_)) => Err("it broke off"),
                    Err(_) => Err("it took too long"),
                },
            };
            heard.push(match kept {
                Ok(kept) => chair.heard(hop, &kept, self.clock.now()),
                Err(why) => chair.without(hop, url, why),
            });
        }
        let waited = began.elapsed().as_micros();
        Findings { heard, waited_micros: Some(u64::try_from(waited).unwrap_or(u64::MAX)) }
    }

    /// How asking goes, source by source.
    pub async fn stats(&self) -> Vec<Stats> {
        let mut stats = Vec::new();
        for chair in &self.chairs {
            chair.kept.run_pending_tasks().await;
            stats.push(Stats {
                source: chair.name.to_string(),
                asked: chair.counts.asked.load(Ordering::Relaxed),
                failed: chair.counts.failed.load(Ordering::Relaxed),
                kept: chair.kept.entry_count(),
                kept_bytes: chair.kept.weighted_size(),
            });
        }
        stats
    }

    /// Questions that were not asked because too many were under way.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Chair {
    /// The answer about `url`: kept, or asked for by the first of all who want it.
    fn answer(&self, url: WebUrl) -> impl Future<Output = Arc<Kept>> + Send + use<> {
        let (source, cache) = (Arc::clone(&self.source), self.kept.clone());
        let (clock, counts) = (Arc::clone(&self.clock), Arc::clone(&self.counts));
        async move {
            let key: Arc<str> = url.as_str().into();
            let before = cache.get(&key).await;
            let now = clock.now();
            let ask = async {
                counts.asked.fetch_add(1, Ordering::Relaxed);
                let answer = match timeout(source.limit(), source.ask(url)).await {
                    Ok(answer) => answer,
                    Err(_) => Err(Unanswered(format!("it did not answer within {} ms", source.limit().as_millis()))),
                };
                Arc::new(match answer {
                    Ok(finding) => Kept::found(finding, clock.now()),
                    Err(why) => {
                        counts.failed.fetch_add(1, Ordering::Relaxed);
                        Kept::failed(why, before.as_deref(), clock.now())
                    }
                })
            };
            cache.entry(key).or_insert_with_if(ask, |kept| kept.is_over(now)).await.into_value()
        }
    }

    fn heard(&self, hop: usize, kept: &Kept, now: Timestamp) -> Heard {
        let (answer, from, learned) = match &kept.answer {
            Answer::Found { finding, learned } => {
                let from = if *learned == now { Freshness::Asked } else { Freshness::Kept };
                (Ok(Arc::clone(finding)), from, Some(*learned))
            }
            Answer::Failed { last: Some((finding, learned)), .. } => {
                (Ok(Arc::clone(finding)), Freshness::Stale, Some(*learned))
            }
            Answer::Failed { why, last: None } => (Err(why.clone()), Freshness::Asked, None),
        };
        Heard { source: Arc::clone(&self.name), evidence: self.source.evidence(), hop, answer, from, learned }
    }

    /// What counts where the source did not answer in time: what it objected before, or nothing.
    fn without(&self, hop: usize, url: &WebUrl, why: &str) -> Heard {
        let now = self.clock.now();
        let before = at_once(self.kept.get(url.as_str())).flatten();
        self.heard(hop, &Kept::failed(Unanswered(why.to_owned()), before.as_deref(), now), now)
    }
}

/// What a future gives without waiting.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
