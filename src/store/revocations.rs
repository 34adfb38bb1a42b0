use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};

use super::{
    Release, Revocation, RevokeError, Say, Scope, Store, StoreError, Touched,
    column::{Conditions, TEXT_MAX, cut, limit},
    file::begin,
};
use crate::{
    base::{MessageHash, TenantId, Timestamp},
    judge::Charge,
    link::{KeyId, LinkId},
};

/// Most revocations in force at one time: every node holds all of them in memory.
pub const REVOCATIONS_MAX: u64 = 100_000;

/// How far the tables of revocations and notices have come; what they say is the same as long as this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RevocationStamp([i64; 6]);

impl RevocationStamp {
    /// Whether this can be read from a store that was at `before` once: rows are only ever added.
    pub fn may_follow(&self, before: &Self) -> bool {
        self.0.iter().zip(before.0).all(|(now, before)| *now >= before)
    }
}

/// Everything in force at one moment.
#[derive(Debug, Clone, Default)]
pub struct Revoked {
    /// As of.
    pub stamp: RevocationStamp,
    /// The revocations.
    pub revocations: Vec<Revocation>,
    /// The messages that each of them means, by its id.
    pub messages: Vec<(i64, MessageHash)>,
    /// The links that each of them means beside those minted for its messages, by its id.
    pub links: Vec<(i64, LinkId)>,
    /// Messages that went to many on purpose.
    pub notices: Vec<MessageHash>,
}

const COLUMNS: &str = "SELECT revocation.id, revocation.time, link, message, sender, tenant, key, issued_from,
    issued_until, revocation.author, revocation.reason, expires, release.time, release.author, release.reason
    FROM revocation LEFT JOIN revocation_release AS release ON release.revocation = revocation.id";

impl Store {
    /// Takes links back, and with them those of messages that come later and are meant. In force on every node within a
    /// second. The id of the revocation: one that says the same and is in force counts for this one.
    pub fn revoke(&self, scope: Scope, say: Say<'_>, expires: Option<Timestamp>) -> Result<i64, RevokeError> {
        let (scope, say) = (scope.checked()?, said(say)?);
        if expires.is_some_and(|expires| expires <= say.time) {
            return Err(RevokeError::Expired);
        }
        let failed = self.failed("take links back");
        let connection = self.connection();
        let transaction = begin(&connection).map_err(&failed)?;
        let in_force = in_force(&transaction, say.time).map_err(&failed)?;
        if let Some(same) = in_force.iter().find(|other| other.scope == scope && other.expires == expires) {
            return Ok(same.id);
        }
        if in_force.len() as u64 >= REVOCATIONS_MAX {
            return Err(RevokeError::TooMany(in_force.len() as u64));
        }
        let id = insert(&transaction, &scope, say, expires).map_err(&failed)?;
        if scope.message.is_some() || scope.sender.is_some() {
            expand(&transaction, id, &scope).map_err(&failed)?;
        }
        transaction.commit().map_err(&failed)?;
        Ok(id)
    }

    /// Ends a revocation. Nothing is forgotten.
    pub fn release(&self, id: i64, say: Say<'_>) -> Result<(), RevokeError> {
        let say = said(say)?;
        let failed = self.failed("release links");
        let connection = self.connection();
        let transaction = begin(&connection).map_err(&failed)?;
        let revocation = one(&transaction, id).map_err(&failed)?.ok_or(RevokeError::Unknown(id))?;
        if let Some(Release { by, .. }) = revocation.release {
            return Err(RevokeError::Released { id, by });
        }
        let written = transaction.execute(
            "INSERT INTO revocation_release (revocation, time, author, reason) VALUES (?, ?, ?, ?)",
            params![id, say.time.millis(), cut(say.by, TEXT_MAX), cut(say.reason, TEXT_MAX)],
        );
        written.map_err(&failed)?;
        Ok(transaction.commit().map_err(&failed)?)
    }

    /// One revocation, in force or not.
    pub fn revocation(&self, id: i64) -> Result<Option<Revocation>, StoreError> {
        one(&self.connection(), id).map_err(self.failed("read what was taken back"))
    }

    /// Every revocation that there ever was, the oldest first; at most `most` of them, the newest.
    pub fn revocations(&self, most: usize) -> Result<Vec<Revocation>, StoreError> {
        let failed = self.failed("read what was taken back");
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached(&format!("{COLUMNS} ORDER BY revocation.id DESC LIMIT ?")).map_err(&failed)?;
        let rows = statement.query_map([limit(most)], read).map_err(&failed)?;
        let mut revocations = rows.collect::<Result<Vec<_>, _>>().map_err(&failed)?;
        revocations.reverse();
        Ok(revocations)
    }

