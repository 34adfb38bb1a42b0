use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moka::Expiry;

use super::{Finding, Rest, Unanswered};
use crate::base::Timestamp;

/// How long a failure is remembered, so that a source that is down is not asked by every click.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long an objection is kept beyond its time, for as long as its source fails.
pub(super) const STALE_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// What is kept of one source for one URL.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) answer: Answer,
    /// Until when nobody is asked again.
    pub(super) until: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) enum Answer {
    Found { finding: Arc<Finding>, learned: Timestamp },
    Failed { why: Unanswered, last: Option<(Arc<Finding>, Timestamp)> },
}

impl Kept {
    /// A finding. One that cannot tell does not unsay what was objected before: who was found out could fail from then
    /// on.
    pub(super) fn found(finding: Finding, before: Option<&Self>, now: Timestamp) -> Self {
        if let Rest::Unclear(why) = &finding.rest
            && !finding.objects()
        {
            let failed = Self::failed(Unanswered(why.clone()), before, now);
            if failed.objected().is_some() {
                return failed;
            }
        }
        let until = later(now, finding.keep);
        Self { answer: Answer::Found { finding: Arc::new(finding), learned: now }, until }
    }

    /// A failure, with what was objected before as long as that may count.
    pub(super) fn failed(why: Unanswered, before: Option<&Self>, now: Timestamp) -> Self {
        let last = before
            .and_then(Self::objected)
            .filter(|(finding, learned)| now < later(later(*learned, finding.keep), STALE_FOR));
        Self { answer: Answer::Failed { why, last }, until: later(now, RETRY_AFTER) }
    }

    /// A question that was not asked. The next click may ask it at once.
    pub(super) fn refused(why: Unanswered, before: Option<&Self>, now: Timestamp) -> Self {
        Self { until: now, ..Self::failed(why, before, now) }
    }

    /// What it says at this moment, where it is not over.
    pub(super) fn at(&self, now: Timestamp) -> Option<&Self> {
        (!self.is_over(now)).then_some(self)
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until
    }

    pub(super) fn objected(&self) -> Option<(Arc<Finding>, Timestamp)> {
        match &self.answer {
            Answer::Found { finding, learned } if finding.objects() => Some((Arc::clone(finding), *learned)),
            Answer::Found { .. } => None,
            Answer::Failed { last, .. } => last.clone(),
        }
    }

    /// Bytes that it takes with its key, roughly.
    pub(super) fn bytes(&self, key: &str) -> u32 {
        const AROUND: usize = 160;
        let of = |finding: &Finding| {
            let words: usize = finding.objections.iter().map(|objection| objection.evidence.len() + 40).sum();
            let urls: usize = finding.led_to.iter().map(|url| url.as_str().len() + 100).sum();
            let why = match &finding.rest {
                Rest::Clear => 0,
                Rest::Unlooked(why) | Rest::Unclear(why) => why.len(),
            };
            words + urls + why
        };
        let inside = match &self.answer {
            Answer::Found { finding, .. } => of(finding),
            Answer::Failed { why, last } => why.0.len() + last.as_ref().map_or(0, |(finding, _)| of(finding)),
        };
        u32::try_from(AROUND + key.len() + inside).unwrap_or(u32::MAX)
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.plus_millis(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

/// When the memory goes. What counts is [`Kept::until`] by the injected clock; this only sees that nothing stays for ever.
pub(super) struct Forgetting;

impl Expiry<Arc<str>, Arc<Kept>> for Forgetting {
    fn expire_after_create(&self, _: &Arc<str>, kept: &Arc<Kept>, _: Instant) -> Option<Duration> {
        Some(lifetime(kept))
    }

    fn expire_after_update(&self, _: &Arc<str>, kept: &Arc<Kept>, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(lifetime(kept))
    }
}

fn lifetime(kept: &Kept) -> Duration {
    match &kept.answer {
        Answer::Found { finding, .. } if !finding.objects() => finding.keep,
        Answer::Found { finding, .. } => finding.keep + STALE_FOR,
        Answer::Failed { last: Some((finding, _)), .. } => finding.keep + STALE_FOR,
        Answer::Failed { last: None, .. } => RETRY_AFTER,
    }
}
