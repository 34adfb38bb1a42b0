use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::PathBuf,
};

use crate::list::{Scratch, Target};

/// Runs in files beside what is made of them; they go when it is made.
pub(super) struct ScratchFiles {
    stem: PathBuf,
    files: Vec<PathBuf>,
}

impl ScratchFiles {
    /// Files whose names begin as this path and end in `.run` and a number.
    pub(super) fn new(stem: PathBuf) -> Self {
        Self { stem, files: Vec::new() }
    }
}

impl Scratch for ScratchFiles {
    fn begin(&mut self) -> io::Result<Box<dyn Write + '_>> {
        let mut name = self.stem.clone().into_os_string();
        name.push(format!(".run{}", self.files.len()));
        let path = PathBuf::from(name);
        let file = File::create(&path)?;
        self.files.push(path);
        Ok(Box::new(file))
    }

    fn runs(&mut self) -> io::Result<Vec<Box<dyn Read>>> {
        self.files.iter().map(|path| Ok(Box::new(File::open(path)?) as Box<dyn Read>)).collect()
    }
}

impl Drop for ScratchFiles {
    fn drop(&mut self) {
        for path in &self.files {
            // Best effort: what is left is swept away at the next start.
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
