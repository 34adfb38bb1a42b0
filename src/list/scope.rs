//! What an entry is about: the table of scopes, and everything that is nearly one of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    Confirm, ListAction, Network, Pattern, Reach, Scope,
    fault::{Fault, Spot},
};
use crate::url::{self, Suffixes};

/// Bytes of a path prefix, at most; it bounds what a lookup hashes.
pub const MAX_PREFIX_BYTES: usize = 2000;

/// No longer name can be resolved (RFC 1035 section 2.3.4).
const MAX_NAME_BYTES: usize = 253;

/// What decides whether a scope may stand: the list it stands in, what its note confirms.
pub(super) struct Reading<'a> {
    pub(super) suffixes: &'a Suffixes,
    pub(super) action: ListAction,
    pub(super) confirm: Confirm,
}

/// A host as stored.
struct Host {
    name: Box<str>,
    address: Option<IpAddr>,
}

impl Reading<'_> {
    /// Reads an entry without its note. Offsets of faults are bytes in `text`.
    pub(super) fn read(&self, text: &str) -> Result<Scope, Spot> {
        let scope = self.read_any(text)?;
        let hosts_only = matches!(self.action, ListAction::NeverBlock | ListAction::Internal);
        match scope {
            Scope::Hosts { .. } | Scope::Network(_) => Ok(scope),
            _ if hosts_only => Err(start(Fault::HostsOnly(self.action))),
            _ => Ok(scope),
        }
    }

    fn read_any(&self, text: &str) -> Result<Scope, Spot> {
        if is_plain(text) {
            return self.read_plain(text).map_err(start);
        }
        if matches!(text, "*" | "/" | "//" | "/*" | "*.*" | "=*") {
            return Err(start(Fault::Everything));
        }
        if let Some(digits) = text.strip_prefix("sha256:") {
            return file(digits).ok_or(Spot { at: 7, fault: Fault::BadHash });
        }
        if text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sha256:")) {
            return Err(start(Fault::BadHash));
        }
        if text.starts_with('/') {
            return pattern(text).map_err(start);
        }
        if let Some(blocker) = text.strip_prefix("||") {
            let host = blocker.split(['^', '/', '$']).next().unwrap_or_default().to_owned();
            return Err(start(Fault::AdBlock { host }));
        }
        let (exact, rest) = text.strip_prefix('=').map_or((false, text), |rest| (true, rest));
        if has_scheme(rest) {
            return if exact { url_alone(rest) } else { Err(start(without_equals(rest))) };
        }
        self.read_hosts(text, exact, rest)
    }

    /// What [`is_plain`].
    pub(super) fn read_plain(&self, name: &str) -> Result<Scope, Fault> {
        self.check_suffix(Reach::Domain, name)?;
        Ok(Scope::Hosts { reach: Reach::Domain, name: name.into() })
    }

    /// A domain, a host, its subdomains, paths on it, an address or a range.
    fn read_hosts(&self, text: &str, exact: bool, rest: &str) -> Result<Scope, Spot> {
        let (below, rest) = match rest.strip_prefix("*.") {
            Some(rest) if !exact => (true, rest),
            _ => (false, rest),
        };
        let name_at = text.len() - rest.len();
        let (name, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if let Some(range) = range(name, path) {
            return range.map(Scope::Network).map_err(|fault| Spot { at: name_at, fault });
        }
        let host = host(text, name_at, name, path)?;
        let reach = match () {
            () if exact || host.address.is_some() => Reach::Host,
            () if below => Reach::Subdomains,
            () => Reach::Domain,
        };
        if below && host.address.is_some() {
            return Err(start(Fault::SubdomainsOfAddress));
        }
        if below && !path.is_empty() && path != "/*" {
            return Err(Spot { at: name_at + name.len(), fault: Fault::PathOnSubdomains { entry: rest.to_owned() } });
        }
        self.check_suffix(reach, &host.name).map_err(|fault| Spot { at: name_at, fault })?;
        let prefix = prefix(text, name_at + name.len(), &host.name)?;
        Ok(match (prefix, host.address) {
            (Some(prefix), _) => Scope::Paths { reach, name: host.name, prefix },
            (None, Some(address)) => Scope::Network(Network::address(address)),
            (None, None) => Scope::Hosts { reach, name: host.name },
        })
    }

    /// Refuses names that reach over strangers' domains, unless that is confirmed.
    fn check_suffix(&self, reach: Reach, name: &str) -> Result<(), Fault> {
        if reach == Reach::Host || self.confirm.suffix || !self.suffixes.is_public_suffix(name) {
            return Ok(());
        }
        let nobodys = !name.contains('.') && !self.suffixes.is_known(name);
        match reach {
            // A zone of the organisation's own, such as `*.localhost` or `*.lan`: no stranger can register there.
            Reach::Subdomains if nobodys && self.action == ListAction::Internal => Ok(()),
            Reach::Domain if nobodys => Err(Fault::SingleLabel { name: name.to_owned() }),
            _ => Err(Fault::PublicSuffix { name: name.to_owned() }),
        }
    }
}

