use serde::Serialize;

use super::{
    args::RemoveArguments,
    draft::{Change, Draft},
};
use crate::{
    cli::{
        Exit, Failure,
        output::{Stdout, people},
        work::Work,
    },
    list::{Context, Entry, List, Scope, covers, edit, parse},
};

#[derive(Serialize)]
struct Report<'a> {
    list: &'a str,
    path: String,
    changes: Vec<Change<'a>>,
    written: bool,
}

pub(super) fn run(work: &Work, args: &RemoveArguments, out: &mut Stdout) -> Result<(), Failure> {
    let shelf = work.own_shelf()?;
    let wanted = scope(work, &args.entry)?;
    let named = args.from.as_deref().map(|name| name.strip_suffix(".list").unwrap_or(name));
    let lists = shelf.lists().iter().filter(|list| named.is_none_or(|name| list.name == name));
    let with = |list: &&List| list.entries.iter().any(|entry| entry.scope == wanted);
    let found: Vec<&List> = lists.map(AsRef::as_ref).filter(with).collect();
    let list = match found.as_slice() {
        [only] => *only,
        [] => return Err(missing(work, args, &wanted)?),
        several => {
            let names: Vec<&str> = several.iter().map(|list| list.name.as_str()).collect();
            let what = format!("it stands in {}; say with --from which is meant", names.join(", "));
            return Err(Failure::new(Exit::Usage, what));
        }
    };
    let lines: Vec<u32> = matching(list, &wanted).map(|entry| entry.line).collect();
    let mut draft = Draft::open(&work.config, &list.name, None)?;
    let old = draft.new.clone();
    draft.new = edit::without_lines(&old, &lines);
    if !args.dry_run {
        draft.write()?;
    }
    let gone = (1_u32..).zip(old.split(|byte| *byte == b'\n')).filter(|(number, _)| lines.contains(number));
    let gone = gone.map(|(line, text)| (line, std::str::from_utf8(text).unwrap_or_default().trim_end()));
    let changes: Vec<Change<'_>> = gone.map(|(line, text)| Change { sign: '-', line, text }).collect();
    if args.json {
        let path = draft.path.display().to_string();
        return out.json(&Report { list: &list.name, path, changes, written: !args.dry_run });
    }
    changes.iter().try_for_each(|change| out.line(format_args!("{}", change.shown(&list.name))))?;
    if args.dry_run {
        people("nothing was written");
    }
    Ok(())
}

fn matching<'l>(list: &'l List, wanted: &Scope) -> impl Iterator<Item = &'l Entry> {
    list.entries.iter().filter(move |entry| entry.scope == *wanted)
}

/// What is to go, read without regard to what a list may hold: it is to go.
fn scope(work: &Work, text: &str) -> Result<Scope, Failure> {
    let context = Context { suffixes: &work.suffixes, own_hosts: &[], never_block: None };
    let (list, bad) = parse("entry", format!("{} ; confirm=suffix,never-block", text.trim()), &context);
    match (list.entries.into_iter().next(), bad.first()) {
        (Some(entry), None) => Ok(entry.scope),
        (_, Some(bad)) => {
            let what = format!("{text:?} is no entry: {}; {}", bad.fault, bad.fault.remedy());
            Err(Failure::new(Exit::Usage, what))
        }
        (None, None) => Err(Failure::new(Exit::Usage, format_args!("{text:?} is no entry"))),
    }
}

/// It stands nowhere: what does, that says the same of it.
fn missing(work: &Work, args: &RemoveArguments, wanted: &Scope) -> Result<Failure, Failure> {
    let shelf = work.shelf_of(&[work.config.blocklists.path().to_owned()])?;
    let wider = shelf.lists().iter().flat_map(|list| {
        let wider = list.entries.iter().filter(|entry| covers(&entry.scope, wanted));
        wider.map(|entry| format!("{}.list:{}: {}", list.name, entry.line, entry.text))
    });
    let wider: Vec<String> = wider.take(5).collect();
    let place =
        args.from.as_deref().map_or("no list has".to_owned(), |name| format!("the list {name:?} does not have"));
    let hint = match wider.as_slice() {
        [] => String::new(),
        found => format!("; what stands there about it: {}", found.join(", ")),
    };
    Ok(Failure::new(Exit::NoInput, format_args!("{place} the entry {wanted}{hint}")))
}
