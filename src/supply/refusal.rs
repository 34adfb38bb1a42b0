use serde::{Deserialize, Serialize};

use super::Rows;

/// Of the entries before, in per cent, that may go in one update.
const SHRINK_PERCENT: usize = 30;
/// So many may go however many that is of all.
const SHRINK_FREE: usize = 100;
/// Of the rows of an update, in per cent, that may be for whole suffixes or hosts that are never blocked.
const PROTECTED_PERCENT: usize = 1;
/// So many may be however many that is of all.
const PROTECTED_FREE: usize = 100;

/// Why an update does not count as a whole. What was in force stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Refusal {
    /// What came is no list of the format.
    #[error("{what}")]
    NoList {
        /// What it is.
        what: String,
    },
    /// No entry came of it.
    #[error("no entry came of it, and {before} are in force")]
    Empty {
        /// Entries in force.
        before: usize,
    },
    /// A row would match everything.
    #[error("line {line} would block everything: {text:?}")]
    Everything {
        /// Its line.
        line: u32,
        /// What stands there.
        text: String,
    },
    /// A row would block a whole top-level domain.
    #[error("line {line} would block a whole top-level domain: {text:?}")]
    TopLevel {
        /// Its line.
        line: u32,
        /// What stands there.
        text: String,
    },
    /// Too many rows are for public suffixes or hosts that are never blocked.
    #[error("{lines} of {rows} rows would block public suffixes or hosts that are never blocked")]
    Protected {
        /// Such rows.
        lines: usize,
        /// All rows that name something.
        rows: usize,
    },
    /// Too many entries are gone.
    #[error("it has {now} entries, and {before} are in force")]
    Shrunk {
        /// Entries in force.
        before: usize,
        /// Entries that came.
        now: usize,
    },
    /// The last line has no end, and before it had one.
    #[error("its last line has no end, and before it had one: it was cut off")]
    CutOff,
    /// It has more entries than it may have.
    #[error("it has more than {cap} entries")]
    TooMany {
        /// `max_entries`.
        cap: usize,
    },
    /// It would stop too much of what people click.
    #[error("it would stop {stopped} of the {clicks} clicks of the last hour, such as {example}")]
    Stops {
        /// Clicks that it would stop, and what is in force does not.
        stopped: usize,
        /// Clicks that were looked at.
        clicks: usize,
        /// The host of one of them.
        example: String,
    },
}

impl Refusal {
    /// Whether there is something that an admin could accept.
    pub const fn can_be_overruled(&self) -> bool {
        !matches!(self, Self::NoList { .. } | Self::TooMany { .. })
    }

    /// What to do.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NoList { .. } => "see what stands at its place",
            Self::TooMany { .. } => "raise `max_entries` if that is meant",
            _ => "see what its keeper says; `sekisho feed accept` takes it all the same",
        }
    }

    /// What speaks against an update of which these rows came, where `before` entries are in force.
    pub(super) fn of(rows: &Rows, before: usize, was_ended: bool) -> Option<Self> {
        if let Some((line, text)) = rows.everything.clone() {
            return Some(Self::Everything { line, text });
        }
        if let Some((line, text)) = rows.top_level.clone() {
            return Some(Self::TopLevel { line, text });
        }
        let (lines, all) = (rows.suffixes + rows.never_blocked, rows.taken + rows.refused);
        if lines > PROTECTED_FREE && lines * 100 > all * PROTECTED_PERCENT {
            return Some(Self::Protected { lines, rows: all });
        }
        let now = rows.entries;
        if now == 0 {
            return Some(Self::Empty { before });
        }
        if before.saturating_sub(now) > SHRINK_FREE && (before - now) * 100 > before * SHRINK_PERCENT {
            return Some(Self::Shrunk { before, now });
        }
        (was_ended && !rows.is_ended).then_some(Self::CutOff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(entries: usize) -> Rows {
        Rows { taken: entries, entries, is_ended: true, ..Rows::default() }
    }

    #[test]
    fn a_list_may_shrink_by_thirty_per_cent_or_a_hundred() {
        for (before, now, refused) in [
            (0, 1, false),
            (100, 1, false),
            (101, 1, false),
            (102, 1, true),
            (1000, 700, false),
            (1000, 699, true),
            (300, 200, false),
            (300, 199, true),
            (1000, 5000, false),
        ] {
            let refusal = Refusal::of(&rows(now), before, true);
            assert_eq!(refusal.is_some(), refused, "{before} {now} {refusal:?}");
        }
        assert_eq!(Refusal::of(&rows(0), 0, false), Some(Refusal::Empty { before: 0 }));
    }

    #[test]
    fn a_hundred_lines_or_one_in_a_hundred_may_be_for_protected_hosts() {
        for (suffixes, never_blocked, taken, refused) in
            [(50, 50, 0, false), (50, 51, 9_998, true), (50, 51, 9_999, false), (0, 500, 100_000, false)]
        {
            let rows = Rows { suffixes, never_blocked, refused: suffixes + never_blocked, ..rows(taken) };
            let refusal = Refusal::of(&rows, 0, true).filter(|refusal| matches!(refusal, Refusal::Protected { .. }));
            assert_eq!(refusal.is_some(), refused, "{suffixes} {never_blocked} {taken}");
        }
    }

    #[test]
    fn one_entry_for_everything_refuses_all() {
        let everything = Rows { everything: Some((7, "/".into())), ..rows(9) };
        assert_eq!(Refusal::of(&everything, 9, true).unwrap().to_string(), "line 7 would block everything: \"/\"");
        let top = Rows { top_level: Some((3, "com".into())), ..rows(9) };
        assert!(matches!(Refusal::of(&top, 9, true), Some(Refusal::TopLevel { line: 3, .. })));
        let cut = Rows { is_ended: false, ..rows(9) };
        assert_eq!((Refusal::of(&cut, 9, true), Refusal::of(&cut, 9, false)), (Some(Refusal::CutOff), None));
    }
}
