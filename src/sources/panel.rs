use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::timeout_at;

use super::{Findings, Heard, Source, Witness, chair::Chair, seats::Seats};
use crate::{
    base::{Clock, TenantId},
    judge::Tier,
    url::WebUrl,
};

/// Caps on asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a click waits for all sources together that take no time of their own.
    pub patience: Duration,
    /// Questions under way at one time; more are not asked.
    pub under_way: usize,
    /// Visits under way at one time for one tenant.
    pub visits: usize,
    /// Visits in a minute for one tenant.
    pub visits_a_minute: u32,
    /// Bytes of findings that are kept, for all sources together.
    pub kept_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            patience: Duration::from_millis(300),
            under_way: 1024,
            visits: 128,
            visits_a_minute: 1200,
            kept_bytes: 64 << 20,
        }
    }
}

/// What a click has to ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// URLs with the numbers of their hops.
    pub about: Vec<(usize, WebUrl)>,
    /// Which of them is visited, if any.
    pub visit: Visit,
    /// For whom.
    pub tenant: Option<TenantId>,
}

/// Whether sources are asked that go to the place itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Visit {
    /// They are not.
    #[default]
    No,
    /// About this hop.
    Hop(usize),
    /// This hop would be visited, but never is, for this reason.
    Never(usize, String),
}

/// The sources that are asked, and what they found before. Shared by all clicks.
pub struct Panel {
    /// Those that are asked about every URL, side by side.
    quick: Vec<Chair>,
    /// Those that take time of their own.
    slow: Vec<Chair>,
    patience: Duration,
    seats: Arc<Seats>,
    clock: Arc<dyn Clock>,
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
        Self::before(None, sources, limits, clock)
    }

    /// The same, and `witness` is told of every objection that is found out.
    pub fn watched(
        witness: Arc<dyn Witness>,
        sources: Vec<Arc<dyn Source>>,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::before(Some(witness), sources, limits, clock)
    }

    fn before(
        witness: Option<Arc<dyn Witness>>,
        sources: Vec<Arc<dyn Source>>,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let share = limits.kept_bytes / u64::try_from(sources.len()).unwrap_or(u64::MAX).max(1);
        let chairs = sources.into_iter().map(|source| Chair::new(source, share, Arc::clone(&clock), witness.clone()));
        let (slow, quick) = chairs.partition(|chair| chair.patience().is_some());
        let seats = Seats::new(limits.under_way, limits.visits, limits.visits_a_minute);
        Self { quick, slow, patience: limits.patience, seats, clock }
    }

    /// Whether there is nobody to ask.
    pub fn is_empty(&self) -> bool {
        self.quick.is_empty() && self.slow.is_empty()
    }

    /// The answers, where all of them are kept and none is over: without waiting for anything.
    pub fn recall(&self, questions: &Questions) -> Option<Findings> {
        let mut heard = Vec::with_capacity(self.quick.len() * questions.about.len() + self.slow.len());
        for (hop, url) in &questions.about {
            for chair in &self.quick {
                heard.push(chair.recall(*hop, url)?);
            }
        }
        let settled = is_settled(&heard);
        match questions.visited() {
            Some((hop, url)) if !settled => {
                for chair in &self.slow {
                    heard.push(chair.recall(hop, url)?);
                }
            }
            Some(_) => {}
            None => heard.extend(self.unvisited(questions)),
        }
        Some(Findings { heard, waited_micros: None })
    }

    /// Asks what is not kept, all side by side, and waits no longer than the patience of a click. Behind them, unless one
    /// knows the place as bad already, those that take time of their own. Who has not answered by then is silent for this
    /// click; the question goes on for the next.
    pub async fn gather(&self, questions: &Questions) -> Findings {
        let began = Instant::now();
        let mut about = Vec::with_capacity(self.quick.len() * questions.about.len());
        for (hop, url) in &questions.about {
            about.extend(self.quick.iter().map(|chair| (chair, *hop, url, self.patience)));
        }
        let mut heard = self.ask(about, questions.tenant).await;
        match questions.visited() {
            Some((hop, url)) if !is_settled(&heard) => {
                let patient = self.slow.iter().filter_map(|chair| Some((chair, hop, url, chair.patience()?)));
                let patient = patient.collect();
                heard.extend(self.ask(patient, questions.tenant).await);
            }
            Some(_) => {}
            None => heard.extend(self.unvisited(questions)),
        }
        let waited = began.elapsed().as_micros();
        Findings { heard, waited_micros: Some(u64::try_from(waited).unwrap_or(u64::MAX)) }
    }

    async fn ask<'a>(
        &self,
        questions: Vec<(&'a Chair, usize, &'a WebUrl, Duration)>,
        tenant: Option<TenantId>,
    ) -> Vec<Heard> {
        let now = tokio::time::Instant::now();
        // A task each: what breaks down there costs that question alone, and it goes on when nobody waits any more.
        let waiting: Vec<_> = questions
            .into_iter()
            .map(|(chair, hop, url, patience)| {
                let task = tokio::spawn(chair.answer(url.clone(), &self.seats, tenant));
                (chair, hop, url, now + patience, task)
            })
            .collect();
        let mut heard = Vec::with_capacity(waiting.len());
        for (chair, hop, url, deadline, task) in waiting {
            heard.push(match timeout_at(deadline, task).await {
                Ok(Ok(kept)) => chair.heard(hop, &kept, self.clock.now()),
                Ok(Err(_)) => chair.without(hop, url, "it broke off"),
                Err(_) => chair.without(hop, url, "it took too long"),
            });
        }
        heard
    }

    /// What those say who would have gone there, where nobody goes.
    fn unvisited(&self, questions: &Questions) -> Vec<Heard> {
        match &questions.visit {
            Visit::Never(hop, why) => self.slow.iter().map(|chair| chair.unasked(*hop, why)).collect(),
            Visit::No | Visit::Hop(_) => Vec::new(),
        }
    }

    /// How asking goes, source by source.
    pub async fn stats(&self) -> Vec<Stats> {
        let mut stats = Vec::new();
        for chair in self.quick.iter().chain(&self.slow) {
            stats.push(chair.stats().await);
        }
        stats
    }

    /// Questions that were not asked because too many were under way.
    pub fn refused(&self) -> u64 {
        self.seats.refused()
    }
}

impl Questions {
    /// The hop that is visited.
    fn visited(&self) -> Option<(usize, &WebUrl)> {
        let Visit::Hop(visited) = self.visit else { return None };
        self.about.iter().find(|(hop, _)| *hop == visited).map(|(hop, url)| (*hop, url))
    }
}

/// Whether nobody has to go there any more.
fn is_settled(heard: &[Heard]) -> bool {
    let objections =
        heard.iter().filter_map(|heard| heard.answer.as_ref().ok()).flat_map(|finding| &finding.objections);
    objections.into_iter().any(|objection| objection.tier == Tier::Malicious)
}
