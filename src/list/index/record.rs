//! All that stands under one key: the key itself, so that a tag is believed only where the text agrees, and every entry
//! with its list, line, words and note. Each record has a sum of its own, looked at whenever the record is.

use super::{
    bytes::{Cursor, put_bytes, put_number},
    key::{self, Kind},
    line::STEP,
    piece::{HAS_NOTE, IS_FIRST_TEXT, Piece},
};
use crate::list::{Day, Reach, Written};

const SUM: usize = 4;

/// A record whose sum is right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    /// The text of the first entry, or the key where it does not stand in that.
    first: &'a [u8],
    key: &'a [u8],
    items: Cursor<'a>,
    count: usize,
}

/// One entry of a record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item<'a> {
    Entry {
        kind: Kind,
        reach: Reach,
        list: u32,
        written: Written<'a>,
    },
    /// That prefixes of these depths are on the name.
    Below(u64),
}

impl<'a> Record<'a> {
    /// `None` where the bytes are not what was written.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (sum, rest) = bytes.split_first_chunk::<SUM>()?;
        (crc32fast::hash(rest) == u32::from_le_bytes(*sum)).then_some(())?;
        let mut cursor = Cursor(rest);
        let first = cursor.bytes()?;
        let (at, length, count) = (cursor.size()?, cursor.size()?, cursor.size()?);
        let key = first.get(at..at.checked_add(length)?)?;
        Some(Self { first, key, items: cursor, count })
    }

    /// Whether the key is these two parts, one behind the other.
    pub(super) fn is_under(&self, key: (&[u8], &[u8])) -> bool {
        self.key.split_at_checked(key.0.len()) == Some(key)
    }

    pub(super) fn items(mut self) -> impl Iterator<Item = Item<'a>> {
        std::iter::from_fn(move || {
            self.count = self.count.checked_sub(1)?;
            self.item()
        })
    }

    fn item(&mut self) -> Option<Item<'a>> {
        let cursor = &mut self.items;
        let head = cursor.byte()?;
        let (kind, reach) = key::kind_of(head)?;
        if kind == Kind::Below {
            return Some(Item::Below(cursor.number()?));
        }
        let (list, line) = (cursor.u32()?, cursor.u32()?);
        let text = if head & IS_FIRST_TEXT == 0 { cursor.text()? } else { std::str::from_utf8(self.first).ok()? };
        let mut written = Written { line, text, reason: None, by: None, until: None, reference: None };
        if head & HAS_NOTE != 0 {
            let bits = cursor.byte()?;
            let texts = [&mut written.reason, &mut written.by, &mut written.reference];
            for (text, _) in texts.into_iter().zip(0..).filter(|(_, at)| bits >> at & 1 == 1) {
                *text = Some(cursor.text()?);
            }
            if bits >> 3 & 1 == 1 {
                let number = cursor.take(4)?.try_into().ok().map(u32::from_le_bytes)?;
                written.until = Some(Day::from_number(number)?);
            }
        }
        Some(Item::Entry { kind, reach, list, written })
    }
}

/// Makes the record of pieces that all have one key, the marks of [`Kind::Below`] drawn together. Its length is a
/// multiple of [`STEP`].
pub(super) fn put_record(pieces: &[Piece<'_>], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; SUM]);
    let is_mark = |piece: &Piece<'_>| piece.kind() == Some(Kind::Below);
    let entries = || pieces.iter().filter(|piece| !is_mark(piece));
    let depths = pieces
        .iter()
        .filter(|piece| is_mark(piece))
        .fold(0, |depths, piece| depths | 1_u64.checked_shl(piece.line.saturating_sub(1)).unwrap_or_default());
    let (first, key_at) = match entries().find_map(|piece| Some((piece.text, piece.key_at?))) {
        Some((text, at)) => (text, at),
        None => (pieces.first().map(|piece| piece.key).unwrap_or_default(), 0),
    };
    put_bytes(out, first);
    put_number(out, key_at as u64);
    put_number(out, pieces.first().map_or(0, |piece| piece.key.len()) as u64);
    put_number(out, (entries().count() + usize::from(depths != 0)) as u64);
    if depths != 0 {
        out.push(key::put_kind(Kind::Below, Reach::Domain));
        put_number(out, depths);
    }
    for piece in entries() {
        let same = piece.text == first;
        out.push(piece.head | if same { IS_FIRST_TEXT } else { 0 });
        put_number(out, piece.list.into());
        put_number(out, piece.line.into());
        if !same {
            put_bytes(out, piece.text);
        }
        out.extend_from_slice(piece.note);
    }
    let size = out.len() - start;
    out.resize(start + size.next_multiple_of(STEP), 0);
    let (front, rest) = out.split_at_mut(start + SUM);
    front[start..].copy_from_slice(&crc32fast::hash(rest).to_le_bytes());
}
