//! Clicks over TLS: versions and protocols, certificates by name, renewal, resumption, what fails.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use http::StatusCode;
use sekisho::{
    base::Timestamp,
    http::{CertificateFiles, Limits, Looked, Tls, TlsError},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned, SupportedProtocolVersion,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName},
        version,
    },
};

use super::{
    HOST, START, Station,
    greeting::{Multi, networks},
    server::{Gate, Reply, is_closed},
    workers::{Crew, sockets},
};

const CLEAN: &str = "https://www.shop.example/a?b=%20c";
const ALL: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];

/// A certificate on disk, and what a client needs to believe it.
struct Made {
    files: CertificateFiles,
    der: CertificateDer<'static>,
}

/// Writes a certificate for `names` as `name`.pem and `name`.key.
fn make(folder: &Path, name: &str, names: &[&str]) -> Made {
    make_between(folder, name, names, (2020, 2099))
}

fn make_between(folder: &Path, name: &str, names: &[&str], years: (i32, i32)) -> Made {
    let mut params =
        rcgen::CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    // Each its own name, or a client takes one for the issuer of the other.
    params.distinguished_name.push(rcgen::DnType::CommonName, format!("{name} {}", names.join(" ")));
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let files = files(folder, name);
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    Made { files, der: certificate.der().clone() }
}

fn files(folder: &Path, name: &str) -> CertificateFiles {
    CertificateFiles { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) }
}

fn client(trusted: &[&Made], versions: &[&'static SupportedProtocolVersion], protocols: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for made in trusted {
        roots.add(made.der.clone()).unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    config.enable_early_data = true;
    Arc::new(config)
}

type Secured = StreamOwned<ClientConnection, TcpStream>;

/// Connects and shakes hands under the name of `host`.
fn connect(crew: &Crew, config: &Arc<ClientConfig>, host: &'static str) -> Secured {
    let mut stream = TcpStream::connect(crew.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut connection = ClientConnection::new(config.clone(), ServerName::try_from(host).unwrap()).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).unwrap();
    }
    StreamOwned::new(connection, stream)
}

fn shown(stream: &Secured) -> CertificateDer<'static> {
    stream.conn.peer_certificates().unwrap()[0].clone().into_owned()
}

fn say(stream: &mut Secured, request: &str) -> Reply {
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    Reply::parse(text.as_bytes())
}

fn click(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")
}

fn crew(station: &Station, files: Vec<CertificateFiles>, limits: Limits) -> (Crew, Arc<Tls>) {
    let tls = Arc::new(Tls::open(files, START).unwrap());
    (Crew::with(station.service(&limits), sockets(1), limits, Some(tls.clone())), tls)
}

#[test]
fn clicks_come_through_in_both_versions_and_both_protocols() {
    let (station, folder) = (Station::new(), tempfile::tempdir().unwrap());
    let made = make(folder.path(), "one", &[HOST]);
    let (crew, _) = crew(&station, vec![made.files.clone()], Limits::default());
    let path = station.link(CLEAN);
    for version in ALL {
        for protocols in [&["http/1.1"][..], &[]] {
            let mut stream = connect(&crew, &client(&[&made], &[version], protocols), HOST);
            let reply = say(&mut stream, &click(&path));
            assert_eq!((reply.status, reply.header("location")), (302, Some(CLEAN)));
        }
        let connector = TlsConnector::from(client(&[&made], &[version], &["h2", "http/1.1"]));
        let multi = Multi::through(async {
            let stream = tokio::net::TcpStream::connect(crew.address).await.unwrap();
            connector.connect(ServerName::try_from(HOST).unwrap(), stream).await.unwrap()
        });
        let reply = multi.get(HOST, &path);
        assert_eq!((reply.status(), reply.headers()["location"].to_str().unwrap()), (StatusCode::FOUND, CLEAN));
        assert_eq!(multi.get("other.example", &path).status(), StatusCode::MISDIRECTED_REQUEST);
    }
}

