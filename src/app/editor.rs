use std::sync::{Mutex, PoisonError};

use super::{Draft, DraftError};
use crate::{
    base::Timestamp,
    config::Config,
    http::{Change, Changed, Met, NewEntry, NoChange, OldEntry, Related},
    list::{self, Checked, Confirm, Context, Day, Entry, Fault, List, Note, Scope, edit, parse, relation},
    store::{ClickFilter, Reveal, Store},
    supply::Clicked,
    url::Suffixes,
};

/// How far back the clicks are that an entry is tried on: a day.
const TRIED_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// Relations that are told, at most.
const RELATIONS: usize = 50;

/// One change of a list file at a time; another program that writes meanwhile is noticed by what it wrote.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Changes admins' list files as an editor would.
pub(super) struct Editor<'a> {
    pub(super) config: &'a Config,
    pub(super) suffixes: &'a Suffixes,
    pub(super) now: Timestamp,
}

impl Editor<'_> {
    /// Makes a change, or shows what it would do.
    pub(super) fn make(&self, change: &Change) -> Result<Changed, NoChange> {
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        match change {
            Change::Preview(new) => self.add(new, false),
            Change::Add(new) => self.add(new, true),
            Change::Remove(old) => self.remove(old),
            Change::Expire(old, until) => self.expire(old, until),
        }
    }

    fn add(&self, new: &NewEntry, write: bool) -> Result<Changed, NoChange> {
        let line = entry_line(new).map_err(NoChange::Wrong)?;
        let mut draft = Draft::open(self.config, &new.list, None)?;
        draft.new = edit::with_lines(&draft.new, [line.as_str()]);
        let number = u32::try_from(draft.new.split(|byte| *byte == b'\n').count() - 1).unwrap_or(u32::MAX);
        let checked = draft.check(self.config, self.suffixes)?;
        if let Some(bad) = checked.first().and_then(|mine| mine.bad.iter().find(|bad| bad.line == number)) {
            let what = format!("refused at column {}: {}; {}", bad.column, bad.fault, bad.fault.remedy());
            return Err(NoChange::Wrong(what));
        }
        let added = checked.first().and_then(|mine| mine.list.entries.iter().find(|entry| entry.line == number));
        let (Some(added), Some(mine)) = (added, checked.first()) else {
            let what =
                format!("a directive of {} is bad, so nothing of it counts; mend it first", draft.path.display());
            return Err(NoChange::Wrong(what));
        };
        let relations = self.relations(&checked, &mine.list, added);
        let is_new = !relations.iter().any(|related| related.relation == list::Relation::Same);
        let written = write && is_new;
        if written {
            draft.write()?;
        }
        Ok(Changed {
            list: draft.name.clone(),
            gone: Vec::new(),
            come: if is_new { vec![(number, line)] } else { Vec::new() },
            relations,
            met: self.met(&added.scope),
            breaks: breaks(&checked),
            written,
        })
    }

    fn remove(&self, old: &OldEntry) -> Result<Changed, NoChange> {
        let (mut draft, entries) = self.open(old)?;
        let lines: Vec<u32> = entries.iter().map(|entry| entry.line).collect();
        let gone = numbered(&draft.new, &lines);
        draft.new = edit::without_lines(&draft.new, &lines);
        self.write(&draft, gone, Vec::new())
    }

    fn expire(&self, old: &OldEntry, until: &str) -> Result<Changed, NoChange> {
        let wrong =
            || NoChange::Wrong(format!("{}; {}", Fault::BadDay(until.into()), Fault::BadDay(until.into()).remedy()));
        let until = Day::parse(until).ok_or_else(wrong)?;
        let (mut draft, entries) = self.open(old)?;
        let gone = numbered(&draft.new, &entries.iter().map(|entry| entry.line).collect::<Vec<_>>());
        let come: Vec<(u32, String)> = entries
            .into_iter()
            .map(|mut entry| {
                entry.note.get_or_insert_default().until = Some(until);
                let before = gone.iter().find(|(line, _)| *line == entry.line).map(|(_, text)| text.as_str());
                (entry.line, format!("{entry}{}", before.map(comment).unwrap_or_default()))
            })
            .collect();
        draft.new = edit::with_replaced(&draft.new, &come);
        self.write(&draft, gone, come)
    }

    /// The list, and every entry of it that says the same.
    fn open(&self, old: &OldEntry) -> Result<(Draft, Vec<Entry>), NoChange> {
        let wanted = self.scope(&old.entry)?;
        let draft = Draft::open(self.config, &old.list, None)?;
        // Read without regard to what a list may hold: it is there.
        let context = Context { suffixes: self.suffixes, own_hosts: &[], never_block: None };
        let (list, _) = parse(&draft.name, &draft.new, &context);
        let entries: Vec<Entry> = list.entries.into_iter().filter(|entry| entry.scope == wanted).collect();
        match entries.is_empty() {
            true => Err(NoChange::Missing(format!("the list {:?} does not have the entry {wanted}", draft.name))),
            false => Ok((draft, entries)),
        }
    }

    fn scope(&self, text: &str) -> Result<Scope, NoChange> {
        let context = Context { suffixes: self.suffixes, own_hosts: &[], never_block: None };
        let (list, bad) = parse("entry", format!("{} ; confirm=suffix,never-block", text.trim()), &context);
        match (list.entries.into_iter().next(), bad.first()) {
            (Some(entry), None) => Ok(entry.scope),
            (_, Some(bad)) => {
                Err(NoChange::Wrong(format!("{text:?} is no entry: {}; {}", bad.fault, bad.fault.remedy())))
            }
            (None, None) => Err(NoChange::Wrong(format!("{text:?} is no entry"))),
        }
    }

    fn write(&self, draft: &Draft, gone: Vec<(u32, String)>, come: Vec<(u32, String)>) -> Result<Changed, NoChange> {
        let breaks = breaks(&draft.check(self.config, self.suffixes)?);
        draft.write()?;
        Ok(Changed { list: draft.name.clone(), gone, come, relations: Vec::new(), met: None, breaks, written: true })
    }

    fn relations(&self, checked: &[Checked], mine: &List, added: &Entry) -> Vec<Related> {
        let mut told = Vec::new();
        for list in checked.iter().map(|checked| &checked.list) {
            for entry in list.entries.iter().filter(|entry| entry.is_in_force(self.now)) {
                if std::ptr::eq(entry, added) || (list.tenant, &list.policy) != (mine.tenant, &mine.policy) {
                    continue;
                }
                let Some(relation) = relation(list, entry, mine, added) else { continue };
                // Whether it is there already has to be known, however many others are told.
                if told.len() < RELATIONS || relation == list::Relation::Same {
                    let (list, line, entry) = (list.name.clone(), entry.line, entry.text.to_string());
                    told.push(Related { relation, list, line, entry });
                }
            }
        }
        told
    }

    /// What it would have met of the last day's clicks; none where they cannot be read.
    fn met(&self, scope: &Scope) -> Option<Met> {
        let store = Store::open_existing(&self.config.store).ok()?;
        let since = self.now.plus_millis(-TRIED_MILLIS);
        let filter = ClickFilter { since: Some(since), limit: Clicked::MOST, ..ClickFilter::default() };
        let events = store.clicks(&filter, Reveal::Whole).ok()?;
        let urls = events
            .iter()
            .map(|event| event.url.as_deref().into_iter().chain(event.chain.iter().map(|inner| inner.url.as_str())));
        let clicked = Clicked::of(urls);
        let (clicks, hosts) = clicked.met_by(scope);
        Some(Met { of: clicked.len(), clicks, hosts })
    }
}

