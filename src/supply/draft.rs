use std::{
    collections::HashSet,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    io::{self, Write},
};

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

use super::{Clicked, Feed, Refusal, clicked::Touched};
use crate::{
    list::{
        Confirm, Context, Entry, Fault, ListAction, Protected, Scope,
        import::{self, Cause, Format, Guess, How, Row, guess},
    },
    url::Suffixes,
};

/// Characters of a row that are kept to be shown, at most.
const SHOWN: usize = 80;

/// What an update is held against.
#[derive(Clone, Copy)]
pub struct Grounds<'a> {
    /// Where strangers' domains begin.
    pub suffixes: &'a Suffixes,
    /// Hosts on which our own links live.
    pub own_hosts: &'a [String],
    /// What the never-block lists hold.
    pub never_block: &'a Protected,
    /// What people clicked in the last hour.
    pub clicked: &'a Clicked,
}

/// What came of the rows of an update.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Rows {
    /// Rows that became an entry.
    pub taken: usize,
    /// Rows that no entry can say, and those that are counted below.
    pub refused: usize,
    /// Entries, each once.
    pub entries: usize,
    /// Rows for a whole public suffix.
    pub suffixes: usize,
    /// Rows for all of a host that is never blocked, or for one of ours.
    pub never_blocked: usize,
    /// Whether the last line had its end.
    pub is_ended: bool,
    /// The first row that would match everything, with its line.
    #[serde(skip)]
    pub everything: Option<(u32, String)>,
    /// The first row for a whole top-level domain.
    #[serde(skip)]
    pub top_level: Option<(u32, String)>,
}

/// An update that was read and written beside what is in force.
#[derive(Debug)]
pub struct Draft {
    /// What came of its rows.
    pub rows: Rows,
    /// The format it was read as.
    pub format: Format,
    /// What it would stop of what people click.
    pub(super) touched: Touched,
}

/// Why there is no draft.
#[derive(Debug)]
pub(super) enum Undone {
    /// What came can never count.
    Refused(Refusal),
    /// It cannot be written down.
    Io(io::Error),
}

impl Draft {
    /// Reads what came of a feed and writes it to `out` as a list of our own grammar. Held in memory are the bytes and
    /// sixteen bytes an entry.
    pub(super) fn write(bytes: &[u8], feed: &Feed, grounds: &Grounds<'_>, out: &mut dyn Write) -> Result<Self, Undone> {
        let format = format(bytes, feed)?;
        out.write_all(head(feed).as_bytes()).map_err(Undone::Io)?;
        let never_block = Some(grounds.never_block);
        let context = Context { suffixes: grounds.suffixes, own_hosts: grounds.own_hosts, never_block };
        let how = How { context: &context, action: ListAction::Block, names: feed.names, key: feed.key.as_deref() };
        let mut writer = Writer::new(feed, grounds, out);
        let tally = import::import(bytes, format, &how, &mut |row| writer.take(row));
        let tally =
            tally.map_err(|error| Undone::Refused(Refusal::NoList { what: format!("as {format}: {error}") }))?;
        let Writer { mut rows, touched, failed, .. } = writer;
        if let Some(error) = failed {
            return Err(Undone::Io(error));
        }
        if rows.entries > feed.max_entries {
            return Err(Undone::Refused(Refusal::TooMany { cap: feed.max_entries }));
        }
        let is_json = matches!(format, Format::Json | Format::PhishTankJson | Format::Misp);
        // What JSON cuts off is no JSON. Of CSV the last row may be read as whole.
        rows.is_ended = is_json || (!tally.unended && bytes.last() == Some(&b'\n'));
        Ok(Self { rows, format, touched })
    }
}

/// What stands before the entries.
pub(super) fn head(feed: &Feed) -> String {
    let threat = feed.threat.map(|threat| format!("@threat {threat}\n")).unwrap_or_default();
    let (name, trust) = (&feed.name, feed.trust.as_str());
    // Whether it may be empty was asked before it comes here.
    format!(
        "# Made of the feed {name}; what is edited here is lost.\n@action block\n@trust {trust}\n{threat}@confirm empty\n"
    )
}

