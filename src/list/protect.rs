use std::collections::HashMap;

use super::{List, ListAction, Network, Reach, Scope};
use crate::url;

/// Hosts that an entry must not block by accident: our own, or those of the never-block lists.
#[derive(Debug, Clone, Default)]
pub struct Protected {
    /// Names with their reach; where one name stands twice, the wider reach.
    names: HashMap<Box<str>, Reach>,
    /// Every domain above one of the names.
    above: HashMap<Box<str>, Box<str>>,
    networks: Vec<Network>,
}

impl Protected {
    /// These hosts, each for itself; a port is allowed and ignored.
    pub fn of_hosts(hosts: &[String]) -> Self {
        let mut protected = Self::default();
        for host in hosts {
            let Ok(url) = url::parse(&format!("http://{host}/")) else { continue };
            let key = url.canonical();
            match key.address() {
                Some(address) => protected.networks.push(Network::address(address)),
                None => protected.insert(Reach::Host, key.host()),
            }
        }
        protected
    }

    /// Everything on those of the lists that say never-block. An entry protects whether or not it has run out: a
    /// refusal must not depend on the day.
    pub fn of_lists<'a>(lists: impl IntoIterator<Item = &'a List>) -> Self {
        let mut protected = Self::default();
        let never_block = lists.into_iter().filter(|list| list.action == ListAction::NeverBlock);
        for entry in never_block.flat_map(|list| &list.entries) {
            match &entry.scope {
                Scope::Hosts { reach, name } => protected.insert(*reach, name),
                Scope::Network(network) => protected.networks.push(*network),
                _ => {}
            }
        }
        protected
    }

    /// Whether nothing is protected.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.networks.is_empty()
    }

    /// A protected host that blocking `scope` would block whole. Paths and single URLs block no whole host.
    pub fn struck_by(&self, scope: &Scope) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        match scope {
            Scope::Hosts { reach, name } => self.struck_by_hosts(*reach, name),
            Scope::Network(network) => {
                self.networks.iter().find(|protected| protected.meets(network)).map(ToString::to_string)
            }
            Scope::Pattern(pattern) => {
                let front = |host: &str, scheme| pattern.is_match(&format!("{scheme}://{host}/"));
                let struck = |host: &str| front(host, "http") || front(host, "https");
                let names = self.names.keys().map(|name| name.to_string());
                names.chain(self.networks.iter().map(|network| network.first().to_string())).find(|host| struck(host))
            }
            Scope::Paths { .. } | Scope::Url(_) | Scope::File(_) => None,
        }
    }

    /// A protected host on which `scope` would block anything at all.
    pub fn touched_by(&self, scope: &Scope) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        match scope {
            Scope::Paths { reach, name, .. } => self.touched_host(*reach, name),
            Scope::Url(text) => {
                let url = url::parse(text).ok()?;
                self.touched_host(Reach::Host, url.canonical().host())
            }
            _ => self.struck_by(scope),
        }
    }

    fn touched_host(&self, reach: Reach, name: &str) -> Option<String> {
        let address = url::parse(&format!("http://{name}/")).ok()?.address();
        match address {
            Some(address) => self.struck_by(&Scope::Network(Network::address(address))),
            None => self.struck_by_hosts(reach, name),
        }
    }

    fn struck_by_hosts(&self, reach: Reach, name: &str) -> Option<String> {
        let covering = match self.names.get_key_value(name) {
            // `=example.com` and `*.example.com` have no host in common.
            Some((_, Reach::Host)) if reach == Reach::Subdomains => None,
            Some((_, Reach::Subdomains)) if reach == Reach::Host => None,
            found => found.map(|(name, _)| name),
        };
        let parents = || parents(name).filter_map(|parent| self.names.get_key_value(parent));
        let covering = covering.or_else(|| parents().find(|(_, reach)| **reach != Reach::Host).map(|(name, _)| name));
        let covered = || self.above.get(name).filter(|_| reach != Reach::Host);
        covering.or_else(covered).map(|host| host.to_string())
    }

    fn insert(&mut self, reach: Reach, name: &str) {
        let wider = self.names.entry(name.into()).or_insert(reach);
        *wider = match (*wider, reach) {
            (Reach::Host, Reach::Subdomains) | (Reach::Subdomains, Reach::Host) => Reach::Domain,
            (before, now) => before.max(now),
        };
        for parent in parents(name) {
            self.above.entry(parent.into()).or_insert_with(|| name.into());
        }
    }
}

/// The domains above a name, nearest first.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').filter_map(|(dot, _)| name.get(dot + 1..))
}
