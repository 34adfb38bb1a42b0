use std::{hash::Hash, sync::Arc};

use foldhash::{HashMap, HashSet};

use crate::{
    base::{MessageHash, TenantId, Timestamp},
    link::{KeyId, Link, LinkId},
    store::{Revocation, RevocationStamp, Revoked},
};

/// Everything in force at one moment, found by what a link says of itself. It never changes.
#[derive(Debug, Default)]
pub struct Rulings {
    pub(super) stamp: RevocationStamp,
    revocations: Vec<Arc<Revocation>>,
    by_link: Index<LinkId>,
    by_message: Index<MessageHash>,
    /// Links found in a message that was convicted: they were minted for another, and at another time.
    found: Index<LinkId>,
    by_key: Index<KeyId>,
    by_tenant: Index<TenantId>,
    /// Those that name a time alone.
    by_time: Vec<usize>,
    notices: HashSet<MessageHash>,
}

/// Positions in the list of revocations.
type Index<K> = HashMap<K, Vec<usize>>;

impl Rulings {
    /// What `revoked` says, ready to be asked.
    pub fn of(revoked: Revoked) -> Self {
        let Revoked { stamp, revocations, messages, links, notices } = revoked.in_order();
        let mut rulings = Self { stamp, notices: notices.into_iter().collect(), ..Self::default() };
        let places: HashMap<i64, usize> = revocations.iter().enumerate().map(|(at, one)| (one.id, at)).collect();
        for (id, message) in messages {
            places.get(&id).iter().for_each(|at| put(&mut rulings.by_message, message, **at));
        }
        for (id, link) in links {
            places.get(&id).iter().for_each(|at| put(&mut rulings.found, link, **at));
        }
        for (at, revocation) in revocations.iter().enumerate() {
            let scope = &revocation.scope;
            match (scope.link, scope.key, scope.tenant) {
                (Some(link), ..) => put(&mut rulings.by_link, link, at),
                // Found by the messages that they mean.
                _ if scope.message.is_some() || scope.sender.is_some() => {}
                (None, Some(key), _) => put(&mut rulings.by_key, key, at),
                (None, None, Some(tenant)) => put(&mut rulings.by_tenant, tenant, at),
                (None, None, None) => rulings.by_time.push(at),
            }
        }
        rulings.revocations = revocations.into_iter().map(Arc::new).collect();
        rulings
    }

    /// The revocation that `link` meets at `now`: one that convicts its message before any other, and the oldest first.
    pub fn revocation(&self, link: &Link, now: Timestamp) -> Option<&Arc<Revocation>> {
        let facts = &link.facts;
        let minted = [
            at(&self.by_link, &link.id),
            at(&self.by_message, &facts.message),
            at(&self.by_key, &link.key),
            at(&self.by_tenant, &facts.tenant),
            self.by_time.as_slice(),
        ];
        let minted =
            minted.into_iter().flatten().filter(|at| self.get(**at).is_some_and(|one| minted_under(one, link)));
        let found =
            at(&self.found, &link.id).iter().filter(|at| self.get(**at).is_some_and(|one| signed_under(one, link)));
        let first = minted.chain(found).filter(|at| self.get(**at).is_some_and(|one| one.is_in_force(now))).min()?;
        self.get(*first)
    }

    /// Whether a message went to many on purpose, so that nothing is unusual about its links being opened.
    pub fn is_notice(&self, message: MessageHash) -> bool {
        self.notices.contains(&message)
    }

    /// How many revocations are held.
    pub fn len(&self) -> usize {
        self.revocations.len()
    }

    /// Whether nothing was taken back.
    pub fn is_empty(&self) -> bool {
        self.revocations.is_empty()
    }

    /// How many messages are convicted.
    pub fn messages(&self) -> usize {
        self.by_message.len()
    }

    fn get(&self, at: usize) -> Option<&Arc<Revocation>> {
        self.revocations.get(at)
    }
}

fn put<K: Eq + Hash>(index: &mut Index<K>, key: K, at: usize) {
    index.entry(key).or_default().push(at);
}

fn at<'a, K: Eq + Hash>(index: &'a Index<K>, key: &K) -> &'a [usize] {
    index.get(key).map_or(&[], Vec::as_slice)
}

/// Whether everything else is true that the revocation names. The message is, where it names one: it was found by that.
fn minted_under(revocation: &Revocation, link: &Link) -> bool {
    let (scope, facts) = (&revocation.scope, &link.facts);
    signed_under(revocation, link)
        && scope.link.is_none_or(|id| id == link.id)
        && scope.message.is_none_or(|message| message == facts.message)
        && scope.tenant.is_none_or(|tenant| tenant == facts.tenant)
        && scope.issued_from.is_none_or(|from| facts.issued >= from)
        && scope.issued_until.is_none_or(|until| facts.issued < until)
}

fn signed_under(revocation: &Revocation, link: &Link) -> bool {
    revocation.scope.key.is_none_or(|key| key == link.key)
}
