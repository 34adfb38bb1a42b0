use std::{
    fmt,
    io::{self, Read, Seek, SeekFrom},
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    BuildError, Builder, Imprint, Index, Refused, Seed,
    front::{About, HEADER, Header},
    key::{self, DEPTHS, Kind, NetworkKey},
    line::{LINE, Line, Spot, home_of, tag_of},
    record::{Item, Record},
    seed::KeyHasher,
};
use crate::{
    base::Timestamp,
    list::{Entry, Head, Hit, List, MAX_PREFIX_BYTES, Reach, Scope, Width, Written},
    url::Canonical,
};

/// Bytes of an index, wherever they lie: in memory, or in a file that is mapped.
pub type Bytes = Box<dyn AsRef<[u8]> + Send + Sync>;

/// Bytes of records that are checked at a time.
const AT_A_TIME: usize = 1 << 20;
/// Names whose lines are fetched side by side. Hardly any host has more labels.
const AT_ONCE: usize = 8;

/// An index of some lists that never changes, in bytes that are read where they lie.
///
/// Entries for names, paths, URLs, ranges and files are found by a hash under the index's own [`Seed`], and believed
/// where the text of the entry agrees. Only regular expressions are tried one by one.
pub struct Table {
    bytes: Bytes,
    header: Header,
    about: About,
    hasher: KeyHasher,
    /// Entries that are regular expressions, each with its list.
    patterns: Vec<(u32, Entry)>,
    damaged: AtomicU64,
}

impl Table {
    /// Takes bytes for what a [`Builder`] wrote, once the sums of all but the records agree. Each record has a sum of its
    /// own, which a lookup checks, and [`Table::check_records`] checks them all.
    ///
    /// # Errors
    /// [`Refused`], where they are something else, or damaged.
    pub fn open(bytes: Bytes) -> Result<Self, Refused> {
        let all = (*bytes).as_ref();
        let header = Header::read(all)?;
        let part = |from: u64, length: u64| {
            let (from, length) = (usize::try_from(from).ok()?, usize::try_from(length).ok()?);
            all.get(from..)?.get(..length)
        };
        let lines = part(HEADER as u64, header.lines * LINE as u64).ok_or(Refused::Short)?;
        if crc32fast::hash(lines) != header.sums.lines {
            return Err(Refused::Damaged("table"));
        }
        let about = part(header.about_at(), header.about).ok_or(Refused::Short)?;
        if crc32fast::hash(about) != header.sums.about {
            return Err(Refused::Damaged("account of its lists"));
        }
        let about: About = serde_json::from_slice(about).map_err(|_| Refused::Damaged("account of its lists"))?;
        let entry = |line: &super::front::PatternLine| Some((line.list, line.entry()?));
        let patterns: Option<Vec<_>> = about.patterns.iter().map(entry).collect();
        let patterns = patterns.ok_or(Refused::Damaged("account of its regular expressions"))?;
        let hasher = header.seed.hasher();
        Ok(Self { bytes, header, about, hasher, patterns, damaged: AtomicU64::new(0) })
    }

    /// An index in memory over these lists.
    ///
    /// # Errors
    /// [`BuildError`], where they are more than it can hold.
    pub fn of_lists(lists: &[&List], seed: Seed, generation: u64) -> Result<Self, BuildError> {
        let mut builder = Builder::in_memory(seed);
        for (list, at) in lists.iter().zip(0..) {
            list.entries.iter().try_for_each(|entry| builder.push(at, entry))?;
        }
        let heads = lists.iter().map(|list| Head::from(*list)).collect();
        let imprint = Imprint { lists: heads, generation, made_of: String::new() };
        let mut bytes = Vec::new();
        builder.finish(imprint, &mut bytes, &mut |_, _| {})?;
        // What was just written is whole.
        Self::open(Box::new(bytes)).map_err(|refused| std::io::Error::other(refused).into())
    }

    /// Reads every record and checks its part's sum.
    ///
    /// # Errors
    /// [`Refused::Damaged`], where they are not what was written.
    pub fn check_records(&self) -> Result<(), Refused> {
        let sound = crc32fast::hash(self.view().blocks) == self.header.sums.blocks;
        sound.then_some(()).ok_or(Refused::Damaged("list of names"))
    }

