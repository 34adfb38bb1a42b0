use sha2::{Digest, Sha256};

use super::{
    BadLine, Entry, Fault, List, ListAction, Protected, Scope,
    fault::Spot,
    line::{Line, split},
    nearest, note,
    scope::Reading,
};
use crate::{base::TenantId, url::Suffixes};

/// Bytes of one line, at most.
pub const MAX_LINE_BYTES: usize = 32 * 1024;
/// Regular expressions of one list, at most: each is tried on each URL.
pub const MAX_PATTERNS: usize = 100;
/// Bad lines that are told, at most; the rest are counted.
pub const MAX_BAD_LINES: usize = 1000;

pub(super) const DIRECTIVES: [&str; 4] = ["action", "tenant", "policy", "confirm"];

/// What a list is read against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Where strangers' domains begin.
    pub suffixes: &'a Suffixes,
    /// Hosts on which our own links live; no list may block them.
    pub own_hosts: &'a [String],
    /// What the never-block lists hold, where they are known.
    pub never_block: Option<&'a Protected>,
}

/// Reads a list, named as its file without `.list`. The lines that were refused come beside it, in their order.
///
/// The list holds every good line. Where a directive is bad it holds none: nobody knows what its entries would do.
pub fn parse(name: &str, text: impl AsRef<[u8]>, context: &Context<'_>) -> (List, Vec<BadLine>) {
    let bytes = text.as_ref();
    let mut reader = Reader::new(name, bytes, context);
    for (number, line) in (1..).zip(lines(bytes)) {
        if let Err(spot) = reader.read(number, line) {
            reader.refuse(number, line, spot);
        }
    }
    reader.finish()
}

/// The version of a list: the first 12 hexadecimal digits of the SHA-256 of its text.
pub fn version_of(text: &[u8]) -> String {
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The action that a text declares, read without its entries: never-block lists are read before all others.
pub fn action_of(text: &[u8]) -> ListAction {
    for line in lines(text).map_while(|line| std::str::from_utf8(line).ok()) {
        match split(line) {
            Ok(Line::Directive { name: "action", value, .. }) => return action(value).unwrap_or_default(),
            Ok(Line::Blank | Line::Directive { .. }) => {}
            _ => break,
        }
    }
    ListAction::default()
}

/// Lines without their ends, LF or CRLF, and without a byte order mark.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Whether a bad line was meant as a directive, however badly it is written: behind a mark that cannot be seen, in
/// bytes that are no UTF-8, without its `@`.
fn is_about_the_list(line: &[u8], fault: &Fault) -> bool {
    let first = line.iter().find(|byte| byte.is_ascii_graphic());
    first == Some(&b'@') || matches!(fault, Fault::NoAt { .. })
}

fn action(value: &str) -> Option<ListAction> {
    ListAction::NAMES.iter().find(|(name, _)| *name == value).map(|(_, action)| *action)
}

/// What an entry may not do in a list with this action, however well it is written.
pub(super) fn may_stand(
    entry: &Entry,
    action: ListAction,
    context: &Context<'_>,
    own_hosts: &Protected,
) -> Result<(), Fault> {
    if action != ListAction::Block {
        return Ok(());
    }
    if let Some(host) = own_hosts.touched_by(&entry.scope) {
        return Err(Fault::OurHost(host));
    }
    match context.never_block.and_then(|never_block| never_block.struck_by(&entry.scope)) {
        Some(host) if !entry.confirm().never_block => Err(Fault::NeverBlocked(host)),
        _ => Ok(()),
    }
}

struct Reader<'a> {
    context: &'a Context<'a>,
    own_hosts: Protected,
    list: List,
    seen: [bool; DIRECTIVES.len()],
    entries: usize,
    patterns: usize,
    spoilt: bool,
    bad: Vec<BadLine>,
    untold: usize,
}

impl<'a> Reader<'a> {
    fn new(name: &str, text: &[u8], context: &'a Context<'a>) -> Self {
        let list = List {
            name: name.to_owned(),
            version: version_of(text),
            action: ListAction::default(),
            tenant: None,
            policy: None,
            confirms_empty: false,
            since: None,
            entries: Vec::new(),
        };
        let own_hosts = Protected::of_hosts(context.own_hosts);
        let seen = [false; DIRECTIVES.len()];
        Self { context, own_hosts, list, seen, entries: 0, patterns: 0, spoilt: false, bad: Vec::new(), untold: 0 }
    }

