use std::{cmp::Reverse, fmt};

use super::{Entry, List, ListAction, Reach, Scope};
use crate::judge::{EntryRef, Objection, Signal, Source};

/// An entry in force that matches a URL.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// The list it stands in.
    pub list: &'a List,
    /// The entry.
    pub entry: &'a Entry,
    /// How much it takes in.
    pub width: Width,
}

impl<'a> Hit<'a> {
    pub(super) fn new(list: &'a List, entry: &'a Entry) -> Self {
        Self { list, entry, width: Width::of(&entry.scope) }
    }

    /// What it says of the URL, as a signal that names its line.
    pub fn signal(&self) -> Signal {
        let Self { list, entry, .. } = self;
        let source = EntryRef {
            list: list.name.clone(),
            version: list.version.clone(),
            line: entry.line,
            entry: entry.text.to_string(),
            reason: entry.reason().map(str::to_owned),
        };
        let objection = match list.action {
            ListAction::Block => Objection::Blocks,
            ListAction::Allow => Objection::Allows,
            ListAction::NeverBlock => Objection::NeverBlock,
            ListAction::Internal => Objection::Internal,
        };
        Signal {
            source: Source::List(source),
            objection,
            evidence: entry.text.to_string(),
            learned: list.since,
            hop: 0,
        }
    }
}

impl fmt::Display for Hit<'_> {
    /// `block.list:12: example.com (block, domain with 2 labels)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { list, entry, width } = self;
        write!(f, "{}.list:{}: {} ({}, {width})", list.name, entry.line, entry.text, list.action)
    }
}

/// How much an entry takes in; the least is the narrowest, and the narrowest wins.
///
/// One URL, then paths on a host, paths on a domain (more labels first), the longer prefix first; then a host or one
/// address, subdomains and domains (more labels first, `*.` before the domain itself), ranges of addresses (the longer
/// prefix first), and at last regular expressions, whose width nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Width {
    kind: Kind,
    /// Labels of the name, or leading bits of the range.
    depth: Reverse<usize>,
    reach: Reach,
    /// Bytes of the path prefix.
    prefix: Reverse<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Url,
    PathOnHost,
    PathOnDomain,
    Host,
    Domain,
    Network,
    Pattern,
}

impl Width {
    /// The width of a scope.
    pub fn of(scope: &Scope) -> Self {
        let width = |kind, depth, reach, prefix| Self { kind, depth: Reverse(depth), reach, prefix: Reverse(prefix) };
        let labels = |name: &str| name.split('.').count();
        match scope {
            Scope::Url(_) | Scope::File(_) => width(Kind::Url, 0, Reach::Host, 0),
            // A host has no labels to compare: of two entries for it neither is the narrower.
            Scope::Paths { reach: Reach::Host, prefix, .. } => width(Kind::PathOnHost, 0, Reach::Host, prefix.len()),
            Scope::Paths { reach, name, prefix } => width(Kind::PathOnDomain, labels(name), *reach, prefix.len()),
            Scope::Hosts { reach: Reach::Host, .. } => width(Kind::Host, 0, Reach::Host, 0),
            Scope::Hosts { reach, name } => width(Kind::Domain, labels(name), *reach, 0),
            Scope::Network(network) if network.is_address() => width(Kind::Host, 0, Reach::Host, 0),
            Scope::Network(network) => width(Kind::Network, network.length().into(), Reach::Host, 0),
            Scope::Pattern(_) => width(Kind::Pattern, 0, Reach::Host, 0),
        }
    }
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reverse(depth) = self.depth;
        match (self.kind, self.reach) {
            (Kind::Url, _) => f.write_str("one URL"),
            (Kind::PathOnHost, _) => f.write_str("path on a host"),
            (Kind::PathOnDomain, _) => write!(f, "path on a domain of {depth} labels"),
            (Kind::Host, _) => f.write_str("one host"),
            (Kind::Domain, Reach::Subdomains) => write!(f, "subdomains of a domain of {depth} labels"),
            (Kind::Domain, _) => write!(f, "domain of {depth} labels"),
            (Kind::Network, _) => write!(f, "addresses with {depth} bits in common"),
            (Kind::Pattern, _) => f.write_str("regular expression"),
        }
    }
}
