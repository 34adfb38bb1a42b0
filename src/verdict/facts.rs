use crate::{
    judge::{HostFact, Objection, Signal, Source, Threat, Tier},
    url::{Suffixes, WebUrl, host_facts},
};

/// What can be read off the URL, as signals, those that object first.
///
/// Hidden destinations (userinfo, mixed scripts) and bare addresses are suspicious: honest mail hardly has them. An odd
/// port or a single label is every developer's and every intranet's daily bread; each is told, and settles nothing. A
/// fact names no threat: it does not know what waits at the other end.
pub(super) fn facts(url: &WebUrl, suffixes: &Suffixes) -> Vec<Signal> {
    let mut signals: Vec<Signal> = host_facts(url).into_iter().map(|fact| signal(fact, url, suffixes)).collect();
    signals.sort_by_key(|signal| signal.objection != SUSPICIOUS);
    signals
}

/// What a fact that counts amounts to.
pub(super) const SUSPICIOUS: Objection = Objection::Speaks(Tier::Suspicious, Threat::None);

fn signal(fact: HostFact, url: &WebUrl, suffixes: &Suffixes) -> Signal {
    let objection = match fact {
        HostFact::Userinfo | HostFact::MixedScripts | HostFact::LiteralAddress => SUSPICIOUS,
        HostFact::OddPort | HostFact::SingleLabel => Objection::Speaks(Tier::Clean, Threat::None),
    };
    Signal { source: Source::Host { fact }, objection, evidence: evidence(fact, url, suffixes), learned: None }
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
    }
}

fn port(url: &WebUrl) -> String {
    url.port().map(|port| port.to_string()).unwrap_or_default()
}
