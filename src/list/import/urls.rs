//! A URL a line; OpenPhish publishes so.

use super::{lines::Line, sink::Sink};

pub(super) fn line(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    let text = line.text.trim();
    if text.is_empty() || text.starts_with(['#', '!']) {
        return sink.pass();
    }
    sink.url(line.place(text), text, None);
}
