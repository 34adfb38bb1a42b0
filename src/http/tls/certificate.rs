use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::{
    self,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_cert::{
    der::Decode,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

use crate::base::Timestamp;

/// Largest file that is read: a chain is a few kilobytes.
const LARGEST: u64 = 1 << 20;

/// Where a certificate and its key lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain in PEM, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

/// A certificate that can be used now, with its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    /// The hosts that it is for, in lower case.
    pub names: Vec<String>,
    /// From when it counts.
    pub from: Timestamp,
    /// Until when it counts.
    pub until: Timestamp,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no certificate in the file.
    #[error("{path} holds no certificate in PEM; write the chain there, the certificate of this host first", path = .0.display())]
    NoCertificate(PathBuf),
    /// There is no key in the file.
    #[error(
        "{path} holds no private key in PEM that can be read without a passphrase (PKCS #8, PKCS #1 or SEC 1)",
        path = .0.display()
    )]
    NoKey(PathBuf),
    /// What is in a file is not what it says.
    #[error("{path} cannot be used: {why}", path = path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Two files that do not belong together.
    #[error("the key in {key} is not that of the certificate in {certificate}", key = key.display(), certificate = certificate.display())]
    KeyDoesNotMatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// Its time is over.
    #[error("the certificate in {path} expired on {on}; renew it", path = path.display())]
    Expired {
        /// Which file.
        path: PathBuf,
        /// When.
        on: String,
    },
    /// Its time has not come.
    #[error("the certificate in {path} counts from {from} on only; set the clock or wait", path = path.display())]
    NotYet {
        /// Which file.
        path: PathBuf,
        /// When it begins.
        from: String,
    },
}

/// The bytes of the files, to see later whether they have changed; the key itself is not kept.
pub(super) type Print = [u8; 32];

impl CertificateFiles {
    /// Reads both files and checks that they belong together and count at `now`.
    pub fn read(&self, now: Timestamp) -> Result<Certificate, CertificateError> {
        self.read_with_print(now).1
    }

    /// The same, and what the files were, as far as they could be read.
    pub(super) fn read_with_print(&self, now: Timestamp) -> (Print, Result<Certificate, CertificateError>) {
        let (chain, key) = (read(&self.certificate), read(&self.key));
        let mut print = Sha256::new();
        for bytes in [&chain, &key].into_iter().flatten() {
            print.update((bytes.len() as u64).to_be_bytes());
            print.update(bytes);
        }
        let certificate = chain.and_then(|chain| self.check(&chain, &key?, now));
        (print.finalize().into(), certificate)
    }

    fn check(&self, chain: &[u8], key: &[u8], now: Timestamp) -> Result<Certificate, CertificateError> {
        let broken = |path: &Path, why: String| CertificateError::Broken { path: path.to_owned(), why };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| broken(&self.certificate, error.to_string()))?;
        let own = chain.first().ok_or_else(|| CertificateError::NoCertificate(self.certificate.clone()))?;
        let (names, from, until) = facts(own).map_err(|why| broken(&self.certificate, why))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::NoKey(self.key.clone()))?;
        let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                CertificateError::KeyDoesNotMatch { certificate: self.certificate.clone(), key: self.key.clone() }
            }
            other => broken(&self.key, other.to_string()),
        })?;
        if until < now {
            return Err(CertificateError::Expired { path: self.certificate.clone(), on: moment(until) });
        }
        if now < from {
            return Err(CertificateError::NotYet { path: self.certificate.clone(), from: moment(from) });
        }
        Ok(Certificate { key: Arc::new(key), names, from, until })
    }
}

impl Certificate {
    /// Whether it is for `host`, by itself or with a star for its first label.
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let rest = host.split_once('.').map(|(_, rest)| rest);
        self.names.iter().any(|name| *name == host || name.strip_prefix("*.").is_some_and(|name| Some(name) == rest))
    }

    /// Whether it should have been renewed by now: two weeks before its end, or in the last quarter of a short life.
    pub fn is_due(&self, now: Timestamp) -> bool {
        const TWO_WEEKS: i64 = 14 * 24 * 60 * 60;
        let life = self.until.secs() - self.from.secs();
        self.until.secs() - now.secs() < TWO_WEEKS.min(life / 4)
    }
}

/// The one provider of cryptography, named wherever one is wanted, so that none is picked by chance.
pub(super) fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let unreadable = |source| CertificateError::Unreadable { path: path.to_owned(), source };
    if fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
        return Err(CertificateError::Broken { path: path.to_owned(), why: "it is too large".into() });
    }
    fs::read(path).map_err(unreadable)
}

/// Names, beginning and end of a certificate.
fn facts(der: &CertificateDer<'_>) -> Result<(Vec<String>, Timestamp, Timestamp), String> {
    let certificate = x509_cert::Certificate::from_der(der).map_err(|error| error.to_string())?;
    let certificate = certificate.tbs_certificate();
    let secs = |time: x509_cert::time::Time| {
        Timestamp::from_secs(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
    };
    let alternatives = certificate.get_extension::<SubjectAltName>().map_err(|error| error.to_string())?;
    let names = alternatives.into_iter().flat_map(|(_, names)| names.0).filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        _ => None,
    });
    let validity = certificate.validity();
    Ok((names.collect(), secs(validity.not_before), secs(validity.not_after)))
}

pub(super) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.secs()).map_or_else(|_| at.secs().to_string(), |at| at.to_string())
}
