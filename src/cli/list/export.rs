use serde::Serialize;

use super::args::ExportArguments;
use crate::{
    cli::{
        Exit, Failure,
        output::{Stdout, count, people},
        work::Work,
    },
    list::{
        export::{Carried, WRITTEN, carry, head},
        import::Format,
    },
};

/// Entries that are named one by one for people, at most.
const SHOWN: usize = 20;

#[derive(Serialize)]
struct Report<'a> {
    list: &'a str,
    format: &'static str,
    lines: Vec<String>,
    left: Vec<Left<'a>>,
}

/// An entry that the format cannot hold, or not whole.
#[derive(Serialize)]
struct Left<'a> {
    line: u32,
    entry: &'a str,
    /// Whether part of it was written.
    in_part: bool,
    cause: &'static str,
}

pub(super) fn run(work: &Work, args: &ExportArguments, out: &mut Stdout) -> Result<(), Failure> {
    let format = format(&args.format)?;
    let shelf = work.shelf()?;
    let wanted = args.name.strip_suffix(".list").unwrap_or(&args.name);
    let Some(list) = shelf.lists().iter().find(|list| list.name == wanted) else {
        let names: Vec<&str> = shelf.lists().iter().map(|list| list.name.as_str()).collect();
        let what = format!("there is no list {wanted:?}; there are {}", names.join(", "));
        return Err(Failure::new(Exit::NoInput, what));
    };
    let (mut lines, mut left) = (Vec::new(), Vec::new());
    for entry in list.entries.iter().filter(|entry| args.expired || entry.is_in_force(work.now)) {
        let (carried, cause) = match carry(entry, format) {
            Carried::Whole(carried) => (carried, None),
            Carried::Less(carried, cause) => (carried, Some(cause)),
            Carried::Not(cause) => (Vec::new(), Some(cause)),
        };
        left.extend(cause.map(|cause| {
            let in_part = !carried.is_empty();
            Left { line: entry.line, entry: &entry.text, in_part, cause }
        }));
        lines.extend(carried);
    }
    if args.json {
        return out.json(&Report { list: &list.name, format: format.as_str(), lines, left });
    }
    let head = match format {
        // The action would be lost, and a list without one blocks.
        Format::List => format!("@action {}\n\n", list.action),
        _ => head(format).to_owned(),
    };
    out.bytes(head.as_bytes())?;
    lines.iter().try_for_each(|line| out.line(format_args!("{line}")))?;
    out.flush()?;
    for Left { line, entry, in_part, cause } in left.iter().take(SHOWN) {
        let how = if *in_part { "in part" } else { "not" };
        people(&format!("{how} written: {}.list:{line}: {entry}: {cause}", list.name));
    }
    if left.len() > SHOWN {
        people(&format!("and {} more", left.len() - SHOWN));
    }
    people(&format!("{} as {format}", count(lines.len(), "line")));
    Ok(())
}

fn format(text: &str) -> Result<Format, Failure> {
    let known = text.parse::<Format>().ok().filter(|format| WRITTEN.contains(format));
    known.ok_or_else(|| {
        let names = WRITTEN.map(Format::as_str).join(", ");
        Failure::new(Exit::Usage, format_args!("no list is written as {text:?}; known are {names}"))
    })
}
