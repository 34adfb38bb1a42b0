use std::path::PathBuf;

use serde::Serialize;

use super::{
    Exit, Failure,
    args::{ListCommand, PlaceArguments},
    output::{Stdout, count, people},
    work::Work,
};
use crate::{
    app::Shelf,
    base::Timestamp,
    list::{BadLine, Entry, Head, Hit, List, Written, explain},
};

pub(super) fn run(place: &PlaceArguments, command: ListCommand, out: &mut Stdout) -> Result<(), Failure> {
    let work = Work::open(place)?;
    match command {
        ListCommand::Check { paths, json } => check(&work, &paths, json, out),
        ListCommand::Explain { url, json } => explain_url(&work, &url, json, out),
        ListCommand::Search { text, json } => search(&work.shelf()?, &text, work.now, json, out),
        ListCommand::Show { name, json } => show(&work.shelf()?, name.as_deref(), work.now, json, out),
    }
}

/// One list, in a line.
#[derive(Serialize)]
struct ShownList<'a> {
    list: &'a str,
    version: &'a str,
    action: &'static str,
    entries: usize,
}

impl<'a> ShownList<'a> {
    fn new(list: &'a List) -> Self {
        let (name, version) = (&list.name, &list.version);
        Self { list: name, version, action: list.action.as_str(), entries: list.entries.len() }
    }
}

/// One entry, in a line.
#[derive(Serialize)]
struct ShownEntry<'a> {
    list: &'a str,
    version: &'a str,
    line: u32,
    entry: &'a str,
    action: &'static str,
    /// How much it takes in, where that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<String>,
    reason: Option<&'a str>,
    by: Option<&'a str>,
    until: Option<String>,
    r#ref: Option<&'a str>,
    in_force: bool,
}

impl<'a> ShownEntry<'a> {
    fn new(list: &'a List, entry: &'a Entry, now: Timestamp) -> Self {
        Self::written((&list.name, &list.version, list.action.as_str()), entry.into(), now)
    }

    fn of_hit(hit: &Hit<'a>, now: Timestamp) -> Self {
        let Head { name, version, action, .. } = hit.list;
        let width = Some(hit.width.to_string());
        Self { width, ..Self::written((name, version, action.as_str()), hit.entry, now) }
    }

    fn written((list, version, action): (&'a str, &'a str, &'static str), entry: Written<'a>, now: Timestamp) -> Self {
        Self {
            list,
            version,
            line: entry.line,
            entry: entry.text,
            action,
            width: None,
            reason: entry.reason,
            by: entry.by,
            until: entry.until.map(|day| day.to_string()),
            r#ref: entry.reference,
            in_force: entry.is_in_force(now),
        }
    }

    fn write(&self, out: &mut Stdout) -> Result<(), Failure> {
        let notes = [("reason", self.reason), ("by", self.by), ("until", self.until.as_deref()), ("ref", self.r#ref)];
        let notes: String = notes.iter().filter_map(|(name, value)| Some(format!("  {name}={}", (*value)?))).collect();
        let expired = if self.in_force { "" } else { "  (expired)" };
        let Self { list, line, entry, action, .. } = self;
        out.line(format_args!("{list}.list:{line}: {entry}  [{action}]{notes}{expired}"))
    }
}

#[derive(Serialize)]
struct CheckReport<'a> {
    lists: Vec<ShownList<'a>>,
    bad: &'a [BadLine],
}

fn check(work: &Work, paths: &[PathBuf], json: bool, out: &mut Stdout) -> Result<(), Failure> {
    let shelf = if paths.is_empty() { work.shelf()? } else { work.shelf_of(paths)? };
    let lists: Vec<ShownList<'_>> = shelf.lists().iter().map(|list| ShownList::new(list)).collect();
    let (files, entries) = (lists.len(), lists.iter().map(|list| list.entries).sum::<usize>());
    if json {
        out.json(&CheckReport { lists, bad: &shelf.bad })?;
    } else {
        shelf.bad.iter().try_for_each(|bad| out.line(format_args!("{bad}")))?;
    }
    out.flush()?;
    match shelf.bad.len() {
        0 => {
            people(&format!("in order: {} with {}", count(files, "list"), count(entries, "entry")));
            Ok(())
        }
        1 => Err(Failure::new(Exit::Data, "1 line is refused; it counts for nothing until it is mended")),
        bad => Err(Failure::new(
            Exit::Data,
            format_args!("{bad} lines are refused; they count for nothing until they are mended"),
        )),
    }
}

#[derive(Serialize)]
struct ExplainReport<'a> {
    url: &'a str,
    key: &'a str,
    hits: Vec<ShownEntry<'a>>,
    expired: Vec<ShownEntry<'a>>,
    /// Place in `hits` of the entry that has the last word.
    winner: Option<usize>,
}

fn explain_url(work: &Work, text: &str, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    let (url, shelf) = (work.destination(text)?, work.shelf()?);
    let explanation = explain(&url, &shelf.index, work.now);
    let shown = |hits: &[Hit<'_>]| -> Vec<String> { hits.iter().map(ToString::to_string).collect() };
    if json {
        return out.json(&ExplainReport {
            url: url.as_str(),
            key: &explanation.key,
            hits: explanation.hits.iter().map(|hit| ShownEntry::of_hit(hit, work.now)).collect(),
            expired: explanation.expired.iter().map(|hit| ShownEntry::of_hit(hit, work.now)).collect(),
            winner: explanation.winner,
        });
    }
    out.line(format_args!("{} is looked up as {}", url.as_str(), explanation.key))?;
    for (at, hit) in shown(&explanation.hits).iter().enumerate() {
        let mark = if explanation.winner == Some(at) { "wins" } else { "    " };
        out.line(format_args!("{mark}  {hit}"))?;
    }
    shown(&explanation.expired).iter().try_for_each(|hit| out.line(format_args!("past  {hit}")))?;
    if explanation.hits.is_empty() {
        out.line(format_args!("no entry in force matches"))?;
    }
    Ok(())
}

fn search(shelf: &Shelf, text: &str, now: Timestamp, json: bool, out: &mut Stdout) -> Result<(), Failure> {
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

fn show(shelf: &Shelf, name: Option<&str>, now: Timestamp, json: bool, out: &mut Stdout) -> Result<(), Failure> {
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
    for entry in list.entries.iter().map(|entry| ShownEntry::new(list, entry, now)) {
        if json { out.json(&entry)? } else { entry.write(out)? }
    }
    Ok(())
}
