//! A file that holds a segment: its room is reserved, its head says which one it is, and behind that stand frames.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crc32fast::Hasher;
use rustix::fs::FallocateFlags;

use super::{
    SpoolId,
    frame::{Checker, EVENT_MAX, Found, HEAD},
};

/// Where the first frame stands: the head has a block of its own, which no write of a frame touches.
pub(super) const FIRST: u32 = 4096;

/// Format and version of it.
const MAGIC: [u8; 8] = *b"SKSHSPL1";

/// Where the seal stands.
const SEAL_AT: usize = 64;
const SEAL_END: usize = SEAL_AT + 12;

/// How much is read at once. No frame is longer.
const CHUNK: usize = 2 * EVENT_MAX;

/// A file for one segment after the other.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) path: PathBuf,
    file: File,
    pub(super) size: u32,
    /// Makes the disk fail.
    #[cfg(test)]
    pub(super) broken: std::sync::atomic::AtomicBool,
}

/// Which segment a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// None.
    Empty,
    /// This one; the extent is known where it was sealed.
    Segment(SpoolId, u64, Option<Extent>),
    /// Something that is not ours, of a newer format, or damaged.
    Unknown,
}

/// How far frames reach, and how many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct Extent {
    pub(in crate::store) at: u32,
    pub(in crate::store) events: u32,
}

impl Extent {
    pub(super) const NOTHING: Self = Self { at: FIRST, events: 0 };
}

impl Slot {
    /// Makes a file and reserves its room. It is not there afterwards if that fails.
    pub(super) fn make(path: PathBuf, size: u32) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let slot = Self::of(path, file, size);
        match slot.reserve() {
            Ok(()) => Ok(slot),
            Err(error) => {
                // Half a file is worth nothing; that it could not even be removed would hide the first error.
                let _ = fs::remove_file(&slot.path);
                Err(error)
            }
        }
    }

    /// A file that is there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let size = u32::try_from(file.metadata()?.len()).unwrap_or(u32::MAX);
        Ok(Self::of(path.to_owned(), file, size))
    }

    fn of(path: PathBuf, file: File, size: u32) -> Self {
        Self {
            path,
            file,
            size,
            #[cfg(test)]
            broken: false.into(),
        }
    }

    fn reserve(&self) -> io::Result<()> {
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, self.size.into()) {
            Err(rustix::io::Errno::OPNOTSUPP) => self.write_zeros(0)?,
            reserved => reserved?,
        }
        self.file.sync_all()
    }

    /// Makes everything from `from` on zeros, and keeps the room.
    pub(super) fn zero(&self, from: u32) -> io::Result<()> {
        let length = u64::from(self.size.saturating_sub(from));
        if length == 0 {
            return Ok(());
        }
        match rustix::fs::fallocate(&self.file, FallocateFlags::ZERO_RANGE, from.into(), length) {
            Err(rustix::io::Errno::OPNOTSUPP) => self.write_zeros(from),
            zeroed => Ok(zeroed?),
        }
    }

    fn write_zeros(&self, from: u32) -> io::Result<()> {
        let zeros = vec![0; CHUNK];
        let mut at = from;
        while at < self.size {
            let length = self.size.saturating_sub(at).min(CHUNK as u32);
            self.file.write_all_at(zeros.get(..length as usize).unwrap_or_default(), at.into())?;
            at += length;
        }
        Ok(())
    }

    /// Writes frames, or whatever stands at `at`.
    pub(super) fn write(&self, bytes: &[u8], at: u32) -> io::Result<()> {
        self.file.write_all_at(bytes, at.into())
    }

    /// Waits until what was written is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        if self.broken.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(io::Error::other("broken by a test"));
        }
        self.file.sync_data()
    }

    pub(super) fn head(&self) -> io::Result<Head> {
        let mut block = [0; SEAL_END];
        match self.file.read_exact_at(&mut block, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Head::Empty),
            read => read?,
        }
        Ok(Head::of(&block))
    }

    /// Makes the file hold this segment, without a frame yet.
    pub(super) fn begin(&self, spool: SpoolId, segment: u64) -> io::Result<()> {
        self.write(&head(spool, segment), 0)
    }

    /// Says how far the frames reach, so that nobody has to read them to know.
    pub(super) fn seal(&self, spool: SpoolId, segment: u64, extent: Extent) -> io::Result<()> {
        self.write(&seal(spool, segment, extent), SEAL_AT as u32)
    }

    /// Hands over the events from `from` to `to`, at most `most`: where it ended, and how many of them are torn.
    pub(super) fn read(
        &self,
        checker: &Checker,
        from: Extent,
        to: Extent,
        most: usize,
        mut take: impl FnMut(&[u8]),
    ) -> io::Result<(Extent, u32)> {
        let (mut here, mut torn, mut taken) = (from, 0_u32, 0);
        let mut chunk = vec![0; CHUNK.min(to.at.saturating_sub(from.at) as usize)];
        while here.at < to.at && taken < most {
            let length = (to.at - here.at).min(chunk.len() as u32);
            let bytes = chunk.get_mut(..length as usize).unwrap_or_default();
            self.file.read_exact_at(bytes, here.at.into())?;
            let (last, mut bytes) = (here.at + length == to.at, &*bytes);
            while !bytes.is_empty() && taken < most {
                let size = match checker.read(here.at, bytes) {
                    Found::Event(event) => {
                        take(event);
                        taken += 1;
                        HEAD + event.len()
                    }
                    Found::Short if !last => break,
                    Found::End | Found::Short | Found::Torn => match checker.past(here.at, bytes) {
                        Some(size) => {
                            torn += 1;
                            size
                        }
                        // Whatever stands behind it cannot be found again.
                        None => return Ok((to, torn + to.events.saturating_sub(here.events))),
                    },
                };
                here = Extent { at: here.at + size as u32, events: here.events + 1 };
                bytes = bytes.get(size..).unwrap_or_default();
            }
        }
        Ok((here, torn))
    }

    /// How far the good frames reach, and whether something torn stands behind them.
    pub(super) fn scan(&self, checker: &Checker) -> io::Result<(Extent, bool)> {
        let mut here = Extent::NOTHING;
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = self.size.saturating_sub(here.at).min(chunk.len() as u32);
            let bytes = chunk.get_mut(..length as usize).unwrap_or_default();
            self.file.read_exact_at(bytes, here.at.into())?;
            let (last, mut bytes) = (here.at + length >= self.size, &*bytes);
            loop {
                match checker.read(here.at, bytes) {
                    Found::Event(event) => {
                        let size = HEAD + event.len();
                        here = Extent { at: here.at + size as u32, events: here.events + 1 };
                        bytes = bytes.get(size..).unwrap_or_default();
                    }
                    Found::Short if !last => break,
                    Found::End if bytes.is_empty() && !last => break,
                    Found::End => return Ok((here, false)),
                    Found::Short | Found::Torn => return Ok((here, true)),
                }
            }
        }
    }
}

