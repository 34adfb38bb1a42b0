use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufRead, IsTerminal, Read, Write},
    path::Path,
};

use serde::Serialize;

use super::{
    args::{ImportArguments, NamesName},
    draft::{Draft, say_what_is_bad},
};
use crate::{
    app::own_hosts,
    cli::{
        Exit, Failure,
        output::{Stdout, count, moment, people},
        work::Work,
    },
    feed::MAX_FILE_BYTES,
    list::{
        Context, ListAction, Protected, action_of, edit,
        import::{Format, Guess, Haul, How, Names, Refused, Tally, guess},
        parse,
    },
};

/// Refused rows that are shown to people, at most; `--json` shows all.
const SHOWN: usize = 20;

#[derive(Serialize)]
struct Report<'a> {
    list: &'a str,
    path: String,
    format: &'static str,
    why: Option<&'static str>,
    rows: Tally,
    duplicates: usize,
    covered: usize,
    /// Entries that the list has already.
    known: usize,
    new: usize,
    remarks: Vec<Remark>,
    refused: &'a [Refused],
    written: bool,
}

#[derive(Serialize)]
struct Remark {
    entries: usize,
    what: &'static str,
}

pub(super) fn run(work: &Work, args: &ImportArguments, out: &mut Stdout) -> Result<(), Failure> {
    let bytes = read(&args.file)?;
    let (format, why) = format(&args.format, &bytes)?;
    let mut draft = match args.action {
        Some(action) => Draft::open(&work.config, &args.to, Some(action.into()))?,
        None => Draft::open(&work.config, &args.to, None)
            .or_else(|_| Draft::open(&work.config, &args.to, Some(ListAction::Block)))?,
    };
    let mut haul = haul(work, args, format, &draft, &bytes)?;
    let covered = if args.narrow { haul.narrow() } else { 0 };
    let taken = haul.taken.len();
    let known = leave_out_known(work, &draft, &mut haul);
    let new = haul.taken.len();
    if new > 0 {
        let source = args.file.file_name().map_or_else(|| "stdin".into(), |name| name.to_string_lossy());
        let origin = format!("# {new} from {} ({format}), {}", plain(&source), moment(work.now));
        let lines: Vec<String> = haul.entries().map(ToString::to_string).collect();
        draft.new =
            edit::with_lines(&draft.new, std::iter::once(origin.as_str()).chain(lines.iter().map(String::as_str)));
    }
    let remarks = haul.remarks().into_iter().map(|(what, entries)| Remark { entries, what }).collect();
    let mut report = Report {
        list: &draft.name,
        path: draft.path.display().to_string(),
        format: format.as_str(),
        why,
        rows: haul.tally,
        duplicates: haul.duplicates,
        covered,
        known,
        new,
        remarks,
        refused: &haul.refused,
        written: false,
    };
    if !args.json {
        show(&report, taken, out)?;
    }
    report.written = new > 0 && (args.yes || (!args.json && agreed(args)?));
    if report.written {
        // What was there before may be bad, and a new entry of a never-block list makes lines elsewhere bad.
        say_what_is_bad(&draft.check(&work.config, &work.suffixes)?);
        draft.write()?;
    }
    if args.json {
        return out.json(&report);
    }
    people(match (report.written, new) {
        (true, _) => "written; in force within a second",
        (false, 0) => "nothing is new; nothing was written",
        (false, _) => "nothing was written; --yes writes it",
    });
    Ok(())
}

/// The file, or stdin, no larger than a list may be.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: io::Error| {
        let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NoInput } else { Exit::Io };
        Failure::new(exit, format_args!("cannot read {}: {error}", file.display()))
    };
    let mut bytes = Vec::new();
    let read = match file.as_os_str() == "-" {
        true => io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes),
        false => File::open(file).map_err(unreadable)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes),
    };
    read.map_err(unreadable)?;
    match bytes.len() as u64 > MAX_FILE_BYTES {
        true => Err(Failure::new(Exit::Data, format_args!("it is larger than {MAX_FILE_BYTES} bytes; split it"))),
        false => Ok(bytes),
    }
}

