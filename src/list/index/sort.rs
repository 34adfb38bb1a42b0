//! Puts pieces in the order of their hashes in bounded memory: what is full is sorted and written away as a run, and at
//! the end all runs are read side by side.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
    io::{self, BufReader, BufWriter, Read, Write},
};

/// Where runs go that do not fit in memory.
pub trait Scratch {
    /// Takes a run, and writes it away at once or while the next one is gathered.
    ///
    /// # Errors
    /// What the system says, of this run or one before.
    fn put(&mut self, run: Unsorted) -> io::Result<()>;

    /// Every run, in the order in which they came, each from its start.
    ///
    /// # Errors
    /// What the system says.
    fn runs(&mut self) -> io::Result<Vec<Box<dyn Read>>>;
}

impl<S: Scratch + ?Sized> Scratch for &mut S {
    fn put(&mut self, run: Unsorted) -> io::Result<()> {
        (**self).put(run)
    }

    fn runs(&mut self) -> io::Result<Vec<Box<dyn Read>>> {
        (**self).runs()
    }
}

/// A run that is still to be sorted.
pub struct Unsorted(Held);

impl Unsorted {
    /// Sorts it and writes it, in one go from the start to the end.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(mut self, out: &mut dyn Write) -> io::Result<()> {
        self.0.order.sort_unstable();
        let mut run = BufWriter::with_capacity(AT_A_TIME, out);
        for (hash, at) in &self.0.order {
            let (length, piece) = self.0.piece(*at);
            run.write_all(&hash.to_le_bytes())?;
            run.write_all(&length)?;
            run.write_all(piece)?;
        }
        run.flush()
    }
}

/// Bytes that are read or written of a run at a time.
const AT_A_TIME: usize = 256 << 10;
/// Hash and length in front of each piece of a run.
const FRONT: usize = 12;

pub(super) struct Sorter<'s> {
    scratch: Option<Box<dyn Scratch + 's>>,
    /// Bytes that may be held.
    room: usize,
    memory: Held,
    spilled: bool,
}

#[derive(Default)]
struct Held {
    /// Pieces, each behind its length.
    pieces: Vec<u8>,
    /// Hash, and where the piece stands.
    order: Vec<(u64, usize)>,
}

impl<'s> Sorter<'s> {
    pub(super) fn new(room: usize, scratch: Option<Box<dyn Scratch + 's>>) -> Self {
        Self { scratch, room, memory: Held::default(), spilled: false }
    }

    pub(super) fn push(&mut self, hash: u64, piece: &[u8]) -> io::Result<()> {
        if self.memory.size() + piece.len() > self.room && !self.memory.order.is_empty() {
            self.spill()?;
        }
        self.memory.push(hash, piece)
    }

    fn spill(&mut self) -> io::Result<()> {
        let Some(scratch) = &mut self.scratch else { return Ok(()) };
        self.spilled = true;
        let next = Held::with_room_of(&self.memory);
        scratch.put(Unsorted(std::mem::replace(&mut self.memory, next)))
    }

    /// Gives every piece, by hash, and of one hash in the order in which they came.
    pub(super) fn drain<E: From<io::Error>>(
        mut self,
        mut take: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.memory.order.sort_unstable();
        let runs = match &mut self.scratch {
            Some(scratch) if self.spilled => scratch.runs()?,
            _ => Vec::new(),
        };
        // What is still in memory came last.
        let mut runs: Vec<Run<'_>> = runs.into_iter().map(Run::of_reader).collect();
        runs.push(Run { piece: Vec::new(), source: Source::Held(&self.memory, 0) });
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (at, run) in runs.iter_mut().enumerate() {
            heads.extend(run.next()?.map(|hash| Reverse((hash, at))));
        }
        while let Some(mut head) = heads.peek_mut() {
            let Reverse((hash, at)) = *head;
            let Some(run) = runs.get_mut(at) else { break };
            take(hash, &run.piece)?;
            match run.next()? {
                Some(next) => *head = Reverse((next, at)),
                None => _ = PeekMut::pop(head),
            }
        }
        Ok(())
    }
}

impl Held {
    fn with_room_of(other: &Self) -> Self {
        Self { pieces: Vec::with_capacity(other.pieces.len()), order: Vec::with_capacity(other.order.len()) }
    }

    fn size(&self) -> usize {
        self.pieces.len() + self.order.len() * size_of::<(u64, usize)>()
    }

    fn push(&mut self, hash: u64, piece: &[u8]) -> io::Result<()> {
        let length = u32::try_from(piece.len()).map_err(io::Error::other)?;
        self.order.push((hash, self.pieces.len()));
        self.pieces.extend_from_slice(&length.to_le_bytes());
        self.pieces.extend_from_slice(piece);
        Ok(())
    }

    fn piece(&self, at: usize) -> ([u8; 4], &[u8]) {
        let held = self.pieces.get(at..).and_then(|rest| rest.split_first_chunk());
        let (length, rest) = held.map_or(([0; 4], &[][..]), |(length, rest)| (*length, rest));
        (length, rest.get(..u32::from_le_bytes(length) as usize).unwrap_or_default())
    }
}

/// A run while it is read.
struct Run<'m> {
    /// The piece that is next.
    piece: Vec<u8>,
    source: Source<'m>,
}

enum Source<'m> {
    Held(&'m Held, usize),
    Reader(BufReader<Box<dyn Read>>),
}

impl Run<'_> {
    fn of_reader(run: Box<dyn Read>) -> Self {
        Self { piece: Vec::new(), source: Source::Reader(BufReader::with_capacity(AT_A_TIME, run)) }
    }

    /// Reads the next piece; its hash, or none at the end.
    fn next(&mut self) -> io::Result<Option<u64>> {
        self.piece.clear();
        match &mut self.source {
            Source::Held(held, at) => {
                let Some((hash, place)) = held.order.get(*at) else { return Ok(None) };
                self.piece.extend_from_slice(held.piece(*place).1);
                *at += 1;
                Ok(Some(*hash))
            }
            Source::Reader(run) => {
                let mut front = [0; FRONT];
                match run.read_exact(&mut front) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                    Err(error) => return Err(error),
                }
                let (hash, length) = (u64::from_le_bytes(eight(&front)), u32::from_le_bytes(four(&front)));
                self.piece.resize(length as usize, 0);
                run.read_exact(&mut self.piece)?;
                Ok(Some(hash))
            }
        }
    }
}

fn eight(front: &[u8; FRONT]) -> [u8; 8] {
    front.first_chunk().copied().unwrap_or_default()
}

fn four(front: &[u8; FRONT]) -> [u8; 4] {
    front.last_chunk().copied().unwrap_or_default()
}
