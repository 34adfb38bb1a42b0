use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufReader},
    path::PathBuf,
    sync::Arc,
    thread::JoinHandle,
};

use super::{
    Change, Changed, FileState, Long, Problem, Settings,
    folder::{self, Folders, Stamp, Stamps},
    kept::Kept,
    long::{self, Done, Order},
};
use crate::{
    base::Timestamp,
    list::{self, BuildError, List, ListAction, Protected, Tables, action_of, version_of, version_of_all},
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
    folders: Folders,
    settings: Settings,
    files: BTreeMap<String, Kept>,
    never_block: Arc<Protected>,
    /// The never-block lists in force that `never_block` was made from: name, version, entries.
    never_block_of: Vec<(String, String, usize)>,
    folder_problem: Option<String>,
    /// Long lists that are being compiled.
    jobs: BTreeMap<String, JoinHandle<Done>>,
}

/// A text that says something else than when it was read last.
enum Text {
    Short(Vec<u8>),
    /// Only its front was read.
    Long(Vec<u8>),
}

impl Text {
    fn action(&self) -> ListAction {
        let (Self::Short(text) | Self::Long(text)) = self;
        action_of(text)
    }
}

impl Loader {
    pub(super) fn new(folder: PathBuf, settings: Settings) -> Self {
        let (files, jobs) = (BTreeMap::new(), BTreeMap::new());
        let (never_block, never_block_of) = (Arc::default(), Vec::new());
        let folders = Folders { own: folder, feeds: settings.feeds.clone() };
        Self { folders, settings, files, never_block, never_block_of, folder_problem: None, jobs }
    }

    /// Has every file read as if it had changed where other hosts are ours than before.
    pub(super) fn set_own_hosts(&mut self, own_hosts: Vec<String>) {
        if self.settings.own_hosts != own_hosts {
            self.settings.own_hosts = own_hosts;
            self.files.values_mut().for_each(|kept| kept.read = None);
        }
    }

