use rusqlite::{
    Connection, Row, params, params_from_iter,
    types::{FromSqlError, Value},
};

use super::{
    Known, Reveal, Store, StoreError, Wrap,
    column::{Conditions, Parsed, TEXT_MAX, URL_MAX, cut, limit, url_key},
    file::begin,
    known,
};
use crate::{
    base::{MessageHash, RecipientHash, TenantId, Timestamp},
    link::{Link, LinkId, Place},
};

/// Which wraps to read: all that is named must match. Those recorded last come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrapFilter {
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Of this message.
    pub message: Option<MessageHash>,
    /// Of the message with this Message-ID, as it was recorded.
    pub message_id: Option<String>,
    /// For this address; ASCII case does not count.
    pub recipient_address: Option<String>,
    /// To exactly this URL, as it serialises.
    pub url: Option<String>,
    /// To exactly this host (A-labels).
    pub host: Option<String>,
    /// To this registrable domain.
    pub domain: Option<String>,
    /// At most so many.
    pub limit: usize,
}

impl Default for WrapFilter {
    /// Everything, at most 1,000.
    fn default() -> Self {
        Self {
            since: None,
            until: None,
            message: None,
            message_id: None,
            recipient_address: None,
            url: None,
            host: None,
            domain: None,
            limit: 1_000,
        }
    }
}

impl Store {
    /// Records what was made of the links of a message, in one transaction that is on the disk when this returns.
    ///
    /// A message that is delivered again is not recorded again: the same link in the same place of the same message for
    /// the same recipient is one row, with the time of the first. (Minted a minute later it is another link, and
    /// another row, so that each link that went out can be found.)
    pub fn record_wraps(&self, wraps: &[Wrap]) -> Result<(), StoreError> {
        self.record_message(wraps, None)
    }

    /// The same, and in the same transaction what is known of who sent it.
    pub fn record_message(&self, wraps: &[Wrap], known: Option<&Known<'_>>) -> Result<(), StoreError> {
        let failed = self.failed("record the links of a message");
        let connection = self.connection();
        let transaction = begin(&connection).map_err(&failed)?;
        let mut current: Option<(&Wrap, i64)> = None;
        for wrap in wraps {
            let message = match current {
                Some((before, id)) if same_message(before, wrap) => id,
                _ => message_row(&transaction, wrap).map_err(&failed)?,
            };
            current = Some((wrap, message));
            insert(&transaction, message, wrap).map_err(&failed)?;
        }
        if let Some(known) = known {
            known::insert(&transaction, known).map_err(&failed)?;
        }
        transaction.commit().map_err(failed)
    }

    /// The wraps that match, the newest first.
    pub fn wraps(&self, filter: &WrapFilter, reveal: Reveal) -> Result<Vec<Wrap>, StoreError> {
        let failed = self.failed("read the links of messages");
        let (sql, values) = query(filter);
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&sql).map_err(&failed)?;
        let rows = statement.query_map(params_from_iter(values), read).map_err(&failed)?;
        rows.map(|row| row.map(|wrap| wrap.shown(reveal)).map_err(&failed)).collect()
    }

    /// The links of one message, for whomever they were minted; at most 10,000.
    pub fn wraps_of(&self, message: MessageHash, reveal: Reveal) -> Result<Vec<Wrap>, StoreError> {
        self.wraps(&WrapFilter { message: Some(message), limit: 10_000, ..WrapFilter::default() }, reveal)
    }

    /// The time of the wrap that was recorded last; none where none was. A clock that is behind it is wrong.
    pub fn last_wrap(&self) -> Result<Option<Timestamp>, StoreError> {
        let failed = self.failed("read the time of the last wrap");
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT time FROM wrap ORDER BY id DESC LIMIT 1").map_err(&failed)?;
        let time = statement.query_row([], |row| row.get(0).map(Timestamp::from_millis));
        match time {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            time => time.map(Some).map_err(&failed),
        }
    }

    /// Whether this very link was recorded as minted, with its tag, destination, message and tenant: what a link under a
    /// compromised key has to show.
    pub fn is_minted(&self, link: &Link) -> Result<bool, StoreError> {
        let failed = self.failed("look up a link");
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(
                "SELECT 1 FROM wrap JOIN message ON message.id = wrap.message
                 WHERE wrap.link_id = ? AND wrap.url = ? AND message.hash = ? AND message.tenant = ?",
            )
            .map_err(&failed)?;
        let Link { id, destination, facts, .. } = link;
        statement.exists((id.0, destination.as_str(), facts.message.0, facts.tenant.0)).map_err(&failed)
    }
}

fn query(filter: &WrapFilter) -> (String, Vec<Value>) {
    let mut conditions = Conditions::default();
    conditions.add("wrap.time >= ?", filter.since.map(Timestamp::millis));
    conditions.add("wrap.time < ?", filter.until.map(Timestamp::millis));
    conditions.add("message.hash = ?", filter.message.map(|hash| hash.0.to_vec()));
    conditions.add("message.message_id = ?", filter.message_id.clone());
    conditions.add("message.recipient_address = ?", filter.recipient_address.clone());
    conditions.add_url(filter.url.as_deref(), "wrap.url");
    conditions.add("wrap.host = ?", filter.host.clone());
    conditions.add("wrap.domain = ?", filter.domain.clone());
    let sql = format!(
        "SELECT wrap.time, message.tenant, message.hash, message.recipient, message.recipient_address,
                message.message_id, message.sender, message.subject, wrap.part, wrap.place, wrap.outcome, wrap.rule,
                wrap.url, wrap.host, wrap.domain, wrap.link_id
         FROM wrap JOIN message ON message.id = wrap.message{}
         ORDER BY wrap.id DESC LIMIT ?",
        conditions.sql()
    );
    (sql, conditions.values(limit(filter.limit)))
}

