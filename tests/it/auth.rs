//! Who sent a message: against dkimpy, and names that a test gives.

pub(crate) mod dkimpy;

use std::{net::IpAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use sekisho::{
    auth::{Authenticator, Canon, Client, SealSettings, Settings, body_hash},
    base::Timestamp,
    judge::{Authentication, Method, Proof, Wish},
};

use crate::dns::Texts;
use dkimpy::Key;

const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);
const LETTER: &str = "From: Shop <shop@sender.example>\r\nTo: b@corp.example\r\nSubject: a\r\n folded  one\r\n\
    Message-ID: <1@sender.example>\r\n\r\nSee https://www.example.com/\r\n \t\r\n";

fn settings(texts: &Texts) -> Settings {
    Settings {
        name: "mx.corp.example".into(),
        trusted: Vec::new(),
        resolvers: vec![texts.address],
        deadline: Duration::from_secs(20),
        relays: Vec::new(),
        seal: None,
    }
}

fn client<'a>(address: &str, sender: &'a str) -> Client<'a> {
    Client { address: address.parse::<IpAddr>().ok(), helo: "out.sender.example", sender, taken: false }
}

fn look(settings: Settings, raw: &[u8], client: &Client<'_>) -> Authentication {
    Authenticator::open(settings).unwrap().look(raw, client).authentication
}

fn proofs(found: &Authentication) -> [Option<Proof>; 4] {
    [Method::Spf, Method::Dkim, Method::Dmarc, Method::Arc].map(|method| found.of(method))
}

#[test]
fn every_body_has_the_hash_that_another_program_finds() {
    if !dkimpy::is_there() {
        return;
    }
    let mut runner = TestRunner::deterministic();
    let body = proptest::collection::vec(
        prop_oneof![
            Just("\r\n"),
            Just("\r\n"),
            Just(" "),
            Just("\t"),
            Just(" \r\n"),
            Just("a"),
            Just("b  c"),
            Just("\r"),
            Just("caf\u{e9}"),
        ],
        0..14,
    );
    let mut bodies: Vec<Vec<u8>> =
        (0..600).map(|_| body.new_tree(&mut runner).unwrap().current().concat().into_bytes()).collect();
    // A mail system hands on no body whose last line has no end, and there the two part: for us it has one.
    bodies.iter_mut().filter(|body| !body.is_empty()).for_each(|body| body.extend(b"\r\n"));
    bodies.push(b"x\r\n".repeat(20_000));
    let script = "import base64, hashlib, sys\nfrom dkim.canonicalization import Relaxed, Simple\n\
        for line in sys.stdin.read().split('\\n'):\n    body = base64.b64decode(line)\n    \
        print(hashlib.sha256(Simple.canonicalize_body(body)).hexdigest(), hashlib.sha256(Relaxed.canonicalize_body(body)).hexdigest())\n";
    let given = bodies.iter().map(|body| STANDARD.encode(body)).collect::<Vec<_>>().join("\n");
    let told = String::from_utf8(dkimpy::python(script, &[], given.as_bytes())).unwrap();
    let hex = |body: &[u8], canon| body_hash(body, canon).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (body, told) in bodies.iter().zip(told.lines()) {
        let ours = format!("{} {}", hex(body, Canon::Simple), hex(body, Canon::Relaxed));
        assert_eq!(ours, told, "{}", body.escape_ascii());
    }
}

