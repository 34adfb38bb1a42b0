use std::sync::Arc;

use super::{Finding, Unanswered};
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
}

impl Findings {
    /// As events tell them.
    pub fn told(&self) -> Vec<Asked> {
        self.heard.iter().map(Heard::told).collect()
    }
}

impl Heard {
    /// Which of the three answers it is. What is older than its time is no proof of anything good.
    pub fn said(&self) -> Said {
        match &self.answer {
            Ok(finding) if !finding.objections.is_empty() => Said::Objects,
            Ok(_) if self.from != Freshness::Stale => Said::Clear,
            _ => Said::Silent,
        }
    }

    fn told(&self) -> Asked {
        Asked {
            source: self.source.to_string(),
            hop: self.hop,
            said: self.said(),
            from: self.from,
            learned: self.learned,
            why: self.answer.as_ref().err().map(ToString::to_string),
        }
    }
}
