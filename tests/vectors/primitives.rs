//! The primitives that this module really uses, against foreign vectors. Those are third-party data and no part of the
//! project; without them the published ones below still hold the line.

use serde_json::Value;

use super::derive::{Mac, expand};

#[allow(dead_code, unreachable_pub)]
#[path = "../it/support.rs"]
mod support;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// Every test of a vector file, with its group.
fn vectors(name: &str) -> Vec<(Value, Value)> {
    let Some(folder) = support::corpus("crypto/wycheproof") else { return Vec::new() };
    let file: Value = serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let groups = file["testGroups"].as_array().unwrap();
    let tests = groups
        .iter()
        .flat_map(|group| group["tests"].as_array().unwrap().iter().map(|test| (group.clone(), test.clone())));
    let tests: Vec<_> = tests.collect();
    assert_eq!(tests.len() as u64, file["numberOfTests"].as_u64().unwrap());
    tests
}

fn bytes(test: &Value, field: &str) -> Vec<u8> {
    hex(test[field].as_str().unwrap())
}

#[test]
fn hmac_agrees_with_the_wycheproof_vectors() {
    let mut truncated = 0;
    for (group, test) in vectors("hmac_sha256_test.json") {
        let mut mac = Mac::new(&bytes(&test, "key"));
        mac.update(&bytes(&test, "msg"));
        let tag = bytes(&test, "tag");
        let valid = test["result"] == "valid";
        match group["tagSize"].as_u64().unwrap() {
            128 => {
                truncated += 1;
                assert_eq!(mac.clone().finish::<16>().as_slice() == tag, valid, "{test}");
                assert_eq!(mac.verify(&tag.try_into().unwrap()), valid, "{test}");
            }
            256 => assert_eq!(mac.finish::<32>().as_slice() == tag, valid, "{test}"),
            other => panic!("a tag of {other} bits"),
        }
    }
    assert!(truncated > 50 || support::corpus("crypto/wycheproof").is_none());
}

#[test]
fn hkdf_agrees_with_the_wycheproof_vectors() {
    for (_, test) in vectors("hkdf_sha256_test.json") {
        let size = test["size"].as_u64().unwrap() as usize;
        // Longer outputs than 255 blocks are the invalid ones; `expand` is never asked for more than one.
        if test["result"] != "valid" {
            assert!(size > 255 * 32, "{test}");
            continue;
        }
        let (secret, salt, info) = (bytes(&test, "ikm"), bytes(&test, "salt"), bytes(&test, "info"));
        let mut okm = vec![0; size];
        let (front, back) = info.split_at(info.len() / 2);
        expand(&secret, &salt, &[front, back], &mut okm);
        assert_eq!(okm, bytes(&test, "okm"), "{test}");
    }
}

/// RFC 4231, test case 2; RFC 5869, test case 3 (empty salt and info).
#[test]
fn the_primitives_agree_with_their_rfcs() {
    let mut mac = Mac::new(b"Jefe");
    mac.update(b"what do ya want for nothing?");
    let tag = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_eq!(mac.finish::<32>().as_slice(), tag);
    let mut okm = [0; 42];
    expand(&[0x0b; 22], &[], &[], &mut okm);
    let wanted = hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    assert_eq!(okm.as_slice(), wanted);
}
