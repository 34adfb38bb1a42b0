//! The sources that have to be asked.

use std::path::{Path, PathBuf};

use super::{DnsListSetting, Reader};
use crate::{
    config::document::SectionId,
    judge::Tier,
    link::LinkBase,
    list::nearest,
    scan,
    sources::{
        dns::{Asks, Code, Codes, Meaning, Preset},
        policy_zone::{self, Key, Origin, Primary},
        safe_browsing,
    },
};

/// Names in a zone are at most that long with what is asked in front (RFC 1035 section 2.3.4).
const LONGEST_ZONE: usize = 120;

impl Reader<'_> {
    /// Lists by DNS. One that is wrong is left out, and told.
    pub(super) fn dns_lists(&mut self) -> Vec<DnsListSetting> {
        let mut lists: Vec<DnsListSetting> = Vec::new();
        for section in self.document.sections("dns_list") {
            let Some(list) = self.dns_list(section) else { continue };
            if lists.iter().any(|other| other.zone.name == list.zone.name) {
                let what = format!("there is a source {:?} already; give each a name of its own", list.zone.name);
                self.document.complain(Some(section), "name", &what);
            }
            lists.push(list);
        }
        lists
    }

    fn dns_list(&mut self, id: SectionId) -> Option<DnsListSetting> {
        const TABLE: &str = "dns_list";
        let section = Some(id);
        let name = self.source_name(id, TABLE, "surbl");
        let preset =
            self.document.parse(section, TABLE, "preset", |name| Preset::named(name).ok_or("no such preset"))?;
        let written = self.document.parse(section, TABLE, "zone", zone);
        let resolver = self.document.parse(section, TABLE, "resolver", |text| {
            text.parse().map_err(|_| format!("{text:?} is not an IP address and a port, such as 127.0.0.1:53"))
        });
        let codes = self.parse_each(section, TABLE, "codes", Code::parse);
        let asks = self.text(section, TABLE, "asks");
        let addresses = self.text(section, TABLE, "addresses");
        let per_second = self.number(section, TABLE, "per_second");
        let per_day = self.number(section, TABLE, "per_day");
        if written.is_none() && preset.zone().is_none() {
            let what =
                "this preset has no public zone: write the one that is asked, such as zone = \"bl.corp.example\"";
            self.document.complain(section, "zone", what);
        }
        let zone = written.or_else(|| preset.zone().map(str::to_owned))?;
        let mut list = preset.list(&name?, &zone);
        match asks.as_deref() {
            Some("domain") => list.asks = Asks::Domain,
            Some(_) => list.asks = Asks::Hosts,
            None => {}
        }
        if let Some(word) = addresses {
            list.takes_addresses = word == "asked";
        }
        if !codes.is_empty() {
            let refusals = list.codes.0.into_iter().filter(|code| matches!(code.meaning, Meaning::Refused(_)));
            list.codes = Codes(refusals.chain(codes).collect());
        }
        list.budget = (u32::try_from(per_second?).ok()?, u32::try_from(per_day?).ok()?);
        Some(DnsListSetting { zone: list, resolver })
    }

    /// Response policy zones. One that is wrong is left out, and told.
    pub(super) fn policy_zones(&mut self, data_dir: &Path, lists: &[DnsListSetting]) -> Vec<policy_zone::Settings> {
        let mut zones: Vec<policy_zone::Settings> = Vec::new();
        for section in self.document.sections("rpz") {
            let Some(zone) = self.policy_zone(section, data_dir) else { continue };
            let mut taken = lists.iter().map(|list| &list.zone.name).chain(zones.iter().map(|other| &other.name));
            if taken.any(|name| *name == zone.name) {
                let what = format!("there is a source {:?} already; give each a name of its own", zone.name);
                self.document.complain(Some(section), "name", &what);
            }
            zones.push(zone);
        }
        zones
    }

    fn policy_zone(&mut self, id: SectionId, data_dir: &Path) -> Option<policy_zone::Settings> {
        const TABLE: &str = "rpz";
        let section = Some(id);
        let name = self.source_name(id, TABLE, "own-rpz");
        if self.document.value(section, TABLE, "zone").is_none() {
            self.document.complain(section, "zone", "a policy zone needs one, such as zone = \"rpz.corp.example\"");
        }
        let zone = self.document.parse(section, TABLE, "zone", zone);
        let file = self.file_of(id, TABLE, "file");
        let address = self.document.parse(section, TABLE, "primary", |text| {
            text.parse().map_err(|_| format!("{text:?} is not an IP address and a port, such as 192.0.2.53:53"))
        });
        let key = match (self.text(section, TABLE, "key_name"), self.file_of(id, TABLE, "key_file")) {
            (Some(name), Some(file)) => Some(Key { name, file }),
            (None, None) => None,
            _ => {
                self.document.complain(section, "key_name", "a key has a name and a file: write both, or neither");
                return None;
            }
        };
        let tier = self.document.parse(section, TABLE, "tier", str::parse::<Tier>);
        let origin = match (file, address) {
            (Some(file), None) => Origin::File(file),
            (file, Some(address)) => {
                let kept = file.unwrap_or(data_dir.join("rpz").join(format!("{}.zone", name.as_deref()?)));
                Origin::Primary(Primary { address, key }, kept)
            }
            (None, None) => {
                let what = "write `file` or `primary`: a policy zone comes from one of them";
                self.document.complain(section, "file", what);
                return None;
            }
        };
        Some(policy_zone::Settings { name: name?, zone: zone?, origin, tier: tier? })
    }

    /// Hash-prefix lists, where a server is named.
    pub(super) fn safe_browsing(&mut self, data_dir: &Path) -> Option<safe_browsing::Settings> {
        const TABLE: &str = "safe_browsing";
        let id = self.document.sections(TABLE).first().copied()?;
        let section = Some(id);
        let url = self.document.parse(section, TABLE, "url", LinkBase::parse);
        let key_file = self.file_of(id, TABLE, "key_file");
        let lists = self.parse_each(section, TABLE, "lists", |name| {
            let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            let whole = letters && (1..=64).contains(&name.len());
            if whole { Ok(name.to_owned()) } else { Err("no list has such a name; write one such as \"se-4b\"") }
        });
        if lists.is_empty() {
            self.document.complain(section, "lists", "name one list at least, or leave the table out");
        }
        Some(safe_browsing::Settings { url: url?.to_string(), key_file, lists, folder: data_dir.join("safe_browsing") })
    }

    /// Refuses names in `policy.optional_sources` that no source has: a slip of the pen would make a policy stricter than
    /// it says. Names of sources that are wrong otherwise count, for those are told already.
    pub(super) fn check_optional_sources(&mut self) {
        let mut known = Vec::new();
        for table in ["dns_list", "rpz"] {
            for section in self.document.sections(table) {
                known.extend(self.text(Some(section), table, "name"));
            }
        }
        known.extend([safe_browsing::NAME, scan::NAME].map(str::to_owned));
        for section in self.document.sections("policy") {
            self.parse_each(Some(section), "policy", "optional_sources", |name| {
                if known.iter().any(|known| known == name) {
                    return Ok(());
                }
                let names: Vec<&str> = known.iter().map(String::as_str).collect();
                let meant = nearest(name, &names).map(|name| format!("; did you mean {name:?}?"));
                let meant = meant.as_deref().unwrap_or(".");
                Err(format!("no source has this name{meant} There are {}", names.join(", ")))
            });
        }
    }

    /// A file that the configuration names; a relative one starts at its folder.
    pub(super) fn file_of(&mut self, id: SectionId, table: &'static str, name: &str) -> Option<PathBuf> {
        let path = self.text(Some(id), table, name)?;
        if self.document.stands_in_file(Some(id), name) { Some(self.folder.join(path)) } else { Some(path.into()) }
    }

    /// The name of a source: it stands in events, policies and metrics, and maybe in the name of a file.
    pub(super) fn source_name(&mut self, id: SectionId, table: &'static str, example: &str) -> Option<String> {
        if self.document.value(Some(id), table, "name").is_none() {
            self.document.complain(Some(id), "name", &format!("it needs one, such as name = {example:?}"));
        }
        self.document.parse(Some(id), table, "name", |name| {
            let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            let whole = letters && !name.starts_with('.') && name.len() <= 64;
            if whole { Ok(name.to_owned()) } else { Err("write at most 64 letters, digits, `.`, `_` and `-`") }
        })
    }
}

fn zone(text: &str) -> Result<String, String> {
    let zone = text.trim_end_matches('.').to_ascii_lowercase();
    let is_label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        plain && (1..=63).contains(&label.len())
    };
    if zone.len() <= LONGEST_ZONE && zone.contains('.') && zone.split('.').all(is_label) {
        return Ok(zone);
    }
    Err(format!("{text:?} is no zone; write a domain name, such as \"multi.surbl.org\""))
}
