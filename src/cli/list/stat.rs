use serde::Serialize;

use crate::{
    base::Timestamp,
    cli::{
        Failure,
        output::{Stdout, moment, people},
        work::Work,
    },
    list::{Entry, List, Reach, Scope},
};

/// Days ahead in which an end is called near.
const NEAR_DAYS: i64 = 30;

/// One list, in numbers.
#[derive(Serialize, Default)]
struct Numbers<'a> {
    list: &'a str,
    action: &'static str,
    version: &'a str,
    tenant: Option<u16>,
    policy: Option<&'a str>,
    entries: usize,
    in_force: usize,
    expired: usize,
    /// In force, and out within 30 days.
    ending_soon: usize,
    without_end: usize,
    without_reason: usize,
    /// Matched a click since clicks are kept, and the moment of the last one.
    matched: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_match: Option<Timestamp>,
    refused: usize,
    scopes: Scopes,
}

/// Entries by what they are about.
#[derive(Serialize, Default, Clone, Copy)]
struct Scopes {
    domains: usize,
    hosts: usize,
    subdomains: usize,
    paths: usize,
    urls: usize,
    networks: usize,
    files: usize,
    patterns: usize,
}

impl Scopes {
    const fn count(&mut self, scope: &Scope) {
        let kind = match scope {
            Scope::Hosts { reach: Reach::Domain, .. } => &mut self.domains,
            Scope::Hosts { reach: Reach::Host, .. } => &mut self.hosts,
            Scope::Hosts { reach: Reach::Subdomains, .. } => &mut self.subdomains,
            Scope::Paths { .. } => &mut self.paths,
            Scope::Url(_) => &mut self.urls,
            Scope::Network(_) => &mut self.networks,
            Scope::File(_) => &mut self.files,
            Scope::Pattern(_) => &mut self.patterns,
        };
        *kind += 1;
    }

    fn shown(&self) -> String {
        let kinds = [
            (self.domains, "domains"),
            (self.hosts, "hosts"),
            (self.subdomains, "subdomains"),
            (self.paths, "paths"),
            (self.urls, "URLs"),
            (self.networks, "addresses"),
            (self.files, "files"),
            (self.patterns, "regular expressions"),
        ];
        let shown = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}"));
        shown.collect::<Vec<_>>().join(", ")
    }
}

impl<'a> Numbers<'a> {
    fn of(list: &'a List, now: Timestamp, refused: usize) -> Self {
        let mut numbers = Self {
            list: &list.name,
            action: list.action.as_str(),
            version: &list.version,
            tenant: list.tenant.map(|tenant| tenant.0),
            policy: list.policy.as_deref(),
            entries: list.entries.len(),
            refused,
            ..Self::default()
        };
        list.entries.iter().for_each(|entry| numbers.count(entry, now));
        numbers
    }

    fn count(&mut self, entry: &Entry, now: Timestamp) {
        self.scopes.count(&entry.scope);
        self.without_reason += usize::from(entry.reason().is_none());
        let until = entry.note.as_ref().and_then(|note| note.until);
        self.without_end += usize::from(until.is_none());
        match entry.is_in_force(now) {
            true => self.in_force += 1,
            false => self.expired += 1,
        }
        let soon = now.plus_millis(NEAR_DAYS * 86_400_000);
        self.ending_soon += usize::from(entry.is_in_force(now) && !entry.is_in_force(soon));
    }
}

pub(super) fn run(work: &Work, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    let shelf = work.shelf_of(&[work.config.blocklists.path().to_owned()])?;
    let refused = |name: &str| {
        let file = format!("/{name}.list");
        shelf.bad.iter().filter(|bad| bad.file.ends_with(&file)).count()
    };
    let store = work.clicked();
    let (mut entries, mut in_force) = (0, 0);
    for list in shelf.lists() {
        let mut numbers = Numbers::of(list, work.now, refused(&list.name));
        let matches = store.as_ref().map(|store| store.last_matches(&list.name)).transpose()?.unwrap_or_default();
        let last: Vec<_> = list.entries.iter().filter_map(|entry| matches.get(&*entry.text)).collect();
        numbers.matched = last.len();
        numbers.last_match = last.into_iter().max().copied();
        entries += numbers.entries;
        in_force += numbers.in_force;
        if json {
            out.json(&numbers)?;
            continue;
        }
        let Numbers { list, action, entries, in_force, expired, ending_soon, without_end, refused, scopes, .. } =
            &numbers;
        out.line(format_args!(
            "{list:<24} {action:<12} {entries:>9} entries: {in_force} in force, {expired} run out, {ending_soon} run out \
             within {NEAR_DAYS} days, {without_end} without an end, {refused} refused"
        ))?;
        if *entries > 0 {
            out.line(format_args!("{:<24} {}", "", scopes.shown()))?;
        }
        if let Some(last) = numbers.last_match {
            out.line(format_args!("{:<24} {} matched a click, the last at {}", "", numbers.matched, moment(last)))?;
        }
    }
    people(&format!("{} lists, {entries} entries, {in_force} in force", shelf.lists().len()));
    Ok(())
}
