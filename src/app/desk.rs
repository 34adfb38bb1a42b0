use std::sync::Arc;

use serde::Serialize;

use super::{Made, Origin, RingError, open_ring};
use crate::{
    base::{TenantId, Timestamp},
    config::{Config, Tenant},
    judge::Authentication,
    link::MintError,
    message::{Limits, decode_words, split},
    policy::Preset,
    rewrite::{Done, Envelope, Policy, Refused, Report, ReportedLink, Rewriter, Rewritten},
    store::{Known, Store, StoreError, Wrap, WrapOutcome},
    url::{self, Suffixes},
};

/// How far the clock may be behind the last link that was made, in milliseconds: ten minutes. A link that says it was
/// made before its time is no lie that anybody gains by, but one that is sorted, kept and revoked by a wrong time.
const BEHIND_MAX: i64 = 10 * 60 * 1000;

/// Why a message did not go on. It must be kept and tried again; it must not go on as it came.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The keyring.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// No link can be made with it.
    #[error("no link can be signed: {0}")]
    Mint(#[from] MintError),
    /// The store. Nothing goes out that the wrap log does not hold.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The clock went back.
    #[error(
        "the clock of this machine is {minutes} minutes behind the last link that was made, so links would carry a \
         wrong time: set the clock"
    )]
    Clock {
        /// How far.
        minutes: i64,
    },
}

/// What the transport knows of a message.
#[derive(Debug, Clone, Copy, Default)]
pub struct Transport<'a> {
    /// The one recipient of this copy.
    pub recipient: Option<&'a str>,
    /// The sender of the envelope.
    pub sender: Option<&'a str>,
    /// What is known of who sent it.
    pub authentication: Option<&'a Authentication>,
}

/// Rewrites the messages of one tenant and writes down which link went into which.
pub struct Desk {
    rewriter: Rewriter,
    store: Store,
    suffixes: Arc<Suffixes>,
}

impl Desk {
    /// Opens keyring and store, in this order: see [`super::Station::open`].
    pub fn open(config: &Config, tenant: &Tenant, origin: Origin, now: Timestamp) -> Result<(Self, Made), DeskError> {
        let suffixes = Arc::new(Suffixes::builtin());
        let (rewriter, made) = rewriter(config, tenant, origin, now, &suffixes)?;
        let store = Store::open(&config.store)?;
        let behind = store.last_wrap()?.map_or(0, |last| last.millis_since(now));
        if behind > BEHIND_MAX {
            return Err(DeskError::Clock { minutes: behind / 60_000 });
        }
        Ok((Self { rewriter, store, suffixes }, made))
    }

    /// Signs the links of a message. When this returns, the wrap log on the disk holds each of them: only then may the
    /// message go on.
    pub fn rewrite(&self, raw: &[u8], transport: &Transport<'_>, now: Timestamp) -> Result<Rewritten, DeskError> {
        let envelope = Envelope { recipient: transport.recipient };
        let rewritten = self.rewriter.rewrite(raw, &envelope, now)?;
        let wraps = self.wraps(&rewritten.report, &subject(raw), transport, now);
        let known = transport.authentication.map(|authentication| {
            let (message, tenant) = (rewritten.report.message, self.rewriter.tenant());
            Known { time: now, tenant, message, authentication }
        });
        self.store.record_message(&wraps, known.as_ref())?;
        Ok(rewritten)
    }

    /// Puts the original links back where they are ours.
    pub fn restore(&self, raw: &[u8], now: Timestamp) -> Result<Vec<u8>, DeskError> {
        Ok(self.rewriter.restore(raw, now)?.message)
    }

    fn wraps(&self, report: &Report, subject: &Option<String>, transport: &Transport<'_>, now: Timestamp) -> Vec<Wrap> {
        let tenant = self.rewriter.tenant();
        report.links.iter().filter_map(|link| self.wrap(link, report, subject, transport, tenant, now)).collect()
    }

    /// None for what leads nowhere on the web and was left as it is: an address, a place in the message itself.
    fn wrap(
        &self,
        link: &ReportedLink,
        report: &Report,
        subject: &Option<String>,
        transport: &Transport<'_>,
        tenant: TenantId,
        now: Timestamp,
    ) -> Option<Wrap> {
        let text = link.destination.as_deref().unwrap_or(&link.original);
        let url = url::parse(text).ok();
        let (outcome, rule) = match &link.done {
            Done::Wrapped => (WrapOutcome::Wrapped, None),
            Done::AlreadyOurs => (WrapOutcome::AlreadyOurs, None),
            Done::Defanged { reason } => (WrapOutcome::Defanged, Some(word(reason))),
            Done::Left { .. } if url.is_none() => return None,
            Done::Left { rule } => (WrapOutcome::Left, Some(word(rule))),
            Done::Restored => return None,
        };
        let host = url.as_ref().map(|url| url.host_str().to_owned());
        Some(Wrap {
            time: now,
            tenant,
            message: report.message,
            recipient: report.recipient,
            recipient_address: transport.recipient.map(str::to_owned),
            message_id: report.message_id.clone(),
            sender: transport.sender.map(str::to_owned),
            subject: subject.clone(),
            part: link.part.clone(),
            place: link.place,
            outcome,
            rule,
            url: url.map_or_else(|| text.to_owned(), |url| url.as_str().to_owned()),
            domain: host.as_deref().and_then(|host| self.suffixes.registrable_domain(host)).map(str::to_owned),
            host,
            link_id: link.id,
        })
    }
}

/// What signs and restores the links of one tenant, without a store.
pub fn rewriter(
    config: &Config,
    tenant: &Tenant,
    origin: Origin,
    now: Timestamp,
    suffixes: &Arc<Suffixes>,
) -> Result<(Rewriter, Made), DeskError> {
    let (ring, made) = open_ring(config, origin, now)?;
    let minter = ring.minter(tenant.id, now)?;
    // Tenants that share a host meet each other's links in their mail; those of other hosts are strangers.
    let shares = |other: &&Tenant| {
        other.bases().any(|base| tenant.bases().any(|own| own.host_and_port() == base.host_and_port()))
    };
    let neighbours: Vec<TenantId> = config.tenants.iter().filter(shares).map(|other| other.id).collect();
    let policy = match tenant.policy.based_on {
        Preset::Strict => Policy::strict(),
        Preset::Standard => Policy::default(),
    };
    let rewriter = Rewriter::new(minter, ring.opener(&neighbours), tenant.base.clone(), Arc::clone(suffixes), policy)
        .with_tenants(neighbours.into_iter().filter(|id| *id != tenant.id))
        .with_retired(tenant.retired.iter().cloned());
    Ok((rewriter, made))
}

/// The subject of a message as a person reads it.
fn subject(raw: &[u8]) -> Option<String> {
    // The header of the message alone is wanted: nothing has to be split for it.
    let header = Limits { depth: 0, parts: 1, ..Limits::default() };
    let subject = decode_words(split(raw, &header).header_value(raw, "subject")?);
    Some(subject.trim().to_owned()).filter(|subject| !subject.is_empty())
}

/// The word that stands for a rule or a reason in reports.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
