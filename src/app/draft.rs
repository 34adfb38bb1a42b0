use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{ListsError, Shelf, own_hosts};
use crate::{
    config::{Config, durable},
    list::{self, Checked, ListAction},
    url::Suffixes,
};

/// A list file that is to change: how it was read, and how it will be.
#[derive(Debug)]
pub struct Draft {
    /// The list's name.
    pub name: String,
    /// Where it stands; of a symbolic link, what it leads to.
    pub path: PathBuf,
    /// `None` where it is not there yet.
    pub old: Option<Vec<u8>>,
    /// What will stand there.
    pub new: Vec<u8>,
}

/// Why a list file does not change.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// Not the name of an admin's list.
    #[error("{0:?} is no name of a list: give it without a path")]
    Name(String),
    /// It does something else.
    #[error("the list {name:?} is there and says `@action {there}`, not {wanted}")]
    Action {
        /// Which.
        name: String,
        /// What it does.
        there: ListAction,
        /// What was wanted.
        wanted: ListAction,
    },
    /// It is not there.
    #[error("there is no list {name:?} ({}); make it with --action block", path.display())]
    Missing {
        /// Which.
        name: String,
        /// Where it would be.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Somebody else wrote.
    #[error("{} was changed meanwhile; nothing was written, try again", .0.display())]
    Changed(PathBuf),
    /// The other lists.
    #[error(transparent)]
    Lists(#[from] ListsError),
}

impl Draft {
    /// Opens a list of the folder. Where it is not there, it begins with `action`, if one is given.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn open(config: &Config, name: &str, action: Option<ListAction>) -> Result<Self, DraftError> {
        let name = name.strip_suffix(".list").unwrap_or(name);
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            return Err(DraftError::Name(name.to_owned()));
        }
        let written = config.blocklists.path().join(format!("{name}.list"));
        let path = fs::canonicalize(&written).unwrap_or(written);
        let old = match fs::read(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(DraftError::Unreadable { path, error }),
        };
        let new = match (&old, action) {
            (Some(text), Some(wanted)) if list::action_of(text) != wanted => {
                let there = list::action_of(text);
                return Err(DraftError::Action { name: name.to_owned(), there, wanted });
            }
            (Some(text), _) => text.clone(),
            (None, Some(action)) => format!("@action {action}\n\n").into_bytes(),
            (None, None) => return Err(DraftError::Missing { name: name.to_owned(), path }),
        };
        Ok(Self { name: name.to_owned(), path, old, new })
    }

    /// All lists of the folder as they would be read then, this one first.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn check(&self, config: &Config, suffixes: &Suffixes) -> Result<Vec<Checked>, DraftError> {
        let folder = config.blocklists.path().to_owned();
        let own_hosts = own_hosts(config);
        let mut texts = vec![(self.name.clone(), self.new.clone())];
        for list in Shelf::read(std::slice::from_ref(&folder), &[], suffixes, &own_hosts)?.lists() {
            if list.name != self.name {
                let path = folder.join(format!("{}.list", list.name));
                let text = fs::read(&path).map_err(|error| DraftError::Unreadable { path, error })?;
                texts.push((list.name.clone(), text));
            }
        }
        let files: Vec<(&str, &[u8])> = texts.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
        Ok(list::check(&files, suffixes, &own_hosts))
    }

    /// Puts it in the place of the old one, whole. Nothing is written where somebody else wrote meanwhile.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn write(&self) -> Result<(), DraftError> {
        let unwritable = |error: io::Error| DraftError::Unwritable { path: self.path.clone(), error };
        let Some(old) = &self.old else {
            return durable::create(&self.path, &self.new, 0o644).map_err(unwritable);
        };
        let now = fs::read(&self.path).map_err(|error| unreadable(&self.path, error))?;
        if now != *old {
            return Err(DraftError::Changed(self.path.clone()));
        }
        let mode = fs::metadata(&self.path).map_or(0o644, |metadata| metadata.permissions().mode() & 0o777);
        durable::replace(&self.path, &self.new, mode).map_err(unwritable)
    }
}

fn unreadable(path: &Path, error: io::Error) -> DraftError {
    DraftError::Unreadable { path: path.to_owned(), error }
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
        assert!(matches!(draft(Some("before\n")).write(), Err(DraftError::Changed(_))));
        assert!(matches!(draft(None).write(), Err(DraftError::Unwritable { .. })), "one that was made meanwhile");
        assert_eq!(fs::read(&path).unwrap(), b"theirs\n");
        draft(Some("theirs\n")).write().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"ours\n");
        fs::remove_file(&path).unwrap();
        assert!(
            matches!(draft(Some("ours\n")).write(), Err(DraftError::Unreadable { .. })),
            "one that was deleted meanwhile"
        );
    }
}
