//! What several tests need.

use std::path::{Path, PathBuf};

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
