use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Day, Network, Pattern, Trust, Written};
use crate::{
    base::{TenantId, Timestamp},
    judge::Threat,
};

/// What the entries of a list do: its `@action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListAction {
    /// Stops what matches (the default).
    #[default]
    Block,
    /// Lets through what matches.
    Allow,
    /// Names hosts so widely used that host-wide objections of others do not count.
    NeverBlock,
    /// Names the organisation's own hosts: lists apply to them, nothing else does.
    Internal,
}

impl ListAction {
    /// Every action, by its name.
    pub(super) const NAMES: [(&'static str, Self); 4] = [
        ("block", Self::Block),
        ("allow", Self::Allow),
        ("never-block", Self::NeverBlock),
        ("internal", Self::Internal),
    ];

    /// As it stands behind `@action`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Allow => "allow",
            Self::NeverBlock => "never-block",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for ListAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One version of one list.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
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
    /// `@trust`: how far its word goes, where it is not an admin's own.
    pub trust: Option<Trust>,
    /// `@threat`: in which way what it names is bad.
    pub threat: Option<Threat>,
    /// `@confirm empty`: that it holds nothing is meant so.
    pub confirms_empty: bool,
    /// Since when this version is in force, where that is known; a text does not say so.
    pub since: Option<Timestamp>,
    /// Its entries, in the order of their lines.
    pub entries: Vec<Entry>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its line, from 1.
    pub line: u32,
    /// As written, without its note.
    pub text: Box<str>,
    /// What it is about.
    pub scope: Scope,
    /// What stands behind it, where something does.
    pub note: Option<Box<Note>>,
}

impl Entry {
    /// Whether it counts at `now`: its last day, in UTC, has not ended.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        Written::from(self).is_in_force(now)
    }

    /// The admin's reason, where one is given.
    pub fn reason(&self) -> Option<&str> {
        self.note.as_ref()?.reason.as_deref()
    }

    pub(super) fn confirm(&self) -> Confirm {
        self.note.as_ref().map(|note| note.confirm).unwrap_or_default()
    }
}

/// Whether a name stands for a domain with all below it, for what is below alone, or for one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// `=example.com`: this host.
    Host,
    /// `*.example.com`: every host below, at any depth, and not the name itself.
    Subdomains,
    /// `example.com`: the host and every host below.
    Domain,
}

/// What an entry is about, as stored: hosts in lower case with A-labels and no trailing dot, paths and URLs canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every URL on hosts by name, whatever its scheme, port and path.
    Hosts {
        /// Which hosts.
        reach: Reach,
        /// Their name.
        name: Box<str>,
    },
    /// URLs on hosts by name whose path begins with `prefix`.
    Paths {
        /// Which hosts; never [`Reach::Subdomains`].
        reach: Reach,
        /// Their name, or one literal address as a canonical URL has it.
        name: Box<str>,
        /// Begins and ends with `/`.
        prefix: Box<str>,
    },
    /// One URL.
    Url(Box<str>),
    /// Hosts that are literal addresses.
    Network(Network),
    /// A file behind a link, by its SHA-256.
    File([u8; 32]),
    /// URLs in which a regular expression finds something.
    Pattern(Pattern),
}

/// What stands behind the `;` of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note {
    /// `reason=`: why.
    pub reason: Option<Box<str>>,
    /// `by=`: who.
    pub by: Option<Box<str>>,
    /// `until=`: the last day on which the entry counts, in UTC.
    pub until: Option<Day>,
    /// `ref=`: a ticket or a case.
    pub reference: Option<Box<str>>,
    /// `confirm=`: which refusals the admin overrules.
    pub confirm: Confirm,
}

/// Refusals that an admin overrules for one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Confirm {
    /// `confirm=suffix`: a whole public suffix is meant.
    pub suffix: bool,
    /// `confirm=never-block`: a host on the never-block list is meant.
    pub never_block: bool,
}
