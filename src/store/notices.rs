use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::{
    Release, RevokeError, Say, Store, StoreError,
    column::{TEXT_MAX, cut, limit},
    file::begin,
    revocations::said,
};
use crate::base::{MessageHash, Timestamp};

/// Most notices at one time: every node holds all of them in memory.
pub const NOTICES_MAX: i64 = 10_000;

/// A message that went to many on purpose: its links may be opened as often as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Names it.
    pub id: i64,
    /// Since when.
    pub time: Timestamp,
    /// The message.
    pub message: MessageHash,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
    /// That it no longer counts.
    pub end: Option<Release>,
}

const COLUMNS: &str = "SELECT notice.id, notice.time, message, notice.author, notice.reason, ended.time, ended.author,
    ended.reason FROM notice LEFT JOIN notice_end AS ended ON ended.notice = notice.id";

impl Store {
    /// Says that a message went to many on purpose. The id; that of the one before where it was said already.
    pub fn add_notice(&self, message: MessageHash, say: Say<'_>) -> Result<i64, RevokeError> {
        let say = said(say)?;
        let failed = self.failed("register a notice");
        let connection = self.connection();
        let transaction = begin(&connection).map_err(&failed)?;
        let same = format!("{COLUMNS} WHERE message = ? AND ended.id IS NULL");
        let known = transaction.query_row(&same, [message.0], read).optional().map_err(&failed)?;
        if let Some(notice) = known {
            return Ok(notice.id);
        }
        let counted = "SELECT (SELECT count(*) FROM notice) - (SELECT count(*) FROM notice_end)";
        let count: i64 = transaction.query_row(counted, [], |row| row.get(0)).map_err(&failed)?;
        if count >= NOTICES_MAX {
            return Err(RevokeError::TooManyNotices(count));
        }
        let written = transaction.execute(
            "INSERT INTO notice (time, message, author, reason) VALUES (?, ?, ?, ?)",
            params![say.time.millis(), message.0, cut(say.by, TEXT_MAX), cut(say.reason, TEXT_MAX)],
        );
        written.map_err(&failed)?;
        let id = transaction.last_insert_rowid();
        transaction.commit().map_err(&failed)?;
        Ok(id)
    }

    /// Ends a notice. Nothing is forgotten.
    pub fn end_notice(&self, id: i64, say: Say<'_>) -> Result<(), RevokeError> {
        let say = said(say)?;
        let failed = self.failed("end a notice");
        let connection = self.connection();
        let transaction = begin(&connection).map_err(&failed)?;
        let found = transaction.query_row(&format!("{COLUMNS} WHERE notice.id = ?"), [id], read).optional();
        match found.map_err(&failed)? {
            None => return Err(RevokeError::UnknownNotice(id)),
            Some(Notice { end: Some(Release { by, .. }), .. }) => return Err(RevokeError::EndedNotice { id, by }),
            Some(_) => {}
        }
        let written = transaction.execute(
            "INSERT INTO notice_end (notice, time, author, reason) VALUES (?, ?, ?, ?)",
            params![id, say.time.millis(), cut(say.by, TEXT_MAX), cut(say.reason, TEXT_MAX)],
        );
        written.map_err(&failed)?;
        Ok(transaction.commit().map_err(&failed)?)
    }

    /// Every notice there ever was, the oldest first.
    pub fn notices(&self, most: usize) -> Result<Vec<Notice>, StoreError> {
        let failed = self.failed("read notices");
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached(&format!("{COLUMNS} ORDER BY notice.id LIMIT ?")).map_err(&failed)?;
        let rows = statement.query_map([limit(most)], read).map_err(&failed)?;
        rows.map(|row| row.map_err(&failed)).collect()
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Notice> {
    let end = match row.get::<_, Option<i64>>(5)? {
        Some(time) => Some(Release { time: Timestamp::from_millis(time), by: row.get(6)?, reason: row.get(7)? }),
        None => None,
    };
    Ok(Notice {
        id: row.get(0)?,
        time: Timestamp::from_millis(row.get(1)?),
        message: MessageHash(row.get(2)?),
        by: row.get(3)?,
        reason: row.get(4)?,
        end,
    })
}
