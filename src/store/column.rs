//! Values as they stand in columns.

use rusqlite::types::{FromSql, FromSqlError, Value};
use sha2::{Digest, Sha256};

/// Longest URL kept: above what a link can hold (16 kB), so that only what was never minted is ever cut.
pub(super) const URL_MAX: usize = 20_000;

/// Longest other text kept: a header line (RFC 5322 section 2.1.1).
pub(super) const TEXT_MAX: usize = 998;

/// The first `max` bytes of `text`, less a character that would be cut in two.
pub(super) fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

/// What a URL is looked up by: eight bytes of its SHA-256. A lookup compares the URL itself as well.
pub(super) fn url_key(url: &str) -> i64 {
    let digest = Sha256::digest(cut(url, URL_MAX).as_bytes());
    let mut key = [0; 8];
    key.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(key)
}

/// Reads a column that holds a word or an id in its text form.
pub(super) struct Parsed<T>(pub(super) T);

impl<T> FromSql for Parsed<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> Result<Self, FromSqlError> {
        value.as_str()?.parse().map(Self).map_err(FromSqlError::other)
    }
}

/// The conditions of a query and their values, in order.
#[derive(Default)]
pub(super) struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds `condition`, with one `?` in it, if there is a value.
    pub(super) fn add(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        let Some(value) = value else { return };
        self.sql.push_str(if self.sql.is_empty() { " WHERE " } else { " AND " });
        self.sql.push_str(condition);
        self.values.push(value.into());
    }

    /// Looks for exactly this URL.
    pub(super) fn add_url(&mut self, url: Option<&str>, column: &str) {
        self.add("url_key = ?", url.map(url_key));
        self.add(&format!("{column} = ?"), url.map(|url| cut(url, URL_MAX).to_owned()));
    }

    /// `WHERE …`, or nothing.
    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// The values, and one more behind them.
    pub(super) fn values(mut self, last: impl Into<Value>) -> Vec<Value> {
        self.values.push(last.into());
        self.values
    }
}

/// A limit as SQLite takes it.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Fails where SQLite would read a whole table for this query.
#[cfg(test)]
pub(super) fn assert_no_scan(connection: &rusqlite::Connection, sql: &str, values: Vec<Value>) {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
    for step in steps.map(Result::unwrap) {
        assert!(!step.starts_with("SCAN"), "{step}: {sql}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("abc", 5), "abc");
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("関所", 5), "関");
    }

    #[test]
    fn a_cut_url_keeps_its_key() {
        let long = "x".repeat(URL_MAX + 5);
        assert_eq!(url_key(&long), url_key(cut(&long, URL_MAX)));
        assert_ne!(url_key("http://a.example/"), url_key("http://b.example/"));
    }
}
