//! The first bytes of an index, which say what the others are, and its last, which say of which lists it is.

use serde::{Deserialize, Serialize};

use super::{
    Refused, Seed,
    line::{LINE, MEAN_TAGS, TAGS},
};
use crate::list::{Day, Entry, Head, Note, Pattern, Scope};

/// Bytes in front of the lines.
pub(super) const HEADER: usize = 128;
/// The form of these bytes. A build that knows another form compiles anew.
pub(super) const FORM: u32 = 2;
const MAGIC: &[u8; 8] = b"sekisho\x1a";
/// Lines behind the last home, at most, for what spills over it.
const TAIL: u64 = 16;

/// Where what stands, and its sums. Lines, blocks and about follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) generation: u64,
    pub(super) seed: Seed,
    pub(super) entries: u64,
    /// Lines that are homes, and all lines.
    pub(super) homes: u64,
    pub(super) lines: u64,
    /// Bytes of records.
    pub(super) blocks: u64,
    pub(super) about: u64,
    pub(super) sums: Sums,
}

/// CRC-32 of each part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    pub(super) lines: u32,
    pub(super) blocks: u32,
    pub(super) about: u32,
}

/// Homes for so many keys, and lines with those behind them.
pub(super) fn lines_for(keys: u64) -> (u64, u64) {
    let homes = keys.div_ceil(MEAN_TAGS).max(1);
    (homes, homes + keys.div_ceil(TAGS as u64).min(TAIL))
}

impl Header {
    pub(super) fn put(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let Self { generation, seed, entries, homes, lines, blocks, about, sums } = self;
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&FORM.to_le_bytes());
        bytes[16..32].copy_from_slice(seed.as_bytes());
        for (number, at) in [generation, entries, homes, lines, blocks, about].into_iter().zip((32..).step_by(8)) {
            bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        for (sum, at) in [sums.lines, sums.blocks, sums.about].into_iter().zip((80..).step_by(4)) {
            bytes[at..at + 4].copy_from_slice(&sum.to_le_bytes());
        }
        let own = crc32fast::hash(&bytes);
        bytes[12..16].copy_from_slice(&own.to_le_bytes());
        bytes
    }

    /// Reads the header of `bytes`, which must be as long as it says.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refused> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or(Refused::Short)?;
        if !header.starts_with(MAGIC) {
            return Err(Refused::Other);
        }
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        let mut without_own = *header;
        without_own[12..16].fill(0);
        if crc32fast::hash(&without_own) != word(12) {
            return Err(Refused::Damaged("header"));
        }
        if word(8) != FORM {
            return Err(Refused::Form(word(8)));
        }
        let mut seed = [0; 16];
        seed.copy_from_slice(&header[16..32]);
        let header = Self {
            generation: long(32),
            seed: Seed(seed),
            entries: long(40),
            homes: long(48),
            lines: long(56),
            blocks: long(64),
            about: long(72),
            sums: Sums { lines: word(80), blocks: word(84), about: word(88) },
        };
        let lines = header.lines.checked_mul(LINE as u64);
        let rest = header.blocks.checked_add(header.about).zip(lines).and_then(|(rest, lines)| rest.checked_add(lines));
        if rest.and_then(|rest| rest.checked_add(HEADER as u64)) != Some(bytes.len() as u64) {
            return Err(Refused::Short);
        }
        Ok(header)
    }

    pub(super) fn blocks_at(&self) -> u64 {
        HEADER as u64 + self.lines * LINE as u64
    }

    pub(super) fn about_at(&self) -> u64 {
        self.blocks_at() + self.blocks
    }
}

/// What an index says of its lists, and what a lookup need not look for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) lists: Vec<Head>,
    /// Regular expressions, which are tried one by one.
    pub(super) patterns: Vec<PatternLine>,
    /// Kinds of keys that occur, each as its bit.
    pub(super) kinds: u8,
    /// Numbers of dots that occur in names, each as its bit.
    pub(super) dots: u64,
    /// Lengths of ranges that occur, each as its bit: 0 to 32, and 0 to 128 in three words.
    pub(super) ipv4: u64,
    pub(super) ipv6: [u64; 3],
    /// What it was made of, in words of whoever made it.
    pub(super) made_of: String,
}

/// An entry with a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PatternLine {
    pub(super) list: u32,
    line: u32,
    text: Box<str>,
    reason: Option<Box<str>>,
    by: Option<Box<str>>,
    until: Option<u32>,
    reference: Option<Box<str>>,
}

impl PatternLine {
    pub(super) fn new(list: u32, entry: &Entry) -> Self {
        let note = entry.note.as_deref().cloned().unwrap_or_default();
        let Note { reason, by, until, reference, .. } = note;
        let until = until.map(Day::to_number);
        Self { list, line: entry.line, text: entry.text.clone(), reason, by, until, reference }
    }

    /// The entry; `None` where it is none any more.
    pub(super) fn entry(&self) -> Option<Entry> {
        let inner = self.text.strip_prefix('/')?.strip_suffix('/')?;
        let until = self.until.map(|number| Day::from_number(number).ok_or(())).transpose().ok()?;
        let (reason, by, reference) = (self.reason.clone(), self.by.clone(), self.reference.clone());
        let note = Note { reason, by, until, reference, ..Note::default() };
        let note = (note != Note::default()).then(|| Box::new(note));
        let scope = Scope::Pattern(Pattern::new(inner).ok()?);
        Some(Entry { line: self.line, text: self.text.clone(), scope, note })
    }
}

/// Bits for how many dots names have: one for each number, and the last for all that have more.
const DOTS: usize = 64;

impl About {
    pub(super) fn saw_name(&mut self, name: &[u8]) {
        self.dots |= dots_bit(memchr::memchr_iter(b'.', name).count());
    }

    /// Whether anything stands under names with so many dots. Nearly no list names a top-level domain, and so the most
    /// frequent question of all is not asked.
    pub(super) fn has_names_with(&self, dots: usize) -> bool {
        self.dots & dots_bit(dots) != 0
    }

    pub(super) fn saw_network(&mut self, is_ipv4: bool, length: u8) {
        match is_ipv4 {
            true => self.ipv4 |= 1_u64.checked_shl(length.into()).unwrap_or_default(),
            false => {
                if let Some(word) = self.ipv6.get_mut(usize::from(length / 64)) {
                    *word |= 1 << (length % 64);
                }
            }
        }
    }

    /// The lengths of ranges to look up for an address of a family.
    pub(super) fn lengths(&self, is_ipv4: bool) -> impl Iterator<Item = u8> {
        let words = if is_ipv4 { [self.ipv4, 0, 0] } else { self.ipv6 };
        (0..=128_u8).filter(move |length| words[usize::from(length / 64)] >> (length % 64) & 1 == 1)
    }
}

const fn dots_bit(dots: usize) -> u64 {
    1 << if dots < DOTS { dots } else { DOTS - 1 }
}
