//! Reading everything again while clicks are answered: configuration, keyring, templates, lists.
//!
//! Each part is checked whole before anything changes. What is wrong with one is told and leaves in force what was; the
//! others count. Clicks meet all of the new or all of the old: one pointer is swapped.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::{
    Gate, SystemClock,
    feeds::{feeds_folder, keep_configured},
    gate::{Around, InForce},
    lists::long_lists,
    own_hosts, read_ring,
};
use crate::{
    base::{Clock, Timestamp},
    config::{Config, ConfigError, Settings, Source},
    feed::{self, LiveLists},
    http::{Looked, Renewal, RenewedPart, pages::Pages},
};

const CONFIGURATION: &str = "configuration";
const KEYRING: &str = "keyring";
const TEMPLATES: &str = "templates";
pub(super) const LISTS: &str = "lists";

/// What reading again needs, and how it went.
pub(super) struct Renewer {
    source: Source,
    /// What counted at the start; keys that wait for the next one are told by it.
    started: Settings,
    /// The text of the file as it was read last, or why it could not be; held while everything is read.
    last: Mutex<Result<String, String>>,
    /// The configuration taken last, key by key.
    counts: ArcSwap<Settings>,
    told: ArcSwap<Renewal>,
}

/// What one reading found, part by part: none where all is well.
#[derive(Default)]
struct Found {
    configuration: Option<String>,
    keyring: Option<String>,
    templates: Option<String>,
    lists: Option<String>,
    waiting: Vec<String>,
}

impl Renewer {
    pub(super) fn new(source: Source, started: Settings, text: String, now: Timestamp) -> Self {
        let parts = [CONFIGURATION, KEYRING, TEMPLATES, LISTS].map(|part| RenewedPart::new(part, now)).to_vec();
        let told = Renewal { readings: 0, generation: 1, parts, waiting: Vec::new() };
        let counts = ArcSwap::from_pointee(started.clone());
        Self { source, started, counts, last: Mutex::new(Ok(text)), told: ArcSwap::from_pointee(told) }
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn told(&self) -> Arc<Renewal> {
        self.told.load_full()
    }

    fn note(&self, found: &Found, now: Timestamp) -> Arc<Renewal> {
        let mut told = Renewal::clone(&self.told.load());
        let problems = [&found.configuration, &found.keyring, &found.templates, &found.lists];
        for (part, problem) in told.parts.iter_mut().zip(problems) {
            part.note(now, problem.clone());
        }
        let whole = [&found.configuration, &found.keyring, &found.templates];
        told.generation += u64::from(whole.iter().any(|problem| problem.is_none()));
        told.readings += 1;
        if found.configuration.is_none() {
            told.waiting.clone_from(&found.waiting);
        }
        let told = Arc::new(told);
        self.told.store(Arc::clone(&told));
        told
    }
}

impl Gate {
    /// Reads configuration, keyring, templates and lists again and tells how that went, here and in the log.
    pub fn reload(&self) -> Arc<Renewal> {
        let mut last = self.renewer.last.lock().unwrap_or_else(PoisonError::into_inner);
        let text = self.renewer.source.place.text();
        *last = as_known(&text);
        self.read_all(text)
    }

    /// The same, if the text of the configuration is another than when it was read last.
    pub(super) fn reload_if_changed(&self) {
        let mut last = self.renewer.last.lock().unwrap_or_else(PoisonError::into_inner);
        let text = self.renewer.source.place.text();
        let known = as_known(&text);
        if *last != known {
            *last = known;
            self.read_all(text);
        }
    }

    fn read_all(&self, text: Result<String, ConfigError>) -> Arc<Renewal> {
        let (mut found, now) = (Found::default(), SystemClock.now());
        let before = self.in_force();
        let config = self.read_configuration(text, &before.around.config, &mut found);
        let ring = read_ring(config.keyring.path()).map(Arc::new).unwrap_or_else(|error| {
            found.keyring = Some(error.to_string());
            Arc::clone(&before.ring)
        });
        let pages = pages(&before, &config, &mut found);
        let lists = lists(&before.around, &config, &mut found);
        look_at_certificates(&before.around, now);
        let around = Around { config, lists, ..before.around.clone() };
        if let Some(visits) = &around.asked.visits {
            visits.door.renew(&around.config, &around.lists);
        }
        self.put_in_force(InForce::new(around, ring, pages, now));
        log(&found);
        self.renewer.note(&found, now)
    }

