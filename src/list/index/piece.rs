//! One entry under one key, on its way into an index.

use std::io;

use super::{
    bytes::{Cursor, put_bytes, put_number},
    key::{self, Kind},
};
use crate::list::{Entry, Reach, Scope};

/// That a note follows.
pub(super) const HAS_NOTE: u8 = 1 << 5;
/// That the text is the one that holds the key.
pub(super) const IS_FIRST_TEXT: u8 = 1 << 6;

/// A piece, read from its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    /// Kind, reach, and whether a note follows.
    pub(super) head: u8,
    pub(super) list: u32,
    /// The line; of [`Kind::Below`] a depth.
    pub(super) line: u32,
    pub(super) text: &'a [u8],
    pub(super) key: &'a [u8],
    /// Where the key stands in the text.
    pub(super) key_at: Option<usize>,
    pub(super) note: &'a [u8],
}

impl<'a> Piece<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        let head = cursor.byte()?;
        let (list, line) = (cursor.u32()?, cursor.u32()?);
        let (key_at, key_length) = (cursor.size()?.checked_sub(1), cursor.size()?);
        let text = cursor.bytes()?;
        let key = match key_at {
            Some(at) => text.get(at..at.checked_add(key_length)?)?,
            None => cursor.take(key_length)?,
        };
        Some(Self { head, list, line, text, key, key_at, note: cursor.0 })
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        Some(key::kind_of(self.head)?.0)
    }
}

/// Takes a piece: its kind, its key, and its bytes.
pub(super) type TakePiece<'t> = &'t mut dyn FnMut(Kind, &[u8], &[u8]) -> io::Result<()>;

/// Writes pieces; keeps its buffers.
#[derive(Debug, Default)]
pub(super) struct PieceWriter {
    key: Vec<u8>,
    piece: Vec<u8>,
}

impl PieceWriter {
    /// Gives the pieces of an entry, each with its key: one, and another that tells its name of a prefix. `None` for a
    /// regular expression.
    pub(super) fn write(&mut self, list: u32, entry: &Entry, take: TakePiece<'_>) -> io::Result<Option<()>> {
        let Self { key, piece } = self;
        key.clear();
        let Some((kind, reach)) = key::put_key(entry, key) else { return Ok(None) };
        let note = if entry.note.is_some() { HAS_NOTE } else { 0 };
        let text = entry.text.as_bytes();
        let key_at = match kind {
            Kind::Network => None,
            _ if text == *key => Some(0),
            _ => memchr::memmem::find(text, key),
        };
        piece.clear();
        put_front(piece, key::put_kind(kind, reach) | note, (list, entry.line), key_at, (key, text));
        key::put_note(entry, piece);
        take(kind, key, piece)?;
        if let Scope::Paths { name, prefix, .. } = &entry.scope {
            piece.clear();
            let (head, depth) = (key::put_kind(Kind::Below, Reach::Domain), key::depth_of(prefix.as_bytes()));
            put_front(piece, head, (list, depth), None, (name.as_bytes(), &[]));
            take(Kind::Below, name.as_bytes(), piece)?;
        }
        Ok(Some(()))
    }
}

fn put_front(out: &mut Vec<u8>, head: u8, place: (u32, u32), key_at: Option<usize>, (key, text): (&[u8], &[u8])) {
    out.push(head);
    put_number(out, place.0.into());
    put_number(out, place.1.into());
    put_number(out, key_at.map_or(0, |at| at as u64 + 1));
    put_number(out, key.len() as u64);
    put_bytes(out, text);
    if key_at.is_none() {
        out.extend_from_slice(key);
    }
}