/// Whether an entry, or a whole line, is a name that stays as it is. Nearly every line of a long list is, and is read ten
/// times faster so.
pub(super) fn is_plain(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES && url::is_plain_name(text)
}

fn start(fault: Fault) -> Spot {
    Spot { at: 0, fault }
}

fn file(digits: &str) -> Option<Scope> {
    let mut hash = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high << 4 | low) as u8;
    }
    Some(Scope::File(hash))
}

fn pattern(text: &str) -> Result<Scope, Fault> {
    let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).ok_or(Fault::OpenPattern)?;
    let pattern = Pattern::new(inner).map_err(Fault::BadPattern)?;
    // Two URLs with nothing in common but that they are URLs.
    let strangers = ["http://a.invalid/", "https://zz9.test:8443/q/r?s=t"];
    if pattern.is_match("") || strangers.iter().all(|url| pattern.is_match(url)) {
        return Err(Fault::Everything);
    }
    Ok(Scope::Pattern(pattern))
}

/// Whether it begins as `scheme://`.
fn has_scheme(text: &str) -> bool {
    let letters = |scheme: &str| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    text.split_once("://").is_some_and(|(scheme, _)| letters(scheme))
}

fn without_equals(text: &str) -> Fault {
    match url::parse(text) {
        Ok(url) => Fault::SchemeWithoutEquals { url: text.to_owned(), host: url.canonical().host().to_owned() },
        Err(error) => Fault::NotWeb(error.to_string()),
    }
}

fn url_alone(text: &str) -> Result<Scope, Spot> {
    let at = |fault| Spot { at: 1, fault };
    let url = url::parse(text).map_err(|error| at(Fault::NotWeb(error.to_string())))?;
    if !url.userinfo().is_empty() {
        return Err(at(Fault::Userinfo));
    }
    if let Some(parent) = text.strip_suffix('*').filter(|parent| parent.ends_with('/')) {
        let path = parent.split_once("://").map_or(parent, |(_, path)| path);
        return Err(Spot { at: text.len(), fault: Fault::StarInUrl { prefix: format!("={path}*") } });
    }
    Ok(Scope::Url(url.canonical().as_str().into()))
}

/// `name/path` as a range of addresses; `None` where it is something else.
fn range(name: &str, path: &str) -> Option<Result<Network, Fault>> {
    let length = path
        .strip_prefix('/')
        .filter(|length| !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()))?;
    let first: IpAddr = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().ok()?.into(),
        None if name.contains(':') => {
            let known = name.parse::<Ipv6Addr>().ok()?;
            return Some(Err(Fault::BareIpv6 { written: Some(format!("[{known}]/{length}")) }));
        }
        None => name.parse::<Ipv4Addr>().ok()?.into(),
    };
    let Ok(number) = length.parse::<u8>() else { return Some(Err(Fault::RangeLength(length.to_owned()))) };
    if number == 0 {
        return Some(Err(Fault::Everything));
    }
    Some(Network::range(first, number).ok_or_else(|| match Network::around(first, number) {
        Some(range) => Fault::HostBits { range: range.to_string() },
        None => Fault::RangeLength(length.to_owned()),
    }))
}

/// The host that `name` names; `path` is what follows it, for the remedies.
fn host(text: &str, at: usize, name: &str, path: &str) -> Result<Host, Spot> {
    if let Some((offset, fault)) = odd_mark(text, at, name, path) {
        return Err(Spot { at: at + offset, fault });
    }
    let fault = |fault| Spot { at, fault };
    if name.is_empty() {
        return Err(fault(Fault::NoHost));
    }
    if let Some(rest) = name.strip_prefix('.').filter(|rest| !rest.is_empty() && !rest.starts_with('.')) {
        return Err(fault(Fault::LeadingDot { name: rest.to_owned() }));
    }
    let bare = name.strip_suffix('.').unwrap_or(name);
    if bare.is_empty() || bare.split('.').any(str::is_empty) {
        return Err(fault(Fault::EmptyLabel));
    }
    if is_plain(bare) {
        return Ok(Host { name: bare.into(), address: None });
    }
    let bad = |cause: String| fault(Fault::BadHost { name: name.to_owned(), cause });
    let url = url::parse(&format!("http://{bare}/")).map_err(|error| bad(error.to_string()))?;
    let key = url.canonical();
    if let Some(address) = key.address().filter(|_| !bare.starts_with('[') && bare.parse::<Ipv4Addr>().is_err()) {
        return Err(bad(format!("a browser reads it as the address {address}")));
    }
    // A browser takes such a name and no resolver knows it: the entry would stand there and never match.
    if let Some(mark) = key.host().chars().find(|c| key.address().is_none() && !is_of_name(*c)) {
        return Err(Spot { at: at + name.find(mark).unwrap_or_default(), fault: odd_name(name, mark) });
    }
    if key.host().len() > MAX_NAME_BYTES {
        return Err(bad(format!("it is longer than {MAX_NAME_BYTES} bytes")));
    }
    Ok(Host { name: key.host().into(), address: key.address() })
}

