//! The protocol by which Sendmail and Postfix show messages to a filter while they take them in (libmilter, version 2 to 6).
//!
//! [`Frame`] and [`Reply`] are its bytes, [`Session`] is what one connection has said so far: both pure. [`changes`] tells a
//! rewritten message as the changes that the protocol knows, or says that it cannot. [`serve`] is the connections. Asked for
//! are only the rights that are used (to add and change header fields, to replace the body, to quarantine), and only the
//! steps that say something: the mail system waits for one answer a message, at its end. The body that comes is the whole
//! one, never a part of it, and links carry the message and nobody's name, since all recipients get the same bytes.

mod changes;
mod frame;
mod server;
mod session;

pub use changes::{Changes, Inexpressible, changes};
pub use frame::{Command, Frame, FrameError, LONGEST, Reply};
pub use server::{Settings, serve};
pub use session::{Broken, Draft, Field, Session, Step};