/// The format that was named, or found out.
fn format(text: &str, bytes: &[u8]) -> Result<(Format, Option<&'static str>), Failure> {
    if text != "auto" {
        let format = text.parse().map_err(|names| {
            Failure::new(Exit::Usage, format_args!("no format is called {text:?}; known are auto, {names}"))
        })?;
        return Ok((format, None));
    }
    match guess(bytes) {
        Guess::Sure(format, why) => Ok((format, Some(why))),
        Guess::Unsure(formats, why) => {
            let formats = if formats.is_empty() { Format::NAMES.map(|(_, format)| format).to_vec() } else { formats };
            let names: Vec<&str> = formats.into_iter().map(Format::as_str).collect();
            let what =
                format!("which format it is cannot be told: {why}; say --format with one of {}", names.join(", "));
            Err(Failure::new(Exit::Usage, what))
        }
    }
}

fn haul(work: &Work, args: &ImportArguments, format: Format, draft: &Draft, bytes: &[u8]) -> Result<Haul, Failure> {
    let shelf = work.own_shelf()?;
    let protected = Protected::of_lists(shelf.lists().iter().map(AsRef::as_ref));
    let own_hosts = own_hosts(&work.config);
    let context = Context { suffixes: &work.suffixes, own_hosts: &own_hosts, never_block: Some(&protected) };
    let names = match args.names {
        NamesName::Domains => Names::Domains,
        NamesName::Hosts => Names::Hosts,
    };
    let how = How { context: &context, action: action_of(&draft.new), names, key: args.key.as_deref() };
    Haul::read(bytes, format, &how)
        .map_err(|error| Failure::new(Exit::Data, format_args!("{} as {format}: {error}", args.file.display())))
}

/// Takes out what the list has already; answers how many.
fn leave_out_known(work: &Work, draft: &Draft, haul: &mut Haul) -> usize {
    let context = Context { suffixes: &work.suffixes, own_hosts: &[], never_block: None };
    let (list, _) = parse(&draft.name, &draft.new, &context);
    let known: HashSet<String> = list.entries.iter().map(|entry| entry.scope.to_string()).collect();
    let before = haul.taken.len();
    haul.taken.retain(|taken| !known.contains(&*taken.entry.text));
    before - haul.taken.len()
}

fn show(report: &Report<'_>, taken: usize, out: &mut Stdout) -> Result<(), Failure> {
    if let Some(why) = report.why {
        people(&format!("read as {}: {why}", report.format));
    }
    for refused in report.refused.iter().take(SHOWN) {
        out.line(format_args!("refused  {refused}"))?;
    }
    if report.refused.len() > SHOWN {
        out.line(format_args!("refused  and {} more; --json shows all", report.refused.len() - SHOWN))?;
    }
    for Remark { entries, what } in &report.remarks {
        out.line(format_args!("differs  {}: {what}", count(*entries, "entry")))?;
    }
    out.line(format_args!(
        "{} taken, {} refused, {} duplicates, {} covered by wider ones, {} in {} already: {} new",
        taken, report.rows.refused, report.duplicates, report.covered, report.known, report.path, report.new
    ))?;
    if report.rows.unended {
        people("the last line has no end: the file may have been cut off");
    }
    out.flush()
}

/// Asks where somebody sits at a terminal who can answer.
fn agreed(args: &ImportArguments) -> Result<bool, Failure> {
    let stdin = io::stdin();
    if args.file.as_os_str() == "-" || !stdin.is_terminal() || !io::stderr().is_terminal() {
        return Ok(false);
    }
    let failed = |error| Failure::new(Exit::Io, format_args!("cannot ask: {error}"));
    write!(io::stderr().lock(), "sekisho: write this? [y/N] ").map_err(failed)?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// A name for a comment.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
