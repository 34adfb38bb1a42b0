use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::PathBuf,
    thread::{self, JoinHandle},
};

use crate::list::{Scratch, Target, Unsorted};

/// Runs in files beside what is made of them; they go when it is made. A thread sorts and writes one of them while the
/// list is read on.
pub(super) struct ScratchFiles {
    stem: PathBuf,
    files: Vec<PathBuf>,
    writing: Option<JoinHandle<io::Result<()>>>,
}

impl ScratchFiles {
    /// Files whose names begin as this path and end in `.run` and a number.
    pub(super) fn new(stem: PathBuf) -> Self {
        Self { stem, files: Vec::new(), writing: None }
    }

    /// Waits for the run that is being written.
    fn settle(&mut self) -> io::Result<()> {
        let panicked = |_| Err(io::Error::other("a thread that sorted entries failed; please report this"));
        self.writing.take().map_or(Ok(()), |thread| thread.join().unwrap_or_else(panicked))
    }
}

impl Scratch for ScratchFiles {
    fn put(&mut self, run: Unsorted) -> io::Result<()> {
        // One at a time: each holds as much memory as the one that is being gathered.
        self.settle()?;
        let mut name = self.stem.clone().into_os_string();
        name.push(format!(".run{}", self.files.len()));
        let path = PathBuf::from(name);
        let mut file = File::create(&path)?;
        self.files.push(path);
        self.writing = Some(thread::Builder::new().name("sort".into()).spawn(move || run.write(&mut file))?);
        Ok(())
    }

    fn runs(&mut self) -> io::Result<Vec<Box<dyn Read>>> {
        self.settle()?;
        self.files.iter().map(|path| Ok(Box::new(File::open(path)?) as Box<dyn Read>)).collect()
    }
}

impl Drop for ScratchFiles {
    fn drop(&mut self) {
        // Best effort, both: what went wrong was told, and what is left is swept away at the next start.
        let _ = self.settle();
        for path in &self.files {
            let _ = fs::remove_file(path);
        }
    }
}

/// A file that an index is written to.
pub(super) struct TargetFile(pub(super) File);

impl Target for TargetFile {
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        use std::io::{Seek, SeekFrom};
        self.0.seek(SeekFrom::Start(at))?;
        self.0.write_all(bytes)
    }
}
