//! The keyring: its file, its rotations, and what each state of a key still opens.

use sekisho::link::{AHEAD_MAX, KeyId, KeyState, KeyringError, Problem, ROTATION_OVERLAP};

use super::*;

trait PlusMinutes {
    fn plus_minutes(self, minutes: i64) -> Timestamp;
}

impl PlusMinutes for Timestamp {
    fn plus_minutes(self, minutes: i64) -> Timestamp {
        self.plus_millis(minutes * MINUTE)
    }
}

fn signing(ring: &Keyring) -> KeyId {
    ring.keys().next().unwrap().id()
}

fn later() -> Timestamp {
    NOW.plus_minutes(30 * 24 * 60)
}

fn opens(ring: &Keyring, path: &str, now: Timestamp) -> bool {
    ring.opener(&[A]).open(path.as_bytes(), &[A], now).is_ok()
}

fn mint_at(ring: &Keyring, now: Timestamp) -> String {
    let url = url::parse("https://www.shop.example/").unwrap();
    ring.minter(A, now).unwrap().mint(&url, &Facts { issued: now, ..facts() }).unwrap().to_string()
}

#[test]
fn old_links_open_after_a_rotation_and_new_ones_are_signed_anew() {
    let mut ring = ring();
    let (old_key, old) = (signing(&ring), mint_at(&ring, NOW));
    let minter_of_yesterday = ring.minter(A, NOW).unwrap();
    let new_key = ring.rotate([2; 32], later()).unwrap();
    assert_ne!(old_key, new_key);
    let new = mint_at(&ring, later());
    assert!(opens(&ring, &old, later()) && opens(&ring, &new, later()));
    let states: Vec<_> = ring.keys().map(|key| (key.id(), key.state(), key.from(), key.until())).collect();
    let end = later().plus_millis(ROTATION_OVERLAP);
    assert_eq!(states, [(new_key, KeyState::Signing, later(), None), (old_key, KeyState::VerifyOnly, NOW, Some(end)),]);
    // A node that has not read the new ring yet.
    let url = url::parse("https://www.shop.example/").unwrap();
    let by_old = |issued: Timestamp| minter_of_yesterday.mint(&url, &Facts { issued, ..facts() }).unwrap().to_string();
    assert!(opens(&ring, &by_old(end), end));
    assert!(!opens(&ring, &by_old(end.plus_minutes(1)), end.plus_minutes(1)));
}

#[test]
fn a_compromised_key_opens_what_the_wrap_log_holds_and_nothing_else() {
    let mut ring = ring();
    let (key, path) = (signing(&ring), mint_at(&ring, NOW));
    assert_eq!(ring.set_state(key, KeyState::Compromised), Err(KeyringError::Ring(Problem::Signs(key))));
    ring.rotate([2; 32], later()).unwrap();
    ring.set_state(key, KeyState::Compromised).unwrap();
    assert!(!opens(&ring, &path, later()));
    let opener = ring.opener(&[A]);
    let asked = std::cell::Cell::new(0);
    let open = |path: &str, holds: bool| {
        let is_logged = |link: &sekisho::link::Link| {
            asked.set(asked.get() + 1);
            assert_eq!((link.key, link.destination.as_str()), (key, "https://www.shop.example/"));
            holds
        };
        opener.open_with(path.as_bytes(), &[A], later(), &is_logged).is_ok()
    };
    assert!(open(&path, true) && !open(&path, false));
    assert_eq!(asked.get(), 2);
    // Sound keys and bad tags never ask.
    assert!(open(&mint_at(&ring, later()), false));
    assert!(!open(&format!("{}A1", &path[..path.len() - 2]), true) || path.ends_with("A1"));
    assert_eq!(asked.get(), 2);
    ring.set_state(key, KeyState::VerifyOnly).unwrap();
    assert!(opens(&ring, &path, later()));
}

