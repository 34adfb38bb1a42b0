//! What was taken back: what a revocation means, when it counts, what it survives.
#![cfg(feature = "server")]

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use sekisho::{
    base::{Clock, MessageHash, RecipientHash, TenantId, Timestamp},
    link::{Facts, KeyId, Keyring, Link, LinkId, Place},
    ruling::LiveRulings,
    store::{RevokeError, Say, Scope, Store, Touched, Wrap, WrapOutcome},
    url,
};

const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);
const LONG: Duration = Duration::from_secs(60);
const SAY: Say<'_> = Say { time: NOW, by: "alice", reason: "INC-7" };

struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct Bench {
    store: Store,
    live: LiveRulings,
    clock: Arc<HandClock>,
    path: PathBuf,
    folder: tempfile::TempDir,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let store = Store::open(&path).unwrap();
    let clock = Arc::new(HandClock(AtomicI64::new(NOW.millis())));
    let live = LiveRulings::open(&path, clock.clone()).unwrap();
    Bench { store, live, clock, path, folder }
}

impl Bench {
    fn revoke(&self, scope: Scope) -> i64 {
        let id = self.store.revoke(scope, SAY, None).unwrap();
        assert_eq!(self.live.reload_now().problem, None);
        id
    }

    /// The revocation that stops a link now.
    fn stops(&self, link: &Link) -> Option<i64> {
        self.live.snapshot().revocation(link, self.clock.now()).map(|revocation| revocation.id)
    }

    fn record(&self, link: &Link, sender: &str, outcome: WrapOutcome) {
        self.store.record_wraps(&[wrap(link, link.facts.message, sender, outcome)]).unwrap();
    }
}

/// The link number `number` of a message, made some minutes after [`NOW`].
fn link(secret: u8, tenant: u16, message: u8, minutes: i64, number: u8) -> Link {
    let ring = Keyring::generate([secret; 32], NOW.plus_millis(-1_000_000));
    let issued = NOW.plus_millis(minutes * 60_000);
    let (tenant, message) = (TenantId(tenant), MessageHash([message; 8]));
    let facts = Facts { tenant, place: Place::Html, issued, message, recipient: RecipientHash([3; 8]) };
    let destination = url::parse(&format!("https://shop.example/{number}")).unwrap();
    let path = ring.minter(tenant, issued).unwrap().mint(&destination, &facts).unwrap().to_string();
    ring.opener(&[tenant]).open(path.as_bytes(), &[tenant], issued).unwrap().into_inner()
}

fn wrap(link: &Link, found_in: MessageHash, sender: &str, outcome: WrapOutcome) -> Wrap {
    Wrap {
        time: link.facts.issued.plus_millis(12_345),
        tenant: link.facts.tenant,
        message: found_in,
        recipient: RecipientHash([3; 8]),
        recipient_address: Some("bob@corp.example".into()),
        message_id: None,
        sender: Some(sender.into()),
        subject: None,
        part: "1".into(),
        place: Place::Html,
        outcome,
        rule: None,
        url: link.destination.as_str().into(),
        host: Some("shop.example".into()),
        domain: Some("shop.example".into()),
        link_id: Some(link.id),
    }
}

