use serde::{Deserialize, Serialize};

use crate::judge::{Objection, Threat, Tier};

/// How far the word of a list goes that is not an admin's own: its `@trust`. Such a list takes no part in the contest of
/// admins' entries; it speaks behind them, as a feed does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// What it names is malicious.
    Block,
    /// What it names is suspicious.
    Warn,
    /// What it names is told in the event, and settles nothing.
    Signal,
}

impl Trust {
    /// Every trust, by its name.
    pub const NAMES: [(&'static str, Self); 3] =
        [("block", Self::Block), ("warn", Self::Warn), ("signal", Self::Signal)];

    /// As it stands behind `@trust`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
            Self::Signal => "signal",
        }
    }

    /// What an entry of such a list amounts to.
    pub(super) const fn objection(self, threat: Option<Threat>) -> Objection {
        let threat = match threat {
            Some(threat) => threat,
            None => Threat::None,
        };
        match self {
            Self::Block => Objection::Speaks(Tier::Malicious, threat),
            Self::Warn => Objection::Speaks(Tier::Suspicious, threat),
            Self::Signal => Objection::Speaks(Tier::Clean, Threat::None),
        }
    }
}

/// The trust of this name.
pub(super) fn trust(value: &str) -> Option<Trust> {
    Trust::NAMES.iter().find(|(name, _)| *name == value).map(|(_, trust)| *trust)
}

/// A threat that others tell of: all but our own rules.
pub(super) fn threat(value: &str) -> Option<Threat> {
    value.parse().ok().filter(|threat| !matches!(threat, Threat::None | Threat::Policy))
}
