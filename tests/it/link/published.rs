//! What is published beside the code: the test vectors, and a decoder that shares nothing with it.

use std::{path::Path, process::Command};

use serde_json::Value;

use super::*;

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

fn vectors() -> (Keyring, Vec<TenantId>, Value) {
    let read = |name: &str| std::fs::read_to_string(Path::new(TESTS).join("vectors").join(name)).unwrap();
    let vectors: Value = serde_json::from_str(&read("link-v1.json")).unwrap();
    let tenants = vectors["tenants"].as_array().unwrap().iter().map(tenant).collect();
    (Keyring::parse(&read("link-v1.keyring.toml")).unwrap(), tenants, vectors)
}

fn tenant(value: &Value) -> TenantId {
    TenantId(value.as_u64().unwrap() as u16)
}

fn since_2020(minutes: &Value) -> Timestamp {
    Timestamp::from_secs(1_577_836_800 + minutes.as_i64().unwrap() * 60)
}

#[test]
fn published_links_open_and_published_bad_ones_do_not() {
    let (ring, tenants, vectors) = vectors();
    let opener = ring.opener(&tenants);
    let mut seen = 0;
    for (section, opens) in [("valid", true), ("invalid", false)] {
        for vector in vectors[section].as_array().unwrap() {
            let allowed: Vec<TenantId> = vector["allowed"].as_array().unwrap().iter().map(tenant).collect();
            let (path, now) = (vector["path"].as_str().unwrap().as_bytes(), since_2020(&vector["now"]));
            let link = opener.open_with(path, &allowed, now, &|_| vector["logged"] == true);
            assert_eq!(link.is_ok(), opens, "{}", vector["name"]);
            seen += 1;
            let Ok(link) = link else { continue };
            assert_eq!(vector["destination"], link.destination.as_str());
            assert_eq!(vector["id"], link.id.to_string());
            assert_eq!(vector["tenant"], link.facts.tenant.0);
            assert_eq!(vector["place"], link.facts.place.as_str());
            assert_eq!(since_2020(&vector["issued"]), link.facts.issued);
            assert_eq!(vector["recipient"], link.facts.recipient.to_string());
        }
    }
    assert!(seen > 120, "{seen}");
}

#[test]
fn published_nonces_are_good() {
    let (ring, _, vectors) = vectors();
    for vector in vectors["nonces"].as_array().unwrap() {
        let expires = Timestamp::from_secs(vector["expires"].as_i64().unwrap());
        let (nonce, path) = (vector["nonce"].as_str().unwrap(), vector["path"].as_str().unwrap());
        let click = ring.nonces().check(nonce, path.as_bytes(), expires.plus_millis(-MINUTE)).unwrap();
        let hex: String = click.0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(vector["click"], hex);
    }
}

fn decoder(arguments: &[&str]) -> (bool, String) {
    let run = Command::new("python3").current_dir(TESTS).arg("decode_link.py").args(arguments).output().unwrap();
    (run.status.success(), String::from_utf8(run.stdout).unwrap() + std::str::from_utf8(&run.stderr).unwrap())
}

#[test]
fn an_independent_decoder_agrees_with_every_vector() {
    let (agrees, said) = decoder(&["--check", "vectors/link-v1.json"]);
    assert!(agrees, "{said}");
}

#[test]
fn an_independent_decoder_reads_what_we_mint() {
    let minted = mint(&ring(), "https://user@[2001:db8::1]:8443/a?b#c");
    let (read, said) = decoder(&[&format!("https://go.corp.example/prefix{minted}?fbclid=x")]);
    assert!(read && said.starts_with("https://user@[2001:db8::1]:8443/a?b#c\n"), "{said}");
    assert!(said.contains("minted 2026-11-24 04:00Z for tenant 1"), "{said}");
    assert!(!decoder(&["https://go.corp.example/www.shop.example/abc"]).0);
}
