use std::io;

use super::{
    BuildError, Scratch, Seed, Target,
    front::{About, HEADER, Header, PatternLine},
    key::Kind,
    piece::{HAS_NOTE, Piece, PieceWriter},
    place::Placer,
    record::put_record,
    seed::KeyHasher,
    sort::Sorter,
};
use crate::list::{Entry, Head, Scope};

/// Of entries of one list with the same key, reach and last day, so many are named: more say nothing new, and a feed
/// that repeats one line a million times must not make a lookup of it long.
pub const MAX_REPEATS: usize = 16;

/// Between two words about how far it is.
const STEP: u64 = 1 << 16;

/// Makes an index of entries that come in any order, in bounded memory.
pub struct Builder<'s> {
    seed: Seed,
    hasher: KeyHasher,
    writer: PieceWriter,
    sorter: Sorter<'s>,
    about: About,
    entries: u64,
    pieces: u64,
}

/// What an index is besides its entries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Imprint {
    /// The lists, in the order of the numbers under which their entries came.
    pub lists: Vec<Head>,
    /// Counts the indices of whoever makes it.
    pub generation: u64,
    /// What it was made of, in words of whoever makes it; it is kept and given back.
    pub made_of: String,
}

impl<'s> Builder<'s> {
    /// Holds `room` bytes in memory, and as much again while a run of that is written; the rest goes to `scratch`.
    pub fn new(seed: Seed, room: usize, scratch: impl Scratch + 's) -> Self {
        Self::over(seed, Sorter::new(room, Some(Box::new(scratch))))
    }

    /// Holds everything in memory.
    pub fn in_memory(seed: Seed) -> Self {
        Self::over(seed, Sorter::new(usize::MAX, None))
    }

    fn over(seed: Seed, sorter: Sorter<'s>) -> Self {
        let (writer, about) = (PieceWriter::default(), About::default());
        Self { seed, hasher: seed.hasher(), writer, sorter, about, entries: 0, pieces: 0 }
    }

    /// Takes up an entry of the list with this number, from 0.
    ///
    /// # Errors
    /// What the scratch says.
    pub fn push(&mut self, list: u32, entry: &Entry) -> io::Result<()> {
        self.entries += 1;
        let Self { hasher, writer, sorter, about, pieces, .. } = self;
        let mut take = |kind: Kind, key: &[u8], piece: &[u8]| {
            about.kinds |= kind.bit();
            if matches!(kind, Kind::Hosts | Kind::Below) {
                about.saw_name(key);
            }
            *pieces += 1;
            sorter.push(hasher.hash(key), piece)
        };
        match (writer.write(list, entry, &mut take)?, &entry.scope) {
            (None, _) => about.patterns.push(PatternLine::new(list, entry)),
            (_, Scope::Network(network)) => about.saw_network(network.first().is_ipv4(), network.length()),
            _ => {}
        }
        Ok(())
    }

    /// Entries so far.
    pub fn len(&self) -> u64 {
        self.entries
    }

    /// Whether there are none so far.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Writes the index. `progress` hears now and then how many of how many steps are done.
    ///
    /// # Errors
    /// [`BuildError`]; what the target holds then is no index.
    pub fn finish(
        self,
        imprint: Imprint,
        target: &mut dyn Target,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), BuildError> {
        let Self { seed, sorter, mut about, entries, pieces, .. } = self;
        let mut placer = Placer::new(pieces, target)?;
        let (mut group, mut done) = (Group::default(), 0_u64);
        sorter.drain(|hash, piece| {
            if group.hash != hash {
                group.place(&mut placer)?;
                group.hash = hash;
            }
            group.add(piece);
            done += 1;
            if done.is_multiple_of(STEP) {
                progress(done, pieces);
            }
            Ok::<_, BuildError>(())
        })?;
        group.place(&mut placer)?;
        let placed = placer.finish()?;
        let Imprint { lists, generation, made_of } = imprint;
        about.lists = lists;
        about.made_of = made_of;
        let about = serde_json::to_vec(&about).map_err(io::Error::other)?;
        let mut header = Header {
            generation,
            seed,
            entries,
            homes: placed.homes,
            lines: placed.lines,
            blocks: placed.blocks,
            about: about.len() as u64,
            sums: placed.sums,
        };
        header.sums.about = crc32fast::hash(&about);
        target.write_at(header.about_at(), &about)?;
        let header: [u8; HEADER] = header.put();
        target.write_at(0, &header)?;
        progress(pieces, pieces);
        Ok(())
    }
}

/// Pieces with one hash, which is nearly always one key.
#[derive(Default)]
struct Group {
    hash: u64,
    /// The pieces, one behind the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    record: Vec<u8>,
}

impl Group {
    fn add(&mut self, bytes: &[u8]) {
        let is_needed = Piece::read(bytes).is_some_and(|piece| {
            let most = if piece.kind() == Some(Kind::Below) { 1 } else { MAX_REPEATS };
            self.ends.len() < most || self.pieces().filter(|other| says_the_same(&piece, other)).count() < most
        });
        if is_needed {
            self.bytes.extend_from_slice(bytes);
            self.ends.push(self.bytes.len());
        }
    }

    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| Piece::read(self.bytes.get(start..*end)?))
    }

    /// Places what is there, a record for each key, and is empty again.
    fn place(&mut self, placer: &mut Placer<'_>) -> Result<(), BuildError> {
        let mut record = std::mem::take(&mut self.record);
        let (one, mut many);
        let pieces: &[Piece<'_>] = match self.ends.len() {
            // Nearly always.
            1 => {
                one = Piece::read(&self.bytes);
                one.as_slice()
            }
            _ => {
                many = self.pieces().collect::<Vec<_>>();
                many.sort_by(|one, other| one.key.cmp(other.key));
                &many
            }
        };
        for same in pieces.chunk_by(|one, other| one.key == other.key) {
            record.clear();
            put_record(same, &mut record);
            placer.put(self.hash, &record)?;
        }
        self.record = record;
        self.bytes.clear();
        self.ends.clear();
        Ok(())
    }
}

/// Whether a lookup that finds both tells nothing by the second that the first did not tell.
fn says_the_same(one: &Piece<'_>, other: &Piece<'_>) -> bool {
    let is_mark = one.kind() == Some(Kind::Below);
    let same_place = if is_mark { one.line == other.line } else { one.list == other.list };
    let until = |piece: &Piece<'_>| match piece.note.first() {
        Some(bits) if bits >> 3 & 1 == 1 => piece.note.last_chunk::<4>().copied(),
        _ => None,
    };
    let head = |piece: &Piece<'_>| piece.head & !HAS_NOTE;
    head(one) == head(other) && same_place && until(one) == until(other) && one.key == other.key
}