/// The line of an entry, as it will stand in its list.
///
/// # Errors
/// In words, where it is none.
pub fn entry_line(new: &NewEntry) -> Result<String, String> {
    let said =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let until = said(&new.until).map(|day| Day::parse(&day).ok_or(Fault::BadDay(day))).transpose();
    let until = until.map_err(|fault| format!("until: {fault}; {}", fault.remedy()))?;
    let mut confirm = Confirm::default();
    for word in new.confirm.iter().flat_map(|words| words.split(',')) {
        match word {
            "suffix" => confirm.suffix = true,
            "never-block" => confirm.never_block = true,
            _ => return Err(format!("confirm {word:?} is not known; known are suffix and never-block")),
        }
    }
    let boxed = |text: &Option<String>| said(text).map(Into::into);
    let note =
        Note { reason: boxed(&new.reason), by: boxed(&new.by), until, reference: boxed(&new.reference), confirm };
    let entry = new.entry.trim();
    if entry.starts_with(['#', '@']) || entry.is_empty() || entry.contains(['\n', '\r']) {
        return Err(format!("{entry:?} is no entry"));
    }
    let line = if note == Note::default() { entry.to_owned() } else { format!("{entry} ; {note}") };
    match line.contains(['\n', '\r']) {
        true => Err("a line end cannot stand in a note".to_owned()),
        false => Ok(line),
    }
}

fn numbered(text: &[u8], lines: &[u32]) -> Vec<(u32, String)> {
    let all = (1_u32..).zip(text.split(|byte| *byte == b'\n'));
    let wanted = all.filter(|(number, _)| lines.contains(number));
    wanted.map(|(line, text)| (line, std::str::from_utf8(text).unwrap_or_default().trim_end().to_owned())).collect()
}

/// The comment behind an entry, with the blank before it. A mark inside a quoted note is none.
fn comment(line: &str) -> &str {
    let at = line.rfind(" #").filter(|at| !line.get(*at..).unwrap_or_default().contains('"'));
    at.and_then(|at| line.get(at..)).unwrap_or_default()
}

fn breaks(checked: &[Checked]) -> Vec<String> {
    checked.iter().filter_map(|checked| checked.bad.first()).map(ToString::to_string).collect()
}

impl From<DraftError> for NoChange {
    fn from(error: DraftError) -> Self {
        let says = error.to_string();
        match error {
            DraftError::Name(_) | DraftError::Action { .. } => Self::Wrong(says),
            DraftError::Missing { .. } => Self::Missing(says),
            DraftError::Unreadable { .. }
            | DraftError::Unwritable { .. }
            | DraftError::Changed(_)
            | DraftError::Lists(_) => Self::Failed(says),
        }
    }
}
