use std::sync::Arc;

use super::{Finding, Rest, Unanswered};
use crate::{
    base::Timestamp,
    judge::{Asked, Evidence, Freshness, Said},
};

/// What the sources said for one click.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Each source for each URL.
    pub heard: Vec<Heard>,
    /// Microseconds that were spent waiting; none where nobody had to be asked.
    pub waited_micros: Option<u64>,
}

/// What one source said about one URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The source.
    pub source: Arc<str>,
    /// What its objections count as.
    pub evidence: Evidence,
    /// The number of the hop that it is about: 0 is the destination itself.
    pub hop: usize,
    /// What it said, or why it said nothing.
    pub answer: Result<Arc<Finding>, Unanswered>,
    /// Where that came from.
    pub from: Freshness,
    /// When it was learned.
    pub learned: Option<Timestamp>,
    /// Since when it is being found out, where the click did not wait for that.
    pub under_way: Option<Timestamp>,
}

impl Findings {
    /// These and `others`, which were asked about other hops.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.heard.extend(others.heard);
        self.waited_micros = match (self.waited_micros, others.waited_micros) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        self
    }

    /// Since when something is being found out that this click did not wait for.
    pub fn under_way(&self) -> Option<Timestamp> {
        self.heard.iter().filter_map(|heard| heard.under_way).min()
    }

    /// As events tell them.
    pub fn told(&self) -> Vec<Asked> {
        self.heard.iter().map(Heard::told).collect()
    }
}

impl Heard {
    /// Which of the three answers it is. What is older than its time is no proof of anything good.
    pub fn said(&self) -> Said {
        match self.answer.as_deref() {
            Ok(finding) if finding.objects() => Said::Objects,
            Ok(Finding { rest: Rest::Unclear(_), .. }) => Said::Silent,
            Ok(_) if self.from != Freshness::Stale => Said::Clear,
            _ => Said::Silent,
        }
    }

    /// Why it said nothing, or did not look.
    fn why(&self) -> Option<String> {
        match self.answer.as_deref() {
            Ok(finding) if finding.objects() => None,
            Ok(Finding { rest: Rest::Unlooked(why) | Rest::Unclear(why), .. }) => Some(why.clone()),
            Ok(_) => None,
            Err(why) => Some(why.to_string()),
        }
    }

    fn told(&self) -> Asked {
        Asked {
            source: self.source.to_string(),
            hop: self.hop,
            said: self.said(),
            from: self.from,
            learned: self.learned,
            why: self.why(),
        }
    }
}
