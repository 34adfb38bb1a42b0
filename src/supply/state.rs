use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Feed, Refusal, Rows};
use crate::base::Timestamp;

/// Intervals after which a feed that could not be asked is stale.
const STALE: i64 = 3;

/// What is known of a feed: kept on the disk beside its list, so that a restart forgets nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedState {
    /// Place, format, names and key in short: where these are others, nothing that was fetched before counts.
    pub(super) of: String,
    /// `ETag` of what was looked at last.
    pub(super) etag: Option<String>,
    /// `Last-Modified` of it.
    pub(super) last_modified: Option<String>,
    /// When it was asked last.
    pub attempted: Option<Timestamp>,
    /// When it last said what is in force.
    pub checked: Option<Timestamp>,
    /// When it is asked next.
    pub due: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// What is in force.
    pub current: Option<Version>,
    /// What was before, for a rollback.
    pub before: Option<Version>,
    /// The update that was refused last, where nothing was taken since.
    pub refused: Option<Version>,
    /// Why the last attempt changed nothing, where that is no good.
    pub told: Option<Told>,
    /// Since when no updates are taken, because of a rollback.
    pub held: Option<Timestamp>,
    /// Attempts, in all.
    pub attempts: u64,
    /// Versions that were taken.
    pub takes: u64,
    /// Attempts that found nothing new.
    pub unchanged: u64,
    /// Attempts that brought nothing.
    pub failed: u64,
    /// Updates that were refused.
    pub refusals: u64,
}

/// One version of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Version {
    /// The version of its list: what hits and events name.
    pub version: String,
    /// The sum of the bytes it was made of.
    pub(super) body: String,
    /// When it came.
    pub at: Timestamp,
    /// What came of its rows.
    pub rows: Rows,
    /// The format it was read as.
    pub format: String,
    /// Why it was refused; an admin may have accepted it all the same.
    pub refusal: Option<Refusal>,
    /// `ETag` and `Last-Modified` of it.
    pub(super) validators: (Option<String>, Option<String>),
}

/// Why an attempt changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Whether something came, and was refused; otherwise nothing came.
    pub is_refusal: bool,
    /// In words for an admin.
    pub says: String,
    /// Since when it is so.
    pub since: Timestamp,
}

/// How a feed stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedStanding {
    /// What it says is in force.
    Current,
    /// Nothing of it is in force yet.
    Never,
    /// The last attempt failed.
    Failing,
    /// It could not be asked for three intervals.
    Stale,
    /// Its last update was refused.
    Refused,
    /// Updates wait, because one was rolled back.
    Held,
}

impl FeedStanding {
    /// As it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Never => "never",
            Self::Failing => "failing",
            Self::Stale => "stale",
            Self::Refused => "refused",
            Self::Held => "held",
        }
    }

    /// Whether somebody should look. One failure is nothing.
    pub const fn is_trouble(self) -> bool {
        !matches!(self, Self::Current | Self::Failing)
    }
}

/// How a feed stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedStatus {
    /// Its name.
    pub name: String,
    /// Where it is, without its secret.
    pub place: String,
    /// How far its word goes.
    pub trust: &'static str,
    /// In a word.
    pub standing: FeedStanding,
    /// What is known of it.
    #[serde(flatten)]
    pub state: FeedState,
}

impl FeedState {
    /// Whether it tells of another place than the feed has now, or of one that is read otherwise.
    pub(super) fn is_of_another(&self, feed: &Feed) -> bool {
        self.of != feed.identity()
    }

    /// In a word.
    pub fn standing(&self, interval: Duration, now: Timestamp) -> FeedStanding {
        let stale = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).saturating_mul(STALE);
        let is_stale = self.checked.is_none_or(|checked| now.millis_since(checked) > stale);
        match (&self.current, &self.told) {
            _ if self.held.is_some() => FeedStanding::Held,
            (_, Some(told)) if told.is_refusal => FeedStanding::Refused,
            (None, _) => FeedStanding::Never,
            (Some(_), _) if is_stale => FeedStanding::Stale,
            (Some(_), Some(_)) => FeedStanding::Failing,
            (Some(_), None) => FeedStanding::Current,
        }
    }
}

impl FeedStatus {
    /// How a feed stands at `now`.
    pub fn of(feed: &Feed, state: FeedState, now: Timestamp) -> Self {
        let standing = state.standing(feed.interval, now);
        Self { name: feed.name.clone(), place: feed.place.to_string(), trust: feed.trust.as_str(), standing, state }
    }

    /// Entries in force.
    pub fn entries(&self) -> usize {
        self.state.current.as_ref().map_or(0, |version| version.rows.entries)
    }
}
