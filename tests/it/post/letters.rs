//! Letters of the project's own, of every make that a mail system treats in its own way, and what has to come of them.

use std::sync::Arc;

use sekisho::{
    app::{Origin, SystemClock, rewriter},
    base::Clock as _,
    config::{Overrides, Place},
    rewrite::{Done, Rewriter},
    url::Suffixes,
};

use super::service::Data;

/// A letter with CR LF line breaks; its first field is From.
pub(crate) struct Letter {
    pub(crate) id: String,
    pub(crate) raw: Vec<u8>,
}

/// `count` letters, no two alike.
pub(crate) fn letters(count: usize) -> Vec<Letter> {
    let kinds = kinds();
    (0..count)
        .map(|at| {
            let id = format!("letter-{at}@sender.example");
            let mut raw =
                format!("From: a@sender.example\r\nMessage-ID: <{id}>\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n")
                    .into_bytes();
            raw.extend_from_slice(&kinds[at % kinds.len()]);
            Letter { id, raw }
        })
        .collect()
}

fn kinds() -> Vec<Vec<u8>> {
    let html =
        "<p>Dear <a href=\"https://shop.example/a?b=1&amp;c=2\">customer</a>, <a href='https://x.example/'>x</a></p>";
    let text = |head: &str, body: &str| format!("{head}\r\n\r\n{body}").into_bytes();
    let plain = "Subject: plain\r\nContent-Type: text/plain; charset=utf-8";
    let mut kinds = vec![
        text(plain, "See https://www.example.com/a?b=1#c today.\r\n"),
        text(plain, "no link at all\r\n"),
        text(plain, ""),
        text(plain, ".\r\n..two dots\r\n.https://dot.example/\r\n"),
        text(plain, "no line break at the end https://end.example/x\r\n"),
        text(
            "Subject: a\r\n folded\r\n\tsubject\r\nX-Odd:no blank\r\nX-Two:  two blanks\r\nX-Empty:",
            "https://a.example/\r\n",
        ),
        text(
            "Received: from b\r\n\tby a; date\r\nReceived: from c\r\n\tby b\r\nReceived: from d by c",
            "https://r.example/\r\n",
        ),
        text("Subject: h\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8", html),
        text(
            "Subject: q\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
            "<a href=3D\"https://qp.example/long\">caf=C3=A9</a>\r\n",
        ),
        text(
            "Subject: m\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"=_b\"",
            &format!(
                "preamble\r\n--=_b\r\nContent-Type: text/plain\r\n\r\nhttps://m.example/\r\n--=_b\r\n\
                 Content-Type: text/html\r\n\r\n{html}\r\n--=_b--\r\nepilogue\r\n"
            ),
        ),
        // Longer than one piece of a body, before and after.
        text(plain, &"https://many.example/path/of/some/length is a line with a link\r\n".repeat(1200)),
        // As long as a line may be with its link (RFC 5321, section 4.5.3.1.6): one that grows beyond is encoded, and a mail
        // system breaks longer ones itself.
        text(plain, &format!("{} https://long.example/\r\n", "word ".repeat(150))),
    ];
    let base64 = "Subject: b\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64";
    kinds.push(text(base64, "PGEgaHJlZj0iaHR0cHM6Ly9iNjQuZXhhbXBsZS8iPmI2NDwvYT4KPHA+bW9yZTwvcD4=\r\n"));
    // Header and body in bytes that are no UTF-8.
    let mut bytes = b"Subject: caf\xe9 \xa4\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n".to_vec();
    bytes.extend_from_slice(b"caf\xe9 https://latin.example/ \xe9\r\n");
    kinds.push(bytes);
    kinds.push(text(
        "Subject: j\r\nContent-Type: text/plain; charset=iso-2022-jp",
        "\u{1b}$BF|K\\\u{1b}(B https://jp.example/\r\n",
    ));
    kinds
}

/// What makes links for this data, to turn them back and to see that they open.
pub(crate) fn restorer(data: &Data) -> Rewriter {
    let (config, _) = Place::DataDir(data.path().to_owned()).load(&Overrides::default()).unwrap();
    let suffixes = Arc::new(Suffixes::builtin());
    rewriter(&config, &config.tenants[0], Origin::DataDir, SystemClock.now(), &suffixes).unwrap().0
}

/// A message as it was delivered, without what the mail system put before it, its links turned back: it must be what was
/// sent, and have had as many links of ours as the sent one has others.
pub(crate) fn proven(rewriter: &Rewriter, letter: &Letter, delivered: &[u8]) {
    let start = delivered.windows(7).position(|at| at == b"\nFrom: ").expect("From is there") + 1;
    let got = &delivered[start..];
    let now = SystemClock.now();
    let restored = rewriter.restore(got, now).unwrap();
    let name = &letter.id;
    // What does not end in a line break gets one on its way.
    let end: &[u8] = if letter.raw.ends_with(b"\r\n") { b"" } else { b"\r\n" };
    let (got_raw, sent_raw) = (crlf(&restored.message), [&letter.raw, end].concat());
    // What is encoded may have its lines broken elsewhere; its header has not.
    let is_encoded =
        ["base64", "quoted-printable"].iter().any(|word| memchr::memmem::find(&sent_raw, word.as_bytes()).is_some());
    let compared = |raw: &[u8]| {
        let head = memchr::memmem::find(raw, b"\r\n\r\n").unwrap_or(raw.len());
        if is_encoded { raw[..head].to_vec() } else { raw.to_vec() }
    };
    let is_whole = compared(&got_raw) == compared(&sent_raw);
    assert!(is_whole, "{name} is not what was sent:\n{}\n---\n{}", got.escape_ascii(), letter.raw.escape_ascii());
    let wanted =
        rewriter.rewrite(&letter.raw, &sekisho::rewrite::Envelope::default(), now).unwrap().report.counts.wrapped;
    assert_eq!(restored.report.counts.restored, wanted, "{name}: links that open");
    assert!(restored.report.links.iter().all(|link| link.done == Done::Restored), "{name}: a link that is not ours");
}

/// With the line breaks of SMTP again.
pub(crate) fn crlf(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 100);
    for (at, byte) in message.iter().enumerate() {
        if *byte == b'\n' && (at == 0 || message[at - 1] != b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

/// The value of a field as a Maildir holds it.
pub(crate) fn field<'a>(message: &'a [u8], name: &str) -> Option<&'a str> {
    let head = message.windows(2).position(|at| at == b"\n\n").unwrap_or(message.len());
    let lines = message[..head].split(|byte| *byte == b'\n');
    lines.filter_map(|line| std::str::from_utf8(line).ok()).find_map(|line| line.strip_prefix(&format!("{name}: ")))
}
