use serde::{Deserialize, Serialize};

use crate::judge::{Action, Tier};

/// One action for each tier; never milder where the tier is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
pub struct Actions(Table);

/// As it is written in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    clean: Action,
    unknown: Action,
    suspicious: Action,
    malicious: Action,
}

/// A table of actions that would treat a worse URL more kindly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the policy does `{milder}` to what is {worse} but `{stricter}` to what is {better}: give {worse} at least `{stricter}`"
)]
pub struct MilderWhenWorse {
    /// The better of the two tiers.
    pub better: Tier,
    /// What it would get.
    pub stricter: Action,
    /// The worse of the two tiers.
    pub worse: Tier,
    /// What it would get.
    pub milder: Action,
}

impl Actions {
    /// One action for each tier. Errors: [`MilderWhenWorse`], with the first two tiers that are out of order.
    pub fn new(clean: Action, unknown: Action, suspicious: Action, malicious: Action) -> Result<Self, MilderWhenWorse> {
        Table { clean, unknown, suspicious, malicious }.try_into()
    }

    /// A preset's table, which a test holds to the order that [`Self::new`] checks.
    pub(super) const fn preset(clean: Action, unknown: Action, suspicious: Action, malicious: Action) -> Self {
        Self(Table { clean, unknown, suspicious, malicious })
    }

    /// What happens to a URL of this tier.
    pub const fn of(&self, tier: Tier) -> Action {
        match tier {
            Tier::Clean => self.0.clean,
            Tier::Unknown => self.0.unknown,
            Tier::Suspicious => self.0.suspicious,
            Tier::Malicious => self.0.malicious,
        }
    }
}

impl TryFrom<Table> for Actions {
    type Error = MilderWhenWorse;

    fn try_from(table: Table) -> Result<Self, MilderWhenWorse> {
        let actions = Self(table);
        let tiers = [Tier::Clean, Tier::Unknown, Tier::Suspicious, Tier::Malicious];
        for (better, worse) in tiers.into_iter().zip(tiers.into_iter().skip(1)) {
            let (stricter, milder) = (actions.of(better), actions.of(worse));
            if milder < stricter {
                return Err(MilderWhenWorse { better, stricter, worse, milder });
            }
        }
        Ok(actions)
    }
}

impl From<Actions> for Table {
    fn from(actions: Actions) -> Self {
        actions.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_milder_action_for_a_worse_tier_is_refused_with_both_named() {
        let refused = Actions::new(Action::Redirect, Action::Block, Action::Warn, Action::Block).unwrap_err();
        assert_eq!((refused.better, refused.worse), (Tier::Unknown, Tier::Suspicious));
        let text = refused.to_string();
        assert!(text.contains("`warn` to what is suspicious") && text.contains("at least `block`"), "{text}");
    }

    #[test]
    fn a_written_table_is_held_to_the_same_order() {
        let good = r#"{"clean":"redirect","unknown":"notice","suspicious":"warn","malicious":"block"}"#;
        let actions: Actions = serde_json::from_str(good).unwrap();
        assert_eq!(actions.of(Tier::Suspicious), Action::Warn);
        assert_eq!(serde_json::to_string(&actions).unwrap(), good);
        let bad = good.replace("notice", "block");
        assert!(serde_json::from_str::<Actions>(&bad).unwrap_err().to_string().contains("at least `block`"));
        let extra = good.replace("{", r#"{"cleann":"block","#);
        assert!(serde_json::from_str::<Actions>(&extra).is_err());
    }
}
