use std::sync::atomic::{AtomicU64, Ordering};

/// What a listener has seen since it started, all its workers together.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections taken.
    pub connections: AtomicU64,
    /// Connections refused because their address had too many.
    pub refused: AtomicU64,
    /// Connections refused because there were too many in all, or a worker had more to do than it could.
    pub shed: AtomicU64,
    /// Connections closed because a load balancer did not begin them with a PROXY header.
    pub unintroduced: AtomicU64,
    /// Connections closed because their TLS handshake failed or took too long.
    pub handshakes_failed: AtomicU64,
    /// Connections that the operating system could not hand over (out of files, most likely).
    pub accept_errors: AtomicU64,
    /// Connections that ended in an error: bad requests, slow clients, resets.
    pub broken: AtomicU64,
    /// Connections cut because an answer did not get through within the drain time.
    pub cut: AtomicU64,
    /// Requests answered.
    pub requests: AtomicU64,
    /// Requests that met a panic.
    pub panics: AtomicU64,
}

impl Counters {
    /// Name and value of every counter.
    pub fn read(&self) -> [(&'static str, u64); 10] {
        [
            ("connections", &self.connections),
            ("refused", &self.refused),
            ("shed", &self.shed),
            ("unintroduced", &self.unintroduced),
            ("handshakes_failed", &self.handshakes_failed),
            ("accept_errors", &self.accept_errors),
            ("broken", &self.broken),
            ("cut", &self.cut),
            ("requests", &self.requests),
            ("panics", &self.panics),
        ]
        .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
    }
}

/// Counts one more.
pub(super) fn one_more(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