#[test]
fn each_scope_means_what_it_names_and_nothing_else() {
    let (one, same_message, other_tenant) = (link(1, 7, 1, 0, 1), link(1, 7, 1, 0, 2), link(1, 8, 2, 0, 3));
    let (later, other_key) = (link(1, 7, 3, 60, 4), link(2, 7, 4, 0, 5));
    let all = [&one, &same_message, &other_tenant, &later, &other_key];
    let none = Scope::default;
    let at = |minutes: i64| Some(NOW.plus_millis(minutes * 60_000));
    for (scope, stopped) in [
        (Scope { link: Some(one.id), ..none() }, vec![&one]),
        (Scope { message: Some(one.facts.message), ..none() }, vec![&one, &same_message]),
        (Scope { tenant: Some(TenantId(8)), ..none() }, vec![&other_tenant]),
        (Scope { key: Some(other_key.key), ..none() }, vec![&other_key]),
        (Scope { issued_from: at(1), ..none() }, vec![&later]),
        (Scope { issued_until: at(60), ..none() }, vec![&one, &same_message, &other_tenant, &other_key]),
        (
            Scope { issued_from: at(0), issued_until: at(1), tenant: Some(TenantId(7)), ..none() },
            vec![&one, &same_message, &other_key],
        ),
        (Scope { key: Some(one.key), tenant: Some(TenantId(7)), issued_from: at(60), ..none() }, vec![&later]),
        (Scope { link: Some(one.id), tenant: Some(TenantId(8)), ..none() }, vec![]),
        (Scope { message: Some(one.facts.message), key: Some(other_key.key), ..none() }, vec![]),
        (Scope { message: Some(one.facts.message), issued_from: at(1), ..none() }, vec![]),
        (Scope { link: Some(LinkId([9; 16])), ..none() }, vec![]),
    ] {
        let bench = bench();
        let said = scope.to_string();
        let id = bench.revoke(scope);
        for link in all {
            let wanted = stopped.contains(&link).then_some(id);
            assert_eq!(bench.stops(link), wanted, "{said}: {}", link.destination.as_str());
        }
    }
}

#[test]
fn a_sender_means_the_messages_before_and_those_to_come_within_the_window() {
    let bench = bench();
    let (before, after, late) = (link(1, 7, 1, 0, 1), link(1, 7, 2, 5, 2), link(1, 7, 3, 60, 3));
    let (stranger, neighbour) = (link(1, 7, 4, 0, 4), link(1, 8, 5, 0, 5));
    bench.record(&before, "Shop@Mail.Example", WrapOutcome::Wrapped);
    bench.record(&stranger, "other@mail.example", WrapOutcome::Wrapped);
    let scope = Scope {
        sender: Some(" shop@mail.example ".into()),
        tenant: Some(TenantId(7)),
        issued_until: Some(NOW.plus_millis(3_600_000)),
        ..Scope::default()
    };
    let id = bench.revoke(scope);
    assert_eq!((bench.stops(&before), bench.stops(&stranger)), (Some(id), None));
    assert_eq!(bench.stops(&after), None, "nobody knows yet that it comes from this sender");
    bench.record(&after, "shop@mail.example", WrapOutcome::Wrapped);
    bench.record(&late, "shop@mail.example", WrapOutcome::Wrapped);
    bench.record(&neighbour, "shop@mail.example", WrapOutcome::Wrapped);
    bench.live.reload_now();
    assert_eq!(bench.stops(&after), Some(id));
    assert_eq!((bench.stops(&late), bench.stops(&neighbour)), (None, None));
    bench.store.release(id, SAY).unwrap();
    let again = link(1, 7, 6, 5, 6);
    bench.record(&again, "shop@mail.example", WrapOutcome::Wrapped);
    bench.live.reload_now();
    assert_eq!((bench.stops(&before), bench.stops(&again)), (None, None));
}

#[test]
fn links_of_ours_that_a_convicted_message_carried_stop_as_well() {
    let bench = bench();
    let (carried, carried_later, beside) = (link(1, 7, 1, 0, 1), link(1, 7, 1, 0, 2), link(1, 7, 1, 0, 3));
    let convicted = MessageHash([9; 8]);
    let found = |link: &Link| wrap(link, convicted, "evil@mail.example", WrapOutcome::AlreadyOurs);
    bench.store.record_wraps(&[found(&carried)]).unwrap();
    let id = bench.revoke(Scope { message: Some(convicted), ..Scope::default() });
    bench.store.record_wraps(&[found(&carried_later)]).unwrap();
    // What such a message names and we left alone is no link of ours.
    bench.store.record_wraps(&[Wrap { outcome: WrapOutcome::Left, ..found(&beside) }]).unwrap();
    bench.live.reload_now();
    assert_eq!((bench.stops(&carried), bench.stops(&carried_later)), (Some(id), Some(id)));
    assert_eq!(bench.stops(&beside), None);
}

