use std::sync::Arc;

use super::{Changed, FileState, Problem, Standing, folder::Stamp, in_force::InForce, loader::LONG_LIST, long::Done};
use crate::{
    base::Timestamp,
    list::{BadLine, List, ListAction, Table},
};

/// Half a minute at two looks a second.
const RESTS: u8 = 60;

/// What is kept of one file.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) stamp: Option<Stamp>,
    pub(super) rechecks: u8,
    /// Looks at the folder for which a long list rests that could not be compiled: on a full disk it would be tried, and
    /// take a processor, without end.
    pub(super) rests: u8,
    /// Version of the text read last, in force or not.
    pub(super) read: Option<String>,
    pub(super) in_force: Option<InForce>,
    /// Whether what is in force was a whole file without a fault.
    pub(super) whole: bool,
    pub(super) problem: Option<Problem>,
    pub(super) missing_since: Option<Timestamp>,
}

impl Kept {
    pub(super) fn action(&self) -> ListAction {
        self.in_force.as_ref().map(|list| list.head().action).unwrap_or_default()
    }

    pub(super) fn entries(&self) -> usize {
        self.in_force.as_ref().map_or(0, |list| list.head().entries)
    }

    /// Puts in force what was compiled before the start.
    pub(super) fn begin_with(&mut self, table: &Arc<Table>) -> Changed {
        let in_force = InForce::long(Arc::clone(table));
        let (version, entries) = (in_force.head().version.clone(), in_force.head().entries);
        // One that was good in part alone has no word of what it was made of.
        self.whole = !table.made_of().is_empty();
        self.read = Some(version.clone());
        self.in_force = Some(in_force);
        Changed::InForce { version, entries }
    }

    /// Takes up what came of compiling.
    pub(super) fn take_done(&mut self, done: Done) -> Option<Changed> {
        match done {
            Done::Sound => None,
            Done::Refused(version, problem) => {
                if version.is_none() {
                    self.stamp = None;
                    self.rests = RESTS;
                }
                self.read = version;
                self.refuse(problem)
            }
            Done::Compiled(table, problem) => {
                let in_force = InForce::long(table);
                let (version, entries) = (in_force.head().version.clone(), in_force.head().entries);
                self.read = Some(version.clone());
                self.whole = problem.is_none();
                self.in_force = Some(in_force);
                self.problem = problem.clone();
                Some(match problem {
                    Some(problem) => Changed::Partly { version, entries, problem },
                    None => Changed::InForce { version, entries },
                })
            }
        }
    }

    pub(super) fn take(&mut self, list: List, bad: Vec<BadLine>) -> Option<Changed> {
        let (version, entries) = (list.version.clone(), list.entries.len());
        if !bad.is_empty() {
            let problem = Problem::BadLines { version: version.clone(), lines: bad };
            if self.whole {
                return self.refuse(problem);
            }
            let same = self
                .in_force
                .as_ref()
                .is_some_and(|before| before.list().is_some_and(|before| before.entries == list.entries));
            if same && self.problem.as_ref() == Some(&problem) {
                return None;
            }
            self.in_force = Some(InForce::short(list));
            self.problem = Some(problem.clone());
            return Some(Changed::Partly { version, entries, problem });
        }
        let before = self.in_force.as_ref().filter(|_| self.whole);
        // The same text may say less than before, where hosts were added that others may not block.
        if before.is_some_and(|before| before.head().version == version && before.head().entries == entries) {
            return self.problem.take().map(|_| Changed::Mended);
        }
        let had = self.entries();
        if had > LONG_LIST && entries == 0 && !list.confirms_empty {
            return self.refuse(Problem::Emptied { version, entries: had });
        }
        self.in_force = Some(InForce::short(list));
        self.whole = true;
        self.problem = None;
        Some(Changed::InForce { version, entries })
    }

    /// Keeps what is in force; says so once.
    pub(super) fn refuse(&mut self, problem: Problem) -> Option<Changed> {
        if self.problem.as_ref() == Some(&problem) {
            return None;
        }
        self.problem = Some(problem.clone());
        Some(Changed::Refused { problem })
    }

    pub(super) fn state(&self, name: &str) -> FileState {
        let list = self.in_force.as_ref().map(InForce::head);
        let standing = match (list, self.whole, &self.problem) {
            (None, _, _) => Standing::Nothing,
            (Some(_), false, _) => Standing::Partial,
            (Some(_), true, Some(_)) => Standing::LastGood,
            (Some(_), true, None) => Standing::Current,
        };
        FileState {
            name: name.to_owned(),
            standing,
            action: self.action(),
            version: list.map(|list| list.version.clone()),
            entries: self.entries(),
            since: list.and_then(|list| list.since),
            problem: self.problem.clone(),
        }
    }
}
