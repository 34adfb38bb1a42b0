use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use moka::future::Cache;
use tokio::time::timeout;

use super::{
    Finding, Heard, Rest, Source, Stats, Turn, Unanswered, Witness,
    kept::{Answer, Forgetting, Kept},
    seats::Seats,
};
use crate::{
    base::{Clock, TenantId, Timestamp},
    judge::{Evidence, Freshness},
    url::WebUrl,
};

/// One source, what is kept of it, and what it is being asked.
pub(super) struct Chair {
    source: Arc<dyn Source>,
    name: Arc<str>,
    kept: Cache<Arc<str>, Arc<Kept>>,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
    asking: Asking,
    witness: Option<Arc<dyn Witness>>,
}

#[derive(Default)]
struct Counts {
    asked: AtomicU64,
    failed: AtomicU64,
}

/// Since when the source is being asked about a URL. As many as there are questions under way, which are capped.
type Asking = Arc<Mutex<HashMap<Arc<str>, Timestamp>>>;

/// Takes a URL off the list of those that are asked about, however the question ends.
struct Asked {
    asking: Asking,
    key: Arc<str>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Chair {
    pub(super) fn new(
        source: Arc<dyn Source>,
        bytes: u64,
        clock: Arc<dyn Clock>,
        witness: Option<Arc<dyn Witness>>,
    ) -> Self {
        Self {
            name: source.name().into(),
            kept: Cache::builder()
                .weigher(|key: &Arc<str>, kept: &Arc<Kept>| kept.bytes(key))
                .max_capacity(bytes)
                .expire_after(Forgetting)
                .build(),
            clock,
            counts: Arc::default(),
            asking: Arc::default(),
            witness,
            source,
        }
    }

    /// The time that it takes by itself, where it does.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.source.patience()
    }

    /// The answer that is kept, where it is not over.
    pub(super) fn recall(&self, hop: usize, url: &WebUrl) -> Option<Heard> {
        let now = self.clock.now();
        let kept = at_once(self.kept.get(url.as_str()))?;
        kept.as_deref().and_then(|kept| kept.at(now)).map(|kept| self.heard(hop, kept, now))
    }

    /// The answer about `url`: kept, or asked for by the first of all who want it.
    pub(super) fn answer(
        &self,
        url: WebUrl,
        seats: &Arc<Seats>,
        tenant: Option<TenantId>,
    ) -> impl Future<Output = Arc<Kept>> + Send + use<> {
        let (source, cache, seats) = (Arc::clone(&self.source), self.kept.clone(), Arc::clone(seats));
        let (clock, counts, asking) = (Arc::clone(&self.clock), Arc::clone(&self.counts), Arc::clone(&self.asking));
        let (witness, name) = (self.witness.clone(), Arc::clone(&self.name));
        async move {
            let key: Arc<str> = url.as_str().into();
            let before = cache.get(&key).await;
            let now = clock.now();
            let under = Arc::clone(&key);
            let ask = async {
                let visit_of = tenant.filter(|_| source.patience().is_some());
                let _seat = match seats.take(visit_of, now) {
                    Ok(seat) => seat,
                    Err(why) => {
                        return Arc::new(Kept::refused(Unanswered(why.to_owned()), before.as_deref(), now));
                    }
                };
                asking.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(&under), now);
                let _asked = Asked { asking, key: under };
                counts.asked.fetch_add(1, Ordering::Relaxed);
                let answer = match timeout(source.limit(), source.ask(url.clone())).await {
                    Ok(answer) => answer,
                    Err(_) => Err(Unanswered(format!("it did not answer within {} ms", source.limit().as_millis()))),
                };
                let kept = Arc::new(match answer {
                    Ok(finding) => Kept::found(finding, before.as_deref(), clock.now()),
                    Err(why) => {
                        counts.failed.fetch_add(1, Ordering::Relaxed);
                        Kept::failed(why, before.as_deref(), clock.now())
                    }
                });
                if let (Some(witness), Answer::Found { finding, .. }) = (witness, &kept.answer)
                    && finding.objects()
                {
                    let heard = heard(name, source.evidence(), 0, &kept, clock.now());
                    witness.turned(Turn { url, heard });
                }
                kept
            };
            cache.entry(key).or_insert_with_if(ask, |kept| kept.is_over(now)).await.into_value()
        }
    }

    pub(super) fn heard(&self, hop: usize, kept: &Kept, now: Timestamp) -> Heard {
        heard(Arc::clone(&self.name), self.source.evidence(), hop, kept, now)
    }

    /// What counts where the source did not answer in time: what it objected before, or nothing.
    pub(super) fn without(&self, hop: usize, url: &WebUrl, why: &str) -> Heard {
        let now = self.clock.now();
        let before = at_once(self.kept.get(url.as_str())).flatten();
        let heard = self.heard(hop, &Kept::failed(Unanswered(why.to_owned()), before.as_deref(), now), now);
        let asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        // Only of one that takes its time is it worth telling.
        let under_way = self.patience().and_then(|_| asking.get(url.as_str()).copied());
        Heard { under_way, ..heard }
    }

    /// The answer where the source is not asked, and why.
    pub(super) fn unasked(&self, hop: usize, why: &str) -> Heard {
        let finding = Finding { rest: Rest::Unlooked(why.to_owned()), ..Finding::default() };
        Heard {
            source: Arc::clone(&self.name),
            evidence: self.source.evidence(),
            hop,
            answer: Ok(Arc::new(finding)),
            from: Freshness::Asked,
            learned: None,
            under_way: None,
        }
    }

    pub(super) async fn stats(&self) -> Stats {
        self.kept.run_pending_tasks().await;
        Stats {
            source: self.name.to_string(),
            asked: self.counts.asked.load(Ordering::Relaxed),
            failed: self.counts.failed.load(Ordering::Relaxed),
            kept: self.kept.entry_count(),
            kept_bytes: self.kept.weighted_size(),
        }
    }
}

fn heard(source: Arc<str>, evidence: Evidence, hop: usize, kept: &Kept, now: Timestamp) -> Heard {
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
    Heard { source, evidence, hop, answer, from, learned, under_way: None }
}

/// What a future gives without waiting.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
