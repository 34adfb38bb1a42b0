use std::{collections::HashSet, sync::Arc};

use super::{
    Desk, DeskError, ListsError, Made, Origin, SystemClock, Transport, feeds::feeds_folder, long_lists, own_hosts,
    rewriter, seed_lists,
};
use crate::{
    auth::{AuthError, Authenticator, Client, without_forged},
    base::{Clock as _, Timestamp},
    config::{Config, Tenant},
    feed::{FeedError, LiveLists, Settings},
    judge::{Authentication, Source, Tier, Verdict},
    link,
    list::ForTenant,
    mail::{Examined, Examiner, Failed, Letter, Way},
    rewrite::{Refused, Report, Rewriter},
    sources::Findings,
    url::{self, Suffixes, WebUrl},
    verdict::{self, Grounds},
};

/// Links of one message that are looked up, at most; the policy of the rewriter allows no more than this anyway.
const MOST: usize = 10_000;

/// Why mail cannot be dealt with.
#[derive(Debug, thiserror::Error)]
pub enum SorterError {
    /// Keyring, store or clock.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The folder of lists.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// What keeps the lists fresh.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// What looks at who sent a message.
    #[error(transparent)]
    Auth(#[from] AuthError),
}

/// Deals with the mail of one tenant: what comes in is rewritten and looked up in the lists as they stand, what goes out
/// is restored.
pub struct Sorter {
    desk: Desk,
    restorers: Vec<Rewriter>,
    lists: Arc<LiveLists>,
    tenant: Tenant,
    suffixes: Arc<Suffixes>,
    authenticator: Option<Authenticator>,
}

impl Sorter {
    /// Opens keyring, lists and store. `before` is who did the work until now: the lists that it watches are used on.
    pub fn open(
        config: &Config,
        tenant: &Tenant,
        origin: Origin,
        now: Timestamp,
        before: Option<&Self>,
    ) -> Result<(Self, Made), SorterError> {
        seed_lists(config)?;
        let (desk, made) = Desk::open(config, tenant, origin, now)?;
        let suffixes = Arc::new(Suffixes::builtin());
        // Links of every tenant are ours, and each tenant's rewriter knows its own.
        let restorers = config.tenants.iter().map(|tenant| rewriter(config, tenant, origin, now, &suffixes));
        let restorers = restorers.map(|made| made.map(|(rewriter, _)| rewriter)).collect::<Result<_, _>>()?;
        let folder = config.blocklists.path();
        let lists = match before.filter(|before| before.lists.folder() == folder) {
            Some(before) => Arc::clone(&before.lists),
            None => {
                let (own_hosts, long, feeds) = (own_hosts(config), long_lists(config), Some(feeds_folder(config)));
                let settings = Settings { suffixes: Arc::clone(&suffixes), own_hosts, long, feeds };
                LiveLists::start(folder.to_owned(), settings, Arc::new(SystemClock))?
            }
        };
        let authenticator = config.authentication.clone().map(Authenticator::open).transpose()?;
        Ok((Self { desk, restorers, lists, tenant: tenant.clone(), suffixes, authenticator }, made))
    }

    fn restored(&self, raw: &[u8], now: Timestamp) -> Result<Vec<u8>, Refused> {
        self.restorers.iter().try_fold(raw.to_owned(), |message, rewriter| Ok(rewriter.restore(&message, now)?.message))
    }

    /// The worst that the lists know of a link in the message, and of which.
    fn worst(&self, report: &Report, now: Timestamp) -> (Tier, String) {
        let found = report.links.iter().map(|link| link.destination.as_deref().unwrap_or(&link.original));
        let seen = found.chain(report.left_parts.iter().flat_map(|part| part.links.iter().map(String::as_str)));
        let urls: HashSet<&str> = seen.take(MOST).collect();
        let mut worst = (Tier::Clean, String::new());
        for url in urls.into_iter().filter_map(|text| self.destination(text)) {
            let verdict = self.verdict(&url, now);
            if verdict.tier > worst.0 && verdict.tier >= Tier::Suspicious {
                worst = (verdict.tier, told(&url, &verdict));
            }
        }
        worst
    }

    /// Of one of our links, where it leads.
    fn destination(&self, text: &str) -> Option<WebUrl> {
        let url = url::parse(text).ok()?;
        let ours = self.tenant.bases().any(|base| base.strip_url(&url).is_some());
        let link = if ours { link::decode(url.as_str().as_bytes()).ok() } else { None };
        Some(link.map_or(url, |link| link.destination))
    }

    fn verdict(&self, url: &WebUrl, now: Timestamp) -> Verdict {
        let Tenant { id, policy, names, .. } = &self.tenant;
        let lists = self.lists.snapshot();
        let index = ForTenant { index: &lists.index, tenant: *id, policy: &policy.name };
        let (findings, suffixes, needs) = (Findings::default(), &*self.suffixes, &policy.needs);
        let grounds = Grounds { index: &index, suffixes, names, findings: &findings, needs, now };
        verdict::judge(url, &link::chain(url), &grounds)
    }
}

impl Examiner for Sorter {
    fn examine(&self, letter: &Letter) -> Result<Examined, Failed> {
        let now = SystemClock.now();
        let refused = |refused: Refused| match refused {
            Refused::Mint(_) => Failed::Ours(refused.to_string()),
            _ => Failed::Message(refused.to_string()),
        };
        if letter.way == Way::Outgoing {
            let message = self.restored(&letter.raw, now).map_err(refused)?;
            return Ok(Examined { message, top: Vec::new(), tier: Tier::Clean, why: String::new(), asked: None });
        }
        let sender = Some(&*letter.sender).filter(|sender| !sender.is_empty());
        // On the bytes as they came, before anything is changed.
        let Letter { client: address, helo, sender: from, taken, .. } = letter;
        let client = Client { address: *address, helo, sender: from, taken: *taken };
        let seen = self.authenticator.as_ref().map(|by| (by, by.look(&letter.raw, &client)));
        let authentication = seen.as_ref().map(|(_, seen)| &seen.authentication);
        let transport = Transport { recipient: letter.recipient.as_deref(), sender, authentication };
        let rewritten = self.desk.rewrite(&letter.raw, &transport, now).map_err(|error| match error {
            DeskError::Refused(why) => refused(why),
            other => Failed::Ours(other.to_string()),
        })?;
        let (tier, why) = self.worst(&rewritten.report, now);
        let asked = authentication.and_then(Authentication::asked);
        let (message, top) = match &seen {
            Some((by, seen)) => by.speak(seen, rewritten.message, now),
            None => (rewritten.message, Vec::new()),
        };
        Ok(Examined { message, top, tier, why, asked })
    }

    fn unexamined(&self, raw: &[u8]) -> Vec<u8> {
        match &self.authenticator {
            Some(by) => without_forged(raw, &by.settings().name).into_owned(),
            None => raw.to_owned(),
        }
    }
}

/// The host, never the whole URL, which may hold a secret; and who says so.
fn told(url: &WebUrl, verdict: &Verdict) -> String {
    let by = match verdict.decisive().map(|signal| &signal.source) {
        Some(Source::List(entry)) => format!(" (list {}, line {})", entry.list, entry.line),
        Some(Source::Host { .. }) => {
            verdict.decisive().map_or_else(String::new, |signal| format!(" ({})", signal.evidence))
        }
        _ => String::new(),
    };
    format!("a link to {}{by}", url.host_str())
}
