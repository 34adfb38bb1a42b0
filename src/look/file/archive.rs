//! What an archive holds: names, and the first bytes of the first members. Archives inside are opened once more, and no
//! further.

use super::{name, tar, zip};
use crate::look::{Body, Check, Kind, check::Seen, quote::quoted};

/// Members whose content is looked at, and how much of it.
const LOOKED_INTO: usize = 64;
const HEAD: usize = 4096;
/// Bytes of an archive inside an archive that are looked at, and of a tar that is packed.
const INNER: usize = 2 * 1024 * 1024;
/// Archives inside that are opened.
const MAX_INNER: usize = 8;
/// How many times its size an archive may grow before it counts as a bomb, from some size on.
const GROWTH: u64 = 200;
const LARGE: u64 = 512 * 1024 * 1024;

/// A member, as far as it was looked at.
struct Inside {
    name: String,
    head: Vec<u8>,
}

pub(super) fn look(body: &Body<'_>, kind: Kind, seen: &mut Seen<'_>) {
    match kind {
        Kind::Zip => look_zip(body.bytes, body.is_cut, 0, seen),
        Kind::Tar | Kind::Gzip => look_packed(body.bytes, seen),
        _ => {}
    }
}

fn look_zip(bytes: &[u8], was_cut: bool, depth: usize, seen: &mut Seen<'_>) {
    let Some(directory) = zip::Directory::of(bytes) else {
        if !was_cut {
            seen.mark(Check::ArchiveHides, "its list of contents cannot be read");
        }
        return;
    };
    if directory.is_cut && !was_cut {
        seen.mark(Check::ArchiveHides, "its list of contents does not agree with its contents");
    }
    let unpacked: u64 = directory.members.iter().map(|member| member.unpacked).sum();
    let packed: u64 = directory.members.iter().map(|member| member.packed).sum();
    if unpacked > LARGE && unpacked / packed.max(1) > GROWTH {
        seen.mark(Check::ArchiveHides, format!("it would grow from {packed} to {unpacked} bytes"));
    }
    if let Some(member) = directory.members.iter().find(|member| member.is_encrypted) {
        seen.mark(Check::ArchiveLocked, format!("it is encrypted, {} among others", quoted(&member.name)));
    }
    let mut opened = 0;
    for (at, member) in directory.members.iter().enumerate() {
        let head = if at < LOOKED_INTO { directory.open(member, HEAD) } else { Vec::new() };
        let inner = Kind::of_magic(&head);
        if inner == Some(Kind::Zip) || inner.is_none() && name::ending(&member.name) == "zip" {
            if depth > 0 {
                seen.mark(
                    Check::ArchiveHides,
                    format!("it holds archives in archives in archives ({})", quoted(&member.name)),
                );
            } else if opened < MAX_INNER {
                opened += 1;
                look_zip(
                    &directory.open(member, INNER),
                    member.unpacked > INNER as u64 || member.is_encrypted,
                    depth + 1,
                    seen,
                );
            }
        }
        look_member(&Inside { name: member.name.clone(), head }, seen);
    }
}

fn look_packed(bytes: &[u8], seen: &mut Seen<'_>) {
    let unpacked;
    let inside = if bytes.starts_with(b"\x1f\x8b") {
        unpacked = gunzip(bytes, INNER);
        &unpacked
    } else {
        bytes
    };
    if inside.get(257..262) == Some(b"ustar") {
        for (at, (name, data)) in tar::members(inside).into_iter().enumerate() {
            let head = if at < LOOKED_INTO { data.get(..HEAD).unwrap_or(data).to_vec() } else { Vec::new() };
            look_member(&Inside { name, head }, seen);
        }
        return;
    }
    let name = gzip_name(bytes).unwrap_or_default();
    look_member(&Inside { name, head: inside.get(..HEAD).unwrap_or(inside).to_vec() }, seen);
}

/// One member against its name.
fn look_member(inside: &Inside, seen: &mut Seen<'_>) {
    let bare = inside.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let ending = name::ending(bare);
    let kind = Kind::of_magic(&inside.head);
    if let Some(why) = name::trick(bare) {
        seen.mark(Check::ArchiveDisguised, format!("it holds {}, a name that {why}", quoted(bare)));
    }
    let runs = kind.filter(|kind| kind.runs());
    if let (Some(kind), Some(what)) = (runs, name::as_document(&ending)) {
        seen.mark(Check::ArchiveDisguised, format!("it holds {}, which is {kind} and named as {what}", quoted(bare)));
    }
    // Scripts are part of every program that is handed over in source; what only Windows runs is not.
    let is_source = matches!(
        ending.as_str(),
        "js" | "sh"
            | "ps1"
            | "bat"
            | "cmd"
            | "desktop"
            | "inf"
            | "command"
            | "vb"
            | "reg"
            | "msc"
            | "theme"
            | "application"
            | "url"
            | "webloc"
            | "scpt"
            | "ps1xml"
            | "psm1"
    );
    let lonely = inside.name.matches(['/', '\\']).count() == 0;
    if kind == Some(Kind::Starter) && !inside.head.starts_with(b"#!")
        || name::is_starter(&ending)
            && (!is_source || lonely && !matches!(ending.as_str(), "sh" | "bat" | "cmd" | "inf" | "reg"))
    {
        seen.mark(Check::ArchiveStarter, format!("it holds {}, which runs something when it is opened", quoted(bare)));
    } else if kind == Some(Kind::Program) || name::is_program(&ending) {
        seen.mark(Check::ArchiveProgram, format!("it holds the program {}", quoted(bare)));
    } else if kind == Some(Kind::DiskImage) || name::is_image(&ending) {
        seen.mark(Check::ArchiveStarter, format!("it holds {}, an image of a disk", quoted(bare)));
    }
}

/// What gzip packed (RFC 1952), up to `most` bytes.
pub(super) fn gunzip(bytes: &[u8], most: usize) -> Vec<u8> {
    body_of(bytes).map(|(body, _)| zip::inflate(body, most)).unwrap_or_default()
}

/// The name that gzip keeps.
fn gzip_name(bytes: &[u8]) -> Option<String> {
    let name = body_of(bytes)?.1?;
    Some(crate::message::page_text(Some("utf-8"), name).into_owned())
}

/// Behind the header: the deflated bytes, and the name where there is one.
fn body_of(bytes: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let flags = *bytes.get(3)?;
    let mut rest = bytes.get(10..)?;
    if flags & 4 != 0 {
        let length = usize::from(u16::from_le_bytes(rest.get(..2)?.try_into().ok()?));
        rest = rest.get(2 + length..)?;
    }
    let mut text = || -> Option<&[u8]> {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let text = rest.get(..end);
        rest = rest.get(end + 1..)?;
        text
    };
    let name = if flags & 8 != 0 { Some(text()?) } else { None };
    if flags & 16 != 0 {
        text()?;
    }
    let rest = if flags & 2 != 0 { rest.get(2..)? } else { rest };
    Some((rest, name))
}
