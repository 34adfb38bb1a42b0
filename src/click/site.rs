use std::{borrow::Cow, cmp::Reverse, net::IpAddr, sync::Arc};

use foldhash::HashMap;
use ipnet::IpNet;

use super::{House, Logo};
use crate::{base::TenantId, link::LinkBase, policy::Policy, url::Names};

/// Whose links are opened here, and how.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// The id that its links carry.
    pub id: TenantId,
    /// Where its links live, now and formerly: a retired base opens for ever and mints no more.
    pub bases: Vec<LinkBase>,
    /// What is done about a verdict.
    pub policy: Policy,
    /// Names that others borrow, its own among them.
    pub names: Arc<Names>,
    /// What its pages say of it.
    pub house: Arc<House>,
    /// Where its people click from; a click from elsewhere is shown where it goes first. Empty: anywhere.
    pub networks: Vec<IpNet>,
    /// Within how many days a report is answered.
    pub report_days: u32,
}

impl Tenant {
    /// Whether a click from `client` comes from outside of its networks.
    pub(super) fn is_outside(&self, client: Option<IpAddr>) -> bool {
        let inside = |client: IpAddr| self.networks.iter().any(|network| network.contains(&client.to_canonical()));
        !self.networks.is_empty() && !client.is_some_and(inside)
    }
}

/// Every place where links live, by host; and every tenant, by id.
#[derive(Debug)]
pub(super) struct Sites {
    hosts: HashMap<String, Vec<Site>>,
    tenants: HashMap<TenantId, Tenant>,
}

/// One link host, or one prefix path on it.
#[derive(Debug)]
pub(super) struct Site {
    prefix: String,
    pub(super) tenants: Vec<TenantId>,
    /// Whom its pages speak for where no link tells: its tenant if it has only one, nobody otherwise.
    pub(super) house: Arc<House>,
}

/// Where a request came in: on one of our hosts, at a path. Only [`super::Checkpoint::spot`] makes one.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    pub(super) site: &'a Site,
    path: &'a [u8],
    inside: bool,
}

impl<'a> Spot<'a> {
    /// The path behind the site's prefix, from its slash on; the whole path where the prefix is not there.
    pub fn path(&self) -> &'a [u8] {
        self.path
    }

    /// The site's prefix path, without a slash at its end; mostly empty.
    pub fn prefix(&self) -> &'a str {
        &self.site.prefix
    }

    /// The picture of this name, if it is one of those whose links live here.
    pub(super) fn logo(self, sites: &'a Sites, name: &[u8]) -> Option<&'a Logo> {
        let houses = self.site.tenants.iter().filter_map(|id| sites.tenant(*id)).map(|tenant| &tenant.house);
        houses.filter_map(|house| house.brand.logo.as_ref()).find(|logo| logo.name().as_bytes() == name)
    }

    /// The path of a page of ours at this site; `path` begins with a slash.
    pub(super) fn ours(&self, path: &str) -> String {
        format!("{}/~{path}", self.site.prefix)
    }

    /// The only tenant here, where there is one.
    pub(super) fn only_tenant(&self) -> Option<TenantId> {
        match self.site.tenants.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The tenants whose links may be opened here.
    pub(super) fn allowed(&self) -> &'a [TenantId] {
        if self.inside { &self.site.tenants } else { &[] }
    }

    /// The same site, with another path behind the prefix.
    #[must_use]
    pub fn at(self, path: &'a [u8]) -> Self {
        Self { path, ..self }
    }
}

impl Sites {
    pub(super) fn of(tenants: Vec<Tenant>) -> Self {
        let mut hosts: HashMap<String, Vec<Site>> = HashMap::default();
        for tenant in &tenants {
            for base in &tenant.bases {
                let sites = hosts.entry(base.host_and_port().to_owned()).or_default();
                match sites.iter_mut().find(|site| site.prefix == base.prefix()) {
                    Some(site) => site.join(tenant.id),
                    None => sites.push(Site {
                        prefix: base.prefix().to_owned(),
                        tenants: vec![tenant.id],
                        house: tenant.house.clone(),
                    }),
                }
            }
        }
        for sites in hosts.values_mut() {
            sites.sort_by_key(|site| Reverse(site.prefix.len()));
        }
        Self { hosts, tenants: tenants.into_iter().map(|tenant| (tenant.id, tenant)).collect() }
    }

