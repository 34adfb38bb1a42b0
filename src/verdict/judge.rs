use super::facts::{SUSPICIOUS, of_chain, of_url};
use crate::{
    base::Timestamp,
    judge::{Evidence, Objection, Said, Signal, Source, Threat, Tier, Verdict},
    list::{self, Hit, Index, ListAction},
    policy::{Need, Needs},
    sources::{self, Findings},
    url::{Chain, Names, Suffixes, WebUrl},
};

/// Most entries that one verdict names. The one that settles it is always among them; the widest are left out first.
pub const MAX_ENTRIES: usize = 32;

/// What a URL is judged against.
#[derive(Clone, Copy)]
pub struct Grounds<'a> {
    /// What this click may see of the lists: [`list::ForTenant`] where some are one tenant's or policy's alone.
    pub index: &'a dyn Index,
    /// Tells who is behind a host.
    pub suffixes: &'a Suffixes,
    /// Whose a host can be taken for.
    pub names: &'a Names,
    /// What the sources said that had to be asked.
    pub findings: &'a Findings,
    /// What it means that one of them said nothing.
    pub needs: &'a Needs,
    /// The moment.
    pub now: Timestamp,
}

/// What everything says of `url` and of each URL of its `chain`, in the order of evidence.
///
/// 1. For each URL admins' blocks and allows compete ([`list::winner`]). A block that wins for any of them settles it.
/// 2. An allow that wins lifts what stands below it here, for that URL alone: who allows a wrapper or a redirector
///    allows no destination behind it. What ranks above admins' entries is asked before this, and no entry undoes it.
/// 3. The organisation's own hosts, and those never blocked as a whole: for these no guess counts, and none is made.
/// 4. What lists of others say; one that names a host whole does not count for those of 3.
/// 5. What sources object that had to be asked, and where they led. A required one that is silent makes the URL
///    unknown, unless something worse is known.
/// 6. Facts about the host and the way the URL is written, for the URLs to which a click leads for all that can be read.
pub fn judge(url: &WebUrl, chain: &Chain, grounds: &Grounds<'_>) -> Verdict {
    let mut hops = hear(url, chain, grounds);
    // The hop whose entry settles it: the first that is blocked, or else the destination where it is allowed.
    let blocked = hops.iter().position(|hop| hop.is_won_by(ListAction::Block));
    let allowed = hops.first().is_some_and(|hop| hop.is_won_by(ListAction::Allow)).then_some(0);
    let mut facts = of_chain(chain, &|hop| hops.get(hop).is_none_or(Heard::hears_facts));
    facts.extend(hops.iter_mut().flat_map(|hop| std::mem::take(&mut hop.facts)));
    facts.sort_by_key(|fact| fact.objection != SUSPICIOUS);
    let mut others: Vec<Signal> = hops.iter_mut().flat_map(|hop| std::mem::take(&mut hop.feeds)).collect();
    others.truncate(MAX_ENTRIES);
    others.extend(of_findings(grounds.findings, &hops));
    others.extend(facts);
    let is_lifted = |hop: usize| hops.get(hop).is_some_and(Heard::is_allowed);
    let worst = worst(&others, &is_lifted);
    let is_missing = |heard: &&sources::Heard| {
        let is_internal = hops.get(heard.hop).is_some_and(|hop| hop.is_internal);
        heard.said() == Said::Silent
            && grounds.needs.of(&heard.source) == Need::Required
            && !is_internal
            && !is_lifted(heard.hop)
    };
    let missing = grounds.findings.heard.iter().any(|heard| is_missing(&heard));

    let settling = blocked.or(allowed.filter(|_| worst.is_none() && !missing));
    let mut signals = entries(&hops, settling);
    let decisive = settling.map(|_| 0).or(worst.map(|at| signals.len() + at));
    signals.extend(others);
    let settled = decisive.and_then(|at| signals.get(at)).map(|signal| signal.objection);
    let silence = if missing { Tier::Unknown } else { Tier::Clean };
    let (tier, threat) = settled.map_or((silence, Threat::None), amounts_to);
    Verdict { tier, threat, decisive, signals }
}

/// The hops about which sources may be asked: those to which a click leads for all that can be read. Nobody is asked
/// about the organisation's own hosts, nor about what an admin's entry has settled.
pub fn open_hops(url: &WebUrl, chain: &Chain, grounds: &Grounds<'_>) -> Vec<usize> {
    let hops = hear(url, chain, grounds);
    if hops.iter().any(|hop| hop.is_won_by(ListAction::Block)) {
        return Vec::new();
    }
    let is_open = |hop: &&Heard<'_>| hop.is_certain && !hop.is_internal && !hop.is_allowed();
    hops.iter().filter(is_open).map(|hop| hop.at).collect()
}

fn hear<'i>(url: &WebUrl, chain: &Chain, grounds: &Grounds<'i>) -> Vec<Heard<'i>> {
    let outermost = std::iter::once((url, true));
    let inner = chain.hops().iter().map(|hop| (&hop.url, hop.is_certain()));
    let mut hops = Vec::with_capacity(1 + chain.hops().len());
    for (at, (url, is_certain)) in outermost.chain(inner).enumerate() {
        hops.push(Heard::of(url, at, is_certain, grounds));
    }
    hops
}

