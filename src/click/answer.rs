use super::Page;

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
}
