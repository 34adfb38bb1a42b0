use serde::{Deserialize, Serialize};

use crate::{base::Timestamp, list::Relation};

/// Entries that one search shows.
pub const FOUND_MAX: usize = 200;

/// A change of an admin's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Show what adding it would do.
    Preview(NewEntry),
    /// Write it at the end of its list.
    Add(NewEntry),
    /// Take every line of an entry out of a list.
    Remove(OldEntry),
    /// Let an entry count until a day and no longer.
    Expire(OldEntry, String),
}

/// An entry that is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewEntry {
    /// The list.
    pub list: String,
    /// The entry, as it stands in a list.
    pub entry: String,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// The last day on which it counts.
    pub until: Option<String>,
    /// A ticket.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Refusals that are overruled: `suffix`, `never-block`.
    pub confirm: Vec<String>,
}

/// An entry that is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OldEntry {
    /// The list.
    pub list: String,
    /// The entry, in any spelling that means the same.
    pub entry: String,
}

/// What a change did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// The list.
    pub list: String,
    /// Lines that go, with their numbers.
    pub gone: Vec<(u32, String)>,
    /// Lines that come, with their numbers.
    pub come: Vec<(u32, String)>,
    /// Entries that are there, and what the new one has to do with them.
    pub relations: Vec<Related>,
    /// What the new entry would have met of the last day's clicks.
    pub met: Option<Met>,
    /// Lists that would not take their new version, with the first line that is bad in each.
    pub breaks: Vec<String>,
    /// Whether it was written.
    pub written: bool,
}

/// An entry that has something to do with a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// What.
    pub relation: Relation,
    /// The list it stands in.
    pub list: String,
    /// Its line.
    pub line: u32,
    /// The entry.
    pub entry: String,
}

/// What an entry would have met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Met {
    /// Clicks that were looked at.
    pub of: usize,
    /// Clicks that it would have met.
    pub clicks: usize,
    /// Hosts of some of them.
    pub hosts: Vec<String>,
}

/// What was found of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Found {
    /// Entries, at most [`FOUND_MAX`].
    pub entries: Vec<FoundEntry>,
    /// Whether there are more.
    pub more: bool,
}

/// An entry in force or run out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundEntry {
    /// The list.
    pub list: String,
    /// Its version.
    pub version: String,
    /// The line.
    pub line: u32,
    /// The entry.
    pub entry: String,
    /// What its list does.
    pub action: &'static str,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// The last day on which it counts.
    pub until: Option<String>,
    /// A ticket.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Whether it counts now.
    pub in_force: bool,
}

/// What is done with a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedChange {
    /// It is asked now.
    Update,
    /// The update that was refused last is taken.
    Accept,
    /// The version before is taken.
    RollBack,
}

impl FeedChange {
    /// By its name in a path.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "update" => Some(Self::Update),
            "accept" => Some(Self::Accept),
            "rollback" => Some(Self::RollBack),
            _ => None,
        }
    }
}

/// What became of a change of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedChanged {
    /// The feed.
    pub feed: String,
    /// The version in force then; none where it is only being asked.
    pub version: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoChange {
    /// What was asked for is wrong.
    #[error("{0}")]
    Wrong(String),
    /// What it is about is not there.
    #[error("{0}")]
    Missing(String),
    /// Somebody else was quicker, or a file cannot be written.
    #[error("{0}")]
    Failed(String),
}