/// What names in use are made of, in their ASCII form (RFC 1123 section 2.1, and `_`, which many have all the same).
const fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
}

fn odd_name(name: &str, mark: char) -> Fault {
    let bare = name.trim_matches(['"', '\'', '=', ',']);
    match bare.split_once(',') {
        Some(_) => Fault::SeveralHosts,
        None if bare != name && bare.chars().all(|c| is_of_name(c) || !c.is_ascii()) => {
            Fault::AroundHost { name: bare.to_owned() }
        }
        None => Fault::BadHost { name: name.to_owned(), cause: format!("`{mark}` cannot stand in it") },
    }
}

/// The first mark in `name` that no host has, and what it was probably meant to do.
fn odd_mark(text: &str, at: usize, name: &str, path: &str) -> Option<(usize, Fault)> {
    if let Some(rest) = name.strip_prefix('[') {
        return odd_bracket(text, at, rest, path);
    }
    let offset = name.find(['\\', '@', '?', '#', '*', ';', ':', '%', '['])?;
    let fault = match &name[offset..=offset] {
        "\\" => Fault::Backslash,
        "@" => Fault::Userinfo,
        "*" => Fault::Star,
        ";" => Fault::NoteSpacing,
        "?" => Fault::QueryInPrefix('?'),
        "#" => Fault::QueryInPrefix('#'),
        ":" => return Some(odd_colon(text, at, name, offset, path)),
        mark => Fault::BadHost { name: name.to_owned(), cause: format!("`{mark}` cannot stand in it") },
    };
    Some((offset, fault))
}

fn odd_colon(text: &str, at: usize, name: &str, offset: usize, path: &str) -> (usize, Fault) {
    let (host, port) = (&name[..offset], &name[offset + 1..]);
    if let Ok(address) = name.parse::<Ipv6Addr>() {
        return (0, Fault::BareIpv6 { written: Some(format!("[{address}]{path}")) });
    }
    if port.contains(':') {
        return (0, Fault::BareIpv6 { written: None });
    }
    if port.contains('@') {
        return (offset, Fault::Userinfo);
    }
    if port.bytes().all(|byte| byte.is_ascii_digit()) {
        return (offset, Fault::Port { without: format!("{}{host}{path}", &text[..at]) });
    }
    (offset, Fault::BadHost { name: name.to_owned(), cause: "`:` cannot stand in it".to_owned() })
}

fn odd_bracket(text: &str, at: usize, rest: &str, path: &str) -> Option<(usize, Fault)> {
    let Some((inner, behind)) = rest.split_once(']') else { return Some((0, Fault::BareIpv6 { written: None })) };
    if inner.parse::<Ipv6Addr>().is_err() {
        return Some((0, Fault::BareIpv6 { written: None }));
    }
    let offset = inner.len() + 2;
    match behind.strip_prefix(':') {
        None if behind.is_empty() => None,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((offset, Fault::Port { without: format!("{}[{inner}]{path}", &text[..at]) }))
        }
        _ => Some((offset, Fault::BadHost { name: format!("[{rest}"), cause: "text follows the `]`".to_owned() })),
    }
}

/// The canonical path prefix at `at` of the entry; `None` where every path is meant.
fn prefix(text: &str, at: usize, host: &str) -> Result<Option<Box<str>>, Spot> {
    let path = &text[at..];
    if path.is_empty() || path == "/*" {
        return Ok(None);
    }
    if let Some(offset) = path.find(['?', '#', '\\']) {
        let fault = match &path[offset..=offset] {
            "\\" => Fault::Backslash,
            "?" => Fault::QueryInPrefix('?'),
            _ => Fault::QueryInPrefix('#'),
        };
        return Err(Spot { at: at + offset, fault });
    }
    let parent = path.strip_suffix('*').unwrap_or(path);
    if let Some(offset) = parent.find('*') {
        return Err(Spot { at: at + offset, fault: Fault::Star });
    }
    if parent.len() == path.len() || !parent.ends_with('/') {
        let entry = text.trim_end_matches('*').to_owned();
        return Err(Spot { at: text.len(), fault: Fault::PathEnd { entry } });
    }
    let bad = |fault| Spot { at, fault };
    let url = url::parse(&format!("http://{host}{parent}")).map_err(|error| bad(Fault::NotWeb(error.to_string())))?;
    let key = url.canonical();
    if key.query().is_some() {
        return Err(bad(Fault::QueryInPrefix('?')));
    }
    match key.path() {
        "/" => Ok(None),
        long if long.len() > MAX_PREFIX_BYTES => Err(bad(Fault::LongPrefix)),
        whole if whole.ends_with('/') => Ok(Some(whole.into())),
        // `%3F` decodes to a `?` and ends the path early.
        _ => Err(bad(Fault::QueryInPrefix('?'))),
    }
}
