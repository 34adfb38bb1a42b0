//! In the mail path: takes whole messages from a mail system, has each one examined, and says what becomes of it.
//!
//! [`milter`] speaks the protocol of Sendmail and Postfix, [`filter`] is a content filter that speaks LMTP and SMTP. What is
//! done with a message is not their business: an [`Examiner`] rewrites or restores, and [`Inspection`] holds that work to its
//! limits. Promised: a message goes on only when it was examined
//! whole; whatever fails on our side makes the mail system keep it, unless the operator chose otherwise ([`Rules`]); one
//! that fails time and again comes to a defined end ([`Attempts`]). Refused: to acknowledge what nobody has in safe keeping.

mod attempts;
mod counts;
mod door;
mod examine;
pub mod filter;
mod inspection;
mod letter;
pub mod milter;
mod place;
mod rules;
mod top;

pub use attempts::Attempts;
pub use counts::{Count, Counts};
pub use examine::{Examined, Examiner, Failed};
pub use inspection::{Disposal, Inspection};
pub use letter::{Letter, Way};
pub use place::{Listener, Place, PlaceError};
pub use rules::{OnFailure, OnLarge, OnMalicious, OnPoison, OnSuspicious, OnUnproven, Rules};
pub use top::with_top;
