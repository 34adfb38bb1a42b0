//! Files of sources: whole or not there, with the one before beside it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Puts these bytes in the place of what is there; what was there is found under [`before`] from then on. At every
/// moment one whole version is there under one of the two names.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let fresh = beside(path, "new");
    // Left by a process that was killed half-way; nobody else writes this name.
    let _ = fs::remove_file(&fresh);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let old = before(path);
    match fs::remove_file(&old).and_then(|()| fs::hard_link(path, &old)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => drop(fs::hard_link(path, &old)),
        other => other?,
    }
    fs::rename(&fresh, path)?;
    // A rename lasts only once its folder is on disk (fsync(2)).
    File::open(folder)?.sync_all()
}

/// Where the version before lies.
pub(super) fn before(path: &Path) -> PathBuf {
    beside(path, "before")
}

/// The bytes of a file, at most so many. Errors: it is longer, or cannot be read.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("{} is larger than {most} bytes", path.display())));
    }
    Ok(bytes)
}

fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_the_one_before_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/list");
        replace(&path, b"one").unwrap();
        assert_eq!(read(&path, 3).unwrap(), b"one");
        assert!(!before(&path).exists());
        replace(&path, b"two").unwrap();
        replace(&path, b"three").unwrap();
        assert_eq!((read(&path, 9).unwrap(), read(&before(&path), 9).unwrap()), (b"three".to_vec(), b"two".to_vec()));
        assert!(read(&path, 4).unwrap_err().to_string().contains("larger than 4 bytes"));
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 2, "nothing else is left behind");
    }
}
