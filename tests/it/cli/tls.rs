//! Certificates as an admin meets them.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
};

use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

use super::{CONFIG, Folder, ONE_TENANT, serve::Served};

/// A configuration with a certificate, of which nothing is written yet.
fn folder() -> (Folder, String) {
    let folder = Folder::new();
    let tls = "[tls]\ncertificate = \"tls/one.pem\"\nkey = \"tls/one.key\"\n";
    let file = folder.write("sekisho.toml", &format!("data_dir = \".\"\n{tls}{ONE_TENANT}"));
    super::run(&["keys", "init", "--config", &file]).ok();
    (folder, file)
}

fn certificate(folder: &Folder, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    folder.write("tls/one.pem", &made.cert.pem());
    folder.write("tls/one.key", &made.signing_key.serialize_pem());
}

#[test]
fn what_is_wrong_with_a_certificate_is_told_before_anything_starts() {
    let (folder, file) = folder();
    let missing = folder.join("tls/one.pem");
    for command in [&["config", "check"][..], &["serve"]] {
        let args = [command, &["--config", &file]].concat();
        super::run(&args).refused(CONFIG, &[&format!("cannot read {missing}: ")]);
    }
    let doctor = super::run(&["doctor", "--config", &file]);
    assert!(doctor.out.contains("BAD  certificates"), "{}", doctor.out);

    certificate(&folder, &["other.example"]);
    super::run(&["config", "check", "--config", &file]).ok();
    let doctor = super::run(&["doctor", "--config", &file]).ok().out;
    assert!(doctor.contains("note certificates   none of them is for go.corp.example"), "{doctor}");
    certificate(&folder, &["go.corp.example"]);
    let doctor = super::run(&["doctor", "--config", &file]).ok().out;
    assert!(doctor.contains("ok   certificates   1 certificate, in force until "), "{doctor}");

    let lonely = folder.write("lonely.toml", &format!("[tls]\nkey = \"tls/one.key\"\n{ONE_TENANT}"));
    super::run(&["config", "check", "--config", &lonely])
        .refused(CONFIG, &["lonely.toml:2:7: tls.key: 0 certificates and 1 keys"]);
}

#[test]
fn a_new_certificate_counts_after_a_hangup_and_a_bad_one_is_told() {
    let (folder, file) = folder();
    certificate(&folder, &["go.corp.example"]);
    let mut served = Served::start(&folder, &["--config", &file]);
    assert!(served.said.contains("answering clicks on https://"), "{}", served.said);
    assert!(answer(&folder, &served.clicks).starts_with("HTTP/1.1 404 "));
    let key = fs::read_to_string(folder.join("tls/one.key")).unwrap();
    certificate(&folder, &["go.corp.example"]);
    served.signal("HUP");
    served.until("were read again and count");
    assert!(answer(&folder, &served.clicks).starts_with("HTTP/1.1 404 "));
    folder.write("tls/one.key", &key);
    served.signal("HUP");
    assert!(served.until("stay").contains("is not that of the certificate in"));
    assert!(served.ready().contains("\"part\":\"certificates\",\"state\":\"degraded\""));
    assert!(answer(&folder, &served.clicks).starts_with("HTTP/1.1 404 "));
}

/// What is answered at `/`, if the certificate in the folder is the one that is shown.
fn answer(folder: &Folder, address: &str) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("tls/one.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = ServerName::try_from("go.corp.example").unwrap();
    let connection = ClientConnection::new(Arc::new(config), host).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    stream.write_all(b"GET / HTTP/1.1\r\nHost: go.corp.example\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}
