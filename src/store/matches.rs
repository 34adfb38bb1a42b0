//! When entries of lists last matched a click. Known by the list's name and the entry's text, so that it outlives edits
//! around it. Written by the drain behind the clicks, from what their events say; no click waits for it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreError, spool::Row};
use crate::{base::Timestamp, judge::Source};

/// Entries of which it is kept. Of more, those that matched longest ago are forgotten.
pub const MATCHES_MAX: usize = 500_000;

/// Takes up what the events of a batch say, inside its transaction.
pub(super) fn note(connection: &Connection, rows: &[Row]) -> rusqlite::Result<()> {
    let mut last: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
    for event in rows.iter().map(|row| &row.event) {
        for signal in &event.signals {
            let (Source::List(entry) | Source::Feed(entry)) = &signal.source else { continue };
            let known = last.entry((&entry.list, &entry.entry)).or_insert(event.time);
            *known = event.time.max(*known);
        }
    }
    // A batch may be older than what is there: another node's, or one that was left lying.
    let mut put = connection.prepare_cached(
        "INSERT INTO entry_match (list, entry, last) VALUES (?, ?, ?)
         ON CONFLICT (list, entry) DO UPDATE SET last = excluded.last WHERE excluded.last > last",
    )?;
    for ((list, entry), time) in last {
        put.execute(params![list, entry, time.millis()])?;
    }
    Ok(())
}

/// Forgets what was before `before`, and the oldest of what is more than `most`.
pub(super) fn forget(connection: &Connection, before: Timestamp, most: usize) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM entry_match WHERE last < ?", [before.millis()])?;
    let oldest = "SELECT last FROM entry_match ORDER BY last DESC LIMIT 1 OFFSET ?";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let oldest: Option<i64> = connection.query_row(oldest, [most], |row| row.get(0)).optional()?;
    oldest.map_or(Ok(0), |last| connection.execute("DELETE FROM entry_match WHERE last <= ?", [last])).map(drop)
}

impl Store {
    /// When this entry of this list last matched a click; `None` where it never did since that is kept, which is as long
    /// as clicks are.
    pub fn last_match(&self, list: &str, entry: &str) -> Result<Option<Timestamp>, StoreError> {
        let connection = self.connection();
        let asked = connection
            .query_row("SELECT last FROM entry_match WHERE list = ? AND entry = ?", [list, entry], |row| row.get(0))
            .optional();
        Ok(asked.map_err(self.failed("read when an entry matched"))?.map(Timestamp::from_millis))
    }

    /// The same for every entry of a list that ever did, by its text.
    pub fn last_matches(&self, list: &str) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let connection = self.connection();
        let read = || {
            let mut asked = connection.prepare_cached("SELECT entry, last FROM entry_match WHERE list = ?")?;
            let rows = asked.query_map([list], |row| Ok((row.get(0)?, Timestamp::from_millis(row.get(1)?))))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(self.failed("read when entries matched"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{ClickEvent, EntryRef, Objection, Signal},
        store::sample::{NOW, event},
    };

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.db")).unwrap();
        (folder, store)
    }

    /// A click, so many milliseconds after [`NOW`], that these entries of the list `block` matched, and one of a feed.
    fn row(after: u64, entries: &[&str]) -> Row {
        let signal = |entry: &&str| {
            let entry = EntryRef {
                list: "block".into(),
                version: "0".into(),
                line: 1,
                entry: (*entry).to_owned(),
                reason: None,
            };
            let source = match &*entry.entry {
                "of.a.feed" => Source::Feed(EntryRef { list: "feed/x".into(), ..entry }),
                _ => Source::List(entry),
            };
            Signal { source, objection: Objection::Blocks, evidence: String::new(), learned: None, hop: 0 }
        };
        let event = ClickEvent { signals: entries.iter().map(signal).collect(), ..event(after) };
        Row { event, text: String::new() }
    }

    #[test]
    fn the_latest_match_of_each_entry_is_kept_whatever_comes_first() {
        let (_folder, store) = store();
        note(&store.connection(), &[row(5, &["a.test", "b.test"]), row(9, &["a.test"]), row(7, &["a.test"])]).unwrap();
        note(&store.connection(), &[row(3, &["a.test", "of.a.feed"]), row(20, &["b.test"])]).unwrap();
        let at = |after| Some(NOW.plus_millis(after));
        assert_eq!(store.last_match("block", "a.test").unwrap(), at(9));
        assert_eq!(store.last_match("block", "b.test").unwrap(), at(20));
        assert_eq!(store.last_match("feed/x", "of.a.feed").unwrap(), at(3));
        assert_eq!(store.last_match("other", "a.test").unwrap(), None);
        let all = store.last_matches("block").unwrap();
        assert_eq!(all.into_keys().collect::<Vec<_>>(), ["a.test", "b.test"]);
    }

    #[test]
    fn what_is_old_or_too_much_is_forgotten_oldest_first() {
        let (_folder, store) = store();
        let rows: Vec<Row> = (0..10).map(|at| row(at, &[&format!("h{at}.test")])).collect();
        note(&store.connection(), &rows).unwrap();
        let left = |most| {
            forget(&store.connection(), NOW.plus_millis(2), most).unwrap();
            store.last_matches("block").unwrap().into_keys().collect::<Vec<_>>()
        };
        assert_eq!(left(20).len(), 8, "those from the second millisecond on");
        assert_eq!(left(3), ["h7.test", "h8.test", "h9.test"]);
    }
}
