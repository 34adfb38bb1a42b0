use crate::{
    judge::{HostFact, Objection, Signal, Source, Threat, Tier},
    url::{Chain, Suffixes, Way, WebUrl, host_facts},
};

/// Products of mail security around one another from which on somebody uses them to hide something (attack row 114).
pub(super) const MANY_WRAPPERS: usize = 3;

/// What can be read off one URL, as signals, those that object first.
///
/// Hidden destinations (userinfo, mixed scripts) and bare addresses are suspicious: honest mail hardly has them. An odd
/// port or a single label is every developer's and every intranet's daily bread; each is told, and settles nothing. A
/// fact names no threat: it does not know what waits at the other end.
pub(super) fn of_url(url: &WebUrl, suffixes: &Suffixes) -> Vec<Signal> {
    host_facts(url).into_iter().map(|fact| signal(fact, 0, evidence(fact, url, suffixes))).collect()
}

/// What can be read off the way in which URLs stand inside one another. `hears` says for which of them guesses count.
///
/// Many products around one another speak against where they lead, not against themselves; more layers than are looked
/// at speak against the outermost URL, whoever's it is. What is sealed or nested is told, and settles nothing.
pub(super) fn of_chain(chain: &Chain, hears: &dyn Fn(usize) -> bool) -> Vec<Signal> {
    let mut signals = Vec::new();
    if let Some(cut) = chain.cut() {
        let evidence = format!("it holds more URLs than are looked at: {cut}");
        signals.push(signal(HostFact::TooDeep, 0, evidence));
    }
    let (wrappers, end) = chain.most_wrappers();
    if wrappers >= MANY_WRAPPERS && hears(end) {
        let evidence = format!("{wrappers} products of mail security wrapped one another, which hides where it leads");
        signals.push(signal(HostFact::ManyWrappers, end, evidence));
    }
    for sealed in chain.sealed().iter().filter(|sealed| hears(sealed.hop)) {
        let evidence = format!("it leads to where only its owner can tell ({})", sealed.by);
        signals.push(signal(HostFact::Sealed, sealed.hop, evidence));
    }
    for hop in chain.hops().iter().filter(|hop| hop.way == Way::Nested && hears(hop.inside)) {
        let evidence = format!("a URL on {} stands inside it", hop.url.host_str());
        signals.push(signal(HostFact::NestedUrl, hop.inside, evidence));
    }
    signals
}

/// What a fact that counts amounts to.
pub(super) const SUSPICIOUS: Objection = Objection::Speaks(Tier::Suspicious, Threat::None);

fn signal(fact: HostFact, hop: usize, evidence: String) -> Signal {
    let objection = match fact {
        HostFact::Userinfo
        | HostFact::MixedScripts
        | HostFact::LiteralAddress
        | HostFact::ManyWrappers
        | HostFact::TooDeep => SUSPICIOUS,
        HostFact::OddPort | HostFact::SingleLabel | HostFact::NestedUrl | HostFact::Sealed => {
            Objection::Speaks(Tier::Clean, Threat::None)
        }
    };
    Signal { source: Source::Host { fact }, objection, evidence, learned: None, hop }
}

/// A clause for a person, without its full stop. Never shows the userinfo: it may hold a password.
fn evidence(fact: HostFact, url: &WebUrl, suffixes: &Suffixes) -> String {
    let host = url.host_str();
    match fact {
        HostFact::LiteralAddress => format!("the destination is a bare network address, {host}, and not a name"),
        HostFact::Userinfo => {
            let goes_to = suffixes.registrable_domain(host).unwrap_or(host);
            format!("what stands before the “@” hides where the link goes, which is {goes_to}")
        }
        HostFact::MixedScripts => {
            format!("the host mixes letters of several scripts: {host} is shown as “{}”", url.host_unicode())
        }
        HostFact::OddPort => format!("the link names port {}, which is not the usual one", port(url)),
        HostFact::SingleLabel => format!("the host {host} is a single word, as inside a local network"),
        // Facts about a chain bring their own words.
        HostFact::NestedUrl | HostFact::Sealed | HostFact::ManyWrappers | HostFact::TooDeep => fact.to_string(),
    }
}

fn port(url: &WebUrl) -> String {
    url.port().map(|port| port.to_string()).unwrap_or_default()
}
