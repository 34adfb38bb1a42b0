use std::time::Duration;

use super::{ForwardedHeader, Networks};

/// What a listener puts up with. Every wait has an end, and everything that grows has a cap.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at one time, over all workers; further ones get 503 at once.
    pub connections: usize,
    /// Connections at one time from one address (IPv6: one /64); further ones get 503 at once.
    pub per_address: usize,
    /// How long a client may take to say how it speaks, and to send the head of a request, the wait for the next one on
    /// an open connection included.
    pub head_timeout: Duration,
    /// How long a client may take to send the body of a request.
    pub body_timeout: Duration,
    /// How long the wrap log may take to say whether it holds a link under a compromised key; the link stays shut after it.
    pub log_timeout: Duration,
    /// How long a connection may be used; it is closed behind the answer that is under way.
    pub connection_age: Duration,
    /// How long an answer that is under way may take when its connection or the server is to be closed.
    pub drain: Duration,
    /// Header lines of a request; more get 431.
    pub headers: usize,
    /// Bytes of the head of a request; more get 431. A link carries up to 16 kB of destination, which is 22 kB of
    /// base64.
    pub head_bytes: usize,
    /// Bytes of the request target; more get 414.
    pub target_bytes: usize,
    /// Bytes of the body of a request; more get 413.
    pub body_bytes: usize,
    /// Front ends that may speak for others: they have no cap of their own, `forwarded_header` is read from no one else,
    /// and they may speak HTTP/2 without TLS.
    pub trusted_proxies: Networks,
    /// Where they say for whom they speak.
    pub forwarded_header: ForwardedHeader,
    /// Load balancers that begin each connection with a PROXY header, and have no cap of their own either. Nobody else
    /// may.
    pub proxy_protocol: Networks,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            per_address: 1_000,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            log_timeout: Duration::from_secs(2),
            connection_age: Duration::from_secs(600),
            drain: Duration::from_secs(10),
            headers: 64,
            head_bytes: 32 * 1024,
            target_bytes: 24 * 1024,
            body_bytes: 4 * 1024,
            trusted_proxies: Networks::default(),
            forwarded_header: ForwardedHeader::default(),
            proxy_protocol: Networks::default(),
        }
    }
}
