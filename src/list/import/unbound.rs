//! Configuration of unbound: zones that are refused, and data that leads nowhere.

use super::{
    Cause,
    hosts::leads_nowhere,
    lines::Line,
    sink::{Names, Sink},
};

/// Kinds of zones that answer nothing for the name and all below.
const REFUSING: [&str; 10] = [
    "always_null",
    "always_nxdomain",
    "always_nodata",
    "always_refuse",
    "always_deny",
    "static",
    "redirect",
    "refuse",
    "deny",
    "inform_deny",
];

pub(super) fn line(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    let Some(text) = line.without_comment(&['#']) else { return sink.pass() };
    let (key, value) = text.split_once(':').map_or((text, ""), |(key, value)| (key.trim(), value.trim()));
    match key {
        "server" if value.is_empty() => sink.pass(),
        "local-zone" => zone(line, text, value, sink),
        "local-data" => data(line, text, value, sink),
        _ => sink.refuse(line.place(text), text, Cause::Setting(key.to_owned())),
    }
}

fn zone(line: Line<'_>, text: &str, value: &str, sink: &mut Sink<'_, '_>) {
    let mut words = value.split_ascii_whitespace();
    let name = words.next().unwrap_or_default().trim_matches(['"', '\'']);
    let place = line.place(name);
    match words.next().unwrap_or_default().trim_matches(['"', '\'']) {
        kind if REFUSING.contains(&kind) => sink.name_as(place, name, Names::Domains, None),
        "" => sink.refuse(place, text, Cause::NoRecord),
        _ => sink.refuse(place, text, Cause::Exception),
    }
}

/// `"example.com. A 0.0.0.0"`: this host alone.
fn data(line: Line<'_>, text: &str, value: &str, sink: &mut Sink<'_, '_>) {
    let words: Vec<&str> = value.trim_matches(['"', '\'']).split_ascii_whitespace().collect();
    let (Some(name), Some(answer)) = (words.first(), words.last()) else {
        return sink.refuse(line.place(text), text, Cause::NoRecord);
    };
    let place = line.place(name);
    let is_address = words.iter().any(|word| word.eq_ignore_ascii_case("A") || word.eq_ignore_ascii_case("AAAA"));
    match leads_nowhere(answer) {
        Some(true) if is_address => sink.name_as(place, name, Names::Hosts, None),
        Some(_) => sink.refuse(place, text, Cause::Elsewhere((*answer).to_owned())),
        None => sink.refuse(place, text, Cause::Setting("local-data".to_owned())),
    }
}