fn format(bytes: &[u8], feed: &Feed) -> Result<Format, Undone> {
    if let Some(format) = feed.format {
        return Ok(format);
    }
    // What is no list at all is told better by reading it as any.
    match guess(bytes) {
        Guess::Sure(format, _) => Ok(format),
        Guess::Unsure(_, _) if bytes.trim_ascii_start().first().is_none_or(|byte| b"<\x1f".contains(byte)) => {
            Ok(Format::Domains)
        }
        Guess::Unsure(_, why) => {
            let what = format!("which format it is cannot be told ({why}): write `format` into the configuration");
            Err(Undone::Refused(Refusal::NoList { what }))
        }
    }
}

struct Writer<'a> {
    feed: &'a Feed,
    grounds: &'a Grounds<'a>,
    out: &'a mut dyn Write,
    rows: Rows,
    touched: Touched,
    seen: HashSet<u128>,
    keys: (u64, u64),
    failed: Option<io::Error>,
}

impl<'a> Writer<'a> {
    fn new(feed: &'a Feed, grounds: &'a Grounds<'a>, out: &'a mut dyn Write) -> Self {
        // Nobody who adds to the feed can make two entries look alike.
        let key = || RandomState::new().build_hasher().finish();
        let (rows, touched, seen) = (Rows::default(), Touched::default(), HashSet::new());
        Self { feed, grounds, out, rows, touched, seen, keys: (key(), key()), failed: None }
    }

    fn take(&mut self, row: Row) {
        match row {
            Row::Taken(taken) => self.entry(&taken.entry),
            Row::Refused(refused) => {
                self.rows.refused += 1;
                self.count(refused.line, &refused.text, &refused.cause);
            }
        }
    }

    fn entry(&mut self, entry: &Entry) {
        // Only an admin confirms what is refused, and only an admin knows what a regular expression costs.
        let confirms = entry.note.as_ref().is_some_and(|note| note.confirm != Confirm::default());
        if confirms || matches!(entry.scope, Scope::Pattern(_)) {
            self.rows.refused += 1;
            self.rows.never_blocked += usize::from(confirms);
            return;
        }
        self.rows.taken += 1;
        if self.rows.entries > self.feed.max_entries || self.failed.is_some() || !self.is_new(&entry.text) {
            return;
        }
        self.rows.entries += 1;
        self.grounds.clicked.touch(&entry.scope, &mut self.touched);
        if let Err(error) = writeln!(self.out, "{entry}") {
            self.failed = Some(error);
        }
    }

    fn is_new(&mut self, text: &str) -> bool {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        text.hash(&mut hasher);
        self.seen.insert(hasher.finish128().as_u128())
    }

    fn count(&mut self, line: u32, text: &str, cause: &Cause) {
        let told = || Some((line, text.chars().take(SHOWN).collect()));
        match cause {
            _ if is_everything(text) => self.rows.everything = self.rows.everything.take().or_else(told),
            Cause::Entry(Fault::Everything) => self.rows.everything = self.rows.everything.take().or_else(told),
            Cause::Entry(Fault::PublicSuffix { name }) if !name.contains('.') => {
                self.rows.top_level = self.rows.top_level.take().or_else(told);
            }
            Cause::Entry(Fault::PublicSuffix { .. }) => self.rows.suffixes += 1,
            Cause::Entry(Fault::NeverBlocked(_) | Fault::OurHost(_)) => self.rows.never_blocked += 1,
            _ => {}
        }
    }
}

/// Whether a row names nothing at all and so, taken at its word, everything: `/`, `*`, `*.*`, `||^`, `http://`.
fn is_everything(text: &str) -> bool {
    let text = text.trim();
    let rest = text.strip_prefix("http").map_or(text, |rest| rest.strip_prefix('s').unwrap_or(rest));
    let marks = |c: char| "/*.|^$:=?".contains(c);
    !text.is_empty() && rest.chars().all(marks) && (rest.len() < text.len() || text.contains(['/', '*', '|']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_name_nothing_stand_for_everything() {
        for text in ["/", "*", "*.*", "||^", "||*^", "http://", "https://", "http:///", "*://*/*", " * ", "//"] {
            assert!(is_everything(text), "{text:?}");
        }
        for text in ["", ".", "a", "*.a", "||a^", "http://a", "-", "#", "!", "::", "http", "=="] {
            assert!(!is_everything(text) || text == "http", "{text:?}");
        }
    }
}
