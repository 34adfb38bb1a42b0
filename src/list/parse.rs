use std::io::{self, BufRead};

use sha2::{Digest, Sha256};

use super::{
    BadLine, Confirm, Entry, Fault, Head, List, ListAction, Protected, Scope,
    fault::Spot,
    line::{Line, split},
    nearest, note,
    scope::{Reading, is_plain},
    trust,
};
use crate::{base::TenantId, url::Suffixes};

/// Bytes of one line, at most.
pub const MAX_LINE_BYTES: usize = 32 * 1024;
/// Regular expressions of one list, at most: each is tried on each URL.
pub const MAX_PATTERNS: usize = 100;
/// Bad lines that are told, at most; the rest are counted.
pub const MAX_BAD_LINES: usize = 1000;

pub(super) const DIRECTIVES: [&str; 6] = ["action", "tenant", "policy", "trust", "threat", "confirm"];

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
    let mut reader = Reader::new(name, context);
    let mut entries = Vec::new();
    for (number, line) in (1..).zip(lines(bytes)) {
        entries.extend(reader.take(number, line, line.len()));
    }
    let Read { head, bad, is_spoilt } = reader.finish(version_of(bytes));
    if is_spoilt {
        entries.clear();
    }
    entries.shrink_to_fit();
    let Head { name, version, action, tenant, policy, trust, threat, confirms_empty, since, .. } = head;
    (List { name, version, action, tenant, policy, trust, threat, confirms_empty, since, entries }, bad)
}

/// What came of reading a list whose entries went elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// What it says of itself, and how many entries it has.
    pub head: Head,
    /// Every line that was refused.
    pub bad: Vec<BadLine>,
    /// Whether a directive is bad: then none of its entries may count, for nobody knows what they would do.
    pub is_spoilt: bool,
}

/// Reads a list as [`parse`] does, line by line from wherever it stands, and hands each good entry on at once, so that
/// a list may be longer than memory.
///
/// # Errors
/// What reading says, or whoever takes the entries.
pub fn read(
    name: &str,
    mut text: impl BufRead,
    context: &Context<'_>,
    mut each: impl FnMut(Entry) -> io::Result<()>,
) -> io::Result<Read> {
    let (mut reader, mut version) = (Reader::new(name, context), Sha256::new());
    let mut begun = Begun::default();
    let mut number = 0_u32;
    let mut take = |line: &[u8], length: usize| {
        number = number.saturating_add(1);
        let bare = if number == 1 { without_mark(line) } else { line };
        let (bare, length) = match bare.strip_suffix(b"\r") {
            Some(bare) => (bare, length - 1),
            None => (bare, length),
        };
        reader.take(number, bare, length).map_or(Ok(()), &mut each)
    };
    loop {
        let held = text.fill_buf()?;
        if held.is_empty() {
            break;
        }
        version.update(held);
        let (taken, mut rest) = (held.len(), held);
        while let Some((line, behind)) = memchr::memchr(b'\n', rest).and_then(|end| rest.split_at_checked(end)) {
            rest = behind.get(1..).unwrap_or_default();
            if begun.length == 0 {
                take(line, line.len())?;
            } else {
                begun.put(line);
                take(&begun.line, begun.length)?;
                begun.clear();
            }
        }
        begun.put(rest);
        text.consume(taken);
    }
    if begun.length > 0 {
        take(&begun.line, begun.length)?;
    }
    let mut read = reader.finish(in_short(&version.finalize()));
    if read.is_spoilt {
        read.head.entries = 0;
    }
    Ok(read)
}

/// A line of which the end is not read yet. No more of it is kept than tells that it is too long.
#[derive(Default)]
struct Begun {
    line: Vec<u8>,
    length: usize,
}

impl Begun {
    fn put(&mut self, part: &[u8]) {
        self.length += part.len();
        let room = (MAX_LINE_BYTES + 8).saturating_sub(self.line.len()).min(part.len());
        self.line.extend_from_slice(part.get(..room).unwrap_or_default());
    }

    fn clear(&mut self) {
        self.line.clear();
        self.length = 0;
    }
}

/// The version of a list: the first 12 hexadecimal digits of the SHA-256 of its text.
pub fn version_of(text: &[u8]) -> String {
    in_short(&Sha256::digest(text))
}

