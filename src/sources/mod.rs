//! Sources that have to be asked, and may be slow: what they found is kept, what they say now is awaited for a while.
//!
//! A [`Source`] answers about one URL: an objection, or that it knows of nothing, or nothing at all. All that a click has
//! to ask are asked side by side under one deadline ([`Panel::gather`]), and behind them, where they know of nothing bad,
//! those that take time of their own, such as a visit. One question at a time is asked for a URL however many clicks wait
//! for it, and goes on when they have stopped waiting, so that the next click finds its answer. What is kept is each
//! source's finding under the exact serialisation, never a verdict: lists are asked anew at every click. Refuses to take
//! silence, or what is older than its time, as proof that nothing is wrong.

mod chair;
pub mod dns;
mod file;
mod findings;
mod kept;
mod panel;
pub mod policy_zone;
pub mod safe_browsing;
mod seats;
mod witness;

pub use findings::{Findings, Heard};
pub use panel::{Limits, Panel, Questions, Stats, Visit};
pub use witness::{Turn, Witness};

use std::{fmt, pin::Pin, time::Duration};

use crate::{
    judge::{Evidence, Threat, Tier},
    url::WebUrl,
};

/// Somebody who can be asked about a URL.
pub trait Source: Send + Sync + 'static {
    /// Its name in events and policies.
    fn name(&self) -> &str;

    /// What its objections count as.
    fn evidence(&self) -> Evidence;

    /// How long it may take, whether or not somebody still waits for it.
    fn limit(&self) -> Duration;

    /// How much of a person's time it may take by itself. None: it is asked with all the others, about every URL, and they
    /// have [`Limits::patience`] together. A source with time of its own goes to the place itself: it is asked about one
    /// URL of a click, behind the others, and while it is under way a person can be told so.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Asks about `url`. Dropped when it takes too long.
    fn ask(&self, url: WebUrl) -> Pin<Box<dyn Future<Output = Result<Finding, Unanswered>> + Send + '_>>;
}

/// What a source found out about a URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong with it; empty where the source knows of nothing. What is less than suspicious is told and counts for
    /// nothing.
    pub objections: Vec<Objection>,
    /// Where a visitor was sent, one after the other.
    pub led_to: Vec<WebUrl>,
    /// What it means that nothing is objected.
    pub rest: Rest,
    /// How long it holds.
    pub keep: Duration,
}

/// What it means that a source objects to nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Rest {
    /// It knows of nothing.
    #[default]
    Clear,
    /// It did not look, and why. That is an answer: it never looks at such a URL.
    Unlooked(String),
    /// It looked, and cannot tell. That is silence.
    Unclear(String),
}

impl Finding {
    /// Whether it speaks against the URL.
    pub fn objects(&self) -> bool {
        self.objections.iter().any(|objection| objection.tier >= Tier::Suspicious)
    }
}

/// What a source has against a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// How bad.
    pub tier: Tier,
    /// Bad in which way.
    pub threat: Threat,
    /// In words for a person, a clause without its full stop.
    pub evidence: String,
}

/// Why a source said nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

impl fmt::Debug for dyn Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.name()).finish()
    }
}