#[test]
fn a_signature_holds_and_stands_for_its_domain_until_a_byte_is_changed() {
    if !dkimpy::is_there() {
        return;
    }
    let (texts, key) = (Texts::start(), Key::make("s1", "sender.example"));
    let (name, text) = key.record();
    texts.set(&name, &text);
    texts.set("sender.example", "v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/64 -all");
    texts.set("_dmarc.sender.example", "v=DMARC1; p=reject; adkim=s");
    let by = Authenticator::open(settings(&texts)).unwrap();
    let good = client("192.0.2.7", "bounce@sender.example");
    let see = |raw: &[u8], client: &Client<'_>| by.look(raw, client).authentication;
    for (header, body) in [("relaxed", "relaxed"), ("simple", "simple"), ("relaxed", "simple")] {
        let signed = key.sign(LETTER.as_bytes(), header, body);
        let found = see(&signed, &good);
        let pass = Some(Proof::Pass);
        assert_eq!(proofs(&found), [pass, pass, pass, Some(Proof::None)], "{header}/{body}: {found:?}");
        assert_eq!(found.wish, Some(Wish::Reject));
        // A pipe brings line feeds.
        let piped: Vec<u8> = signed.iter().copied().filter(|byte| *byte != b'\r').collect();
        assert_eq!(see(&piped, &good).of(Method::Dkim), pass, "{header}/{body}");
    }
    let signed = String::from_utf8(key.sign(LETTER.as_bytes(), "relaxed", "relaxed")).unwrap();
    // The signature alone is enough, whoever brings it; and nothing is where it does not hold either.
    let bad = client("203.0.113.9", "bounce@sender.example");
    assert_eq!(proofs(&see(signed.as_bytes(), &bad))[..3], [Some(Proof::Fail), Some(Proof::Pass), Some(Proof::Pass)]);
    for changed in [signed.replace("See", "see"), signed.replace("Shop <", "Bank <")] {
        let found = see(changed.as_bytes(), &bad);
        assert_eq!(proofs(&found)[..3], [Some(Proof::Fail); 3], "{found:?}");
        assert_eq!(found.asked(), Some(Wish::Reject));
    }
    // IPv6, an internationalised sender, and none.
    let found = see(signed.as_bytes(), &client("2001:db8::1", "用@sender.example"));
    assert_eq!(found.of(Method::Spf), Some(Proof::Pass));
    texts.set("xn--fsq.example", "v=spf1 ip4:192.0.2.7 -all");
    assert_eq!(see(signed.as_bytes(), &client("192.0.2.7", "a@例.example")).of(Method::Spf), Some(Proof::Pass));
    texts.set("out.sender.example", "v=spf1 ip4:192.0.2.7 -all");
    let bounce = see(LETTER.as_bytes(), &client("192.0.2.7", ""));
    assert_eq!(
        (bounce.of(Method::Spf), bounce.checks[0].about("smtp.helo")),
        (Some(Proof::Pass), Some("out.sender.example"))
    );
    assert_eq!(bounce.of(Method::Dmarc), Some(Proof::Pass));
}

#[test]
fn who_does_not_answer_costs_the_deadline_once_and_no_mail() {
    let texts = Texts::start();
    let raw = LETTER.replace("sender.example", "hang.example");
    let signature = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=hang.example; s=hang; h=from;\r\n\t\
        bh=HASH; b=AAAA\r\n";
    let hash = STANDARD.encode(body_hash(raw.split_once("\r\n\r\n").unwrap().1.as_bytes(), Canon::Relaxed));
    let raw = [signature.replace("HASH", &hash), raw].concat();
    let deadline = Duration::from_millis(300);
    let found = look(Settings { deadline, ..settings(&texts) }, raw.as_bytes(), &client("192.0.2.7", "a@hang.example"));
    assert_eq!(proofs(&found)[..2], [Some(Proof::TempError); 2], "{found:?}");
    assert_eq!((found.asked(), found.wish), (None, None));
}

