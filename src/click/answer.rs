use super::Page;
use crate::link::Link;

/// What a click comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// On to the destination.
    Redirect {
        /// The destination, byte for byte as it was signed.
        location: String,
    },
    /// A page of ours.
    Page(Page),
    /// A browser that fetches ahead is sent nowhere; it asks again when the person clicks.
    NotAhead,
    /// The link is proven, but under a compromised key: the wrap log has to say whether we minted it. Whoever can wait
    /// for that asks [`super::Checkpoint::ask_log`] and comes again with its [`super::Word`]; nothing is recorded yet.
    AskLog(Box<Link>),
}
