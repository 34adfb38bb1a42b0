use std::fmt;

use serde::{Deserialize, Serialize};

use super::verdict::as_text;

/// What a policy lets happen, in order of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// On to the destination.
    Redirect,
    /// A page that says it could not be checked; continue is offered.
    Notice,
    /// A warning; continue is offered.
    Warn,
    /// A warning; continue is offered to those who give a reason.
    WarnWithReason,
    /// Stopped.
    Block,
}

/// What came of a click.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Redirected: nothing objects.
    Allowed,
    /// Redirected: an admin's entry allows it.
    AllowedByAdmin,
    /// The notice page was shown because the policy chose it.
    Noticed,
    /// The warning page was shown.
    Warned,
    /// Continued past a warning.
    WarnedProceeded,
    /// Stopped.
    Blocked,
    /// Stopped by an admin's entry.
    BlockedByAdmin,
    /// The link was damaged or made up.
    BadSignature,
    /// The link was taken back, or its message convicted.
    Revoked,
    /// Asked to wait: the link is opened unusually often.
    RateLimited,
    /// Shown that it is still being looked at.
    Pending,
    /// Went on while it was being looked at.
    PendingBypassed,
    /// Judged as good as could be with a source missing, and let on.
    ErrorFailedOpen,
    /// Stopped because a source was missing.
    ErrorFailedClosed,
}

impl Outcome {
    /// Whether the person went on, or was shown a page that speaks of nothing bad and leads on.
    pub const fn lets_on(self) -> bool {
        match self {
            Self::Allowed
            | Self::AllowedByAdmin
            | Self::Noticed
            | Self::WarnedProceeded
            | Self::PendingBypassed
            | Self::ErrorFailedOpen => true,
            Self::Warned
            | Self::Blocked
            | Self::BlockedByAdmin
            | Self::BadSignature
            | Self::Revoked
            | Self::RateLimited
            | Self::Pending
            | Self::ErrorFailedClosed => false,
        }
    }
}

/// What a policy makes of a verdict, for one tenant and one click.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What happens.
    pub action: Action,
    /// What the event says of it, if the person goes no further.
    pub outcome: Outcome,
    /// The policy that decided, as `name@version`.
    pub policy: String,
    /// Which rule of the policy applied, in words for a person.
    pub why: String,
}

as_text! {
    Action {
        Redirect "redirect", Notice "notice", Warn "warn", WarnWithReason "warn_with_reason", Block "block",
    }
    Outcome {
        Allowed "allowed", AllowedByAdmin "allowed_by_admin", Noticed "noticed", Warned "warned",
        WarnedProceeded "warned_proceeded", Blocked "blocked", BlockedByAdmin "blocked_by_admin",
        BadSignature "bad_signature", Revoked "revoked", RateLimited "rate_limited",
        Pending "pending", PendingBypassed "pending_bypassed", ErrorFailedOpen "error_failed_open", ErrorFailedClosed "error_failed_closed",
    }
}
