use super::Letter;
use crate::judge::{Tier, Wish};

/// What is done with a message. It may take its time and block: it is called on a thread for that.
pub trait Examiner: Send + Sync + 'static {
    /// Looks at the whole message. What comes back goes on in its place.
    fn examine(&self, letter: &Letter) -> Result<Examined, Failed>;

    /// A message that goes on unexamined, without what only an examination may say.
    fn unexamined(&self, raw: &[u8]) -> Vec<u8> {
        raw.to_owned()
    }
}

/// A message that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// As it goes on.
    pub message: Vec<u8>,
    /// Fields to put before it, name and value, the uppermost first.
    pub top: Vec<(String, String)>,
    /// The worst that is known of a link in it.
    pub tier: Tier,
    /// Which link that is and who says so, for people; empty where nothing is known.
    pub why: String,
    /// What the owner of the domain in From asks for, because nothing proves that the message is his.
    pub asked: Option<Wish>,
}

/// Why a message was not examined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// Something of ours is out of order; any other message would fail as well.
    #[error("{0}")]
    Ours(String),
    /// This message cannot be dealt with.
    #[error("{0}")]
    Message(String),
}
