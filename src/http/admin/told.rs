use std::sync::Arc;

use serde::Serialize;

use super::{Change, Changed, FeedChange, FeedChanged, Fitness, Found, NoChange, Vital};
use crate::{
    base::{ClickId, Timestamp},
    feed,
    http::Renewal,
    judge::{ClickEvent, Flip},
    link::KeyId,
    store::{Explanation, LogStats, StoreError},
    supply::FeedStatus,
};

/// What stands behind the admin listener. Nothing of it tells a secret, and URLs leave masked.
pub trait Told: Send + Sync + 'static {
    /// How everything stands. Must not wait.
    fn overview(&self) -> Overview;
    /// What monitoring reads, in the text format of OpenMetrics 1.0. Must not wait.
    fn metrics(&self) -> Option<String>;
    /// The newest clicks, at most `limit`. Touches the disk.
    fn clicks(&self, limit: usize) -> Result<Vec<ClickEvent>, StoreError>;
    /// What turned last, newest first, at most `limit`. Touches the disk.
    fn flips(&self, limit: usize) -> Result<Vec<Flip>, StoreError>;
    /// What is known of one click. Touches the disk.
    fn explain(&self, reference: ClickId) -> Result<Option<Explanation>, StoreError>;
    /// How the feeds stand. Must not wait.
    fn feeds(&self) -> Arc<Vec<FeedStatus>>;
    /// Entries of the lists in force, in whose text, reason or reference this text stands in any case. May take its time.
    fn search(&self, text: &str) -> Found;
    /// Makes a change of an admin's list. Touches the disk.
    fn change(&self, change: &Change) -> Result<Changed, NoChange>;
    /// Does something with a feed. Touches the disk.
    fn change_feed(&self, name: &str, change: FeedChange) -> Result<FeedChanged, NoChange>;
}

/// How everything stands at one moment; `/api/status` is this.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// The version that runs.
    pub version: &'static str,
    /// The name of this node in events.
    pub node: String,
    /// When it started.
    pub started: Timestamp,
    /// The moment.
    pub now: Timestamp,
    /// The worst of the parts.
    pub state: Fitness,
    /// Each part.
    pub vitals: Vec<Vital>,
    /// The lists.
    pub lists: feed::State,
    /// What is read again.
    pub reload: Renewal,
    /// The keys that sign and prove links, the signing one first.
    pub keys: Vec<KeySeen>,
    /// The click log.
    pub log: LogStats,
}

/// A key without its secret.
#[derive(Debug, Clone, Serialize)]
pub struct KeySeen {
    /// Its name.
    pub id: KeyId,
    /// `signing`, `verify-only` or `compromised`.
    pub state: &'static str,
    /// When it began to sign.
    pub from: Timestamp,
    /// When it ended; none for the one that signs.
    pub until: Option<Timestamp>,
}
