use std::borrow::Cow;

use super::{Barrier, Destination, Page, Preview, Reason, Spot, Stop, Tenant, Ways, Would};
use crate::{
    base::{ClickId, Timestamp},
    judge::{Action, Charge, ClickEvent, Decision, Outcome, Source, Verdict},
    link::{Link, own_path},
    policy,
    sources::Findings,
    url::{Chain, Suffixes},
};

/// A proven link, and what is made of it at this moment.
pub(super) struct Case<'a> {
    pub(super) link: Link,
    pub(super) tenant: &'a Tenant,
    /// The URLs inside the destination.
    pub(super) chain: Chain,
    /// What sources said that had to be asked.
    pub(super) findings: Findings,
    pub(super) verdict: Verdict,
    pub(super) decision: Decision,
}

impl Case<'_> {
    /// The destination, byte for byte as it was signed.
    pub(super) fn location(self) -> String {
        self.link.destination.into_string()
    }

    /// Since when the destination is being looked at, where the decision waits for that.
    pub(super) fn looking(&self) -> Option<Timestamp> {
        self.findings.under_way().filter(|_| policy::waits(&self.decision))
    }

    /// What a person who is stopped for good is told.
    pub(super) fn block(&self) -> Barrier {
        match self.verdict.decisive().map(|signal| &signal.source) {
            Some(Source::Revocation(revocation)) => match revocation.charge {
                Charge::MessageConvicted => Barrier::MessageConvicted,
                Charge::LinkWithdrawn => Barrier::LinkWithdrawn,
            },
            _ if self.decision.outcome == Outcome::BlockedByAdmin => Barrier::BlockedByAdmin,
            _ => Barrier::Block,
        }
    }

    /// The page of a click that stops here.
    pub(super) fn stop(self, suffixes: &Suffixes, reference: ClickId, barrier: Barrier, ways: Ways) -> Page {
        Page::Stop(Box::new(Stop {
            barrier,
            reference,
            house: self.tenant.house.clone(),
            ways,
            destination: Destination::of(&self.link.destination, suffixes),
            tier: self.verdict.tier,
            threat: self.verdict.threat,
            reasons: Reason::of(&self.verdict),
        }))
    }

    /// The page that shows where the link goes, with the link itself where a click on it could lead on.
    pub(super) fn preview(self, suffixes: &Suffixes, spot: Spot<'_>, reference: Option<ClickId>) -> Page {
        let would = match self.decision.action {
            Action::Redirect => Would::Redirect,
            Action::Notice => Would::Notice,
            Action::Warn | Action::WarnWithReason => Would::Warn,
            Action::Block => match self.block() {
                Barrier::MessageConvicted => Would::MessageConvicted,
                Barrier::LinkWithdrawn => Would::LinkWithdrawn,
                Barrier::BlockedByAdmin => Would::BlockedByAdmin,
                _ => Would::Block,
            },
        };
        let own = own_path(spot.path()).and_then(|path| std::str::from_utf8(path).ok());
        let link = own.filter(|_| self.decision.action != Action::Block);
        Page::Preview(Box::new(Preview {
            reference,
            house: self.tenant.house.clone(),
            destination: Destination::of(&self.link.destination, suffixes),
            would,
            reasons: Reason::of(&self.verdict),
            link: link.map(|link| format!("{}{link}", spot.prefix())),
        }))
    }

    /// `event` with everything that was proven and decided.
    pub(super) fn told<'e>(
        &'e self,
        event: ClickEvent<Cow<'e, str>>,
        outcome: Outcome,
        suffixes: &Suffixes,
    ) -> ClickEvent<Cow<'e, str>> {
        let (destination, facts) = (&self.link.destination, &self.link.facts);
        let host = destination.host_str();
        ClickEvent {
            tenant: Some(facts.tenant),
            outcome,
            tier: Some(self.verdict.tier),
            threat: self.verdict.threat,
            signals: self.verdict.signals.clone(),
            decisive: self.verdict.decisive,
            policy: Some(Cow::Borrowed(&self.decision.policy)),
            why: Some(match outcome {
                Outcome::Pending => format!("{} It is still being looked at.", self.decision.why).into(),
                Outcome::PendingBypassed => {
                    format!("{} The person went on before it was looked at.", self.decision.why).into()
                }
                _ => Cow::Borrowed(&*self.decision.why),
            }),
            url: Some(destination.as_str().into()),
            host: Some(host.into()),
            domain: Some(suffixes.registrable_domain(host).unwrap_or(host).into()),
            chain: self.chain.told(),
            asked: self.findings.told(),
            waited_micros: self.findings.waited_micros,
            message: Some(facts.message),
            recipient: Some(facts.recipient),
            link_issued: Some(facts.issued),
            ..event
        }
    }
}
