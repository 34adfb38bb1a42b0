//! Somebody whose links are minted and opened.

use std::sync::Arc;

use sekisho::{
    base::{TenantId, Timestamp},
    link::{Keyring, LinkBase, Opener},
    rewrite::{Envelope, Policy, Rewriter, Rewritten},
    url::Suffixes,
};

/// A house with one tenant whose links live at `https://go.corp.example`, and a key of its own.
pub(crate) struct House {
    rewriter: Rewriter,
    opener: Opener,
    base: LinkBase,
}

/// The moment at which a house rewrites.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);

impl House {
    pub(crate) fn new() -> Self {
        let tenant = TenantId(1);
        let ring = Keyring::generate([7; 32], NOW.plus_millis(-3_600_000));
        let base = LinkBase::parse("https://go.corp.example").unwrap();
        let opener = ring.opener(&[tenant]);
        let suffixes = Arc::new(Suffixes::builtin());
        let minter = ring.minter(tenant, NOW).unwrap();
        let rewriter = Rewriter::new(minter, opener.clone(), base.clone(), suffixes, Policy::default());
        Self { rewriter, opener, base }
    }

    pub(crate) fn rewrite(&self, raw: &[u8]) -> Rewritten {
        self.rewriter.rewrite(raw, &Envelope { recipient: Some("you@corp.example") }, NOW).unwrap()
    }

    /// Whether a URL is a link of this house that opens.
    pub(crate) fn is_ours(&self, url: &str) -> bool {
        let Ok(url) = sekisho::url::parse(url) else { return false };
        let Some(path) = self.base.strip_url(&url) else { return false };
        self.opener.open(path.as_bytes(), &[TenantId(1)], NOW).is_ok()
    }
}
