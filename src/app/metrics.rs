//! `/metrics`: what an admin's monitoring reads. Everything is counted where it happens and only read here, at a scrape.
//!
//! [`METRICS`] names each metric once; what is written out and the page in `docs` both go by it.

use std::fmt::{self, Write as _};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet, text},
    metrics::MetricType,
    registry::Registry,
};

use super::{Gate, SystemClock};
use crate::{
    base::{Clock as _, Timestamp},
    feed::Standing,
    http::{Counters, Fitness, Vital},
    link::KeyState,
    sources::{
        dns::{Counted, DnsList},
        policy_zone::PolicyZone,
        safe_browsing::{self, SafeBrowsing},
    },
    supply::FeedState,
};

/// One metric, as `/metrics` and its page name it.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Without `_total`, which the format adds to a counter.
    pub name: &'static str,
    /// What grows, what goes up and down, what is spread over buckets.
    pub kind: Kind,
    /// What its labels are; empty where there are none.
    pub labels: &'static [&'static str],
    /// What it tells, in a sentence.
    pub help: &'static str,
}

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts by size.
    Histogram,
}

macro_rules! metrics {
    ($($id:ident $kind:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(const $id: Metric = Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };)+
        /// Every metric, in the order of the page.
        pub const METRICS: &[Metric] = &[$($id),+];
    };
}

metrics! {
    BUILD Gauge "sekisho_build" ["version"] "Always 1; the version that runs";
    START Gauge "sekisho_start_time_seconds" [] "When the program started, in seconds since 1970";
    FIT Gauge "sekisho_fit" ["part"] "2 as it should be, 1 somebody should look, 0 send no clicks here";
    CLICKS Counter "sekisho_clicks" ["outcome"] "Click events by outcome";
    DECISION Histogram "sekisho_decision_seconds" [] "Time from the whole request to the decision";
    HTTP Counter "sekisho_http" ["what"] "What the public listener has seen: connections, requests, refusals, errors";
    SYNCED Counter "sekisho_spool_synced" [] "Click events that are safe on the disk";
    DRAINED Counter "sekisho_spool_drained" [] "Click events that were brought into the store";
    TORN Counter "sekisho_spool_torn" [] "Click events that were found damaged in the spool";
    DROPPED Counter "sekisho_spool_dropped" [] "Click events that were lost because there was no room";
    WAITING Gauge "sekisho_spool_waiting" [] "Click events that are not in the store yet";
    FAILURES Gauge "sekisho_spool_failures" [] "Failed attempts to write since the last that succeeded";
    GENERATION Gauge "sekisho_lists_generation" [] "Counts the snapshots of the lists";
    ENTRIES Gauge "sekisho_list_entries" ["list"] "Entries in force of a list";
    SINCE Gauge "sekisho_list_since_seconds" ["list"] "Since when the version in force of a list is so, in seconds since 1970";
    PROBLEM Gauge "sekisho_list_problem" ["list"] "1 where something else is in force than what stands in the file";
    FEED_ENTRIES Gauge "sekisho_feed_entries" ["feed"] "Entries in force of a feed";
    FEED_STANDING Gauge "sekisho_feed_standing" ["feed", "standing"] "1 for how a feed stands: current, never, failing, stale, refused, held";
    FEED_CHECKED Gauge "sekisho_feed_checked_time_seconds" ["feed"] "When a feed last said what is in force, in seconds since 1970";
    FEED_ATTEMPTS Counter "sekisho_feed_attempts" ["feed", "result"] "Attempts to update a feed: taken, unchanged, refused, failed";
    FEED_ROWS Gauge "sekisho_feed_left_out_rows" ["feed", "why"] "Rows of the version in force that were left out: public suffixes, hosts never blocked, all";
    READINGS Counter "sekisho_reload" ["part", "result"] "Readings of configuration, keyring, templates and lists";
    TAKEN Gauge "sekisho_reload_taken_time_seconds" ["part"] "When a reading of a part was taken last, in seconds since 1970";
    REFUSED Gauge "sekisho_reload_failed" ["part"] "1 where the last reading of a part was refused and what was in force stays";
    WAIT Gauge "sekisho_reload_waiting_keys" [] "Keys of the configuration that were changed and count at the next start";
    VISITS Counter "sekisho_visits" ["result"] "Fetches of visited destinations by what came of them; nothing was sent where one was refused or put off";
    VISITING Gauge "sekisho_visits_under_way" [] "Fetches of visited destinations that are under way";
    VISITED Counter "sekisho_visits_bytes" [] "Bytes that visited destinations sent, unpacked";
    KEYS Gauge "sekisho_keys" ["state"] "Keys of the keyring by state";
    DNS Counter "sekisho_dns_list_questions" ["list", "result"] "Questions to lists by DNS by what came of them: listed, clear, failed, refused by the list, over the budget, held back because the list fails";
    DNS_SHUT Gauge "sekisho_dns_list_shut" ["list"] "1 while a list by DNS is not asked, because it fails or refuses";
    ZONE_RULES Gauge "sekisho_policy_zone_rules" ["zone"] "Rules in force of a policy zone";
    ZONE_AS_OF Gauge "sekisho_policy_zone_as_of_seconds" ["zone"] "When the version in force of a policy zone was known to be the present one, in seconds since 1970";
    ZONE_LOOKS Counter "sekisho_policy_zone_looks" ["zone", "result"] "Versions of policy zones that were taken, and looks that failed";
    PREFIXES Gauge "sekisho_hash_list_entries" ["list"] "Prefixes of a hash-prefix list";
    PREFIXES_AS_OF Gauge "sekisho_hash_list_as_of_seconds" ["list"] "When the server last said how a hash-prefix list stands, in seconds since 1970";
    HASHES Counter "sekisho_hash_requests" ["what", "result"] "Requests to the server of hash-prefix lists by what came of them";
    TURNED Counter "sekisho_flips" ["what"] "Verdicts that turned after clicks: flips written down, clicks that they name, URLs with more clicks than are judged again, turns that were not looked at because too many waited, attempts that failed";
    ALERTS Counter "sekisho_alerts" ["result"] "Alerts by what came of them: told, not heard and told again later, never told because too many waited";
    KEY_SINCE Gauge "sekisho_signing_key_since_seconds" [] "When the key that signs began to, in seconds since 1970";
}

