use super::{Override, Policy};
use crate::judge::{Action, Decision, EntryRef, Objection, Outcome, Signal, Source, Tier, Verdict};

/// What `policy` makes of `verdict`: every verdict gets a decision.
///
/// An admin's own entry, where it settled the verdict, is carried out as it stands: a block blocks and an allow
/// redirects under every policy, and a link that was taken back goes nowhere. An allow counts only for a clean verdict:
/// where something that ranks above admins' entries objects, the verdict is worse and the policy's table decides.
pub fn decide(policy: &Policy, verdict: &Verdict) -> Decision {
    let decisive = verdict.decisive();
    let (action, outcome) = match decisive.map(|signal| signal.objection) {
        Some(Objection::Revokes) => (Action::Block, Outcome::Revoked),
        Some(Objection::Blocks) => (Action::Block, Outcome::BlockedByAdmin),
        Some(Objection::Allows) if verdict.tier == Tier::Clean => (Action::Redirect, Outcome::AllowedByAdmin),
        _ => {
            let action = match (policy.actions.of(verdict.tier), policy.overrides) {
                (Action::Warn | Action::WarnWithReason, Override::Refused) => Action::Block,
                (action, _) => action,
            };
            (action, outcome(action, verdict.tier))
        }
    };
    let name = [&*policy.name, "@", &*policy.version].concat();
    let why = why(&name, verdict, decisive, outcome, action);
    Decision { action, outcome, policy: name, why }
}

/// The decision for a click that comes from outside of its tenant's networks: where it would have gone on, the person
/// sees first where to. A signed link carries our name, and whoever was sent it by a stranger should not lean on that.
pub fn from_outside(decision: Decision) -> Decision {
    if decision.action != Action::Redirect {
        return decision;
    }
    let why = format!("{} The click came from outside of the tenant's networks.", decision.why);
    Decision { action: Action::Notice, outcome: Outcome::Noticed, why, ..decision }
}

/// Whether this decision waits while the destination is still being looked at: only then is nothing known that stops or
/// warns, and nothing that lets through.
pub fn waits(decision: &Decision) -> bool {
    matches!(decision.outcome, Outcome::ErrorFailedOpen | Outcome::ErrorFailedClosed)
}

/// An `error_…` outcome wins over `noticed`, `warned` and `blocked`, which mean that a policy judged something.
fn outcome(action: Action, tier: Tier) -> Outcome {
    match (action, tier) {
        (Action::Block, Tier::Unknown) => Outcome::ErrorFailedClosed,
        (_, Tier::Unknown) => Outcome::ErrorFailedOpen,
        (Action::Redirect, _) => Outcome::Allowed,
        (Action::Notice, _) => Outcome::Noticed,
        (Action::Warn | Action::WarnWithReason, _) => Outcome::Warned,
        (Action::Block, _) => Outcome::Blocked,
    }
}

fn why(policy: &str, verdict: &Verdict, decisive: Option<&Signal>, outcome: Outcome, action: Action) -> String {
    match (outcome, decisive) {
        (Outcome::Revoked, Some(signal)) => format!("It was taken back: {}.", said_by(signal)),
        (Outcome::BlockedByAdmin, Some(signal)) => format!("An administrator blocks it: {}.", said_by(signal)),
        (Outcome::AllowedByAdmin, Some(signal)) => format!("An administrator allows it: {}.", said_by(signal)),
        (_, Some(signal)) => format!(
            "It is {}: {}. Policy {policy} {} what is {}.",
            verdict.tier,
            said_by(signal),
            does(action),
            verdict.tier
        ),
        // What is said of almost every click, and so without the machinery of formatting.
        (_, None) => {
            [nobody(verdict.tier), " Policy ", policy, " ", does(action), " what is ", verdict.tier.as_str(), "."]
                .concat()
        }
    }
}

/// What stands for the verdict where no signal settled it.
fn nobody(tier: Tier) -> &'static str {
    match tier {
        Tier::Clean => "No list and nothing about the address objects.",
        Tier::Unknown => "A source that has to be asked did not answer.",
        Tier::Suspicious => "It is held to be suspicious.",
        Tier::Malicious => "It is held to be malicious.",
    }
}

