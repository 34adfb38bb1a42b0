//! The configuration: what it may say, where it is, what it says.
//!
//! [`KEYS`] defines each key once; the reader, the reference page and the example are made from it. A file is read and
//! checked whole before anything is done with it: every problem is told with file, line and column, an unknown key
//! with the nearest known name. Nothing here opens a keyring, a store or a socket.

mod document;
pub(crate) mod durable;
mod effective;
mod environment;
mod keys;
mod place;
mod reference;
mod settings;
mod source;

pub use document::{Problem, Problems};
pub use effective::{FoundIn, Setting, Settings};
pub use environment::Environment;
pub use keys::{KEYS, Key, Kind, Preset, Reload};
pub use place::{ConfigError, FILE_NAME, FirstUse, Place};
pub use reference::{example, reference};
pub use settings::{Api, Config, DnsListSetting, Limits, Mail, Named, Overrides, Scanning, Tenant};
pub use source::{Loaded, Source};
