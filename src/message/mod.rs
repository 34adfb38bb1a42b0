//! MIME bytes to a tree of ranges, and the text of a part with the way back to its bytes.
//!
//! [`split`] takes any bytes apart in one pass and never fails; it changes nothing and copies nothing. [`Part::open`]
//! undoes the transfer encoding and the charset of a leaf, [`Opened::carry`] turns edits of that text into edits of the
//! raw message that touch nothing else, or re-encodes the part whole and says why. Time is linear, memory bounded by
//! [`Limits`]. What a header says beyond the shape of the message is not its business, nor is whether a signed part
//! may be edited: it only says that it is signed.

mod carry;
mod charset;
mod cms;
mod content;
mod field;
mod limits;
mod line;
mod map;
mod media;
mod normal;
mod open;
mod others;
mod part;
mod split;
mod transfer;
mod value;
mod view;
mod words;

// The demonstration writes letters with it.
#[cfg(feature = "server")]
pub(crate) use carry::encode_quoted_printable;
pub use carry::{Carried, CarryError, Recoded};
pub(crate) use charset::page_text;
pub use cms::signed_content;
pub(crate) use field::is_field;
pub use field::{Field, Fields, fields, header_value};
pub use limits::{Limit, LimitHit, Limits};
pub use line::Newline;
pub(crate) use media::disposition_and_name;
pub use media::{Disposition, MediaType};
pub use normal::{decoded_multiparts, normal, with_text};
pub use open::{Opened, Unreadable};
pub use part::{Ambiguity, AmbiguityKind, Part, Role, Structure};
pub use split::{split, split_as};
pub use transfer::Transfer;
pub use view::{Habit, View, views};
pub use words::decode_words;
