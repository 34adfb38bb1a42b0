use serde::{Deserialize, Serialize};

use super::{Action, Outcome, Signal, Threat, Tier};
use crate::base::{ClickId, EventId, TenantId, Timestamp};

/// What is known of a URL has turned: clicks that went on would be stopped, or warned, as it is known now.
///
/// It is told of once. What was recorded of the clicks stays as it was: they were answered by what was known then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// When it was seen.
    pub time: Timestamp,
    /// The only key for deduplication.
    pub flip_id: EventId,
    /// The URL of which it is known, whole; masked when read or exported. The clicks led there, or by way of it.
    pub url: String,
    /// Its host (A-labels).
    pub host: String,
    /// The worst that any of the clicks amounts to now.
    pub tier: Tier,
    /// Bad in which way.
    pub threat: Threat,
    /// What speaks against it: the finding, or the entry of a list with its version.
    pub signal: Signal,
    /// The clicks, oldest first.
    pub clicks: Vec<Rejudged>,
    /// The node that saw it.
    pub node: String,
}

/// A click that went on and was judged again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejudged {
    /// The event.
    pub event_id: EventId,
    /// The reference that its page showed, or would have.
    pub click_id: ClickId,
    /// When it was.
    pub time: Timestamp,
    /// Whose policy applies.
    pub tenant: TenantId,
    /// What came of it.
    pub outcome: Outcome,
    /// What was known then.
    pub was: Option<Tier>,
    /// What is known now.
    pub tier: Tier,
    /// The policy that judged it again, as `name@version`.
    pub policy: String,
    /// What that policy makes of it now.
    pub action: Action,
}
