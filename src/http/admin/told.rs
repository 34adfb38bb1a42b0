use serde::Serialize;

use super::{Fitness, Vital};
use crate::{
    base::{ClickId, Timestamp},
    feed,
    http::Renewal,
    judge::ClickEvent,
    link::KeyId,
    store::{Explanation, LogStats, StoreError},
};

/// What stands behind the admin listener. Nothing of it tells a secret, and URLs leave masked.
pub trait Told: Send + Sync + 'static {
    /// How everything stands. Must not wait.
    fn overview(&self) -> Overview;
    /// What monitoring reads, in the text format of OpenMetrics 1.0. Must not wait.
    fn metrics(&self) -> Option<String>;
    /// The newest clicks, at most `limit`. Touches the disk.
    fn clicks(&self, limit: usize) -> Result<Vec<ClickEvent>, StoreError>;
    /// What is known of one click. Touches the disk.
    fn explain(&self, reference: ClickId) -> Result<Option<Explanation>, StoreError>;
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