impl Head {
    fn of(block: &[u8; SEAL_END]) -> Self {
        if block.iter().all(|byte| *byte == 0) {
            return Self::Empty;
        }
        let (mut spool, mut segment, mut at, mut events) = ([0; 16], [0; 8], [0; 4], [0; 4]);
        spool.copy_from_slice(&block[8..24]);
        segment.copy_from_slice(&block[24..32]);
        at.copy_from_slice(&block[SEAL_AT..SEAL_AT + 4]);
        events.copy_from_slice(&block[SEAL_AT + 4..SEAL_AT + 8]);
        let (spool, segment) = (SpoolId(spool), u64::from_le_bytes(segment));
        if block[..36] != head(spool, segment)[..36] {
            return Self::Unknown;
        }
        let extent = Extent { at: u32::from_le_bytes(at), events: u32::from_le_bytes(events) };
        let sealed = block[SEAL_AT..] == seal(spool, segment, extent);
        Self::Segment(spool, segment, sealed.then_some(extent))
    }
}

fn head(spool: SpoolId, segment: u64) -> [u8; SEAL_END] {
    let mut block = [0; SEAL_END];
    block[..8].copy_from_slice(&MAGIC);
    block[8..24].copy_from_slice(&spool.0);
    block[24..32].copy_from_slice(&segment.to_le_bytes());
    let sum = crc32fast::hash(&block[..32]);
    block[32..36].copy_from_slice(&sum.to_le_bytes());
    block
}

fn seal(spool: SpoolId, segment: u64, extent: Extent) -> [u8; SEAL_END - SEAL_AT] {
    let mut seal = [0; SEAL_END - SEAL_AT];
    seal[..4].copy_from_slice(&extent.at.to_le_bytes());
    seal[4..8].copy_from_slice(&extent.events.to_le_bytes());
    let mut sum = Hasher::new();
    sum.update(&spool.0);
    sum.update(&segment.to_le_bytes());
    sum.update(&seal[..8]);
    seal[8..].copy_from_slice(&sum.finalize().to_le_bytes());
    seal
}
