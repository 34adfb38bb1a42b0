use std::{
    fmt::Arguments,
    io::{self, Write},
};

use serde::Serialize;

use super::{Exit, Failure};
use crate::base::Timestamp;

/// A line for people, on stderr. Where even that cannot be written, there is nobody left to tell.
pub(super) fn people(what: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(format!("sekisho: {what}\n").as_bytes());
}

/// Data, on stdout. What was written counts only after [`Self::finish`].
pub(super) struct Stdout {
    stdout: io::BufWriter<io::Stdout>,
}

impl Stdout {
    pub(super) fn new() -> Self {
        Self { stdout: io::BufWriter::new(io::stdout()) }
    }

    pub(super) fn line(&mut self, line: Arguments<'_>) -> Result<(), Failure> {
        self.stdout.write_fmt(line).and_then(|()| self.stdout.write_all(b"\n")).map_err(unwritten)
    }

    pub(super) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.stdout, value).map_err(|error| unwritten(error.into()))?;
        self.stdout.write_all(b"\n").map_err(unwritten)
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stdout.write_all(bytes).map_err(unwritten)
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.stdout.flush().map_err(unwritten)
    }
}

pub(super) fn unwritten(error: io::Error) -> Failure {
    Failure::new(Exit::Io, format_args!("cannot write to stdout: {error}"))
}

/// A moment in UTC, as RFC 3339 writes it.
pub(super) fn moment(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.millis()).map_or_else(|_| time.millis().to_string(), |time| time.to_string())
}

/// A number and what is counted: `1 list`, `2 lists`, `1 entry`, `2 entries`.
pub(super) fn count(number: usize, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) if !stem.ends_with('e') => format!("{number} {stem}ies"),
        _ => format!("{number} {what}s"),
    }
}
