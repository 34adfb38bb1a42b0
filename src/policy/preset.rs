use std::fmt;

use super::{Actions, Log, Needs, Override, Scan};
use crate::judge::Action;

/// What is done about a verdict, under a name and a version that stand in every event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name, as in `standard@1`.
    pub name: String,
    /// Its version: changes whenever what it does changes.
    pub version: String,
    /// What happens to each tier.
    pub actions: Actions,
    /// What the silence of a source means.
    pub needs: Needs,
    /// Whether sources are asked.
    pub scan: Scan,
    /// Whether a person may override a warning.
    pub overrides: Override,
    /// Which clicks are recorded.
    pub log: Log,
}

/// A name that is none of the presets'.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no preset policy {name:?}: the presets are `standard` and `strict`")]
pub struct UnknownPreset {
    /// What was asked for.
    pub name: String,
}

impl Policy {
    /// Stops what is known as bad, warns of what is suspicious, says so where something could not be checked.
    pub fn standard() -> Self {
        Self {
            name: "standard".to_owned(),
            version: "1".to_owned(),
            actions: Actions::preset(Action::Redirect, Action::Notice, Action::Warn, Action::Block),
            needs: Needs::default(),
            scan: Scan::All,
            overrides: Override::Allowed,
            log: Log::Every,
        }
    }

    /// Lets through only what every source has answered for and none objects to.
    pub fn strict() -> Self {
        Self {
            name: "strict".to_owned(),
            version: "1".to_owned(),
            actions: Actions::preset(Action::Redirect, Action::Block, Action::Block, Action::Block),
            overrides: Override::Refused,
            ..Self::standard()
        }
    }

    /// The preset of this name (`standard`, `strict`). Errors: [`UnknownPreset`].
    pub fn preset(name: &str) -> Result<Self, UnknownPreset> {
        match name {
            "standard" => Ok(Self::standard()),
            "strict" => Ok(Self::strict()),
            _ => Err(UnknownPreset { name: name.to_owned() }),
        }
    }
}

/// `name@version`.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Tier;

    #[test]
    fn presets_do_what_they_are_named_for() {
        let table = |policy: Policy| {
            [Tier::Clean, Tier::Unknown, Tier::Suspicious, Tier::Malicious].map(|tier| policy.actions.of(tier))
        };
        assert_eq!(table(Policy::standard()), [Action::Redirect, Action::Notice, Action::Warn, Action::Block]);
        assert_eq!(table(Policy::strict()), [Action::Redirect, Action::Block, Action::Block, Action::Block]);
    }

    #[test]
    fn presets_are_in_order_and_found_by_name() {
        for policy in [Policy::standard(), Policy::strict()] {
            let [clean, unknown, suspicious, malicious] =
                [Tier::Clean, Tier::Unknown, Tier::Suspicious, Tier::Malicious].map(|tier| policy.actions.of(tier));
            assert_eq!(Actions::new(clean, unknown, suspicious, malicious), Ok(policy.actions));
            assert_eq!(Policy::preset(&policy.name), Ok(policy.clone()));
        }
        assert!(Policy::preset("lax").unwrap_err().to_string().contains("`standard` and `strict`"));
    }
}
