use serde::Serialize;

use super::shown::ShownEntry;
use crate::{
    cli::{
        Failure,
        output::{Stdout, moment},
        work::Work,
    },
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
    let store = work.clicked();
    let last = |hit: &Hit<'_>| -> Result<_, Failure> {
        let last = store.as_ref().map(|store| store.last_match(&hit.list.name, hit.entry.text)).transpose()?;
        Ok(last.flatten())
    };
    let shown = |hit| Ok::<_, Failure>(ShownEntry::of_hit(hit, work.now).matched(last(hit)?));
    if json {
        return out.json(&ExplainReport {
            url: url.as_str(),
            key: &explanation.key,
            hits: explanation.hits.iter().map(shown).collect::<Result<_, _>>()?,
            expired: explanation.expired.iter().map(shown).collect::<Result<_, _>>()?,
            winner: explanation.winner,
        });
    }
    out.line(format_args!("{} is looked up as {}", url.as_str(), explanation.key))?;
    let told = |mark: &str, hit: &Hit<'_>, out: &mut Stdout| {
        let last = last(hit)?.map(|last| format!("; last matched {}", moment(last))).unwrap_or_default();
        out.line(format_args!("{mark}  {hit}{last}"))
    };
    for (at, hit) in explanation.hits.iter().enumerate() {
        told(if explanation.winner == Some(at) { "wins" } else { "    " }, hit, out)?;
    }
    explanation.expired.iter().try_for_each(|hit| told("past", hit, out))?;
    if explanation.hits.is_empty() {
        out.line(format_args!("no entry in force matches"))?;
    }
    Ok(())
}
