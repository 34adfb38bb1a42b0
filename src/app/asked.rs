//! Those who have to be asked about a URL, as the configuration names them.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{SystemClock, entropy, visits::Visits};
use crate::{
    base::{Clock, Timestamp},
    config::{Config, DnsListSetting},
    http::{Fitness, Vital},
    sources::{
        self, Panel, Source, Witness,
        dns::{DnsList, NoResolver, Resolver},
        policy_zone::PolicyZone,
        safe_browsing::{self, SafeBrowsing},
    },
    url::Suffixes,
};

/// The sources of this process: together for clicks, and each for whoever wants to know how it goes.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) panel: Arc<Panel>,
    pub(super) dns_lists: Arc<[DnsList]>,
    pub(super) policy_zones: Arc<[PolicyZone]>,
    pub(super) safe_browsing: Option<SafeBrowsing>,
    /// What goes to the place itself.
    pub(super) visits: Option<Visits>,
}

/// A source that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nobody resolves names.
    #[error(transparent)]
    Resolver(#[from] NoResolver),
    /// The hash-prefix lists.
    #[error(transparent)]
    SafeBrowsing(#[from] safe_browsing::OpenError),
}

impl Asked {
    /// Opens what the configuration names; `witness` hears of what they object. Nobody is asked yet.
    pub(super) fn open(
        config: &Config,
        suffixes: &Arc<Suffixes>,
        visits: Option<Visits>,
        witness: Arc<dyn Witness>,
    ) -> Result<Self, SourceError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let dns_lists = dns_lists(config, suffixes)?;
        let policy_zone = |settings: &sources::policy_zone::Settings| {
            PolicyZone::open(settings.clone(), Arc::clone(suffixes), Arc::clone(&clock))
        };
        let policy_zones: Vec<PolicyZone> = config.policy_zones.iter().map(policy_zone).collect();
        let safe_browsing = config.safe_browsing.as_ref();
        let safe_browsing = safe_browsing
            .map(|settings| SafeBrowsing::open(settings, Arc::clone(suffixes), Arc::clone(&clock), Arc::new(chance)))
            .transpose()?;
        let mut sources: Vec<Arc<dyn Source>> = Vec::new();
        sources.extend(dns_lists.iter().map(|list| Arc::new(list.clone()) as Arc<dyn Source>));
        sources.extend(policy_zones.iter().map(|zone| Arc::new(zone.clone()) as Arc<dyn Source>));
        sources.extend(safe_browsing.iter().map(|lists| Arc::new(lists.clone()) as Arc<dyn Source>));
        sources.extend(visits.iter().map(|visits| Arc::clone(&visits.scanner) as Arc<dyn Source>));
        let panel = Arc::new(Panel::watched(witness, sources, sources::Limits::default(), clock));
        Ok(Self { panel, dns_lists: dns_lists.into(), policy_zones: policy_zones.into(), safe_browsing, visits })
    }

    /// Starts what keeps them fresh; it ends when the answer is dropped. Needs a runtime.
    pub(super) fn keep_fresh(&self) -> JoinSet<()> {
        let mut keeping = JoinSet::new();
        for zone in self.policy_zones.iter() {
            keeping.spawn(zone.clone().run());
        }
        if let Some(lists) = &self.safe_browsing {
            keeping.spawn(lists.clone().run());
        }
        keeping
    }

    /// What `/readyz` says of them; nothing where there are none. None of them stops a click.
    pub(super) fn vital(&self, now: Timestamp) -> Option<Vital> {
        if self.panel.is_empty() {
            return None;
        }
        let shut = |list: &DnsList| {
            let until = list.shut_until(now)?;
            let secs = until.millis_since(now) / 1000 + 1;
            Some(format!("{} fails or refuses and is left alone for {secs} s", list.zone().name))
        };
        let wrong = |zone: &PolicyZone| Some(format!("{}: {}", zone.settings().name, zone.state().problem?));
        let mut problems: Vec<String> = self.dns_lists.iter().filter_map(shut).collect();
        problems.extend(self.policy_zones.iter().filter_map(wrong));
        let hashes = self.safe_browsing.as_ref().and_then(SafeBrowsing::problem);
        problems.extend(hashes.map(|problem| format!("safe_browsing: {problem}")));
        if !problems.is_empty() {
            return Some(Vital { part: "sources", state: Fitness::Degraded, says: problems.join("; ") });
        }
        let asked: u64 = self.dns_lists.iter().map(|list| list.counted().asked).sum();
        let rules: usize = self.policy_zones.iter().map(|zone| zone.state().rules).sum();
        let lists = self.safe_browsing.as_ref().map(SafeBrowsing::held).unwrap_or_default();
        let prefixes: usize = lists.iter().map(|list| list.prefixes.len()).sum();
        let says = format!(
            "{} lists by DNS, {asked} questions; {} policy zones, {rules} rules; {prefixes} hash prefixes",
            self.dns_lists.len(),
            self.policy_zones.len()
        );
        Some(Vital { part: "sources", state: Fitness::Ready, says })
    }
}

/// The lists by DNS that the configuration names. Errors: the system names no resolver, and none is written.
pub fn dns_lists(config: &Config, suffixes: &Arc<Suffixes>) -> Result<Vec<DnsList>, NoResolver> {
    let list = |setting: &DnsListSetting| {
        let (resolver, clock) = (Resolver::new(setting.resolver)?, Arc::new(SystemClock));
        Ok(DnsList::new(setting.zone.clone(), resolver, Arc::clone(suffixes), clock))
    };
    config.dns_lists.iter().map(list).collect()
}

/// From 0 up to 1. Without entropy nothing is spread, which harms nobody.
fn chance() -> f64 {
    entropy::<4>().map_or(0.0, |bytes| f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
}