#[test]
fn each_name_is_shown_its_certificate_and_the_rest_the_first() {
    let (station, folder) = (Station::new(), tempfile::tempdir().unwrap());
    let first = make(folder.path(), "first", &["go.corp.example"]);
    let second = make(folder.path(), "second", &["go.other.example", "*.links.example"]);
    let (crew, _) = crew(&station, vec![first.files.clone(), second.files.clone()], Limits::default());
    let config = client(&[&first, &second], ALL, &[]);
    assert_eq!(shown(&connect(&crew, &config, "go.corp.example")), first.der);
    assert_eq!(shown(&connect(&crew, &config, "go.other.example")), second.der);
    assert_eq!(shown(&connect(&crew, &config, "a.links.example")), second.der);
    let mut stream = TcpStream::connect(crew.address).unwrap();
    let mut unknown = ClientConnection::new(config, ServerName::try_from("unknown.example").unwrap()).unwrap();
    let error = std::iter::repeat_with(|| unknown.complete_io(&mut stream)).find_map(Result::err).unwrap();
    assert!(error.to_string().contains("go.corp.example"), "the first is shown and does not fit: {error}");
}

#[test]
fn new_certificates_are_taken_while_connections_go_on_and_bad_ones_are_not() {
    let (station, folder) = (Station::new(), tempfile::tempdir().unwrap());
    let old = make(folder.path(), "one", &[HOST]);
    let (crew, tls) = crew(&station, vec![old.files.clone()], Limits::default());
    let path = station.link(CLEAN);
    let mut open = connect(&crew, &client(&[&old], ALL, &[]), HOST);
    assert!(matches!(tls.look(START), Looked::Same));
    assert!(tls.state(START).unwrap().contains("2099-01-01"));

    let bad = |what: &str| {
        let Looked::Kept(error) = tls.look(START) else { panic!("{what} was taken") };
        assert!(tls.state(START).unwrap_err().contains("the former certificate is in force until 2099-01-01"));
        // What stays is the same as before, and it is told once.
        assert!(matches!(tls.look(START), Looked::Same));
        assert_eq!(shown(&connect(&crew, &client(&[&old], ALL, &[]), HOST)), old.der);
        error.to_string()
    };
    let (certificate, key) = (old.files.certificate.display().to_string(), old.files.key.display().to_string());
    let other = make(folder.path(), "other", &[HOST]);
    std::fs::copy(&other.files.certificate, &old.files.certificate).unwrap();
    assert_eq!(bad("half a renewal"), format!("the key in {key} is not that of the certificate in {certificate}"));
    make_between(folder.path(), "one", &[HOST], (2020, 2021));
    assert_eq!(
        bad("an expired one"),
        format!("the certificate in {certificate} expired on 2021-01-01T00:00:00Z; renew it")
    );
    make_between(folder.path(), "one", &[HOST], (2090, 2099));
    assert!(bad("an early one").contains("counts from 2090-01-01T00:00:00Z on only"));
    std::fs::write(&old.files.certificate, "no PEM").unwrap();
    assert!(bad("no certificate").starts_with(&format!("{certificate} holds no certificate in PEM")));
    make(folder.path(), "one", &[HOST]);
    std::fs::write(&old.files.key, "no PEM").unwrap();
    assert!(bad("no key").starts_with(&format!("{key} holds no private key in PEM")));
    std::fs::remove_file(&old.files.key).unwrap();
    assert!(bad("no file").starts_with(&format!("cannot read {key}: ")));

    let new = make(folder.path(), "one", &[HOST]);
    assert!(matches!(tls.look(START), Looked::Renewed));
    assert!(tls.state(START).is_ok());
    assert_eq!(shown(&connect(&crew, &client(&[&new], ALL, &[]), HOST)), new.der);
    assert_eq!(say(&mut open, &click(&path)).status, 302, "a connection goes on as it was");
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let expired = make_between(folder.path(), "one", &[HOST], (2020, 2021));
    let told = Tls::open(vec![expired.files], START).err().unwrap();
    assert!(matches!(told, TlsError::Certificate(_)));
    assert!(told.to_string().contains("expired on 2021-01-01"), "{told}");
    let bundle = make(folder.path(), "two", &[HOST]);
    std::fs::write(&bundle.files.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .unwrap();
    assert!(Tls::open(vec![bundle.files], START).err().unwrap().to_string().contains("cannot be used"));
}

#[test]
fn a_certificate_is_due_before_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let made = make_between(folder.path(), "one", &[HOST], (2026, 2027));
    let until = Timestamp::from_secs(1_798_761_600);
    let tls = Tls::open(vec![made.files], START).unwrap();
    let days = |days: i64| until.plus_millis(-days * 24 * 60 * 60 * 1000);
    assert!(tls.state(days(15)).is_ok());
    assert!(tls.state(days(13)).unwrap_err().contains("should have been renewed"));
}

