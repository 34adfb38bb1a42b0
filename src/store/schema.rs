//! Forward-only migrations: numbered files, counted by SQLite's `user_version`.

use std::path::Path;

use rusqlite::Connection;

use super::{StoreError, file::begin, month};

/// What the store was at each version; a new one is a new file and a line here. None is ever edited once released.
const MIGRATIONS: [Migration; 7] = [
    Migration { sql: include_str!("sql/0001_wraps_and_clicks.sql"), then: |_| Ok(()) },
    Migration { sql: include_str!("sql/0002_spool_and_months.sql"), then: month::take_over },
    Migration { sql: include_str!("sql/0003_revocations.sql"), then: |_| Ok(()) },
    Migration { sql: include_str!("sql/0004_reports_and_notices.sql"), then: |_| Ok(()) },
    Migration { sql: include_str!("sql/0005_authentication.sql"), then: |_| Ok(()) },
    Migration { sql: include_str!("sql/0006_entry_matches.sql"), then: |_| Ok(()) },
    Migration { sql: include_str!("sql/0007_flips.sql"), then: |_| Ok(()) },
];

struct Migration {
    sql: &'static str,
    /// What SQL cannot say.
    then: fn(&Connection) -> rusqlite::Result<()>,
}

/// "SKSH": tells our files from other programs' (SQLite's `application_id`).
const APPLICATION_ID: i64 = 0x534b_5348;

/// Brings the file to the newest schema, in one transaction. Errors: [`StoreError::Newer`] and
/// [`StoreError::Foreign`], and nothing is changed.
pub(super) fn migrate(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let doing = "bring the schema up to date";
    let failed = |source| StoreError::of(path, doing, source);
    if check(path, connection)? == newest() {
        return Ok(());
    }
    // Another process may be at it too: what is true is read again once the lock is ours.
    let transaction = begin(connection).map_err(failed)?;
    let from = check(path, &transaction)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        transaction.execute_batch(migration.sql).and_then(|()| (migration.then)(&transaction)).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", newest()).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// The version of the schema, 0 for an empty file. Reads only. Errors: as [`migrate`].
pub(super) fn check(path: &Path, connection: &Connection) -> Result<i64, StoreError> {
    let failed = |source| StoreError::of(path, "read the schema", source);
    // One moment for all three: between two reads another process may have made what was empty ours.
    let _moment =
        if connection.is_autocommit() { Some(connection.unchecked_transaction().map_err(failed)?) } else { None };
    let application = number(connection, "application_id").map_err(failed)?;
    let version = number(connection, "user_version").map_err(failed)?;
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    if application != APPLICATION_ID && (application != 0 || version != 0 || objects != 0) {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    if version > newest() {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known: newest() });
    }
    Ok(version)
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    #[test]
    fn an_empty_file_is_brought_up_and_a_current_one_left_alone() {
        let connection = memory();
        migrate(Path::new("x"), &connection).unwrap();
        assert_eq!(number(&connection, "user_version").unwrap(), newest());
        let changes = connection.total_changes();
        migrate(Path::new("x"), &connection).unwrap();
        assert_eq!(connection.total_changes(), changes);
    }

    #[test]
    fn the_clicks_of_the_first_schema_are_moved_into_their_months() {
        let connection = memory();
        connection.execute_batch(MIGRATIONS[0].sql).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let moments = ["2026-11-30T23:59:59Z", "2024-02-01T00:00:00Z", "2026-12-01T00:00:00Z", "2026-11-01T00:00:00Z"];
        for (number, moment) in moments.iter().enumerate() {
            let time = moment.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            let insert = "INSERT INTO click (time, event_id, click_id, outcome, actor, event)
                          VALUES (?, ?, x'00', 'allowed', 'human', ?)";
            connection.execute(insert, (time, [number as u8; 16], *moment)).unwrap();
        }
        migrate(Path::new("x"), &connection).unwrap();
        let of = |table: &str| {
            let mut statement = connection.prepare(&format!("SELECT event FROM {table} ORDER BY id")).unwrap();
            let events = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            events.map(Result::unwrap).collect::<Vec<_>>()
        };
        assert_eq!(of("click_202402"), [moments[1]]);
        assert_eq!(of("click_202611"), [moments[3], moments[0]]);
        assert_eq!(of("click_202612"), [moments[2]]);
        assert_eq!(month::present(&connection).unwrap().len(), 3);
        assert!(connection.prepare("SELECT 1 FROM click").is_err());
    }

    #[test]
    fn a_newer_schema_is_refused_and_left_as_it_is() {
        let connection = memory();
        migrate(Path::new("x"), &connection).unwrap();
        connection.pragma_update(None, "user_version", newest() + 6).unwrap();
        let refused = migrate(Path::new("data/store.sqlite"), &connection).unwrap_err();
        assert!(matches!(refused, StoreError::Newer { found, .. } if found == newest() + 6));
        assert!(refused.to_string().contains("written by a newer Sekisho"), "{refused}");
        assert_eq!(number(&connection, "user_version").unwrap(), newest() + 6);
    }

    #[test]
    fn another_programs_database_is_refused() {
        let connection = memory();
        connection.execute_batch("CREATE TABLE bookmark (url TEXT)").unwrap();
        assert!(matches!(migrate(Path::new("x"), &connection), Err(StoreError::Foreign { .. })));
        let connection = memory();
        connection.pragma_update(None, "application_id", 7).unwrap();
        assert!(matches!(migrate(Path::new("x"), &connection), Err(StoreError::Foreign { .. })));
    }
}
