use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Whether sources that have to be asked are asked. Lists are looked into in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scan {
    /// All are asked.
    #[default]
    All,
    /// None is: the lists and what can be read off the URL have to do.
    ListsOnly,
}

/// What a person can do while a destination is still being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checking {
    /// Wait, or go on without.
    #[default]
    MayContinue,
    /// Wait.
    Wait,
}

/// Whether a person may override a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Override {
    /// A warning can be passed.
    #[default]
    Allowed,
    /// What would be warned of is blocked.
    Refused,
}

/// Which clicks are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Log {
    /// Every click.
    #[default]
    Every,
    /// Only those to which something was shown: each page has a reference that can be explained.
    Stops,
}

/// What it means that a source does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The URL is unknown, and gets the action for that.
    #[default]
    Required,
    /// Nothing.
    Optional,
}

/// What it means for each source that it does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Needs {
    /// For each source that is not named.
    pub others: Need,
    /// For sources by name.
    pub by_source: BTreeMap<String, Need>,
}

impl Needs {
    /// What it means that this source does not answer.
    pub fn of(&self, source: &str) -> Need {
        self.by_source.get(source).copied().unwrap_or(self.others)
    }
}
