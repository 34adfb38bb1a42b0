//! Names of files: where they come from, how they end, and how they lie.

use crate::{
    look::Body,
    message::{Disposition, disposition_and_name},
};

/// Bytes of a name that are looked at.
const LONGEST: usize = 255;

/// Endings that run something by themselves when they are opened, on Windows, macOS or Linux.
const STARTERS: &[&str] = &[
    "appref-ms",
    "application",
    "bat",
    "chm",
    "cmd",
    "command",
    "cpl",
    "desktop",
    "diagcab",
    "hta",
    "inf",
    "ins",
    "iqy",
    "isp",
    "jnlp",
    "js",
    "jse",
    "library-ms",
    "lnk",
    "mht",
    "msc",
    "mshxml",
    "msp",
    "mst",
    "pif",
    "ps1",
    "ps1xml",
    "ps2",
    "psc1",
    "psm1",
    "rdp",
    "reg",
    "scf",
    "scpt",
    "scr",
    "sct",
    "search-ms",
    "settingcontent-ms",
    "sh",
    "shb",
    "shs",
    "slk",
    "theme",
    "url",
    "vb",
    "vbe",
    "vbs",
    "webloc",
    "website",
    "workflow",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xll",
    "xla",
    "xlam",
    "ppam",
];
/// Endings of programs and installers.
const PROGRAMS: &[&str] = &[
    "apk",
    "app",
    "appimage",
    "appx",
    "appxbundle",
    "bin",
    "com",
    "deb",
    "dll",
    "dmg",
    "exe",
    "gadget",
    "ipa",
    "jar",
    "msi",
    "msix",
    "msixbundle",
    "ocx",
    "pkg",
    "rpm",
    "run",
    "sys",
    "xapk",
];
/// Endings of images of disks.
const IMAGES: &[&str] = &["img", "iso", "udf", "vhd", "vhdx", "vmdk"];
/// Endings of what people open without a thought, and what each is.
const DOCUMENTS: &[(&str, &[&str])] = &[
    (
        "a document",
        &[
            "pdf", "doc", "docx", "docm", "dot", "dotx", "odt", "rtf", "txt", "md", "csv", "xls", "xlsx", "xlsm",
            "ods", "ppt", "pptx", "odp", "html", "htm", "xml", "json", "eml", "msg", "ics", "vcf", "one",
        ],
    ),
    ("a picture", &["jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp", "svg", "heic"]),
    ("sound or film", &["mp3", "wav", "m4a", "ogg", "flac", "mp4", "mov", "avi", "mkv", "webm"]),
];

/// The name under which a browser would save a body: what the server says, or the end of the path where that looks like
/// the name of a file.
pub(in crate::look) fn name(body: &Body<'_>) -> Option<String> {
    let (disposition, given) = body.disposition.map_or((Disposition::Unstated, None), disposition_and_name);
    if let Some(given) = given {
        let bare = given.rsplit(['/', '\\']).next().unwrap_or_default().trim();
        if !bare.is_empty() {
            return Some(bare.get(..bare.floor_char_boundary(LONGEST)).unwrap_or_default().to_owned());
        }
    }
    let last = body.url.path().rsplit('/').next().unwrap_or_default();
    let decoded = crate::look::page::percent(last.get(..last.floor_char_boundary(3 * LONGEST)).unwrap_or_default());
    let is_name = !ending(&decoded).is_empty() || disposition == Disposition::Attachment;
    (is_name && !decoded.is_empty())
        .then(|| decoded.get(..decoded.floor_char_boundary(LONGEST)).unwrap_or_default().to_owned())
}

/// What stands behind the last dot, in lower case, without what systems ignore at the end; empty where there is none or
/// it is no ending.
pub(in crate::look) fn ending(name: &str) -> String {
    let name = name.trim_end_matches([' ', '.', '\u{a0}', '\u{3000}']);
    let Some((front, ending)) = name.rsplit_once('.') else { return String::new() };
    let usual =
        ending.len() <= 18 && !ending.is_empty() && ending.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if usual && !front.is_empty() { ending.to_ascii_lowercase() } else { String::new() }
}