/// What can be told at one moment.
pub(super) struct Seen<'a> {
    pub(super) gate: &'a Gate,
    pub(super) counters: &'a Counters,
    pub(super) vitals: &'a [Vital],
    pub(super) started: Timestamp,
}

/// Everything in the text format of OpenMetrics 1.0. Errors: none that a string brings about.
pub(super) fn exposition(seen: &Seen<'_>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Samples::of(seen)));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

/// `docs/METRICS.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\n<!-- Made by `sekisho config metrics` from src/app/metrics.rs; a test compares them. -->\n\n\
         `/metrics` on the admin listener, in the text format of OpenMetrics 1.0. No label holds anything that a stranger \
         chose:\nno host, no URL, no address.\n\n| metric | kind | labels | what it tells |\n|---|---|---|---|\n",
    );
    for metric in METRICS {
        let (kind, suffix) = match metric.kind {
            Kind::Counter => ("counter", "_total"),
            Kind::Gauge => ("gauge", ""),
            Kind::Histogram => ("histogram", ""),
        };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(page, "| `{}{suffix}` | {kind} | {} | {} |", metric.name, labels.join(", "), metric.help);
    }
    page + "\nAlert on: `sekisho_reload_failed == 1`, `sekisho_list_problem == 1`,\n\
            `sekisho_feed_standing{standing=~\"stale|refused|never\"} == 1`, `sekisho_fit < 2`, any growth of\n\
            `sekisho_spool_dropped_total`, and `time() - sekisho_signing_key_since_seconds` beyond the age at which you \
            rotate.\n"
}

