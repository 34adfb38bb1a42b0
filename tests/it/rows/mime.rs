//! Section C: how MIME, encodings and charsets hide a link. Whoever takes the result apart, by whatever habit, finds no
//! way to `evil.test` but through us.
#![allow(clippy::disallowed_methods)]

use base64::{Engine, engine::general_purpose::STANDARD};
use sekisho::{
    message::{Limits, split, views},
    rewrite::{Envelope, Policy, Rewritten, Settled, Signed},
};

use super::fates;
use crate::rewrite::laws::{self, BASE, NOW, TENANT, hold, opened, rewriter_with};

const LINK: &str = "<a href=\"https://evil.test/\">x</a>";
const EVIL: &str = "wrapped https://evil.test/";

fn mail(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!("From: a@example.com\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n{head}\r\n\r\n");
    [head.as_bytes(), body.as_ref(), b"\r\n"].concat()
}

fn base64(text: impl AsRef<[u8]>) -> String {
    let lines: Vec<String> =
        STANDARD.encode(text).as_bytes().chunks(76).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
    lines.join("\r\n")
}

/// Whatever could be decoded from a message by somebody who believes nothing that its headers say: the bytes, without
/// soft line breaks and escapes, every run of base64, UTF-7, and without NUL, ESC and the like.
fn everything_in(message: &[u8]) -> String {
    let mut found = vec![message.to_vec()];
    let text = String::from_utf8_lossy(message).into_owned();
    let mut run = String::new();
    for line in text.split(['\n', '\r']).chain([""]) {
        let line = line.trim();
        let data = line.len() > 3 && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
        if data {
            run.push_str(line);
            continue;
        }
        let clean = run.trim_end_matches('=');
        let clean = &clean[..clean.len() - usize::from(clean.len() % 4 == 1)];
        found.extend(base64::engine::general_purpose::STANDARD_NO_PAD.decode(clean));
        run.clear();
    }
    let mut texts: Vec<String> = Vec::new();
    for bytes in found {
        let text = String::from_utf8_lossy(&bytes).replace('\0', "");
        let joined = text.replace("=\r\n", "").replace("=\n", "");
        texts.push(joined.replace("=3D", "=").replace("=3d", "=").replace("=2F", "/"));
        texts.push(text.replace("+ADw-", "<").replace("+ACI-", "\"").replace("+AD4-", ">").replace("+AD0-", "="));
        texts.push(text);
    }
    texts.join("\n")
}

/// The laws hold, and nothing in the result leads to `evil.test` but links of ours: not for somebody who decodes whatever
/// there is, or else it was written anew so that nobody comes to anything else than we do.
fn dead(name: &str, raw: &[u8]) -> Rewritten {
    let once = hold(name, raw);
    if once.report.settled.is_some() {
        let noted = split(&once.message, &Limits::default()).ambiguities;
        assert_eq!(views(&noted), [], "{name}: {noted:?}\n{}", String::from_utf8_lossy(&once.message));
        return once;
    }
    if once.report.recoded_parts.iter().any(|recoded| recoded.why == "Readings") {
        let fields = String::from_utf8_lossy(&once.message).to_lowercase();
        assert!(fields.contains("charset=utf-8"), "{name}: {fields}");
        assert_eq!(fields.matches("content-transfer-encoding:").count(), 1, "{name}: {fields}");
        return once;
    }
    let all = everything_in(&once.message).replace(">https://evil.test", "");
    let escaped = all.find("//evil.test").map(|at| all[at.saturating_sub(80)..].chars().take(160).collect::<String>());
    assert_eq!(escaped, None, "{name}: escaped in\n{}", String::from_utf8_lossy(&once.message));
    once
}

/// As [`dead`], and the destination is still there, behind a link of ours.
fn wrapped(name: &str, raw: &[u8]) -> Rewritten {
    let once = dead(name, raw);
    assert!(
        fates(&once).contains(&EVIL.to_owned()),
        "{name}: {:?}\n{}",
        fates(&once),
        String::from_utf8_lossy(&once.message)
    );
    let links = once.report.links.iter().filter_map(|row| row.link.as_deref());
    assert!(links.filter(|link| link.starts_with(BASE)).any(|link| opened(link) == "https://evil.test/"), "{name}");
    once
}

fn text(once: &Rewritten) -> String {
    String::from_utf8_lossy(&once.message).into_owned()
}

#[test]
fn row_069_every_reading_is_read() {
    // Four habits at once: two boundaries, a loose delimiter, a lone CR, and a base64 part that only one reader sees.
    let raw = mail(
        "Content-Type: multipart/mixed; boundary=a; boundary=b",
        format!(
            "--a\r\nContent-Type: text/plain\r\n\r\nhi\r--bb\r\n--b\r\nContent-Type: text/html\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n--a--",
            base64(LINK)
        ),
    );
    let once = dead("four habits", &raw);
    assert_eq!(once.report.settled, Some(Settled::Normal));
    assert!(once.report.ambiguities.len() >= 2, "{:?}", once.report.ambiguities);
    // A message that leaves no doubt, or none that hides anything, is edited in place.
    let raw = mail(
        "Content-Type: multipart/mixed; boundary=a; boundary=b",
        format!("--a\r\nContent-Type: text/html\r\n\r\n{LINK}\r\n--a--"),
    );
    assert_eq!(wrapped("no harm", &raw).report.settled, None);
}