    /// The configuration that was taken last, key by key.
    pub fn settings(&self) -> Arc<Settings> {
        self.renewer.counts.load_full()
    }

    /// How the last readings went.
    pub fn renewal(&self) -> Arc<Renewal> {
        self.renewer.told()
    }

    fn read_configuration(&self, text: Result<String, ConfigError>, before: &Config, found: &mut Found) -> Config {
        match text.and_then(|text| self.renewer.source.again(&text, &before.data_dir)) {
            Ok((config, settings)) => {
                found.waiting = settings.wait_for_a_start(&self.renewer.started);
                self.renewer.counts.store(Arc::new(settings));
                config
            }
            Err(error) => {
                found.configuration = Some(error.to_string());
                if let ConfigError::Wrong(problems) = &error {
                    let told = problems.0.iter();
                    told.for_each(|problem| {
                        tracing::error!("configuration refused, what was in force stays: {problem}")
                    });
                } else {
                    tracing::error!("configuration refused, what was in force stays: {error}");
                }
                before.clone()
            }
        }
    }
}

fn as_known(text: &Result<String, ConfigError>) -> Result<String, String> {
    match text {
        Ok(text) => Ok(text.clone()),
        Err(error) => Err(error.to_string()),
    }
}

fn pages(before: &InForce, config: &Config, found: &mut Found) -> Arc<Pages> {
    if config.templates.is_none() && before.around.config.templates.is_none() {
        // Those of the program itself do not change.
        return Arc::clone(&before.pages);
    }
    Pages::load(config.templates.as_deref()).map(Arc::new).unwrap_or_else(|error| {
        found.templates = Some(error.to_string());
        Arc::clone(&before.pages)
    })
}

/// The lists as `config` wants them: those that are in force, read again, unless it names another folder.
fn lists(before: &Around, config: &Config, found: &mut Found) -> Arc<LiveLists> {
    keep_configured(config);
    let folder = config.blocklists.path();
    if folder == before.lists.folder() {
        let report = before.lists.reload_for(own_hosts(config));
        found.lists = report.degraded.then(|| before.lists.state().problems());
        return Arc::clone(&before.lists);
    }
    let settings = feed::Settings {
        suffixes: Arc::clone(&before.suffixes),
        own_hosts: own_hosts(config),
        long: long_lists(config),
        feeds: Some(feeds_folder(config)),
    };
    match LiveLists::start(folder.to_owned(), settings, Arc::new(SystemClock)) {
        Ok(lists) => {
            let state = lists.state();
            found.lists = state.degraded.then(|| state.problems());
            lists
        }
        Err(error) => {
            found.lists = Some(error.to_string());
            Arc::clone(&before.lists)
        }
    }
}

/// Certificates tell of themselves in readiness, as they do when they are taken between two readings.
fn look_at_certificates(before: &Around, now: Timestamp) {
    if let Some(Looked::Kept(error)) = before.tls.as_ref().map(|tls| tls.look(now)) {
        tracing::error!("certificates refused, what was in force stays: {error}");
    }
}

/// What is wrong with the configuration was told line by line, and of the lists they tell themselves.
fn log(found: &Found) {
    for (part, problem) in [(KEYRING, &found.keyring), (TEMPLATES, &found.templates)] {
        if let Some(problem) = problem {
            tracing::error!("{part} refused, what was in force stays: {problem}");
        }
    }
    for key in &found.waiting {
        tracing::warn!("{key} was changed in the configuration: it takes effect at the next start");
    }
    let problems = [&found.configuration, &found.keyring, &found.templates, &found.lists];
    if problems.iter().all(|problem| problem.is_none()) {
        tracing::info!("configuration, keyring, templates and lists were read again and count");
    }
}
