//! On which host something is asked for. That a host is a lookalike is told without a visit too; here a form stands on it.

use super::View;
use crate::{
    judge::HostFact,
    look::{Check, check::Seen, quote::shown},
    url::host_facts,
};

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    if !view.asks_secret() {
        return;
    }
    let (url, secret) = (view.url(), view.secret_in_words());
    let host = shown(view.host(), 80);
    if let Some(likeness) = view.around.names.likeness(url, view.around.suffixes) {
        seen.mark(
            Check::HostLookalike,
            format!("it asks for {secret} on {host}, which can be taken for {}", likeness.of),
        );
    }
    let facts = host_facts(url);
    if facts.contains(&HostFact::MixedScripts) {
        seen.mark(
            Check::HostScripts,
            format!("it asks for {secret} on a host that mixes letters of several scripts, {host}"),
        );
    }
    if facts.contains(&HostFact::LiteralAddress) {
        seen.mark(Check::HostAddress, format!("it asks for {secret} on the bare network address {host}"));
    }
    if is_shared(view) {
        seen.mark(Check::HostShared, format!("it asks for {secret} on {host}, where anyone may put pages"));
    }
}

/// Whether anyone may put pages there: under a suffix of the private section, or on a host that is known for it.
fn is_shared(view: &View<'_>) -> bool {
    let host = view.host();
    let below = |service: &String| {
        host == service || host.strip_suffix(service.as_str()).is_some_and(|front| front.ends_with('.'))
    };
    view.around.suffixes.is_shared(host) || view.around.lore.words.shared.iter().any(below)
}
