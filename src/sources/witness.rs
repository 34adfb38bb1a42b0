use super::Heard;
use crate::url::WebUrl;

/// Is told whenever a source that was asked objects, whether or not anybody still waited for it.
pub trait Witness: Send + Sync + 'static {
    /// A source objects. Must not wait: clicks may.
    fn turned(&self, turn: Turn);
}

/// What a source was just found to object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What it was asked about.
    pub url: WebUrl,
    /// What it said.
    pub heard: Heard,
}
