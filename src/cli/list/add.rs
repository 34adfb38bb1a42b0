use serde::Serialize;

use super::{
    args::AddArguments,
    draft::{Change, Draft, say_what_is_bad},
    shown::ShownEntry,
};
use crate::{
    base::Timestamp,
    cli::{
        Exit, Failure,
        output::{Stdout, people},
        work::Work,
    },
    list::{Checked, Confirm, Day, Entry, Fault, List, ListAction, Note, Width, covers, edit},
};

#[derive(Serialize)]
struct Report<'a> {
    list: &'a str,
    path: String,
    change: Option<Change<'a>>,
    written: bool,
    relations: Vec<Told<'a>>,
}

/// An entry that is there already, and what it has to do with the new one.
#[derive(Serialize)]
struct Told<'a> {
    relation: Relation,
    #[serde(flatten)]
    entry: ShownEntry<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Relation {
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
    const fn said(self) -> &'static str {
        match self {
            Self::Same => "is there already",
            Self::CoveredBy => "is covered already by",
            Self::Covers => "makes needless",
            Self::BeatenBy => "is contradicted, and beaten where both match, by",
            Self::Beats => "contradicts, and beats where both match,",
        }
    }
}

pub(super) fn run(work: &Work, args: &AddArguments, out: &mut Stdout) -> Result<(), Failure> {
    let line = line(args)?;
    let mut draft = Draft::open(work, &args.to, args.action.map(ListAction::from))?;
    draft.new = edit::with_lines(&draft.new, [line.as_str()]);
    let number = u32::try_from(draft.new.split(|byte| *byte == b'\n').count() - 1).unwrap_or(u32::MAX);
    let checked = draft.check(work)?;
    let mine = checked.first().map(|checked| &checked.list);
    refuse_if_bad(&checked, number)?;
    let added = mine.and_then(|list| Some((list, list.entries.iter().find(|entry| entry.line == number)?)));
    let Some((mine, added)) = added else {
        let what = format!("a directive of {} is bad, so nothing of it counts; mend it first", draft.path.display());
        return Err(Failure::new(Exit::Data, what));
    };
    let relations = relations(&checked, mine, added, work.now);
    let same = relations.iter().any(|told| told.relation == Relation::Same);
    let written = !same && !args.dry_run;
    if written {
        draft.write()?;
    }
    let change = (!same).then_some(Change { sign: '+', line: number, text: &line });
    say_what_is_bad(&checked);
    if args.json {
        let path = draft.path.display().to_string();
        return out.json(&Report { list: &draft.name, path, change, written, relations });
    }
    for told in &relations {
        let ShownEntry { list, line, entry, action, .. } = &told.entry;
        people(&format!("{} {} {list}.list:{line}: {entry} [{action}]", added.text, told.relation.said()));
    }
    if let Some(change) = change {
        out.line(format_args!("{}", change.shown(&draft.name)))?;
    }
    if !written {
        people("nothing was written");
    }
    Ok(())
}

/// The line as it will stand there.
fn line(args: &AddArguments) -> Result<String, Failure> {
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let until = args.until.as_deref().map(|day| Day::parse(day).ok_or_else(|| Fault::BadDay(day.to_owned())));
    let until = until.transpose().map_err(|fault| usage(format!("--until: {fault}; {}", fault.remedy())))?;
    let mut confirm = Confirm::default();
    for word in args.confirm.iter().flat_map(|words| words.split(',')) {
        match word {
            "suffix" => confirm.suffix = true,
            "never-block" => confirm.never_block = true,
            _ => return Err(usage(format!("--confirm {word:?} is not known; known are suffix and never-block"))),
        }
    }
    let boxed = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Into::into);
    let note =
        Note { reason: boxed(&args.reason), by: boxed(&args.by), until, reference: boxed(&args.reference), confirm };
    let entry = args.entry.trim();
    if entry.starts_with(['#', '@']) || entry.is_empty() || entry.contains(['\n', '\r']) {
        return Err(usage(format!("{entry:?} is no entry")));
    }
    let line = if note == Note::default() { entry.to_owned() } else { format!("{entry} ; {note}") };
    match line.contains(['\n', '\r']) {
        true => Err(usage("a line end cannot stand in a note".to_owned())),
        false => Ok(line),
    }
}

/// Whether the new line may stand in its list. What it makes of other lists is said, and refuses nothing.
fn refuse_if_bad(checked: &[Checked], number: u32) -> Result<(), Failure> {
    let bad = checked.first().and_then(|checked| checked.bad.iter().find(|bad| bad.line == number));
    match bad {
        Some(bad) => {
            let what = format!("refused at column {}: {}; {}", bad.column, bad.fault, bad.fault.remedy());
            Err(Failure::new(Exit::Data, what))
        }
        None => Ok(()),
    }
}

fn relations<'a>(checked: &'a [Checked], mine: &'a List, added: &'a Entry, now: Timestamp) -> Vec<Told<'a>> {
    let mut told = Vec::new();
    for list in checked.iter().map(|checked| &checked.list) {
        for entry in list.entries.iter().filter(|entry| entry.is_in_force(now)) {
            if std::ptr::eq(entry, added) || (list.tenant, &list.policy) != (mine.tenant, &mine.policy) {
                continue;
            }
            if let Some(relation) = relation(list, entry, mine, added) {
                told.push(Told { relation, entry: ShownEntry::new(list, entry, now) });
            }
        }
    }
    told
}

fn relation(list: &List, entry: &Entry, mine: &List, added: &Entry) -> Option<Relation> {
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
