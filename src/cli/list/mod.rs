//! `sekisho list`: what lists say, and changes to them. One file a subcommand.

mod add;
mod args;
mod check;
mod compile;
mod draft;
mod explain;
mod export;
mod import;
mod remove;
mod search;
mod shown;
mod stat;

pub(super) use args::ListCommand;

use super::{Failure, args::PlaceArguments, output::Stdout, work::Work};

pub(super) fn run(place: &PlaceArguments, command: ListCommand, out: &mut Stdout) -> Result<(), Failure> {
    let work = Work::open(place)?;
    match command {
        ListCommand::Check { paths, json } => check::run(&work, &paths, json, out),
        ListCommand::Explain { url, json } => explain::run(&work, &url, json, out),
        ListCommand::Search { text, json } => search::search(&work, &text, json, out),
        ListCommand::Show { name, json } => search::show(&work, name.as_deref(), json, out),
        ListCommand::Compile { json } => compile::run(&work, json, out),
        ListCommand::Stat { json } => stat::run(&work, json, out),
        ListCommand::Add(args) => add::run(&work, &args, out),
        ListCommand::Remove(args) => remove::run(&work, &args, out),
        ListCommand::Import(args) => import::run(&work, &args, out),
        ListCommand::Export(args) => export::run(&work, &args, out),
    }
}