#[test]
fn whoever_comes_back_shakes_hands_shortly_and_sends_nothing_early() {
    let (station, folder) = (Station::new(), tempfile::tempdir().unwrap());
    let made = make(folder.path(), "one", &[HOST]);
    let (crew, _) = crew(&station, vec![made.files.clone()], Limits::default());
    for version in ALL {
        let config = client(&[&made], &[version], &[]);
        let kinds = [0, 1].map(|_| {
            let mut stream = connect(&crew, &config, HOST);
            assert!(!stream.conn.is_early_data_accepted());
            assert_eq!(say(&mut stream, &click(&station.link(CLEAN))).status, 302);
            stream.conn.handshake_kind().unwrap()
        });
        assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed]);
    }
}

#[test]
fn what_does_not_shake_hands_is_cut_and_counted() {
    let (station, folder) = (Station::new(), tempfile::tempdir().unwrap());
    let made = make(folder.path(), "one", &[HOST]);
    let limits = Limits { head_timeout: Duration::from_millis(100), ..Limits::default() };
    let (crew, _) = crew(&station, vec![made.files.clone()], limits);
    let connect = || {
        let stream = TcpStream::connect(crew.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    };
    let mut silent = connect();
    assert!(is_closed(&mut silent));
    let mut plain = connect();
    plain.write_all(click("/").as_bytes()).unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    let mut slow = connect();
    slow.write_all(b"\x16\x03\x01\x02\x00").unwrap();
    assert!(is_closed(&mut slow));
    assert_eq!(crew.counters.requests.load(Ordering::Relaxed), 0);
    let failed = || crew.counters.handshakes_failed.load(Ordering::Relaxed);
    assert!(std::iter::repeat_with(failed).take(1_000_000).any(|failed| failed == 3));
}

#[test]
fn a_load_balancer_introduces_its_clients_before_the_handshake() {
    let (station, folder) = (Station::new(), tempfile::tempdir().unwrap());
    let made = make(folder.path(), "one", &[HOST]);
    let limits = Limits { proxy_protocol: networks(&["127.0.0.1"]), ..Limits::default() };
    let (crew, _) = crew(&station, vec![made.files.clone()], limits);
    let mut stream = TcpStream::connect(crew.address).unwrap();
    stream.write_all(b"PROXY TCP4 203.0.113.5 192.0.2.1 5000 443\r\n").unwrap();
    let config = client(&[&made], ALL, &[]);
    let connection = ClientConnection::new(config, ServerName::try_from(HOST).unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    assert_eq!(say(&mut stream, &click(&station.link(CLEAN))).status, 302);
    assert_eq!(station.events()[0].client.as_deref(), Some("203.0.113.5"));
}

#[tokio::test]
async fn without_room_nobody_shakes_hands() {
    let folder = tempfile::tempdir().unwrap();
    let made = make(folder.path(), "one", &["go.corp.example"]);
    let tls = Some(Arc::new(Tls::open(vec![made.files.clone()], START).unwrap()));
    let gate = Gate::default();
    let crew = Crew::with(gate.clone(), sockets(2), Limits { connections: 1, ..Limits::default() }, tls);
    let mut first = connect(&crew, &client(&[&made], ALL, &[]), HOST);
    first.write_all(click("/").as_bytes()).unwrap();
    gate.entered().await;
    assert!(is_closed(&mut TcpStream::connect(crew.address).unwrap()));
    assert_eq!(crew.counters.shed.load(Ordering::Relaxed), 1);
    gate.open(1);
    let mut text = String::new();
    first.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
}
