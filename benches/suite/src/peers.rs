//! What else domains can be looked up in. Each is asked as the index of lists is: is the host, or a domain above it,
//! in the set?

use std::collections::HashSet;

use anyhow::{Result, anyhow};
use sekisho::url::Canonical;

use crate::names::name;

pub trait Peer {
    fn finds(&self, key: &Canonical) -> bool;
}

impl Peer for HashSet<String> {
    fn finds(&self, key: &Canonical) -> bool {
        key.domains().any(|name| self.contains(name))
    }
}

/// Names in order, found by halving.
pub struct Sorted(Vec<Box<str>>);

impl Peer for Sorted {
    fn finds(&self, key: &Canonical) -> bool {
        key.domains().any(|name| self.0.binary_search_by(|other| (**other).cmp(name)).is_ok())
    }
}

/// Names with their labels turned round and a dot behind them, so that one way down passes every domain above a host.
pub struct Fst(fst::Set<Vec<u8>>);

impl Fst {
    pub fn bytes(&self) -> u64 {
        self.0.as_fst().as_bytes().len() as u64
    }
}

impl Peer for Fst {
    fn finds(&self, key: &Canonical) -> bool {
        let fst = self.0.as_fst();
        let mut node = fst.root();
        for label in key.host().rsplit('.') {
            for byte in label.bytes().chain([b'.']) {
                let Some(at) = node.find_input(byte) else { return false };
                node = fst.node(node.transition(at).addr);
            }
            if node.is_final() {
                return true;
            }
        }
        false
    }
}

/// An engine of rules `||name^`. It parses the URL of each request itself.
pub struct AdBlock(adblock::Engine);

impl Peer for AdBlock {
    fn finds(&self, key: &Canonical) -> bool {
        let request = adblock::request::Request::new(key.as_str(), "https://mail.example/", "document", "get");
        request.is_ok_and(|request| self.0.check_network_request(&request).filter.is_some())
    }
}

pub fn hash_set(count: u64) -> HashSet<String> {
    (0..count).map(name).collect()
}

pub fn sorted(count: u64) -> Sorted {
    let mut names: Vec<Box<str>> = (0..count).map(|at| name(at).into_boxed_str()).collect();
    names.sort_unstable();
    Sorted(names)
}

pub fn fst(count: u64) -> Result<Fst> {
    let turned = |at| name(at).rsplit('.').flat_map(|label| [label, "."]).collect::<String>();
    let mut names: Vec<String> = (0..count).map(turned).collect();
    names.sort_unstable();
    Ok(Fst(fst::Set::from_iter(names).map_err(|error| anyhow!("fst: {error}"))?))
}

pub fn adblock(count: u64) -> AdBlock {
    let rules: String = (0..count).map(|at| format!("||{}^\n", name(at))).collect();
    AdBlock(adblock::Engine::new_with_list_text(rules))
}
