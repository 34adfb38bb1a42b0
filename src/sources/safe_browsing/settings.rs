use std::{path::PathBuf, sync::Arc};

/// What is asked where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the API lives, without its version: `https://safebrowsing.googleapis.com`.
    pub url: String,
    /// The file with the key, where the server wants one.
    pub key_file: Option<PathBuf>,
    /// The names of the lists; those with prefixes of four bytes.
    pub lists: Vec<String>,
    /// The folder where they are kept.
    pub folder: PathBuf,
}

/// A number from 0 up to 1 that nobody foretells: it spreads the requests of many clients.
pub type Dice = Arc<dyn Fn() -> f64 + Send + Sync>;