    /// How far the tables of revocations have come. Costs a few steps in four indexes.
    pub fn revocation_stamp(&self) -> Result<RevocationStamp, StoreError> {
        stamp(&self.connection()).map_err(self.failed("read what was taken back"))
    }

    /// Everything in force at `now`, all of it as of one moment.
    pub fn revoked(&self, now: Timestamp) -> Result<Revoked, StoreError> {
        let failed = self.failed("read what was taken back");
        let connection = self.connection();
        let moment = connection.unchecked_transaction().map_err(&failed)?;
        let read = || -> rusqlite::Result<Revoked> {
            Ok(Revoked {
                stamp: stamp(&moment)?,
                revocations: in_force(&moment, now)?,
                messages: meant(&moment, "message", now, |row| Ok((row.get(0)?, MessageHash(row.get(1)?))))?,
                notices: noticed(&moment)?,
                links: meant(&moment, "link", now, |row| Ok((row.get(0)?, LinkId(row.get(1)?))))?,
            })
        };
        read().map_err(&failed)
    }

    /// What `scope` means at this moment, as far as the wrap log tells. It holds no keys: give the time in which one
    /// signed as well.
    pub fn touched(&self, scope: &Scope) -> Result<Touched, RevokeError> {
        let scope = scope.clone().checked()?;
        let failed = self.failed("count links");
        let mut conditions = Conditions::default();
        conditions.add("wrap.link_id = ?", scope.link.map(|link| link.0.to_vec()));
        conditions.add("message.hash = ?", scope.message.map(|message| message.0.to_vec()));
        conditions.add("message.sender = ?", scope.sender);
        conditions.add("message.tenant = ?", scope.tenant.map(|tenant| i64::from(tenant.0)));
        conditions.add("wrap.time >= ?", scope.issued_from.map(Timestamp::millis));
        conditions.add("wrap.time < ?", scope.issued_until.map(Timestamp::millis));
        let sql = format!(
            "SELECT count(DISTINCT wrap.link_id), count(DISTINCT message.hash), count(DISTINCT message.id)
             FROM message JOIN wrap ON wrap.message = message.id{} AND wrap.link_id IS NOT NULL AND ?",
            conditions.sql()
        );
        let values: Vec<Value> = conditions.values(1_i64);
        let connection = self.connection();
        let counted = connection.query_row(&sql, params_from_iter(values), |row| {
            Ok(Touched { links: row.get(0)?, messages: row.get(1)?, recipients: row.get(2)? })
        });
        Ok(counted.map_err(&failed)?)
    }
}

/// Who and why, each in one line.
pub(super) fn said(say: Say<'_>) -> Result<Say<'_>, RevokeError> {
    let Say { time, by, reason } = Say { by: say.by.trim(), reason: say.reason.trim(), ..say };
    match (by, reason) {
        ("", _) => Err(RevokeError::Unsaid("who takes it upon themselves")),
        (_, "") => Err(RevokeError::Unsaid("the reason")),
        _ => Ok(Say { time, by, reason }),
    }
}

fn insert(connection: &Connection, scope: &Scope, say: Say<'_>, expires: Option<Timestamp>) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO revocation (time, author, reason, expires, link, message, sender, tenant, key, issued_from,
                                 issued_until)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    statement.insert(params![
        say.time.millis(),
        cut(say.by, TEXT_MAX),
        cut(say.reason, TEXT_MAX),
        expires.map(Timestamp::millis),
        scope.link.map(|link| link.0),
        scope.message.map(|message| message.0),
        scope.sender.as_deref().map(|sender| cut(sender, TEXT_MAX)),
        scope.tenant.map(|tenant| tenant.0),
        scope.key.map(|key| key.0),
        scope.issued_from.map(Timestamp::millis),
        scope.issued_until.map(Timestamp::millis),
    ])
}

