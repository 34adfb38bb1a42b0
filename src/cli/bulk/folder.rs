//! A folder of messages, a Maildir among them: every file in it is one message, and appears under the same name.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{Press, appear, cannot, keep};
use crate::cli::{Exit, Failure};

/// Folders inside one another, at most.
const DEPTH: usize = 32;

/// What is being written. Locked by whoever writes, and gone when he is done.
const PART: &str = ".sekisho-part";

/// Files of mail programs beside the messages.
const NO_MESSAGES: [&str; 6] = ["maildirfolder", "dovecot", "courierimap", "subscriptions", ".", "cyrus"];

pub(super) fn run(press: &mut Press<'_>, from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(|error| cannot("make", to, &error))?;
    let part = to.join(PART);
    let lock = File::options().write(true).create(true).truncate(false).open(&part);
    let lock = lock.map_err(|error| cannot("write", &part, &error))?;
    if lock.try_lock().is_err() {
        let what = format!("another run is writing to {}", to.display());
        return Err(Failure::new(Exit::Unavailable, what));
    }
    let messages = messages(press, from)?;
    press.bar.set_length(messages.iter().map(|(_, length)| length).sum());
    let new = to.join(format!("{PART}.new"));
    for (name, length) in messages {
        one(press, &from.join(&name), &to.join(&name), &new, &name)?;
        press.bar.inc(length);
    }
    fs::remove_file(&part).map_err(|error| cannot("remove", &part, &error))
}

/// Paths under `from` with their lengths, in a stable order.
fn messages(press: &mut Press<'_>, from: &Path) -> Result<Vec<(PathBuf, u64)>, Failure> {
    let (mut found, mut open) = (Vec::new(), vec![(PathBuf::new(), 0)]);
    while let Some((folder, depth)) = open.pop() {
        let path = from.join(&folder);
        let unreadable = |error| Failure::new(Exit::NoInput, format_args!("cannot read {}: {error}", path.display()));
        let is_maildir = path.join("cur").is_dir() && path.join("new").is_dir();
        for entry in fs::read_dir(&path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (name, kind) = (entry.file_name(), entry.file_type().map_err(unreadable)?);
            let inside = folder.join(&name);
            let text = name.to_string_lossy();
            if kind.is_dir() {
                // What is being delivered is no message yet.
                if !(is_maildir && name == "tmp") && depth < DEPTH {
                    open.push((inside, depth + 1));
                }
            } else if kind.is_file() && !NO_MESSAGES.iter().any(|other| text.starts_with(other)) {
                found.push((inside, entry.metadata().map_err(unreadable)?.len()));
            } else {
                press.summary.skipped += 1;
            }
        }
        if is_maildir {
            found.retain(|(file, _)| file.parent() != Some(folder.as_path()));
        }
    }
    found.sort();
    Ok(found)
}

fn one(press: &mut Press<'_>, from: &Path, to: &Path, part: &Path, name: &Path) -> Result<(), Failure> {
    if to.symlink_metadata().is_ok() {
        press.summary.there += 1;
        return Ok(());
    }
    let mut raw = Vec::new();
    let read = File::open(from).and_then(|file| file.take(press.message_bytes + 1).read_to_end(&mut raw));
    if let Err(error) = read {
        press.summary.refuse(&name.display(), &format_args!("cannot read it: {error}"));
        return Ok(());
    }
    let Some(message) = press.message(&name.display(), &raw)? else { return Ok(()) };
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(|error| cannot("make", folder, &error))?;
    // A Maildir has three folders, empty ones too.
    if let (Some("cur" | "new"), Some(maildir)) = (folder.file_name().and_then(|name| name.to_str()), folder.parent()) {
        for name in ["cur", "new", "tmp"] {
            let folder = maildir.join(name);
            fs::create_dir_all(&folder).map_err(|error| cannot("make", &folder, &error))?;
        }
    }
    let written = File::create(part).and_then(|mut file| {
        file.write_all(&message)?;
        file.sync_data()
    });
    written.map_err(|error| cannot("write", part, &error))?;
    if !appear(part, to)? {
        press.summary.there += 1;
    }
    keep(to)
}
