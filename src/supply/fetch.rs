use std::{fs, io::Read, time::Duration};

use reqwest::{
    Client, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
        RETRY_AFTER,
    },
    redirect::Policy,
};

use super::{
    Feed,
    source::SECRET,
    unpack::{too_large, unpack},
};
use crate::url;

/// Redirects that are followed, at most.
const REDIRECTS: usize = 5;
/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes of a validator that is kept, at most.
const VALIDATOR_BYTES: usize = 1024;
/// Bytes of a secret, at most.
const SECRET_BYTES: u64 = 4096;
/// How long a server may ask us to wait, at most.
const RETRY_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is still what it was (RFC 9110 section 15.4.5).
    Unchanged,
    /// This.
    Body(Body),
}

/// A body, unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`, as it was written.
    pub last_modified: Option<String>,
}

/// Why nothing came. No secret stands in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{says}")]
pub struct Failure {
    /// In words for an admin.
    pub says: String,
    /// How long the server asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn new(says: impl Into<String>) -> Self {
        Self { says: says.into(), retry_after: None }
    }
}

/// Asks the `place` of a feed, and takes the body where it is another than `known` says. Goes straight to it (no
/// proxy of the environment), keeps no cookies, follows five redirects that lead to http or https and never from https to
/// http, gives the header to the first host alone, and ends with the time and the bytes that the feed may take.
///
/// # Errors
/// [`Failure`].
pub async fn fetch(feed: &Feed, place: &str, known: (Option<&str>, Option<&str>)) -> Result<Fetched, Failure> {
    let secret = secret(feed)?;
    let late = || Failure::new(format!("it took longer than {} seconds", feed.timeout.as_secs()));
    let asked = ask(feed, place, secret.as_deref(), known);
    let fetched = tokio::time::timeout(feed.timeout, asked).await.unwrap_or_else(|_| Err(late()));
    // Whatever a library or a server says may repeat what it was asked.
    fetched.map_err(|failure| match secret.as_deref().filter(|secret| !secret.is_empty()) {
        Some(secret) => Failure { says: failure.says.replace(secret, SECRET), ..failure },
        None => failure,
    })
}

fn secret(feed: &Feed) -> Result<Option<String>, Failure> {
    let Some(path) = feed.secret_file.as_deref().filter(|_| feed.wants_secret()) else { return Ok(None) };
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(SECRET_BYTES).read_to_string(&mut text));
    read.map_err(|error| Failure::new(format!("cannot read its secret, {}: {error}", path.display())))?;
    match text.trim() {
        "" => Err(Failure::new(format!("its secret, {}, is empty", path.display()))),
        secret => Ok(Some(secret.to_owned())),
    }
}

async fn ask(
    feed: &Feed,
    place: &str,
    secret: Option<&str>,
    (etag, modified): (Option<&str>, Option<&str>),
) -> Result<Fetched, Failure> {
    let with_secret = |text: &str| secret.map_or_else(|| text.to_owned(), |secret| text.replace(SECRET, secret));
    let client = client()?;
    let parsed = url::parse(&with_secret(place)).map_err(|error| Failure::new(format!("its URL is none: {error}")))?;
    let none = |error| Failure::new(format!("its URL is none: {error}"));
    let mut at = parsed.as_str().parse::<reqwest::Url>().map_err(none)?;
    let home = at.origin();
    let header = feed.header.as_ref().map(|(name, value)| (name.as_str(), with_secret(value)));
    for _ in 0..=REDIRECTS {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        for (name, value) in [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, modified)] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.insert(name, value);
            }
        }
        let mut request = client.get(at.clone()).headers(headers);
        if let Some((name, value)) = header.as_ref().filter(|_| at.origin() == home) {
            request = request.header(*name, value);
        }
        let response = request.send().await.map_err(unreachable)?;
        match next(&at, &response)? {
            Some(further) => at = further,
            None => return take(feed, response, etag.or(modified).is_some()).await,
        }
    }
    Err(Failure::new(format!("it leads on and on: more than {REDIRECTS} redirects")))
}

fn client() -> Result<Client, Failure> {
    let builder = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(0)
        .user_agent(concat!("sekisho/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(|error| Failure::new(format!("no connection can be made: {}", in_words(&error))))
}

/// Where a redirect leads; none where the response is no redirect.
fn next(at: &reqwest::Url, response: &Response) -> Result<Option<reqwest::Url>, Failure> {
    let leads_on = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = response.headers().get(LOCATION).filter(|_| leads_on) else { return Ok(None) };
    let further = location.to_str().ok().and_then(|location| at.join(location).ok());
    let further = further.ok_or_else(|| Failure::new("it leads to what is no URL"))?;
    match (at.scheme(), further.scheme()) {
        ("https", "http") => Err(Failure::new("it leads from https to http, which anybody on the way could answer")),
        (_, "https" | "http") => Ok(Some(further)),
        (_, other) => Err(Failure::new(format!("it leads to another protocol ({other})"))),
    }
}

async fn take(feed: &Feed, mut response: Response, was_conditional: bool) -> Result<Fetched, Failure> {
    match response.status() {
        StatusCode::NOT_MODIFIED if was_conditional => return Ok(Fetched::Unchanged),
        StatusCode::OK => {}
        status => {
            let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let retry_after = retry_after.map(|seconds| Duration::from_secs(seconds).min(RETRY_MAX));
            return Err(Failure { says: format!("the server answers {status}"), retry_after });
        }
    }
    let max = feed.max_bytes;
    if response.content_length().is_some_and(|length| length > max) {
        return Err(Failure::new(too_large(max)));
    }
    let kept = |name| {
        let value = response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        value.filter(|value| value.len() <= VALIDATOR_BYTES).map(str::to_owned)
    };
    let (etag, last_modified) = (kept(ETAG), kept(LAST_MODIFIED));
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(unreachable)? {
        if (bytes.len() + piece.len()) as u64 > max {
            return Err(Failure::new(too_large(max)));
        }
        bytes.extend_from_slice(&piece);
    }
    let bytes = unpack(bytes, max).map_err(Failure::new)?;
    Ok(Fetched::Body(Body { bytes, etag, last_modified }))
}

fn unreachable(error: reqwest::Error) -> Failure {
    Failure::new(in_words(&error.without_url()))
}

/// An error with what is behind it: the outermost says little.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        inner = error.source();
    }
    words
}
