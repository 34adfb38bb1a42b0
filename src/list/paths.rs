//! What the index holds under one name.

use foldhash::HashMap;

use super::Reach;

/// Where an entry stands: the place of its list, and its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) list: u32,
    pub(super) entry: u32,
}

/// The entries for one name.
#[derive(Debug, Default)]
pub(super) struct Named {
    hosts: Vec<(Reach, Place)>,
    /// Boxed because hardly any name has them.
    paths: Option<Box<Paths>>,
}

#[derive(Debug, Default)]
struct Paths {
    by_prefix: HashMap<Box<str>, Vec<(Reach, Place)>>,
    /// Bytes of the longest prefix: no longer one is looked up.
    longest: usize,
}

impl Named {
    pub(super) fn insert_host(&mut self, reach: Reach, place: Place) {
        self.hosts.push((reach, place));
    }

    pub(super) fn insert_path(&mut self, reach: Reach, prefix: &str, place: Place) {
        let paths = self.paths.get_or_insert_default();
        paths.longest = paths.longest.max(prefix.len());
        paths.by_prefix.entry(prefix.into()).or_default().push((reach, place));
    }

    /// Every entry for a URL with this path on the name itself (`exact`) or on a host below it.
    pub(super) fn find(&self, exact: bool, path: &str, found: &mut dyn FnMut(Place)) {
        let mut sift = |entries: &[(Reach, Place)]| {
            for (reach, place) in entries {
                let reaches = match reach {
                    Reach::Host => exact,
                    Reach::Subdomains => !exact,
                    Reach::Domain => true,
                };
                if reaches {
                    found(*place);
                }
            }
        };
        sift(&self.hosts);
        let Some(paths) = &self.paths else { return };
        for (slash, _) in path.match_indices('/').take_while(|(slash, _)| *slash < paths.longest) {
            if let Some(entries) = path.get(..=slash).and_then(|prefix| paths.by_prefix.get(prefix)) {
                sift(entries);
            }
        }
    }
}
