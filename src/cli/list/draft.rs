use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    app::own_hosts,
    cli::{Exit, Failure, output::people, work::Work},
    config::durable,
    list::{self, Checked, ListAction},
};

/// A list file that is to change: how it was read, and how it will be.
pub(super) struct Draft {
    /// The list's name.
    pub(super) name: String,
    /// Where it stands; of a symbolic link, what it leads to.
    pub(super) path: PathBuf,
    /// `None` where it is not there yet.
    pub(super) old: Option<Vec<u8>>,
    /// What will stand there.
    pub(super) new: Vec<u8>,
}

impl Draft {
    /// Opens a list of the folder. Where it is not there, it begins with `action`, if one is given.
    pub(super) fn open(work: &Work, name: &str, action: Option<ListAction>) -> Result<Self, Failure> {
        let name = name.strip_suffix(".list").unwrap_or(name);
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) {
            return Err(Failure::new(
                Exit::Usage,
                format_args!("{name:?} is no name of a list: give it without a path"),
            ));
        }
        let written = work.config.blocklists.path().join(format!("{name}.list"));
        let path = fs::canonicalize(&written).unwrap_or(written);
        let old = match fs::read(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unreadable(&path, &error)),
        };
        let new = match (&old, action) {
            (Some(text), Some(action)) if list::action_of(text) != action => {
                let there = list::action_of(text);
                let what =
                    format_args!("the list {name:?} is there and says `@action {there}`, not {action}").to_string();
                return Err(Failure::new(Exit::Usage, what));
            }
            (Some(text), _) => text.clone(),
            (None, Some(action)) => format!("@action {action}\n\n").into_bytes(),
            (None, None) => {
                let what = format!("there is no list {name:?} ({}); make it with --action block", path.display());
                return Err(Failure::new(Exit::NoInput, what));
            }
        };
        Ok(Self { name: name.to_owned(), path, old, new })
    }

    /// All lists of the folder as they would be read then, this one first.
    pub(super) fn check(&self, work: &Work) -> Result<Vec<Checked>, Failure> {
        let mut texts = vec![(self.name.clone(), self.new.clone())];
        for list in work.shelf_of(&[work.config.blocklists.path().to_owned()])?.lists() {
            if list.name != self.name {
                let path = work.config.blocklists.path().join(format!("{}.list", list.name));
                texts.push((list.name.clone(), fs::read(&path).map_err(|error| unreadable(&path, &error))?));
            }
        }
        let files: Vec<(&str, &[u8])> = texts.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
        Ok(list::check(&files, &work.suffixes, &own_hosts(&work.config)))
    }

    /// Puts it in the place of the old one, whole. Nothing is written where somebody else wrote meanwhile.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let unwritable = |error: io::Error| {
            Failure::new(Exit::CannotCreate, format_args!("cannot write {}: {error}", self.path.display()))
        };
        let Some(old) = &self.old else {
            return durable::create(&self.path, &self.new, 0o644).map_err(unwritable);
        };
        let now = fs::read(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        if now != *old {
            let what = format!("{} was changed meanwhile; nothing was written, try again", self.path.display());
            return Err(Failure::new(Exit::Unavailable, what));
        }
        let mode = fs::metadata(&self.path).map_or(0o644, |metadata| metadata.permissions().mode() & 0o777);
        durable::replace(&self.path, &self.new, mode).map_err(unwritable)
    }
}

/// Says which lists would not take their new version, by the first line that is bad in each.
pub(super) fn say_what_is_bad(checked: &[Checked]) {
    for bad in checked.iter().filter_map(|checked| checked.bad.first()) {
        people(&format!("while {bad} — this list keeps its last good version"));
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NoInput } else { Exit::Io };
    Failure::new(exit, format_args!("cannot read {}: {error}", path.display()))
}

/// A line that comes or goes.
#[derive(serde::Serialize)]
pub(super) struct Change<'t> {
    /// `+` or `-`.
    pub(super) sign: char,
    pub(super) line: u32,
    pub(super) text: &'t str,
}

impl Change<'_> {
    pub(super) fn shown(&self, name: &str) -> String {
        format!("{} {name}.list:{}: {}", self.sign, self.line, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_over_what_somebody_else_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.list");
        fs::write(&path, "theirs\n").unwrap();
        let draft = |old: Option<&str>| Draft {
            name: "x".into(),
            path: path.clone(),
            old: old.map(|text| text.as_bytes().to_vec()),
            new: b"ours\n".to_vec(),
        };
        assert_eq!(draft(Some("before\n")).write().unwrap_err().exit, Exit::Unavailable);
        assert_eq!(draft(None).write().unwrap_err().exit, Exit::CannotCreate, "one that was made meanwhile");
        assert_eq!(fs::read(&path).unwrap(), b"theirs\n");
        draft(Some("theirs\n")).write().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"ours\n");
        fs::remove_file(&path).unwrap();
        assert_eq!(draft(Some("ours\n")).write().unwrap_err().exit, Exit::NoInput, "one that was deleted meanwhile");
    }
}
