use serde::{Deserialize, Serialize};

use super::{List, ListAction, Trust};
use crate::{
    base::{TenantId, Timestamp},
    judge::Threat,
};

/// What is said of a list as a whole: a [`List`] without its entries. An index keeps one for each of its lists.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Head {
    /// Its name: the file name without `.list`.
    pub name: String,
    /// The first 12 hexadecimal digits of the SHA-256 of its text.
    pub version: String,
    /// What its entries do.
    pub action: ListAction,
    /// The only tenant it speaks for, where one is named.
    pub tenant: Option<TenantId>,
    /// The only policy it speaks in, where one is named.
    pub policy: Option<String>,
    /// How far its word goes, where it is not an admin's own: a feed.
    #[serde(default)]
    pub trust: Option<Trust>,
    /// What it names is bad in this way, where it says so.
    #[serde(default)]
    pub threat: Option<Threat>,
    /// `@confirm empty`: that it holds nothing is meant so.
    pub confirms_empty: bool,
    /// Since when this version is in force, where that is known; a text does not say so.
    pub since: Option<Timestamp>,
    /// Its entries, in force or not.
    pub entries: usize,
}

impl Head {
    /// Whether it speaks in the name of the whole installation, and not of one tenant or policy.
    pub fn is_installation_wide(&self) -> bool {
        self.tenant.is_none() && self.policy.is_none()
    }

    /// Whether it is the word of others, and no admin's: a block list with `@trust`.
    pub fn is_of_others(&self) -> bool {
        self.action == ListAction::Block && self.trust.is_some()
    }

    /// Whether it speaks for this tenant under this policy.
    pub fn applies_to(&self, tenant: TenantId, policy: &str) -> bool {
        self.tenant.is_none_or(|only| only == tenant) && self.policy.as_deref().is_none_or(|only| only == policy)
    }
}

impl From<&List> for Head {
    fn from(list: &List) -> Self {
        let List { name, version, action, tenant, policy, trust, threat, confirms_empty, since, entries } = list;
        Self {
            name: name.clone(),
            version: version.clone(),
            action: *action,
            tenant: *tenant,
            policy: policy.clone(),
            trust: *trust,
            threat: *threat,
            confirms_empty: *confirms_empty,
            since: *since,
            entries: entries.len(),
        }
    }
}
