//! What a body is, by its content first: names and declared types lie.

use std::fmt;

use super::Body;
use crate::rewrite::looks_like_html;

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing.
    Empty,
    /// HTML, or a picture in SVG, which can do the same.
    Page,
    /// Text that no browser takes for a page.
    Text,
    /// A picture.
    Picture,
    /// Sound or film.
    Media,
    /// PDF.
    Pdf,
    /// An Office document: OOXML, which is a ZIP archive.
    Office,
    /// An Office document of before 2007, or another compound file.
    OldOffice,
    /// A OneNote section.
    OneNote,
    /// Rich text.
    Rtf,
    /// A program or an installer.
    Program,
    /// Runs something when it is opened.
    Starter,
    /// An image of a disk.
    DiskImage,
    /// A ZIP archive.
    Zip,
    /// A tar archive, packed or not.
    Tar,
    /// One file, packed with gzip.
    Gzip,
    /// Another archive, which is not looked into.
    Archive,
    /// Something else.
    Other,
}

impl Kind {
    /// By content, then by name and declared type.
    pub(super) fn of(body: &Body<'_>, name: Option<&str>) -> Self {
        let bytes = body.bytes;
        if bytes.is_empty() {
            return Self::Empty;
        }
        if let Some(kind) = Self::of_magic(bytes) {
            return kind;
        }
        let ending = name.map(super::file::ending).unwrap_or_default();
        if super::file::is_starter(&ending) {
            return Self::Starter;
        }
        let declared =
            body.content_type.map(|given| given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        let declared = declared.as_deref().unwrap_or_default();
        let is_text = !bytes.iter().take(1024).any(|byte| *byte == 0);
        match declared {
            "text/html" | "application/xhtml+xml" | "image/svg+xml" => Self::Page,
            // What declares text is shown as text, whatever it holds (MIME Sniffing section 7).
            "text/plain" | "application/json" | "text/css" | "text/javascript" | "application/javascript"
                if is_text =>
            {
                Self::Text
            }
            _ if sniffs_as_page(bytes) => Self::Page,
            _ if is_text => Self::Text,
            _ => Self::Other,
        }
    }

    /// By the first bytes alone.
    pub(super) fn of_magic(bytes: &[u8]) -> Option<Self> {
        let starts = |magic: &[u8]| bytes.starts_with(magic);
        let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
        Some(match () {
            () if is_pe(bytes) || starts(b"\x7fELF") => Self::Program,
            () if starts(b"\xcf\xfa\xed\xfe") || starts(b"\xce\xfa\xed\xfe") => Self::Program,
            // Universal binaries share their magic with Java classes, whose next number is their version.
            () if starts(b"\xca\xfe\xba\xbe") => Self::Program,
            () if starts(b"dex\n0") || starts(b"!<arch>\ndebian") || starts(b"\xed\xab\xee\xdb") => Self::Program,
            () if starts(b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46") => Self::Starter,
            () if starts(b"#!/") || starts(b"#!\\") => Self::Starter,
            () if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") || starts(b"PK\x07\x08") => {
                super::file::zip_kind(bytes)
            }
            () if starts(OLE) => super::file::ole_kind(bytes),
            () if starts(b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3") => Self::OneNote,
            () if starts(b"{\\rt") => Self::Rtf,
            // Readers take it anywhere in the first kilobyte.
            () if memchr::memmem::find(bytes.get(..1024).unwrap_or(bytes), b"%PDF-").is_some() => Self::Pdf,
            () if starts(b"\x1f\x8b\x08") => super::file::gzip_kind(bytes),
            () if at(257, b"ustar") => Self::Tar,
            () if starts(b"7z\xbc\xaf\x27\x1c") || starts(b"Rar!\x1a\x07") || starts(b"MSCF\0\0\0\0") => Self::Archive,
            () if starts(b"\xfd7zXZ\0")
                || starts(b"BZh")
                || starts(b"\x28\xb5\x2f\xfd")
                || starts(b"\x60\xea")
                || starts(b"**ACE**") =>
            {
                Self::Archive
            }
            () if at(0x8001, b"CD001")
                || at(0x8801, b"CD001")
                || starts(b"conectix")
                || starts(b"vhdxfile")
                || starts(b"KDMV") =>
            {
                Self::DiskImage
            }
            () if starts(b"\x89PNG\r\n\x1a\n") || starts(b"\xff\xd8\xff") || starts(b"GIF87a") || starts(b"GIF89a") => {
                Self::Picture
            }
            () if starts(b"BM") && at(6, b"\0\0\0\0")
                || starts(b"\0\0\x01\0")
                || starts(b"II*\0")
                || starts(b"MM\0*") =>
            {
                Self::Picture
            }
            () if starts(b"RIFF") && at(8, b"WEBP") || at(4, b"ftypavif") || at(4, b"ftyphei") => Self::Picture,
            () if starts(b"RIFF")
                || starts(b"OggS")
                || starts(b"ID3")
                || starts(b"fLaC")
                || starts(b"\x1aE\xdf\xa3")
                || at(4, b"ftyp") =>
            {
                Self::Media
            }
            () => return None,
        })
    }

    /// Whether a browser shows it as a page.
    pub fn is_page(self) -> bool {
        self == Self::Page
    }

    /// Whether something runs when it is opened.
    pub(super) fn runs(self) -> bool {
        matches!(self, Self::Program | Self::Starter)
    }
}

fn is_pe(bytes: &[u8]) -> bool {
    let header = || {
        let at = bytes.get(60..64).and_then(|at| at.try_into().ok()).map(u32::from_le_bytes)?;
        bytes.get(usize::try_from(at).ok()?..)
    };
    // A body that was cut before its header is one too.
    bytes.starts_with(b"MZ")
        && (header().is_none_or(|header| header.starts_with(b"PE\0\0") || header.len() < 4)
            || bytes.get(2..4) == Some(b"\x90\0"))
}

fn sniffs_as_page(bytes: &[u8]) -> bool {
    let head = bytes.get(..512).unwrap_or(bytes);
    looks_like_html(&crate::message::page_text(None, head))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "nothing",
            Self::Page => "a page",
            Self::Text => "a text",
            Self::Picture => "a picture",
            Self::Media => "sound or film",
            Self::Pdf => "a PDF document",
            Self::Office => "an Office document",
            Self::OldOffice => "an old Office document",
            Self::OneNote => "a OneNote notebook",
            Self::Rtf => "a rich text document",
            Self::Program => "a program",
            Self::Starter => "a file that runs something when it is opened",
            Self::DiskImage => "an image of a disk",
            Self::Zip => "a ZIP archive",
            Self::Tar => "a tar archive",
            Self::Gzip => "a file packed with gzip",
            Self::Archive => "an archive",
            Self::Other => "a file",
        })
    }
}
