//! Response policy zones as text: names that are answered with nothing (RFC 1035 section 5 for the file; the triggers
//! and actions are those that all name servers with policy zones share).

use super::{
    Cause,
    hosts::leads_nowhere,
    lines::{Line, checked, numbered},
    place::Place,
    sink::{Names, Sink},
};

/// Parts of a name that make it no name: triggers on addresses and on the servers that answer.
const TRIGGERS: [&str; 4] = ["rpz-ip", "rpz-client-ip", "rpz-nsip", "rpz-nsdname"];

/// Where in the zone the reader is.
#[derive(Default)]
struct Zone {
    /// With its final dot, in lower case; relative names lie below it.
    origin: String,
    /// The policy zone itself: its SOA stands at it.
    apex: String,
    owner: String,
    /// Inside `(` … `)`.
    open: bool,
}

pub(super) fn read(bytes: &[u8], sink: &mut Sink<'_, '_>) {
    let mut zone = Zone::default();
    for (number, line) in numbered(bytes) {
        if let Some(line) = checked(number, line, sink) {
            zone.read(line, sink);
        }
    }
}

impl Zone {
    fn read(&mut self, line: Line<'_>, sink: &mut Sink<'_, '_>) {
        let text = line.text.split(';').next().unwrap_or_default();
        let inside = self.open;
        self.open = (inside || text.contains('(')) && !text.contains(')');
        if inside {
            return sink.pass();
        }
        let mut words: Vec<&str> = text.split_ascii_whitespace().collect();
        let Some(first) = words.first().copied() else { return sink.pass() };
        if first.starts_with('$') {
            let value = words.get(1).copied().unwrap_or_default();
            match first.eq_ignore_ascii_case("$ORIGIN") {
                true => self.origin = value.to_ascii_lowercase(),
                false if first.eq_ignore_ascii_case("$TTL") => {}
                false => return sink.refuse(line.place(first), line.text, Cause::Setting(first.to_owned())),
            }
            return sink.pass();
        }
        if !text.starts_with([' ', '\t']) {
            self.owner = first.to_ascii_lowercase();
            words.remove(0);
        }
        let is_ttl = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        let kind = words.iter().position(|word| !is_ttl(word) && !word.eq_ignore_ascii_case("IN"));
        let record = kind.and_then(|kind| Some((*words.get(kind)?, words.get(kind + 1..)?)));
        match record {
            Some((kind, data)) => self.record(line.place(first), line.text, kind, data, sink),
            None => sink.refuse(line.place(first), line.text, Cause::NoRecord),
        }
    }

    fn record(&mut self, place: Place, text: &str, kind: &str, data: &[&str], sink: &mut Sink<'_, '_>) {
        let answer = data.first().copied().unwrap_or_default();
        match kind.to_ascii_uppercase().as_str() {
            "SOA" => {
                self.apex = self.absolute(&self.owner);
                sink.pass();
            }
            "NS" | "TXT" => sink.pass(),
            "CNAME" => match answer.to_ascii_lowercase().as_str() {
                "." | "*." | "rpz-drop." => self.take(place, text, sink),
                "rpz-passthru." => sink.refuse(place, text, Cause::Exception),
                "" => sink.refuse(place, text, Cause::NoRecord),
                _ => sink.refuse(place, text, Cause::Elsewhere(answer.to_owned())),
            },
            "A" | "AAAA" if leads_nowhere(answer) == Some(true) => self.take(place, text, sink),
            "A" | "AAAA" => sink.refuse(place, text, Cause::Elsewhere(answer.to_owned())),
            _ => sink.refuse(place, text, Cause::NoRecord),
        }
    }

    /// The owner of this record is answered with nothing: a name for itself, `*.name` for what is below.
    fn take(&self, place: Place, text: &str, sink: &mut Sink<'_, '_>) {
        if let Some(trigger) = TRIGGERS.iter().find(|trigger| self.owner.split('.').any(|label| label == **trigger)) {
            return sink.refuse(place, text, Cause::Trigger(trigger));
        }
        let whole = self.absolute(&self.owner);
        let apex = if self.apex.is_empty() { &self.origin } else { &self.apex };
        let name = match whole.strip_suffix(apex.as_str()).and_then(|name| name.strip_suffix('.')) {
            Some(name) if !apex.is_empty() && apex != "." => name,
            // No zone is named anywhere: the names are what they are.
            _ if apex.is_empty() || apex == "." => whole.trim_end_matches('.'),
            _ => return sink.refuse(place, text, Cause::OutOfZone),
        };
        match name.strip_prefix("*.") {
            Some(_) => sink.entry(place, text, name, None, None),
            None => sink.name_as(place, name, Names::Hosts, None),
        }
    }

    /// A name with all that stands behind it, and a final dot where that is known.
    fn absolute(&self, name: &str) -> String {
        match name {
            "@" => self.origin.clone(),
            _ if name.ends_with('.') => name.to_owned(),
            _ if self.origin.is_empty() && !self.apex.is_empty() && name != self.apex => {
                format!("{name}.{}", self.apex)
            }
            _ if self.origin.is_empty() || self.origin == "." => format!("{name}."),
            _ => format!("{name}.{}", self.origin),
        }
    }
}
