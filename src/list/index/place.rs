//! Puts records that come in the order of their hashes where lookups go for them.

use std::io;

use super::{
    BuildError,
    front::{HEADER, Sums, lines_for},
    line::{LINE, NEAR, PLACE_MAX, SIGN, TAGS, UNIT, home_of, length_of, put_line, tag_of},
};

/// Where the bytes of an index go. Two places of it are written in turn, each from its start to its end.
pub trait Target {
    /// Writes bytes at an offset, which may lie behind the end.
    ///
    /// # Errors
    /// What the system says.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;
}

impl Target for Vec<u8> {
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let at = usize::try_from(at).map_err(io::Error::other)?;
        let end = at.checked_add(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        if self.len() < end {
            self.resize(end, 0);
        }
        if let Some(room) = self.get_mut(at..end) {
            room.copy_from_slice(bytes);
        }
        Ok(())
    }
}

/// Bytes that are written at a time.
const AT_A_TIME: usize = 1 << 20;

pub(super) struct Placer<'t> {
    target: &'t mut dyn Target,
    lines: Part,
    blocks: Part,
    homes: u64,
    all: u64,
    /// The line that is being filled.
    at: u64,
    slots: Vec<(u16, u8)>,
    /// What stands in the places of its records.
    near: Vec<u8>,
    /// The records that stand elsewhere, and where it is said of each where: there, where and how long are missing yet.
    far: Vec<u8>,
    signs: Vec<(usize, usize, usize)>,
}

/// What was placed.
pub(super) struct Placed {
    pub(super) homes: u64,
    pub(super) lines: u64,
    pub(super) blocks: u64,
    /// Without that of what follows.
    pub(super) sums: Sums,
}

impl<'t> Placer<'t> {
    /// Room for so many keys at most.
    pub(super) fn new(keys: u64, target: &'t mut dyn Target) -> Result<Self, BuildError> {
        let (homes, all) = lines_for(keys);
        u32::try_from(homes).map_err(|_| BuildError::TooLarge)?;
        let blocks_at = HEADER as u64 + all * LINE as u64;
        let (lines, blocks) = (Part::at(HEADER as u64), Part::at(blocks_at));
        let slots = Vec::with_capacity(TAGS);
        let (near, far, signs) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { target, lines, blocks, homes, all, at: 0, slots, near, far, signs })
    }

    /// Puts the record of a key, whose length is a multiple of [`STEP`](super::line::STEP). No hash may be less than the
    /// one before.
    pub(super) fn put(&mut self, hash: u64, record: &[u8]) -> Result<(), BuildError> {
        let home = home_of(hash, self.homes);
        while self.at < home {
            self.end_line(false)?;
        }
        if self.slots.len() == TAGS {
            self.end_line(true)?;
        }
        let is_near = record.len() <= NEAR;
        let at = self.near.len();
        if is_near {
            self.near.extend_from_slice(record);
        } else {
            self.signs.push((at, self.far.len(), record.len()));
            self.near.extend_from_slice(&[0; SIGN]);
            self.far.extend_from_slice(record);
        }
        self.slots.push((tag_of(hash), length_of(is_near.then_some(self.near.len() - at))));
        Ok(())
    }

    fn end_line(&mut self, spills: bool) -> Result<(), BuildError> {
        if self.at >= self.all {
            return Err(BuildError::Unlucky);
        }
        let place = self.blocks.length / UNIT;
        if place > PLACE_MAX {
            return Err(BuildError::TooLarge);
        }
        self.lines.put(self.target, &put_line(&self.slots, place as u32, spills))?;
        let before = self.near.len();
        for (at, far, length) in &self.signs {
            let number = |number: usize| u32::try_from(number).map_err(|_| BuildError::TooLarge);
            let sign = u64::from(number(before + far)?) | u64::from(number(*length)?) << 32;
            if let Some(room) = self.near.get_mut(*at..*at + SIGN) {
                room.copy_from_slice(&sign.to_le_bytes());
            }
        }
        self.blocks.put(self.target, &self.near)?;
        self.blocks.put(self.target, &self.far)?;
        let over = self.blocks.length % UNIT;
        let filling = [0; UNIT as usize];
        self.blocks.put(self.target, filling.get(over as usize..).filter(|_| over > 0).unwrap_or_default())?;
        self.slots.clear();
        self.near.clear();
        self.far.clear();
        self.signs.clear();
        self.at += 1;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Placed, BuildError> {
        while self.at < self.all {
            self.end_line(false)?;
        }
        if !self.slots.is_empty() {
            return Err(BuildError::Unlucky);
        }
        let blocks = self.blocks.length;
        let (lines_sum, blocks_sum) = (self.lines.end(self.target)?, self.blocks.end(self.target)?);
        let sums = Sums { lines: lines_sum, blocks: blocks_sum, about: 0 };
        Ok(Placed { homes: self.homes, lines: self.all, blocks, sums })
    }
}

/// A part of an index while it is written.
struct Part {
    start: u64,
    length: u64,
    waiting: Vec<u8>,
    sum: crc32fast::Hasher,
}

impl Part {
    fn at(start: u64) -> Self {
        Self { start, length: 0, waiting: Vec::new(), sum: crc32fast::Hasher::new() }
    }

    fn put(&mut self, target: &mut dyn Target, bytes: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
        if self.waiting.len() >= AT_A_TIME { self.write(target) } else { Ok(()) }
    }

    fn write(&mut self, target: &mut dyn Target) -> io::Result<()> {
        self.sum.update(&self.waiting);
        target.write_at(self.start + self.length - self.waiting.len() as u64, &self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    fn end(mut self, target: &mut dyn Target) -> io::Result<u32> {
        self.write(target)?;
        Ok(self.sum.finalize())
    }
}
