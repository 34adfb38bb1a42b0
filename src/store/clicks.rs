use std::collections::BTreeSet;

use rusqlite::{
    Connection, params, params_from_iter,
    types::{FromSqlError, Value},
};

use super::{
    Reveal, Store, StoreError,
    column::{Conditions, limit, url_key},
    file::begin,
    flips, mask_url,
    matches::{self, MATCHES_MAX},
    month::{self, Month},
    spool::Row,
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
        let found = found(&self.connection(), filter).map_err(self.failed("read clicks"))?;
        Ok(found.into_iter().map(|event| shown(event, reveal)).collect())
    }

    /// The steps of one click, oldest first: a warning and the continue that followed. Empty where none is known.
    pub fn click(&self, id: ClickId, reveal: Reveal) -> Result<Vec<ClickEvent>, StoreError> {
        let filter = ClickFilter { click: Some(id), order: Order::OldestFirst, ..ClickFilter::default() };
        self.clicks(&filter, reveal)
    }
}

impl Store {
    /// Drops the clicks of every month that was over by `before`; how many months went. A month goes as a whole.
    pub fn forget_clicks(&self, before: Timestamp) -> Result<usize, StoreError> {
        let connection = self.connection();
        let forget = || {
            let transaction = begin(&connection)?;
            let gone = month::forget(&transaction, before)?;
            flips::forget(&transaction, before)?;
            matches::forget(&transaction, before, MATCHES_MAX)?;
            transaction.commit().map(|()| gone.len())
        };
        forget().map_err(self.failed("drop old clicks"))
    }
}

/// Month by month in the wanted order, until there are enough: no two months overlap.
fn found(connection: &Connection, filter: &ClickFilter) -> rusqlite::Result<Vec<ClickEvent>> {
    // One moment for all of them: a month may be dropped meanwhile.
    let _moment = connection.unchecked_transaction()?;
    let mut months = month::present(connection)?;
    months.retain(|month| {
        filter.since.is_none_or(|since| since < month.ends()) && filter.until.is_none_or(|until| month.begins() < until)
    });
    if filter.order == Order::NewestFirst {
        months.reverse();
    }
    let mut events = Vec::new();
    for month in months {
        let wanted = filter.limit.saturating_sub(events.len());
        if wanted == 0 {
            break;
        }
        let (sql, values) = query(filter, month, wanted);
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| read(row.get_ref(0)?.as_str()?))?;
        for event in rows {
            events.push(event?);
        }
    }
    Ok(events)
}

fn query(filter: &ClickFilter, month: Month, wanted: usize) -> (String, Vec<Value>) {
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
    let sql = format!("SELECT event FROM {month}{} ORDER BY {order} LIMIT ?", conditions.sql());
    (sql, conditions.values(limit(wanted)))
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

/// Writes the events that are not there yet, each into its month, inside a transaction that holds the writer's lock; an
/// event is known by its `event_id` alone.
pub(super) fn insert(connection: &Connection, rows: &[Row]) -> rusqlite::Result<()> {
    let months: BTreeSet<Month> = rows.iter().map(|row| Month::of(row.event.time)).collect();
    for month in months {
        month::make(connection, month)?;
        // Names its conflict: `OR IGNORE` would swallow every other broken constraint as well.
        let mut statement = connection.prepare_cached(&format!(
            "INSERT INTO {month} (time, event_id, click_id, tenant, outcome, actor, url_key, host, domain, message,
                                  recipient, event)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id) DO NOTHING",
        ))?;
        for Row { event, text } in rows.iter().filter(|row| Month::of(row.event.time) == month) {
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
                text,
            ])?;
        }
    }
    flips::remember(connection, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{column::assert_no_scan, sample::event, schema};

    fn memory() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        schema::migrate(std::path::Path::new(":memory:"), &connection).unwrap();
        connection
    }

    #[test]
    fn questions_go_over_months_in_the_wanted_order() {
        const DAY: u64 = 86_400_000;
        let connection = memory();
        // 2026-11-24 and so on: two in November, one in December, two in January.
        let days = [0, 1, 20, 40, 60];
        let events: Vec<ClickEvent> = days.iter().rev().map(|day| event(day * DAY)).collect();
        let rows: Vec<Row> =
            events.into_iter().map(|event| Row { text: serde_json::to_string(&event).unwrap(), event }).collect();
        insert(&connection, &rows).unwrap();
        assert_eq!(month::present(&connection).unwrap().len(), 3);
        let days = |filter: &ClickFilter| {
            let found = found(&connection, filter).unwrap();
            found.iter().map(|found| found.time.millis_since(event(0).time) as u64 / DAY).collect::<Vec<_>>()
        };
        let all = ClickFilter::default;
        assert_eq!(days(&all()), [60, 40, 20, 1, 0]);
        assert_eq!(days(&ClickFilter { order: Order::OldestFirst, limit: 4, ..all() }), [0, 1, 20, 40]);
        assert_eq!(days(&ClickFilter { limit: 3, ..all() }), [60, 40, 20]);
        let middle = ClickFilter { since: Some(event(DAY).time), until: Some(event(40 * DAY).time), ..all() };
        assert_eq!(days(&middle), [20, 1]);
        assert_eq!(days(&ClickFilter { click: Some(event(20 * DAY).click_id), ..all() }), [20]);
        assert_eq!(days(&ClickFilter { limit: 0, ..all() }), [0_u64; 0]);

        // Over when December is, and not before.
        let december = Month::of(event(20 * DAY).time);
        assert_eq!(month::forget(&connection, december.ends().plus_millis(-1)).unwrap().len(), 1);
        assert_eq!(days(&all()), [60, 40, 20]);
        assert_eq!(month::forget(&connection, december.ends()).unwrap(), [december]);
        assert_eq!(days(&all()), [60, 40]);
    }

    #[test]
    fn every_question_has_its_index() {
        let (text, time) = (|| Some("x".to_owned()), Some(Timestamp::default()));
        let none = ClickFilter::default;
        let (connection, month) = (memory(), Month::of(event(0).time));
        month::make(&connection, month).unwrap();
        for filter in [
            ClickFilter { since: time, until: time, ..none() },
            ClickFilter { outcome: Some(Outcome::Blocked), since: time, ..none() },
            ClickFilter { url: text(), ..none() },
            ClickFilter { host: text(), since: time, ..none() },
            ClickFilter { domain: text(), ..none() },
            ClickFilter { message: Some(MessageHash([1; 8])), ..none() },
            ClickFilter { click: Some(ClickId([1; 10])), order: Order::OldestFirst, ..none() },
        ] {
            let (sql, values) = query(&filter, month, filter.limit);
            assert_no_scan(&connection, &sql, values);
        }
    }
}