#[test]
fn a_link_ahead_of_the_clock_is_refused_under_every_key() {
    let ring = ring();
    let path = mint_at(&ring, later());
    assert!(opens(&ring, &path, later().plus_millis(-AHEAD_MAX)));
    assert!(!opens(&ring, &path, later().plus_millis(-AHEAD_MAX - 1)));
}

#[test]
fn a_ring_survives_its_text() {
    let mut ring = ring();
    let path = mint_at(&ring, NOW);
    let key = signing(&ring);
    ring.rotate([2; 32], later()).unwrap();
    ring.rotate([3; 32], later()).unwrap();
    ring.set_state(key, KeyState::Compromised).unwrap();
    let text = ring.to_text();
    let again = Keyring::parse(&text).unwrap();
    assert_eq!(*again.to_text(), *text);
    assert_eq!(format!("{again:?}"), format!("{ring:?}"));
    assert!(again.opener(&[A]).open_with(path.as_bytes(), &[A], later(), &|_| true).is_ok());
    assert!(text.contains("BACK IT UP"));
    assert!(text.contains("from = 2026-11-24T04:00:00Z\n"));
}

#[test]
fn no_debug_and_no_error_shows_a_secret() {
    let ring = ring();
    let text = ring.to_text();
    let secret = text.split("secret = \"").nth(1).unwrap().split('"').next().unwrap();
    let shown = format!("{ring:?} {:?} {:?} {:?}", ring.minter(A, NOW).unwrap(), ring.opener(&[A]), ring.nonces());
    assert!(!shown.contains(&secret[..8]) && !shown.contains("1, 1, 1"), "{shown}");
    // A secret at every wrong place, whole and broken.
    for field in ["id", "state", "from", "until", "secret", "key", "\"", "", "["] {
        for wrong in [format!("{field} = \"{secret}A\""), format!("{field} = {secret}"), format!("{field}{secret}")] {
            let error = Keyring::parse(&format!("[[key]]\n{wrong}\n")).unwrap_err();
            let said = format!("{error} {error:?}");
            // A bare word where a name belongs is shown as the name that it is.
            let as_name = wrong.starts_with(secret) || field.is_empty() || field == "\"";
            assert!(as_name || !said.contains(&secret[..8]), "{wrong}: {said}");
        }
    }
}

#[test]
fn rings_of_two_organisations_are_put_together() {
    let mut ours = ring();
    let mut theirs = Keyring::generate([9; 32], NOW);
    let path = mint_at(&theirs, NOW);
    theirs.rotate([10; 32], later()).unwrap();
    let text = theirs.to_text();
    assert_eq!(ours.import(&text, later()).unwrap().len(), 2);
    assert!(opens(&ours, &path, later()));
    assert!(ours.keys().skip(1).all(|key| key.state() == KeyState::VerifyOnly && key.until().is_some()));
    let known = ours.import(&text, later()).unwrap_err();
    assert!(matches!(known, KeyringError::Ring(Problem::Known(_))));
    assert_eq!(ours.keys().count(), 3);
    assert!(ours.rotate([9; 32], later()).is_err());
}

#[test]
fn a_key_signs_once_and_a_clock_behind_the_ring_stops_a_rotation() {
    let mut ring = ring();
    let old = signing(&ring);
    assert_eq!(ring.rotate([2; 32], NOW.plus_minutes(-1)), Err(KeyringError::Ring(Problem::Clock(old))));
    ring.rotate([2; 32], NOW).unwrap();
    assert_eq!(ring.set_state(old, KeyState::Signing), Err(KeyringError::Ring(Problem::SignedBefore(old))));
    let nobody = KeyId([0; 4]);
    assert_eq!(ring.set_state(nobody, KeyState::VerifyOnly), Err(KeyringError::Ring(Problem::Absent(nobody))));
}

/// The two keys that the texts below are made of.
const ONE: &str = "id = \"07226dd8\"\nsecret = \"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8\"\n";
const TWO: &str = "id = \"1069f0f5\"\nsecret = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"\n";
const FROM: &str = "from = 2025-01-01T00:00Z\n";

