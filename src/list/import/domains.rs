//! A name, an address or a range a line.

use super::{
    Cause,
    lines::Line,
    sink::{Names, Sink},
};

/// `example.com`, or `*.example.com` for its subdomains alone, as in our own grammar.
pub(super) fn line(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    let Some(text) = line.without_comment(&['#', '!', ';']) else { return sink.pass() };
    match text.strip_prefix("*.") {
        Some(name) if !name.starts_with(['*', '=', '/']) => sink.entry(line.place(text), text, text, None, None),
        _ => sink.name(line.place(text), text, None),
    }
}

/// `*.example.com` for the name and all below, as DNS proxies have it.
pub(super) fn wildcard_line(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    let Some(text) = line.without_comment(&['#', '!', ';']) else { return sink.pass() };
    match text.strip_prefix("*.") {
        Some(name) => sink.name_as(line.place(text), name, Names::Domains, None),
        None if text.contains('*') => sink.refuse(line.place(text), text, Cause::Substring),
        None => sink.name(line.place(text), text, None),
    }
}
