use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// Messages that are under way or failed, at most; of more nobody counts how often they failed, so that they are tried
/// again without end, and nothing is lost.
const MOST: usize = 65_536;

/// No mail system tries longer than this (Postfix gives up after five days, RFC 5321 section 4.5.4.1 asks for four to five).
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 3600);

/// How often each message was begun and not ended, on the disk: one that makes the process die is counted too.
///
/// A message has a file while it is examined, one byte long for each attempt, and none once that went well.
#[derive(Debug)]
pub struct Attempts {
    folder: PathBuf,
    files: AtomicUsize,
}

impl Attempts {
    /// Uses `folder`, makes it where there is none, and throws out what was forgotten there. Error: it cannot be made or
    /// read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut files = 0;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let age = entry.metadata().and_then(|about| about.modified()).ok().and_then(|then| then.elapsed().ok());
            if age.is_some_and(|age| age > FORGOTTEN) {
                fs::remove_file(entry.path())?;
            } else {
                files += 1;
            }
        }
        Ok(Self { folder: folder.to_owned(), files: AtomicUsize::new(files) })
    }

    /// Writes down that a message is begun, and tells how often it was begun before and never ended. Error: the disk,
    /// and then the message must not be begun.
    pub fn begin(&self, imprint: &[u8; 32]) -> io::Result<u64> {
        let path = self.path(imprint);
        let known = fs::metadata(&path).map(|about| about.len()).ok();
        if known.is_none() && self.files.fetch_add(1, Relaxed) >= MOST {
            self.files.fetch_sub(1, Relaxed);
            return Ok(0);
        }
        let mut file = File::options().append(true).create(true).open(&path)?;
        file.write_all(b".")?;
        Ok(known.unwrap_or(0))
    }

    /// The message came to an end, or failed for a reason that is not its own.
    pub fn forget(&self, imprint: &[u8; 32]) {
        if fs::remove_file(self.path(imprint)).is_ok() {
            self.files.fetch_sub(1, Relaxed);
        }
    }

    fn path(&self, imprint: &[u8; 32]) -> PathBuf {
        use std::fmt::Write as _;
        let mut name = String::with_capacity(64);
        for byte in imprint {
            let _ = write!(name, "{byte:02x}");
        }
        self.folder.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_never_ended_is_counted_over_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let attempts = Attempts::open(folder.path()).unwrap();
        assert_eq!((attempts.begin(&[1; 32]).unwrap(), attempts.begin(&[1; 32]).unwrap()), (0, 1));
        attempts.begin(&[2; 32]).unwrap();
        attempts.forget(&[2; 32]);
        drop(attempts);
        let attempts = Attempts::open(folder.path()).unwrap();
        assert_eq!((attempts.begin(&[1; 32]).unwrap(), attempts.begin(&[2; 32]).unwrap()), (2, 0));
        assert_eq!(attempts.files.load(Relaxed), 2);
    }

    #[test]
    fn old_ones_are_thrown_out_and_there_are_never_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let attempts = Attempts::open(folder.path()).unwrap();
        attempts.begin(&[1; 32]).unwrap();
        let old = std::time::UNIX_EPOCH;
        File::options().append(true).open(attempts.path(&[1; 32])).unwrap().set_modified(old).unwrap();
        let attempts = Attempts::open(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        attempts.files.store(MOST, Relaxed);
        assert_eq!((attempts.begin(&[3; 32]).unwrap(), attempts.begin(&[3; 32]).unwrap()), (0, 0));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
