//! Files: what they are, whether their name says so, and what is inside, as far as that can be told without opening them
//! with what opens them.

mod archive;
mod name;
mod office;
mod pdf;
mod tar;
mod zip;

pub(super) use name::{ending, is_image, is_program, is_starter, name};

use super::{
    Body, Check, Kind,
    check::Seen,
    quote::{quoted, shown},
};

/// Marks a file, and what an archive holds.
pub(super) fn look(body: &Body<'_>, kind: Kind, name: Option<&str>, seen: &mut Seen<'_>) {
    named(body, kind, name, seen);
    match kind {
        Kind::Zip | Kind::Tar | Kind::Gzip => archive::look(body, kind, seen),
        Kind::Office => {
            if let Some(directory) = zip::Directory::of(body.bytes) {
                office::look(&directory, seen);
            }
        }
        Kind::OldOffice => office::look_old(body.bytes, seen),
        Kind::OneNote if office::holds_file(body.bytes) => {
            seen.mark(Check::FileEmbedded, "the notebook holds a file that runs when somebody clicks it");
        }
        Kind::Rtf if office::rtf_holds_object(body.bytes) => {
            seen.mark(Check::FileEmbedded, "the rich text holds an object that another program opens");
        }
        Kind::Pdf => pdf::look(body.bytes, seen),
        _ => {}
    }
}

/// What it is against what it is called.
fn named(body: &Body<'_>, kind: Kind, name: Option<&str>, seen: &mut Seen<'_>) {
    let shown_name = name.map_or_else(String::new, |name| format!(", {}", quoted(name)));
    if let Some(name) = name.filter(|_| !kind.is_page())
        && let Some(why) = name::trick(name)
    {
        seen.mark(Check::FileTwoNames, format!("the name {} {why}", quoted(name)));
    }
    match kind {
        Kind::Program => seen.mark(Check::FileProgram, format!("it is a program{shown_name}")),
        Kind::Starter => seen.mark(Check::FileStarter, format!("it runs something when it is opened{shown_name}")),
        Kind::DiskImage => seen.mark(Check::FileImage, format!("it is an image of a disk{shown_name}")),
        _ => {}
    }
    if !kind.runs() {
        return;
    }
    let lies = name.and_then(|name| Some((name::as_document(&ending(name))?, quoted(name))));
    let declared =
        body.content_type.and_then(|given| name::declared_as_document(given).map(|what| (what, shown(given, 60))));
    if let Some((what, by)) = lies.or(declared) {
        seen.mark(Check::FileDisguised, format!("it is {kind} and is said to be {what} ({by})"));
    }
}

/// What a ZIP archive is: a document, a program, or an archive.
pub(super) fn zip_kind(bytes: &[u8]) -> Kind {
    let Some(directory) = zip::Directory::of(bytes) else { return Kind::Zip };
    let has = |name: &str| directory.members.iter().any(|member| member.name.eq_ignore_ascii_case(name));
    if has("[Content_Types].xml") {
        return Kind::Office;
    }
    let is_program = has("AndroidManifest.xml")
        || has("META-INF/MANIFEST.MF") && directory.members.iter().any(|member| member.name.ends_with(".class"));
    if is_program { Kind::Program } else { Kind::Zip }
}

/// What a compound file is: an installer, or a document.
pub(super) fn ole_kind(bytes: &[u8]) -> Kind {
    if office::is_installer(bytes) { Kind::Program } else { Kind::OldOffice }
}

/// What is packed in gzip: an archive, or one file.
pub(super) fn gzip_kind(bytes: &[u8]) -> Kind {
    let head = archive::gunzip(bytes, 512);
    if head.get(257..262) == Some(b"ustar") { Kind::Tar } else { Kind::Gzip }
}
