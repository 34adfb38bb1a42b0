use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::Arc,
};

use super::{
    Change, Changed, FileState, Problem, Settings, Standing,
    folder::{self, Stamp, Stamps},
};
use crate::{
    base::Timestamp,
    list::{self, BadLine, List, ListAction, Protected, action_of, version_of},
};

/// A file counts as deleted when it was away for so long.
pub const DELETION_DELAY_MILLIS: i64 = 2000;
/// A list with more entries than this does not become empty without a word.
pub const LONG_LIST: usize = 100;

/// After a change a file is read this many times more, whatever its stamp says: on a file system with coarse times a
/// second save within one tick, of the same size, leaves the stamp as it was.
const RECHECKS: u8 = 4;

/// Which files to read although their stamp did not change.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    pub(super) all: bool,
    pub(super) names: BTreeSet<String>,
}

/// Reads the folder and keeps, file by file, what is in force.
pub(super) struct Loader {
    folder: PathBuf,
    settings: Settings,
    files: BTreeMap<String, Kept>,
    never_block: Protected,
    /// The never-block lists in force that `never_block` was made from: name, version, entries.
    never_block_of: Vec<(String, String, usize)>,
    folder_problem: Option<String>,
}

/// What is kept of one file.
#[derive(Default)]
struct Kept {
    stamp: Option<Stamp>,
    rechecks: u8,
    /// Version of the text read last, in force or not.
    read: Option<String>,
    in_force: Option<Arc<List>>,
    /// Whether what is in force was a whole file without a fault.
    whole: bool,
    problem: Option<Problem>,
    missing_since: Option<Timestamp>,
}

impl Loader {
    pub(super) fn new(folder: PathBuf, settings: Settings) -> Self {
        let (files, never_block, never_block_of) = (BTreeMap::new(), Protected::default(), Vec::new());
        Self { folder, settings, files, never_block, never_block_of, folder_problem: None }
    }

    /// Has every file read as if it had changed where other hosts are ours than before.
    pub(super) fn set_own_hosts(&mut self, own_hosts: Vec<String>) {
        if self.settings.own_hosts != own_hosts {
            self.settings.own_hosts = own_hosts;
            self.files.values_mut().for_each(|kept| kept.read = None);
        }
    }

    /// Brings what is in force up to what stands in the folder. What changed comes back; where the folder cannot be
    /// read, nothing does.
    pub(super) fn load(&mut self, suspects: &Suspects, now: Timestamp) -> Vec<Change> {
        let stamps = match folder::scan(&self.folder) {
            Ok(stamps) => stamps,
            Err(error) => {
                self.folder_fails(error.to_string());
                return Vec::new();
            }
        };
        self.folder_problem = None;
        let mut changes = self.remove_missing(&stamps, now);
        let texts = self.read_changed(&stamps, suspects, &mut changes);
        // Those that were never-block lists come first as well: what they turned into shows in what is protected.
        let (first, mut others): (BTreeMap<_, _>, BTreeMap<_, _>) = texts.into_iter().partition(|(name, text)| {
            action_of(text) == ListAction::NeverBlock || self.action_of(name) == ListAction::NeverBlock
        });
        for (name, text) in first {
            changes.extend(self.take(&name, &text, now));
        }
        if self.protect_anew() {
            self.read_again(&stamps, &mut others);
        }
        for (name, text) in others {
            changes.extend(self.take(&name, &text, now));
        }
        changes
    }

    /// Whether a list stands otherwise than when it was read, as far as can be told without reading.
    pub(super) fn differs(&self, stamps: &Stamps) -> bool {
        let known = |name: &String| self.files.get(name).and_then(|kept| kept.stamp);
        stamps.iter().any(|(name, stamp)| stamp.is_none() || *stamp != known(name))
    }

    /// Every list in force, by name.
    pub(super) fn in_force(&self) -> impl Iterator<Item = &Arc<List>> {
        self.files.values().filter_map(|kept| kept.in_force.as_ref())
    }

    pub(super) fn folder_problem(&self) -> Option<&str> {
        self.folder_problem.as_deref()
    }

    pub(super) fn file_states(&self) -> Vec<FileState> {
        self.files.iter().map(|(name, kept)| kept.state(name)).collect()
    }

    fn folder_fails(&mut self, error: String) {
        if self.folder_problem.as_ref() != Some(&error) {
            let folder = self.folder.display();
            tracing::error!(%folder, "the lists cannot be read, what is in force stays: {error}");
        }
        self.folder_problem = Some(error);
    }

    fn remove_missing(&mut self, stamps: &Stamps, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        self.files.retain(|name, kept| {
            if stamps.contains_key(name) {
                kept.missing_since = None;
                return true;
            }
            let waited = now.millis_since(*kept.missing_since.get_or_insert(now));
            if waited < 0 {
                // The clock was set back; count from here.
                kept.missing_since = Some(now);
            }
            let stays = waited < DELETION_DELAY_MILLIS;
            if !stays {
                changes.push(Change { name: name.clone(), what: Changed::Removed });
            }
            stays
        });
        changes
    }

