use std::{fs, io, path::Path};

/// Every file that a new folder begins with.
const SHIPPED: [(&str, &str); 5] = [
    ("README.md", include_str!("../../blocklists/README.md")),
    ("allow.list", include_str!("../../blocklists/allow.list")),
    ("block.list", include_str!("../../blocklists/block.list")),
    ("internal.list", include_str!("../../blocklists/internal.list")),
    ("never-block.list", include_str!("../../blocklists/never-block.list")),
];

/// Makes the folder of lists with what a new installation begins with, where it does not exist; the names of the files
/// written come back. A folder that exists is left alone, whatever is in it. The folder appears whole or not at all.
///
/// # Errors
/// What the system says, with the path.
pub fn seed(folder: &Path) -> io::Result<Vec<String>> {
    if folder.exists() {
        return Ok(Vec::new());
    }
    let named = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| io::Error::new(error.kind(), format!("{path}: {error}"))
    };
    let half = folder.with_extension(format!("new-{}", std::process::id()));
    fs::create_dir_all(&half).map_err(named(&half))?;
    let write = || {
        for (name, text) in SHIPPED {
            let path = half.join(name);
            fs::write(&path, text).map_err(named(&path))?;
        }
        fs::rename(&half, folder).map_err(named(folder))
    };
    write().inspect_err(|_| {
        // Best effort: the first error is the one to tell.
        let _ = fs::remove_dir_all(&half);
    })?;
    Ok(SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect())
}
