use std::ops::Range;

use encoding_rs::{Encoding, ISO_2022_JP};
use memchr::memchr_iter;

use super::{ByteEdit, Recoded};
use crate::{
    base::{Decoded, Edit},
    message::{
        Opened,
        charset::{self, Charset, State, TextMap},
        map::{Map, Place},
    },
};

impl Opened {
    /// Edits of the text as edits of the bytes that it was decoded from; the new text in the charset of the part.
    pub(super) fn splices(&self, edits: &[Edit<Decoded>]) -> Result<Vec<ByteEdit>, Recoded> {
        if !self.charset.is_ascii_compatible() {
            return Err(Recoded::Charset);
        }
        let mut escapes = Escapes::new(self.charset, self.bytes());
        let mut splices: Vec<ByteEdit> = Vec::with_capacity(edits.len());
        for edit in edits {
            let with = std::str::from_utf8(&edit.with).unwrap_or_default();
            let with = charset::encode(self.charset, with).ok_or(Recoded::Unencodable)?;
            let splice = match (&self.text_map, &mut escapes) {
                (TextMap::Whole, _) => return Err(Recoded::Charset),
                (TextMap::Same, _) => (edit.span.range(), with.into_owned()),
                (TextMap::Runs(map), None) => (plain_range(map, edit)?, with.into_owned()),
                (TextMap::Runs(map), Some(escapes)) => escapes.splice(map, edit, &with)?,
            };
            // The way from text to bytes may turn neighbours into the same gap.
            if splices.last().is_some_and(|(last, _)| last.end > splice.0.start) {
                return Err(Recoded::Neighbours);
            }
            splices.push(splice);
        }
        Ok(splices)
    }
}

/// Both sides of the place, where it does not lie within a character of the bytes.
fn sides(place: Place) -> Result<(usize, usize), Recoded> {
    match place {
        Place::Between { before, after } => Ok((before, after)),
        Place::Within { .. } => Err(Recoded::Neighbours),
    }
}

fn plain_range(map: &Map, edit: &Edit<Decoded>) -> Result<Range<usize>, Recoded> {
    let (_, start) = sides(map.place(edit.span.start()))?;
    let (end, _) = sides(map.place(edit.span.end()))?;
    Ok(start..end.max(start))
}

/// The escapes of an ISO-2022-JP text, walked along with the edits: what bytes mean depends on the last one before them.
struct Escapes {
    found: Vec<(usize, State)>,
    next: usize,
}

impl Escapes {
    fn new(charset: Charset, bytes: &[u8]) -> Option<Self> {
        let stateful: &'static Encoding = ISO_2022_JP;
        if charset != Charset::Known(stateful) {
            return None;
        }
        let escape = |at| Some((at + 3, State::of(bytes.get(at..at + 3)?)?));
        Some(Self { found: memchr_iter(0x1b, bytes).filter_map(escape).collect(), next: 0 })
    }

    /// What bytes at `at` mean. Asked in order, but for a step back to the start of a gap.
    fn state(&mut self, at: usize) -> State {
        while self.next > 0 && self.found.get(self.next - 1).is_some_and(|(end, _)| *end > at) {
            self.next -= 1;
        }
        while self.found.get(self.next).is_some_and(|(end, _)| *end <= at) {
            self.next += 1;
        }
        let last = self.next.checked_sub(1).and_then(|last| self.found.get(last));
        last.map_or(State::Ascii, |(_, state)| *state)
    }

    /// New text goes in while bytes mean ASCII if the place has such a side, and else between escapes of its own.
    fn splice(&mut self, map: &Map, edit: &Edit<Decoded>, with: &[u8]) -> Result<ByteEdit, Recoded> {
        let (before, after) = sides(map.place(edit.span.start()))?;
        let (behind, next) = sides(map.place(edit.span.end()))?;
        if edit.span.is_empty() {
            let at = if self.state(after) == State::Ascii { after } else { before };
            return Ok((at..at, self.enclose(with, at, at)));
        }
        if with.is_empty() && self.state(before) == self.state(next) {
            return Ok((before..next, Vec::new()));
        }
        let start = if self.state(after) == State::Ascii { after } else { before };
        let end = if self.state(behind) == State::Ascii { behind } else { next };
        Ok((start..end, self.enclose(with, start, end)))
    }

    /// `with`, which begins and ends in ASCII, between the states that reign at `start` and at `end`.
    fn enclose(&mut self, with: &[u8], start: usize, end: usize) -> Vec<u8> {
        let (around, ahead) = (self.state(start), self.state(end));
        if with.is_empty() && around == ahead {
            return Vec::new();
        }
        let mut out = Vec::with_capacity(with.len() + 6);
        if around != State::Ascii && !with.is_empty() {
            out.extend_from_slice(State::Ascii.escape());
        }
        out.extend_from_slice(with);
        if ahead != State::Ascii || with.is_empty() {
            out.extend_from_slice(ahead.escape());
        }
        out
    }
}
