//! Why somebody saw what they saw, in words.

use std::fmt;

use serde::Serialize;

use super::Wrap;
use crate::{
    base::{ClickId, MessageHash, RecipientHash, TenantId, Timestamp},
    judge::{
        Actor, Asked, Authentication, ClickEvent, EntryRef, Flip, Freshness, InnerUrl, Objection, Outcome, Rejudged,
        Said, Signal, Source,
    },
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
    /// What turned since, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flips: Vec<Flip>,
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
    /// What was known of who sent the message, when it came.
    pub authentication: Option<Authentication>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Explains the events of one reference ([`super::Store::click`]) with the wraps of its message
/// ([`super::Store::wraps_of`]) and what turned since ([`super::Store::flips_of`]), all read with the same
/// [`super::Reveal`], and what is known of who sent it ([`super::Store::authentication`]). None where there is no event.
pub fn explain(
    events: &[ClickEvent],
    wraps: &[Wrap],
    authentication: Option<Authentication>,
    flips: &[Flip],
) -> Option<Explanation> {
    let mut steps = events.to_vec();
    steps.sort_by_key(|event| (event.time, event.event_id));
    let first = steps.first()?;
    let (click_id, url) = (first.click_id, first.url.clone());
    let minted_for = minted_for(first, wraps, authentication);
    let mut lines = vec![format!("Reference {click_id}")];
    lines.extend(about_link(first));
    if let Some(minted_for) = &minted_for {
        lines.extend(about_message(minted_for));
    }
    steps.iter().for_each(|step| about_step(step, &mut lines));
    flips.iter().for_each(|flip| about_flip(flip, click_id, &mut lines));
    Some(Explanation { click_id, url, minted_for, steps, flips: flips.to_vec(), lines })
}

fn minted_for(event: &ClickEvent, wraps: &[Wrap], authentication: Option<Authentication>) -> Option<MintedFor> {
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
        authentication,
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
    for (at, InnerUrl { url, inside, by }) in (1..).zip(&event.chain) {
        let inside = if *inside == 0 { "it".to_owned() } else { format!("[{inside}]") };
        lines.push(format!("  [{at}] inside {inside}, by {}: {}", printable(by), printable(url)));
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
    let sentences = minted_for.authentication.iter().flat_map(Authentication::sentences);
    lines.extend(sentences.map(|sentence| format!("  When it came: {}", printable(&sentence))));
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
    lines.extend(event.asked.iter().map(|asked| about_asked(asked, event.time)));
    if let Some(micros) = event.waited_micros {
        lines.push(format!("  Waited {micros} µs for those who had to be asked."));
    }
    if event.tier.is_some() && event.signals.is_empty() {
        lines.push("  No list has an entry for it and nothing about the address stands out.".to_owned());
    }
    lines.push(format!("  {}", about_client(event)));
}

fn about_flip(flip: &Flip, click: ClickId, lines: &mut Vec<String>) {
    for Rejudged { was, tier, policy, action, .. } in flip.clicks.iter().filter(|one| one.click_id == click) {
        let was = was.map(|was| format!(", and was {was} then")).unwrap_or_default();
        lines.push(format!("{}  judged again: {tier}, threat {}{was}", moment(flip.time), flip.threat));
        lines.push(format!("  {} is bad by {}", printable(&flip.url), about_signal(&flip.signal)));
        lines.push(format!("  Policy {} would answer it with {action} now.", printable(policy)));
    }
}

fn about_signal(signal: &Signal) -> String {
    let amounts_to = match signal.objection {
        Objection::Revokes => "takes the link back".to_owned(),
        Objection::Blocks => "blocks it".to_owned(),
        Objection::Allows => "allows it".to_owned(),
        Objection::Internal => "says that the host is the organisation's own".to_owned(),
        Objection::NeverBlock => "says that the host is never blocked as a whole".to_owned(),
        Objection::Speaks(tier, _) => format!("speaks for {tier}"),
    };
    let amounts_to = match signal.hop {
        0 => amounts_to,
        hop => format!("{amounts_to} (about [{hop}])"),
    };
    let learned = signal.learned.map(|time| format!(" Learned {}.", moment(time))).unwrap_or_default();
    match &signal.source {
        Source::List(entry) | Source::Feed(entry) => {
            let EntryRef { list, version, line, entry, reason } = entry;
            let reason = reason.as_deref().map(|reason| format!(" (“{}”)", printable(reason))).unwrap_or_default();
            let (list, entry) = (printable(list), printable(entry));
            format!("entry `{entry}` in line {line} of list {list}, version {version}{reason}: {amounts_to}.{learned}")
        }
        Source::Revocation(_) => format!("{}: {amounts_to}.{learned}", printable(&signal.evidence)),
        Source::Asked { source, .. } => {
            format!("{}: {}; it {amounts_to}.{learned}", printable(source), printable(&signal.evidence))
        }
        Source::Host { fact } => format!("{fact}: {}; it {amounts_to}.{learned}", printable(&signal.evidence)),
    }
}

fn about_asked(asked: &Asked, now: Timestamp) -> String {
    let about = if asked.hop == 0 { String::new() } else { format!(" about [{}]", asked.hop) };
    let said = match asked.said {
        Said::Clear => "knows of nothing",
        Said::Objects => "objects",
        Said::Silent => "did not answer",
    };
    let from = match asked.from {
        Freshness::Asked => "asked for this click",
        Freshness::Kept => "kept from an earlier click",
        Freshness::Stale => "kept beyond its time, because it fails",
    };
    let old = asked.learned.map(|learned| format!(", {} old", age(now, learned))).unwrap_or_default();
    let why = asked.why.as_deref().map(|why| format!(": {}", printable(why))).unwrap_or_default();
    format!("  Source {}{about} {said}{why} ({from}{old}).", printable(&asked.source))
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
        Outcome::RateLimited => "asked to wait, because the link was opened unusually often",
        Outcome::Pending => "shown that it is still being looked at",
        Outcome::PendingBypassed => "went on while it was being looked at",
        Outcome::Revoked => "told that the link was taken back",
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
pub fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{Check, HostFact, Method, Proof, Threat, Tier, Wish},
        store::sample::{NOW, event, wrap},
    };

    fn blocked() -> ClickEvent {
        let entry = EntryRef {
            list: "corp".to_owned(),
            version: "0123456789ab".to_owned(),
            line: 12,
            entry: "example.com".to_owned(),
            reason: Some("INC-7".to_owned()),
        };
        let block = Signal {
            source: Source::List(entry),
            objection: Objection::Blocks,
            evidence: "example.com".to_owned(),
            learned: Some(NOW.plus_millis(-60_000)),
            hop: 0,
        };
        let port = Signal {
            source: Source::Host { fact: HostFact::OddPort },
            objection: Objection::Speaks(Tier::Clean, Threat::None),
            evidence: "the link names port 8443, which is not the usual one".to_owned(),
            learned: None,
            hop: 0,
        };
        ClickEvent {
            outcome: Outcome::BlockedByAdmin,
            tier: Some(Tier::Malicious),
            threat: Threat::Policy,
            signals: vec![block, port],
            decisive: Some(0),
            why: Some("An administrator blocks it.".to_owned()),
            ..event(0)
        }
    }

    #[test]
    fn who_sent_it_is_told_in_sentences() {
        let from = vec![("header.from".to_owned(), "shop.example\u{202e}".to_owned())];
        let check = Check { method: Method::Dmarc, proof: Proof::Fail, about: from, reason: None };
        let known = Authentication { checks: vec![check], wish: Some(Wish::Reject), ..Authentication::default() };
        let told = explain(&[blocked()], &[wrap()], Some(known), &[]).unwrap().to_string();
        assert!(
            told.contains(
                "  When it came: Nothing proves that this message comes from the domain in From, shop.example\u{fffd}."
            ),
            "{told}"
        );
        assert!(!told.contains('\u{202e}'));
    }

    #[test]
    fn a_block_is_traced_to_its_line_policy_message_and_moment() {
        let explanation = explain(&[blocked()], &[wrap()], None, &[]).unwrap();
        let wanted = [
            format!("Reference {}", event(0).click_id),
            "The link goes to https://www.example.com/a?q=secret".to_owned(),
            "  host www.example.com, domain example.com".to_owned(),
            "It was minted at 2026-11-24 03:00:00 UTC for message 0101010101010101, recipient 0202020202020202, tenant 1."
                .to_owned(),
            "  Wrap log: wrapped in part 1.2 (html) of message <1@mail.example>, from shop@mail.example, to \
             bob@corp.example, subject Sale, rewritten at 2026-11-24 03:00:00 UTC."
                .to_owned(),
            "2026-11-24 04:00:00 UTC  blocked_by_admin: stopped, as an administrator wants".to_owned(),
            "  An administrator blocks it.".to_owned(),
            "  Verdict malicious, threat policy, decided under policy standard@1.".to_owned(),
            "  Settled by entry `example.com` in line 12 of list corp, version 0123456789ab (“INC-7”): blocks it. Learned \
             2026-11-24 03:59:00 UTC."
                .to_owned(),
            "  Also said: odd_port: the link names port 8443, which is not the usual one; it speaks for clean.".to_owned(),
            "  Clicked by a person from 203.0.113.9 with “Browser/1”, 60 minutes after the link was minted; decided in \
             42 µs on node a."
                .to_owned(),
        ];
        assert_eq!(explanation.lines, wanted);
        assert_eq!(explanation.to_string(), wanted.map(|line| line + "\n").concat());
        let json = serde_json::to_value(&explanation).unwrap();
        assert_eq!(json["steps"][0]["signals"][0]["source"]["line"], 12);
        assert_eq!(json["minted_for"]["wraps"][0]["link_id"], "07".repeat(16));
    }

    #[test]
    fn urls_inside_are_told_with_what_was_said_of_them() {
        let chain = vec![
            InnerUrl { url: "https://w.example/?u=x".to_owned(), inside: 0, by: "Sophos".to_owned() },
            InnerUrl { url: "https://evil.example/".to_owned(), inside: 1, by: "nested URL".to_owned() },
        ];
        let mut event = ClickEvent { chain, ..blocked() };
        event.signals[0].hop = 2;
        let text = explain(&[event], &[], None, &[]).unwrap().to_string();
        for line in [
            "  [1] inside it, by Sophos: https://w.example/?u=x\n",
            "  [2] inside [1], by nested URL: https://evil.example/\n",
            ": blocks it (about [2]). Learned",
        ] {
            assert!(text.contains(line), "no {line:?} in {text}");
        }
    }

    #[test]
    fn what_sources_said_is_told_with_its_age_and_the_time_it_took() {
        let asked = |said, from, learned: Option<i64>, why: Option<&str>| Asked {
            source: "dns".to_owned(),
            hop: 1,
            said,
            from,
            learned: learned.map(|ago| event(0).time.plus_millis(-ago)),
            why: why.map(str::to_owned),
        };
        let asked = vec![
            asked(Said::Clear, Freshness::Kept, Some(60_000), None),
            asked(Said::Silent, Freshness::Asked, None, Some("it took too long")),
        ];
        let text = explain(&[ClickEvent { asked, waited_micros: Some(300_000), ..blocked() }], &[], None, &[])
            .unwrap()
            .to_string();
        for line in [
            "  Source dns about [1] knows of nothing (kept from an earlier click, 60 seconds old).\n",
            "  Source dns about [1] did not answer: it took too long (asked for this click).\n",
            "  Waited 300000 µs for those who had to be asked.\n",
        ] {
            assert!(text.contains(line), "no {line:?} in {text}");
        }
    }

    #[test]
    fn the_steps_of_a_click_are_told_in_order() {
        let mut warned = event(0);
        warned.outcome = Outcome::Warned;
        let mut proceeded = event(5_000);
        (proceeded.outcome, proceeded.click_id) = (Outcome::WarnedProceeded, warned.click_id);
        let explanation = explain(&[proceeded, warned], &[], None, &[]).unwrap();
        let text = explanation.to_string();
        let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words:?} in {text}"));
        assert!(at("04:00:00 UTC  warned: shown a warning") < at("04:00:05 UTC  warned_proceeded: went on past"));
        at("The wrap log of this store does not hold it.");
        at("No list has an entry for it");
    }

    #[test]
    fn other_links_of_the_message_do_not_count() {
        let others = [
            Wrap { url: "https://other.example/".to_owned(), ..wrap() },
            Wrap { recipient: RecipientHash([9; 8]), ..wrap() },
            Wrap { message: MessageHash([9; 8]), ..wrap() },
            Wrap { tenant: TenantId(9), ..wrap() },
        ];
        assert_eq!(explain(&[event(0)], &others, None, &[]).unwrap().minted_for.unwrap().wraps, []);
    }

    #[test]
    fn a_damaged_link_claims_nothing() {
        let damaged = ClickEvent {
            outcome: Outcome::BadSignature,
            tenant: None,
            tier: None,
            policy: None,
            why: None,
            url: None,
            host: None,
            domain: None,
            message: None,
            recipient: None,
            link_issued: None,
            ..event(0)
        };
        let explanation = explain(&[damaged], &[wrap()], None, &[]).unwrap();
        assert_eq!(explanation.minted_for, None);
        let text = explanation.to_string();
        assert!(
            text.contains("damaged or made up") && !text.contains("Verdict") && !text.contains("No list"),
            "{text}"
        );
    }

    #[test]
    fn nothing_known_is_no_explanation() {
        assert_eq!(explain(&[], &[wrap()], None, &[]), None);
    }

    #[test]
    fn what_came_from_outside_cannot_steer_a_terminal() {
        let event = ClickEvent { user_agent: Some("\u{1b}[2J\r\n\u{202e}x".to_owned()), ..event(0) };
        let wrap = Wrap { subject: Some("a\u{9b}2J\nReference forged".to_owned()), ..wrap() };
        for line in explain(&[event], &[wrap], None, &[]).unwrap().lines {
            assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
        }
    }

    #[test]
    fn ages_are_told_in_a_unit_that_fits() {
        let age = |seconds: i64| age(NOW, NOW.plus_millis(-seconds * 1000));
        assert_eq!(age(119), "119 seconds");
        assert_eq!(age(120), "2 minutes");
        assert_eq!(age(7_200), "2 hours");
        assert_eq!(age(400 * 86_400), "400 days");
        assert_eq!(age(-5), "0 seconds");
    }
}