    /// The text of every file that says something else than when it was read last.
    fn read_changed(
        &mut self,
        stamps: &Stamps,
        suspects: &Suspects,
        changes: &mut Vec<Change>,
    ) -> Vec<(String, Vec<u8>)> {
        let mut texts = Vec::new();
        for (name, stamp) in stamps {
            let kept = self.files.entry(name.clone()).or_default();
            let stamp_changed = stamp.is_none() || kept.stamp != *stamp;
            if !(stamp_changed || kept.rechecks > 0 || suspects.all || suspects.names.contains(name)) {
                continue;
            }
            kept.rechecks = if stamp_changed { RECHECKS } else { kept.rechecks.saturating_sub(1) };
            kept.stamp = *stamp;
            match folder::read(&folder::path_of(&self.folder, name)) {
                Ok(text) => {
                    let version = version_of(&text);
                    if kept.read.as_ref() != Some(&version) {
                        kept.read = Some(version);
                        texts.push((name.clone(), text));
                    }
                }
                // Gone since the scan: whether it comes back shows at the next.
                Err(error) if error.kind() == io::ErrorKind::NotFound => kept.stamp = None,
                Err(error) => {
                    kept.stamp = None;
                    kept.read = None;
                    let problem = Problem::Unreadable { error: error.to_string() };
                    changes.extend(kept.refuse(problem).map(|what| Change { name: name.clone(), what }));
                }
            }
        }
        texts
    }

    fn action_of(&self, name: &str) -> ListAction {
        self.files.get(name).map(Kept::action).unwrap_or_default()
    }

    /// Takes up the never-block lists in force; whether they are others than before.
    fn protect_anew(&mut self) -> bool {
        let never_block: Vec<_> = self.in_force().filter(|list| list.action == ListAction::NeverBlock).collect();
        let key = |list: &&Arc<List>| (list.name.clone(), list.version.clone(), list.entries.len());
        let of: Vec<_> = never_block.iter().map(key).collect();
        if of == self.never_block_of {
            return false;
        }
        self.never_block = Protected::of_lists(never_block.into_iter().map(|list| &**list));
        self.never_block_of = of;
        true
    }

    /// Adds the text of every other list: each must be held against the new never-block lists.
    fn read_again(&self, stamps: &Stamps, texts: &mut BTreeMap<String, Vec<u8>>) {
        let others = self.files.iter().filter(|(_, kept)| kept.read.is_some() && kept.action() == ListAction::Block);
        for (name, _) in others.filter(|(name, _)| stamps.contains_key(*name)) {
            if !texts.contains_key(name)
                && let Ok(text) = folder::read(&folder::path_of(&self.folder, name))
            {
                texts.insert(name.clone(), text);
            }
        }
    }

    /// Reads a text and puts it in force, as far as it may be.
    fn take(&mut self, name: &str, text: &[u8], now: Timestamp) -> Option<Change> {
        let Settings { suffixes, own_hosts } = &self.settings;
        let context = list::Context { suffixes, own_hosts, never_block: Some(&self.never_block) };
        let (mut list, mut bad) = list::parse(name, text, &context);
        folder::locate(&mut bad, &folder::path_of(&self.folder, name));
        list.since = Some(now);
        let what = self.files.get_mut(name)?.take(list, bad)?;
        Some(Change { name: name.to_owned(), what })
    }
}

impl Kept {
    fn action(&self) -> ListAction {
        self.in_force.as_ref().map(|list| list.action).unwrap_or_default()
    }

    fn take(&mut self, list: List, bad: Vec<BadLine>) -> Option<Changed> {
        let (version, entries) = (list.version.clone(), list.entries.len());
        if !bad.is_empty() {
            let problem = Problem::BadLines { version: version.clone(), lines: bad };
            if self.whole {
                return self.refuse(problem);
            }
            let same = self.in_force.as_ref().is_some_and(|before| before.entries == list.entries);
            if same && self.problem.as_ref() == Some(&problem) {
                return None;
            }
            self.in_force = Some(Arc::new(list));
            self.problem = Some(problem.clone());
            return Some(Changed::Partly { version, entries, problem });
        }
        let before = self.in_force.as_ref().filter(|_| self.whole);
        if before.is_some_and(|before| before.version == version) {
            return self.problem.take().map(|_| Changed::Mended);
        }
        let had = self.in_force.as_ref().map_or(0, |before| before.entries.len());
        if had > LONG_LIST && entries == 0 && !list.confirms_empty {
            return self.refuse(Problem::Emptied { version, entries: had });
        }
        self.in_force = Some(Arc::new(list));
        self.whole = true;
        self.problem = None;
        Some(Changed::InForce { version, entries })
    }

    /// Keeps what is in force; says so once.
    fn refuse(&mut self, problem: Problem) -> Option<Changed> {
        if self.problem.as_ref() == Some(&problem) {
            return None;
        }
        self.problem = Some(problem.clone());
        Some(Changed::Refused { problem })
    }

    fn state(&self, name: &str) -> FileState {
        let list = self.in_force.as_deref();
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
            entries: list.map_or(0, |list| list.entries.len()),
            since: list.and_then(|list| list.since),
            problem: self.problem.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::Suffixes;

    /// A save that leaves no mark on the stamp: within one tick of a coarse clock, of the same size.
    #[test]
    fn a_file_is_looked_into_some_times_after_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { suffixes: Arc::new(Suffixes::builtin()), own_hosts: Vec::new() };
        let mut loader = Loader::new(folder.path().to_owned(), settings);
        let save = |loader: &mut Loader, text: &str| {
            std::fs::write(folder.path().join("a.list"), text).unwrap();
            let stamps = folder::scan(folder.path()).unwrap();
            if let Some(kept) = loader.files.get_mut("a") {
                kept.stamp = stamps["a"];
            }
            loader.load(&Suspects::default(), Timestamp::default()).len()
        };
        assert_eq!(save(&mut loader, "one.example"), 1);
        for (at, text) in (0..RECHECKS).zip(["two.example", "six.example"].into_iter().cycle()) {
            assert_eq!(save(&mut loader, text), 1, "recheck {at}");
        }
        assert_eq!(save(&mut loader, "ten.example"), 0, "not for ever: a list may be large");
        let suspects = Suspects { names: ["a".to_owned()].into(), ..Suspects::default() };
        assert_eq!(loader.load(&suspects, Timestamp::default()).len(), 1, "unless the system tells of it");
    }
}
