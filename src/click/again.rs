//! Clicks that are judged again, because what is known of where they led has turned since.

use super::Checkpoint;
use crate::{
    base::{EventId, Timestamp},
    judge::{ClickEvent, Flip, Rejudged, Signal, Threat, Tier},
    list::ForTenant,
    policy::{self, Scan},
    sources::{Findings, Heard, Turn},
    store::{REJUDGED_FOR, Store, StoreError},
    url::{self, Chain, WebUrl},
    verdict::{self, Grounds},
};

/// Clicks that stand in one flip at most, so that whoever is told can read it.
pub const AT_ONCE: usize = 1000;
/// Flips of one URL that are written for one turn at most. Behind that the rest is counted as left out.
pub const ROUNDS: usize = 10;
/// Clicks that are judged again when the lists have changed, at most: the newest.
pub const LISTED_MOST: usize = 10_000;

/// What came of judging again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Again {
    /// Flips that were written down.
    pub flips: usize,
    /// Clicks that they name.
    pub clicks: usize,
    /// Flips of which the hook will never be told, because too many wait.
    pub untold: usize,
    /// Whether there were more clicks than are looked at.
    pub is_cut: bool,
}

/// One click, as it is judged now.
struct Turned {
    click: Rejudged,
    about: WebUrl,
    threat: Threat,
    signal: Signal,
}

impl Checkpoint {
    /// Judges the clicks of the last 48 hours again that went on to where a source objects now, or by way of it, and writes
    /// down those that come out worse, each once. `hook`: somebody waits to be told. Reads and writes the disk.
    pub fn rejudge(&self, store: &Store, turn: &Turn, hook: bool) -> Result<Again, StoreError> {
        let tier = worst(turn);
        let now = self.parts.clock.now();
        let since = now.plus_millis(-REJUDGED_FOR);
        let mut again = Again::default();
        let mut until = None;
        for _ in 0..ROUNDS {
            let events = store.went_to(&turn.url, (since, until), tier, AT_ONCE)?;
            again.is_cut = events.len() == AT_ONCE;
            until = events.first().map(|event| event.time);
            let turned = events.iter().filter_map(|event| self.judge_again(event, Some(turn))).collect();
            self.note(store, turned, now, hook, &mut again)?;
            if !again.is_cut {
                break;
            }
        }
        Ok(again)
    }

    /// The same for the newest clicks, by the lists of this moment alone.
    pub fn rejudge_by_lists(&self, store: &Store, hook: bool) -> Result<Again, StoreError> {
        let now = self.parts.clock.now();
        let events = store.went_on(now.plus_millis(-REJUDGED_FOR), LISTED_MOST)?;
        let mut again = Again { is_cut: events.len() == LISTED_MOST, ..Again::default() };
        let mut turned: Vec<Turned> = events.iter().filter_map(|event| self.judge_again(event, None)).collect();
        // A flip speaks of one URL and of what is said of it.
        let of = |one: &Turned| (one.about.as_str().to_owned(), one.signal.evidence.clone());
        turned.sort_by_cached_key(of);
        while let Some(first) = turned.first().map(of) {
            let rest = turned.iter().position(|one| of(one) != first).unwrap_or(turned.len()).min(AT_ONCE);
            let others = turned.split_off(rest);
            self.note(store, std::mem::replace(&mut turned, others), now, hook, &mut again)?;
        }
        Ok(again)
    }

    fn note(
        &self,
        store: &Store,
        mut turned: Vec<Turned>,
        now: Timestamp,
        hook: bool,
        again: &mut Again,
    ) -> Result<(), StoreError> {
        turned.sort_by_key(|one| (one.click.time, one.click.event_id));
        let Some(worst) = turned.iter().max_by_key(|one| one.click.tier) else { return Ok(()) };
        let flip = Flip {
            time: now,
            flip_id: self.flip_id(now),
            url: worst.about.as_str().to_owned(),
            host: worst.about.host_str().to_owned(),
            tier: worst.click.tier,
            threat: worst.threat,
            signal: worst.signal.clone(),
            clicks: turned.iter().map(|one| one.click.clone()).collect(),
            node: self.parts.node.clone(),
        };
        let noted = store.note_flip(&flip, hook)?;
        again.flips += usize::from(noted.clicks > 0);
        again.clicks += noted.clicks;
        again.untold += noted.untold;
        Ok(())
    }

    /// What a recorded click amounts to now; none where that is nothing worse than it did.
    fn judge_again(&self, event: &ClickEvent, turn: Option<&Turn>) -> Option<Turned> {
        let tenant = self.sites.tenant(event.tenant?)?;
        let destination = url::parse(event.url.as_deref()?).ok()?;
        let mut chain = url::unwrap(&destination);
        // Where a visit led then cannot be read off the link.
        chain.follow(0, event.chain.iter().filter_map(|inner| url::parse(&inner.url).ok()), "an earlier click");
        let heard = turn
            .filter(|_| tenant.policy.scan == Scan::All)
            .map(|turn| Heard { hop: hop(&destination, &chain, &turn.url), ..turn.heard.clone() });
        let lists = self.parts.lists.snapshot();
        let verdict = verdict::judge(
            &destination,
            &chain,
            &Grounds {
                index: &ForTenant { index: &lists.index, tenant: tenant.id, policy: &tenant.policy.name },
                suffixes: &self.parts.suffixes,
                names: &tenant.names,
                findings: &Findings { heard: heard.into_iter().collect(), waited_micros: None },
                needs: &tenant.policy.needs,
                now: self.parts.clock.now(),
            },
        );
        let is_worse = verdict.tier >= Tier::Suspicious && event.tier.is_none_or(|was| verdict.tier > was);
        let signal = verdict.decisive().filter(|_| is_worse)?.clone();
        let about = match signal.hop.checked_sub(1) {
            None => destination,
            Some(inner) => chain.hops().get(inner).map_or(destination, |hop| hop.url.clone()),
        };
        let decision = policy::decide(&tenant.policy, &verdict);
        let click = Rejudged {
            event_id: event.event_id,
            click_id: event.click_id,
            time: event.time,
            tenant: tenant.id,
            outcome: event.outcome,
            was: event.tier,
            tier: verdict.tier,
            policy: decision.policy,
            action: decision.action,
        };
        Some(Turned { click, about, threat: verdict.threat, signal })
    }

    fn flip_id(&self, now: Timestamp) -> EventId {
        let mut entropy = [0; 10];
        self.parts.entropy.fill(&mut entropy);
        EventId::new(now, entropy)
    }
}

/// The worst that a source says.
fn worst(turn: &Turn) -> Tier {
    let objections = turn.heard.answer.iter().flat_map(|finding| &finding.objections);
    objections.map(|objection| objection.tier).max().unwrap_or(Tier::Suspicious)
}

/// Which hop a URL is: the same place, however it is spelled.
fn hop(destination: &WebUrl, chain: &Chain, url: &WebUrl) -> usize {
    let key = url.canonical();
    if destination.canonical() == key {
        return 0;
    }
    chain.hops().iter().position(|hop| hop.url.canonical() == key).map_or(0, |at| at + 1)
}
