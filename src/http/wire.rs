//! The bytes of an answer under HTTP/1.1, as hyper would send them.

use std::{
    cell::RefCell,
    io::Write as _,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use http::header;
use hyper::body::Body as _;

use super::reply::{self, Reply};

/// Whether the connection goes on behind an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    Next,
    Close,
}

/// When an answer is sent, and what follows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// Seconds since 1970.
    pub(super) now: i64,
    /// What the client wants behind it.
    pub(super) behind: Behind,
}

/// A redirect as [`reply::redirect`] makes it, without a map of headers between; that of an error where `location`
/// cannot stand in one.
pub(super) fn redirect(location: &str, sent: Sent, into: &mut Vec<u8>) -> Behind {
    if !location.bytes().all(|byte| byte >= b' ' && byte != 0x7f) {
        return write(reply::broken(), sent, into);
    }
    into.extend_from_slice(b"HTTP/1.1 302 Found\r\n");
    into.extend_from_slice(reply::UNKEPT);
    into.extend_from_slice(b"content-length: 0\r\nlocation: ");
    into.extend_from_slice(location.as_bytes());
    into.extend_from_slice(b"\r\n");
    if sent.behind == Behind::Close {
        into.extend_from_slice(CLOSE);
    }
    date(sent.now, into);
    into.extend_from_slice(b"\r\n");
    sent.behind
}

/// Any answer.
pub(super) fn write(reply: Reply, sent: Sent, into: &mut Vec<u8>) -> Behind {
    let (head, mut body) = reply.into_parts();
    let reason = head.status.canonical_reason().unwrap_or_default();
    // Writing into memory does not fail.
    let _ = write!(into, "HTTP/1.1 {} {reason}\r\n", head.status.as_str());
    for (name, value) in &head.headers {
        into.extend_from_slice(name.as_str().as_bytes());
        into.extend_from_slice(b": ");
        into.extend_from_slice(value.as_bytes());
        into.extend_from_slice(b"\r\n");
    }
    // A whole body is one frame and there at once.
    let frame = match Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => bytes::Bytes::new(),
    };
    if !head.headers.contains_key(header::CONTENT_LENGTH) {
        let _ = write!(into, "content-length: {}\r\n", frame.len());
    }
    let says = head.headers.contains_key(header::CONNECTION);
    if sent.behind == Behind::Close && !says {
        into.extend_from_slice(CLOSE);
    }
    date(sent.now, into);
    into.extend_from_slice(b"\r\n");
    into.extend_from_slice(&frame);
    // No answer of ours says anything else of its connection than that it ends ([`reply::last`]).
    if says { Behind::Close } else { sent.behind }
}

const CLOSE: &[u8] = b"connection: close\r\n";

/// `date: …` (RFC 9110 section 6.6.1), written once a second and thread.
fn date(now: i64, into: &mut Vec<u8>) {
    thread_local! {
        static LINE: RefCell<(i64, Vec<u8>)> = const { RefCell::new((i64::MIN, Vec::new())) };
    }
    LINE.with_borrow_mut(|(second, line)| {
        if *second != now {
            *second = now;
            line.clear();
            let date = jiff::Timestamp::from_second(now).ok();
            let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
            if let Some(date) = date.and_then(|date| printer.timestamp_to_rfc9110_string(&date).ok()) {
                let _ = write!(line, "date: {date}\r\n");
            }
        }
        into.extend_from_slice(line);
    });
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    const NEXT: Sent = Sent { now: 784_111_777, behind: Behind::Next };
    const LAST: Sent = Sent { behind: Behind::Close, ..NEXT };

    fn text(write: impl FnOnce(&mut Vec<u8>) -> Behind) -> (String, Behind) {
        let mut bytes = Vec::new();
        let behind = write(&mut bytes);
        (String::from_utf8(bytes).unwrap(), behind)
    }

    #[test]
    fn a_redirect_has_the_same_lines_either_way() {
        let location = "https://www.example.com/a?b=%20#c";
        let lines = |text: &str| {
            let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
            lines.sort();
            lines
        };
        for sent in [NEXT, LAST] {
            let (short, behind) = text(|into| redirect(location, sent, into));
            let long = reply::redirect(StatusCode::FOUND, location.to_owned()).unwrap();
            let (long, _) = text(|into| write(long, sent, into));
            assert_eq!(behind, sent.behind);
            assert_eq!(short.contains("connection: close"), behind == Behind::Close);
            assert!(short.contains("\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), "{short}");
            assert_eq!(lines(&short), lines(&long));
            assert!(short.starts_with("HTTP/1.1 302 Found\r\n") && short.ends_with("\r\n\r\n"));
        }
    }

    #[test]
    fn what_cannot_stand_in_a_header_does_not() {
        for location in ["https://a/\r\nx: y", "https://a/\u{7f}", "\0"] {
            let (sent, behind) = text(|into| redirect(location, NEXT, into));
            assert!(sent.starts_with("HTTP/1.1 500 ") && !sent.contains("location"), "{sent}");
            assert_eq!(behind, Behind::Close);
        }
    }

    #[test]
    fn a_page_comes_with_its_length() {
        let (sent, behind) = text(|into| write(reply::told(StatusCode::OK, "text/plain", "two\n"), NEXT, into));
        assert!(sent.starts_with("HTTP/1.1 200 OK\r\n"), "{sent}");
        assert!(sent.contains("\r\ncontent-length: 4\r\n") && sent.ends_with("\r\n\r\ntwo\n"), "{sent}");
        assert_eq!(behind, Behind::Next);
    }
}
