use serde::Serialize;

use super::{
    args::AddArguments,
    draft::{Change, Draft, say_what_is_bad},
    shown::ShownEntry,
};
use crate::{
    app::entry_line,
    base::Timestamp,
    cli::{
        Exit, Failure,
        output::{Stdout, people},
        work::Work,
    },
    http::NewEntry,
    list::{Checked, Entry, List, ListAction, Relation, edit, relation},
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

pub(super) fn run(work: &Work, args: &AddArguments, out: &mut Stdout) -> Result<(), Failure> {
    let line = line(args)?;
    let mut draft = Draft::open(&work.config, &args.to, args.action.map(ListAction::from))?;
    draft.new = edit::with_lines(&draft.new, [line.as_str()]);
    let number = u32::try_from(draft.new.split(|byte| *byte == b'\n').count() - 1).unwrap_or(u32::MAX);
    let checked = draft.check(&work.config, &work.suffixes)?;
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
    let AddArguments { entry, to, reason, by, until, reference, confirm, .. } = args.clone();
    let new = NewEntry { list: to, entry, reason, by, until, reference, confirm };
    entry_line(&new).map_err(|what| {
        let is_option = what.starts_with("until") || what.starts_with("confirm");
        Failure::new(Exit::Usage, if is_option { format!("--{what}") } else { what })
    })
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