#[test]
fn the_number_of_questions_and_signatures_is_bounded() {
    let texts = Texts::start();
    // Each names ten more that do not exist: 10 + 10 · 10 …
    let many = |of: &str| (0..10).map(|at| format!(" mx:{of}{at}.loop.example")).collect::<String>();
    texts.set("loop.example", &format!("v=spf1{} -all", many("a")));
    let found = look(settings(&texts), LETTER.as_bytes(), &client("192.0.2.7", "a@loop.example"));
    assert_eq!(found.of(Method::Spf), Some(Proof::Fail), "{found:?}");
    texts.set("more.example", &format!("v=spf1{} include:loop.example -all", many("b")));
    let found = look(settings(&texts), LETTER.as_bytes(), &client("192.0.2.7", "a@more.example"));
    assert_eq!(found.of(Method::Spf), Some(Proof::PermError), "{found:?}");
    let hash = STANDARD.encode(body_hash(b"x\r\n", Canon::Relaxed));
    let one = |at: usize| {
        format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=d{at}.example; s=s; h=from; bh={hash}; b=AAAA\r\n"
        )
    };
    let raw = format!("{}From: a@sender.example\r\n\r\nx\r\n", (0..40).map(one).collect::<String>());
    let before = texts.asked().len();
    let found = look(settings(&texts), raw.as_bytes(), &client("192.0.2.7", ""));
    let keys: Vec<_> = texts.asked()[before..].iter().filter(|name| name.contains("_domainkey")).cloned().collect();
    assert_eq!(keys.len(), 10, "{keys:?}");
    let dkim: Vec<_> = found.checks.iter().filter(|check| check.method == Method::Dkim).collect();
    assert_eq!(dkim.len(), 11);
    assert_eq!(dkim[10].reason.as_deref(), Some("30 more were not looked at"));
    let raw = format!("{}{LETTER}", "X: y\r\n".repeat(2000));
    let found = look(settings(&texts), raw.as_bytes(), &client("192.0.2.7", ""));
    assert_eq!(proofs(&found)[1..], [Some(Proof::PermError); 3], "{found:?}");
    let found = look(settings(&texts), b"\r\nno header at all\r\n", &client("192.0.2.7", ""));
    assert_eq!(proofs(&found)[1..], [Some(Proof::None); 3], "{found:?}");
}

#[test]
fn what_proves_nothing_any_more_is_not_taken() {
    let texts = Texts::start();
    let raw = |more: &str| {
        format!(
            "DKIM-Signature: v=1; {more} c=relaxed/relaxed; d=sender.example; s=s; h=from; bh=AAAA; b=AAAA\r\n{LETTER}"
        )
    };
    for (more, proof, why) in [
        ("a=rsa-sha1;", Proof::Policy, "rsa-sha1"),
        ("a=rsa-sha256; l=3;", Proof::Policy, "only a part"),
        ("a=rsa-sha256;", Proof::Fail, "the body has been changed"),
        ("a=none;", Proof::Neutral, "cannot be read"),
    ] {
        let found = look(settings(&texts), raw(more).as_bytes(), &client("192.0.2.7", ""));
        let check = found.checks.iter().find(|check| check.method == Method::Dkim).unwrap();
        assert!(check.proof == proof && check.reason.as_deref().unwrap_or_default().contains(why), "{check:?}");
    }
    let two = LETTER.replace("To:", "From: bank@bank.example\r\nTo:");
    let found = look(settings(&texts), two.as_bytes(), &client("192.0.2.7", ""));
    assert_eq!(found.of(Method::Dmarc), Some(Proof::PermError), "{found:?}");
    assert!(texts.asked().iter().all(|name| !name.contains("_domainkey")), "{:?}", texts.asked());
}

#[test]
fn who_looked_before_us_is_believed_where_he_is_trusted() {
    let texts = Texts::start();
    let raw = format!(
        "Authentication-Results: front.corp.example; dmarc=fail (p=reject) header.from=sender.example\r\n{LETTER}"
    );
    let sender = client("192.0.2.7", "a@sender.example");
    let trusting = Settings { trusted: vec!["Front.corp.example".into()], ..settings(&texts) };
    let by = Authenticator::open(trusting.clone()).unwrap();
    let seen = by.look(raw.as_bytes(), &sender);
    let found = &seen.authentication;
    assert_eq!((found.by.as_deref(), found.asked()), (Some("front.corp.example"), Some(Wish::Reject)));
    assert_eq!(texts.asked(), [""; 0]);
    let (message, top) = by.speak(&seen, raw.clone().into_bytes(), NOW);
    assert_eq!((message, top.len()), (raw.clone().into_bytes(), 0), "his field stays, and ours says nothing new");
    // He may speak in the name that we have, where both are one house.
    let ours = raw.replace("front.corp.example", "mx.corp.example");
    let by = Authenticator::open(Settings { trusted: vec!["mx.corp.example".into()], ..settings(&texts) }).unwrap();
    let seen = by.look(ours.as_bytes(), &sender);
    assert_eq!(by.speak(&seen, ours.clone().into_bytes(), NOW), (ours.into_bytes(), Vec::new()));
    // To a stranger's word nobody listens, and it stays.
    let by = Authenticator::open(settings(&texts)).unwrap();
    let seen = by.look(raw.as_bytes(), &sender);
    assert_eq!((seen.authentication.by.as_deref(), seen.authentication.asked()), (None, None));
    let (message, top) = by.speak(&seen, raw.clone().into_bytes(), NOW);
    assert_eq!((message, top.len()), (raw.into_bytes(), 1));
    assert!(top[0].1.starts_with("mx.corp.example;\r\n\tspf=none"), "{top:?}");
}

