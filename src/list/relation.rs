use serde::Serialize;

use super::{Entry, List, ListAction, Width, covers};

/// What an entry that is there has to do with a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The same stands in the list already.
    Same,
    /// A wider entry says it already.
    CoveredBy,
    /// A narrower entry says less, and is no longer needed.
    Covers,
    /// An entry says the opposite of the same or of part of it, and wins where both match.
    BeatenBy,
    /// An entry says the opposite of the same or of part of it, and loses where both match.
    Beats,
}

impl Relation {
    /// As it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::CoveredBy => "covered-by",
            Self::Covers => "covers",
            Self::BeatenBy => "beaten-by",
            Self::Beats => "beats",
        }
    }

    /// Said of the new entry, with the other behind it.
    pub const fn said(self) -> &'static str {
        match self {
            Self::Same => "is there already",
            Self::CoveredBy => "is covered already by",
            Self::Covers => "makes needless",
            Self::BeatenBy => "is contradicted, and beaten where both match, by",
            Self::Beats => "contradicts, and beats where both match,",
        }
    }
}

/// What `entry` of `list` has to do with `added`, which is to stand in `mine`.
pub fn relation(list: &List, entry: &Entry, mine: &List, added: &Entry) -> Option<Relation> {
    let (wider, narrower) = (covers(&entry.scope, &added.scope), covers(&added.scope, &entry.scope));
    if !wider && !narrower {
        return None;
    }
    if list.action == mine.action {
        return Some(match (wider, narrower) {
            (true, true) if std::ptr::eq(list, mine) => Relation::Same,
            (true, _) => Relation::CoveredBy,
            _ => Relation::Covers,
        });
    }
    let speaks = |action| matches!(action, ListAction::Block | ListAction::Allow);
    if !speaks(list.action) || !speaks(mine.action) {
        return None;
    }
    let rank = |list: &List, entry: &Entry| (Width::of(&entry.scope), list.action != ListAction::Block);
    Some(if rank(list, entry) < rank(mine, added) { Relation::BeatenBy } else { Relation::Beats })
}