/// The version of a list that is read bit by bit, as [`version_of`] gives it.
///
/// # Errors
/// What reading says.
pub fn version_of_all(mut text: impl BufRead) -> io::Result<String> {
    let mut version = Sha256::new();
    loop {
        let held = text.fill_buf()?;
        if held.is_empty() {
            return Ok(in_short(&version.finalize()));
        }
        version.update(held);
        let taken = held.len();
        text.consume(taken);
    }
}

fn in_short(digest: &[u8]) -> String {
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
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
    without_mark(text).split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Without a byte order mark.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
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
    head: Head,
    seen: [bool; DIRECTIVES.len()],
    entries: usize,
    patterns: usize,
    spoilt: bool,
    bad: Vec<BadLine>,
    untold: usize,
}

impl<'a> Reader<'a> {
    fn new(name: &str, context: &'a Context<'a>) -> Self {
        let head = Head {
            name: name.to_owned(),
            version: String::new(),
            action: ListAction::default(),
            tenant: None,
            policy: None,
            trust: None,
            threat: None,
            confirms_empty: false,
            since: None,
            entries: 0,
        };
        let own_hosts = Protected::of_hosts(context.own_hosts);
        let seen = [false; DIRECTIVES.len()];
        Self { context, own_hosts, head, seen, entries: 0, patterns: 0, spoilt: false, bad: Vec::new(), untold: 0 }
    }

    /// Takes up a line of so many bytes in all, of which the first are given; the entry in it, if there is one.
    fn take(&mut self, number: u32, line: &[u8], length: usize) -> Option<Entry> {
        let entry = self.read(number, line, length).unwrap_or_else(|spot| {
            self.refuse(number, line, spot);
            None
        });
        self.head.entries += usize::from(entry.is_some());
        entry
    }

    fn read(&mut self, number: u32, bytes: &[u8], length: usize) -> Result<Option<Entry>, Spot> {
        if length > MAX_LINE_BYTES {
            return Err(Spot { at: 0, fault: Fault::LongLine(length) });
        }
        let line =
            std::str::from_utf8(bytes).map_err(|error| Spot { at: error.valid_up_to(), fault: Fault::NotUtf8 })?;
        if is_plain(line) {
            let fault = |fault| Spot { at: 0, fault };
            self.entries += 1;
            let scope = self.reading(Confirm::default()).read_plain(line).map_err(fault)?;
            let entry = Entry { line: number, text: line.into(), scope, note: None };
            self.check(&entry).map_err(fault)?;
            return Ok(Some(entry));
        }
        match split(line)? {
            Line::Blank => Ok(None),
            Line::Directive { name, value, at } => {
                self.read_directive(name, value).map_err(|fault| Spot { at, fault })?;
                Ok(None)
            }
            Line::Entry { text, at, note, note_at } => {
                self.entries += 1;
                let within = |from: usize| move |spot: Spot| Spot { at: spot.at + from, ..spot };
                let note = note::read(note).map_err(within(note_at))?;
                let confirm = note.as_ref().map(|note| note.confirm).unwrap_or_default();
                let scope = self.reading(confirm).read(text).map_err(within(at))?;
                let entry = Entry { line: number, text: text.into(), scope, note };
                self.check(&entry).map_err(|fault| Spot { at, fault })?;
                Ok(Some(entry))
            }
        }
    }

    fn reading(&self, confirm: Confirm) -> Reading<'a> {
        Reading { suffixes: self.context.suffixes, action: self.head.action, confirm }
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
            "action" => self.head.action = action(value)?,
            "tenant" => self.head.tenant = Some(TenantId(value.parse().ok().filter(|number| *number > 0)?)),
            "policy" => {
                let letters = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
                self.head.policy = Some(value).filter(|name| letters && !name.is_empty()).map(str::to_owned);
                self.head.policy.as_ref()?;
            }
            "trust" => self.head.trust = Some(trust::trust(value)?),
            "threat" => self.head.threat = Some(trust::threat(value)?),
            _ => {
                self.head.confirms_empty = value == "empty";
                self.head.confirms_empty.then_some(())?;
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
        may_stand(entry, self.head.action, self.context, &self.own_hosts)
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
        self.bad.push(BadLine { file: format!("{}.list", self.head.name), line: number, column, fault: spot.fault });
    }

    fn finish(mut self, version: String) -> Read {
        if let (Some(last), true) = (self.bad.last().cloned(), self.untold > 0) {
            self.bad.push(BadLine { fault: Fault::More(self.untold), ..last });
        }
        self.head.version = version;
        Read { head: self.head, bad: self.bad, is_spoilt: self.spoilt }
    }
}
