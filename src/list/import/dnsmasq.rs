//! Configuration of dnsmasq: names that are answered with nothing.

use super::{
    Cause,
    hosts::leads_nowhere,
    lines::Line,
    sink::{Names, Sink},
};

pub(super) fn line(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    let Some(text) = line.without_comment(&['#']) else { return sink.pass() };
    let place = line.place(text);
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    if !matches!(key, "address" | "server" | "local") {
        return sink.refuse(place, text, Cause::Setting(key.to_owned()));
    }
    // `/name/other.name/` and what they are answered with.
    let Some((names, answer)) = value.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) else {
        return sink.refuse(place, text, Cause::Setting(key.to_owned()));
    };
    let nowhere = match key {
        "address" => matches!(answer, "" | "#") || leads_nowhere(answer) == Some(true),
        // `#` are the usual servers: such a line makes an exception.
        _ => answer.is_empty(),
    };
    for name in names.split('/') {
        let place = line.place(name);
        match name.trim_start_matches('.') {
            _ if answer == "#" && key != "address" => sink.refuse(place, text, Cause::Exception),
            _ if !nowhere => sink.refuse(place, text, Cause::Elsewhere(answer.to_owned())),
            below if below.starts_with("*.") => sink.entry(place, text, below, None, None),
            domain => sink.name_as(place, domain, Names::Domains, None),
        }
    }
}