/// One number with the values of its labels.
type Sample = (Vec<(&'static str, String)>, f64);

/// What one scrape writes out.
#[derive(Debug)]
struct Samples {
    numbers: Vec<(&'static Metric, Vec<Sample>)>,
    /// Upper bound in seconds and count, bucket by bucket.
    times: Vec<(f64, u64)>,
    seconds: f64,
}

impl Samples {
    fn of(seen: &Seen<'_>) -> Self {
        let in_force = seen.gate.in_force();
        let (around, renewal) = (&in_force.around, seen.gate.renewal());
        let (lists, log, tally) = (around.lists.state(), around.log.stats(), around.log.tally());
        let of = |metric: &'static Metric, samples: Vec<Sample>| (metric, samples);
        let by = |name: &'static str, value: &str, number: f64| (vec![(name, value.to_owned())], number);
        let state = |state: KeyState| in_force.ring.keys().filter(|key| key.state() == state).count() as f64;
        let signing = in_force.ring.keys().find(|key| key.state() == KeyState::Signing);
        let files = || lists.files.iter();
        let visits = around.asked.visits.as_ref().map(|visits| visits.dialer.stats()).unwrap_or_default();
        let results = [
            ("fetched", visits.fetched),
            ("refused", visits.refused),
            ("put_off", visits.put_off),
            ("failed", visits.failed),
        ];
        let statuses = around.feeds.statuses();
        let feeds = || statuses.iter();
        let two = |one: &'static str, is: &str, other: &'static str, value: &str, number: f64| {
            (vec![(one, is.to_owned()), (other, value.to_owned())], number)
        };
        let dns_lists = || around.asked.dns_lists.iter();
        let zones = || around.asked.policy_zones.iter();
        let hash_lists = around.asked.safe_browsing.as_ref().map(SafeBrowsing::held).unwrap_or_default();
        let flips = around.inbox.counted();
        let turned = [
            ("flips", flips.flips),
            ("clicks", flips.clicks),
            ("cut", flips.cut),
            ("dropped", flips.dropped),
            ("failed", flips.failed),
        ];
        let turned = turned.map(|(what, count)| by("what", what, count as f64));
        let alerts = [("told", flips.told), ("not_heard", flips.not_told), ("never_told", flips.never_told)];
        let alerts = alerts.map(|(result, count)| by("result", result, count as f64));
        let numbers = vec![
            of(&BUILD, vec![by("version", env!("CARGO_PKG_VERSION"), 1.0)]),
            of(&START, vec![one(secs(seen.started))]),
            of(&FIT, seen.vitals.iter().map(|vital| by("part", vital.part, fit(vital.state))).collect()),
            of(
                &CLICKS,
                tally.outcomes().map(|(outcome, count)| by("outcome", outcome.as_str(), count as f64)).collect(),
            ),
            of(&HTTP, seen.counters.read().iter().map(|(name, count)| by("what", name, *count as f64)).collect()),
            of(&SYNCED, vec![one(log.synced as f64)]),
            of(&DRAINED, vec![one(log.drained as f64)]),
            of(&TORN, vec![one(log.torn as f64)]),
            of(&DROPPED, vec![one(log.dropped as f64)]),
            of(&WAITING, vec![one(log.waiting as f64)]),
            of(&FAILURES, vec![one(log.failures as f64)]),
            of(&GENERATION, vec![one(lists.generation as f64)]),
            of(&ENTRIES, files().map(|file| by("list", &file.name, file.entries as f64)).collect()),
            of(&SINCE, files().filter_map(|file| Some(by("list", &file.name, secs(file.since?)))).collect()),
            of(
                &PROBLEM,
                files().map(|file| by("list", &file.name, flag(file.standing != Standing::Current))).collect(),
            ),
            of(&FEED_ENTRIES, feeds().map(|feed| by("feed", &feed.name, feed.entries() as f64)).collect()),
            of(
                &FEED_STANDING,
                feeds().map(|feed| two("feed", &feed.name, "standing", feed.standing.as_str(), 1.0)).collect(),
            ),
            of(
                &FEED_CHECKED,
                feeds().filter_map(|feed| Some(by("feed", &feed.name, secs(feed.state.checked?)))).collect(),
            ),
            of(
                &FEED_ATTEMPTS,
                feeds()
                    .flat_map(|feed| {
                        let FeedState { takes, unchanged, refusals, failed, .. } = feed.state;
                        [("taken", takes), ("unchanged", unchanged), ("refused", refusals), ("failed", failed)]
                            .map(|(result, count)| two("feed", &feed.name, "result", result, count as f64))
                    })
                    .collect(),
            ),
            of(
                &FEED_ROWS,
                feeds()
                    .filter_map(|feed| Some((&feed.name, &feed.state.current.as_ref()?.rows)))
                    .flat_map(|(name, rows)| {
                        [("suffix", rows.suffixes), ("never_block", rows.never_blocked), ("all", rows.refused)]
                            .map(|(why, count)| two("feed", name, "why", why, count as f64))
                    })
                    .collect(),
            ),
            of(
                &READINGS,
                renewal
                    .parts
                    .iter()
                    .flat_map(|part| {
                        [("taken", part.taken), ("refused", part.refused)].map(|(result, count)| {
                            (vec![("part", part.part.to_owned()), ("result", result.to_owned())], count as f64)
                        })
                    })
                    .collect(),
            ),
            of(&TAKEN, renewal.parts.iter().map(|part| by("part", part.part, secs(part.last_taken))).collect()),
            of(
                &REFUSED,
                renewal.parts.iter().map(|part| by("part", part.part, flag(part.problem.is_some()))).collect(),
            ),
            of(&WAIT, vec![one(renewal.waiting.len() as f64)]),
            of(&VISITS, results.iter().map(|(result, count)| by("result", result, *count as f64)).collect()),
            of(&VISITING, vec![one(visits.under_way as f64)]),
            of(&VISITED, vec![one(visits.bytes as f64)]),
            of(
                &KEYS,
                [KeyState::Signing, KeyState::VerifyOnly, KeyState::Compromised]
                    .map(|one| by("state", one.as_str(), state(one)))
                    .to_vec(),
            ),
            of(&DNS, dns_lists().flat_map(questions).collect()),
            of(
                &DNS_SHUT,
                dns_lists()
                    .map(|list| by("list", &list.zone().name, flag(list.shut_until(SystemClock.now()).is_some())))
                    .collect(),
            ),
            of(&ZONE_RULES, zones().map(|zone| by("zone", &zone.settings().name, zone.state().rules as f64)).collect()),
            of(
                &ZONE_AS_OF,
                zones().filter_map(|zone| Some(by("zone", &zone.settings().name, secs(zone.state().as_of?)))).collect(),
            ),
            of(&ZONE_LOOKS, zones().flat_map(looks).collect()),
            of(&PREFIXES, hash_lists.iter().map(|list| by("list", &list.name, list.prefixes.len() as f64)).collect()),
            of(&PREFIXES_AS_OF, hash_lists.iter().map(|list| by("list", &list.name, secs(list.as_of))).collect()),
            of(&HASHES, around.asked.safe_browsing.iter().flat_map(requests).collect()),
            of(&TURNED, turned.to_vec()),
            of(&ALERTS, alerts.to_vec()),
            of(&KEY_SINCE, signing.map(|key| one(secs(key.from()))).into_iter().collect()),
        ];
        let bound = |micros: Option<u64>| micros.map_or(f64::MAX, |micros| micros as f64 / 1e6);
        let times = tally.times().map(|(micros, count)| (bound(micros), count)).collect();
        Self { numbers, times, seconds: tally.micros() as f64 / 1e6 }
    }
}

impl Collector for Samples {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (metric, samples) in &self.numbers {
            let kind = if metric.kind == Kind::Counter { MetricType::Counter } else { MetricType::Gauge };
            let mut written = encoder.encode_descriptor(metric.name, metric.help, None, kind)?;
            for (labels, number) in samples {
                match (metric.kind, labels.is_empty()) {
                    (Kind::Counter, true) => written.encode_counter::<NoLabelSet, _, u64>(number, None)?,
                    (Kind::Counter, false) => {
                        written.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(number, None)?;
                    }
                    (_, true) => written.encode_gauge(number)?,
                    (_, false) => written.encode_family(labels)?.encode_gauge(number)?,
                }
            }
        }
        let mut written = encoder.encode_descriptor(DECISION.name, DECISION.help, None, MetricType::Histogram)?;
        let count = self.times.iter().map(|(_, count)| count).sum();
        written.encode_histogram::<NoLabelSet>(self.seconds, count, &self.times, None)
    }
}

fn questions(list: &DnsList) -> Vec<Sample> {
    let Counted { asked: _, listed, clear, failed, refused, over_budget, held_back } = list.counted();
    let results = [
        ("listed", listed),
        ("clear", clear),
        ("failed", failed),
        ("refused", refused),
        ("over_budget", over_budget),
        ("held_back", held_back),
    ];
    let sample = |(result, count): (&str, u64)| {
        (vec![("list", list.zone().name.clone()), ("result", result.to_owned())], count as f64)
    };
    results.map(sample).to_vec()
}

fn looks(zone: &PolicyZone) -> Vec<Sample> {
    let state = zone.state();
    let sample = |(result, count): (&str, u64)| {
        (vec![("zone", zone.settings().name.clone()), ("result", result.to_owned())], count as f64)
    };
    [("taken", state.taken), ("failed", state.failed)].map(sample).to_vec()
}

fn requests(lists: &SafeBrowsing) -> Vec<Sample> {
    let safe_browsing::Counted { updated, not_updated, confirmed, not_confirmed, held_back } = lists.counted();
    let results = [
        ("update", "taken", updated),
        ("update", "failed", not_updated),
        ("search", "answered", confirmed),
        ("search", "failed", not_confirmed),
        ("search", "held_back", held_back),
    ];
    let sample = |(what, result, count): (&str, &str, u64)| {
        (vec![("what", what.to_owned()), ("result", result.to_owned())], count as f64)
    };
    results.map(sample).to_vec()
}

fn one(number: f64) -> Sample {
    (Vec::new(), number)
}

fn flag(set: bool) -> f64 {
    f64::from(u8::from(set))
}

fn secs(moment: Timestamp) -> f64 {
    moment.millis() as f64 / 1e3
}

fn fit(state: Fitness) -> f64 {
    match state {
        Fitness::Ready => 2.0,
        Fitness::Degraded => 1.0,
        Fitness::NotReady => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/METRICS.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == reference(), "docs/METRICS.md is not what metrics.rs says; run `just docs`");
    }
}
