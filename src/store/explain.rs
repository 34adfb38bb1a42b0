//! Why somebody saw what they saw, in words.

use std::fmt;

use serde::Serialize;

use super::Wrap;
use crate::{
    base::{ClickId, MessageHash, RecipientHash, TenantId, Timestamp},
    judge::{Actor, ClickEvent, EntryRef, Objection, Outcome, Signal, Source},
};

/// What is known of one reference: for a person through `Display`, for a program through serde.
///
/// URLs and addresses are shown as they are given, masked or whole; what came from outside is shown without control
/// characters, so that it cannot play tricks on a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The reference.
    pub click_id: ClickId,
    /// Where the link goes; none where it was damaged.
    pub url: Option<String>,
    /// For whom it was minted, where it could be proven.
    pub minted_for: Option<MintedFor>,
    /// What happened, oldest first.
    pub steps: Vec<ClickEvent>,
    /// All of it in plain sentences.
    pub lines: Vec<String>,
}

/// For whom a link was minted, and what the wrap log knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MintedFor {
    /// Whose policy applied.
    pub tenant: Option<TenantId>,
    /// The message.
    pub message: MessageHash,
    /// Its recipient.
    pub recipient: Option<RecipientHash>,
    /// When the link was minted.
    pub issued: Option<Timestamp>,
    /// What the wrap log holds of this URL in this message for this recipient.
    pub wraps: Vec<Wrap>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Explains the events of one reference ([`super::Store::click`]) with the wraps of its message
/// ([`super::Store::wraps_of`]), both read with the same [`super::Reveal`]. None where there is no event.
pub fn explain(events: &[ClickEvent], wraps: &[Wrap]) -> Option<Explanation> {
    let mut steps = events.to_vec();
    steps.sort_by_key(|event| (event.time, event.event_id));
    let first = steps.first()?;
    let (click_id, url) = (first.click_id, first.url.clone());
    let minted_for = minted_for(first, wraps);
    let mut lines = vec![format!("Reference {click_id}")];
    lines.extend(about_link(first));
    if let Some(minted_for) = &minted_for {
        lines.extend(about_message(minted_for));
    }
    steps.iter().for_each(|step| about_step(step, &mut lines));
    Some(Explanation { click_id, url, minted_for, steps, lines })
}

fn minted_for(event: &ClickEvent, wraps: &[Wrap]) -> Option<MintedFor> {
    let ours = |wrap: &&Wrap| {
        Some(wrap.message) == event.message
            && Some(wrap.recipient) == event.recipient
            && Some(wrap.tenant) == event.tenant
            && Some(&wrap.url) == event.url.as_ref()
    };
    Some(MintedFor {
        tenant: event.tenant,
        message: event.message?,
        recipient: event.recipient,
        issued: event.link_issued,
        wraps: wraps.iter().filter(ours).cloned().collect(),
    })
}

fn about_link(event: &ClickEvent) -> Vec<String> {
    let Some(url) = &event.url else {
        return vec!["The link was damaged or made up: where it was to go, and for whom, cannot be told.".to_owned()];
    };
    let mut lines = vec![format!("The link goes to {}", printable(url))];
    let host = event.host.as_deref().map(printable);
    match (host, event.domain.as_deref().map(printable)) {
        (Some(host), Some(domain)) => lines.push(format!("  host {host}, domain {domain}")),
        (Some(host), None) => lines.push(format!("  host {host}")),
        (None, _) => {}
    }
    lines
}

fn about_message(minted_for: &MintedFor) -> Vec<String> {
    let recipient = match minted_for.recipient {
        Some(RecipientHash::SHARED) => "all recipients of the message alike".to_owned(),
        Some(recipient) => format!("recipient {recipient}"),
        None => "an unknown recipient".to_owned(),
    };
    let tenant = minted_for.tenant.map(|tenant| format!(", tenant {tenant}")).unwrap_or_default();
    let issued = minted_for.issued.map(|time| format!(" at {}", moment(time))).unwrap_or_default();
    let mut lines = vec![format!("It was minted{issued} for message {}, {recipient}{tenant}.", minted_for.message)];
    if minted_for.wraps.is_empty() {
        lines.push("  The wrap log of this store does not hold it.".to_owned());
    }
    lines.extend(minted_for.wraps.iter().map(about_wrap));
    lines
}

