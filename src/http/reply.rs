use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;

/// An answer with all of its body at hand.
pub(super) type Reply = Response<Full<Bytes>>;

const ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_INDEX: HeaderValue = HeaderValue::from_static("noindex, nofollow");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// On to `location`, byte for byte, and nothing else: no cache may keep it (attack row 148), and the destination does
/// not learn our link. Without a body the browser has nothing to show. `None` where `location` cannot stand in a
/// header, which no serialised URL brings about (attack row 147).
pub(super) fn redirect(status: StatusCode, location: String) -> Option<Reply> {
    let location = HeaderValue::from_maybe_shared(Bytes::from(location)).ok()?;
    // A copy is made faster than a map is filled.
    static HEADERS: LazyLock<HeaderMap> = LazyLock::new(|| {
        let mut headers = empty(StatusCode::FOUND).into_parts().0.headers;
        headers.insert(header::LOCATION, HeaderValue::from_static(""));
        headers
    });
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    *reply.headers_mut() = HEADERS.clone();
    reply.headers_mut().insert(header::LOCATION, location);
    Some(reply)
}

/// A page of ours, never kept, indexed, framed or sniffed.
pub(super) fn page(status: StatusCode, html: String, language: &'static str, policy: HeaderValue) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(html)));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    unkept(headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    reply
}

/// Nothing but a status.
pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    unkept(reply.headers_mut());
    reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    reply
}

/// Something broke on our side. Never a redirect and never a page: whatever broke may be what makes pages.
pub(super) fn broken() -> Reply {
    let mut reply = empty(StatusCode::INTERNAL_SERVER_ERROR);
    last(&mut reply);
    reply
}

/// Ends the connection behind this answer.
pub(super) fn last(reply: &mut Reply) {
    reply.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
}

/// Lets the browser ask again at `path` of this host after so many seconds, without a script. A path that cannot stand in
/// a header, which no link brings about, is not asked again.
pub(super) fn ask_again(reply: &mut Reply, seconds: u32, path: &str) {
    if let Ok(value) = HeaderValue::try_from(format!("{seconds}; url={path}")) {
        reply.headers_mut().insert(header::REFRESH, value);
    }
}

/// A small file of ours that anyone may keep for a day.
pub(super) fn file(media_type: &'static str, text: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(text.into()));
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    reply
}

/// A picture of an organisation's. Opened by itself it can do nothing, whatever stands in it.
pub(super) fn picture(media_type: &'static str, bytes: impl Into<Bytes>) -> Reply {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";
    let mut reply = file(media_type, bytes);
    reply.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    reply
}

/// A short text for whoever asked, never kept.
pub(super) fn told(status: StatusCode, media_type: &'static str, text: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(text.into()));
    *reply.status_mut() = status;
    unkept(reply.headers_mut());
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    reply
}

/// Says which methods an address takes (RFC 9110 section 15.5.6).
pub(super) fn allow(reply: &mut Reply, methods: &'static str) {
    reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
}

/// Whether `method` reads.
pub(super) fn reads(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// The lines that [`unkept`] makes, as they are sent.
pub(super) const UNKEPT: &[u8] =
    b"cache-control: no-store\r\nreferrer-policy: no-referrer\r\nx-robots-tag: noindex, nofollow\r\n";

fn unkept(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(ROBOTS_TAG, NO_INDEX);
}
