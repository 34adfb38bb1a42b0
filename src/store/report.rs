use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::{
    Reveal, RevokeError, Say, Store, StoreError,
    column::{TEXT_MAX, URL_MAX, cut, limit},
    file::begin,
    mask_url,
    revocations::said,
};
use crate::{
    base::{ClickId, MessageHash, TenantId, Timestamp},
    link::LinkId,
};

/// Most reports of one click; more say nothing new.
const OF_CLICK_MAX: i64 = 3;
/// Most reports of one link within a day; of damaged links, all together.
const OF_LINK_MAX: i64 = 20;
const OF_DAMAGED_MAX: i64 = 1_000;
/// Most reports without an answer.
const OPEN_MAX: i64 = 20_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What a person reports of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    /// When.
    pub time: Timestamp,
    /// The reference that the page showed.
    pub click: ClickId,
    /// Whose page it was, where that is known.
    pub tenant: Option<TenantId>,
    /// The link; none where it was damaged.
    pub link: Option<LinkId>,
    /// Its message.
    pub message: Option<MessageHash>,
    /// Where it goes.
    pub url: Option<String>,
    /// What was said, in one line.
    pub text: Option<String>,
    /// When an answer is due.
    pub due: Timestamp,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    /// It is kept.
    Kept,
    /// So much was reported of this click or link already that it says nothing new; it is not kept.
    Known,
    /// Too much waits for an answer, all in all; it is not kept.
    Full,
}

/// A report, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Names it.
    pub id: i64,
    /// When it came.
    pub time: Timestamp,
    /// The reference that the page showed.
    pub click_id: ClickId,
    /// Whose page it was.
    pub tenant: Option<TenantId>,
    /// The link.
    pub link: Option<LinkId>,
    /// Its message.
    pub message: Option<MessageHash>,
    /// Where it goes; masked when read.
    pub url: Option<String>,
    /// What was said.
    pub text: Option<String>,
    /// When an answer is due.
    pub due: Timestamp,
    /// The answer; none while it is open.
    pub answer: Option<Answered>,
}

/// What came of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// When.
    pub time: Timestamp,
    /// By whom.
    pub by: String,
    /// What was found, and done.
    pub text: String,
}

/// Which reports are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reports {
    /// Those without an answer.
    Open,
    /// All.
    All,
}

/// Why a report was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// It is not there.
    #[error("there is no report {0}; `sekisho reports list` shows those that are open")]
    Unknown(i64),
    /// Somebody was quicker.
    #[error("report {id} was answered already, by {by}")]
    Answered {
        /// Which.
        id: i64,
        /// By whom.
        by: String,
    },
    /// Who and what have to be said.
    #[error(transparent)]
    Said(#[from] RevokeError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const COLUMNS: &str = "SELECT report.id, report.time, click_id, tenant, link, message, url, report.text, due,
    answer.time, answer.author, answer.text FROM report LEFT JOIN report_answer AS answer ON answer.report = report.id";

impl Store {
    /// Keeps a report, if it says something new. Waits for other writers no longer than any writing does.
    pub fn file_report(&self, report: &NewReport) -> Result<Filed, StoreError> {
        let failed = self.failed("keep a report");
        let connection = self.connection();
        let transaction = begin(&connection).map_err(&failed)?;
        let room = room(&transaction, report).map_err(&failed)?;
        if room != Filed::Kept {
            return Ok(room);
        }
        insert(&transaction, report).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        Ok(Filed::Kept)
    }

    /// The reports, those due first in front; at most so many.
    pub fn reports(&self, wanted: Reports, most: usize, reveal: Reveal) -> Result<Vec<Report>, StoreError> {
        let failed = self.failed("read reports");
        let connection = self.connection();
        let which = match wanted {
            Reports::Open => " WHERE answer.id IS NULL",
            Reports::All => "",
        };
        let sql = format!("{COLUMNS}{which} ORDER BY due, report.id LIMIT ?");
        let mut statement = connection.prepare_cached(&sql).map_err(&failed)?;
        let rows = statement.query_map([limit(most)], read).map_err(&failed)?;
        rows.map(|row| row.map(|report| report.shown(reveal)).map_err(&failed)).collect()
    }

    /// Writes down what came of a report.
    pub fn answer_report(&self, id: i64, say: Say<'_>) -> Result<(), AnswerError> {
        let say = said(say)?;
        let failed = self.failed("answer a report");
        let connection = self.connection();
        let transaction = begin(&connection).map_err(&failed)?;
        let found = transaction
            .query_row(&format!("{COLUMNS} WHERE report.id = ?"), [id], read)
            .optional()
            .map_err(&failed)?
            .ok_or(AnswerError::Unknown(id))?;
        if let Some(Answered { by, .. }) = found.answer {
            return Err(AnswerError::Answered { id, by });
        }
        let written = transaction.execute(
            "INSERT INTO report_answer (report, time, author, text) VALUES (?, ?, ?, ?)",
            params![id, say.time.millis(), cut(say.by, TEXT_MAX), cut(say.reason, TEXT_MAX)],
        );
        written.map_err(&failed)?;
        Ok(transaction.commit().map_err(&failed)?)
    }
}

impl Report {
    fn shown(mut self, reveal: Reveal) -> Self {
        if reveal == Reveal::Masked {
            self.url = self.url.as_deref().map(mask_url);
        }
        self
    }
}

fn room(connection: &Connection, report: &NewReport) -> rusqlite::Result<Filed> {
    let count = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<i64> {
        connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))
    };
    if count("SELECT count(*) FROM report WHERE click_id = ?", &[&report.click.0])? >= OF_CLICK_MAX {
        return Ok(Filed::Known);
    }
    let day = report.time.millis().saturating_sub(DAY);
    let of_link =
        count("SELECT count(*) FROM report WHERE link IS ? AND time > ?", &[&report.link.map(|link| link.0), &day])?;
    match report.link {
        Some(_) if of_link >= OF_LINK_MAX => return Ok(Filed::Known),
        None if of_link >= OF_DAMAGED_MAX => return Ok(Filed::Full),
        _ => {}
    }
    let open = count("SELECT (SELECT count(*) FROM report) - (SELECT count(*) FROM report_answer)", &[])?;
    Ok(if open >= OPEN_MAX { Filed::Full } else { Filed::Kept })
}

fn insert(connection: &Connection, report: &NewReport) -> rusqlite::Result<()> {
    let NewReport { time, click, tenant, link, message, url, text, due } = report;
    let mut statement = connection.prepare_cached(
        "INSERT INTO report (time, click_id, tenant, link, message, url, text, due)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    statement.execute(params![
        time.millis(),
        click.0,
        tenant.map(|tenant| tenant.0),
        link.map(|link| link.0),
        message.map(|message| message.0),
        url.as_deref().map(|url| cut(url, URL_MAX)),
        text.as_deref().map(|text| cut(text, TEXT_MAX)),
        due.millis(),
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Report> {
    let answer = match row.get::<_, Option<i64>>(9)? {
        Some(time) => Some(Answered { time: Timestamp::from_millis(time), by: row.get(10)?, text: row.get(11)? }),
        None => None,
    };
    Ok(Report {
        id: row.get(0)?,
        time: Timestamp::from_millis(row.get(1)?),
        click_id: ClickId(row.get(2)?),
        tenant: row.get::<_, Option<_>>(3)?.map(TenantId),
        link: row.get::<_, Option<_>>(4)?.map(LinkId),
        message: row.get::<_, Option<_>>(5)?.map(MessageHash),
        url: row.get(6)?,
        text: row.get(7)?,
        due: Timestamp::from_millis(row.get(8)?),
        answer,
    })
}