    /// The same, of the file that these bytes are a map of: read and not touched where they are mapped, the records take
    /// no memory of this process.
    ///
    /// # Errors
    /// What reading says, and [`Refused::Damaged`] as an error of kind [`InvalidData`](io::ErrorKind::InvalidData).
    pub fn check_records_in(&self, mut file: impl Read + Seek) -> io::Result<()> {
        file.seek(SeekFrom::Start(self.header.blocks_at()))?;
        let (mut sum, mut part, mut rest) = (crc32fast::Hasher::new(), vec![0; AT_A_TIME], self.header.blocks);
        while rest > 0 {
            let length = usize::try_from(rest).map_or(AT_A_TIME, |rest| rest.min(AT_A_TIME));
            let part = part.get_mut(..length).unwrap_or_default();
            file.read_exact(part)?;
            sum.update(part);
            rest -= length as u64;
        }
        let sound = sum.finalize() == self.header.sums.blocks;
        sound.then_some(()).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, Refused::Damaged("list of names")))
    }

    /// Records that lookups found damaged, counted each time.
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Its lists, in the order of their numbers.
    pub fn lists(&self) -> &[Head] {
        &self.about.lists
    }

    /// The generation it was made as.
    pub fn generation(&self) -> u64 {
        self.header.generation
    }

    /// What it was made of, in the words of [`Imprint::made_of`].
    pub fn made_of(&self) -> &str {
        &self.about.made_of
    }

    /// Its bytes of the table, which lookups of what is not listed touch, and of the records, which they do not.
    pub fn sizes(&self) -> (u64, u64) {
        (HEADER as u64 + self.header.lines * LINE as u64, self.header.blocks)
    }

    /// Visits every entry but regular expressions with its list, in no order. For who counts or exports them.
    pub fn for_each(&self, visit: &mut dyn FnMut(&Head, Written<'_>)) {
        let view = self.view();
        for line in view.lines.iter().map(Line) {
            for slot in 0..line.len() {
                let items = view.record(line, slot).into_iter().flat_map(Record::items);
                for item in items {
                    if let Item::Entry { list, written, .. } = item
                        && let Some(head) = self.about.lists.get(list as usize)
                    {
                        visit(head, written);
                    }
                }
            }
        }
    }

    fn view(&self) -> View<'_> {
        let all = (*self.bytes).as_ref();
        let blocks_at = usize::try_from(self.header.blocks_at()).unwrap_or(usize::MAX);
        let lines = all.get(HEADER..blocks_at).unwrap_or_default().as_chunks().0;
        let blocks = usize::try_from(self.header.blocks).unwrap_or(usize::MAX);
        let blocks = all.get(blocks_at..).and_then(|rest| rest.get(..blocks)).unwrap_or_default();
        View { table: self, lines, blocks }
    }

    fn has(&self, kind: Kind) -> bool {
        self.about.kinds & kind.bit() != 0
    }

    fn hit<'a>(&'a self, list: u32, written: Written<'a>, width: Width, visit: &mut dyn FnMut(Hit<'a>)) {
        match self.about.lists.get(list as usize) {
            Some(list) => visit(Hit { list, entry: written, width }),
            None => self.count_damage(),
        }
    }

    fn count_damage(&self) {
        self.damaged.fetch_add(1, Ordering::Relaxed);
    }
}