fn does(action: Action) -> &'static str {
    match action {
        Action::Redirect => "lets through",
        Action::Notice => "puts a notice before",
        Action::Warn => "warns of",
        Action::WarnWithReason => "warns of, and asks a reason for,",
        Action::Block => "blocks",
    }
}

/// The signal in words: the entry with its list, version and line, or the fact. No full stop at its end.
fn said_by(signal: &Signal) -> String {
    match &signal.source {
        Source::List(entry) | Source::Feed(entry) => said_by_entry(entry),
        Source::Asked { source, .. } => format!("{source} says that {}", signal.evidence.trim_end_matches('.')),
        Source::Revocation(_) | Source::Host { .. } => signal.evidence.trim_end_matches('.').to_owned(),
    }
}

fn said_by_entry(entry: &EntryRef) -> String {
    let EntryRef { list, version, line, entry, reason } = entry;
    let reason = reason.as_ref().map(|reason| format!(" (“{reason}”)")).unwrap_or_default();
    format!("entry `{entry}` in line {line} of list {list}, version {version}{reason}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{HostFact, Threat},
        policy::{Actions, Need, Needs},
    };
    use proptest::{prelude::*, sample::select};

    const TIERS: [Tier; 4] = [Tier::Clean, Tier::Unknown, Tier::Suspicious, Tier::Malicious];

    fn entry(objection: Objection) -> Signal {
        Signal {
            source: Source::List(EntryRef {
                list: "corp".to_owned(),
                version: "0123456789ab".to_owned(),
                line: 12,
                entry: "evil.example".to_owned(),
                reason: Some("INC-7".to_owned()),
            }),
            objection,
            evidence: "evil.example".to_owned(),
            learned: None,
            hop: 0,
        }
    }

    fn fact(tier: Tier) -> Signal {
        Signal {
            source: Source::Host { fact: HostFact::LiteralAddress },
            objection: Objection::Speaks(tier, Threat::None),
            evidence: "the host is a bare network address.".to_owned(),
            learned: None,
            hop: 0,
        }
    }

    fn verdict(tier: Tier, signal: Option<Signal>) -> Verdict {
        let decisive = signal.as_ref().map(|_| 0);
        Verdict { tier, threat: Threat::None, decisive, signals: signal.into_iter().collect() }
    }

    fn decided(policy: &Policy, tier: Tier, signal: Option<Signal>) -> (Action, Outcome, String) {
        let Decision { action, outcome, why, policy: by } = decide(policy, &verdict(tier, signal));
        assert_eq!(by, policy.to_string());
        (action, outcome, why)
    }

    #[test]
    fn an_admins_block_names_entry_list_version_line_and_reason() {
        let (action, outcome, why) = decided(&Policy::standard(), Tier::Malicious, Some(entry(Objection::Blocks)));
        assert_eq!((action, outcome), (Action::Block, Outcome::BlockedByAdmin));
        assert_eq!(
            why,
            "An administrator blocks it: entry `evil.example` in line 12 of list corp, version 0123456789ab (“INC-7”)."
        );
    }

    #[test]
    fn an_admins_allow_redirects_under_strict_too() {
        let (action, outcome, why) = decided(&Policy::strict(), Tier::Clean, Some(entry(Objection::Allows)));
        assert_eq!((action, outcome), (Action::Redirect, Outcome::AllowedByAdmin));
        assert!(why.starts_with("An administrator allows it: entry `evil.example` in line 12"), "{why}");
    }

    #[test]
    fn an_allow_cannot_soften_what_ranks_above_it() {
        let (action, outcome, _) = decided(&Policy::standard(), Tier::Malicious, Some(entry(Objection::Allows)));
        assert_eq!((action, outcome), (Action::Block, Outcome::Blocked));
    }

    #[test]
    fn a_fact_warns_and_says_which() {
        let (action, outcome, why) = decided(&Policy::standard(), Tier::Suspicious, Some(fact(Tier::Suspicious)));
        assert_eq!((action, outcome), (Action::Warn, Outcome::Warned));
        assert_eq!(
            why,
            "It is suspicious: the host is a bare network address. Policy standard@1 warns of what is suspicious."
        );
    }

    #[test]
    fn silence_is_said_as_it_is() {
        let clean = decided(&Policy::standard(), Tier::Clean, None);
        assert_eq!((clean.0, clean.1), (Action::Redirect, Outcome::Allowed));
        assert_eq!(
            clean.2,
            "No list and nothing about the address objects. Policy standard@1 lets through what is clean."
        );
        let open = decided(&Policy::standard(), Tier::Unknown, None);
        assert_eq!((open.0, open.1), (Action::Notice, Outcome::ErrorFailedOpen));
        let closed = decided(&Policy::strict(), Tier::Unknown, None);
        assert_eq!((closed.0, closed.1), (Action::Block, Outcome::ErrorFailedClosed));
        assert!(closed.2.starts_with("A source that has to be asked did not answer."), "{}", closed.2);
    }

    #[test]
    fn a_policy_may_choose_the_notice_itself() {
        let careful = Actions::new(Action::Notice, Action::Notice, Action::WarnWithReason, Action::Block).unwrap();
        let policy =
            Policy { name: "careful".to_owned(), version: "3".to_owned(), actions: careful, ..Policy::standard() };
        assert_eq!(decided(&policy, Tier::Clean, None).1, Outcome::Noticed);
        assert_eq!(decided(&policy, Tier::Suspicious, None).1, Outcome::Warned);
    }

    #[test]
    fn where_overriding_is_refused_a_warning_is_a_block() {
        let policy = Policy { overrides: Override::Refused, ..Policy::standard() };
        let (action, outcome, why) = decided(&policy, Tier::Suspicious, Some(fact(Tier::Suspicious)));
        assert_eq!((action, outcome), (Action::Block, Outcome::Blocked));
        assert!(why.ends_with("Policy standard@1 blocks what is suspicious."), "{why}");
        assert_eq!(decided(&policy, Tier::Unknown, None).0, Action::Notice);
    }

    #[test]
    fn what_silence_means_is_said_for_each_source() {
        let needs: Needs = serde_json::from_str(r#"{"by_source":{"slow":"optional"}}"#).unwrap();
        assert_eq!((needs.of("slow"), needs.of("other")), (Need::Optional, Need::Required));
    }

    fn any_action() -> impl Strategy<Value = Action> {
        select(vec![Action::Redirect, Action::Notice, Action::Warn, Action::WarnWithReason, Action::Block])
    }

    fn any_signal() -> impl Strategy<Value = Signal> {
        prop_oneof![
            select(vec![Objection::Blocks, Objection::Allows, Objection::Internal, Objection::NeverBlock])
                .prop_map(entry),
            select(TIERS.to_vec()).prop_map(fact),
        ]
    }

    proptest! {
        #[test]
        fn every_verdict_gets_a_decision_and_a_worse_tier_never_a_milder_one(
            mut actions in [any_action(), any_action(), any_action(), any_action()],
            signals in proptest::collection::vec(any_signal(), 0..4),
            // Beyond the signals too: an index out of range is a verdict without a decisive signal.
            decisive in proptest::option::of(0_usize..5),
        ) {
            actions.sort();
            let [clean, unknown, suspicious, malicious] = actions;
            let actions = Actions::new(clean, unknown, suspicious, malicious).unwrap();
            let policy = Policy { name: "any".to_owned(), version: "1".to_owned(), actions, ..Policy::standard() };
            let mut mildest = Action::Redirect;
            for tier in TIERS {
                let verdict = Verdict { tier, threat: Threat::None, decisive, signals: signals.clone() };
                let decision = decide(&policy, &verdict);
                prop_assert!(decision.action >= mildest, "{tier}: {:?} after {mildest:?}", decision.action);
                prop_assert!(decision.why.ends_with('.'));
                let failed = matches!(decision.outcome, Outcome::ErrorFailedOpen | Outcome::ErrorFailedClosed);
                prop_assert!(!failed || tier == Tier::Unknown);
                mildest = decision.action;
            }
        }
    }
}
