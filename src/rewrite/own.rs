//! Links of ours that are in a message already.

use crate::{
    base::{TenantId, Timestamp},
    link::{LinkBase, Opener, is_whole},
    url::WebUrl,
};

/// What it takes to know a link of ours, at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    pub(crate) opener: Opener,
    /// The base that links are made under, then the retired ones.
    pub(crate) bases: Vec<LinkBase>,
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
    /// It is the whole URL, and the recipient's tenant minted it: there is nothing to do.
    pub(crate) stays: bool,
}

impl Own {
    /// The link that `url` is, if it is one and its tag proves it.
    pub(crate) fn open(&self, url: &WebUrl) -> Option<OwnLink> {
        let path = self.bases.iter().find_map(|base| base.strip_url(url))?;
        let link = self.opener.open(path.as_bytes(), &self.tenants, self.now).ok()?.into_inner();
        let stays = is_whole(path.as_bytes()) && link.facts.tenant == self.tenant;
        Some(OwnLink { destination: link.destination, stays })
    }
}
