//! Phishing.Database: its lists hold names, addresses or URLs, a line each.

use super::{domains, lines::Line, sink::Sink, urls};

pub(super) fn line(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    match line.text.contains("://") {
        true => urls::line(line, sink),
        false => domains::line(line, sink),
    }
}
