use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use mail_auth::common::crypto::{RsaKey, Sha256, SigningKey as _};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use zeroize::Zeroizing;

/// No key is longer.
const LONGEST: u64 = 65_536;

/// Why there is no key to seal with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file.
    #[error("cannot read the key {path} (authentication.seal_key): {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read it.
    #[error(
        "the key {path} can be read by others (mode {mode:04o}), and whoever reads it can seal in your name: run \
         `chmod 600 {path}`, and publish another key if somebody may have"
    )]
    Open {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It holds no such key.
    #[error(
        "{path} holds no RSA key in PEM ({what}): `openssl genrsa -out {path} 2048` makes one, and other kinds are not understood by \
         those who look at seals"
    )]
    Wrong {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// A private key that seals.
#[derive(Clone)]
pub struct SealKey(Arc<RsaKey<Sha256>>);

impl SealKey {
    /// Reads one. It has to be its owner's alone; one that systemd keeps may show the rights of the group
    /// (`LoadCredential=` gives them by an access control list).
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let unreadable = |source| KeyError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
        let folder = std::env::var_os("CREDENTIALS_DIRECTORY");
        let is_credential = folder.is_some_and(|folder| path.parent() == Some(Path::new(&folder)));
        if mode & if is_credential { 0o037 } else { 0o077 } != 0 {
            return Err(KeyError::Open { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(LONGEST).read_to_string(&mut text).map_err(unreadable)?;
        Self::parse(&text).map_err(|what| KeyError::Wrong { path: path.to_owned(), what })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let der = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| error.to_string())?;
        RsaKey::from_key_der(der).map(|key| Self(Arc::new(key))).map_err(|error| error.to_string())
    }

    /// Signs these bytes by rsa-sha256.
    pub(super) fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        self.0.sign(bytes).map_err(|error| error.to_string())
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arc.pem");
        assert!(SealKey::read(&path).unwrap_err().to_string().contains("authentication.seal_key"));
        fs::write(&path, "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n").unwrap();
        for (mode, wanted) in [(0o640, "chmod 600"), (0o604, "chmod 600"), (0o600, "openssl genrsa")] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let told = SealKey::read(&path).unwrap_err().to_string();
            assert!(told.contains(wanted) && told.contains("arc.pem"), "{told}");
        }
    }
}
