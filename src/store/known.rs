use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Store, StoreError};
use crate::{
    base::{MessageHash, TenantId, Timestamp},
    judge::Authentication,
};

/// What is known of who sent a message.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// When it was looked at.
    pub time: Timestamp,
    /// Whose policy applied.
    pub tenant: TenantId,
    /// The message.
    pub message: MessageHash,
    /// What was found.
    pub authentication: &'a Authentication,
}

impl Store {
    /// What was known of who sent a message, when it came the first time; none where nobody looked.
    pub fn authentication(&self, message: MessageHash, tenant: TenantId) -> Result<Option<Authentication>, StoreError> {
        let failed = self.failed("read who sent a message");
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT found FROM authentication WHERE message = ? AND tenant = ?")
            .map_err(&failed)?;
        let found: Option<String> =
            statement.query_row((message.0, tenant.0), |row| row.get(0)).optional().map_err(&failed)?;
        // What a newer program wrote in other words is not known to this one.
        Ok(found.and_then(|found| serde_json::from_str(&found).ok()))
    }
}

/// Each copy of a message says the same of it: the first one is kept.
pub(super) fn insert(connection: &Connection, known: &Known<'_>) -> rusqlite::Result<()> {
    let Known { time, tenant, message, authentication } = known;
    let found = serde_json::to_string(authentication).unwrap_or_default();
    connection
        .prepare_cached(
            "INSERT INTO authentication (message, tenant, time, found) VALUES (?, ?, ?, ?)
             ON CONFLICT (message, tenant) DO NOTHING",
        )?
        .execute(params![message.0, tenant.0, time.millis(), found])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{Check, Method, Proof, Wish},
        store::sample::{NOW, wrap},
    };

    #[test]
    fn what_was_known_first_is_kept_with_the_links_and_each_tenant_has_his_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.sqlite")).unwrap();
        let found = |proof| Authentication {
            checks: vec![Check { method: Method::Dmarc, proof, about: vec![("a.b".into(), "c".into())], reason: None }],
            wish: Some(Wish::Reject),
            ..Authentication::default()
        };
        let record = |authentication: &Authentication, tenant| {
            let known = Known { time: NOW, tenant, message: wrap().message, authentication };
            store.record_message(&[wrap()], Some(&known)).unwrap();
        };
        record(&found(Proof::Pass), TenantId(1));
        record(&found(Proof::Fail), TenantId(1));
        record(&found(Proof::Fail), TenantId(2));
        let of = |tenant| store.authentication(wrap().message, TenantId(tenant)).unwrap();
        assert_eq!((of(1), of(2), of(3)), (Some(found(Proof::Pass)), Some(found(Proof::Fail)), None));
    }
}
