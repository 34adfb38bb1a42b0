use std::time::Duration;

/// Caps on one fetch, phase by phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Until all addresses of a name are known.
    pub resolve: Duration,
    /// Until one address has taken the connection; others are tried after it.
    pub connect: Duration,
    /// Addresses of one name that are tried.
    pub addresses: usize,
    /// Until TLS is agreed on.
    pub handshake: Duration,
    /// From the request until the whole head of the answer is there.
    pub head: Duration,
    /// From the head until what came of the body has to do.
    pub body: Duration,
    /// Between two pieces of the body.
    pub pause: Duration,
    /// Bytes of status line and headers, those of interim answers included (attack row 132).
    pub head_bytes: usize,
    /// Headers of one answer.
    pub headers: usize,
    /// Bytes of the body as they come over the wire.
    pub wire_bytes: usize,
    /// Bytes of the body after compression was undone.
    pub body_bytes: usize,
    /// How many times larger than it came a body may grow (attack row 133).
    pub ratio: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(3),
            connect: Duration::from_secs(2),
            addresses: 3,
            handshake: Duration::from_secs(3),
            head: Duration::from_secs(5),
            body: Duration::from_secs(4),
            pause: Duration::from_secs(2),
            head_bytes: 64 << 10,
            headers: 100,
            wire_bytes: 1 << 20,
            body_bytes: 2 << 20,
            ratio: 100,
        }
    }
}