impl Index for Table {
    fn lookup<'a>(&'a self, key: &Canonical, now: Timestamp, visit: &mut dyn FnMut(Hit<'a>)) {
        let view = self.view();
        let mut visit = |hit: Hit<'a>| {
            if hit.entry.is_in_force(now) {
                visit(hit);
            }
        };
        if self.has(Kind::Url) {
            view.all_under((key.as_str(), ""), Width::of_url(), &mut visit);
        }
        if self.has(Kind::Hosts) || self.has(Kind::Paths) {
            view.names(key, &mut visit);
        }
        if let Some(address) = key.address() {
            view.networks(address, &mut visit);
        }
        for (list, entry) in &self.patterns {
            if let Scope::Pattern(pattern) = &entry.scope
                && pattern.is_match(key.as_str())
            {
                self.hit(*list, entry.into(), Width::of_pattern(), &mut visit);
            }
        }
    }

    fn lookup_file<'a>(&'a self, sha256: &[u8; 32], now: Timestamp, visit: &mut dyn FnMut(Hit<'a>)) {
        if !self.has(Kind::File) {
            return;
        }
        let key = key::file_key(sha256);
        let mut visit = |hit: Hit<'a>| {
            if hit.entry.is_in_force(now) {
                visit(hit);
            }
        };
        self.view().all_under_bytes(&key, Width::of_url(), &mut visit);
    }

    fn len(&self) -> usize {
        usize::try_from(self.header.entries).unwrap_or(usize::MAX)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("generation", &self.header.generation).field("lists", &self.about.lists).finish()
    }
}

/// Names that are looked up together, each with its dots and its hash.
#[derive(Default)]
struct Batch<'k> {
    names: [(&'k str, usize, u64); AT_ONCE],
    count: usize,
}

/// The parts of a table's bytes.
#[derive(Clone, Copy)]
struct View<'a> {
    table: &'a Table,
    lines: &'a [[u8; LINE]],
    blocks: &'a [u8],
}

impl<'a> View<'a> {
    /// Visits everything under the host and the domains above it. The lines of all names are fetched side by side.
    fn names(self, key: &Canonical, visit: &mut dyn FnMut(Hit<'a>)) {
        let mut batch = Batch::default();
        key.visit_domains(|dots, name| {
            if !self.table.about.has_names_with(dots) {
                return;
            }
            if batch.count == AT_ONCE {
                self.batch(&batch, key, visit);
                batch.count = 0;
            }
            if let Some(slot) = batch.names.get_mut(batch.count) {
                *slot = (name, dots, self.table.hasher.hash(name.as_bytes()));
                batch.count += 1;
            }
        });
        self.batch(&batch, key, visit);
    }

    fn batch(self, batch: &Batch<'_>, key: &Canonical, visit: &mut dyn FnMut(Hit<'a>)) {
        let names = batch.names.get(..batch.count).unwrap_or_default();
        let mut may_hold = 0_u32;
        for (at, (.., hash)) in names.iter().enumerate() {
            may_hold |= u32::from(self.home(*hash).is_some_and(|line| line.may_hold(tag_of(*hash)))) << at;
        }
        while may_hold != 0 {
            let at = may_hold.trailing_zeros() as usize;
            may_hold &= may_hold - 1;
            if let Some((name, dots, hash)) = names.get(at) {
                self.name((name, dots + 1), *hash, name.len() == key.host().len(), key.path(), visit);
            }
        }
    }

