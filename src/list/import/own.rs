//! Our own grammar, without its directives: the list that takes the entries has its own.

use super::{Cause, lines::Line, place::Place, sink::Sink};
use crate::list::{line, note};

pub(super) fn line(row: Line<'_>, sink: &mut Sink<'_, '_>) {
    let place = |at: usize| {
        let before = row.text.get(..at).unwrap_or(row.text);
        Place { line: row.number, column: u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX) }
    };
    match line::split(row.text) {
        Ok(line::Line::Blank | line::Line::Directive { .. }) => sink.pass(),
        Ok(line::Line::Entry { text, at, note, note_at }) => match note::read(note) {
            Ok(note) => sink.entry(place(at), text, text, note.map(|note| *note), None),
            Err(spot) => sink.refuse(place(note_at + spot.at), row.text, Cause::Entry(spot.fault)),
        },
        Err(spot) => sink.refuse(place(spot.at), row.text, Cause::Entry(spot.fault)),
    }
}
