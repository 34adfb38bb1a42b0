//! Files that links lead to: what they are, against what they are called.

use sekisho::{
    judge::{Threat, Tier},
    look::{Check, Kind, Looked},
};

use super::looked;
use std::fmt::Write as _;

fn file(name: &str, content_type: Option<&str>, bytes: &[u8]) -> Looked {
    looked(&format!("https://files.sender.example/{name}"), 200, content_type, None, bytes)
}

fn checks(looked: &Looked) -> Vec<Check> {
    let mut checks: Vec<Check> = looked.marks.iter().map(|mark| mark.check).collect();
    checks.sort();
    checks
}

fn program() -> Vec<u8> {
    let mut bytes = vec![0; 512];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[60] = 128;
    bytes[128..132].copy_from_slice(b"PE\0\0");
    bytes
}

/// An archive of stored members; flag 1 is encryption.
fn zip(members: &[(&str, &[u8], u16)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data, flags) in members {
        let at = out.len() as u32;
        let size = (data.len() as u32).to_le_bytes();
        let shared =
            [&flags.to_le_bytes()[..], &[0; 10], &size, &size, &(name.len() as u16).to_le_bytes(), &[0; 2]].concat();
        out.extend([b"PK\x03\x04\x14\0".as_slice(), &shared, name.as_bytes(), data].concat());
        directory.extend(
            [b"PK\x01\x02\x14\0\x14\0".as_slice(), &shared, &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat(),
        );
    }
    let (start, count) = (out.len() as u32, (members.len() as u16).to_le_bytes());
    let length = (directory.len() as u32).to_le_bytes();
    out.extend(
        [&directory[..], b"PK\x05\x06\0\0\0\0", &count, &count, &length, &start.to_le_bytes(), &[0; 2]].concat(),
    );
    out
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn programs_are_told_and_disguises_are_malicious() {
    let honest = file("setup.exe", Some("application/octet-stream"), &program());
    assert_eq!((honest.kind, honest.tier, checks(&honest)), (Kind::Program, Tier::Clean, vec![Check::FileProgram]));
    assert_eq!(honest.name.as_deref(), Some("setup.exe"));
    for (name, content_type) in
        [("report.pdf", None), ("photo.jpg", Some("image/jpeg")), ("file", Some("application/pdf"))]
    {
        let disguised = file(name, content_type, &program());
        assert!(checks(&disguised).contains(&Check::FileDisguised), "{name}");
        assert_eq!((disguised.tier, disguised.threat), (Tier::Malicious, Threat::Malware), "{name}");
    }
    for name in ["invoice.pdf.exe", "photo%E2%80%AEgpj.exe", "statement.docx%20%20%20%20%20%20%20%20.scr"] {
        let two = file(name, None, &program());
        assert!(two.tier == Tier::Malicious && checks(&two).contains(&Check::FileTwoNames), "{name}: {two:?}");
        assert!(!two.in_words().contains('\u{202e}'));
    }
}

#[test]
fn what_runs_when_it_is_opened_is_suspicious() {
    let shortcut = b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46\0\0";
    for (name, bytes) in [
        ("notice.lnk", shortcut.as_slice()),
        ("notice.hta", b"<html><script language=vbscript>x</script></html>"),
        ("notice.js", b"var a = new ActiveXObject('WScript.Shell')"),
        ("notice.vbs", b"CreateObject(\"WScript.Shell\")"),
        ("notice.wsf", b"<job><script></script></job>"),
    ] {
        let told = file(name, None, bytes);
        assert_eq!(
            (told.kind, told.tier, checks(&told)),
            (Kind::Starter, Tier::Suspicious, vec![Check::FileStarter]),
            "{name}"
        );
    }
    // Scripts of pages are no files of their own to whoever clicks, and text is text.
    assert_eq!(file("notes.txt", Some("text/plain"), b"hello").tier, Tier::Clean);
    let mut image = vec![0; 0x8006];
    image[0x8001..].copy_from_slice(b"CD001");
    assert_eq!(checks(&file("backup.iso", None, &image)), [Check::FileImage]);
}

#[test]
fn archives_are_looked_into() {
    let told = |members: &[(&str, &[u8], u16)]| checks(&file("a.zip", Some("application/zip"), &zip(members)));
    assert_eq!(told(&[("letter.txt", b"hello", 0), ("photo.jpg", b"\xff\xd8\xff", 0)]), []);
    assert_eq!(told(&[("setup.exe", &program(), 0)]), [Check::ArchiveProgram]);
    assert_eq!(told(&[("invoice.js", b"x", 0)]), [Check::ArchiveStarter]);
    assert_eq!(told(&[("src/lib/index.js", b"x", 0), ("run.sh", b"#!/bin/sh", 0)]), []);
    assert_eq!(told(&[("invoice.lnk", b"x", 0)]), [Check::ArchiveStarter]);
    assert_eq!(told(&[("disk.iso", b"x", 0)]), [Check::ArchiveStarter]);
    assert!(told(&[("invoice.pdf", &program(), 0)]).contains(&Check::ArchiveDisguised));
    assert!(told(&[("請求書.pdf.exe", b"x", 0)]).contains(&Check::ArchiveDisguised));
    assert_eq!(told(&[("letter.docx", b"x", 1)]), [Check::ArchiveLocked]);
    // One archive inside is opened, the next is told.
    let inner = zip(&[("setup.exe", &program(), 0)]);
    assert_eq!(told(&[("inner.zip", &inner, 0)]), [Check::ArchiveProgram]);
    let deeper = zip(&[("inner.zip", &inner, 0)]);
    assert_eq!(told(&[("outer.zip", &deeper, 0)]), [Check::ArchiveHides]);
    // A list that names fewer members than there are.
    let mut short = zip(&[("a", b"x", 0), ("b.exe", b"x", 0)]);
    let end = short.len() - 12;
    short[end] = 1;
    assert!(checks(&file("a.zip", None, &short)).contains(&Check::ArchiveHides));
}

#[test]
fn bombs_are_told_and_cost_little() {
    let mut bomb = zip(&[("zeros", b"x", 0)]);
    let at = bomb.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    bomb[at + 24..at + 28].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(checks(&file("a.zip", None, &bomb)).contains(&Check::ArchiveHides));
    let many: Vec<(String, Vec<u8>)> = (0..3000).map(|at| (format!("{at}.txt"), vec![b'x'; 4])).collect();
    let many: Vec<(&str, &[u8], u16)> = many.iter().map(|(name, data)| (name.as_str(), data.as_slice(), 0)).collect();
    assert!(checks(&file("a.zip", None, &zip(&many))).contains(&Check::ArchiveHides));
}

#[test]
fn office_documents_with_macros_and_templates_are_told() {
    let plain = zip(&[("[Content_Types].xml", b"<x/>", 0), ("word/document.xml", b"<x/>", 0)]);
    let told = file("letter.docx", None, &plain);
    assert_eq!((told.kind, checks(&told)), (Kind::Office, vec![]));
    let macros = zip(&[("[Content_Types].xml", b"<x/>", 0), ("word/vbaProject.bin", b"x", 0)]);
    assert_eq!(checks(&file("letter.docm", None, &macros)), [Check::FileMacro]);
    let relations = |target: &str| {
        let xml = format!(
            "<Relationships><Relationship Id=\"r\" Type=\"http://schemas.example/attachedTemplate\" Target=\"{target}\" TargetMode=\"External\"/></Relationships>"
        );
        zip(&[("[Content_Types].xml", b"<x/>", 0), ("word/_rels/settings.xml.rels", xml.as_bytes(), 0)])
    };
    assert_eq!(checks(&file("a.docx", None, &relations("https://evil.test/t.dotm"))), [Check::FileTemplate]);
    assert_eq!(checks(&file("a.docx", None, &relations("Normal.dotm"))), []);
    let old = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &[0; 100], &wide("WordDocument")].concat();
    assert_eq!((file("a.doc", None, &old).kind, checks(&file("a.doc", None, &old))), (Kind::OldOffice, vec![]));
    let old = [old, wide("_VBA_PROJECT")].concat();
    assert_eq!(checks(&file("a.doc", None, &old)), [Check::FileMacro]);
}

#[test]
fn pdf_that_starts_something_is_told() {
    let told = |body: &str| checks(&file("a.pdf", Some("application/pdf"), format!("%PDF-1.7\n{body}").as_bytes()));
    assert_eq!(told("1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj"), []);
    assert_eq!(told("<</OpenAction<</S/Launch/F(cmd.exe)>>>>"), [Check::FilePdfLaunch]);
    assert_eq!(told("<</OpenAction<</S/#4aavaScript/JS(app.alert(1))>>>>"), [Check::FilePdfScript]);
    // A script that checks a field when it is left does not run by itself.
    assert_eq!(told("<</S/JavaScript/JS(check())>>"), []);
}

#[test]
fn packed_files_and_tars_are_looked_into() {
    let mut header = vec![0; 512];
    header[..9].copy_from_slice(b"setup.exe");
    header[124..135].copy_from_slice(b"00000000002");
    header[156] = b'0';
    header[257..262].copy_from_slice(b"ustar");
    let tar = [header, b"MZ".to_vec(), vec![0; 510 + 1024]].concat();
    assert_eq!(
        (file("a.tar", None, &tar).kind, checks(&file("a.tar", None, &tar))),
        (Kind::Tar, vec![Check::ArchiveProgram])
    );
    // Stored blocks of deflate (RFC 1951 section 3.2.4) with the name of the file before them.
    let gzip = |name: &str, data: &[u8]| {
        let length = data.len() as u16;
        [
            b"\x1f\x8b\x08\x08\0\0\0\0\0\x03".as_slice(),
            name.as_bytes(),
            b"\0\x01",
            &length.to_le_bytes(),
            &(!length).to_le_bytes(),
            data,
        ]
        .concat()
    };
    assert_eq!(file("a.tgz", None, &gzip("a.tar", &tar)).kind, Kind::Tar);
    assert_eq!(checks(&file("a.tgz", None, &gzip("a.tar", &tar))), [Check::ArchiveProgram]);
    assert_eq!(checks(&file("a.gz", None, &gzip("notes.txt", b"hello"))), []);
    assert!(checks(&file("a.gz", None, &gzip("invoice.pdf.exe", &program()))).contains(&Check::ArchiveDisguised));
}

#[test]
fn the_hash_is_that_of_the_whole_file() {
    let mut hash = String::new();
    for byte in file("a.txt", Some("text/plain"), b"abc").sha256.unwrap() {
        write!(hash, "{byte:02x}").unwrap();
    }
    // FIPS 180-2, appendix B.1.
    assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn what_lies_about_being_a_picture_is_read_as_the_page_that_it_is() {
    let page = b"<html><title>PayPal</title><form><input type=email><input type=password></form></html>";
    let told = looked("https://pics.sender.example/cat.png", 200, Some("image/png"), None, page);
    assert_eq!(told.kind, Kind::Page);
    assert!(checks(&told).contains(&Check::BrandClaimed), "{told:?}");
    assert_eq!(looked("https://pics.sender.example/cat.png", 200, Some("text/plain"), None, page).kind, Kind::Text);
}
