//! Many messages at once: a Maildir, an mbox, or a folder of messages.
//!
//! The originals are never touched, and nothing that is there is overwritten: what was made before stays, so a run that
//! was broken off goes on where it was. A message appears in its place whole or not at all. What is refused is listed, and
//! does not appear: it was not examined.

mod folder;
mod mbox;

use std::{
    fs::{self, File},
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Exit, Failure,
    args::RewriteArguments,
    output::{Stdout, count},
};
use crate::{
    app::{Desk, DeskError, SystemClock, Transport},
    base::Clock,
    rewrite::{Counts, Report},
};

/// Refused messages that the summary names; it counts them all.
const NAMED: usize = 1000;

/// Rewrites everything in `from` to the same place in `to`.
pub(super) fn run(
    desk: &Desk,
    args: &RewriteArguments,
    message_bytes: u64,
    (from, to): (&Path, &Path),
    out: &mut Stdout,
) -> Result<(), Failure> {
    let kind = fs::metadata(from).map_err(|error| {
        Failure::new(Exit::NoInput, format_args!("cannot read the messages at {}: {error}", from.display()))
    })?;
    if to.starts_with(from) {
        let what = format!("{} lies in {}: name another place for what is made", to.display(), from.display());
        return Err(Failure::new(Exit::Usage, what));
    }
    // What was kept is not looked at again: keys and records of that day are gone.
    let (recipient, sender) = (args.recipient.as_deref(), args.sender.as_deref());
    let transport = Transport { recipient, sender, ..Transport::default() };
    let reports = args.report.as_deref().map(reports).transpose()?;
    let mut press = Press { desk, transport, message_bytes, reports, bar: bar(), summary: Summary::default() };
    let done = if kind.is_dir() { folder::run(&mut press, from, to) } else { mbox::run(&mut press, from, to) };
    press.bar.finish_and_clear();
    press.summary.say(out)?;
    done?;
    match press.summary.refused {
        0 => Ok(()),
        refused => {
            let what = format!(
                "{} refused; they stay where they are, and are not in {}",
                count(refused, "message"),
                to.display()
            );
            Err(Failure::new(Exit::Data, what))
        }
    }
}

/// A line a message, made anew.
fn reports(file: &Path) -> Result<File, Failure> {
    File::options().append(true).create(true).open(file).map_err(|error| cannot("write the reports to", file, &error))
}

fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:32} {bytes}/{total_bytes} {msg} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// What goes through here, one message after the other.
struct Press<'a> {
    desk: &'a Desk,
    transport: Transport<'a>,
    message_bytes: u64,
    reports: Option<File>,
    bar: ProgressBar,
    summary: Summary,
}

impl Press<'_> {
    /// The message as it is to be written; `None` where it was refused, and is listed. An error ends the run: it is ours,
    /// and the next message would meet it too.
    fn message(&mut self, name: &dyn std::fmt::Display, raw: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        if raw.len() as u64 > self.message_bytes {
            let megabytes = self.message_bytes >> 20;
            self.summary.refuse(name, &format_args!("it has more than {megabytes} MB (limits.message_megabytes)"));
            return Ok(None);
        }
        // One message that breaks us is one refused message.
        let desk = self.desk;
        let transport = self.transport;
        let rewrite = || desk.rewrite(raw, &transport, SystemClock.now());
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(rewrite));
        let rewritten = match outcome {
            Ok(Ok(rewritten)) => rewritten,
            Ok(Err(DeskError::Refused(refused))) => {
                self.summary.refuse(name, &refused);
                return Ok(None);
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                self.summary.refuse(name, &"it met a fault of Sekisho itself; please report what stands above");
                return Ok(None);
            }
        };
        self.report(name, &rewritten.report)?;
        self.summary.add(&rewritten.report, rewritten.message == raw);
        self.bar.set_message(format!("{} messages", self.summary.rewritten + self.summary.unchanged));
        Ok(Some(rewritten.message))
    }

    fn report(&mut self, name: &dyn std::fmt::Display, report: &Report) -> Result<(), Failure> {
        #[derive(serde::Serialize)]
        struct Line<'a> {
            source: String,
            #[serde(flatten)]
            report: &'a Report,
        }
        let Some(file) = &mut self.reports else { return Ok(()) };
        let line = serde_json::to_string(&Line { source: name.to_string(), report });
        let line = line.map_err(|error| Failure::new(Exit::Bug, format_args!("the report: {error}")))?;
        let written = std::io::Write::write_all(file, format!("{line}\n").as_bytes());
        written.map_err(|error| Failure::new(Exit::Io, format_args!("cannot write the reports: {error}")))
    }
}

#[derive(Default)]
struct Summary {
    rewritten: usize,
    unchanged: usize,
    there: usize,
    refused: usize,
    skipped: usize,
    counts: Counts,
    unread: usize,
    settled: usize,
    named: Vec<String>,
}

impl Summary {
    fn add(&mut self, report: &Report, same: bool) {
        if same {
            self.unchanged += 1;
        } else {
            self.rewritten += 1;
        }
        self.counts = self.counts.plus(report.counts);
        self.unread += report.left_parts.len();
        self.settled += usize::from(report.settled.is_some());
    }

    fn refuse(&mut self, name: &dyn std::fmt::Display, why: &dyn std::fmt::Display) {
        self.refused += 1;
        if self.named.len() < NAMED {
            self.named.push(format!("refused: {name}: {why}"));
        }
    }

    fn say(&self, out: &mut Stdout) -> Result<(), Failure> {
        let Self { rewritten, unchanged, there, refused, skipped, counts, unread, settled, .. } = self;
        out.line(format_args!(
            "messages: {rewritten} rewritten, {unchanged} unchanged, {refused} refused, {there} there already, {skipped} no messages"
        ))?;
        out.line(format_args!(
            "links: {} wrapped, {} left, {} defanged, {} ours already",
            counts.wrapped, counts.left, counts.defanged, counts.already_ours
        ))?;
        out.line(format_args!(
            "parts: {} replaced by a note, {unread} not looked into; {settled} messages written anew",
            counts.removed_parts
        ))?;
        self.named.iter().try_for_each(|line| out.line(format_args!("{line}")))
    }
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::CannotCreate, format_args!("cannot {what} {}: {error}", path.display()))
}

/// Makes a file appear whole under a name that nothing has: `Ok(false)` where something has it.
fn appear(part: &Path, place: &Path) -> Result<bool, Failure> {
    let linked = fs::hard_link(part, place);
    let there = matches!(&linked, Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists);
    if !there {
        linked.map_err(|error| cannot("write", place, &error))?;
    }
    fs::remove_file(part).map_err(|error| cannot("remove", part, &error))?;
    Ok(!there)
}

/// The folder of `path` keeps its new name over a loss of power.
fn keep(path: &Path) -> Result<(), Failure> {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .map_or_else(|| PathBuf::from("."), Path::to_owned);
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|error| cannot("write to", &folder, &error))
}