    /// Visits what is under one name of so many labels; `exact` where it is the host itself.
    fn name(self, (name, labels): (&str, usize), hash: u64, exact: bool, path: &str, visit: &mut dyn FnMut(Hit<'a>)) {
        let mut depths = 0;
        self.find(hash, (name.as_bytes(), &[]), &mut |item| match item {
            Item::Entry { kind: Kind::Hosts, reach, list, written } if reaches(reach, exact) => {
                self.table.hit(list, written, Width::of_hosts(reach, labels), visit);
            }
            Item::Entry { .. } => {}
            Item::Below(marked) => depths |= marked,
        });
        if depths != 0 {
            self.paths(name, depths, exact, path, visit);
        }
    }

    /// Visits what is under one name with each prefix of the path that lies as deep as one that is listed.
    fn paths(self, name: &str, depths: u64, exact: bool, path: &str, visit: &mut dyn FnMut(Hit<'a>)) {
        let mut hasher = self.table.hasher;
        hasher.put(name.as_bytes());
        let mut hashed = 0;
        let slashes = memchr::memchr_iter(b'/', path.as_bytes()).take_while(|slash| *slash < MAX_PREFIX_BYTES);
        for (slash, count) in slashes.zip(1..) {
            let depth = key::depth(count);
            if depths >> (depth - 1) == 0 && depth < DEPTHS {
                return;
            }
            if depths >> (depth - 1) & 1 == 0 {
                continue;
            }
            let (Some(part), Some(prefix)) = (path.get(hashed..=slash), path.get(..=slash)) else { return };
            hasher.put(part.as_bytes());
            hashed = slash + 1;
            self.find(hasher.so_far(), (name.as_bytes(), prefix.as_bytes()), &mut |item| match item {
                Item::Entry { kind: Kind::Paths, reach, list, written } if reaches(reach, exact) => {
                    self.table.hit(list, written, Width::of_paths(reach, name, prefix.len()), visit);
                }
                _ => {}
            });
        }
    }

    /// Visits the ranges that hold an address.
    fn networks(self, address: IpAddr, visit: &mut dyn FnMut(Hit<'a>)) {
        for length in self.table.about.lengths(address.is_ipv4()) {
            let key = NetworkKey::new(address, length);
            let Some(network) = NetworkKey::network(key.as_bytes()) else { continue };
            self.all_under_bytes(key.as_bytes(), Width::of_network(&network), visit);
        }
    }

    fn all_under(self, key: (&str, &str), width: Width, visit: &mut dyn FnMut(Hit<'a>)) {
        self.all_under_bytes(key.0.as_bytes(), width, visit);
    }

    fn all_under_bytes(self, key: &[u8], width: Width, visit: &mut dyn FnMut(Hit<'a>)) {
        self.find(self.table.hasher.hash(key), (key, &[]), &mut |item| {
            if let Item::Entry { list, written, .. } = item {
                self.table.hit(list, written, width, visit);
            }
        });
    }

    /// Gives what stands under a key, which comes in two parts.
    fn find(self, hash: u64, key: (&[u8], &[u8]), found: &mut dyn FnMut(Item<'a>)) {
        let tag = tag_of(hash);
        let home = usize::try_from(home_of(hash, self.table.header.homes)).unwrap_or(usize::MAX);
        for line in self.lines.get(home..).unwrap_or_default().iter().map(Line) {
            for slot in line.slots(tag) {
                match self.record(line, slot) {
                    // All that stands under one key is in one record.
                    Some(record) if record.is_under(key) => return record.items().for_each(&mut *found),
                    // The tag of another key, which happens.
                    Some(_) => {}
                    None => self.table.count_damage(),
                }
            }
            if !line.spills() {
                return;
            }
        }
    }

    fn home(self, hash: u64) -> Option<Line<'a>> {
        self.lines.get(usize::try_from(home_of(hash, self.table.header.homes)).ok()?).map(Line)
    }

    /// The record behind a slot; `None` where it is damaged.
    fn record(self, line: Line<'a>, slot: usize) -> Option<Record<'a>> {
        let block = self.blocks.get(usize::try_from(line.block()).ok()?..)?;
        let (at, length) = match line.spot(slot)? {
            Spot::Near(at, length) => (at, length),
            Spot::Far(at) => {
                let sign = u64::from_le_bytes(*block.get(at..)?.first_chunk()?);
                (usize::try_from(sign as u32).ok()?, usize::try_from(sign >> 32).ok()?)
            }
        };
        Record::read(block.get(at..)?.get(..length)?)
    }
}

fn reaches(reach: Reach, exact: bool) -> bool {
    match reach {
        Reach::Host => exact,
        Reach::Subdomains => !exact,
        Reach::Domain => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{list, url::Suffixes};

    /// Two keys with one tag on one line cannot be had by trying; a hash that is another key's does the same.
    #[test]
    fn a_tag_is_believed_only_where_the_text_agrees() {
        let suffixes = Suffixes::builtin();
        let context = list::Context { suffixes: &suffixes, own_hosts: &[], never_block: None };
        let (list, _) = list::parse("l", "a.test\n", &context);
        let table = Table::of_lists(&[&list], Seed([7; 16]), 1).unwrap();
        let hash = table.hasher.hash(b"a.test");
        for (key, wanted) in [("a.test", 1), ("b.test", 0), ("a.tes", 0), ("a.test.b", 0), ("", 0)] {
            let mut found = 0;
            table.view().find(hash, (key.as_bytes(), &[]), &mut |_| found += 1);
            assert_eq!(found, wanted, "{key:?}");
        }
    }
}
