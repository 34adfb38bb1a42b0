use super::Page;
use crate::{link::Link, sources::Questions};

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
    /// Sources have to be asked, and not all of their answers are kept. Whoever can wait asks
    /// [`super::Checkpoint::ask_sources`] and comes again with the findings; nothing is recorded yet.
    AskSources(Box<Questions>),
}
