use crate::{
    judge::{HostFact, Objection, Signal, Source, Threat, Tier},
    url::{Chain, How, Likeness, Names, Suffixes, Way, WebUrl, host_facts},
};

/// Products of mail security around one another from which on somebody uses them to hide something (attack row 114).
pub(super) const MANY_WRAPPERS: usize = 3;

/// What can be read off one URL, as signals.
///
/// Hidden destinations (userinfo, mixed scripts), bare addresses and hosts that can be taken for somebody else's are
/// suspicious: honest mail hardly has them. An odd port or a single label is every developer's and every intranet's
/// daily bread; each is told, and settles nothing. A fact names no threat: it does not know what waits at the other end.
pub(super) fn of_url(url: &WebUrl, hop: usize, names: &Names, suffixes: &Suffixes) -> impl Iterator<Item = Signal> {
    let facts = host_facts(url).into_iter().map(move |fact| signal(fact, hop, evidence(fact, url, suffixes)));
    let likeness = names.likeness(url, suffixes);
    let likeness = likeness.map(|likeness| signal(HostFact::Lookalike, hop, likeness_in_words(&likeness)));
    facts.chain(likeness)
}

fn likeness_in_words(likeness: &Likeness<'_>) -> String {
    let Likeness { of, domain, how } = likeness;
    match how {
        How::Looks => format!("{domain} can be taken for {of} and is another domain"),
        How::OneLetter => format!("{domain} differs from {of} by one letter and is another domain"),
        How::InFront => format!("{of} stands in front of the real domain, which is {domain}"),
        How::Beside(word) => format!("the name of {of} stands beside “{word}” in a host of {domain}, another domain"),
    }
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
        | HostFact::Lookalike
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
        // The others bring their own words.
        HostFact::Lookalike | HostFact::NestedUrl | HostFact::Sealed | HostFact::ManyWrappers | HostFact::TooDeep => {
            fact.to_string()
        }
    }
}

fn port(url: &WebUrl) -> String {
    url.port().map(|port| port.to_string()).unwrap_or_default()
}