fn about_wrap(wrap: &Wrap) -> String {
    let mut line = format!("  Wrap log: {} in part {} ({})", wrap.outcome, printable(&wrap.part), wrap.place);
    for (what, value) in [
        (" of message ", &wrap.message_id),
        (", from ", &wrap.sender),
        (", to ", &wrap.recipient_address),
        (", subject ", &wrap.subject),
    ] {
        if let Some(value) = value {
            line.push_str(what);
            line.push_str(&printable(value));
        }
    }
    line + &format!(", rewritten at {}.", moment(wrap.time))
}

fn about_step(event: &ClickEvent, lines: &mut Vec<String>) {
    lines.push(format!("{}  {}: {}", moment(event.time), event.outcome, happened(event.outcome)));
    if let Some(why) = &event.why {
        lines.push(format!("  {}", printable(why)));
    }
    if let Some(tier) = event.tier {
        let policy = event.policy.as_deref().map(|policy| format!(" under policy {}", printable(policy)));
        let policy = policy.unwrap_or_default();
        lines.push(format!("  Verdict {tier}, threat {}, decided{policy}.", event.threat));
    }
    let settled = event.decisive.filter(|at| *at < event.signals.len());
    for (at, signal) in event.signals.iter().enumerate() {
        let role = if Some(at) == settled { "Settled by" } else { "Also said:" };
        lines.push(format!("  {role} {}", about_signal(signal)));
    }
    if event.tier.is_some() && event.signals.is_empty() {
        lines.push("  No list has an entry for it and nothing about the address stands out.".to_owned());
    }
    lines.push(format!("  {}", about_client(event)));
}

fn about_signal(signal: &Signal) -> String {
    let amounts_to = match signal.objection {
        Objection::Blocks => "blocks it".to_owned(),
        Objection::Allows => "allows it".to_owned(),
        Objection::Internal => "says that the host is the organisation's own".to_owned(),
        Objection::NeverBlock => "says that the host is never blocked as a whole".to_owned(),
        Objection::Speaks(tier, _) => format!("speaks for {tier}"),
    };
    let learned = signal.learned.map(|time| format!(" Learned {}.", moment(time))).unwrap_or_default();
    match &signal.source {
        Source::List(EntryRef { list, version, line, entry, reason }) => {
            let reason = reason.as_deref().map(|reason| format!(" (“{}”)", printable(reason))).unwrap_or_default();
            let (list, entry) = (printable(list), printable(entry));
            format!("entry `{entry}` in line {line} of list {list}, version {version}{reason}: {amounts_to}.{learned}")
        }
        Source::Host { fact } => format!("{fact}: {}; it {amounts_to}.{learned}", printable(&signal.evidence)),
    }
}

fn about_client(event: &ClickEvent) -> String {
    let who = match event.actor {
        Actor::Human => "Clicked by a person",
        Actor::Prefetch => "Fetched ahead by a browser",
        Actor::Scanner => "Fetched by a scanner or previewer",
        Actor::Unknown => "Asked for by somebody unknown",
    };
    let from = event.client.as_deref().map(|client| format!(" from {}", printable(client))).unwrap_or_default();
    let agent = event.user_agent.as_deref().map(|agent| format!(" with “{}”", printable(agent))).unwrap_or_default();
    let age = event.link_issued.map(|issued| format!(", {} after the link was minted", age(event.time, issued)));
    let (age, micros) = (age.unwrap_or_default(), event.decision_micros);
    format!("{who}{from}{agent}{age}; decided in {micros} µs on node {}.", printable(&event.node))
}

fn happened(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "sent on to the destination",
        Outcome::AllowedByAdmin => "sent on to the destination, as an administrator allows",
        Outcome::Noticed => "shown a notice",
        Outcome::Warned => "shown a warning",
        Outcome::WarnedProceeded => "went on past the warning",
        Outcome::Blocked => "stopped",
        Outcome::BlockedByAdmin => "stopped, as an administrator wants",
        Outcome::BadSignature => "told that the link is damaged",
        Outcome::ErrorFailedOpen => "let on although a source did not answer",
        Outcome::ErrorFailedClosed => "stopped because a source did not answer",
    }
}

fn moment(time: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(time.millis()) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => format!("{} ms after 1970", time.millis()),
    }
}

/// In the largest unit that fits twice.
fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.millis_since(then).max(0) / 1000;
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Text from outside without what steers a terminal or turns the direction of writing (UAX 9).
fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