fn same_message(a: &Wrap, b: &Wrap) -> bool {
    (a.tenant, a.message, a.recipient, &a.recipient_address) == (b.tenant, b.message, b.recipient, &b.recipient_address)
}

fn text(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(|text| cut(text, TEXT_MAX))
}

fn message_row(connection: &Connection, wrap: &Wrap) -> rusqlite::Result<i64> {
    let Wrap { time, tenant, message, recipient, .. } = wrap;
    let address = text(&wrap.recipient_address);
    let known = connection
        .prepare_cached(
            "SELECT id FROM message WHERE hash = ? AND recipient = ? AND tenant = ?
             AND ifnull(recipient_address, '') COLLATE NOCASE = ?",
        )?
        .query_row(params![message.0, recipient.0, tenant.0, address.unwrap_or_default()], |row| row.get(0));
    match known {
        Err(rusqlite::Error::QueryReturnedNoRows) => {}
        known => return known,
    }
    connection
        .prepare_cached(
            "INSERT INTO message (time, tenant, hash, recipient, recipient_address, message_id, sender, subject)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .insert(params![
            time.millis(),
            tenant.0,
            message.0,
            recipient.0,
            address,
            text(&wrap.message_id),
            text(&wrap.sender),
            text(&wrap.subject),
        ])
}

fn insert(connection: &Connection, message: i64, wrap: &Wrap) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO wrap (message, time, link_id, part, place, outcome, rule, url_key, url, host, domain)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (message, part, place, outcome, url_key, ifnull(link_id, x'')) DO NOTHING",
    )?;
    statement.execute(params![
        message,
        wrap.time.millis(),
        wrap.link_id.map(|id| id.0),
        cut(&wrap.part, TEXT_MAX),
        wrap.place.as_str(),
        wrap.outcome.as_str(),
        text(&wrap.rule),
        url_key(&wrap.url),
        cut(&wrap.url, URL_MAX),
        text(&wrap.host),
        text(&wrap.domain),
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Wrap> {
    Ok(Wrap {
        time: Timestamp::from_millis(row.get(0)?),
        tenant: TenantId(row.get(1)?),
        message: MessageHash(row.get(2)?),
        recipient: RecipientHash(row.get(3)?),
        recipient_address: row.get(4)?,
        message_id: row.get(5)?,
        sender: row.get(6)?,
        subject: row.get(7)?,
        part: row.get(8)?,
        place: place(row.get_ref(9)?.as_str()?)?,
        outcome: row.get::<_, Parsed<_>>(10)?.0,
        rule: row.get(11)?,
        url: row.get(12)?,
        host: row.get(13)?,
        domain: row.get(14)?,
        link_id: row.get::<_, Option<_>>(15)?.map(LinkId),
    })
}

fn place(word: &str) -> rusqlite::Result<Place> {
    let unknown = || FromSqlError::Other(format!("{word:?} is no place in a message").into());
    Ok(Place::ALL.into_iter().find(|place| place.as_str() == word).ok_or_else(unknown)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{column::assert_no_scan, sample::wrap};

    #[test]
    fn a_message_that_finds_the_disk_full_is_refused_whole_and_can_be_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.sqlite")).unwrap();
        let limit = |pages: i64| {
            store.connection().pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
        };
        let link = |number: u64| Wrap { url: format!("https://example.com/{number}"), ..wrap() };
        let message: Vec<Wrap> = (0..500).map(link).collect();
        limit(30);
        let error = store.record_wraps(&message).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }) && error.is_passing(), "{error:?}");
        assert!(error.to_string().contains("no room to record the links of a message"), "{error}");
        assert_eq!(store.wraps_of(wrap().message, Reveal::Whole).unwrap(), []);
        limit(1_000_000);
        store.record_wraps(&message).unwrap();
        assert_eq!(store.wraps_of(wrap().message, Reveal::Whole).unwrap().len(), 500);
    }

    #[test]
    fn a_url_is_compared_and_not_only_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.sqlite")).unwrap();
        store.record_wraps(&[wrap()]).unwrap();
        // As if two URLs had one key.
        store.connection().execute("UPDATE wrap SET url = 'https://else.example/'", []).unwrap();
        let filter = WrapFilter { url: Some(wrap().url), ..WrapFilter::default() };
        assert_eq!(store.wraps(&filter, Reveal::Whole).unwrap(), []);
    }

    #[test]
    fn every_question_has_its_index() {
        let text = || Some("x".to_owned());
        let none = WrapFilter::default;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.sqlite")).unwrap();
        for filter in [
            WrapFilter { message: Some(MessageHash([1; 8])), ..none() },
            WrapFilter { message_id: text(), ..none() },
            WrapFilter { recipient_address: text(), since: Some(Timestamp::default()), ..none() },
            WrapFilter { url: text(), ..none() },
            WrapFilter { host: text(), until: Some(Timestamp::default()), ..none() },
            WrapFilter { domain: text(), ..none() },
        ] {
            let (sql, values) = query(&filter);
            assert_no_scan(&store.connection(), &sql, values);
        }
    }
}
