use super::{
    Failure,
    args::{PlaceArguments, ReportsCommand},
    output::{Stdout, moment},
};
use crate::{
    app::SystemClock,
    base::{Clock, Timestamp},
    store::{Report, Reports, Reveal, Say, Store, StoreError, printable},
};

/// Mistakes that people reported.
pub(super) fn run(place: &PlaceArguments, command: ReportsCommand, out: &mut Stdout) -> Result<(), Failure> {
    let config = place.place().foresee(&place.overrides())?;
    let (store, now) = (Store::open_existing(&config.store), SystemClock.now());
    match command {
        ReportsCommand::List { all, limit, reveal, json } => {
            // Nobody reported anything where no page was ever shown.
            let store = match store {
                Err(StoreError::Missing { .. }) => return Ok(()),
                store => store?,
            };
            let wanted = if all { Reports::All } else { Reports::Open };
            let reveal = if reveal { Reveal::Whole } else { Reveal::Masked };
            for report in store.reports(wanted, limit, reveal)? {
                if json { out.json(&report)? } else { write(&report, now, out)? }
            }
            Ok(())
        }
        ReportsCommand::Answer { id, text, by } => {
            store?.answer_report(id, Say { time: now, by: &by, reason: &text })?;
            out.line(format_args!("{id}"))
        }
    }
}

/// What people wrote comes from anywhere: it must not steer a terminal.
fn write(report: &Report, now: Timestamp, out: &mut Stdout) -> Result<(), Failure> {
    let Report { id, time, click_id, url, text, due, answer, .. } = report;
    let url = url.as_deref().map_or_else(|| "a damaged link".to_owned(), printable);
    out.line(format_args!("{id:>6}  {}  {click_id}  {url}", moment(*time)))?;
    if let Some(text) = text {
        out.line(format_args!("        “{}”", printable(text)))?;
    }
    match answer {
        Some(answer) => {
            let (by, text) = (printable(&answer.by), printable(&answer.text));
            out.line(format_args!("        answered {} by {by}: {text}", moment(answer.time)))
        }
        None if *due < now => out.line(format_args!("        OVERDUE since {}", moment(*due))),
        None => out.line(format_args!("        due {}", moment(*due))),
    }
}