pub(in crate::look) fn is_starter(ending: &str) -> bool {
    STARTERS.contains(&ending)
}

pub(in crate::look) fn is_program(ending: &str) -> bool {
    PROGRAMS.contains(&ending)
}

pub(in crate::look) fn is_image(ending: &str) -> bool {
    IMAGES.contains(&ending)
}

/// What an ending promises, where that is nothing that runs.
pub(super) fn as_document(ending: &str) -> Option<&'static str> {
    DOCUMENTS.iter().find(|(_, endings)| endings.contains(&ending)).map(|(what, _)| *what)
}

/// The same of a declared type.
pub(super) fn declared_as_document(content_type: &str) -> Option<&'static str> {
    let bare = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match bare.split_once('/')? {
        ("image", _) => Some("a picture"),
        ("audio" | "video", _) => Some("sound or film"),
        ("application", "pdf" | "msword" | "rtf" | "vnd.ms-excel" | "vnd.ms-powerpoint") => Some("a document"),
        ("application", subtype) if subtype.starts_with("vnd.openxmlformats") || subtype.starts_with("vnd.oasis") => {
            Some("a document")
        }
        _ => None,
    }
}

/// How a name is made to be misread.
pub(super) fn trick(name: &str) -> Option<&'static str> {
    if name.contains(['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}']) {
        return Some("turns the direction of its letters, which hides how it ends");
    }
    let last = ending(name);
    if !is_starter(&last) && !is_program(&last) && !is_image(&last) {
        return None;
    }
    let front = name.trim_end_matches([' ', '.', '\u{a0}', '\u{3000}']);
    let front = front.get(..front.len().checked_sub(last.len() + 1)?)?;
    if as_document(&ending(front)).is_some() && ending(front) != "md" {
        return Some("ends as a document and then as something that runs");
    }
    // Blanks push the true ending out of sight.
    let far = front.len() - front.trim_end_matches([' ', '\u{a0}', '\u{3000}', '_', '-']).len();
    (far >= 8).then_some("hides its ending behind blanks")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::parse;

    #[test]
    fn names_come_from_the_server_or_the_path() {
        let name_of = |url: &str, disposition: Option<&str>| {
            let url = parse(url).unwrap();
            name(&Body { url: &url, status: 200, content_type: None, disposition, bytes: b"", is_cut: false })
        };
        assert_eq!(name_of("https://a.test/x/report.pdf?y", None).as_deref(), Some("report.pdf"));
        assert_eq!(name_of("https://a.test/x/", None), None);
        assert_eq!(name_of("https://a.test/login", None), None);
        assert_eq!(name_of("https://a.test/login", Some("attachment")).as_deref(), Some("login"));
        assert_eq!(name_of("https://a.test/d", Some("attachment; filename=\"../../b.exe\"")).as_deref(), Some("b.exe"));
        assert_eq!(
            name_of("https://a.test/d", Some("inline; filename*=UTF-8''%e8%ab%8b.pdf; filename=x")).as_deref(),
            Some("請.pdf")
        );
        assert_eq!(name_of("https://a.test/a%E2%80%AEfdp.exe", None).as_deref(), Some("a\u{202e}fdp.exe"));
    }

    #[test]
    fn names_that_lie_are_told() {
        for name in [
            "invoice.pdf.exe",
            "photo.JPG.scr ",
            "請求書.xlsx.js",
            "a.pdf.iso",
            "gpj.\u{202e}exe.jpg",
            "x          .exe",
            "doc.docx.lnk.",
        ] {
            assert!(trick(name).is_some(), "{name}");
        }
        for name in ["setup.exe", "a.tar.gz", "report.pdf", "v1.2.exe", "jquery.min.js", "README.md.sh", "日本語.pdf"]
        {
            assert!(trick(name).is_none(), "{name}");
        }
        assert_eq!(ending("a.EXE. "), "exe");
        assert_eq!(ending(".profile"), "");
        assert_eq!(ending("a.b c"), "");
    }
}
