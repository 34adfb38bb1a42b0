use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    app::compile_lists,
    cli::{
        Exit, Failure,
        output::{Stdout, count, people},
        work::Work,
    },
    feed::Progress,
    list::{Index as _, Table},
};

/// One compiled list.
#[derive(Serialize)]
struct CompiledList<'a> {
    list: &'a str,
    version: &'a str,
    entries: usize,
    generation: u64,
    /// Bytes that lookups of what is not listed touch.
    table_bytes: u64,
    /// Bytes of the entries themselves, which are touched by hits.
    record_bytes: u64,
}

impl<'a> CompiledList<'a> {
    /// `None` for the short lists, which are held in memory together.
    fn of(table: &'a Table) -> Option<Self> {
        let ([list], 1..) = (table.lists(), table.generation()) else { return None };
        let (table_bytes, record_bytes) = table.sizes();
        let (generation, entries) = (table.generation(), table.len());
        Some(Self { list: &list.name, version: &list.version, entries, generation, table_bytes, record_bytes })
    }
}

pub(super) fn run(work: &Work, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    let teller = std::sync::Arc::new(Teller::new());
    let hears = std::sync::Arc::clone(&teller);
    let lists = compile_lists(&work.config, move |name, progress| hears.tell(name, progress))?;
    teller.end();
    let (snapshot, state) = (lists.snapshot(), lists.state());
    let (mut long, mut tables) = (0, snapshot.index.tables().iter());
    tables.try_for_each(|table| {
        let Some(compiled) = CompiledList::of(table) else { return Ok(()) };
        long += 1;
        if json {
            return out.json(&compiled);
        }
        let CompiledList { list, entries, generation, table_bytes, record_bytes, .. } = compiled;
        let (table, records) = (megabytes(table_bytes), megabytes(record_bytes));
        out.line(format_args!(
            "{list:<24} {entries:>9} entries, generation {generation}: {table} MB of table, {records} MB of entries"
        ))
    })?;
    out.flush()?;
    people(&format!(
        "{} compiled, {} held in memory",
        count(long, "long list"),
        state.files.len().saturating_sub(long)
    ));
    match state.problems() {
        problems if problems.is_empty() => Ok(()),
        problems => {
            let what = format!("not as they stand in their files: {problems}; `sekisho list check` shows every line");
            Err(Failure::new(Exit::Data, what))
        }
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

/// Tells how far it is: a bar where somebody looks at a terminal, a line for each quarter otherwise.
struct Teller {
    bar: Option<ProgressBar>,
    /// Per list the quarter that was told last, of reading and placing one after the other.
    told: Mutex<BTreeMap<String, u64>>,
}

/// Quarters of reading, and behind them those of placing.
const QUARTERS: u64 = 4;

impl Teller {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(1);
            let style = ProgressStyle::with_template("{bar:32} {percent:>3} % {msg} {eta}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, told: Mutex::default() }
    }

    fn tell(&self, name: &str, progress: Progress) {
        let (done, of, what) = match progress {
            Progress::Reading { entries, bytes: (done, of) } => (done, of, format!("{name}: {entries} entries read")),
            Progress::Placing(done, of) => (done, of, format!("{name}: {done} of {of} put in their place")),
        };
        if let Some(bar) = &self.bar {
            bar.set_length(of.max(1));
            bar.set_position(done);
            bar.set_message(what);
            return;
        }
        let quarter = (QUARTERS * done).checked_div(of).unwrap_or(0);
        let behind = if let Progress::Placing(..) = progress { QUARTERS + 1 } else { 0 };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let last = told.entry(name.to_owned()).or_default();
        if quarter + behind > *last {
            *last = quarter + behind;
            people(&what);
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
