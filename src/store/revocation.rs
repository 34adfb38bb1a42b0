use std::fmt;

use serde::Serialize;

use super::StoreError;
use crate::{
    base::{MessageHash, TenantId, Timestamp},
    judge::Charge,
    link::{KeyId, LinkId},
};

/// Which links are meant: those of which all is true that is named. Naming nothing would mean every link there is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Scope {
    /// This link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkId>,
    /// Links minted for, or found in, this message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageHash>,
    /// Links minted for, or found in, the messages that the wrap log holds of this sender, now and in time to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Links of this tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Links signed with this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// Links minted at this moment or later. Links keep whole minutes, so the minute of this moment is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_from: Option<Timestamp>,
    /// Links minted before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_until: Option<Timestamp>,
}

/// Links that were taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revocation {
    /// Names it.
    pub id: i64,
    /// Since when.
    pub time: Timestamp,
    /// Which links.
    #[serde(flatten)]
    pub scope: Scope,
    /// Who took them back.
    pub by: String,
    /// Why, for those who look it up; no page shows it.
    pub reason: String,
    /// Until when; none is for good.
    pub expires: Option<Timestamp>,
    /// That it no longer counts.
    pub release: Option<Release>,
}

/// The end of a revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    /// When.
    pub time: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What somebody decided, and who it was.
#[derive(Debug, Clone, Copy)]
pub struct Say<'a> {
    /// When.
    pub time: Timestamp,
    /// Who.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// What a scope means at this moment, as far as the wrap log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Touched {
    /// Links.
    pub links: i64,
    /// Messages.
    pub messages: i64,
    /// Recipients of them; those who share one body are one.
    pub recipients: i64,
}

/// Why nothing was taken back or released.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// Every link there is would be meant.
    #[error("nothing is named, so that every link of everybody would be meant: name a tenant, a key or a time")]
    Everything,
    /// A window that no moment is in.
    #[error("the time ends before it begins; write the earlier moment after --from")]
    Backwards,
    /// It would end before it begins.
    #[error("it would have expired already")]
    Expired,
    /// Who and why have to be told.
    #[error("{0} is empty; say it, for those who look it up later")]
    Unsaid(&'static str),
    /// There is a cap.
    #[error("{0} revocations are in force, which is the most; release some, or revoke a message, sender or window")]
    TooMany(u64),
    /// It is not there.
    #[error("there is no revocation {0}; `sekisho revoke list` shows those in force")]
    Unknown(i64),
    /// Somebody was quicker.
    #[error("revocation {id} was released already, by {by}")]
    Released {
        /// Which.
        id: i64,
        /// By whom.
        by: String,
    },
    /// There is a cap on notices.
    #[error("{0} notices are registered, which is the most; end some with `sekisho notice end`")]
    TooManyNotices(i64),
    /// No such notice.
    #[error("there is no notice {0}; `sekisho notice list` shows those that count")]
    UnknownNotice(i64),
    /// Somebody was quicker.
    #[error("notice {id} was ended already, by {by}")]
    EndedNotice {
        /// Which.
        id: i64,
        /// By whom.
        by: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Scope {
    /// What a person who meets it is told.
    pub fn charge(&self) -> Charge {
        match (self.link, &self.message, &self.sender) {
            (None, Some(_), _) | (None, _, Some(_)) => Charge::MessageConvicted,
            _ => Charge::LinkWithdrawn,
        }
    }

    /// As it is kept: a sender without spaces around it, whole minutes. Errors: what no revocation can mean.
    pub(super) fn checked(mut self) -> Result<Self, RevokeError> {
        const MINUTE: i64 = 60_000;
        self.issued_from = self.issued_from.map(|from| from.plus_millis(-from.millis().rem_euclid(MINUTE)));
        self.sender = self.sender.map(|sender| sender.trim().to_owned());
        if self == Self::default() {
            return Err(RevokeError::Everything);
        }
        if self.sender.as_deref() == Some("") {
            return Err(RevokeError::Unsaid("the sender"));
        }
        match (self.issued_from, self.issued_until) {
            (Some(from), Some(until)) if until <= from => Err(RevokeError::Backwards),
            _ => Ok(self),
        }
    }
}

impl Revocation {
    /// Whether it counts at this moment.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.release.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let link = self.link.map(|link| format!("link {link}"));
        let mut what = vec![link.unwrap_or_else(|| "links".to_owned())];
        what.extend(self.message.map(|message| format!("of message {message}")));
        what.extend(self.sender.as_ref().map(|sender| format!("in messages from {sender}")));
        what.extend(self.tenant.map(|tenant| format!("of tenant {tenant}")));
        what.extend(self.key.map(|key| format!("signed with key {key}")));
        what.extend(self.issued_from.map(|from| format!("made from {}", moment(from))));
        what.extend(self.issued_until.map(|until| format!("made before {}", moment(until))));
        f.write_str(&what.join(" "))
    }
}

fn moment(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.millis()).map_or_else(|_| time.millis().to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_means_everything_or_nothing_is_refused() {
        let at = |minute: i64| Some(Timestamp::from_secs(minute * 60));
        assert!(matches!(Scope::default().checked(), Err(RevokeError::Everything)));
        let window = |from, until| Scope { issued_from: from, issued_until: until, ..Scope::default() }.checked();
        assert!(matches!(window(at(2), at(2)), Err(RevokeError::Backwards)));
        assert!(window(at(2), at(3)).is_ok() && window(at(2), None).is_ok() && window(None, at(3)).is_ok());
        let nobody = Scope { sender: Some(" ".to_owned()), ..Scope::default() };
        assert!(matches!(nobody.checked(), Err(RevokeError::Unsaid(_))));
    }

    #[test]
    fn the_minute_in_which_a_window_begins_is_in() {
        let from = Some(Timestamp::from_millis(125_999));
        let scope = Scope { issued_from: from, ..Scope::default() }.checked().unwrap();
        assert_eq!(scope.issued_from, Some(Timestamp::from_secs(120)));
    }

    #[test]
    fn a_message_is_convicted_and_everything_else_is_withdrawn() {
        let none = Scope::default;
        let message = Some(MessageHash([1; 8]));
        assert_eq!(Scope { message, ..none() }.charge(), Charge::MessageConvicted);
        assert_eq!(Scope { sender: Some("a@b.example".into()), ..none() }.charge(), Charge::MessageConvicted);
        assert_eq!(Scope { link: Some(LinkId([1; 16])), message, ..none() }.charge(), Charge::LinkWithdrawn);
        assert_eq!(Scope { tenant: Some(TenantId(1)), ..none() }.charge(), Charge::LinkWithdrawn);
    }
}
