use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Outcome, Signal, Threat, Tier, verdict::as_text};
use crate::base::{ClickId, EventId, MessageHash, RecipientHash, TenantId, Timestamp};

/// One click, or one step of it; what is stored, exported and explained.
///
/// A warning and the continue that follows are two events with one `click_id`. A damaged link has no tenant, no URL
/// and no message: what cannot be proven is not recorded as if it were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClickEvent {
    /// When.
    pub time: Timestamp,
    /// The only key for deduplication.
    pub event_id: EventId,
    /// The reference that the page shows.
    pub click_id: ClickId,
    /// Whose policy applied.
    pub tenant: Option<TenantId>,
    /// What came of it.
    pub outcome: Outcome,
    /// How bad.
    pub tier: Option<Tier>,
    /// Bad in which way.
    pub threat: Threat,
    /// Everything that was said about the URL.
    pub signals: Vec<Signal>,
    /// Index of the signal that settled it.
    pub decisive: Option<usize>,
    /// The policy that decided, as `name@version`.
    pub policy: Option<String>,
    /// Which rule of it applied.
    pub why: Option<String>,
    /// The destination, whole; masked when read or exported.
    pub url: Option<String>,
    /// Its host (A-labels).
    pub host: Option<String>,
    /// Its registrable domain.
    pub domain: Option<String>,
    /// The message the link was minted for.
    pub message: Option<MessageHash>,
    /// The recipient the link was minted for.
    pub recipient: Option<RecipientHash>,
    /// When the link was minted.
    pub link_issued: Option<Timestamp>,
    /// Address of the client, as far as the policy keeps it.
    pub client: Option<String>,
    /// The client's User-Agent, capped at 512 bytes.
    pub user_agent: Option<String>,
    /// Who clicked, as far as can be told.
    pub actor: Actor,
    /// Microseconds from the whole request to the decision.
    pub decision_micros: u64,
    /// The node that answered.
    pub node: String,
}

/// Who clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person's browser, as far as can be told.
    Human,
    /// A browser that fetches ahead (`Sec-Purpose: prefetch`).
    Prefetch,
    /// A previewer or scanner that names itself.
    Scanner,
    /// None of these can be told.
    Unknown,
}

as_text! {
    Actor { Human "human", Prefetch "prefetch", Scanner "scanner", Unknown "unknown" }
}
