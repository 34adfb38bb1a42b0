//! Events and wraps for the tests of the store.

use super::{Wrap, WrapOutcome};
use crate::{
    base::{ClickId, EventId, MessageHash, RecipientHash, TenantId, Timestamp},
    judge::{Actor, ClickEvent, Outcome, Threat, Tier},
    link::{LinkId, Place},
};

/// 2026-11-24T04:00:00Z.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);

/// A clean click, `number` milliseconds after [`NOW`]; each number is an event and a click of its own.
pub(super) fn event(number: u64) -> ClickEvent {
    let time = NOW.plus_millis(number as i64);
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    ClickEvent {
        time,
        event_id: EventId::new(time, [a, b, c, d, e, f, g, h, 0, 0]),
        click_id: ClickId::new(time, [e, f, g, h]),
        tenant: Some(TenantId(1)),
        outcome: Outcome::Allowed,
        tier: Some(Tier::Clean),
        threat: Threat::None,
        signals: Vec::new(),
        decisive: None,
        policy: Some("standard@1".to_owned()),
        why: Some("No list and nothing about the address objects.".to_owned()),
        url: Some("https://www.example.com/a?q=secret".to_owned()),
        host: Some("www.example.com".to_owned()),
        domain: Some("example.com".to_owned()),
        chain: Vec::new(),
        asked: Vec::new(),
        waited_micros: None,
        message: Some(MessageHash([1; 8])),
        recipient: Some(RecipientHash([2; 8])),
        link_issued: Some(NOW.plus_millis(-3_600_000)),
        client: Some("203.0.113.9".to_owned()),
        user_agent: Some("Browser/1".to_owned()),
        actor: Actor::Human,
        decision_micros: 42,
        node: "a".to_owned(),
    }
}

/// A link to the URL of [`event`], minted for its message and recipient.
pub(super) fn wrap() -> Wrap {
    Wrap {
        time: NOW.plus_millis(-3_600_000),
        tenant: TenantId(1),
        message: MessageHash([1; 8]),
        recipient: RecipientHash([2; 8]),
        recipient_address: Some("bob@corp.example".to_owned()),
        message_id: Some("<1@mail.example>".to_owned()),
        sender: Some("shop@mail.example".to_owned()),
        subject: Some("Sale".to_owned()),
        part: "1.2".to_owned(),
        place: Place::Html,
        outcome: WrapOutcome::Wrapped,
        rule: None,
        url: "https://www.example.com/a?q=secret".to_owned(),
        host: Some("www.example.com".to_owned()),
        domain: Some("example.com".to_owned()),
        link_id: Some(LinkId([7; 16])),
    }
}
