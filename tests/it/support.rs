//! What several tests need.

use std::path::{Path, PathBuf};

/// Files beside the corpus's messages that are none, and why.
const NOT_A_MESSAGE: &[(&str, &str)] = &[
    (".json", "what a parser should make of the message beside it"),
    ("COPYING", "terms"),
    ("README", "a note"),
    (".gitattributes", "a note"),
    (".wav", "an attachment on its own"),
    (".png", "an attachment on its own"),
    (".jpg", "an attachment on its own"),
    (".pdf", "an attachment on its own"),
    ("sample_output_multipart", "lines that a program printed"),
];

/// Folder of canonicalisation vectors: only its `email.*` files are messages.
const DKIM_VECTORS: &str = "flanker/tests/fixtures/messages/dkim/";

/// A folder of the shared corpus, or `None` (said aloud) where it is not on this machine: it is third-party data, and
/// no part of the project.
pub(crate) fn corpus(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SEKISHO_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    let path = root.join(folder);
    if !path.exists() {
        eprintln!("skipped: no corpus at {} (SEKISHO_CORPUS names another place)", path.display());
        return None;
    }
    Some(path)
}

/// Every file under `folder`, in a stable order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Whether a file below `root`, the corpus's mail, is a message.
pub(crate) fn is_message(root: &Path, path: &Path) -> bool {
    let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
    if let Some(vector) = name.strip_prefix(DKIM_VECTORS) {
        return vector.starts_with("email.");
    }
    !NOT_A_MESSAGE.iter().any(|(end, _)| name.ends_with(end))
}
