use serde::Serialize;

use super::shown::ShownEntry;
use crate::{
    cli::{Failure, output::Stdout, work::Work},
    list::{Hit, explain},
};

#[derive(Serialize)]
struct ExplainReport<'a> {
    url: &'a str,
    key: &'a str,
    hits: Vec<ShownEntry<'a>>,
    expired: Vec<ShownEntry<'a>>,
    /// Place in `hits` of the entry that has the last word.
    winner: Option<usize>,
}

pub(super) fn run(work: &Work, text: &str, json: bool, out: &mut Stdout) -> Result<(), Failure> {
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
