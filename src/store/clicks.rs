use rusqlite::{
    Connection, Row, params, params_from_iter,
    types::{FromSqlError, Value},
};

use super::{
    Reveal, Store, StoreError,
    column::{Conditions, limit, url_key},
    mask_url,
};
use crate::{
    base::{ClickId, MessageHash, RecipientHash, Timestamp},
    judge::{ClickEvent, Outcome},
};

/// In which order events are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// Which click events to read: all that is named must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickFilter {
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// On exactly this URL, as it serialises.
    pub url: Option<String>,
    /// On exactly this host (A-labels).
    pub host: Option<String>,
    /// On this registrable domain.
    pub domain: Option<String>,
    /// On links of this message.
    pub message: Option<MessageHash>,
    /// On links minted for this recipient. It names nobody outside its message: give that too, which is also faster.
    pub recipient: Option<RecipientHash>,
    /// With this reference.
    pub click: Option<ClickId>,
    /// In which order.
    pub order: Order,
    /// At most so many.
    pub limit: usize,
}

impl Default for ClickFilter {
    /// Everything, newest first, at most 1,000.
    fn default() -> Self {
        Self {
            since: None,
            until: None,
            outcome: None,
            url: None,
            host: None,
            domain: None,
            message: None,
            recipient: None,
            click: None,
            order: Order::default(),
            limit: 1_000,
        }
    }
}

impl Store {
    /// The events that match.
    pub fn clicks(&self, filter: &ClickFilter, reveal: Reveal) -> Result<Vec<ClickEvent>, StoreError> {
        let failed = self.failed("read clicks");
        let (sql, values) = query(filter);
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&sql).map_err(&failed)?;
        let events = |row: &Row<'_>| read(row.get_ref(0)?.as_str()?);
        let rows = statement.query_map(params_from_iter(values), events).map_err(&failed)?;
        rows.map(|row| row.map(|event| shown(event, reveal)).map_err(&failed)).collect()
    }

    /// The steps of one click, oldest first: a warning and the continue that followed. Empty where none is known.
    pub fn click(&self, id: ClickId, reveal: Reveal) -> Result<Vec<ClickEvent>, StoreError> {
        let filter = ClickFilter { click: Some(id), order: Order::OldestFirst, ..ClickFilter::default() };
        self.clicks(&filter, reveal)
    }
}

fn query(filter: &ClickFilter) -> (String, Vec<Value>) {
    let mut conditions = Conditions::default();
    conditions.add("time >= ?", filter.since.map(Timestamp::millis));
    conditions.add("time < ?", filter.until.map(Timestamp::millis));
    conditions.add("outcome = ?", filter.outcome.map(|outcome| outcome.as_str().to_owned()));
    conditions.add_url(filter.url.as_deref(), "event ->> 'url'");
    conditions.add("host = ?", filter.host.clone());
    conditions.add("domain = ?", filter.domain.clone());
    conditions.add("message = ?", filter.message.map(|hash| hash.0.to_vec()));
    conditions.add("recipient = ?", filter.recipient.map(|hash| hash.0.to_vec()));
    conditions.add("click_id = ?", filter.click.map(|id| id.0.to_vec()));
    let order = match filter.order {
        Order::NewestFirst => "time DESC, id DESC",
        Order::OldestFirst => "time, id",
    };
    let sql = format!("SELECT event FROM click{} ORDER BY {order} LIMIT ?", conditions.sql());
    (sql, conditions.values(limit(filter.limit)))
}

fn read(event: &str) -> rusqlite::Result<ClickEvent> {
    serde_json::from_str(event).map_err(|error| FromSqlError::other(error).into())
}

fn shown(mut event: ClickEvent, reveal: Reveal) -> ClickEvent {
    if reveal == Reveal::Masked {
        event.url = event.url.as_deref().map(mask_url);
        event.chain.iter_mut().for_each(|inner| inner.url = mask_url(&inner.url));
    }
    event
}

/// Writes the events that are not there yet; an event is known by its `event_id` alone.
pub(super) fn insert(connection: &Connection, events: &[ClickEvent]) -> rusqlite::Result<()> {
    // Names its conflict: `OR IGNORE` would swallow every other broken constraint as well.
    let mut statement = connection.prepare_cached(
        "INSERT INTO click (time, event_id, click_id, tenant, outcome, actor, url_key, host, domain, message, recipient,
                            event)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id) DO NOTHING",
    )?;
    for event in events {
        statement.execute(params![
            event.time.millis(),
            event.event_id.0,
            event.click_id.0,
            event.tenant.map(|tenant| tenant.0),
            event.outcome.as_str(),
            event.actor.as_str(),
            event.url.as_deref().map(url_key),
            event.host,
            event.domain,
            event.message.map(|hash| hash.0),
            event.recipient.map(|hash| hash.0),
            written(event)?,
        ])?;
    }
    Ok(())
}

fn written(event: &ClickEvent) -> rusqlite::Result<String> {
    serde_json::to_string(event).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::column::assert_no_scan;

    #[test]
    fn every_question_has_its_index() {
        let (text, time) = (|| Some("x".to_owned()), Some(Timestamp::default()));
        let none = ClickFilter::default;
        for filter in [
            ClickFilter { since: time, until: time, ..none() },
            ClickFilter { outcome: Some(Outcome::Blocked), since: time, ..none() },
            ClickFilter { url: text(), ..none() },
            ClickFilter { host: text(), since: time, ..none() },
            ClickFilter { domain: text(), ..none() },
            ClickFilter { message: Some(MessageHash([1; 8])), ..none() },
            ClickFilter { click: Some(ClickId([1; 10])), order: Order::OldestFirst, ..none() },
        ] {
            let (sql, values) = query(&filter);
            assert_no_scan(&sql, values);
        }
    }
}