/// Writes down which messages a revocation means at this moment, and which links of ours were found in them. Triggers
/// do the same for what is recorded later.
fn expand(connection: &Connection, id: i64, scope: &Scope) -> rusqlite::Result<()> {
    match (&scope.sender, scope.message) {
        (None, Some(message)) => {
            // The message may be on its way still: its hash is all that is needed.
            connection
                .execute("INSERT INTO revoked_message (revocation, message) VALUES (?, ?)", params![id, message.0])?;
        }
        _ => {
            connection.execute(
                "INSERT INTO revoked_message (revocation, message)
                 SELECT DISTINCT revocation.id, message.hash FROM revocation
                 JOIN message ON message.sender = revocation.sender
                 WHERE revocation.id = ?
                   AND ifnull(revocation.tenant = message.tenant, 1) AND ifnull(revocation.message = message.hash, 1)",
                [id],
            )?;
        }
    }
    connection.execute(
        "INSERT INTO revoked_link (revocation, link)
         SELECT DISTINCT revocation.id, wrap.link_id FROM revocation
         JOIN revoked_message ON revoked_message.revocation = revocation.id
         JOIN message ON message.hash = revoked_message.message
         JOIN wrap ON wrap.message = message.id
         WHERE revocation.id = ? AND wrap.outcome = 'already_ours' AND wrap.link_id IS NOT NULL
           AND ifnull(revocation.tenant = message.tenant, 1)
           AND ifnull(revocation.issued_from <= wrap.time, 1) AND ifnull(revocation.issued_until > wrap.time, 1)",
        [id],
    )?;
    Ok(())
}

const IN_FORCE: &str = "release.id IS NULL AND ifnull(revocation.expires > ?, 1)";

fn in_force(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Revocation>> {
    let sql = format!("{COLUMNS} WHERE {IN_FORCE} ORDER BY revocation.id");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map([now.millis()], read)?.collect()
}

fn meant<T>(
    connection: &Connection,
    what: &'static str,
    now: Timestamp,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let sql = format!(
        "SELECT meant.revocation, meant.{what} FROM revoked_{what} AS meant
         JOIN revocation ON revocation.id = meant.revocation
         LEFT JOIN revocation_release AS release ON release.revocation = revocation.id
         WHERE {IN_FORCE} ORDER BY meant.id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map([now.millis()], read)?.collect()
}

fn noticed(connection: &Connection) -> rusqlite::Result<Vec<MessageHash>> {
    let mut statement = connection.prepare_cached(
        "SELECT message FROM notice WHERE NOT EXISTS (SELECT 1 FROM notice_end WHERE notice_end.notice = notice.id)",
    )?;
    statement.query_map([], |row| row.get(0).map(MessageHash))?.collect()
}

fn one(connection: &Connection, id: i64) -> rusqlite::Result<Option<Revocation>> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE revocation.id = ?"))?;
    statement.query_row([id], read).optional()
}

fn stamp(connection: &Connection) -> rusqlite::Result<RevocationStamp> {
    let mut statement = connection.prepare_cached(
        "SELECT ifnull((SELECT max(id) FROM revocation), 0), ifnull((SELECT max(id) FROM revocation_release), 0),
                ifnull((SELECT max(id) FROM revoked_message), 0), ifnull((SELECT max(id) FROM revoked_link), 0),
                ifnull((SELECT max(id) FROM notice), 0), ifnull((SELECT max(id) FROM notice_end), 0)",
    )?;
    statement.query_row([], |row| {
        Ok(RevocationStamp([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?]))
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Revocation> {
    let time = |at: usize| row.get::<_, Option<i64>>(at).map(|time| time.map(Timestamp::from_millis));
    let release = match time(12)? {
        Some(time) => Some(Release { time, by: row.get(13)?, reason: row.get(14)? }),
        None => None,
    };
    Ok(Revocation {
        id: row.get(0)?,
        time: Timestamp::from_millis(row.get(1)?),
        scope: Scope {
            link: row.get::<_, Option<_>>(2)?.map(LinkId),
            message: row.get::<_, Option<_>>(3)?.map(MessageHash),
            sender: row.get(4)?,
            tenant: row.get::<_, Option<_>>(5)?.map(TenantId),
            key: row.get::<_, Option<_>>(6)?.map(KeyId),
            issued_from: time(7)?,
            issued_until: time(8)?,
        },
        by: row.get(9)?,
        reason: row.get(10)?,
        expires: time(11)?,
        release,
    })
}

impl Revoked {
    /// The revocations that convict a message come first.
    pub(crate) fn in_order(mut self) -> Self {
        self.revocations.sort_by_key(|revocation| (revocation.scope.charge() == Charge::LinkWithdrawn, revocation.id));
        self
    }
}
