//! Clicks that were judged again.

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params, types::FromSqlError};

use super::{
    Reveal, Store, StoreError,
    column::{limit, url_key},
    file::begin,
    mask_url,
    month::{self, Month},
    spool::Row,
};
use crate::{
    base::{ClickId, EventId, Timestamp},
    judge::{Actor, ClickEvent, Flip, Rejudged, Tier},
    url::{self, WebUrl},
};

/// How long a click can be judged again, in milliseconds: people look into their mail two days later, hardly after.
pub const REJUDGED_FOR: i64 = 48 * 60 * 60 * 1000;
/// Most flips that one node's hook has yet to be told of; when there are more the oldest is not told any more.
pub const WAITING_MAX: i64 = 10_000;

/// Rows that are let go for each that comes, so that what is kept shrinks as well after a busy day.
const GO_FOR_ONE: i64 = 2;

/// What became of a flip that was to be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noted {
    /// Clicks that nobody had judged again as bad as this; where there are none, nothing is written.
    pub clicks: usize,
    /// Flips of which the hook will never be told, because too many wait.
    pub untold: usize,
}

impl Store {
    /// The newest clicks between two moments, both included, that went on to `url` or by way of it (whatever has the same
    /// key in lists), and were not found to be `tier` or worse since; at most so many, oldest first.
    pub fn went_to(
        &self,
        url: &WebUrl,
        (since, until): (Timestamp, Option<Timestamp>),
        tier: Tier,
        most: usize,
    ) -> Result<Vec<ClickEvent>, StoreError> {
        let failed = self.failed("read clicks");
        let connection = self.connection();
        let read = || {
            let _moment = connection.unchecked_transaction()?;
            let sql = "SELECT time, event_id FROM clicked WHERE key = ? AND time >= ? AND time <= ? AND NOT EXISTS
                           (SELECT 1 FROM flipped_click AS again WHERE again.event_id = clicked.event_id AND tier >= ?)
                       ORDER BY time DESC LIMIT ?";
            let until = until.map_or(i64::MAX, Timestamp::millis);
            let values = params![key(url), since.millis(), until, rank(tier), limit(most)];
            named(&connection, sql, values)
        };
        read().map_err(failed)
    }

    /// The newest clicks since a moment that went on, at most so many, oldest first.
    pub fn went_on(&self, since: Timestamp, most: usize) -> Result<Vec<ClickEvent>, StoreError> {
        let failed = self.failed("read clicks");
        let connection = self.connection();
        let read = || {
            let _moment = connection.unchecked_transaction()?;
            let sql = "SELECT DISTINCT time, event_id FROM
                           (SELECT time, event_id FROM clicked ORDER BY id DESC LIMIT ?2) WHERE time >= ?1";
            let mut events = named(&connection, sql, params![since.millis(), limit(most)])?;
            events.sort_by_key(|event| (event.time, event.event_id));
            Ok(events)
        };
        read().map_err(failed)
    }

    /// Writes down what turned, less the clicks of which that is known already. `hook`: somebody waits to be told.
    pub fn note_flip(&self, flip: &Flip, hook: bool) -> Result<Noted, StoreError> {
        let failed = self.failed("write down what turned");
        let connection = self.connection();
        let write = || {
            let transaction = begin(&connection)?;
            let mut new = Vec::with_capacity(flip.clicks.len());
            for click in &flip.clicks {
                let known = "SELECT 1 FROM flipped_click WHERE event_id = ? AND tier >= ?";
                let known = transaction.prepare_cached(known)?.exists(params![click.event_id.0, rank(click.tier)])?;
                if !known {
                    new.push(click.clone());
                }
            }
            if new.is_empty() {
                return Ok(Noted::default());
            }
            let flip = Flip { clicks: new, ..flip.clone() };
            let untold = insert(&transaction, &flip, hook)?;
            transaction.commit()?;
            Ok(Noted { clicks: flip.clicks.len(), untold })
        };
        write().map_err(failed)
    }

    /// What turned last, at most so many, newest first.
    pub fn flips(&self, most: usize, reveal: Reveal) -> Result<Vec<Flip>, StoreError> {
        self.read_flips("SELECT flip FROM flip ORDER BY time DESC, id DESC LIMIT ?", params![limit(most)], reveal)
    }

    /// What turned for this click, oldest first.
    pub fn flips_of(&self, click: ClickId, reveal: Reveal) -> Result<Vec<Flip>, StoreError> {
        let sql = "SELECT flip FROM flip WHERE id IN (SELECT flip FROM flipped_click WHERE click_id = ?) ORDER BY id";
        self.read_flips(sql, params![click.0], reveal)
    }

