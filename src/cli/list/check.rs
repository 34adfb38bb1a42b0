use std::path::PathBuf;

use serde::Serialize;

use super::shown::ShownList;
use crate::{
    cli::{
        Exit, Failure,
        output::{Stdout, count, people},
        work::Work,
    },
    list::BadLine,
};

#[derive(Serialize)]
struct CheckReport<'a> {
    lists: Vec<ShownList<'a>>,
    bad: &'a [BadLine],
}

pub(super) fn run(work: &Work, paths: &[PathBuf], json: bool, out: &mut Stdout) -> Result<(), Failure> {
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
