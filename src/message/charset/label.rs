use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, REPLACEMENT, SHIFT_JIS, UTF_8, WINDOWS_1252, X_USER_DEFINED};
use memchr::memmem;

use super::{Charset, is_utf16};

/// What a label names, after the dirt that real mail shows was taken off (attack row 79).
pub(crate) fn charset_for(label: &str) -> Option<Charset> {
    let label = clean(label);
    if is_unstated(&label) {
        return None;
    }
    if matches!(label.as_str(), "utf-7" | "utf7" | "unicode-1-1-utf-7" | "x-unicode-2-0-utf-7" | "csunicode11utf7") {
        return Some(Charset::Utf7);
    }
    // `replacement` would turn a whole text (ISO-2022-KR, HZ) into one character and hide what stands in it.
    Encoding::for_label(label.as_bytes())
        .or_else(|| mail_alias(&label))
        .filter(|encoding| *encoding != REPLACEMENT)
        .map(Charset::Known)
}

/// As [`charset_for`], for those who need an encoding of the WHATWG standard.
pub(crate) fn encoding_for(label: &str) -> Option<&'static Encoding> {
    match charset_for(label)? {
        Charset::Known(encoding) => Some(encoding),
        Charset::Utf7 => None,
    }
}

/// Whether the label says no more than no label says: US-ASCII is the default, and 8-bit text under it is mislabelled.
pub(crate) fn is_unstated(label: &str) -> bool {
    matches!(clean(label).as_str(), "" | "us-ascii" | "ascii" | "ansi_x3.4-1968" | "iso646-us" | "us" | "7bit" | "8bit")
}

/// The first word of a label: `"u"tf-8` and `charset=utf-8` without what is too much, `_iso-2022-jp$esc` and `utf-8 sdq` without what is around.
fn clean(label: &str) -> String {
    let bare = label.replace(['"', '\'', '\\'], "").to_ascii_lowercase();
    let bare = bare.trim_start_matches("charset=");
    let start = bare.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let end = start.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.' | ':' | '+'));
    start.get(..end.unwrap_or(start.len())).unwrap_or_default().to_owned()
}

/// Names that mail uses and the WHATWG standard does not list.
fn mail_alias(label: &str) -> Option<&'static Encoding> {
    match label {
        "cp932" | "cp943c" | "windows-932" | "x-ms-cp932" | "shift-jis-2004" | "shift_jisx0213" => Some(SHIFT_JIS),
        "cp51932" | "euc_jp" | "eucjp" | "eucjp-ms" | "eucjp-win" | "euc-jisx0213" => Some(EUC_JP),
        "cp50220" | "cp50221" | "cp50222" | "iso2022jp" | "iso_2022_jp" | "iso-2022-jp-1" | "iso-2022-jp-2"
        | "iso-2022-jp-3" | "iso-2022-jp-2004" | "iso-2022-jp-ms" | "iso-2022-jp-ext" => Some(ISO_2022_JP),
        "utf8mb4" | "utf_8" | "utf-8n" | "cp65001" | "unicode" => Some(UTF_8),
        _ => {
            let number = label.strip_prefix("cp").or_else(|| label.strip_prefix("win-"))?;
            let encoding = Encoding::for_label(format!("windows-{number}").as_bytes());
            encoding.or_else(|| Encoding::for_label(format!("ibm{number}").as_bytes()))
        }
    }
}

/// `<meta charset=…>` or `<meta … content="…charset=…">` in the first 1,024 bytes, as the prescan of the HTML standard
/// reads it: UTF-16 there cannot be true, and `x-user-defined` means windows-1252.
pub(crate) fn meta_charset(bytes: &[u8]) -> Option<Charset> {
    let head = bytes.get(..1024).unwrap_or(bytes).to_ascii_lowercase();
    let mut at = 0;
    while let Some(found) = head.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'<')) {
        let rest = head.get(at + found..).unwrap_or_default();
        if rest.starts_with(b"<!--") {
            at += found + memmem::find(rest, b"-->")? + 3;
            continue;
        }
        at += found + 1;
        let in_tag = rest.strip_prefix(b"<meta").filter(|tag| tag.first().is_some_and(|b| b" \t\r\n\x0c/".contains(b)));
        let Some(tag) = in_tag else { continue };
        let tag = tag.iter().position(|byte| *byte == b'>').map_or(tag, |end| tag.get(..end).unwrap_or(tag));
        if let Some(charset) = label_in(tag).as_deref().and_then(charset_for) {
            return Some(match charset {
                Charset::Known(encoding) if is_utf16(encoding) => Charset::Known(UTF_8),
                Charset::Known(encoding) if encoding == X_USER_DEFINED => Charset::Known(WINDOWS_1252),
                known => known,
            });
        }
    }
    None
}

fn label_in(tag: &[u8]) -> Option<String> {
    let mut rest = tag;
    while let Some(found) = memmem::find(rest, b"charset") {
        rest = rest.get(found + "charset".len()..)?.trim_ascii_start();
        if let Some(value) = rest.strip_prefix(b"=") {
            let value = value.trim_ascii_start();
            let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
            let end = value.iter().position(|byte| b"\"'; \t\r\n/>".contains(byte)).unwrap_or(value.len());
            return Some(super::loose_text(value.get(..end)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, GBK, KOI8_R, WINDOWS_1251};

    #[test]
    fn dirty_labels_of_real_mail_are_understood() {
        for (label, wanted) in [
            ("utf-8\r\n -x", UTF_8),
            ("\"u\"tf-8", UTF_8),
            ("utf-8 sdq", UTF_8),
            ("charset=utf-8", UTF_8),
            ("_iso-2022-jp$esc", ISO_2022_JP),
            (" 'KOI8-R'", KOI8_R),
            ("cp932", SHIFT_JIS),
            ("CP1251", WINDOWS_1251),
            ("iso-2022-jp-ms", ISO_2022_JP),
            ("gb2312", GBK),
            ("big5", BIG5),
        ] {
            assert_eq!(charset_for(label), Some(Charset::Known(wanted)), "{label:?}");
        }
        assert_eq!(charset_for("UTF-7"), Some(Charset::Utf7));
        for label in ["", "us-ascii", "x-nonsense", "iso-2022-kr", "[charse<!doctype"] {
            assert_eq!(charset_for(label), None, "{label:?}");
        }
    }

    #[test]
    fn meta_is_read_as_a_browser_reads_it() {
        let is = |html: &str, wanted: Option<&'static Encoding>| {
            assert_eq!(meta_charset(html.as_bytes()), wanted.map(Charset::Known), "{html}");
        };
        is("<html><META Charset='Shift_JIS'>", Some(SHIFT_JIS));
        is("<meta http-equiv=Content-Type content=\"text/html; charset=iso-2022-jp\">", Some(ISO_2022_JP));
        is("<meta name=x><meta charset=koi8-r/>", Some(KOI8_R));
        is("<meta charset=utf-16>", Some(UTF_8));
        is("<!-- <meta charset=koi8-r> --><meta charset=big5>", Some(BIG5));
        is("<!-- <meta charset=koi8-r>", None);
        is("<metal charset=koi8-r>", None);
        is("<p>charset=koi8-r", None);
        is(&format!("{}<meta charset=koi8-r>", " ".repeat(1024)), None);
    }
}
