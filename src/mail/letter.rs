use std::net::IpAddr;

use sha2::{Digest, Sha256};

/// A message as the mail system hands it over, with what it knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letter {
    /// Header and body, every byte as it came.
    pub raw: Vec<u8>,
    /// Where it goes.
    pub way: Way,
    /// The sender of the envelope, without angle brackets; empty for a bounce.
    pub sender: String,
    /// The one recipient of this copy; `None` where several share it.
    pub recipient: Option<String>,
    /// Who brought it, where that is known.
    pub client: Option<IpAddr>,
    /// How the client called itself.
    pub helo: String,
    /// The mail system has it in its queue already and has written its field Received, the topmost one.
    pub taken: bool,
    /// Under which number the mail system keeps it, for the log; empty where it tells none.
    pub queue_id: String,
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Way {
    /// To our people: its links become signed ones.
    #[default]
    Inbound,
    /// From our people: links of ours become what they were.
    Outgoing,
}

impl Letter {
    /// Names the message among those that failed: the same bytes on the same way, whoever brings them again.
    pub fn imprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update([u8::from(self.way == Way::Outgoing)]);
        hash.update(self.recipient.as_deref().unwrap_or_default());
        hash.update([0]);
        hash.update(&self.raw);
        hash.finalize().into()
    }

    /// For the log: the queue number, or else that there is none.
    pub fn name(&self) -> &str {
        if self.queue_id.is_empty() { "(no queue id)" } else { &self.queue_id }
    }
}
