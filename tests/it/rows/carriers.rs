//! Section E: what carries a link outside of the text that is rewritten.

use base64::{Engine, engine::general_purpose::STANDARD};
use sekisho::rewrite::{Attachments, Envelope, PartRule, Policy, Rewritten};

use super::fates;
use crate::rewrite::laws::{NOW, TENANT, hold, rewrite, rewriter_with};

const EVIL: &str = "wrapped https://evil.test/";

fn attached(kind: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: a@example.com\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n\
         --b\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    );
    let lines: Vec<Vec<u8>> = STANDARD.encode(bytes).into_bytes().chunks(76).map(<[u8]>::to_vec).collect();
    [head.as_bytes(), &lines.join(&b"\r\n"[..]), b"\r\n--b--\r\n"].concat()
}

fn rule(once: &Rewritten) -> PartRule {
    once.report.left_parts[0].rule
}

#[test]
fn row_107_attachments_that_are_text() {
    let page = b"<html><body><a href=\"https://evil.test/\">x</a></body></html>";
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><a xlink:href=\"&#104;ttps://evil.test/\"><text>https://shown.test/</text></a></svg>";
    let event = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nURL:https://evil.test/\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let letter = b"Subject: x\r\nContent-Type: text/plain\r\n\r\nhttps://evil.test/\r\n";
    for (kind, name, bytes) in [
        ("text/html", "a.html", &page[..]),
        ("application/octet-stream", "a.HTM", page),
        ("application/xhtml+xml", "a.xhtml", page),
        ("image/svg+xml", "a.svg", svg),
        ("application/octet-stream", "a.svg", svg),
        ("application/ics", "a.ics", event),
        ("application/octet-stream", "invite.ics", event),
        ("text/vcard", "a.vcf", b"BEGIN:VCARD\r\nURL:https://evil.test/\r\nEND:VCARD\r\n"),
        ("message/rfc822", "a.eml", letter),
        ("application/octet-stream", "a.eml", letter),
    ] {
        let raw = attached(kind, name, bytes);
        let once = hold(name, &raw);
        assert!(fates(&once).contains(&EVIL.to_owned()), "{kind} {name}: {:?}", fates(&once));
        assert!(!fates(&once).iter().any(|fate| fate.contains("shown")), "text of a picture is no page's");
        // Each switch leaves it, and says so.
        let leave = Attachments::Leave;
        let policy = Policy {
            html_attachments: leave,
            calendar_attachments: leave,
            message_attachments: leave,
            ..Policy::default()
        };
        let left = rewriter_with(policy, TENANT).rewrite(&raw, &Envelope::default(), NOW).unwrap();
        assert_eq!((left.message == raw, rule(&left)), (true, PartRule::Attachment), "{kind} {name}");
    }
    let text = attached("text/plain", "a.txt", b"https://evil.test/");
    assert_eq!(rule(&hold("text", &text)), PartRule::Attachment);
    let policy = Policy { text_attachments: Attachments::Rewrite, ..Policy::default() };
    let once = rewriter_with(policy, TENANT).rewrite(&text, &Envelope::default(), NOW).unwrap();
    assert_eq!(fates(&once), [EVIL]);
    // Words that the document gives a meaning of its own cannot be read.
    let entity = b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY e 'https://evil.test/'>]><svg><a href='&e;'/></svg>";
    assert_eq!(hold("entity", &attached("image/svg+xml", "a.svg", entity)).report.removed_parts.len(), 1);
}

#[test]
fn row_107_attachments_that_are_none() {
    let wide: Vec<u8> = "x\0https://wide.test/a\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (kind, name, bytes, wanted) in [
        (
            "application/ms-tnef",
            "winmail.dat",
            [b"\x78\x9f\x3e\x22 https://evil.test/ \0".as_slice(), &wide].concat(),
            PartRule::Tnef,
        ),
        ("application/octet-stream", "winmail.dat", b"https://evil.test/ https://wide.test/a".to_vec(), PartRule::Tnef),
        (
            "application/rtf",
            "a.rtf",
            b"{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"https://evil.test/\"}} https://wide.test/a}".to_vec(),
            PartRule::RichText,
        ),
        (
            "application/pdf",
            "a.pdf",
            b"%PDF-1.4 /URI (https://evil.test/) https://wide.test/a".to_vec(),
            PartRule::Document,
        ),
        (
            "application/octet-stream",
            "a.url",
            b"[InternetShortcut]\r\nURL=https://evil.test/\r\nX=https://wide.test/a".to_vec(),
            PartRule::Document,
        ),
    ] {
        let raw = attached(kind, name, &bytes);
        let once = hold(name, &raw);
        assert_eq!(once.message, raw, "what is no text is never altered");
        assert_eq!(rule(&once), wanted, "{name}");
        assert_eq!(once.report.left_parts[0].links, ["https://evil.test/", "https://wide.test/a"], "{name}");
    }
    let zip = attached("application/zip", "a.zip", b"PK\x03\x04");
    assert_eq!(rule(&rewrite(&zip)), PartRule::Binary);
}

#[test]
fn row_109_an_image_that_is_linked_as_a_whole() {
    let raw = b"Message-ID: <1@example.com>\r\nContent-Type: text/html\r\n\r\n<a href=\"https://evil.test/\"><img src=\"https://images.test/x.png\"></a>\r\n";
    let once = hold("image", raw);
    assert_eq!(fates(&once), [EVIL]);
    assert!(String::from_utf8(once.message).unwrap().contains("<img src=\"https://images.test/x.png\">"));
}