#[test]
fn row_070_two_boundary_parameters() {
    for (first, second) in [("a", "b"), ("b", "a")] {
        let raw = mail(
            &format!("Content-Type: multipart/mixed; boundary={first}; boundary={second}"),
            format!(
                "--a\r\nContent-Type: text/plain\r\n\r\nhello\r\n--a--\r\n--b\r\nContent-Type: text/html\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--",
                base64(LINK)
            ),
        );
        dead(first, &raw);
    }
}

#[test]
fn row_071_duplicate_content_fields() {
    for (one, other) in [("7bit", "base64"), ("base64", "7bit"), ("8bit", "base64"), ("quoted-printable", "base64")] {
        let head = format!(
            "Content-Type: text/html\r\nContent-Transfer-Encoding: {one}\r\nContent-Transfer-Encoding: {other}"
        );
        let once = hold(&head, &mail(&head, base64(LINK)));
        let fields = text(&once).matches("Content-Transfer-Encoding:").count();
        assert!(
            once.report.settled == Some(Settled::Normal) && fields == 1 || fates(&once) == [EVIL],
            "{}",
            text(&once)
        );
    }
    for (one, other) in [
        ("text/plain", "text/html"),
        ("text/html", "text/plain"),
        ("image/png", "text/html"),
        ("text/html", "image/png"),
    ] {
        let head = format!("Content-Type: {one}\r\nContent-Type: {other}\r\nContent-Transfer-Encoding: base64");
        let once = dead(&head, &mail(&head, base64("<a href=\"&#104;ttps:&#47;/evil.test/\">x</a>")));
        let html = once.report.links.iter().any(|row| row.destination.as_deref() == Some("https://evil.test/"));
        let clear =
            text(&once).matches("Content-Type:").count() == 1 && text(&once).contains("Content-Type: image/png");
        assert!(html || clear, "{head}: {}", text(&once));
    }
}

#[test]
fn row_072_boundary_oddities() {
    let part =
        |kind: &str| format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", base64(LINK));
    let html = part("text/html");
    for (name, head, body) in [
        ("no final", "boundary=a", format!("--a\r\n{html}")),
        (
            "prefix",
            "boundary=a",
            format!("--a\r\nContent-Type: text/plain\r\n\r\nx\r\n--ab\r\n{html}\r\n--ab--\r\n--a--"),
        ),
        ("blanks", "boundary=a", format!("--a \t\r\n{html}\r\n--a-- ")),
        ("quoted", "boundary=\"a b\"", format!("--a b\r\n{html}\r\n--a b--")),
        (
            "bare with a blank",
            "boundary=a b",
            format!("--a\r\nContent-Type: text/plain\r\n\r\nx\r\n--a--\r\n--a b\r\n{html}\r\n--a b--"),
        ),
        ("empty", "boundary=\"\"", format!("--\r\n{html}\r\n----")),
        ("none", "charset=utf-8", format!("--x\r\n{html}\r\n--x--")),
        ("never used", "boundary=zzz", format!("--x\r\n{html}\r\n--x--")),
        (
            "long",
            "boundary=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhh",
            format!("--aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhh\r\n{html}\r\n"),
        ),
        ("in the preamble", "boundary=a", format!("x\r\n--a\r\n{html}\r\n--a\r\n\r\ny\r\n--a--")),
        ("after the close", "boundary=a", format!("--a\r\n\r\nx\r\n--a--\r\n--a\r\n{html}\r\n--a--")),
        ("continuation", "boundary*0=\"a\"; boundary*1=b", format!("--ab\r\n{html}\r\n--ab--\r\n--a\r\n{html}")),
        (
            "continuation of another",
            "boundary*0=\"a\"; boundary*1=b",
            format!("--ab\r\n\r\nx\r\n--ab--\r\n--a\r\n{html}\r\n--a--"),
        ),
        ("percent", "boundary*=us-ascii''a%62", format!("--ab\r\n\r\nx\r\n--us-ascii''a%62\r\n{html}\r\n--ab--")),
        ("escape", "boundary=\"a\\b\"", format!("--a\\b\r\n{html}\r\n--a\\b--\r\n--ab\r\n\r\nx\r\n--ab--")),
        ("comment", "(boundary=b); boundary=a", format!("--a\r\n\r\nx\r\n--a--\r\n--b\r\n{html}\r\n--b--")),
        (
            "comment with a quote",
            "(\"); boundary=a; (\"); boundary=b",
            format!("--a\r\n\r\nx\r\n--b\r\n{html}\r\n--b--\r\n--a--"),
        ),
        (
            "nested alike",
            "boundary=a",
            format!(
                "--a\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n{html}\r\n--a--\r\n--a\r\n{html}\r\n--a--"
            ),
        ),
    ] {
        let raw = mail(&format!("Content-Type: multipart/mixed; {head}"), body);
        dead(name, &raw);
    }
    // Of a multipart that only a guess takes apart nothing is lost.
    let raw = mail("Content-Type: multipart/mixed; boundary=zzz", format!("--x\r\n{html}\r\n--x--"));
    assert_eq!(fates(&hold("guessed", &raw)), [EVIL]);
    // Preamble and epilogue are read too.
    for body in ["https://evil.test/\r\n--a\r\n\r\nx\r\n--a--", "--a\r\n\r\nx\r\n--a--\r\nhttps://evil.test/"] {
        wrapped(body, &mail("Content-Type: multipart/mixed; boundary=a", body));
    }
}