    /// What a node has yet to tell its hook, oldest first, at most so many.
    pub fn untold_flips(&self, node: &str, most: usize) -> Result<Vec<Flip>, StoreError> {
        let sql = "SELECT flip.flip FROM flip_waiting JOIN flip ON flip.id = flip_waiting.flip WHERE node = ?
                   ORDER BY flip_waiting.flip LIMIT ?";
        self.read_flips(sql, params![node, limit(most)], Reveal::Masked)
    }

    /// How many that are.
    pub fn count_untold(&self, node: &str) -> Result<u64, StoreError> {
        let count = "SELECT count(*) FROM flip_waiting WHERE node = ?";
        let counted = self.connection().query_row(count, [node], |row| row.get::<_, i64>(0));
        counted.map(i64::unsigned_abs).map_err(self.failed("count what turned"))
    }

    /// The hook took it.
    pub fn told_flip(&self, flip: EventId) -> Result<(), StoreError> {
        let told = "DELETE FROM flip_waiting WHERE flip = (SELECT id FROM flip WHERE flip_id = ?)";
        self.connection().execute(told, [flip.0]).map(drop).map_err(self.failed("note that a hook was told"))
    }

    fn read_flips(&self, sql: &str, values: impl rusqlite::Params, reveal: Reveal) -> Result<Vec<Flip>, StoreError> {
        let failed = self.failed("read what turned");
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
        let rows = statement.query_map(values, read).map_err(&failed)?;
        rows.map(|row| row.map(|flip| shown(flip, reveal)).map_err(&failed)).collect()
    }
}

/// The events that `sql` gives the moment and the id of, in the order turned round.
fn named(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<ClickEvent>> {
    let months = month::present(connection)?;
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(values, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 16]>(1)?)))?;
    let mut events = Vec::new();
    for row in rows {
        let (time, id) = row?;
        let month = Month::of(Timestamp::from_millis(time));
        if !months.contains(&month) {
            continue;
        }
        let sql = format!("SELECT event FROM {month} WHERE event_id = ?");
        let event = connection.prepare_cached(&sql)?.query_row([id], |row| row.get::<_, String>(0)).optional()?;
        if let Some(event) = event {
            events.push(serde_json::from_str(&event).map_err(FromSqlError::other)?);
        }
    }
    events.reverse();
    Ok(events)
}

/// How many flips nobody will be told of any more.
fn insert(connection: &Connection, flip: &Flip, hook: bool) -> rusqlite::Result<usize> {
    let text = serde_json::to_string(flip).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let sql = "INSERT INTO flip (time, flip_id, flip) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![flip.time.millis(), flip.flip_id.0, text])?;
    let id = connection.last_insert_rowid();
    let sql = "INSERT INTO flipped_click (event_id, tier, click_id, flip) VALUES (?, ?, ?, ?)";
    let mut statement = connection.prepare_cached(sql)?;
    for Rejudged { event_id, click_id, tier, .. } in &flip.clicks {
        statement.execute(params![event_id.0, rank(*tier), click_id.0, id])?;
    }
    if !hook {
        return Ok(0);
    }
    connection
        .prepare_cached("INSERT INTO flip_waiting (flip, node) VALUES (?, ?)")?
        .execute(params![id, flip.node])?;
    let too_many = "DELETE FROM flip_waiting WHERE flip IN
                        (SELECT flip FROM flip_waiting WHERE node = ? ORDER BY flip DESC LIMIT -1 OFFSET ?)";
    connection.prepare_cached(too_many)?.execute(params![flip.node, WAITING_MAX])
}

fn read(row: &SqlRow<'_>) -> rusqlite::Result<Flip> {
    serde_json::from_str(row.get_ref(0)?.as_str()?).map_err(|error| FromSqlError::other(error).into())
}

fn shown(mut flip: Flip, reveal: Reveal) -> Flip {
    if reveal == Reveal::Masked {
        flip.url = mask_url(&flip.url);
    }
    flip
}

/// Remembers where these clicks led that went on, and lets go of the oldest, inside the transaction that writes them.
pub(super) fn remember(connection: &Connection, rows: &[Row]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO clicked (key, time, event_id) VALUES (?, ?, ?) ON CONFLICT (key, time, event_id) DO NOTHING",
    )?;
    let went_on = |event: &ClickEvent| {
        event.outcome.lets_on() && event.tenant.is_some() && matches!(event.actor, Actor::Human | Actor::Unknown)
    };
    let mut count = 0;
    for Row { event, .. } in rows.iter().filter(|row| went_on(&row.event)) {
        let urls = event.url.as_deref().into_iter().chain(event.chain.iter().map(|inner| inner.url.as_str()));
        for url in urls.filter_map(|url| url::parse(url).ok()) {
            statement.execute(params![key(&url), event.time.millis(), event.event_id.0])?;
            count += 1;
        }
    }
    // By the oldest of them: a clock that is far ahead must not have everything forgotten.
    let Some(oldest) = rows.iter().map(|row| row.event.time).min().filter(|_| count > 0) else { return Ok(()) };
    let go = "DELETE FROM clicked WHERE time < ? AND id IN (SELECT id FROM clicked ORDER BY id LIMIT ?)";
    connection
        .prepare_cached(go)?
        .execute(params![oldest.plus_millis(-REJUDGED_FOR).millis(), count * GO_FOR_ONE])
        .map(drop)
}

