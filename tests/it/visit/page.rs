//! What is known of a page beside its bytes: the certificate (attack row 144).

use std::sync::Arc;

use sekisho::net::{Dialer, Means};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::{Zone, means, parse};

#[tokio::test]
async fn row_144_a_bad_certificate_is_a_fact_and_no_reason_to_look_away() {
    let made = rcgen::generate_simple_self_signed(vec!["www.example.com".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
            let _ = stream.shutdown().await;
        }
    });
    let zone = Zone::default();
    for name in ["www.example.com", "other.example.com"] {
        zone.set(name, &[&["127.0.0.1"]]);
    }
    let rehearsal = sekisho::net::Rehearsal::on(&[address]).unwrap();
    let mut trusted = RootCertStore::empty();
    trusted.add(made.cert.der().clone()).unwrap();
    for (host, authorities, wanted) in [
        ("www.example.com", trusted.clone(), None),
        ("other.example.com", trusted, Some("its certificate is for another name")),
    ] {
        let filter = sekisho::net::Filter::new(Vec::new(), Vec::new()).rehearsing(rehearsal.clone());
        let dialer = Dialer::new(Means { filter, authorities, ..means(&zone, &[]) }).unwrap();
        let page = dialer.get(&parse(&format!("https://{host}:{}/", address.port()))).await.unwrap();
        assert_eq!((page.bytes.as_slice(), page.certificate.as_deref()), (b"hello".as_slice(), wanted), "{host}");
    }
}
