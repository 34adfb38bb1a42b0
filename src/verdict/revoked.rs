use crate::{
    judge::{Objection, RevocationRef, Signal, Source, Threat, Tier, Verdict},
    store::Revocation,
};

/// `verdict` with a revocation before everything else: whatever the lists say of the destination, it settles. Of the
/// destination it says nothing new, so the threat stays what it was.
pub fn revoke(verdict: Verdict, revocation: &Revocation) -> Verdict {
    let Revocation { id, time, scope, by, reason, .. } = revocation;
    let signal = Signal {
        source: Source::Revocation(RevocationRef {
            id: *id,
            charge: scope.charge(),
            by: by.clone(),
            reason: reason.clone(),
        }),
        objection: Objection::Revokes,
        evidence: format!("revocation {id} of {scope}, by {by} (“{reason}”)"),
        learned: Some(*time),
        hop: 0,
    };
    let threat = if verdict.threat == Threat::None { Threat::Policy } else { verdict.threat };
    let signals = std::iter::once(signal).chain(verdict.signals).collect();
    Verdict { tier: Tier::Malicious, threat, decisive: Some(0), signals }
}
