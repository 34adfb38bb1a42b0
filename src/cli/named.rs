use super::{Exit, Failure, args::PlaceArguments};
use crate::{
    app::{SystemClock, read_ring},
    base::{ClickId, Clock, MessageHash, TenantId},
    config::Config,
    judge::ClickEvent,
    link::{self, KeyId, Link, LinkId},
    store::{Reveal, Scope, Store, WrapFilter, WrapOutcome},
    url,
};

/// What people name on the command line when they mean links that are out: a link, an id, the reference of a click, a
/// message. Nothing is taken for what it is not: a link has to be ours, a reference known.
pub(super) struct Named {
    config: Config,
    pub(super) store: Store,
}

impl Named {
    pub(super) fn open(place: &PlaceArguments) -> Result<Self, Failure> {
        let config = place.place().foresee(&place.overrides())?;
        let store = Store::open_existing(&config.store)?;
        Ok(Self { config, store })
    }

    /// The ids of the links that `text` names; never none.
    pub(super) fn links(&self, text: &str) -> Result<Vec<LinkId>, Failure> {
        if let Ok(id) = text.parse::<LinkId>() {
            return Ok(vec![id]);
        }
        if let Ok(reference) = text.parse::<ClickId>() {
            return self.clicked(reference);
        }
        Ok(vec![self.link(text)?.id])
    }

    /// The hashes of the messages that `text` names; never none.
    pub(super) fn messages(&self, text: &str) -> Result<Vec<MessageHash>, Failure> {
        if let Ok(hash) = text.parse::<MessageHash>() {
            return Ok(vec![hash]);
        }
        if let Ok(reference) = text.parse::<ClickId>() {
            return self.click(reference)?.message.map(|message| vec![message]).ok_or_else(|| damaged(reference));
        }
        if text.contains("://") {
            return Ok(vec![self.link(text)?.facts.message]);
        }
        self.sent(text)
    }

    /// The tenant with this id.
    pub(super) fn tenant(&self, id: u16) -> Result<TenantId, Failure> {
        let known = self.config.tenants.iter().any(|tenant| tenant.id == TenantId(id));
        known.then_some(TenantId(id)).ok_or_else(|| {
            let ids: Vec<String> = self.config.tenants.iter().map(|tenant| tenant.id.to_string()).collect();
            Failure::new(Exit::Usage, format_args!("there is no tenant {id}; the configuration has {}", ids.join(", ")))
        })
    }

    /// Fails unless the keyring has the key.
    pub(super) fn key(&self, id: KeyId) -> Result<(), Failure> {
        let ring = read_ring(self.config.keyring.path())?;
        let known = ring.keys().any(|key| key.id() == id);
        known.then_some(()).ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format_args!("the keyring has no key {id}; `sekisho keys list` shows those it has"),
            )
        })
    }

    /// `scope` within the time in which its key signed: the wrap log holds no keys.
    pub(super) fn in_time_of_key(&self, scope: Scope) -> Result<Scope, Failure> {
        let Some(id) = scope.key else { return Ok(scope) };
        let ring = read_ring(self.config.keyring.path())?;
        let Some(key) = ring.keys().find(|key| key.id() == id) else { return Ok(scope) };
        let until = match (scope.issued_until, key.until()) {
            (Some(asked), Some(signed)) => Some(asked.min(signed)),
            (asked, signed) => asked.or(signed),
        };
        let from = scope.issued_from.map_or(key.from(), |from| from.max(key.from()));
        // A window that no moment is in: nothing was signed in it.
        let issued_until = until.map(|until| until.max(from.plus_millis(60_000)));
        Ok(Scope { issued_from: Some(from), issued_until, ..scope })
    }

    /// The link that `text` is. A compromised key may have signed it: taking it back does no harm.
    fn link(&self, text: &str) -> Result<Link, Failure> {
        let wrong = |what| Failure::new(Exit::Data, format_args!("{text:?} is none of our links: {what}"));
        let url = url::parse(text.trim()).map_err(|error| wrong(error.to_string()))?;
        let ring = read_ring(self.config.keyring.path())?;
        let tenants: Vec<TenantId> = self.config.tenants.iter().map(|tenant| tenant.id).collect();
        let (opener, now) = (ring.opener(&tenants), SystemClock.now());
        let path = url.after_host().as_bytes();
        // A prefix or a preview may stand before it.
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).take(16);
        let mut opened = slashes
            .filter_map(|at| opener.open_with(path.get(at..).unwrap_or_default(), &tenants, now, &|_| true).ok());
        let link = opened.next().map(link::Verified::into_inner);
        link.ok_or_else(|| wrong("it is not complete, has been changed, or the keyring does not have its key".into()))
    }

    fn click(&self, reference: ClickId) -> Result<ClickEvent, Failure> {
        self.store.click(reference, Reveal::Whole)?.into_iter().next().ok_or_else(|| {
            let what = format!("no click with the reference {reference} is in the store; was it another node's?");
            Failure::new(Exit::NoInput, what)
        })
    }

    /// The links that this click may have been on: those of its message to its destination, for its recipient.
    fn clicked(&self, reference: ClickId) -> Result<Vec<LinkId>, Failure> {
        let event = self.click(reference)?;
        let message = event.message.ok_or_else(|| damaged(reference))?;
        let wraps = self.store.wraps_of(message, Reveal::Whole)?;
        let minted = wraps.into_iter().filter(|wrap| {
            wrap.outcome == WrapOutcome::Wrapped
                && Some(wrap.recipient) == event.recipient
                && Some(wrap.tenant) == event.tenant
                && Some(&wrap.url) == event.url.as_ref()
        });
        let mut links: Vec<LinkId> = minted.filter_map(|wrap| wrap.link_id).collect();
        links.sort_unstable();
        links.dedup();
        if links.is_empty() {
            let what = format!(
                "the wrap log does not hold the link of the click {reference}: give the link itself, or revoke its \
                 message {message}"
            );
            return Err(Failure::new(Exit::NoInput, what));
        }
        Ok(links)
    }

    /// The messages with this Message-ID; there may be several with one, and each has a hash of its own.
    fn sent(&self, message_id: &str) -> Result<Vec<MessageHash>, Failure> {
        let bare = message_id.trim().trim_start_matches('<').trim_end_matches('>');
        let mut hashes = Vec::new();
        for spelled in [format!("<{bare}>"), bare.to_owned()] {
            let filter = WrapFilter { message_id: Some(spelled), limit: 10_000, ..WrapFilter::default() };
            hashes.extend(self.store.wraps(&filter, Reveal::Masked)?.into_iter().map(|wrap| wrap.message));
        }
        hashes.sort_unstable();
        hashes.dedup();
        if hashes.is_empty() {
            let what = format!(
                "{message_id:?} is no message hash (16 hexadecimal digits), and the wrap log holds no message with it as \
                 Message-ID"
            );
            return Err(Failure::new(Exit::NoInput, what));
        }
        Ok(hashes)
    }
}

fn damaged(reference: ClickId) -> Failure {
    Failure::new(Exit::Data, format_args!("the click {reference} was on a damaged link: which one, cannot be told"))
}
