use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;

use super::*;
use crate::{
    base::{Clock, EventId, Timestamp},
    store::{
        ClickFilter, ClickLog, ClickWriter, LogSettings, Order, Reveal, Store, StoreError, bring_in, is_left,
        sample::{NOW, event},
        sink::{Before, Sink},
    },
};

/// Long enough on the slowest machine; nothing waits for it when all is well.
const LONG: Duration = Duration::from_secs(60);
/// Time for an attempt or two to fail.
const SHORT: Duration = Duration::from_millis(30);

const PACE: Pace = Pace {
    rest: 0,
    sync: Duration::from_millis(1),
    gather: Duration::from_millis(5),
    batch: 64,
    patience: Duration::from_millis(5),
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(10),
};

/// Small, so that there are many.
const SEGMENT: u32 = 16 << 10;

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    segments: u32,
    clock: Arc<HandClock>,
}

/// A clock that is set by hand.
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.sqlite")).unwrap();
        Self { folder, store, segments: 64, clock: Arc::new(HandClock(AtomicI64::new(NOW.millis()))) }
    }

    fn log(&self) -> (ClickLog, ClickWriter) {
        self.log_with(PACE, None)
    }

    fn log_with(&self, pace: Pace, before: Option<Before>) -> (ClickLog, ClickWriter) {
        self.try_log(pace, before).unwrap()
    }

    fn try_log(&self, pace: Pace, before: Option<Before>) -> Result<(ClickLog, ClickWriter), StoreError> {
        let path = self.store.path();
        let open = |pace| {
            let mut sink = Sink::open(path, pace)?;
            sink.before = before;
            Ok(sink)
        };
        let room = u64::from(self.segments * SEGMENT);
        let clock = Arc::clone(&self.clock);
        let settings = LogSettings { spool: self.spool(), room, keep_days: 400, clock };
        ClickLog::start_at(pace, open, path, settings, SEGMENT)
    }

    fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    /// Another process writes to the store, and does not end.
    fn locked(&self) -> Connection {
        let other = Connection::open(self.store.path()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        other
    }

    fn stored(&self) -> Vec<EventId> {
        let filter = ClickFilter { order: Order::OldestFirst, limit: usize::MAX, ..ClickFilter::default() };
        let events = self.store.clicks(&filter, Reveal::Masked).unwrap();
        events.into_iter().map(|event| event.event_id).collect()
    }
}

fn ids(numbers: std::ops::Range<u64>) -> Vec<EventId> {
    numbers.map(|number| event(number).event_id).collect()
}

fn segments(folder: &std::path::Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "segment")).collect()
}

/// Until the store has refused a batch.
fn until_it_fails(log: &ClickLog) {
    while log.stats().failures == 0 {
        let _ = log.flush(SHORT);
    }
}

#[test]
fn a_full_disk_loses_nothing_and_is_told() {
    let bench = Bench::new();
    // SQLite's own limit on the size of the file: what it returns is what it returns on a full disk.
    let pages = Arc::new(AtomicI64::new(40));
    let limit = Arc::clone(&pages);
    let before: Before = Box::new(move |connection| {
        let limit = limit.load(Ordering::SeqCst);
        connection.pragma_update_and_check(None, "max_page_count", limit, |_| Ok(())).unwrap();
    });
    let (log, writer) = bench.log_with(PACE, Some(before));
    (0..1_000).for_each(|number| log.record(event(number)));
    until_it_fails(&log);
    let stats = log.flush(SHORT).unwrap_err().stats;
    assert!(stats.last_error.as_ref().is_some_and(|error| error.contains("no room to write clicks")), "{stats:?}");
    assert!(stats.waiting > 0 && stats.drained < 1_000 && stats.dropped == 0, "{stats:?}");
    assert_eq!(bench.stored(), ids(0..stats.drained), "what is written is the oldest, in order");

    pages.store(1_000_000, Ordering::SeqCst);
    log.flush(LONG).unwrap();
    let stats = log.stats();
    assert_eq!((stats.drained, stats.waiting, stats.dropped, stats.failures), (1_000, 0, 0, 0));
    assert!(stats.last_error.is_some(), "what went wrong can be read afterwards");
    assert_eq!(bench.stored(), ids(0..1_000));
    writer.stop(LONG).unwrap();
}

