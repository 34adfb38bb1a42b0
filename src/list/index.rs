use std::{net::IpAddr, sync::Arc};

use foldhash::HashMap;

use super::{
    Hit, List, Network, Scope,
    network::number,
    paths::{Named, Place},
};
use crate::{
    base::{TenantId, Timestamp},
    url::Canonical,
};

/// Finds the entries for a URL. Every lookup is on an immutable index; names, paths, URLs and addresses are found
/// without a lock and without allocating (a regular expression fills its caches when it is first tried).
pub trait Index: Send + Sync {
    /// Every entry in force at `now` that matches the URL with this key, in no particular order.
    fn lookup<'a>(&'a self, key: &Canonical, now: Timestamp, visit: &mut dyn FnMut(Hit<'a>));

    /// Every entry in force at `now` for the file with this SHA-256.
    fn lookup_file<'a>(&'a self, sha256: &[u8; 32], now: Timestamp, visit: &mut dyn FnMut(Hit<'a>));

    /// Entries, in force or not.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An [`Index`] in memory over shared lists.
///
/// Names are hashed whole, with every domain above the host looked up (a host has at most 127); prefixes are hashed
/// below their name; ranges are sorted with the range around each, and only regular expressions are tried one by one.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    lists: Vec<Arc<List>>,
    names: HashMap<Box<str>, Named>,
    urls: HashMap<Box<str>, Vec<Place>>,
    files: HashMap<[u8; 32], Vec<Place>>,
    ipv4: Ranges,
    ipv6: Ranges,
    patterns: Vec<Place>,
    len: usize,
}

impl MemoryIndex {
    /// An index over these lists.
    pub fn build(lists: Vec<Arc<List>>) -> Self {
        let mut index = Self::default();
        for (list, at) in lists.iter().zip(0..) {
            for (entry, place) in list.entries.iter().zip(0..) {
                index.insert(&entry.scope, Place { list: at, entry: place });
            }
        }
        index.ipv4.sort();
        index.ipv6.sort();
        index.lists = lists;
        index
    }

    /// The lists that it holds.
    pub fn lists(&self) -> &[Arc<List>] {
        &self.lists
    }

    fn insert(&mut self, scope: &Scope, place: Place) {
        self.len += 1;
        match scope {
            Scope::Hosts { reach, name } => self.names.entry(name.clone()).or_default().insert_host(*reach, place),
            Scope::Paths { reach, name, prefix } => {
                self.names.entry(name.clone()).or_default().insert_path(*reach, prefix, place);
            }
            Scope::Url(text) => self.urls.entry(text.clone()).or_default().push(place),
            Scope::Network(network) if network.first().is_ipv4() => self.ipv4.insert(*network, place),
            Scope::Network(network) => self.ipv6.insert(*network, place),
            Scope::File(sha256) => self.files.entry(*sha256).or_default().push(place),
            Scope::Pattern(_) => self.patterns.push(place),
        }
    }

    fn at(&self, place: Place) -> Option<Hit<'_>> {
        let list = self.lists.get(place.list as usize)?;
        Some(Hit::new(list, list.entries.get(place.entry as usize)?))
    }
}

impl Index for MemoryIndex {
    fn lookup<'a>(&'a self, key: &Canonical, now: Timestamp, visit: &mut dyn FnMut(Hit<'a>)) {
        let mut found = |place| {
            if let Some(hit) = self.at(place).filter(|hit| hit.entry.is_in_force(now)) {
                visit(hit);
            }
        };
        self.urls.get(key.as_str()).into_iter().flatten().for_each(|place| found(*place));
        for (above, name) in key.domains().enumerate() {
            if let Some(named) = self.names.get(name) {
                named.find(above == 0, key.path(), &mut found);
            }
        }
        match key.address() {
            Some(address @ IpAddr::V4(_)) => self.ipv4.find(address, &mut found),
            Some(address @ IpAddr::V6(_)) => self.ipv6.find(address, &mut found),
            None => {}
        }
        for place in &self.patterns {
            let hit = self.at(*place);
            if let Some(Scope::Pattern(pattern)) = hit.map(|hit| &hit.entry.scope)
                && pattern.is_match(key.as_str())
            {
                found(*place);
            }
        }
    }

    fn lookup_file<'a>(&'a self, sha256: &[u8; 32], now: Timestamp, visit: &mut dyn FnMut(Hit<'a>)) {
        let hits = self.files.get(sha256).into_iter().flatten().filter_map(|place| self.at(*place));
        hits.filter(|hit| hit.entry.is_in_force(now)).for_each(visit);
    }

    fn len(&self) -> usize {
        self.len
    }
}

/// Ranges of one family, sorted by first address and then widest first. Two ranges never overlap in part, so all that
/// hold an address are the last that begins at or before it and the ranges around that one.
#[derive(Debug, Default)]
struct Ranges(Vec<Range>);

#[derive(Debug)]
struct Range {
    network: Network,
    place: Place,
    /// Where the narrowest range around this one is.
    around: Option<usize>,
}

impl Ranges {
    fn insert(&mut self, network: Network, place: Place) {
        self.0.push(Range { network, place, around: None });
    }

    fn sort(&mut self) {
        self.0.sort_by_key(|range| (number(range.network.first()), range.network.length()));
        let mut open: Vec<(usize, Network)> = Vec::new();
        for (at, range) in self.0.iter_mut().enumerate() {
            while open.last().is_some_and(|(_, around)| !around.contains(range.network.first())) {
                open.pop();
            }
            range.around = open.last().map(|(around, _)| *around);
            open.push((at, range.network));
        }
    }

    fn find(&self, address: IpAddr, found: &mut dyn FnMut(Place)) {
        let behind = self.0.partition_point(|range| number(range.network.first()) <= number(address));
        let mut next = behind.checked_sub(1);
        while let Some(range) = next.and_then(|at| self.0.get(at)) {
            if range.network.contains(address) {
                found(range.place);
            }
            next = range.around;
        }
    }
}

/// An index as one tenant sees it under one policy: entries of lists for other tenants and policies are not there.
pub struct ForTenant<'i> {
    /// What is looked into.
    pub index: &'i dyn Index,
    /// Whose click it is.
    pub tenant: TenantId,
    /// The name of the policy that applies.
    pub policy: &'i str,
}

impl Index for ForTenant<'_> {
    fn lookup<'a>(&'a self, key: &Canonical, now: Timestamp, visit: &mut dyn FnMut(Hit<'a>)) {
        self.index.lookup(key, now, &mut |hit| {
            if hit.list.applies_to(self.tenant, self.policy) {
                visit(hit);
            }
        });
    }

    fn lookup_file<'a>(&'a self, sha256: &[u8; 32], now: Timestamp, visit: &mut dyn FnMut(Hit<'a>)) {
        self.index.lookup_file(sha256, now, &mut |hit| {
            if hit.list.applies_to(self.tenant, self.policy) {
                visit(hit);
            }
        });
    }

    fn len(&self) -> usize {
        self.index.len()
    }
}
