use std::{cmp::Reverse, fmt};

use super::{Head, ListAction, Network, Reach, Scope, Written};
use crate::judge::{EntryRef, Objection, Signal, Source};

/// An entry in force that matches a URL.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// The list it stands in.
    pub list: &'a Head,
    /// The entry.
    pub entry: Written<'a>,
    /// How much it takes in.
    pub width: Width,
}

impl Hit<'_> {
    /// What it says of the URL, as a signal that names its line.
    pub fn signal(&self) -> Signal {
        let Self { list, entry, .. } = self;
        let source = EntryRef {
            list: list.name.clone(),
            version: list.version.clone(),
            line: entry.line,
            entry: entry.text.to_string(),
            reason: entry.reason.map(str::to_owned),
        };
        let objection = match (list.action, list.trust) {
            (ListAction::Block, Some(trust)) => trust.objection(list.threat),
            (ListAction::Block, None) => Objection::Blocks,
            (ListAction::Allow, _) => Objection::Allows,
            (ListAction::NeverBlock, _) => Objection::NeverBlock,
            (ListAction::Internal, _) => Objection::Internal,
        };
        Signal {
            source: if list.is_of_others() { Source::Feed(source) } else { Source::List(source) },
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
    /// Whether it takes in all of a host, whatever the path.
    pub fn is_host_wide(&self) -> bool {
        self.kind > Kind::PathOnDomain
    }

    /// The width of a scope.
    pub fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Url(_) | Scope::File(_) => Self::of_url(),
            Scope::Paths { reach, name, prefix } => Self::of_paths(*reach, name, prefix.len()),
            Scope::Hosts { reach, name } => Self::of_hosts(*reach, labels(name)),
            Scope::Network(network) => Self::of_network(network),
            Scope::Pattern(_) => Self::of_pattern(),
        }
    }

    pub(super) fn of_url() -> Self {
        Self::new(Kind::Url, 0, Reach::Host, 0)
    }

    pub(super) fn of_paths(reach: Reach, name: &str, prefix: usize) -> Self {
        match reach {
            // A host has no labels to compare: of two entries for it neither is the narrower.
            Reach::Host => Self::new(Kind::PathOnHost, 0, reach, prefix),
            _ => Self::new(Kind::PathOnDomain, labels(name), reach, prefix),
        }
    }

    pub(super) fn of_hosts(reach: Reach, labels: usize) -> Self {
        match reach {
            Reach::Host => Self::new(Kind::Host, 0, reach, 0),
            _ => Self::new(Kind::Domain, labels, reach, 0),
        }
    }

    pub(super) fn of_network(network: &Network) -> Self {
        match network.is_address() {
            true => Self::new(Kind::Host, 0, Reach::Host, 0),
            false => Self::new(Kind::Network, network.length().into(), Reach::Host, 0),
        }
    }

    pub(super) fn of_pattern() -> Self {
        Self::new(Kind::Pattern, 0, Reach::Host, 0)
    }

    fn new(kind: Kind, depth: usize, reach: Reach, prefix: usize) -> Self {
        Self { kind, depth: Reverse(depth), reach, prefix: Reverse(prefix) }
    }
}

fn labels(name: &str) -> usize {
    1 + name.bytes().filter(|byte| *byte == b'.').count()
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
