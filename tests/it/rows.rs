//! The published attacks, row by row. A test is named after its row and says what comes in and what becomes of it; that
//! the laws hold on the way (nothing escapes, nothing else moves, twice is once) is checked for every one of them.
//! `docs/THREATS.md` has the table; what is out of reach says so there.

#![allow(clippy::disallowed_methods)]

mod html;
mod text;
mod threats;
mod url;

use sekisho::rewrite::{Done, Rewritten};

use crate::rewrite::laws;

/// A message of one part.
pub(crate) fn message(media: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head = "From: a@example.com\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n";
    let head = format!("{head}Content-Type: {media}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    [head.as_bytes(), body.as_ref(), b"\r\n"].concat()
}

/// An HTML page after it came through, all laws checked.
pub(crate) fn page(body: impl AsRef<[u8]>) -> Rewritten {
    let body = body.as_ref();
    laws::hold(&String::from_utf8_lossy(body), &message("text/html; charset=utf-8", body))
}

/// A plain text after it came through, all laws checked.
pub(crate) fn plain(body: &str) -> Rewritten {
    laws::hold(body, &message("text/plain; charset=utf-8", body))
}

/// What became of each link, in order: `wrapped https://evil.test/`, `left fragment`, `defanged scheme`.
pub(crate) fn fates(rewritten: &Rewritten) -> Vec<String> {
    let of = |row: &sekisho::rewrite::ReportedLink| {
        let named = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        match row.done {
            Done::Wrapped => format!("wrapped {}", row.destination.as_deref().unwrap_or_default()),
            Done::Left { rule } => format!("left {}", named(serde_json::to_value(rule).unwrap())),
            Done::Defanged { reason } => format!("defanged {}", named(serde_json::to_value(reason).unwrap())),
            Done::AlreadyOurs => "ours".to_owned(),
            Done::Restored => "restored".to_owned(),
        }
    };
    rewritten.report.links.iter().map(of).collect()
}

/// The body as it goes on, with `LINK` for every link of ours.
pub(crate) fn body(rewritten: &Rewritten) -> String {
    let text = String::from_utf8_lossy(&rewritten.message).into_owned();
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let mut out = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once(laws::BASE) {
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || "-_/.%~:!".contains(c))).unwrap_or(after.len());
        let end = after[..end].trim_end_matches(['.', ':', '!']).len();
        out.push_str(before);
        out.push_str("LINK");
        rest = &after[end..];
    }
    (out + rest).trim_end().to_owned()
}

/// That a page comes to these fates.
pub(crate) fn becomes(source: &str, wanted: &[&str]) -> Rewritten {
    let rewritten = page(source);
    assert_eq!(fates(&rewritten), wanted, "{source}\n{}", body(&rewritten));
    rewritten
}
