use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::super::reply::{self, Reply};

/// Why a request is not answered as it wishes (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    /// What is wrong and what to do.
    pub(super) detail: String,
    /// Seconds after which the same request may go well.
    pub(super) retry_after: Option<u16>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None }
    }

    /// For now, and not for good.
    pub(super) fn later(detail: impl Into<String>, retry_after: u16) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    pub(super) fn reply(self) -> Reply {
        let title = self.status.canonical_reason().unwrap_or_default();
        let body = json!({ "title": title, "status": self.status.as_u16(), "detail": self.detail });
        let mut reply = reply::told(self.status, "application/problem+json", Bytes::from(body.to_string()));
        let headers = reply.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sekisho\""));
        }
        // What was sent and not read would be taken for the next request.
        if matches!(self.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
            reply::last(&mut reply);
        }
        reply
    }
}