#[test]
fn a_message_can_be_convicted_before_it_is_recorded() {
    let bench = bench();
    let link = link(1, 7, 1, 0, 1);
    let id = bench.revoke(Scope { message: Some(link.facts.message), ..Scope::default() });
    assert_eq!(bench.stops(&link), Some(id));
}

#[test]
fn it_ends_when_it_expires_and_when_it_is_released_and_is_never_forgotten() {
    let bench = bench();
    let link = link(1, 7, 1, 0, 1);
    let scope = Scope { link: Some(link.id), ..Scope::default() };
    let expires = Some(NOW.plus_millis(1_000));
    let first = bench.store.revoke(scope.clone(), SAY, expires).unwrap();
    assert_eq!(bench.store.revoke(scope.clone(), SAY, expires).unwrap(), first, "the same again is the same");
    let second = bench.revoke(Scope { tenant: Some(TenantId(7)), ..Scope::default() });
    assert_eq!(bench.stops(&link), Some(first), "the oldest is told");
    bench.clock.0.fetch_add(1_000, Ordering::Relaxed);
    assert_eq!(bench.stops(&link), Some(second));
    bench.store.release(second, Say { by: "bob", reason: "a mistake", ..SAY }).unwrap();
    bench.live.reload_now();
    assert_eq!(bench.stops(&link), None);
    let told = bench.store.release(second, SAY).unwrap_err();
    assert!(matches!(&told, RevokeError::Released { by, .. } if by == "bob"), "{told}");
    assert!(matches!(bench.store.release(99, SAY), Err(RevokeError::Unknown(99))));
    let all = bench.store.revocations(10).unwrap();
    assert_eq!(all.iter().map(|one| one.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!(all[1].release.as_ref().map(|release| release.reason.as_str()), Some("a mistake"));
    let later = Say { time: NOW.plus_millis(1_000), ..SAY };
    assert!(bench.store.revoke(scope, later, None).unwrap() > second, "what has expired does not count for a new one");
}

#[test]
fn nothing_of_it_can_be_changed_or_deleted() {
    let bench = bench();
    let link = link(1, 7, 1, 0, 1);
    bench.record(&link, "shop@mail.example", WrapOutcome::AlreadyOurs);
    let id = bench.revoke(Scope { sender: Some("shop@mail.example".into()), ..Scope::default() });
    bench.store.release(id, SAY).unwrap();
    let raw = rusqlite::Connection::open(&bench.path).unwrap();
    for table in ["revocation", "revocation_release", "revoked_message", "revoked_link"] {
        for sql in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET id = id + 1")] {
            let error = raw.execute(&sql, []).unwrap_err().to_string();
            assert!(error.contains("is never"), "{sql}: {error}");
        }
    }
}

#[test]
fn who_why_and_what_have_to_be_said() {
    let bench = bench();
    let link = Scope { link: Some(LinkId([1; 16])), ..Scope::default() };
    let refused = |scope: &Scope, by, reason, expires| {
        bench.store.revoke(scope.clone(), Say { by, reason, ..SAY }, expires).unwrap_err().to_string()
    };
    assert!(refused(&link, " ", "x", None).contains("who"));
    assert!(refused(&link, "x", "", None).contains("the reason"));
    assert!(refused(&Scope::default(), "x", "y", None).contains("every link of everybody"));
    assert!(refused(&link, "x", "y", Some(NOW)).contains("expired already"));
    assert_eq!(bench.store.revocations(10).unwrap(), []);
}

#[test]
fn what_it_touches_is_counted_before_it_is_done() {
    let bench = bench();
    let (one, two, later) = (link(1, 7, 1, 0, 1), link(1, 7, 1, 0, 2), link(1, 7, 2, 60, 3));
    for link in [&one, &two, &later] {
        bench.record(link, "shop@mail.example", WrapOutcome::Wrapped);
    }
    let touched = |scope: Scope| {
        let Touched { links, messages, recipients } = bench.store.touched(&scope).unwrap();
        (links, messages, recipients)
    };
    let none = Scope::default;
    assert_eq!(touched(Scope { link: Some(one.id), ..none() }), (1, 1, 1));
    assert_eq!(touched(Scope { message: Some(one.facts.message), ..none() }), (2, 1, 1));
    let sender = Some("SHOP@mail.example".to_owned());
    assert_eq!(touched(Scope { sender: sender.clone(), ..none() }), (3, 2, 2));
    assert_eq!(touched(Scope { sender, issued_from: Some(NOW.plus_millis(3_600_000)), ..none() }), (1, 1, 1));
    assert_eq!(touched(Scope { tenant: Some(TenantId(8)), ..none() }), (0, 0, 0));
    assert_eq!(bench.store.revocations(10).unwrap(), []);
}

#[test]
fn another_process_on_the_store_is_heard_without_being_asked() {
    let bench = bench();
    let watching = LiveRulings::start(&bench.path, bench.clock.clone()).unwrap();
    let link = link(1, 7, 1, 0, 1);
    let other = Store::open(&bench.path).unwrap();
    other.revoke(Scope { link: Some(link.id), ..Scope::default() }, SAY, None).unwrap();
    assert!(watching.wait_for(LONG, |state| state.revocations == 1));
    assert!(watching.snapshot().revocation(&link, NOW).is_some());
    other.release(1, SAY).unwrap();
    assert!(watching.wait_for(LONG, |state| state.revocations == 0));
}

#[test]
fn a_store_that_cannot_be_read_or_is_another_one_leaves_the_last_good_set_in_force() {
    let bench = bench();
    let link = link(1, 7, 1, 0, 1);
    let id = bench.revoke(Scope { link: Some(link.id), ..Scope::default() });
    let aside = bench.folder.path().join("aside.sqlite");
    // All of it is in the one file that is moved.
    let raw = rusqlite::Connection::open(&bench.path).unwrap();
    raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).unwrap();
    drop(raw);
    std::fs::rename(&bench.path, &aside).unwrap();
    let gone = bench.live.reload_now();
    assert!(gone.problem.as_ref().is_some_and(|problem| problem.contains("there is no store")), "{gone:?}");
    assert_eq!(bench.stops(&link), Some(id));
    Store::open(&bench.path).unwrap();
    let empty = bench.live.reload_now();
    assert!(empty.problem.as_ref().is_some_and(|problem| problem.contains("lacks revocations")), "{empty:?}");
    assert_eq!(bench.stops(&link), Some(id));
    std::fs::remove_file(&bench.path).unwrap();
    std::fs::write(&bench.path, "rubbish that is no database at all").unwrap();
    assert!(bench.live.reload_now().problem.is_some());
    assert_eq!(bench.stops(&link), Some(id));
    drop(bench.store);
    std::fs::rename(&aside, &bench.path).unwrap();
    assert_eq!(bench.live.reload_now().problem, None);
    assert_eq!(bench.live.snapshot().revocation(&link, NOW).map(|one| one.id), Some(id));
}

#[test]
fn ten_thousand_revocations_are_told_apart() {
    let bench = bench();
    let raw = rusqlite::Connection::open(&bench.path).unwrap();
    raw.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO revocation (time, author, reason, key) SELECT 0, 'a', 'b', CAST(printf('%04x', i) AS BLOB) FROM n",
    )
    .unwrap();
    bench.live.reload_now();
    let mut link = link(1, 7, 1, 0, 1);
    assert_eq!((bench.live.state().revocations, bench.stops(&link)), (10_000, None));
    link.key = KeyId(*b"0100");
    assert_eq!(bench.stops(&link), Some(256));
}
