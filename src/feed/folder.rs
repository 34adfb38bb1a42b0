use std::{
    collections::BTreeMap,
    fs::{self, File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{
    list::{self, BadLine, Checked},
    url::Suffixes,
};

/// Bytes of one list, at most.
pub const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;
/// Bytes of a long list in which its action is looked for.
const FRONT_BYTES: u64 = 64 * 1024;
/// Lists of one folder, at most.
pub const MAX_FILES: usize = 1000;

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    identity: (u64, u64),
    changed: [(i64, i64); 2],
}

/// What the names of lists that others keep begin with: they stand in a folder of their own, and no name of a file in
/// the admins' folder can begin so.
pub const OF_OTHERS: &str = "feeds/";

/// Where lists stand.
#[derive(Debug, Clone)]
pub(super) struct Folders {
    /// Those of admins.
    pub(super) own: PathBuf,
    /// Those that others keep, where there are any.
    pub(super) feeds: Option<PathBuf>,
}

impl Folders {
    /// Looks at every list. A folder of feeds that is not there holds none.
    pub(super) fn scan(&self) -> io::Result<Stamps> {
        let mut stamps = scan(&self.own)?;
        let feeds = match self.feeds.as_deref().map(scan) {
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => None,
            found => found.transpose()?,
        };
        stamps.extend(feeds.into_iter().flatten().map(|(name, stamp)| (format!("{OF_OTHERS}{name}"), stamp)));
        Ok(stamps)
    }

    /// Where the list of this name stands.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        match (name.strip_prefix(OF_OTHERS), &self.feeds) {
            (Some(name), Some(feeds)) => path_of(feeds, name),
            _ => path_of(&self.own, name),
        }
    }
}

/// Whether others keep the list of this name. Of such a list the good lines always count: nobody here can mend it.
pub(super) fn is_of_others(name: &str) -> bool {
    name.starts_with(OF_OTHERS)
}

/// What stands in the folder: list names, each with its stamp, or none where the file cannot be looked at.
pub(super) type Stamps = BTreeMap<String, Option<Stamp>>;

/// Looks at every list of a folder. Symbolic links are followed; hidden files (which editors make) and everything that
/// is no plain file are passed over.
pub(super) fn scan(folder: &Path) -> io::Result<Stamps> {
    let mut stamps = Stamps::new();
    for item in fs::read_dir(folder)? {
        let name = item?.file_name();
        let Some(stem) = name.to_str().and_then(list_name) else { continue };
        match fs::metadata(folder.join(&name)) {
            Ok(metadata) if metadata.is_file() => stamps.insert(stem.to_owned(), Some(Stamp::of(&metadata))),
            Ok(_) => None,
            // Gone since, or a link to nothing: the same as not being there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => stamps.insert(stem.to_owned(), None),
        };
        if stamps.len() > MAX_FILES {
            return Err(io::Error::other(format!(
                "more than {MAX_FILES} lists stand in it; put several into one file"
            )));
        }
    }
    Ok(stamps)
}

/// The stamp of one file.
pub(super) fn stamp_of(path: &Path) -> io::Result<Stamp> {
    Ok(Stamp::of(&fs::metadata(path)?))
}

/// The first bytes of a list, in which its directives stand.
pub(super) fn front(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FRONT_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The name of the list in a file of this name, if it is one.
pub(super) fn list_name(file_name: &str) -> Option<&str> {
    file_name.strip_suffix(".list").filter(|stem| !stem.is_empty() && !stem.starts_with('.'))
}

/// Where the list of this name stands.
pub(super) fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.list"))
}

/// The bytes of a list, at most [`MAX_FILE_BYTES`].
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("the file is larger than {MAX_FILE_BYTES} bytes; split it")));
    }
    Ok(bytes)
}

/// Names the file of bad lines as the reader should find it.
pub(super) fn locate(bad: &mut [BadLine], path: &Path) {
    for line in bad {
        line.file = path.display().to_string();
    }
}

/// Reads and checks lists that belong together: every list of each folder, and each file, named; beside them those of
/// `feeds`, by the name of the feed. Nothing is put in force.
///
/// # Errors
/// The path that cannot be read, and why.
pub fn check(
    paths: &[PathBuf],
    feeds: &[(String, PathBuf)],
    suffixes: &Suffixes,
    own_hosts: &[String],
) -> io::Result<Vec<Checked>> {
    let named = |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let names = scan(path).map_err(|error| named(path, error))?.into_keys();
            files.extend(names.map(|name| (path_of(path, &name), name)));
        } else {
            let name = path.file_stem().map(|stem| stem.display().to_string()).unwrap_or_default();
            files.push((path.clone(), name));
        }
    }
    files.extend(feeds.iter().map(|(name, path)| (path.clone(), format!("{OF_OTHERS}{name}"))));
    let read_all = files.iter().map(|(path, _)| read(path).map_err(|error| named(path, error)));
    let texts: Vec<Vec<u8>> = read_all.collect::<io::Result<_>>()?;
    let set: Vec<(&str, &[u8])> = files.iter().zip(&texts).map(|((_, name), text)| (&**name, &**text)).collect();
    let mut checked = list::check(&set, suffixes, own_hosts);
    for (checked, (path, _)) in checked.iter_mut().zip(&files) {
        locate(&mut checked.bad, path);
    }
    Ok(checked)
}

impl Stamp {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Changing a file's contents changes its ctime even where a tool sets its mtime back.
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            size: metadata.size(),
            identity: (metadata.dev(), metadata.ino()),
            changed: [(metadata.mtime(), metadata.mtime_nsec()), (metadata.ctime(), metadata.ctime_nsec())],
        }
    }

    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Self {
        let since = |time: io::Result<std::time::SystemTime>| {
            let since = time.ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
            (since.as_secs() as i64, i64::from(since.subsec_nanos()))
        };
        Self {
            size: metadata.len(),
            identity: (0, 0),
            changed: [since(metadata.modified()), since(metadata.created())],
        }
    }
}