/// Lets go of what turned before a moment, as its clicks go.
pub(super) fn forget(connection: &Connection, before: Timestamp) -> rusqlite::Result<()> {
    let old = "(SELECT id FROM flip WHERE time < ?)";
    for table in ["flipped_click", "flip_waiting"] {
        connection.execute(&format!("DELETE FROM {table} WHERE flip IN {old}"), [before.millis()])?;
    }
    connection.execute("DELETE FROM flip WHERE time < ?", [before.millis()]).map(drop)
}

fn key(url: &WebUrl) -> i64 {
    url_key(url.canonical().as_str())
}

fn rank(tier: Tier) -> i64 {
    match tier {
        Tier::Clean => 0,
        Tier::Unknown => 1,
        Tier::Suspicious => 2,
        Tier::Malicious => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::TenantId,
        judge::{Action, Evidence, InnerUrl, Objection, Outcome, Signal, Source, Threat},
        store::{
            clicks,
            column::assert_no_scan,
            sample::{NOW, event},
        },
    };

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.sqlite")).unwrap();
        (folder, store)
    }

    fn record(store: &Store, events: &[ClickEvent]) {
        let rows: Vec<Row> = events
            .iter()
            .map(|event| Row { text: serde_json::to_string(event).unwrap(), event: event.clone() })
            .collect();
        clicks::insert(&store.connection(), &rows).unwrap();
    }

    fn flip(number: u64, tier: Tier, events: &[ClickEvent]) -> Flip {
        let source = Source::Asked { source: "visit".into(), evidence: Evidence::Scan };
        let objection = Objection::Speaks(tier, Threat::Phishing);
        let signal = Signal { source, objection, evidence: "it asks for a password".into(), learned: None, hop: 0 };
        let rejudged = |event: &ClickEvent| Rejudged {
            event_id: event.event_id,
            click_id: event.click_id,
            time: event.time,
            tenant: TenantId(1),
            outcome: event.outcome,
            was: event.tier,
            tier,
            policy: "standard@1".into(),
            action: Action::Block,
        };
        Flip {
            time: NOW,
            flip_id: event(number).event_id,
            url: "https://www.example.com/a?q=secret".into(),
            host: "www.example.com".into(),
            tier,
            threat: Threat::Phishing,
            signal,
            clicks: events.iter().map(rejudged).collect(),
            node: "a".into(),
        }
    }

    fn url() -> WebUrl {
        // Another spelling, the same place.
        url::parse("https://www.example.com/./a?q=secret#x").unwrap()
    }

    #[test]
    fn clicks_that_went_on_are_found_by_where_they_led() {
        let (_folder, store) = store();
        let stopped = ClickEvent { outcome: Outcome::Blocked, ..event(1) };
        let program = ClickEvent { actor: Actor::Scanner, ..event(2) };
        let elsewhere = ClickEvent { url: Some("https://www.example.com/b".into()), ..event(3) };
        let inner = InnerUrl { url: "https://www.example.com/a?q=secret".into(), inside: 0, by: "visit".into() };
        let by_way = ClickEvent { url: Some("https://short.example/1".into()), chain: vec![inner], ..event(4) };
        record(&store, &[event(0), stopped, program, elsewhere, by_way]);
        let ids = |since: Timestamp, most| {
            let events = store.went_to(&url(), (since, None), Tier::Malicious, most).unwrap();
            events.into_iter().map(|event| event.event_id).collect::<Vec<_>>()
        };
        let [first, last] = [event(0).event_id, event(4).event_id];
        assert_eq!(ids(NOW, 10), [first, last]);
        assert_eq!(ids(NOW, 1), [last], "the newest");
        assert_eq!(ids(NOW.plus_millis(1), 10), [last]);
        // The wrapper and what is inside are two rows of one click.
        let all: Vec<_> = store.went_on(NOW, 10).unwrap().into_iter().map(|event| event.event_id).collect();
        assert_eq!(all, [first, event(3).event_id, last]);
    }

    #[test]
    fn a_click_is_judged_again_once_for_each_tier() {
        let (_folder, store) = store();
        let events = [event(0), event(1)];
        record(&store, &events);
        let note = |number, tier, events: &[ClickEvent]| store.note_flip(&flip(number, tier, events), false).unwrap();
        assert_eq!(note(10, Tier::Suspicious, &events[..1]).clicks, 1);
        assert_eq!(note(11, Tier::Suspicious, &events).clicks, 1, "the first is known");
        assert_eq!(note(12, Tier::Suspicious, &events), Noted::default());
        assert_eq!(note(13, Tier::Malicious, &events).clicks, 2, "worse is news");
        assert_eq!(note(14, Tier::Suspicious, &events), Noted::default(), "and milder is none");
        let open = |tier| store.went_to(&url(), (NOW, None), tier, 10).unwrap().len();
        assert_eq!((open(Tier::Malicious), open(Tier::Suspicious)), (0, 0));
        let flips = store.flips(10, Reveal::Masked).unwrap();
        assert_eq!(flips.iter().map(|flip| flip.clicks.len()).collect::<Vec<_>>(), [2, 1, 1]);
        assert!(!flips[0].url.contains("secret"), "{}", flips[0].url);
        let of = store.flips_of(event(1).click_id, Reveal::Whole).unwrap();
        assert_eq!(of.iter().map(|flip| flip.tier).collect::<Vec<_>>(), [Tier::Suspicious, Tier::Malicious]);
        assert!(store.connection().execute("UPDATE flip SET time = 0", []).is_err(), "what was seen stays so");
    }

    #[test]
    fn a_hook_is_told_in_order_and_once() {
        let (_folder, store) = store();
        record(&store, &[event(0), event(1)]);
        store.note_flip(&flip(10, Tier::Malicious, &[event(0)]), true).unwrap();
        store.note_flip(&flip(11, Tier::Malicious, &[event(1)]), true).unwrap();
        let waiting = |node| store.untold_flips(node, 10).unwrap().into_iter().map(|flip| flip.flip_id);
        assert_eq!(waiting("a").collect::<Vec<_>>(), [event(10).event_id, event(11).event_id]);
        assert_eq!((waiting("b").count(), store.count_untold("a").unwrap()), (0, 2));
        store.told_flip(event(10).event_id).unwrap();
        assert_eq!(waiting("a").collect::<Vec<_>>(), [event(11).event_id]);
    }

    #[test]
    fn where_too_many_wait_the_oldest_are_let_go_and_counted() {
        let (_folder, store) = store();
        {
            let connection = store.connection();
            let transaction = begin(&connection).unwrap();
            for number in 0..WAITING_MAX.unsigned_abs() {
                assert_eq!(insert(&transaction, &flip(number, Tier::Malicious, &[event(number)]), true).unwrap(), 0);
            }
            transaction.commit().unwrap();
        }
        let more = WAITING_MAX.unsigned_abs();
        let noted = store.note_flip(&flip(more, Tier::Malicious, &[event(more)]), true).unwrap();
        assert_eq!(noted, Noted { clicks: 1, untold: 1 });
        assert_eq!(store.untold_flips("a", 1).unwrap()[0].flip_id, event(1).event_id);
        assert_eq!(store.count_untold("a").unwrap(), more);
    }

    #[test]
    fn what_is_old_goes() {
        const DAY: u64 = 86_400_000;
        let (_folder, store) = store();
        record(&store, &[event(0)]);
        record(&store, &[event(DAY)]);
        let count =
            || store.connection().query_row("SELECT count(*) FROM clicked", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count(), 2);
        record(&store, &[event(3 * DAY)]);
        assert_eq!(count(), 2, "the first is gone");
        store.note_flip(&flip(10, Tier::Malicious, &[event(3 * DAY)]), true).unwrap();
        forget(&store.connection(), NOW).unwrap();
        assert_eq!(store.flips(10, Reveal::Whole).unwrap().len(), 1);
        forget(&store.connection(), NOW.plus_millis(1)).unwrap();
        assert_eq!((store.flips(10, Reveal::Whole).unwrap().len(), store.count_untold("a").unwrap()), (0, 0));
    }

    #[test]
    fn every_question_has_its_index() {
        let (_folder, store) = store();
        record(&store, &[event(0)]);
        let connection = store.connection();
        let key = || rusqlite::types::Value::from(1);
        assert_no_scan(
            &connection,
            "SELECT time FROM clicked WHERE key = ? AND time >= ? ORDER BY time DESC",
            vec![key(), key()],
        );
        assert_no_scan(&connection, "SELECT 1 FROM flipped_click WHERE event_id = ? AND tier >= ?", vec![key(), key()]);
        assert_no_scan(&connection, "SELECT flip FROM flipped_click WHERE click_id = ?", vec![key()]);
        assert_no_scan(
            &connection,
            "DELETE FROM flipped_click WHERE flip IN (SELECT id FROM flip WHERE time < ?)",
            vec![key()],
        );
    }
}