/// What an authenticator with this key makes of a message, all of it.
fn passed_on(texts: &Texts, name: &str, key: &Key, raw: &[u8]) -> (Vec<u8>, Authentication) {
    let seal = Some(SealSettings { domain: key.domain.clone(), selector: key.selector.clone(), key: key.path() });
    let by = Authenticator::open(Settings { name: name.into(), seal, ..settings(texts) }).unwrap();
    let seen = by.look(raw, &client("192.0.2.7", "bounce@sender.example"));
    // Whatever is changed on the way is changed before the seal.
    let changed = String::from_utf8(raw.to_vec()).unwrap().replace("https://www.", &format!("https://{name}/www."));
    let (message, top) = by.speak(&seen, changed.into_bytes(), sekisho::base::Clock::now(&sekisho::app::SystemClock));
    (sekisho::mail::with_top(&top, message), seen.authentication)
}

#[test]
fn seals_hold_one_over_the_other_and_a_broken_chain_ends() {
    if !dkimpy::is_there() {
        return;
    }
    let (texts, signer) = (Texts::start(), Key::make("s1", "sender.example"));
    let (one, two) = (Key::make("arc", "corp.example"), Key::make("arc-2", "other.example"));
    for key in [&signer, &one, &two] {
        let (name, text) = key.record();
        texts.set(&name, &text);
    }
    let raw = signer.sign(LETTER.as_bytes(), "relaxed", "relaxed");
    let (first, found) = passed_on(&texts, "mx.corp.example", &one, &raw);
    let text = String::from_utf8(first.clone()).unwrap();
    assert_eq!((found.of(Method::Dkim), found.of(Method::Arc)), (Some(Proof::Pass), Some(Proof::None)));
    assert!(text.starts_with("ARC-Seal: i=1; a=rsa-sha256; t="), "{text}");
    assert_eq!(dkimpy::seals(&first, &texts.records()), ("pass".into(), "success".into()), "{text}");
    let (second, found) = passed_on(&texts, "mx.other.example", &two, &first);
    // Our links broke the signature, and the seal says that it held when it came.
    assert_eq!((found.of(Method::Dkim), found.of(Method::Arc)), (Some(Proof::Fail), Some(Proof::Pass)));
    let text = String::from_utf8(second.clone()).unwrap();
    assert!(
        text.contains("ARC-Seal: i=2;") && text.contains("cv=pass") && text.contains("i=1; mx.corp.example;\r\n\tspf=")
    );
    assert_eq!(dkimpy::seals(&second, &texts.records()), ("pass".into(), "success".into()), "{text}");
    // A third that changes what the second sealed.
    let broken = text.replace("See", "Look at").into_bytes();
    assert_eq!(dkimpy::seals(&broken, &texts.records()).0, "fail");
    let (third, found) = passed_on(&texts, "mx.third.example", &one, &broken);
    assert_eq!(found.of(Method::Arc), Some(Proof::Fail));
    let text = String::from_utf8(third.clone()).unwrap();
    assert!(text.starts_with("ARC-Seal: i=3;") && text.contains("cv=fail"), "{text}");
    let told = dkimpy::seals(&third, &texts.records()).1;
    assert_eq!(told, "ARC-Seal[3] reported failure, the chain is terminated");
    let (fourth, _) = passed_on(&texts, "mx.corp.example", &two, &third);
    assert!(!String::from_utf8(fourth).unwrap().contains("i=4"), "a chain that failed goes on as it is");
}