#[test]
fn a_lock_is_waited_out() {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    let other = Connection::open(bench.store.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    (0..10).for_each(|number| log.record(event(number)));
    until_it_fails(&log);
    let error = log.stats().last_error.unwrap();
    assert!(error.contains("stayed locked by another process"), "{error}");
    assert_eq!(bench.stored(), []);
    other.execute_batch("COMMIT").unwrap();
    log.flush(LONG).unwrap();
    assert_eq!(bench.stored(), ids(0..10));
    writer.stop(LONG).unwrap();
}

#[test]
fn a_stop_writes_all_that_waits_and_takes_nothing_more() {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    (0..300).for_each(|number| log.record(event(number)));
    let stats = writer.stop(LONG).unwrap();
    assert_eq!((stats.drained, stats.waiting, stats.dropped), (300, 0, 0));
    log.record(event(300));
    assert_eq!(log.stats().dropped, 1);
    assert_eq!(bench.stored(), ids(0..300));
    assert!(log.flush(LONG).is_ok(), "nothing that was taken in is unwritten");
}

#[test]
fn whoever_is_in_a_hurry_does_not_wait_for_a_batch_to_fill() {
    let bench = Bench::new();
    let day = Duration::from_secs(86_400);
    let (log, writer) = bench.log_with(Pace { gather: day, sync: day, ..PACE }, None);
    log.record(event(0));
    log.flush(LONG).unwrap();
    log.record(event(1));
    writer.stop(LONG).unwrap();
    assert_eq!(bench.stored(), ids(0..2));
}

#[test]
fn what_a_stop_cannot_write_waits_on_the_disk_for_the_next_start() {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    let other = bench.locked();
    (0..70).for_each(|number| log.record(event(number)));
    let unwritten = writer.stop(SHORT).unwrap_err();
    assert_eq!((unwritten.stats.waiting, unwritten.stats.dropped, unwritten.lost), (70, 0, 0));
    let text = unwritten.to_string();
    assert!(text.starts_with("70 click events are not in the store ") && text.contains("locked"), "{text}");
    assert!(text.contains("none of them is lost, they wait in ") && text.contains("next start"), "{text}");
    other.execute_batch("COMMIT").unwrap();

    let (log, writer) = bench.log();
    assert_eq!(log.stats().waiting + log.stats().drained, 70, "known before it is read");
    log.record(event(70));
    log.flush(LONG).unwrap();
    assert_eq!(bench.stored(), ids(0..71));
    let stats = writer.stop(LONG).unwrap();
    assert_eq!((stats.synced, stats.drained, stats.waiting, stats.torn), (1, 71, 0, 0));
}

#[test]
fn whoever_asks_after_the_end_brings_in_what_was_left() {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    let other = bench.locked();
    (0..70).for_each(|number| log.record(event(number)));
    assert!(!is_left(&bench.spool()), "a running process has it");
    writer.stop(SHORT).unwrap_err();
    assert!(is_left(&bench.spool()));
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(bring_in(&bench.store, &bench.spool()).unwrap().events, 70);
    assert_eq!(bring_in(&bench.store, &bench.spool()).unwrap().events, 0);
    assert_eq!(bench.stored(), ids(0..70));
    let (log, writer) = bench.log();
    log.flush(LONG).unwrap();
    assert_eq!(writer.stop(LONG).unwrap().drained, 0, "nothing comes twice");
    assert!(!is_left(&bench.spool()));
}

#[test]
fn what_finds_no_room_is_counted_and_the_oldest_are_kept() {
    let bench = Bench { segments: 2, ..Bench::new() };
    let (log, writer) = bench.log();
    let other = bench.locked();
    (0..200).for_each(|number| log.record(event(number)));
    let stats = log.flush(SHORT).unwrap_err().stats;
    assert!(stats.synced > 20 && stats.synced < 100, "{stats:?}");
    assert_eq!((stats.waiting, stats.dropped, stats.drained), (stats.synced, 200 - stats.synced, 0));
    other.execute_batch("COMMIT").unwrap();
    log.flush(LONG).unwrap();
    assert_eq!(bench.stored(), ids(0..stats.synced));
    // And now there is room again.
    log.record(event(200));
    log.flush(LONG).unwrap();
    assert_eq!(log.stats().dropped, 200 - stats.synced);
    writer.stop(LONG).unwrap();
}

#[test]
fn the_room_is_reserved_and_stays_so() {
    use std::os::unix::fs::MetadataExt;
    let bench = Bench { segments: 8, ..Bench::new() };
    let reserved = || {
        let files: Vec<_> = segments(&bench.spool().join("0"));
        files.iter().map(|file| std::fs::metadata(file).unwrap().blocks() * 512).sum::<u64>()
    };
    let (log, writer) = bench.log();
    assert_eq!(reserved(), u64::from(8 * SEGMENT));
    (0..500).for_each(|number| {
        log.record(event(number));
        log.flush(LONG).unwrap();
    });
    writer.stop(LONG).unwrap();
    assert_eq!(reserved(), u64::from(8 * SEGMENT));
}

#[test]
fn what_is_in_the_store_does_not_stay_in_the_spool() {
    let bench = Bench::new();
    let holds = || {
        let files = segments(&bench.spool().join("0"));
        files.iter().filter(|file| std::fs::read(file).unwrap().iter().any(|byte| *byte != 0)).count()
    };
    let (log, writer) = bench.log();
    (0..100).for_each(|number| log.record(event(number)));
    log.flush(LONG).unwrap();
    assert_eq!(holds(), 1, "the one that is written to");
    bench.clock.0.fetch_add(3_600_000, Ordering::SeqCst);
    // The first has the drain look at the clock, the second sees what came of it.
    (100..102).for_each(|number| {
        log.record(event(number));
        log.flush(LONG).unwrap();
    });
    writer.stop(LONG).unwrap();
    assert_eq!(holds(), 0);
    assert_eq!(bench.stored(), ids(0..102));
}

#[test]
fn nothing_counts_as_synced_before_the_disk_says_so() {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    let breaks = |broken: bool| {
        let state = log.ledger.lock();
        state.free.iter().for_each(|slot| slot.broken.store(broken, Ordering::SeqCst));
    };
    breaks(true);
    (0..10).for_each(|number| log.record(event(number)));
    until_it_fails(&log);
    let stats = log.stats();
    assert_eq!((stats.synced, stats.waiting, stats.drained, stats.dropped), (0, 10, 0, 0));
    assert!(stats.last_error.is_some_and(|error| error.contains("cannot write to the spool")));
    // Those in the hand of the writer stay broken for this attempt.
    while log.stats().synced < 10 {
        breaks(false);
        let _ = log.flush(SHORT);
    }
    log.flush(LONG).unwrap();
    assert_eq!(bench.stored(), ids(0..10));
    let stats = writer.stop(LONG).unwrap();
    assert_eq!((stats.synced, stats.drained, stats.failures), (10, 10, 0));
}

#[test]
fn what_cannot_be_put_on_the_disk_is_lost_at_a_stop_and_named() {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    log.ledger.lock().free.iter().for_each(|slot| slot.broken.store(true, Ordering::SeqCst));
    (0..10).for_each(|number| log.record(event(number)));
    let unwritten = writer.stop(SHORT).unwrap_err();
    assert_eq!((unwritten.lost, unwritten.stats.waiting, unwritten.stats.dropped), (10, 0, 10));
    assert!(unwritten.to_string().starts_with("10 click events are lost, they could not be put into "), "{unwritten}");
}

/// A spool with ten events, as `kill -9` leaves it, and the file that holds them.
fn killed() -> (Bench, PathBuf) {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    let other = bench.locked();
    (0..10).for_each(|number| log.record(event(number)));
    log.flush(SHORT).unwrap_err();
    let (from, to) = (bench.spool().join("0"), bench.spool().join("copy"));
    std::fs::create_dir(&to).unwrap();
    for file in std::fs::read_dir(&from).unwrap().map(|file| file.unwrap()) {
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    writer.stop(Duration::ZERO).unwrap_err();
    other.execute_batch("COMMIT").unwrap();
    std::fs::remove_dir_all(&from).unwrap();
    std::fs::rename(to, &from).unwrap();
    let used = segments(&from).into_iter().find(|file| std::fs::read(file).unwrap()[0] != 0).unwrap();
    (bench, used)
}

/// Where the first byte of the first event stands.
const EVENT: usize = segment::FIRST as usize + frame::HEAD;

#[test]
fn after_a_kill_everything_that_was_written_comes_in_once() {
    let (bench, _) = killed();
    for _ in 0..3 {
        let (log, writer) = bench.log();
        log.flush(LONG).unwrap();
        assert_eq!((bench.stored(), log.stats().torn), (ids(0..10), 0));
        writer.stop(LONG).unwrap();
    }
}

#[test]
fn a_torn_end_is_cut_off_and_told() {
    for cut in [1, 7, 100] {
        let (bench, file) = killed();
        let mut bytes = std::fs::read(&file).unwrap();
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        bytes[end - cut..end].fill(0);
        std::fs::write(&file, &bytes).unwrap();
        let (log, writer) = bench.log();
        // What comes now stands where the torn one stood.
        log.record(event(10));
        log.flush(LONG).unwrap();
        let stats = writer.stop(LONG).unwrap();
        assert_eq!((stats.torn, stats.synced, stats.drained, stats.waiting), (1, 1, 10, 0), "cut {cut}");
        assert_eq!(bench.stored(), [ids(0..9), ids(10..11)].concat());
    }
}

#[test]
fn a_restart_goes_on_in_the_same_segment() {
    let (bench, file) = killed();
    let before = std::fs::read(&file).unwrap();
    let other = bench.locked();
    let (log, writer) = bench.log();
    log.record(event(10));
    log.flush(SHORT).unwrap_err();
    let after = std::fs::read(&file).unwrap();
    let end = before.iter().rposition(|byte| *byte != 0).unwrap();
    assert!(before[EVENT..=end] == after[EVENT..=end] && after[end + 1..].iter().any(|byte| *byte != 0));
    other.execute_batch("COMMIT").unwrap();
    log.flush(LONG).unwrap();
    assert_eq!(bench.stored(), ids(0..11));
    writer.stop(LONG).unwrap();
}

#[test]
fn one_event_that_the_disk_has_spoilt_costs_no_other() {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    let other = bench.locked();
    (0..50).for_each(|number| log.record(event(number)));
    writer.stop(SHORT).unwrap_err();
    let file =
        segments(&bench.spool().join("0")).into_iter().find(|file| std::fs::read(file).unwrap()[0] != 0).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[EVENT] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    other.execute_batch("COMMIT").unwrap();
    let (log, writer) = bench.log();
    log.flush(LONG).unwrap();
    let stats = writer.stop(LONG).unwrap();
    assert_eq!((stats.torn, stats.drained, stats.waiting), (1, 49, 0));
    assert_eq!(bench.stored(), ids(1..50));
}

#[test]
fn what_is_no_segment_of_ours_is_set_aside() {
    let (bench, file) = killed();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[7] = b'2';
    std::fs::write(&file, &bytes).unwrap();
    let (log, writer) = bench.log();
    log.flush(LONG).unwrap();
    assert_eq!((bench.stored(), log.stats().waiting), (ids(0..0), 0));
    assert_eq!(std::fs::read(file.with_extension("unknown")).unwrap(), bytes);
    writer.stop(LONG).unwrap();
}

#[test]
fn processes_have_folders_of_their_own_and_take_over_what_others_left() {
    let bench = Bench::new();
    let (first, first_writer) = bench.log();
    let (second, second_writer) = bench.log();
    let other = bench.locked();
    (0..10).for_each(|number| first.record(event(number)));
    (10..20).for_each(|number| second.record(event(number)));
    let left = second_writer.stop(SHORT).unwrap_err();
    assert_eq!((left.stats.waiting, left.spool), (10, bench.spool().join("1")));
    first_writer.stop(SHORT).unwrap_err();
    other.execute_batch("COMMIT").unwrap();

    let (log, writer) = bench.log();
    while log.stats().drained < 20 {
        let _ = log.flush(SHORT);
    }
    assert_eq!(bench.stored(), ids(0..20));
    assert_eq!(writer.stop(LONG).unwrap().waiting, 0);
    assert!(segments(&bench.spool().join("1")).is_empty(), "its room is given back");
}

#[test]
fn old_months_go_at_the_start_and_every_hour() {
    const DAY: i64 = 86_400_000;
    let bench = Bench::new();
    let (log, writer) = bench.log();
    [0, 10 * DAY as u64].into_iter().for_each(|number| log.record(event(number)));
    log.flush(LONG).unwrap();
    let stored = || bench.stored().len();
    // November is over on day 7, so it is 400 days old on day 407.
    let pass = |days: i64| bench.clock.0.store(NOW.millis() + days * DAY, Ordering::SeqCst);
    pass(406);
    log.record(event(11 * DAY as u64));
    log.flush(LONG).unwrap();
    assert_eq!(stored(), 3);
    pass(408);
    log.record(event(12 * DAY as u64));
    log.flush(LONG).unwrap();
    assert_eq!(stored(), 3, "November went, and what came is there");
    writer.stop(LONG).unwrap();
    pass(500);
    let (log, writer) = bench.log();
    log.flush(LONG).unwrap();
    writer.stop(LONG).unwrap();
    assert_eq!(stored(), 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_told_at_the_start() {
    let bench = Bench::new();
    std::fs::write(bench.folder.path().join("spool"), "in the way").unwrap();
    let error = bench.try_log(PACE, None).unwrap_err();
    assert!(matches!(error, StoreError::Spool { .. }) && error.to_string().contains("spool"), "{error}");
}

#[test]
fn an_event_that_comes_again_is_one_row() {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    [1, 2, 1, 3, 2].into_iter().for_each(|number| log.record(event(number)));
    log.flush(LONG).unwrap();
    log.record(event(3));
    log.flush(LONG).unwrap();
    assert_eq!(bench.stored(), ids(1..4));
    assert_eq!(writer.stop(LONG).unwrap().drained, 6);
}

#[test]
fn many_threads_lose_nothing() {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let log = log.clone();
            scope.spawn(move || {
                (thread * 100..(thread + 1) * 100).for_each(|number| log.record(event(number)));
                log.flush(LONG).unwrap();
            });
        }
    });
    assert_eq!(bench.stored(), ids(0..800));
    writer.stop(LONG).unwrap();
}

#[test]
fn a_store_that_was_moved_away_is_made_anew() {
    let bench = Bench::new();
    let (log, writer) = bench.log();
    log.record(event(1));
    log.flush(LONG).unwrap();
    let path = bench.store.path().to_owned();
    std::fs::rename(&path, bench.folder.path().join("old.sqlite")).unwrap();
    log.record(event(2));
    log.flush(LONG).unwrap();
    let stored = Store::open_existing(&path).unwrap().clicks(&ClickFilter::default(), Reveal::Masked).unwrap();
    assert_eq!(stored.into_iter().map(|event| event.event_id).collect::<Vec<_>>(), ids(2..3));
    writer.stop(LONG).unwrap();
}