    pub(super) fn tenant(&self, id: TenantId) -> Option<&Tenant> {
        self.tenants.get(&id)
    }

    /// Where `path` on `host` is; `None` if the host is not ours. The longest prefix wins.
    pub(super) fn spot<'a>(&'a self, host: &str, path: &'a [u8]) -> Option<Spot<'a>> {
        let sites = self.hosts.get(plain(host).as_ref())?;
        let inside = sites.iter().find_map(|site| {
            let path = path.strip_prefix(site.prefix.as_bytes()).filter(|path| path.starts_with(b"/"))?;
            Some(Spot { site, path, inside: true })
        });
        inside.or_else(|| Some(Spot { site: sites.last()?, path, inside: false }))
    }
}

impl Site {
    fn join(&mut self, tenant: TenantId) {
        if !self.tenants.contains(&tenant) {
            self.tenants.push(tenant);
            self.house = Arc::default();
        }
    }
}

/// A host as a link base spells it: lower case, without the port that its scheme would have anyway.
fn plain(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host);
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(id: u16, bases: &[&str]) -> Tenant {
        Tenant {
            id: TenantId(id),
            bases: bases.iter().map(|base| LinkBase::parse(base).unwrap()).collect(),
            policy: Policy::standard(),
            names: Arc::default(),
            house: Arc::new(House { name: Some(format!("House {id}")), ..House::default() }),
            networks: Vec::new(),
            report_days: 3,
        }
    }

    fn found<'a>(sites: &'a Sites, host: &str, path: &'a str) -> Option<(&'a [TenantId], &'a str)> {
        let spot = sites.spot(host, path.as_bytes())?;
        Some((spot.allowed(), std::str::from_utf8(spot.path()).unwrap()))
    }

    #[test]
    fn a_host_is_ours_in_any_case_and_with_the_usual_port() {
        let sites = Sites::of(vec![tenant(1, &["https://go.example", "http://old.example:8080"])]);
        for host in ["go.example", "GO.Example", "go.example:443", "go.example:80", "old.example:8080"] {
            assert_eq!(found(&sites, host, "/x"), Some((&[TenantId(1)][..], "/x")), "{host}");
        }
        for host in ["", "example", "go.example:8080", "old.example", "go.example.", "go.example@go.example"] {
            assert_eq!(found(&sites, host, "/x"), None, "{host}");
        }
    }

    #[test]
    fn the_longest_prefix_wins_and_beside_it_no_link_opens() {
        let sites = Sites::of(vec![tenant(1, &["https://go.example/a"]), tenant(2, &["https://go.example/a/b"])]);
        assert_eq!(found(&sites, "go.example", "/a/b/x"), Some((&[TenantId(2)][..], "/x")));
        assert_eq!(found(&sites, "go.example", "/a/x"), Some((&[TenantId(1)][..], "/x")));
        assert_eq!(found(&sites, "go.example", "/ab/x"), Some((&[][..], "/ab/x")));
    }

    #[test]
    fn a_shared_host_speaks_for_nobody() {
        let sites = Sites::of(vec![tenant(1, &["https://go.example", "https://go.example"]), tenant(2, &[])]);
        assert_eq!(sites.spot("go.example", b"/").unwrap().site.house.name.as_deref(), Some("House 1"));
        let sites = Sites::of(vec![tenant(1, &["https://go.example"]), tenant(2, &["https://go.example"])]);
        assert_eq!(sites.spot("go.example", b"/").unwrap().site.house.name, None);
        assert_eq!(sites.spot("go.example", b"/").unwrap().allowed(), [TenantId(1), TenantId(2)]);
    }
}