#[test]
fn row_073_bogus_multiparts_and_digests() {
    for kind in ["none", "form-data", "part_mime_version_01", "x-y"] {
        let body = format!(
            "--a\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--a--",
            base64(LINK)
        );
        wrapped(kind, &mail(&format!("Content-Type: multipart/{kind}; boundary=a"), body));
    }
    wrapped(
        "no kind at all",
        &mail(
            "Content-Type: multipart; boundary=a",
            format!(
                "--a\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--a--",
                base64(LINK)
            ),
        ),
    );
    let digest = "Content-Type: multipart/digest; boundary=a";
    wrapped("a message", &mail(digest, "--a\r\n\r\nSubject: x\r\n\r\nhttps://evil.test/\r\n--a--"));
    // A reader that does not know digests shows the field as text.
    dead("a field", &mail(digest, "--a\r\n\r\nhttps://evil.test/ x\r\n\r\ny\r\n--a--"));
}

#[test]
fn row_074_a_multipart_with_an_encoding() {
    let inner = format!("--a\r\nContent-Type: text/html\r\n\r\n{LINK}\r\n--a--\r\n");
    wrapped(
        "really encoded",
        &mail("Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: base64", base64(&inner)),
    );
    dead(
        "printable",
        &mail(
            "Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: quoted-printable",
            inner.replace('=', "=3D"),
        ),
    );
    let plain =
        format!("--a\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--a--", base64(LINK));
    wrapped(
        "only said to be",
        &mail("Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: base64", plain),
    );
}

#[test]
fn row_075_bogus_transfer_encodings() {
    for token in ["8bit+", "hexa", "8bith", "garbage-in", "\"base64\"", "x-base64", "base64,", "b", "base 64", "q"] {
        let head = format!("Content-Type: text/html\r\nContent-Transfer-Encoding: {token}");
        let once = dead(token, &mail(&head, LINK));
        assert!(token.contains("64") || fates(&once) == [EVIL], "{token}");
        if !token.contains("64") {
            let quoted = LINK.replace('=', "=3D").replace("evil", "ev=\r\nil");
            let once = dead(token, &mail(&head, quoted));
            assert!(once.report.recoded_parts.len() == 1, "{token}: {}", text(&once));
        }
        dead(token, &mail(&head, base64(LINK)));
    }
}

#[test]
fn row_076_malformed_quoted_printable() {
    let head = "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable";
    for body in [
        "<a href=3D\"https://ev=\r\nil.test/\">x</a>",
        "<a href=3d\"https://ev=\nil.test/\">x</a>",
        "<a href=3D\"https://ev= \t\r\nil.test/\">x</a>",
        "<a href=\"https://evil.test/\">x</a>=",
        "<a href=3D\"https://evil.test/\">x</a>=3",
        "<a href=3D=22https:=2F=2Fevil.test=2f=22>x</a>",
        "<a href=3D\"https://evil.test/\">é</a>",
        "<a href=3D\"https://evil.test/\">x</a>   ",
    ] {
        wrapped(body, &mail(head, body));
    }
    for body in [
        "<a href=3D\"https:/=/evil.test/\">x</a>",
        "<a href=3D\"ht=tps://evil.test/\">x</a>",
        "<a href=3D\"=\">x</a><!=-- <a href=3D\"https:/=/evil.test/\">x</a>",
    ] {
        dead(body, &mail(head, body));
    }
}

#[test]
fn row_077_malformed_base64() {
    let head = "Content-Type: text/html\r\nContent-Transfer-Encoding: base64";
    let whole = base64(LINK);
    let (first, second) = (base64("<p>a</p>\n"), base64(LINK));
    for (name, body) in [
        ("no padding", whole.trim_end_matches('=').to_owned()),
        ("padding and more", format!("{}={}", base64("<p>a</p>!").trim_end_matches('='), second)),
        ("noise", whole.replace("RlZ", "R!l*Z").replace("ev", "e v")),
        ("two in a row", format!("{first}\r\n\r\n{second}")),
        ("one character too many", format!("{whole}\r\nA")),
        ("plain text below", format!("{first}\r\n-- \r\n{LINK}")),
        ("only plain text", LINK.to_owned()),
        (
            "for URLs",
            base64("<p>\u{3ff}\u{fff}?\u{7bf}</p>?>?>?>").replace('+', "-").replace('/', "_") + "\r\n" + &second,
        ),
        ("lines that end within a group", format!("{}\r\n{}", base64("<p>ab").trim_end_matches('='), second)),
    ] {
        dead(name, &mail(head, body));
    }
    dead(
        "UTF-7 in base64",
        &mail(
            "Content-Type: text/html; charset=utf-7\r\nContent-Transfer-Encoding: base64",
            base64("+ADw-a href=+ACI-https://evil.test/+ACI-+AD4-x"),
        ),
    );
}

fn uuencoded(name: &str, text: &str) -> String {
    let mut out = format!("begin 644 {name}\r\n");
    for line in text.as_bytes().chunks(45) {
        let glyph = |value: u8| if value == 0 { '`' } else { char::from(value + 32) };
        out.push(glyph(line.len() as u8));
        for group in line.chunks(3) {
            let mut padded = [0; 4];
            padded[1..=group.len()].copy_from_slice(group);
            let bits = u32::from_be_bytes(padded);
            (0..4).for_each(|at| out.push(glyph((bits >> (18 - 6 * at)) as u8 & 63)));
        }
        out += "\r\n";
    }
    out + "`\r\nend\r\n"
}

