//! Office documents: macros, templates from the web, files inside.

use memchr::memmem;

use super::zip::Directory;
use crate::look::{Check, check::Seen, quote::quoted};

/// Bytes of a relationship part that are read.
const RELATIONS: usize = 256 * 1024;

/// An OOXML document (ECMA-376): its parts by name, its relationships by content.
pub(super) fn look(directory: &Directory<'_>, seen: &mut Seen<'_>) {
    for member in &directory.members {
        let name = member.name.to_ascii_lowercase();
        if name.ends_with("vbaproject.bin") || name.contains("/macrosheets/") {
            seen.mark(Check::FileMacro, format!("the document has macros ({})", quoted(&member.name)));
        }
        if name.ends_with(".rels")
            && (name.contains("settings.xml")
                || name.contains("document.xml")
                || name.contains("presentation.xml")
                || name.contains("workbook.xml"))
        {
            let xml = directory.open(member, RELATIONS);
            if let Some(target) = external_template(&crate::message::page_text(None, &xml)) {
                seen.mark(Check::FileTemplate, format!("the document loads its template from {}", quoted(&target)));
            }
        }
        let embedded = name.contains("/embeddings/")
            && (name.ends_with(".bin")
                || super::is_starter(&super::ending(&name))
                || super::is_program(&super::ending(&name)));
        if embedded && package_runs(&directory.open(member, RELATIONS)) {
            seen.mark(
                Check::FileEmbedded,
                format!("the document holds a file that runs when somebody clicks it ({})", quoted(&member.name)),
            );
        }
    }
}

/// The target of a relationship that loads a template or an object from outside.
fn external_template(xml: &str) -> Option<String> {
    xml.split("<Relationship").skip(1).find_map(|relation| {
        let relation = relation.split('>').next().unwrap_or_default();
        let value = |name: &str| {
            let rest = relation.split_once(&format!("{name}=\""))?.1;
            rest.split('"').next()
        };
        let kind = value("Type")?.to_ascii_lowercase();
        let loads = kind.ends_with("attachedtemplate") || kind.ends_with("oleobject") || kind.ends_with("frame");
        let target = value("Target")?;
        let lower = target.to_ascii_lowercase();
        let is_outside = value("TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("external"));
        (loads
            && is_outside
            && (lower.starts_with("http")
                || lower.starts_with("\\\\")
                || lower.starts_with("mhtml:")
                || lower.starts_with("file:")))
        .then(|| target.to_owned())
    })
}

/// Whether a packaged object names a file that runs: the name stands in it in plain bytes.
fn package_runs(bytes: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 12] = [
        b".exe\0", b".js\0", b".vbs\0", b".bat\0", b".cmd\0", b".hta\0", b".lnk\0", b".ps1\0", b".wsf\0", b".scr\0",
        b".jse\0", b".vbe\0",
    ];
    let lower = bytes.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| memmem::find(&lower, ending).is_some())
}

/// A document of before 2007: names in its directory are in UTF-16 ([MS-CFB] section 2.6.1).
pub(super) fn look_old(bytes: &[u8], seen: &mut Seen<'_>) {
    let has = |name: &str| memmem::find(bytes, &wide(name)).is_some();
    if has("_VBA_PROJECT") || has("VBA") && has("PROJECT") || has("Macros") {
        seen.mark(Check::FileMacro, "the document has macros");
    }
    if has("\u{1}Ole10Native") && package_runs(bytes) {
        seen.mark(Check::FileEmbedded, "the document holds a file that runs when somebody clicks it");
    }
    if has("EncryptedPackage") {
        seen.mark(Check::ArchiveLocked, "the document is encrypted");
    }
}

/// Whether a compound file is an installer: it has its tables, whose names are packed into characters of their own, or the
/// class of one.
pub(super) fn is_installer(bytes: &[u8]) -> bool {
    // {000C1084-0000-0000-C000-000000000046}, and of a patch and a transform.
    [0x84_u8, 0x86, 0x82].iter().any(|last| {
        let class = [*last, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
        memmem::find(bytes, &class).is_some()
    })
}

/// Whether a OneNote section holds a file ([MS-ONESTORE] section 2.6.13) that runs.
pub(super) fn holds_file(bytes: &[u8]) -> bool {
    const FILE: [u8; 16] =
        [0xe7, 0x16, 0xe3, 0xbd, 0x65, 0x26, 0x11, 0x45, 0xa4, 0xc4, 0x8d, 0x4d, 0x0b, 0x7a, 0x9e, 0xac];
    memmem::find_iter(bytes, &FILE).take(64).any(|at| {
        let data = bytes.get(at + 36..).unwrap_or_default();
        let head = data.get(..1024).unwrap_or(data);
        let text = head.to_ascii_lowercase();
        let says = |word: &[u8]| memmem::find(&text, word).is_some();
        crate::look::Kind::of_magic(head).is_some_and(crate::look::Kind::runs)
            || says(b"<script")
            || says(b"hta:application")
            || says(b"@echo")
            || says(b"powershell")
            || says(b"wscript")
            || says(b"createobject")
    })
}

/// Whether rich text holds an object.
pub(super) fn rtf_holds_object(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"\\objdata").is_some() || memmem::find(bytes, b"\\objupdate").is_some()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
