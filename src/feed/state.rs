use std::fmt;

use serde::Serialize;

use crate::{
    base::Timestamp,
    list::{BadLine, ListAction},
};

/// How the lists stand: what health and the command line show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct State {
    /// Counts the snapshots: it grows when what is in force changes.
    pub generation: u64,
    /// Whether something else is in force than what stands in the folder.
    pub degraded: bool,
    /// Why the folder itself cannot be read, where that is so; all lists stay as they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder_problem: Option<String>,
    /// Each file, by name.
    pub files: Vec<FileState>,
}

impl State {
    /// All that is wrong, in a line; empty where nothing is.
    pub fn problems(&self) -> String {
        let files = self.files.iter().filter_map(|file| Some(format!("{}: {}", file.name, file.problem.as_ref()?)));
        self.folder_problem.iter().cloned().chain(files).collect::<Vec<_>>().join("; ")
    }

    /// The file of the list with this name.
    pub fn file(&self, name: &str) -> Option<&FileState> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// How one file stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileState {
    /// The list's name.
    pub name: String,
    /// What of it is in force.
    pub standing: Standing,
    /// What its entries do.
    pub action: ListAction,
    /// The version in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Entries in force.
    pub entries: usize,
    /// Since when that version is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why the file as it stands now is not in force whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What of a file is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The file as it stands.
    Current,
    /// The last version that was good.
    LastGood,
    /// The good lines of a file that was never good.
    Partial,
    /// Nothing: the file could never be read.
    Nothing,
}

/// Why a file is not in force as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Problem {
    /// Lines were refused.
    BadLines {
        /// The version that holds them.
        version: String,
        /// Each of them.
        lines: Vec<BadLine>,
    },
    /// A long list became empty.
    Emptied {
        /// The empty version.
        version: String,
        /// Entries that stay in force.
        entries: usize,
    },
    /// The file cannot be read.
    Unreadable {
        /// What the system says.
        error: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadLines { lines, .. } => {
                let first = lines.first().map(ToString::to_string).unwrap_or_default();
                match lines.len() {
                    0 | 1 => f.write_str(&first),
                    more => write!(f, "{first} (and {} more)", more - 1),
                }
            }
            Self::Emptied { entries, .. } => write!(
                f,
                "the list became empty and had {entries} entries; write `@confirm empty` into it, or delete the file, \
                 if that is meant"
            ),
            Self::Unreadable { error } => write!(f, "the file cannot be read: {error}"),
        }
    }
}

/// What one reading of the folder changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReloadReport {
    /// The generation in force now.
    pub generation: u64,
    /// Whether something else is in force than what stands in the folder.
    pub degraded: bool,
    /// What changed, file by file; empty where nothing did.
    pub changes: Vec<Change>,
}

/// What changed about one list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The list's name.
    pub name: String,
    /// What happened.
    pub what: Changed,
}

/// What happened to a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Changed {
    /// A version came into force whole.
    InForce {
        /// Its version.
        version: String,
        /// Its entries.
        entries: usize,
    },
    /// The good lines of a version came into force, because the list was never good.
    Partly {
        /// Its version.
        version: String,
        /// Entries in force.
        entries: usize,
        /// What is wrong with the rest.
        problem: Problem,
    },
    /// A version was refused; what was in force stays.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// The file says again what is in force.
    Mended,
    /// The file is gone, and its entries with it.
    Removed,
}

impl Change {
    /// Writes it to the log, for the person who runs the service.
    pub(super) fn log(&self) {
        let list = &self.name;
        match &self.what {
            Changed::InForce { version, entries } => tracing::info!(list, version, entries, "list in force"),
            Changed::Mended => tracing::info!(list, "list is again as it stands in its file"),
            Changed::Removed => tracing::warn!(list, "list removed: its file was deleted"),
            Changed::Refused { problem } => {
                tracing::error!(list, "list refused, what was in force stays: {problem}");
                problem.log_lines(list);
            }
            Changed::Partly { version, entries, problem } => {
                tracing::error!(list, version, entries, "only the good lines of the list are in force: {problem}");
                problem.log_lines(list);
            }
        }
    }
}

impl Problem {
    /// Bad lines that are logged one by one, at most; the state has all of them.
    const LOGGED_LINES: usize = 20;

    fn log_lines(&self, list: &str) {
        if let Self::BadLines { lines, .. } = self {
            lines.iter().take(Self::LOGGED_LINES).for_each(|line| tracing::warn!(list, "{line}"));
        }
    }
}