#[test]
fn a_wrong_text_is_told_with_its_line_and_column() {
    let first = format!("[[key]]\n{ONE}state = \"signing\"\n{FROM}");
    assert!(Keyring::parse(&first).is_ok());
    let second = |lines: &str| format!("{first}[[key]]\n{TWO}{lines}");
    let only = |lines: &str| format!("[[key]]\n{lines}");
    for (text, line, column, problem) in [
        (String::new(), 1, 1, Problem::NoSigning),
        ("key = 1".into(), 1, 7, Problem::Type { field: "key", wanted: "a list of tables, each under [[key]]" }),
        ("# é\nkéy = 1".into(), 2, 2, Problem::Syntax(String::new())),
        ("\nkeys = []".into(), 2, 1, Problem::Unknown("keys".into())),
        (only("ids = 1"), 2, 1, Problem::Unknown("ids".into())),
        (only("id = \"07226dd8\""), 1, 1, Problem::Missing("secret")),
        (only(ONE), 1, 1, Problem::Missing("state")),
        (only(&format!("{ONE}state = \"signing\"")), 1, 1, Problem::Missing("from")),
        (only(&format!("{ONE}state = 'off'\n{FROM}")), 4, 9, Problem::State),
        (only("secret = 1"), 2, 10, Problem::Type { field: "secret", wanted: "a text in quotes" }),
        (only("secret = \"ICEi\""), 2, 10, Problem::Secret),
        (only(&ONE.replace("Pj8", "Pj9")), 3, 10, Problem::Secret),
        (only(&ONE.replace("Pj8", "Pj8=")), 3, 10, Problem::Secret),
        (only(&ONE.replace("Pj8", "Pj8A")), 3, 10, Problem::Secret),
        (only(&ONE.replace("072", "172")), 2, 6, Problem::OtherId { derived: KeyId([7, 0x22, 0x6d, 0xd8]) }),
        (only(&format!("{ONE}state = \"signing\"\nfrom = \"2025\"")), 5, 8, Problem::Moment("from")),
        (only(&format!("{ONE}state = \"signing\"\nfrom = 2025-01-01")), 5, 8, Problem::Moment("from")),
        (only(&format!("{ONE}state = \"signing\"\nfrom = 2019-01-01T00:00:00Z")), 5, 8, Problem::Moment("from")),
        (format!("{first}until = 2026-01-01T00:00Z"), 4, 9, Problem::SigningEnds),
        (format!("{first}{first}"), 6, 1, Problem::Known(KeyId([7, 0x22, 0x6d, 0xd8]))),
        (second(&format!("state = \"signing\"\n{FROM}")), 6, 1, Problem::SecondSigning),
        (second(&format!("state = \"verify-only\"\n{FROM}")), 9, 9, Problem::Endless),
        (second(&format!("state = \"verify-only\"\n{FROM}until = 2024-12-31T23:59Z")), 11, 9, Problem::Backwards),
        (only(&format!("{TWO}state = \"compromised\"\n{FROM}until = 2026-01-01T00:00Z")), 6, 26, Problem::NoSigning),
    ] {
        let KeyringError::Text { line: at_line, column: at_column, problem: found } =
            Keyring::parse(&text).unwrap_err()
        else {
            panic!("{text}")
        };
        match (&problem, &found) {
            (Problem::Syntax(_), Problem::Syntax(_)) => {}
            _ => assert_eq!(found, problem, "{text}"),
        }
        assert_eq!((at_line, at_column), (line, column), "{problem:?} in\n{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "(\\[\\[key\\]\\]\n)?([a-z]{2,6} = [\"0-9a-zA-Z:\\[{-]{0,20}\n){0,5}\\PC{0,30}") {
        prop_assert!(Keyring::parse(&text).is_err());
    }
}
