//! An mbox: messages in one file, each behind a `From ` line. What is made grows beside its place, with a note of how far
//! it came after each message; a run that was broken off goes on from there. It takes its place when it is whole.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::{Press, appear, cannot, keep};
use crate::cli::{Exit, Failure};

pub(super) fn run(press: &mut Press<'_>, from: &Path, to: &Path) -> Result<(), Failure> {
    if to.symlink_metadata().is_ok() {
        let what = format!("{} is there already, and nothing is overwritten", to.display());
        return Err(Failure::new(Exit::CannotCreate, what));
    }
    let unreadable = |error| Failure::new(Exit::NoInput, format_args!("cannot read {}: {error}", from.display()));
    let mut source = BufReader::new(File::open(from).map_err(unreadable)?);
    let length = source.get_ref().metadata().map_err(unreadable)?.len();
    let mut work = Work::open(to, length)?;
    press.bar.set_length(length);
    press.bar.set_position(work.read);
    press.summary.there += work.messages;
    source.seek(SeekFrom::Start(work.read)).map_err(unreadable)?;
    while let Some(entry) = Entry::next(&mut source, work.read, press.message_bytes).map_err(unreadable)? {
        let at = work.read;
        let Some(envelope) = entry.envelope else {
            return Err(Failure::new(
                Exit::Data,
                format_args!("{} is no mbox: it does not begin with `From `", from.display()),
            ));
        };
        let message = press.message(&format_args!("message at byte {at}"), &entry.message)?;
        work.add(&envelope, message.as_deref(), entry.end)?;
        press.bar.set_position(work.read);
    }
    work.finish(to)
}

/// One message of an mbox.
struct Entry {
    /// The `From ` line with its line break.
    envelope: Option<Vec<u8>>,
    message: Vec<u8>,
    /// Where the next one begins.
    end: u64,
}

impl Entry {
    /// The entry that begins at `at`. Of a message that is too long no more is kept than shows that it is.
    fn next(source: &mut BufReader<File>, at: u64, message_bytes: u64) -> std::io::Result<Option<Self>> {
        let mut entry = Self { envelope: None, message: Vec::new(), end: at };
        let (mut line, mut after_blank) = (Vec::new(), true);
        loop {
            line.clear();
            let read = source.by_ref().take(1 << 20).read_until(b'\n', &mut line)?;
            if read == 0 {
                let empty = entry.envelope.is_none() && entry.message.is_empty();
                return Ok(Some(entry).filter(|_| !empty));
            }
            if line.starts_with(b"From ") && after_blank {
                if entry.end > at {
                    source.seek_relative(-i64::try_from(read).unwrap_or_default())?;
                    return Ok(Some(entry));
                }
                entry.envelope = Some(std::mem::take(&mut line));
            } else {
                if entry.message.len() as u64 <= message_bytes {
                    entry.message.extend_from_slice(&line);
                }
                after_blank = line.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
            }
            entry.end += read as u64;
        }
    }
}

/// What is being made.
struct Work {
    part: PathBuf,
    notes: PathBuf,
    out: BufWriter<File>,
    journal: File,
    /// Bytes of the source that are dealt with, and bytes written.
    read: u64,
    written: u64,
    messages: usize,
}

impl Work {
    fn open(to: &Path, length: u64) -> Result<Self, Failure> {
        let beside = |ending: &str| {
            let mut name = to.file_name().unwrap_or_default().to_owned();
            name.push(ending);
            to.with_file_name(name)
        };
        let (part, notes) = (beside(".sekisho-part"), beside(".sekisho-notes"));
        let open = |path: &Path| {
            let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
            file.map_err(|error| cannot("write", path, &error))
        };
        let (mut out, mut journal) = (open(&part)?, open(&notes)?);
        if journal.try_lock().is_err() {
            return Err(Failure::new(Exit::Unavailable, format_args!("another run is writing to {}", to.display())));
        }
        let mut text = String::new();
        journal.read_to_string(&mut text).map_err(|error| cannot("read", &notes, &error))?;
        let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let mut places = lines.filter_map(|line| {
            let (read, written) = line.trim_end().split_once(' ')?;
            Some((read.parse::<u64>().ok()?, written.parse::<u64>().ok()?))
        });
        let first = places.next();
        if first.is_some_and(|(before, _)| before != length) {
            let what = format!(
                "the mbox is not the one that a run before began with; remove {} and {} to begin anew",
                part.display(),
                notes.display()
            );
            return Err(Failure::new(Exit::Data, what));
        }
        let places: Vec<(u64, u64)> = places.collect();
        let (read, written) = places.last().copied().unwrap_or_default();
        let failed = |error| cannot("write", &part, &error);
        out.set_len(written).map_err(failed)?;
        out.seek(SeekFrom::End(0)).map_err(failed)?;
        let work = Self { part, notes, out: BufWriter::new(out), journal, read, written, messages: places.len() };
        if first.is_none() {
            work.note(length, 0)?;
        }
        Ok(work)
    }

    fn note(&self, read: u64, written: u64) -> Result<(), Failure> {
        let mut journal = &self.journal;
        let noted =
            journal.seek(SeekFrom::End(0)).and_then(|_| journal.write_all(format!("{read} {written}\n").as_bytes()));
        noted.map_err(|error| cannot("write", &self.notes, &error))
    }

    /// The next message; `None` for one that is left out.
    fn add(&mut self, envelope: &[u8], message: Option<&[u8]>, end: u64) -> Result<(), Failure> {
        if let Some(message) = message {
            let mut entry = envelope.to_vec();
            quoted(message, &mut entry);
            let written = self.out.write_all(&entry).and_then(|()| self.out.flush());
            // The note must not be there before what it speaks of.
            let kept = written.and_then(|()| self.out.get_ref().sync_data());
            kept.map_err(|error| cannot("write", &self.part, &error))?;
            self.written += entry.len() as u64;
        }
        self.read = end;
        self.messages += 1;
        self.note(self.read, self.written)
    }

    fn finish(mut self, to: &Path) -> Result<(), Failure> {
        let kept = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        kept.map_err(|error| cannot("write", &self.part, &error))?;
        if !appear(&self.part, to)? {
            let what = format!("{} appeared meanwhile, and nothing is overwritten", to.display());
            return Err(Failure::new(Exit::CannotCreate, what));
        }
        fs::remove_file(&self.notes).map_err(|error| cannot("remove", &self.notes, &error))?;
        keep(to)
    }
}

/// A message as an mbox holds it: no line of it begins one, and an empty line ends it.
fn quoted(message: &[u8], out: &mut Vec<u8>) {
    let mut after_blank = false;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"From ") && after_blank {
            out.push(b'>');
        }
        out.extend_from_slice(line);
        after_blank = line.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
    }
    if !message.ends_with(b"\n") {
        out.push(b'\n');
    }
    if !after_blank && !message.is_empty() {
        out.push(b'\n');
    }
}
