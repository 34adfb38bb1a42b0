use std::net::Ipv6Addr;

use super::{Cause, Refused, Row, Taken, Tally, place::Place, row::SHOWN};
use crate::{
    list::{Context, Entry, Fault, ListAction, MAX_PATTERNS, Note, Protected, Scope, parse::may_stand, scope::Reading},
    url,
};

/// What a plain name of a foreign list stands for, where its format does not say so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// The domain, with every host below.
    #[default]
    Domains,
    /// The one host.
    Hosts,
}

/// How a foreign list is read.
#[derive(Debug, Clone, Copy)]
pub struct How<'a> {
    /// What entries are read against.
    pub context: &'a Context<'a>,
    /// What the list will do that takes them.
    pub action: ListAction,
    /// What plain names stand for.
    pub names: Names,
    /// The array that is meant, where the JSON has several.
    pub key: Option<&'a str>,
}

/// Takes rows: each becomes an entry by the one grammar, or is refused.
pub(super) struct Sink<'h, 'v> {
    pub(super) how: &'h How<'h>,
    own_hosts: Protected,
    visit: &'v mut dyn FnMut(Row),
    patterns: usize,
    tally: Tally,
}

impl<'h, 'v> Sink<'h, 'v> {
    pub(super) fn new(how: &'h How<'h>, visit: &'v mut dyn FnMut(Row)) -> Self {
        let own_hosts = Protected::of_hosts(how.context.own_hosts);
        Self { how, own_hosts, visit, patterns: 0, tally: Tally::default() }
    }

    pub(super) fn finish(self) -> Tally {
        self.tally
    }

    /// A row that names no host and need not.
    pub(super) const fn pass(&mut self) {
        self.tally.passed += 1;
    }

    pub(super) fn refuse(&mut self, place: Place, text: &str, cause: Cause) {
        self.tally.refused += 1;
        let text: String = text.chars().take(SHOWN).collect();
        (self.visit)(Row::Refused(Refused { line: place.line, column: place.column, text, cause }));
    }

    /// A name or an address, for itself and all below or for itself alone, as was asked.
    pub(super) fn name(&mut self, place: Place, text: &str, note: Option<Note>) {
        self.name_as(place, text, self.how.names, note);
    }

    /// A name or an address with this meaning.
    pub(super) fn name_as(&mut self, place: Place, text: &str, names: Names, note: Option<Note>) {
        let bare = text.strip_suffix('.').unwrap_or(text);
        match names {
            _ if text.contains("://") => self.refuse(place, text, Cause::UrlForHost),
            _ if bare.starts_with(['=', '/', '*', '|', '@']) || bare.starts_with("sha256:") => {
                self.refuse(place, text, Cause::NoHost);
            }
            _ if bare.contains(':') => self.entry(place, text, &bracketed(bare), note, None),
            Names::Domains => self.entry(place, text, bare, note, None),
            Names::Hosts if bare.contains('/') => self.entry(place, text, bare, note, None),
            Names::Hosts => self.entry(place, text, &format!("={bare}"), note, None),
        }
    }

    /// A URL: this one and no other.
    pub(super) fn url(&mut self, place: Place, text: &str, note: Option<Note>) {
        match url::parse(text) {
            // The parser's own spelling has no blanks, and what follows a `#` is never looked up.
            Ok(url) => {
                let spelled = url.as_str();
                let spelled = spelled.split_once('#').map_or(spelled, |(before, _)| before);
                let entry = match spelled.strip_suffix("/*") {
                    Some(parent) => format!("={parent}/%2A"),
                    None => format!("={spelled}"),
                };
                self.entry(place, text, &entry, note, None);
            }
            Err(_) if !text.contains("://") => self.refuse(place, text, Cause::NoUrl),
            Err(error) => self.refuse(place, text, Cause::Entry(Fault::NotWeb(error.to_string()))),
        }
    }

    /// What `text` says there, as an entry of the grammar.
    pub(super) fn entry(
        &mut self,
        place: Place,
        text: &str,
        entry: &str,
        note: Option<Note>,
        remark: Option<&'static str>,
    ) {
        match self.read(place.line, entry, note) {
            Ok(entry) => {
                self.tally.taken += 1;
                (self.visit)(Row::Taken(Taken { entry, remark }));
            }
            Err(fault) => self.refuse(place, text, Cause::Entry(fault)),
        }
    }

    fn read(&mut self, line: u32, text: &str, note: Option<Note>) -> Result<Entry, Fault> {
        let How { context, action, .. } = *self.how;
        let confirm = note.as_ref().map(|note| note.confirm).unwrap_or_default();
        let scope = Reading { suffixes: context.suffixes, action, confirm }.read(text).map_err(|spot| spot.fault)?;
        let note = note.filter(|note| *note != Note::default()).map(Box::new);
        let entry = Entry { line, text: scope.to_string().into(), scope, note };
        may_stand(&entry, action, context, &self.own_hosts)?;
        if matches!(entry.scope, Scope::Pattern(_)) {
            self.patterns += 1;
            if self.patterns > MAX_PATTERNS {
                return Err(Fault::TooManyPatterns);
            }
        }
        Ok(entry)
    }
}

/// An IPv6 address as a list has it, with what follows.
fn bracketed(text: &str) -> String {
    let (address, length) = text.split_at(text.find('/').unwrap_or(text.len()));
    match address.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]{length}"),
        Err(_) => text.to_owned(),
    }
}

/// A text of a feed for a note: one line, without marks that cannot be seen, at most 160 characters. `None` where
/// nothing is left.
pub(super) fn said(text: &str) -> Option<Box<str>> {
    let seen = |c: char| if crate::list::line::is_odd(c) { ' ' } else { c };
    let plain: String = text.trim().chars().map(seen).take(160).collect();
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" ").into())
}
