use super::formats::Found;
use crate::url::WebUrl;

/// `/amp/s/<host>/<path>` of the viewer, where `s` says https.
pub(super) fn viewer(url: &WebUrl) -> Option<Found> {
    origin(url.after_host().strip_prefix("/amp/")?)
}

/// `/c/s/<host>/<path>` of a cache; `v` and `i` stand for other kinds of content.
pub(super) fn cache(url: &WebUrl) -> Option<Found> {
    let rest = url.after_host();
    origin(["/c/", "/v/", "/i/"].iter().find_map(|kind| rest.strip_prefix(kind))?)
}

fn origin(rest: &str) -> Option<Found> {
    let (scheme, rest) = rest.strip_prefix("s/").map_or(("http", rest), |rest| ("https", rest));
    (!rest.is_empty()).then(|| Found::Url(format!("{scheme}://{rest}")))
}
