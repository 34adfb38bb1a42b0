use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
        client::{
            Resumption, WebPkiServerVerifier,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        },
        crypto::CryptoProvider,
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

/// TLS to strangers. A certificate that does not hold is a fact about them and no reason to look away (attack row 144):
/// nothing secret is sent, and what a page does is worth knowing the more.
pub(super) struct Secure {
    config: Arc<ClientConfig>,
    judge: Option<Arc<WebPkiServerVerifier>>,
}

impl Secure {
    /// With these authorities. Without any, nothing is said about certificates.
    pub(super) fn new(authorities: RootCertStore) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let judge = match authorities.is_empty() {
            true => None,
            false => {
                WebPkiServerVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider)).build().ok()
            }
        };
        let any = Arc::new(Any(Arc::clone(&provider)));
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(any)
            .with_no_client_auth();
        // Nothing of one visit is told in the next.
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), judge })
    }

    pub(super) async fn agree(
        &self,
        stream: TcpStream,
        name: ServerName<'static>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await
    }

    /// What is wrong with the certificate that was shown; none where it holds or nobody can tell.
    pub(super) fn fault(&self, stream: &TlsStream<TcpStream>, name: &ServerName<'_>, now: UnixTime) -> Option<String> {
        let judge = self.judge.as_ref()?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let Some((first, between)) = chain.split_first() else { return Some("it shows no certificate".to_owned()) };
        judge.verify_server_cert(first, between, name, &[], now).err().map(|error| in_words(&error))
    }
}

fn in_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    let words = match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => "has expired",
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => "is not valid yet",
            Bad::UnknownIssuer => "is from nobody who is trusted",
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => "is for another name",
            Bad::Revoked => "was revoked",
            _ => "does not hold",
        },
        _ => "does not hold",
    };
    format!("its certificate {words}")
}

/// Takes every certificate, but only from who has its key.
#[derive(Debug)]
struct Any(Arc<CryptoProvider>);

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