fn uudecoded(text: &str) -> String {
    let mut out = Vec::new();
    let body = text.split("begin 644 ").nth(1).expect("a file begins");
    for line in body.lines().skip(1).take_while(|line| *line != "end") {
        let length = (line.as_bytes()[0] - 32) & 63;
        let mut bytes = Vec::new();
        for group in line.as_bytes()[1..].chunks(4) {
            let bits = group.iter().fold(0_u32, |bits, byte| bits << 6 | u32::from((byte - 32) & 63));
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
        }
        out.extend_from_slice(&bytes[..usize::from(length)]);
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn row_078_uuencode() {
    let page = format!("<html><p>hello there, this is a page of more than one line</p>{LINK}</html>");
    for (name, head) in [
        ("in text", "Content-Type: text/plain"),
        ("by its name", "Content-Type: text/html\r\nContent-Transfer-Encoding: x-uuencode"),
        ("no header", "X: y"),
    ] {
        let body = format!("see the file\r\n\r\n{}\r\nbye", uuencoded("page.html", &page));
        let once = hold(name, &mail(head, body));
        assert!(fates(&once).contains(&EVIL.to_owned()), "{name}: {:?}", fates(&once));
        let inside = uudecoded(&text(&once));
        assert!(
            inside.contains("<p>hello there") && inside.contains(BASE) && !inside.contains("//evil.test"),
            "{inside}"
        );
    }
    // A picture stays as it is.
    let raw = mail("Content-Type: text/plain", uuencoded("a.gif", "GIF89a\u{1}\u{2} http://evil.test/ \u{3}"));
    assert_eq!(hold("picture", &raw).message, raw);
}

#[test]
fn row_079_charset_labels_that_lie() {
    for label in [
        "\"utf-8\r\n -x\"",
        "[charse<!doctype",
        "\"u\"tf-8",
        "_iso-2022-jp$esc",
        "utf-8 sdq",
        "",
        "x-nonsense",
        "utf-16",
        "'utf-8'",
    ] {
        wrapped(label, &mail(&format!("Content-Type: text/html; charset={label}"), LINK));
        wrapped(
            label,
            &mail(&format!("Content-Type: text/html; charset={label}"), [LINK.as_bytes(), b"\xe9\xa0\xff"].concat()),
        );
    }
    wrapped("none", &mail("Content-Type: text/html", LINK));
    // The label and the page disagree, and only one of them shows the link.
    let page = b"<meta charset=\"utf-7\"><p>+ADw-a href=+ACI-https://evil.test/+ACI-+AD4-x</p>";
    dead("meta says UTF-7", &mail("Content-Type: text/html; charset=utf-8", page));
    let page = b"<meta charset=shift_jis><a title=\"\x81\" href=\"https://evil.test/\">x</a>";
    dead("meta says Shift_JIS", &mail("Content-Type: text/html; charset=windows-1252", page));
    wrapped("a mark", &mail("Content-Type: text/html; charset=utf-16", [b"\xef\xbb\xbf", LINK.as_bytes()].concat()));
}

#[test]
fn row_080_utf_7() {
    let page = "+ADw-a href=+ACI-https://evil.test/+ACI-+AD4-x+ADw-/a+AD4-";
    let once = wrapped("said", &mail("Content-Type: text/html; charset=utf-7", page));
    assert!(text(&once).contains("charset=utf-8"), "{}", text(&once));
    let hidden = page.replace("https://evil.test/", "https:+AC8ALw-evil.test/");
    let once = hold("guessed", &mail("Content-Type: text/html", hidden));
    assert!(text(&once).contains("charset=utf-8"), "nobody has to guess: {}", text(&once));
    // The scheme itself is shifted.
    let page = "+ADw-a href+AD0AIg-+AGgAdAB0AHAAcwA6AC8ALw-evil.test/+ACIAPg-x";
    wrapped("all of it", &mail("Content-Type: text/html; charset=unicode-1-1-utf-7", page));
}

#[test]
fn row_081_utf_16_and_utf_32() {
    let units = |big: bool, mark: bool| -> Vec<u8> {
        let text = format!("{}<html><body>日本{LINK}</body></html>", if mark { "\u{feff}" } else { "" });
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    for (label, big, mark) in [
        ("utf-16le", false, false),
        ("utf-16be", true, false),
        ("utf-16", false, true),
        ("utf-16", true, true),
        ("utf-16", false, false),
        ("utf-16", true, false),
        ("utf-8", false, true),
    ] {
        let head = format!("Content-Type: text/html; charset={label}\r\nContent-Transfer-Encoding: base64");
        let once = wrapped(label, &mail(&head, base64(units(big, mark))));
        assert!(text(&once).contains("charset=utf-8"), "{}", text(&once));
        let structure = split(&once.message, &Limits::default());
        let part = structure.parts[0].open(&once.message, &Limits::default()).unwrap();
        assert!(part.text().starts_with("<html><body>日本<a href=\"https://go"), "{}", part.text());
    }
    for big in [false, true] {
        let text = format!("<html>{LINK}");
        let wide = |c: char| if big { u32::from(c).to_be_bytes() } else { u32::from(c).to_le_bytes() };
        let bytes: Vec<u8> = text.chars().flat_map(wide).collect();
        for label in ["utf-32", "utf-32le", "utf-32be"] {
            let head = format!("Content-Type: text/html; charset={label}\r\nContent-Transfer-Encoding: base64");
            dead(label, &mail(&head, base64(&bytes)));
        }
    }
}

#[test]
fn row_082_stateful_charsets() {
    let jp = "Content-Type: text/html; charset=iso-2022-jp";
    for (name, head, body) in [
        ("kanji", jp, &b"\x1b$BF|K\\\x1b(B<a href=\"https://evil.test/\">x</a>"[..]),
        ("a quote in kanji", jp, b"<a title=\"\x1b$B!\"!\"\x1b(B\" href=\"https://evil.test/\">x</a>"),
        ("never shifted back", jp, b"<p title=\"\x1b$B\"><a href=\"https://evil.test/\">x</a>"),
        ("an escape that not all know", jp, b"<p title=\"\x1b$(D\"!\x1b(B\"><a href=\"https://evil.test/\">x</a>"),
        ("half a character", jp, b"<p title=\"\x1b$BF\x1b(B\"><a href=\"https://evil.test/\">x</a>"),
        (
            "iso-2022-kr",
            "Content-Type: text/html; charset=iso-2022-kr",
            b"\x1b$)C<p title=\"\x0e\">\x0f\"><a href=\"https://evil.test/\">x</a>",
        ),
        (
            "hz",
            "Content-Type: text/html; charset=hz-gb-2312",
            b"<p title=\"~{\">~}\"><a href=\"https://evil.test/\">x</a>",
        ),
    ] {
        dead(name, &mail(head, body));
    }
    // In clear Japanese mail only the link changes.
    let raw = mail(jp, b"\x1b$BF|K\\\x1b(B<a href=\"https://evil.test/\">\x1b$BF|K\\\x1b(B</a>");
    let once = wrapped("in place", &raw);
    assert!(once.report.recoded_parts.is_empty());
    assert!(once.message.windows(13).any(|bytes| bytes == b">\x1b$BF|K\\\x1b(B</"), "{}", text(&once));
}

#[test]
fn row_083_bytes_that_swallow_a_quote() {
    for (charset, lead) in [
        ("shift_jis", &b"\x81"[..]),
        ("gbk", b"\x81"),
        ("big5", b"\xa4"),
        ("utf-8", b"\xc3"),
        ("utf-8", b"\xe3\x81"),
        ("euc-jp", b"\x8f\xa2"),
        ("euc-kr", b"\xb0"),
    ] {
        let head = format!("Content-Type: text/html; charset={charset}");
        let shown = [b"<p title=\"".as_slice(), lead, b"\"><a href=\"https://evil.test/\">x</a>"].concat();
        wrapped(charset, &mail(&head, shown));
        // The link stands in an attribute for one reader, and is live for the other.
        let hidden = [b"<p title=\"".as_slice(), lead, b"\" alt='\"><a href=https://evil.test/>x</a>'>"].concat();
        let once = hold(charset, &mail(&head, hidden));
        assert!(text(&once).contains("charset=utf-8"), "{charset}: all read the same: {}", text(&once));
        assert!(!once.message.windows(lead.len() + 1).any(|bytes| bytes == [lead, b"\""].concat()), "{charset}");
    }
    // An overlong form is no quote for anybody who is up to date.
    wrapped(
        "overlong",
        &mail("Content-Type: text/html; charset=utf-8", b"<p title=\"\xc0\xa2\"><a href=\"https://evil.test/\">x</a>"),
    );
}

#[test]
fn row_084_charsets_of_nobody() {
    let ebcdic: Vec<u8> = "\x4c\u{81}\x40\u{88}\u{99}\u{85}\u{86}\x7e\x7f\u{88}\u{a3}\u{a3}\u{97}\u{a2}\x7a\x61\x61\u{85}\u{a5}\u{89}\u{93}\x4b\u{a3}\u{85}\u{a2}\u{a3}\x61\x7f\x6e\u{a7}".chars().map(|c| c as u8).collect();
    for label in ["ibm037", "cp037", "ebcdic-cp-us", "IBM1047"] {
        let head = format!("Content-Type: text/html; charset={label}\r\nContent-Transfer-Encoding: base64");
        let once = hold(label, &mail(&head, base64(&ebcdic)));
        assert!(text(&once).contains("charset=utf-8"), "the bytes mean the same to all: {}", text(&once));
    }
    for label in ["x-user-defined", "x-mac-nowhere", "iso-8859-99", "bogus"] {
        wrapped(
            label,
            &mail(&format!("Content-Type: text/html; charset={label}"), [LINK.as_bytes(), b"\xe9"].concat()),
        );
    }
}

#[test]
fn row_085_flowed_text() {
    let delsp = "Content-Type: text/plain; format=flowed; delsp=yes";
    wrapped("delsp", &mail(delsp, "https://ev \r\nil.test/ x"));
    wrapped("quoted", &mail(delsp, "> https://ev \r\n> il.test/ x"));
    wrapped("stuffed", &mail("Content-Type: text/plain; format=flowed", " From x\r\n https://evil.test/ \r\nis"));
    let once = wrapped("long", &mail(delsp, format!("{} https://evil.test/ x", "y".repeat(980))));
    assert!(once.message.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
}

#[test]
fn row_086_urls_over_lines() {
    for body in ["<URL:https://ev\r\nil.test/>", "<https://ev\r\n  il.test/>", "<https://evil.test/>"] {
        wrapped(body, &mail("Content-Type: text/plain", body));
    }
}

#[test]
fn row_087_lines_nul_and_eight_bits() {
    let long = format!("<p>{}</p>{LINK}", "x".repeat(990));
    let once = wrapped("long", &mail("Content-Type: text/html", &long));
    assert!(
        once.message.split(|byte| *byte == b'\n').all(|line| line.len() <= 999),
        "no line of ours is cut on its way"
    );
    let lf = String::from_utf8(mail("Content-Type: text/html", LINK)).unwrap().replace("\r\n", "\n");
    assert!(!text(&wrapped("LF alone", lf.as_bytes())).contains('\r'));
    wrapped("8-bit header", &mail("Subject: caf\u{e9} \u{65e5}\r\nX-Raw: \u{ff}\r\nContent-Type: text/html", LINK));
    dead("NUL", &mail("Content-Type: text/html", "<a hr\0ef=\"https://ev\0il.test/\">x</a>"));
    dead("NUL in text", &mail("Content-Type: text/plain", "ht\0tps://evil.test/"));
    for head in [
        "Content-Type: text/plain\rContent-Type: text/html\rContent-Transfer-Encoding: base64",
        "Subject: x\rContent-Type: text/html\rContent-Transfer-Encoding: base64\r",
        "X: y\rContent-Transfer-Encoding: base64\rContent-Type: text/html\r\r!: ",
    ] {
        dead(head, &mail(head, base64(LINK)));
    }
    let raw = mail(
        "Content-Type: multipart/mixed; boundary=a",
        format!(
            "--a\r\n\r\nx\r--a\rContent-Type: text/html\rContent-Transfer-Encoding: base64\r\r{}\r--a--\r\n--a--",
            base64(LINK).replace("\r\n", "\r")
        ),
    );
    dead("delimiters behind a CR", &raw);
}

#[test]
fn row_088_where_the_header_ends() {
    let encoded = format!("Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", base64(LINK));
    for (name, head) in [
        ("no empty line", "Subject: x\r\nthis is no field\r\n"),
        ("a line of blanks", "Subject: x\r\n   \r\n"),
        ("a blank before the colon", "Subject : x\r\n"),
        ("a continuation at the start", "Subject: x\r\n \r\n y\r\n"),
    ] {
        let raw = format!("From: a@example.com\r\nMessage-ID: <1@example.com>\r\n{head}{encoded}\r\n");
        dead(name, raw.as_bytes());
    }
    // A field behind the first line that is none: text for one reader, header for the other.
    let raw =
        b"Message-ID: <1@example.com>\r\nSubject: x\r\nhttps //evil\r\nX-Link: https://evil.test/\r\n\r\nbody\r\n";
    wrapped("smuggled", raw);
}

#[test]
fn row_089_messages_in_messages() {
    let mut raw = mail("Content-Type: text/html", LINK);
    for _ in 0..30 {
        raw = [b"Content-Type: message/rfc822\r\n\r\n".as_slice(), &raw].concat();
    }
    wrapped("thirty", &raw);
    let once = hold("two hundred", &[b"Content-Type: message/rfc822\r\n\r\n".repeat(200), raw].concat());
    assert_eq!(once.report.removed_parts.len(), 1, "what lies deeper is a note");
    let inner = mail("Content-Type: text/html", LINK);
    for encoding in ["base64", "quoted-printable"] {
        let body = if encoding == "base64" {
            base64(&inner)
        } else {
            String::from_utf8(inner.clone()).unwrap().replace('=', "=3D")
        };
        wrapped(
            encoding,
            &mail(&format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {encoding}"), body),
        );
    }
    // An ambiguous message inside an encoded one.
    let inner = mail(
        "Content-Type: text/html\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64",
        base64(LINK),
    );
    dead(
        "ambiguous inside",
        &mail("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64", base64(&inner)),
    );
}

#[test]
fn row_090_partial_and_external_bodies() {
    let external = "Content-Type: message/external-body; access-type=URL; URL=\"https://evil.test/\"";
    let once = dead("external", &mail(external, "Content-Type: text/html\r\nContent-ID: <x>\r\n\r\n"));
    assert_eq!(once.report.removed_parts.len(), 1);
    assert!(text(&once).contains("could not be checked"), "{}", text(&once));
    let partial = "Content-Type: message/partial; id=x; number=1; total=2";
    let once = dead(
        "partial",
        &mail(partial, format!("Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", base64(LINK))),
    );
    assert_eq!(once.report.removed_parts.len(), 1);
}

#[test]
fn row_091_amp() {
    let amp =
        "--a\r\nContent-Type: text/x-amp-html\r\n\r\n<html amp4email><a href=\"https://evil.test/\">x</a></html>\r\n";
    let html = "--a\r\nContent-Type: text/html\r\n\r\n<a href=\"https://good.test/\">x</a>\r\n";
    let text_part = "--a\r\nContent-Type: text/plain\r\n\r\nhello\r\n";
    let head = "Content-Type: multipart/alternative; boundary=a";
    let once = dead("with HTML", &mail(head, format!("{text_part}{amp}{html}--a--")));
    assert!(!text(&once).contains("amp4email"), "{}", text(&once));
    assert_eq!(once.report.dropped_parts.len(), 1);
    assert_eq!(split(&once.message, &Limits::default()).parts.len(), 3);
    // Where nothing else says the same it stays, and is rewritten.
    let once = wrapped("alone", &mail(head, format!("{text_part}{amp}--a--")));
    assert!(once.report.dropped_parts.is_empty());
    let policy = Policy { amp: sekisho::rewrite::Amp::Rewrite, ..Policy::default() };
    let raw = mail(head, format!("{text_part}{amp}{html}--a--"));
    let once = rewriter_with(policy, TENANT).rewrite(&raw, &Envelope::default(), NOW).unwrap();
    assert_eq!(fates(&once), [EVIL, "wrapped https://good.test/"]);
}

#[test]
fn row_092_enriched_markdown_cards_and_xhtml() {
    for (kind, body) in [
        ("text/enriched", "<bold>see</bold> https://ev<italic>il</italic>.test/ <<x>"),
        ("text/richtext", "<bold>see</bold> https://evil.test/<nl>x"),
        ("text/markdown", "[x](https://evil.test/)"),
        ("text/markdown", "[x](<https://evil.test/> \"t\")"),
        ("text/markdown", "[x]: https://evil.test/ 't'"),
        ("text/markdown", "[x](https&#58;//evil.test/)"),
        ("text/markdown", "[x](https:\\/\\/evil.test/)"),
        ("text/markdown", "<a href='&#104;ttps://evil.test/'>x</a>"),
        ("text/vcard", "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:x\r\nURL:https://ev\r\n il.test/\r\nEND:VCARD"),
        (
            "application/xhtml+xml",
            "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><body><a href=\"https://evil.test/\">x</a></body></html>",
        ),
    ] {
        wrapped(&format!("{kind} {body}"), &mail(&format!("Content-Type: {kind}"), body));
    }
    let once = dead("javascript", &mail("Content-Type: text/markdown", "[x](javascript:location='//evil.test/')"));
    assert_eq!(fates(&once)[0], "defanged scheme");
}

fn event(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR")
}

fn unfolded(once: &Rewritten) -> String {
    text(once).replace("\r\n ", "")
}

#[test]
fn row_092_calendars() {
    for lines in [
        "DESCRIPTION:join https://evil.test/\\n at noon\\, all",
        "DESCRIPTION:join https://ev\r\n il.test/",
        "DESCRIPTION:join https://ev\r\n\til.test/",
        "URL:https://evil.test/",
        "URL;VALUE=URI:https://evil.test/",
        "ATTACH:https://evil.test/",
        "ATTACH;FMTTYPE=text/html;FILENAME=\"a:b;c.html\":https://evil.test/",
        "CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://evil.test/",
        "LOCATION:https://evil.test/",
        "X-GOOGLE-CONFERENCE:https://evil.test/",
        "X-ALT-DESC;FMTTYPE=text/html:<html><a href=\"https://evil.test/\">x\\, y</a></html>",
        "X-ALT-DESC;FMTTYPE=text/html:<html><a href=\"&#104;ttps:&#47;/evil.\r\n test/\">x</a></html>",
        "STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<a href=\"https://evil.test/\">x</a>",
        "DESCRIPTION:<a href=\"&#104;ttps://evil.test/\">x</a>",
        "DESCRIPTION;ALTREP=\"https://evil.test/\":x",
        "DESCRIPTION;ENCODING=QUOTED-PRINTABLE:join https:=2F=2Fev=\r\nil.test/",
    ] {
        for kind in ["text/calendar; method=REQUEST; charset=utf-8", "application/ics; name=invite.ics"] {
            let once = wrapped(&format!("{kind} {lines}"), &mail(&format!("Content-Type: {kind}"), event(lines)));
            let out = unfolded(&once);
            assert!(out.contains("\r\nEND:VEVENT\r\nEND:VCALENDAR"), "{out}");
            assert!(
                text(&once).lines().filter(|line| !line.starts_with("X-Sekisho")).all(|line| line.len() <= 76),
                "{}",
                text(&once)
            );
        }
    }
    let once = wrapped(
        "escapes stay",
        &mail("Content-Type: text/calendar", event("DESCRIPTION:a\\, b\\; c\\\\ https://evil.test/ \\n d")),
    );
    assert!(unfolded(&once).contains("DESCRIPTION:a\\, b\\; c\\\\ https://go.corp.example/"), "{}", text(&once));
    // A comma in the URL itself.
    let once = laws::rewrite(&mail("Content-Type: text/calendar", event("DESCRIPTION:https://evil.test/a\\,b")));
    assert_eq!(fates(&once), ["wrapped https://evil.test/a,b"]);
    // An untouched line keeps its folds.
    let kept = "SUMMARY:one\r\n  two\r\n\tthree";
    let once =
        wrapped("folds", &mail("Content-Type: text/calendar", event(&format!("{kept}\r\nURL:https://evil.test/"))));
    assert!(text(&once).contains(kept));
    // An attached invitation, by its name, in base64.
    let head = "Content-Type: application/octet-stream; name=\"invite.ICS\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64";
    wrapped("attached", &mail(head, base64(event("URL:https://evil.test/"))));
}

#[test]
fn row_093_alternatives() {
    let part = |kind: &str, body: &str| format!("--a\r\nContent-Type: {kind}\r\n\r\n{body}\r\n");
    let good = "<a href=\"https://good.test/\">x</a>";
    for parts in [
        part("text/plain", "https://evil.test/") + &part("text/html", good),
        part("text/html", LINK) + &part("text/plain", "hello"),
        part("text/html", good) + &part("text/html", LINK) + &part("text/html", good),
        part("text/plain", "x") + &part("text/html", good) + &part("text/calendar", &event("URL:https://evil.test/")),
    ] {
        wrapped(&parts, &mail("Content-Type: multipart/alternative; boundary=a", parts.clone() + "--a--"));
    }
}

#[test]
fn row_094_types_that_lie() {
    let hidden = "<html><body><a href=\"&#104;ttps:&#47;/evil.test/\">x</a></body></html>";
    for head in [
        "Content-Type: text/plain",
        "Content-Type: TEXT/HTML charset=us-ascii",
        "Content-Type: text/html charset=windows-1252",
        "Content-Type: text",
        "Content-Type: html",
        "Content-Type: application/octet-stream; name=a.html",
        "Content-Type: application/octet-stream; name=a.txt\r\nContent-Disposition: attachment; filename=a.HTM",
        "Content-Type: application/octet-stream; name=a.html\r\nContent-Disposition: attachment; filename=a.txt",
        "Content-Type: text/x-unknown",
        "Content-Type: text/xml",
        "X-No: type",
    ] {
        let once = hold(head, &mail(head, hidden));
        assert_eq!(fates(&once), [EVIL], "{head}: {}", text(&once));
    }
    // Text that only looks like it stays text: no anchor is put into it.
    let once = hold("text", &mail("Content-Type: text/plain", "<b> is a tag, https://evil.test/ a link"));
    assert!(!text(&once).contains("<a "), "{}", text(&once));
}

#[test]
fn row_096_signed_and_encrypted_mail() {
    let signed = |body: &str| {
        mail(
            "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=s",
            format!(
                "--s\r\nContent-Type: text/html\r\n\r\n{body}\r\n--s\r\nContent-Type: application/pkcs7-signature\r\n\r\nAAAA\r\n--s--"
            ),
        )
    };
    let once = wrapped("rewritten", &signed(LINK));
    assert_eq!(once.report.broken_signatures, ["1"], "what it breaks is said");
    assert!(hold("nothing to do", &signed("x")).report.broken_signatures.is_empty());
    let policy = Policy { signed: Signed::Leave, ..Policy::default() };
    let left = rewriter_with(policy.clone(), TENANT).rewrite(&signed(LINK), &Envelope::default(), NOW).unwrap();
    assert_eq!(left.message, signed(LINK));
    assert_eq!(left.report.left_parts.len(), 2);
    // Opaque: the message inside the structure comes out, and the structure goes.
    let inner = format!("Content-Type: text/html\r\n\r\n{LINK}\r\n");
    let opaque = mail(
        "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64",
        base64(cms(inner.as_bytes())),
    );
    let once = wrapped("opaque", &opaque);
    assert!(text(&once).contains("Content-Type: text/html"), "{}", text(&once));
    assert_eq!(once.report.broken_signatures, ["1"]);
    let left = rewriter_with(policy, TENANT).rewrite(&opaque, &Envelope::default(), NOW).unwrap();
    assert_eq!(left.message, opaque);
    // Nothing to find, nothing to break.
    let quiet = mail(
        "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64",
        base64(cms(b"Content-Type: text/plain\r\n\r\nhello\r\n")),
    );
    assert_eq!(hold("quiet", &quiet).message, quiet);
    let encrypted = mail(
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=s",
        "--s\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--s\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--s--",
    );
    let once = hold("encrypted", &encrypted);
    assert_eq!(once.message, encrypted);
    assert_eq!(once.report.left_parts.len(), 2);
}

/// A ContentInfo of SignedData as RFC 5652 has it, with everything left out that is no content.
fn cms(content: &[u8]) -> Vec<u8> {
    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        match content.len() {
            short @ 0..128 => out.push(short as u8),
            long => out.extend([0x82, (long >> 8) as u8, long as u8]),
        }
        out.extend_from_slice(content);
        out
    }
    let oid = |last: u8| tlv(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last]);
    let encapsulated = tlv(0x30, &[oid(1), tlv(0xa0, &tlv(4, content))].concat());
    let signed = tlv(0x30, &[tlv(2, &[1]), tlv(0x31, &[]), encapsulated, tlv(0x31, &[])].concat());
    tlv(0x30, &[oid(2), tlv(0xa0, &signed)].concat())
}

#[test]
fn row_097_what_verification_needs_is_not_touched() {
    let head = "Authentication-Results: mx.corp.example; dkim=pass\r\nDKIM-Signature: v=1; d=example.com; h=from;\r\n b=https://evil.test/\r\nARC-Seal: i=1; cv=none\r\nReceived: from evil.test\r\nContent-Type: text/html";
    let once = hold("DKIM", &mail(head, LINK));
    let (before, _) = head.split_once("\r\nContent-Type").unwrap();
    assert!(text(&once).contains(before), "the fields of verification stay: {}", text(&once));
}

#[test]
fn row_098_forged_markers() {
    for head in ["X-Sekisho: v1; links=1; left=0; defanged=0; tag=00", "x-sekisho: done", "X-Sekisho-Done: 1"] {
        let once = wrapped(head, &mail(&format!("{head}\r\nContent-Type: text/html"), LINK));
        assert!(!text(&once).contains(head), "{}", text(&once));
    }
    let forged = format!("{BASE}/evil.test/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let once = laws::rewrite(&mail("Content-Type: text/html", format!("<a href=\"{forged}\">x</a>")));
    assert_eq!(fates(&once), [format!("wrapped {forged}")], "only a tag that proves itself is ours");
}

#[test]
fn row_099_list_fields_stay() {
    let fields = "List-Unsubscribe: <https://evil.test/u?id=1>,\r\n <mailto:u@evil.test>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
        List-Archive: <https://evil.test/a>\r\nList-Help: <https://evil.test/h>\r\nArchived-At: <https://evil.test/x>";
    let once =
        hold("list", &mail(&format!("{fields}\r\nContent-Type: text/html"), "<a href=\"https://good.test/\">x</a>"));
    assert!(text(&once).contains(fields), "{}", text(&once));
    assert_eq!(fates(&once), ["wrapped https://good.test/"]);
}