/// The place of the signal that settles it: of the worst that nobody lifted, the first in the order of evidence.
fn worst(signals: &[Signal], is_lifted: &dyn Fn(usize) -> bool) -> Option<usize> {
    let tier = |signal: &Signal| match signal.objection {
        Objection::Speaks(tier, _) if tier >= Tier::Suspicious && !is_lifted(signal.hop) => Some(tier),
        _ => None,
    };
    let worst = signals.iter().filter_map(tier).max()?;
    signals.iter().position(|signal| tier(signal) == Some(worst))
}

/// What sources object, in the order of evidence. A list by DNS knows whole hosts, and so does not count for those that
/// are never blocked as a whole; about the organisation's own hosts nobody's word counts.
fn of_findings(findings: &Findings, hops: &[Heard<'_>]) -> Vec<Signal> {
    let counts = |heard: &&sources::Heard| {
        let hop = hops.get(heard.hop);
        let is_internal = hop.is_some_and(|hop| hop.is_internal);
        let is_exempt = hop.is_some_and(|hop| hop.is_exempt);
        !(is_internal || is_exempt && heard.evidence == Evidence::Dns)
    };
    let mut heard: Vec<&sources::Heard> = findings.heard.iter().filter(counts).collect();
    heard.sort_by_key(|heard| heard.evidence == Evidence::Scan);
    let signals = heard.into_iter().flat_map(|heard| {
        let objections = heard.answer.iter().flat_map(|finding| &finding.objections);
        objections.map(|objection| Signal {
            source: Source::Asked { source: heard.source.to_string(), evidence: heard.evidence },
            objection: Objection::Speaks(objection.tier, objection.threat),
            evidence: objection.evidence.clone(),
            learned: heard.learned,
            hop: heard.hop,
        })
    });
    signals.collect()
}

/// The entries of all hops as signals: the one that settles it first, then those of each hop, at most [`MAX_ENTRIES`].
fn entries(hops: &[Heard<'_>], settling: Option<usize>) -> Vec<Signal> {
    let settling = settling.and_then(|at| hops.get(at));
    let first = settling.and_then(|hop| Some((hop, hop.winner?)));
    let rest = hops.iter().flat_map(|hop| {
        let settles = settling.is_some_and(|settling| settling.at == hop.at);
        (0..hop.hits.len()).filter(move |at| !(settles && hop.winner == Some(*at))).map(move |at| (hop, at))
    });
    let signal = |(hop, at): (&Heard<'_>, usize)| Some(Signal { hop: hop.at, ..hop.hits.get(at)?.signal() });
    first.into_iter().chain(rest).take(MAX_ENTRIES).filter_map(signal).collect()
}

/// What was heard of one hop.
struct Heard<'i> {
    at: usize,
    hits: Vec<Hit<'i>>,
    winner: Option<usize>,
    feeds: Vec<Signal>,
    facts: Vec<Signal>,
    is_certain: bool,
    is_exempt: bool,
    is_internal: bool,
}

impl<'i> Heard<'i> {
    fn of(url: &WebUrl, at: usize, is_certain: bool, grounds: &Grounds<'i>) -> Self {
        let mut hits = hits(url, grounds.index, grounds.now);
        let is_exempt = hits.iter().any(|hit| rank(hit.list.action) == Rank::Exempts);
        let is_internal = hits.iter().any(|hit| hit.list.action == ListAction::Internal);
        // A feed that names a busy host, or one of our own, is wrong about it; of a page on it, it may be right.
        let counts = |hit: &Hit<'_>| !(is_exempt && hit.width.is_host_wide());
        let feeds = hits.extract_if(.., |hit| hit.list.is_of_others()).filter(counts);
        let feeds = feeds.map(|hit| Signal { hop: at, ..hit.signal() }).collect();
        let hears = is_certain && !is_exempt;
        let facts = if hears { of_url(url, at, grounds.names, grounds.suffixes).collect() } else { Vec::new() };
        Self { at, winner: list::winner(&hits), hits, feeds, facts, is_certain, is_exempt, is_internal }
    }

    fn is_won_by(&self, action: ListAction) -> bool {
        self.winner.and_then(|at| self.hits.get(at)).is_some_and(|hit| hit.list.action == action)
    }

    fn is_allowed(&self) -> bool {
        self.is_won_by(ListAction::Allow)
    }

    fn hears_facts(&self) -> bool {
        !self.is_exempt
    }
}

/// Every entry in force that matches: blocks and allows first, narrowest first, and always in the same order.
fn hits<'i>(url: &WebUrl, index: &'i dyn Index, now: Timestamp) -> Vec<Hit<'i>> {
    let mut hits = Vec::new();
    index.lookup(&url.canonical(), now, &mut |hit| hits.push(hit));
    let order = |hit: &Hit<'i>| (rank(hit.list.action), hit.width, &hit.list.name, hit.entry.line);
    hits.sort_by(|one, other| order(one).cmp(&order(other)));
    hits
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Competes,
    Exempts,
}

fn rank(action: ListAction) -> Rank {
    match action {
        ListAction::Block | ListAction::Allow => Rank::Competes,
        ListAction::NeverBlock | ListAction::Internal => Rank::Exempts,
    }
}

fn amounts_to(objection: Objection) -> (Tier, Threat) {
    match objection {
        Objection::Blocks => (Tier::Malicious, Threat::Policy),
        Objection::Allows | Objection::Internal | Objection::NeverBlock => (Tier::Clean, Threat::None),
        Objection::Revokes => (Tier::Malicious, Threat::None),
        Objection::Speaks(tier, threat) => (tier, threat),
    }
}

#[cfg(test)]
mod tests;
