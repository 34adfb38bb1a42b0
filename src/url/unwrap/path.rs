//! URLs in the path: behind a token, between marks, in base64.

use super::{formats::Found, read};
use crate::url::WebUrl;

/// `/<token>/<URL>`.
pub(super) fn behind_one(url: &WebUrl) -> Option<Found> {
    behind(url, 1)
}

/// `/s/<token>/<URL>`.
pub(super) fn behind_two(url: &WebUrl) -> Option<Found> {
    behind(url, 2)
}

/// The URL, percent-encoded or plain, behind so many segments. What stands plain reaches to the end, query included.
fn behind(url: &WebUrl, segments: usize) -> Option<Found> {
    let text = url.after_host().strip_prefix('/')?.splitn(segments + 1, '/').nth(segments)?;
    let text = if text.get(..8).unwrap_or(text).contains('%') { read::percent(text) } else { text.to_owned() };
    (!text.is_empty()).then_some(Found::Url(text))
}

/// `/v2/…___<URL>___.<token>`.
pub(super) fn between_underscores(url: &WebUrl) -> Option<Found> {
    let (_, text) = url.after_host().strip_prefix("/v2/")?.split_once("___")?;
    let text = text.split_once("___").map_or(text, |(inner, _)| inner);
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    // Later versions encipher what stands there.
    Some(if begins("http") { Found::Url(text.to_owned()) } else { Found::Sealed })
}

/// A segment of the path is the URL in base64.
pub(super) fn base64_segment(url: &WebUrl) -> Option<Found> {
    url.path().split('/').find_map(read::base64_url).map(Found::Url)
}
