//! The words every floor uses: spans and edits of bytes, ids, moments in time.
//!
//! Nothing here reads a clock, a file or a source of entropy; time and randomness come in as arguments.

mod edit;
mod id;
mod span;
mod time;

pub use edit::{Edit, Overlap, apply, apply_text};
pub use id::{BadId, ClickId, EventId, MessageHash, RecipientHash, TenantId};
pub use span::{Decoded, Raw, Span};
pub use time::{Clock, Timestamp};