    /// Brings what is in force up to what stands in the folder. What changed comes back; where the folder cannot be
    /// read, nothing does. A long list is compiled meanwhile, and waited for where nothing of it is in force, or where
    /// the caller `waits` for all.
    pub(super) fn load(&mut self, suspects: &Suspects, now: Timestamp, waits: bool) -> Vec<Change> {
        let stamps = match self.folders.scan() {
            Ok(stamps) => stamps,
            Err(error) => {
                self.folder_fails(error.to_string());
                return Vec::new();
            }
        };
        self.folder_problem = None;
        let mut changes = self.remove_missing(&stamps, now);
        self.take_done(false, &mut changes);
        let texts = self.read_changed(&stamps, suspects, &mut changes);
        // Those that were never-block lists come first as well: what they turned into shows in what is protected.
        let (first, mut others): (BTreeMap<_, _>, BTreeMap<_, _>) = texts.into_iter().partition(|(name, text)| {
            text.action() == ListAction::NeverBlock || self.action_of(name) == ListAction::NeverBlock
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
        self.take_done(waits, &mut changes);
        changes
    }

    /// Whether a list stands otherwise than when it was read, as far as can be told without reading.
    pub(super) fn differs(&self, stamps: &Stamps) -> bool {
        let known = |name: &String| self.files.get(name).and_then(|kept| kept.stamp);
        stamps.iter().any(|(name, stamp)| stamp.is_none() || *stamp != known(name))
    }

    /// Everything in force, as an index: the short lists in one table, each long one in its own.
    ///
    /// # Errors
    /// [`BuildError`], where the short ones are more than an index can hold.
    pub(super) fn index(&self) -> Result<Tables, BuildError> {
        let short: Vec<_> = self.short().cloned().collect();
        let long = self.files.values().filter_map(|kept| kept.in_force.as_ref()?.table().cloned());
        Ok(Tables::new(super::index_of(&short)?.tables().iter().cloned().chain(long).collect()))
    }

    /// Every short list in force, by name.
    fn short(&self) -> impl Iterator<Item = &Arc<List>> {
        self.files.values().filter_map(|kept| kept.in_force.as_ref()?.list())
    }

    /// What the never-block lists in force hold.
    pub(super) fn never_block(&self) -> Arc<Protected> {
        Arc::clone(&self.never_block)
    }

    pub(super) fn folder_problem(&self) -> Option<&str> {
        self.folder_problem.as_deref()
    }

    pub(super) fn file_states(&self) -> Vec<FileState> {
        self.files.iter().map(|(name, kept)| kept.state(name)).collect()
    }

    fn folder_fails(&mut self, error: String) {
        if self.folder_problem.as_ref() != Some(&error) {
            let folder = self.folders.own.display();
            tracing::error!(%folder, "the lists cannot be read, what is in force stays: {error}");
        }
        self.folder_problem = Some(error);
    }

    fn remove_missing(&mut self, stamps: &Stamps, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        let long = self.settings.long.as_ref();
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
                if let Some(long) = long {
                    long.compiled.forget(name);
                }
                changes.push(Change { name: name.clone(), what: Changed::Removed });
            }
            stays
        });
        changes
    }

    /// The text of every file that says something else than when it was read last.
    fn read_changed(&mut self, stamps: &Stamps, suspects: &Suspects, changes: &mut Vec<Change>) -> Vec<(String, Text)> {
        let mut texts = Vec::new();
        // What is being compiled is looked at again when that is done.
        for (name, stamp) in stamps.iter().filter(|(name, _)| !self.jobs.contains_key(*name)) {
            let kept = self.files.entry(name.clone()).or_default();
            if kept.rests > 0 && !suspects.all {
                kept.rests -= 1;
                continue;
            }
            let stamp_changed = stamp.is_none() || kept.stamp != *stamp;
            if !(stamp_changed || kept.rechecks > 0 || suspects.all || suspects.names.contains(name)) {
                continue;
            }
            kept.rechecks = if stamp_changed { RECHECKS } else { kept.rechecks.saturating_sub(1) };
            kept.stamp = *stamp;
            match read(&self.folders, name, stamp.as_ref(), self.settings.long.as_ref(), kept.read.as_deref()) {
                Ok(Some((version, text))) => {
                    kept.read = version;
                    texts.push((name.clone(), text));
                }
                Ok(None) => {}
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
        let never_block: Vec<_> = self.short().filter(|list| list.action == ListAction::NeverBlock).collect();
        let key = |list: &&Arc<List>| (list.name.clone(), list.version.clone(), list.entries.len());
        let of: Vec<_> = never_block.iter().map(key).collect();
        if of == self.never_block_of {
            return false;
        }
        self.never_block = Arc::new(Protected::of_lists(never_block.into_iter().map(|list| &**list)));
        self.never_block_of = of;
        true
    }

    /// Adds the text of every other list: each must be held against the new never-block lists.
    fn read_again(&self, stamps: &Stamps, texts: &mut BTreeMap<String, Text>) {
        let others = self.files.iter().filter(|(_, kept)| kept.read.is_some() && kept.action() == ListAction::Block);
        for (name, _) in others.filter(|(name, _)| !texts.contains_key(*name)).collect::<Vec<_>>() {
            let Some(stamp) = stamps.get(name) else { continue };
            if let Ok(Some((_, text))) = read(&self.folders, name, stamp.as_ref(), self.settings.long.as_ref(), None) {
                texts.insert(name.clone(), text);
            }
        }
    }

    /// Reads a text and puts it in force, as far as it may be.
    fn take(&mut self, name: &str, text: &Text, now: Timestamp) -> Option<Change> {
        let text = match (text, self.settings.long.clone()) {
            (Text::Short(text), _) | (Text::Long(text), None) => text,
            (Text::Long(_), Some(long)) => {
                let what = self.order(name, long, now)?;
                return Some(Change { name: name.to_owned(), what });
            }
        };
        let Settings { suffixes, own_hosts, .. } = &self.settings;
        let context = list::Context { suffixes, own_hosts, never_block: Some(&self.never_block) };
        let (mut list, mut bad) = list::parse(name, text, &context);
        folder::locate(&mut bad, &self.folders.path_of(name));
        if folder::is_of_others(name) {
            // Counted when it was fetched; what an edit of the never-block lists adds to that is left out as well.
            bad.clear();
        }
        list.since = Some(now);
        let kept = self.files.get_mut(name)?;
        let was_long = kept.in_force.as_ref().is_some_and(|before| before.table().is_some());
        let what = kept.take(list, bad)?;
        let is_short = kept.in_force.as_ref().is_some_and(|now| now.list().is_some());
        if let (Some(long), true) = (&self.settings.long, was_long && is_short) {
            long.compiled.forget(name);
        }
        Some(Change { name: name.to_owned(), what })
    }

    /// Has a long list compiled. At a start the newest generation is in force until then, or for good where it says the
    /// same; whether its records are sound is looked at behind that.
    fn order(&mut self, name: &str, long: Long, now: Timestamp) -> Option<Changed> {
        let kept = self.files.get_mut(name)?;
        let stamp = kept.stamp;
        let made_of =
            stamp.map(|stamp| long::made_of(&stamp, &self.settings, &self.never_block_of)).unwrap_or_default();
        let (mut check, mut change) = (None, None);
        if kept.in_force.is_none()
            && let Some(table) = long.compiled.newest(name).map(Arc::new)
        {
            let is_current = table.made_of() == made_of && !made_of.is_empty();
            change = Some(kept.begin_with(&table));
            check = is_current.then_some(table);
        }
        let (whole, path) = (kept.whole.then(|| kept.entries()), self.folders.path_of(name));
        let (settings, never_block) = (self.settings.clone(), Arc::clone(&self.never_block));
        let name = name.to_owned();
        let compiled = long.compiled;
        let order =
            Order { name: name.clone(), path, stamp, made_of, compiled, settings, never_block, now, check, whole };
        match order.start() {
            Ok(job) => _ = self.jobs.insert(name, job),
            Err(error) => {
                kept.read = None;
                return kept.refuse(Problem::Unreadable { error: error.to_string() });
            }
        }
        change
    }

    /// Puts in force what was compiled since; `waits` for all that is being compiled, or for that of which nothing is in
    /// force.
    fn take_done(&mut self, waits: bool, changes: &mut Vec<Change>) {
        let files = &self.files;
        let is_awaited = |name: &String| waits || files.get(name).is_some_and(|kept| kept.in_force.is_none());
        let done = self.jobs.extract_if(.., |name, job| job.is_finished() || is_awaited(name)).collect::<Vec<_>>();
        for (name, job) in done {
            let done = job.join().unwrap_or_else(|_| {
                Done::Refused(None, Problem::Unreadable { error: "compiling it failed; please report this".into() })
            });
            // Gone meanwhile, or else in its place.
            let Some(kept) = self.files.get_mut(&name) else { continue };
            changes.extend(kept.take_done(done).map(|what| Change { name, what }));
        }
    }
}

/// The text of a list with its version, unless it is the one that is `known`. Of a long one only the front is read, and
/// of that the version only where there is one to compare with.
fn read(
    folders: &Folders,
    name: &str,
    stamp: Option<&Stamp>,
    long: Option<&Long>,
    known: Option<&str>,
) -> io::Result<Option<(Option<String>, Text)>> {
    let path = folders.path_of(name);
    if long.zip(stamp).is_some_and(|(long, stamp)| stamp.size() >= long.from_bytes) {
        let front = folder::front(&path)?;
        // A never-block list is held against others, which takes its entries.
        if action_of(&front) != ListAction::NeverBlock {
            let version = match known {
                Some(_) => Some(version_of_all(BufReader::with_capacity(1 << 20, std::fs::File::open(&path)?))?),
                None => None,
            };
            let is_known = known.is_some() && version.as_deref() == known;
            return Ok((!is_known).then_some((version, Text::Long(front))));
        }
    }
    let text = folder::read(&path)?;
    let version = version_of(&text);
    Ok((known != Some(&*version)).then_some((Some(version), Text::Short(text))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::Suffixes;

    /// A save that leaves no mark on the stamp: within one tick of a coarse clock, of the same size.
    #[test]
    fn a_file_is_looked_into_some_times_after_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let settings =
            Settings { suffixes: Arc::new(Suffixes::builtin()), own_hosts: Vec::new(), long: None, feeds: None };
        let mut loader = Loader::new(folder.path().to_owned(), settings);
        let save = |loader: &mut Loader, text: &str| {
            std::fs::write(folder.path().join("a.list"), text).unwrap();
            let stamps = folder::scan(folder.path()).unwrap();
            if let Some(kept) = loader.files.get_mut("a") {
                kept.stamp = stamps["a"];
            }
            loader.load(&Suspects::default(), Timestamp::default(), false).len()
        };
        assert_eq!(save(&mut loader, "one.example"), 1);
        for (at, text) in (0..RECHECKS).zip(["two.example", "six.example"].into_iter().cycle()) {
            assert_eq!(save(&mut loader, text), 1, "recheck {at}");
        }
        assert_eq!(save(&mut loader, "ten.example"), 0, "not for ever: a list may be large");
        let suspects = Suspects { names: ["a".to_owned()].into(), ..Suspects::default() };
        assert_eq!(loader.load(&suspects, Timestamp::default(), false).len(), 1, "unless the system tells of it");
    }
}
