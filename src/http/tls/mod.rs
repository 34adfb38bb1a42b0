//! TLS of the public listener: certificates by name, renewed while connections go on.
//!
//! Promises that a certificate that cannot be used never takes the place of one that can, that its key stands in no
//! message, and that nothing is answered before the handshake is whole (no early data, attack row 159). Refuses what is
//! older than TLS 1.2.

mod certificate;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs::Ticketer,
        server::{ClientHello, ProducesTickets, ResolvesServerCert},
        sign::CertifiedKey,
    },
};

pub use certificate::{Certificate, CertificateError, CertificateFiles};

use crate::base::Timestamp;

/// The certificates of a listener, as they are now.
pub struct Tls {
    files: Vec<CertificateFiles>,
    tickets: Arc<dyn ProducesTickets>,
    config: ArcSwap<ServerConfig>,
    seen: Mutex<Seen>,
}

/// What was last found in the files.
struct Seen {
    prints: Vec<certificate::Print>,
    certificates: Vec<Certificate>,
    problem: Option<String>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The library of cryptography.
    #[error("TLS cannot be used: {0}")]
    Unusable(#[from] tokio_rustls::rustls::Error),
}

/// What came of a look at the files.
#[derive(Debug)]
pub enum Looked {
    /// They are what they were.
    Same,
    /// New connections meet what is there now.
    Renewed,
    /// They have changed and cannot be used: what was in force stays.
    Kept(TlsError),
}

impl Tls {
    /// Reads the certificates; the first is for clients that name no host of any. All have to be good at `now`.
    pub fn open(files: Vec<CertificateFiles>, now: Timestamp) -> Result<Self, TlsError> {
        let tickets = Ticketer::new()?;
        let (prints, read) = read(&files, now);
        let certificates = read?;
        let config = ArcSwap::new(server_config(&certificates, &tickets)?);
        let seen = Mutex::new(Seen { prints, certificates, problem: None });
        Ok(Self { files, tickets, config, seen })
    }

    /// Looks at the files, and takes what is there if it is new and all of it is good. Connections go on as they are.
    pub fn look(&self, now: Timestamp) -> Looked {
        let (prints, read) = read(&self.files, now);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.prints == prints && (seen.problem.is_none() || read.is_err()) {
            return Looked::Same;
        }
        seen.prints = prints;
        let renewed = read.map_err(TlsError::from).and_then(|certificates| {
            self.config.store(server_config(&certificates, &self.tickets)?);
            Ok(certificates)
        });
        match renewed {
            Ok(certificates) => {
                (seen.certificates, seen.problem) = (certificates, None);
                Looked::Renewed
            }
            Err(error) => {
                seen.problem = Some(error.to_string());
                Looked::Kept(error)
            }
        }
    }

    /// In words for an operator: what is wrong, or until when what is in force counts.
    pub fn state(&self, now: Timestamp) -> Result<String, String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = seen.certificates.iter().min_by_key(|certificate| certificate.until) else {
            return Err("no certificate".into());
        };
        let until = format!("in force until {}", certificate::moment(first.until));
        match &seen.problem {
            Some(problem) => Err(format!("{problem}; the former certificate is {until}")),
            None if first.is_due(now) => Err(format!("the certificate is {until} and should have been renewed")),
            None => Ok(until),
        }
    }

    /// Accepts connections under what is in force now.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }
}

fn read(
    files: &[CertificateFiles],
    now: Timestamp,
) -> (Vec<certificate::Print>, Result<Vec<Certificate>, CertificateError>) {
    let (prints, read): (Vec<_>, Vec<_>) = files.iter().map(|files| files.read_with_print(now)).unzip();
    (prints, read.into_iter().collect())
}

fn server_config(
    certificates: &[Certificate],
    tickets: &Arc<dyn ProducesTickets>,
) -> Result<Arc<ServerConfig>, tokio_rustls::rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(certificate::provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ByName::of(certificates)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = Arc::clone(tickets);
    // Whoever comes back does so with one ticket; a second would only be sent in vain.
    config.send_tls13_tickets = 1;
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// Certificates by the name that a client asks for: itself, then with a star for its first label, then the first of all.
struct ByName {
    names: HashMap<String, Arc<CertifiedKey>>,
    first: Option<Arc<CertifiedKey>>,
}

impl ByName {
    fn of(certificates: &[Certificate]) -> Self {
        let mut names = HashMap::new();
        for certificate in certificates {
            for name in &certificate.names {
                names.entry(name.clone()).or_insert_with(|| Arc::clone(&certificate.key));
            }
        }
        Self { names, first: certificates.first().map(|certificate| Arc::clone(&certificate.key)) }
    }

    fn find(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let name = name.to_ascii_lowercase();
        let starred = || Some(format!("*.{}", name.split_once('.')?.1));
        self.names.get(&name).or_else(|| self.names.get(&starred()?))
    }
}

impl fmt::Debug for ByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names.keys()).finish()
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        hello.server_name().and_then(|name| self.find(name)).or(self.first.as_ref()).cloned()
    }
}
