use super::shown::{ShownEntry, ShownList};
use crate::cli::{Exit, Failure, output::Stdout, work::Work};

pub(super) fn search(work: &Work, text: &str, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    let (shelf, now) = (work.shelf()?, work.now);
    let wanted = text.to_lowercase();
    let holds = |value: Option<&str>| value.is_some_and(|value| value.to_lowercase().contains(&wanted));
    for list in shelf.lists() {
        for entry in list.entries.iter().map(|entry| ShownEntry::new(list, entry, now)) {
            if [Some(entry.entry), entry.reason, entry.by, entry.r#ref].into_iter().any(holds) {
                if json { out.json(&entry)? } else { entry.write(out)? }
            }
        }
    }
    Ok(())
}

pub(super) fn show(work: &Work, name: Option<&str>, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    let (shelf, now) = (work.shelf()?, work.now);
    let Some(name) = name else {
        for list in shelf.lists().iter().map(|list| ShownList::new(list)) {
            if json {
                out.json(&list)?;
            } else {
                let ShownList { list, version, action, entries } = list;
                out.line(format_args!("{list:<24} {action:<12} {entries:>9} entries  version {version}"))?;
            }
        }
        return Ok(());
    };
    let wanted = name.strip_suffix(".list").unwrap_or(name);
    let found = shelf.lists().iter().find(|list| list.name == wanted);
    let list = found.ok_or_else(|| {
        let names: Vec<&str> = shelf.lists().iter().map(|list| list.name.as_str()).collect();
        Failure::new(Exit::NoInput, format_args!("there is no list {wanted:?}; there are {}", names.join(", ")))
    })?;
    let matches = work.clicked().map(|store| store.last_matches(wanted)).transpose()?.unwrap_or_default();
    for entry in list.entries.iter().map(|entry| ShownEntry::new(list, entry, now)) {
        let last = matches.get(entry.entry).copied();
        let entry = entry.matched(last);
        if json { out.json(&entry)? } else { entry.write(out)? }
    }
    Ok(())
}
