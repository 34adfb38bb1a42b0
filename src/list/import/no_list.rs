use memchr::{memchr, memchr_iter};

/// Why bytes are no list at all. Each is one sentence for whoever gave them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the text of each variant says what it is, and names its fields")]
pub enum NoList {
    #[error("it is empty: was it cut off, or did a download fail?")]
    Empty,
    #[error("it is a web page or XML and no list: was it an error page, or one that asks to sign in?")]
    Html,
    #[error("it is packed ({0}): unpack it first")]
    Packed(&'static str),
    #[error("it is UTF-16: save it as UTF-8")]
    Utf16,
    #[error("a NUL byte stands in line {0}: it is no text, or was damaged on its way")]
    Nul(usize),
    #[error("the JSON is cut off at line {line}, column {column}: fetch the file again")]
    CutJson { line: usize, column: usize },
    #[error("it is not the JSON that was expected, at line {line}, column {column}: {what}")]
    BadJson { line: usize, column: usize, what: String },
    #[error("the JSON has no array under {0:?}")]
    NoArray(String),
    #[error("the JSON has several arrays ({}): name the one that is meant with --key", .0.join(", "))]
    SeveralArrays(Vec<String>),
    #[error("a quotation mark that opens in line {line} is not closed: the CSV is cut off or damaged")]
    OpenQuote { line: u64 },
    #[error("no column of the CSV is called {0:?}, and none holds URLs: it is in another format")]
    NoColumn(&'static str),
}

/// Refuses what is no text that could hold a list.
pub(super) fn refuse(bytes: &[u8]) -> Result<(), NoList> {
    const PACKED: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"7z\xbc\xaf", "7z"),
    ];
    if let Some((_, name)) = PACKED.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(NoList::Packed(name));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(NoList::Utf16);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match text.first() {
        None => return Err(NoList::Empty),
        // No format begins so, and every error page does.
        Some(b'<') => return Err(NoList::Html),
        _ => {}
    }
    match memchr(0, bytes) {
        // Every other byte a NUL: UTF-16 without a mark at its start.
        Some(1) if bytes.get(3) == Some(&0) => Err(NoList::Utf16),
        Some(at) => Err(NoList::Nul(1 + memchr_iter(b'\n', &bytes[..at]).count())),
        None => Ok(()),
    }
}
