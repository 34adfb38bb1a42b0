use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Threat, Tier};
use crate::base::Timestamp;

/// What one source says about a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Who says it.
    pub source: Source,
    /// What it amounts to.
    pub objection: Objection,
    /// What it is about, in words for a person: the entry as written, the fact about the host.
    pub evidence: String,
    /// When the source learned it, where it knows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub learned: Option<Timestamp>,
    /// Which URL it is about: 0 is the destination itself, 1 the first URL inside it ([`super::ClickEvent::chain`]).
    #[serde(skip_serializing_if = "is_outermost", default)]
    pub hop: usize,
}

fn is_outermost(hop: &usize) -> bool {
    *hop == 0
}

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// An entry of an admin's list.
    List(EntryRef),
    /// An entry of a list that others keep.
    Feed(EntryRef),
    /// Somebody took the link back.
    Revocation(RevocationRef),
    /// A source that has to be asked.
    Asked {
        /// Its name.
        source: String,
        /// What its word counts as.
        evidence: Evidence,
    },
    /// A fact about the host or the way the URL is written.
    Host {
        /// Which fact.
        fact: HostFact,
    },
}

/// What the word of a source counts as, in the order of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A list by DNS: it knows hosts, so it does not count for hosts that are never blocked as a whole.
    Dns,
    /// A hash of the URL, confirmed whole.
    Hash,
    /// What a visit found.
    Scan,
}

/// One entry of one version of one list, so that a decision can be traced to the line that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRef {
    /// The list's name: its file name without `.list`.
    pub list: String,
    /// The version of the list: the first 12 hexadecimal digits of the SHA-256 of its text.
    pub version: String,
    /// Line in that version, from 1.
    pub line: u32,
    /// The entry as written, without its note.
    pub entry: String,
    /// The admin's reason, where one is given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// One revocation, so that a decision can be traced to whoever made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationRef {
    /// Its id in the store.
    pub id: i64,
    /// What it speaks of.
    pub charge: Charge,
    /// Who took the link back.
    pub by: String,
    /// Why. No page shows it.
    pub reason: String,
}

/// What a revocation speaks of; it decides what a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    /// The message, or every message of its sender, was found to be harmful.
    MessageConvicted,
    /// The link was taken back for another reason.
    LinkWithdrawn,
}

/// What a signal amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objection {
    /// The link was taken back: nothing lifts that.
    Revokes,
    /// An admin blocks it.
    Blocks,
    /// An admin allows it.
    Allows,
    /// The host is the organisation's own: lists apply, nothing else does.
    Internal,
    /// The host is so widely used that host-wide objections of others do not count.
    NeverBlock,
    /// Speaks for this tier and threat.
    Speaks(Tier, Threat),
}

/// Facts that can be read off a URL without asking anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostFact {
    /// The host is a literal IPv4 or IPv6 address.
    LiteralAddress,
    /// `user@` or `user:password@` stands before the host.
    Userinfo,
    /// A label mixes scripts in a way that UTS 39 does not call single-script or the common Japanese, Chinese or
    /// Korean combinations.
    MixedScripts,
    /// A port that is neither 80 nor 443.
    OddPort,
    /// The host has no dot and is no address.
    SingleLabel,
    /// The host can be taken for somebody else's.
    Lookalike,
    /// Another URL stands inside it.
    NestedUrl,
    /// It leads on to where only somebody else can tell.
    Sealed,
    /// Several products of mail security wrapped one another.
    ManyWrappers,
    /// More URLs stand inside one another than are looked at.
    TooDeep,
}

impl fmt::Display for HostFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LiteralAddress => "literal_address",
            Self::Userinfo => "userinfo",
            Self::MixedScripts => "mixed_scripts",
            Self::OddPort => "odd_port",
            Self::SingleLabel => "single_label",
            Self::Lookalike => "lookalike",
            Self::NestedUrl => "nested_url",
            Self::Sealed => "sealed",
            Self::ManyWrappers => "many_wrappers",
            Self::TooDeep => "too_deep",
        })
    }
}
