use std::{fmt, path::PathBuf, time::Duration};

use crate::{
    judge::Threat,
    list::{
        Trust,
        import::{Format, Names},
        version_of,
    },
    url,
};

/// Where the secret of a feed goes in its URL or header.
pub(super) const SECRET: &str = "{secret}";
/// Characters of a feed's name, at most.
const NAME_MAX: usize = 64;

/// One feed, as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its name: its list is called `feeds/NAME`.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// How it is written; none where that is told by its first lines.
    pub format: Option<Format>,
    /// What plain names in it stand for.
    pub names: Names,
    /// The array that is meant, where its JSON has several.
    pub key: Option<String>,
    /// How far its word goes.
    pub trust: Trust,
    /// In which way what it names is bad.
    pub threat: Option<Threat>,
    /// How often it is asked.
    pub interval: Duration,
    /// How long one fetch may take in all.
    pub timeout: Duration,
    /// Bytes of it, packed and unpacked, at most.
    pub max_bytes: u64,
    /// Its entries, at most.
    pub max_entries: usize,
    /// Of the last hour's clicks, in per cent, that an update may stop; 100 is no limit.
    pub max_stopped: u8,
    /// A header that goes with each request; the secret stands in it as `{secret}`.
    pub header: Option<(String, String)>,
    /// The file that holds the secret.
    pub secret_file: Option<PathBuf>,
}

/// Where a feed is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An http or https URL; the secret stands in it as `{secret}`.
    Url(String),
    /// A file on this machine.
    File(PathBuf),
}

impl fmt::Display for Place {
    /// As written, without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A URL from which no feed can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It is none.
    #[error("{0:?} is no web address: write it as \"https://feed.example/list.txt\"")]
    NotWeb(String),
    /// A password stands in it.
    #[error(
        "a user or a password stands in the URL: write it into a header, and the secret into a file (`secret_file`)"
    )]
    Userinfo,
}

impl Place {
    /// A URL, checked.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub fn url(text: &str) -> Result<Self, PlaceError> {
        let parsed = url::parse(&text.replace(SECRET, "secret")).map_err(|_| PlaceError::NotWeb(text.to_owned()))?;
        if !parsed.as_str().starts_with("http") {
            return Err(PlaceError::NotWeb(text.to_owned()));
        }
        let authority = text.split_once("://").map_or(text, |(_, rest)| rest).split(['/', '?', '#']).next();
        match authority.unwrap_or_default().contains('@') {
            true => Err(PlaceError::Userinfo),
            false => Ok(Self::Url(text.to_owned())),
        }
    }
}

impl Feed {
    /// Tells whether what was fetched before was fetched for the same: place, format, names and key in short.
    pub(super) fn identity(&self) -> String {
        let Self { place, format, names, key, .. } = self;
        version_of(format!("{place} {format:?} {names:?} {key:?}").as_bytes())
    }

    /// Whether a secret is wanted.
    pub fn wants_secret(&self) -> bool {
        let in_url = matches!(&self.place, Place::Url(url) if url.contains(SECRET));
        in_url || self.header.as_ref().is_some_and(|(_, value)| value.contains(SECRET))
    }
}

/// The name of a feed: it becomes the name of files.
///
/// # Errors
/// What it may be.
pub fn feed_name(name: &str) -> Result<String, &'static str> {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    match letters && !name.is_empty() && !name.starts_with('-') && name.len() <= NAME_MAX {
        true => Ok(name.to_owned()),
        false => Err("write letters, digits, `_` and `-` alone, at most 64"),
    }
}

/// A header as it is written: `Name: value`.
///
/// # Errors
/// What it may be.
pub fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once(':').ok_or("write it as \"Name: value\"")?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_value = !value.is_empty() && value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    match (is_name, is_value) {
        (true, true) => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as \"Name: value\": a name of letters, digits and `-`, a value of visible ASCII"),
    }
}
