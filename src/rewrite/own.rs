//! Links of ours that are in a message already.

use crate::{
    base::{TenantId, Timestamp},
    link::{Link, LinkBase, LinkId, Opener, is_whole, own_path},
    url::WebUrl,
};

/// What it takes to know a link of ours, at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    pub(crate) opener: Opener,
    /// The base that links are made under, then the retired ones.
    pub(crate) bases: Vec<LinkBase>,
    /// The bases as they are written.
    pub(crate) spelled: Vec<String>,
    /// Whose links live there.
    pub(crate) tenants: Vec<TenantId>,
    /// The recipient's.
    pub(crate) tenant: TenantId,
    pub(crate) now: Timestamp,
}

/// A proven link of ours.
#[derive(Debug)]
pub(crate) struct OwnLink {
    pub(crate) destination: WebUrl,
    pub(crate) id: LinkId,
    /// It is the whole URL, and the recipient's tenant minted it: there is nothing to do.
    pub(crate) stays: bool,
}

impl Own {
    /// The link that `url` is, if it is one and its tag proves it.
    pub(crate) fn open(&self, url: &WebUrl) -> Option<OwnLink> {
        let path = self.bases.iter().find_map(|base| base.strip_url(url))?;
        let link = self.prove(path.as_bytes())?;
        let stays = is_whole(path.as_bytes()) && link.facts.tenant == self.tenant;
        Some(OwnLink { destination: link.destination, id: link.id, stays })
    }

    /// The length of the proven link that `text` begins with.
    pub(crate) fn length(&self, text: &str) -> Option<usize> {
        self.spelled.iter().find_map(|base| {
            let path = own_path(text.strip_prefix(base.as_str())?.as_bytes())?;
            self.prove(path).map(|_| base.len() + path.len())
        })
    }

    fn prove(&self, path: &[u8]) -> Option<Link> {
        self.opener.open(path, &self.tenants, self.now).ok().map(|link| link.into_inner())
    }
}
