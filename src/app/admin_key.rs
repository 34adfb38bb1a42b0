use std::{fs, io, path::Path};

use super::entropy;
use crate::{config::durable, http::Pass};

/// The file in the data folder that holds the key for changes on the admin listener.
pub const ADMIN_KEY: &str = "admin.key";

/// Who may change something on the admin listener: whoever can read the key, which is made where there is none. Where that
/// fails nothing can be changed there, and the log says why.
pub(super) fn admin_pass(data_dir: &Path) -> Pass {
    let path = data_dir.join(ADMIN_KEY);
    let made = entropy::<32>().map_err(|error| io::Error::other(error.to_string())).and_then(|secret| {
        let key = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path)?,
            Err(error) => return Err(error),
        };
        Ok(Pass::new(key.trim().to_owned(), secret))
    });
    made.unwrap_or_else(|error| {
        tracing::error!(
            "nothing can be changed on the admin listener, for its key is not there: {}: {error}",
            path.display()
        );
        Pass::new(String::new(), [0; 32])
    })
}

fn make(path: &Path) -> io::Result<String> {
    let bytes = entropy::<20>().map_err(|error| io::Error::other(error.to_string()))?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match durable::create(path, format!("{key}\n").as_bytes(), 0o600) {
        // Another process was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::read_to_string(path),
        made => made.map(|()| key),
    }
}
