//! In the path of real mail: a Postfix of Debian's package, private to each test, hands messages to `sekisho` and
//! delivers them to a Maildir. Skipped, aloud, where there is no Postfix or where the tests do not run as root, without
//! which it cannot deliver.

mod auth;
mod corpus;
mod filter;
mod letters;
mod milter;
mod outgoing;
mod postfix;
mod service;
mod smtp;
mod stalls;
