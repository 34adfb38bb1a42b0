mod json;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Outcome, Signal, Threat, Tier, verdict::as_text};
use crate::base::{ClickId, EventId, MessageHash, RecipientHash, TenantId, Timestamp};

/// One click, or one step of it; what is stored, exported and explained.
///
/// A warning and the continue that follows are two events with one `click_id`. A damaged link has no tenant, no URL
/// and no message: what cannot be proven is not recorded as if it were.
///
/// `T` is its text: a `String`, or what is borrowed from a click that is just being recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClickEvent<T = String> {
    /// When.
    pub time: Timestamp,
    /// The only key for deduplication.
    pub event_id: EventId,
    /// The reference that the page shows.
    pub click_id: ClickId,
    /// Whose policy applied.
    pub tenant: Option<TenantId>,
    /// What came of it.
    pub outcome: Outcome,
    /// How bad.
    pub tier: Option<Tier>,
    /// Bad in which way.
    pub threat: Threat,
    /// Everything that was said about the URL.
    pub signals: Vec<Signal>,
    /// Index of the signal that settled it.
    pub decisive: Option<usize>,
    /// The policy that decided, as `name@version`.
    pub policy: Option<T>,
    /// Which rule of it applied.
    pub why: Option<T>,
    /// The destination, whole; masked when read or exported.
    pub url: Option<T>,
    /// Its host (A-labels).
    pub host: Option<T>,
    /// Its registrable domain.
    pub domain: Option<T>,
    /// The URLs inside it that were looked up beside it, outer before inner.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub chain: Vec<InnerUrl>,
    /// What the sources said that have to be asked.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub asked: Vec<Asked>,
    /// Microseconds that were spent waiting for them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waited_micros: Option<u64>,
    /// The message the link was minted for.
    pub message: Option<MessageHash>,
    /// The recipient the link was minted for.
    pub recipient: Option<RecipientHash>,
    /// When the link was minted.
    pub link_issued: Option<Timestamp>,
    /// Address of the client, as far as the policy keeps it.
    pub client: Option<T>,
    /// The client's User-Agent, capped at 512 bytes.
    pub user_agent: Option<T>,
    /// Who clicked, as far as can be told.
    pub actor: Actor,
    /// Microseconds from the whole request to the decision.
    pub decision_micros: u64,
    /// The node that answered.
    pub node: T,
}

/// A URL inside the destination, or one to which a visitor of it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InnerUrl {
    /// The URL; masked when read or exported.
    pub url: String,
    /// Which URL holds it: 0 is the destination, 1 the first of the chain.
    pub inside: usize,
    /// Whose format it stood there in, or who was sent there.
    pub by: String,
}

/// What came of asking one source about one URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The source.
    pub source: String,
    /// Which URL: 0 is the destination, 1 the first of the chain.
    #[serde(skip_serializing_if = "is_outermost", default)]
    pub hop: usize,
    /// What it said.
    pub said: Said,
    /// Where the answer came from.
    pub from: Freshness,
    /// When the source learned it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub learned: Option<Timestamp>,
    /// Why it said nothing, or did not look.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

fn is_outermost(hop: &usize) -> bool {
    *hop == 0
}

/// The three answers that a source can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It knows of nothing.
    Clear,
    /// It objects.
    Objects,
    /// Nothing: it was not reached, failed, or took too long.
    Silent,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// The source was asked for this click.
    Asked,
    /// It was kept from an earlier click.
    Kept,
    /// It was kept beyond its time, because the source fails.
    Stale,
}

/// Who clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person's browser, as far as can be told.
    Human,
    /// A browser that fetches ahead (`Sec-Purpose: prefetch`).
    Prefetch,
    /// A previewer or scanner that names itself.
    Scanner,
    /// None of these can be told.
    Unknown,
}

as_text! {
    Said { Clear "clear", Objects "objects", Silent "silent" }
    Freshness { Asked "asked", Kept "kept", Stale "stale" }
    Actor { Human "human", Prefetch "prefetch", Scanner "scanner", Unknown "unknown" }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*, sample::select};

    use super::*;
    use crate::judge::{HostFact, Objection, Source};

    fn text() -> impl Strategy<Value = Option<String>> {
        option::of(prop_oneof!["[ -~]{0,40}", ".{0,20}", Just("\u{7f}\t\"\\\u{0}é".to_owned())])
    }

    fn signal() -> Signal {
        let (source, objection) = (Source::Host { fact: HostFact::OddPort }, Objection::Allows);
        Signal { source, objection, evidence: "\"x\"".to_owned(), learned: None, hop: 0 }
    }

    prop_compose! {
        fn event()(
            texts in proptest::array::uniform9(text()),
            (time, micros, waited) in any::<(i64, u64, Option<u64>)>(),
            (event, click, hash) in any::<([u8; 16], [u8; 10], Option<[u8; 8]>)>(),
            (tenant, decisive) in any::<(Option<u16>, Option<usize>)>(),
            outcome in select(Outcome::ALL),
            tier in option::of(select(Tier::ALL)),
            threat in select(Threat::ALL),
            actor in select(Actor::ALL),
            (signals, chain, asked) in (0_usize..3, 0_usize..3, 0_usize..3),
        ) -> ClickEvent {
            let [policy, why, url, host, domain, client, user_agent, node, by] = texts;
            let by = by.unwrap_or_default();
            let inner = InnerUrl { url: by.clone(), inside: 1, by: by.clone() };
            let one = Asked {
                source: by,
                hop: 1,
                said: Said::Silent,
                from: Freshness::Kept,
                learned: Some(Timestamp::from_millis(time)),
                why: None,
            };
            ClickEvent {
                time: Timestamp::from_millis(time),
                event_id: EventId(event),
                click_id: ClickId(click),
                tenant: tenant.map(TenantId),
                outcome,
                tier,
                threat,
                signals: vec![signal(); signals],
                decisive,
                policy,
                why,
                url,
                host,
                domain,
                chain: vec![inner; chain],
                asked: vec![one; asked],
                waited_micros: waited,
                message: hash.map(MessageHash),
                recipient: hash.map(RecipientHash),
                link_issued: waited.map(|_| Timestamp::from_millis(time)),
                client,
                user_agent,
                actor,
                decision_micros: micros,
                node: node.unwrap_or_default(),
            }
        }
    }

    proptest! {
        #[test]
        fn an_event_is_written_as_serde_writes_it(event in event()) {
            let mut written = b"before".to_vec();
            event.write_json(&mut written).unwrap();
            let wanted = ["before".to_owned(), serde_json::to_string(&event).unwrap()].concat();
            prop_assert_eq!(String::from_utf8(written).unwrap(), wanted);
        }
    }
}
