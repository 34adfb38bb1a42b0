use std::fmt;

use sha2::{Digest as _, Sha256};

use super::{Actions, Checking, Log, Needs, Override, Scan};
use crate::judge::{Action, Tier};

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
    /// Whether a person waits until a destination was looked at.
    pub checking: Checking,
    /// Domains that are never visited, themselves and all below.
    pub never_visit: Vec<String>,
    /// Whether a person may override a warning.
    pub overrides: Override,
    /// Which clicks are recorded.
    pub log: Log,
    /// The preset that it is or that it changes: what this program does beside the click, such as how a message is
    /// rewritten, follows it.
    pub based_on: Preset,
}

/// A policy that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// [`Policy::standard`]
    Standard,
    /// [`Policy::strict`]
    Strict,
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
            checking: Checking::MayContinue,
            never_visit: Vec::new(),
            overrides: Override::Allowed,
            log: Log::Every,
            based_on: Preset::Standard,
        }
    }

    /// Lets through only what every source has answered for and none objects to.
    pub fn strict() -> Self {
        Self {
            name: "strict".to_owned(),
            version: "1".to_owned(),
            actions: Actions::preset(Action::Redirect, Action::Block, Action::Block, Action::Block),
            checking: Checking::Wait,
            overrides: Override::Refused,
            based_on: Preset::Strict,
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

impl Policy {
    /// This under a name of its own. Its version is made of what it does, so it changes whenever that does, and the
    /// same policy has the same on every node.
    pub fn named(self, name: &str) -> Self {
        let tiers = [Tier::Clean, Tier::Unknown, Tier::Suspicious, Tier::Malicious];
        let mut does: Vec<String> = tiers.iter().map(|tier| self.actions.of(*tier).to_string()).collect();
        does.push(format!("{:?} {:?} {:?} {:?}", self.scan, self.overrides, self.log, self.needs));
        // What came later stands apart, so that a policy that says nothing of it keeps its version.
        if self.checking != Checking::default() || !self.never_visit.is_empty() {
            does.push(format!("{:?} {:?}", self.checking, self.never_visit));
        }
        let hash = Sha256::digest(does.join("\n"));
        let version = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self { name: name.to_owned(), version, ..self }
    }

    /// The domain that says that this host is never visited, if one does.
    pub fn spares(&self, host: &str) -> Option<&str> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_below =
            |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        self.never_visit.iter().map(String::as_str).find(|domain| is_below(domain))
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
    fn a_version_changes_with_what_the_policy_does_and_with_nothing_else() {
        let policy = || Policy::standard().named("finance");
        assert_eq!(policy(), policy());
        assert_eq!(policy().named("other").version, policy().version);
        let blocks = Actions::new(Action::Redirect, Action::Notice, Action::Block, Action::Block).unwrap();
        let others = [
            Policy { actions: blocks, ..policy() },
            Policy { scan: Scan::ListsOnly, ..policy() },
            Policy { overrides: Override::Refused, ..policy() },
            Policy { log: Log::Stops, ..policy() },
            Policy { checking: Checking::Wait, ..policy() },
            Policy { never_visit: vec!["intra.example".to_owned()], ..policy() },
        ];
        for other in others {
            assert_ne!(other.clone().named("finance").version, policy().version, "{other:?}");
        }
    }

    #[test]
    fn a_policy_spares_domains_and_what_is_below_them() {
        let policy = Policy { never_visit: vec!["bank.example".to_owned()], ..Policy::standard() };
        for host in ["bank.example", "www.bank.example", "bank.example."] {
            assert_eq!(policy.spares(host), Some("bank.example"), "{host}");
        }
        for host in ["mybank.example", "bank.example.net", "example"] {
            assert_eq!(policy.spares(host), None, "{host}");
        }
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