    fn read(&mut self, number: u32, bytes: &[u8]) -> Result<(), Spot> {
        if bytes.len() > MAX_LINE_BYTES {
            return Err(Spot { at: 0, fault: Fault::LongLine(bytes.len()) });
        }
        let line =
            std::str::from_utf8(bytes).map_err(|error| Spot { at: error.valid_up_to(), fault: Fault::NotUtf8 })?;
        match split(line)? {
            Line::Blank => Ok(()),
            Line::Directive { name, value, at } => self.read_directive(name, value).map_err(|fault| Spot { at, fault }),
            Line::Entry { text, at, note, note_at } => {
                self.entries += 1;
                let within = |from: usize| move |spot: Spot| Spot { at: spot.at + from, ..spot };
                let note = note::read(note).map_err(within(note_at))?;
                let entry = Entry {
                    line: number,
                    text: text.into(),
                    scope: self.read_scope(text, &note).map_err(within(at))?,
                    note,
                };
                self.check(&entry).map_err(|fault| Spot { at, fault })?;
                self.list.entries.push(entry);
                Ok(())
            }
        }
    }

    fn read_scope(&self, text: &str, note: &Option<Box<super::Note>>) -> Result<Scope, Spot> {
        let confirm = note.as_ref().map(|note| note.confirm).unwrap_or_default();
        Reading { suffixes: self.context.suffixes, action: self.list.action, confirm }.read(text)
    }

    fn read_directive(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        let Some(known) = DIRECTIVES.iter().position(|known| *known == name) else {
            return Err(Fault::UnknownDirective { name: name.to_owned(), nearest: nearest(name, &DIRECTIVES) });
        };
        let directive = DIRECTIVES[known];
        if self.entries > 0 {
            return Err(Fault::LateDirective);
        }
        if std::mem::replace(&mut self.seen[known], true) {
            return Err(Fault::RepeatedDirective(directive));
        }
        self.set(directive, value).ok_or_else(|| Fault::BadValue { directive, value: value.to_owned() })
    }

    fn set(&mut self, directive: &str, value: &str) -> Option<()> {
        match directive {
            "action" => self.list.action = action(value)?,
            "tenant" => self.list.tenant = Some(TenantId(value.parse().ok().filter(|number| *number > 0)?)),
            "policy" => {
                let letters = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
                self.list.policy = Some(value).filter(|name| letters && !name.is_empty()).map(str::to_owned);
                self.list.policy.as_ref()?;
            }
            _ => {
                self.list.confirms_empty = value == "empty";
                self.list.confirms_empty.then_some(())?;
            }
        }
        Some(())
    }

    /// What a line may not do, however well it is written.
    fn check(&mut self, entry: &Entry) -> Result<(), Fault> {
        if matches!(entry.scope, Scope::Pattern(_)) {
            self.patterns += 1;
            if self.patterns > MAX_PATTERNS {
                return Err(Fault::TooManyPatterns);
            }
        }
        may_stand(entry, self.list.action, self.context, &self.own_hosts)
    }

    fn refuse(&mut self, number: u32, line: &[u8], spot: Spot) {
        self.spoilt |= is_about_the_list(line, &spot.fault);
        if self.bad.len() >= MAX_BAD_LINES {
            self.untold += 1;
            return;
        }
        let before = line.get(..spot.at).unwrap_or(line);
        // Every byte of UTF-8 but the continuations begins a character.
        let characters = before.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        let column = u32::try_from(characters + 1).unwrap_or(u32::MAX);
        self.bad.push(BadLine { file: format!("{}.list", self.list.name), line: number, column, fault: spot.fault });
    }

    fn finish(mut self) -> (List, Vec<BadLine>) {
        if self.spoilt {
            self.list.entries.clear();
        }
        if let (Some(last), true) = (self.bad.last().cloned(), self.untold > 0) {
            self.bad.push(BadLine { fault: Fault::More(self.untold), ..last });
        }
        self.list.entries.shrink_to_fit();
        (self.list, self.bad)
    }
}
