use std::{collections::HashMap, fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::base::{TenantId, Timestamp};

/// What every token begins with, so that scanners for leaked secrets can know one.
const PREFIX: &str = "sekisho_";
const NAME_MAX: usize = 64;

/// One thing that a token may be good for: one operation of the API each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Sign the links of a message.
    Rewrite,
    /// Put the original links back into a message.
    Restore,
    /// Read links.
    Decode,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rewrite, Self::Restore, Self::Decode];

    /// As files and messages write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rewrite => "rewrite",
            Self::Restore => "restore",
            Self::Decode => "decode",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| format!("{text:?} is nothing that a token can be good for; write one of {}", all()))
    }
}

/// The SHA-256 of a token: what is kept of it. 32 random bytes need no salt and no slow hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Of a token as a program shows it.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenHash({self})")
    }
}

impl FromStr for TokenHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "no SHA-256: 64 hexadecimal digits, as `sekisho tokens add` writes them";
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(WRONG);
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(at * 2..at * 2 + 2).ok_or(WRONG)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| WRONG)?;
        }
        Ok(Self(bytes))
    }
}

/// A fresh token, as it is shown once and never again.
pub fn token(secret: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret)))
}

/// What one token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who uses it.
    pub name: String,
    /// Which token.
    pub hash: TokenHash,
    /// What it is good for; sorted, each once.
    pub scopes: Vec<Scope>,
    /// The one tenant that it is good for; none: all of them.
    pub tenant: Option<TenantId>,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// A change that is not made, or a file that is no file of tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantsError {
    /// The file does not say what such a file says.
    #[error("{line}:{column}: {what}")]
    Text {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong, and what to write.
        what: String,
    },
    /// A name is wrong.
    #[error("{0:?} is no name for a token: 1 to 64 letters, digits, blanks, `.`, `_` or `-`")]
    Name(String),
    /// A name is taken.
    #[error("there is a token {0:?} already; remove it first, or choose another name")]
    Taken(String),
    /// No token has this name.
    #[error("there is no token {0:?}; `sekisho tokens list` shows all")]
    Unknown(String),
    /// It would be good for nothing.
    #[error("{0:?} would be good for nothing; name what it may do with --scope")]
    Nothing(String),
}

/// All tokens that count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    grants: Vec<Grant>,
    by_hash: HashMap<TokenHash, usize>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "token", skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<toml::Spanned<Row>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    sha256: String,
    scopes: Vec<String>,
    tenant: Option<u16>,
    until: Option<String>,
}

impl Grants {
    /// Reads the text of a file of tokens.
    pub fn parse(text: &str) -> Result<Self, GrantsError> {
        let at = |byte: usize, what: String| {
            let before = text.get(..byte).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            GrantsError::Text { line, column, what }
        };
        let file: File = toml::from_str(text)
            .map_err(|error| at(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
        let mut grants = Self::default();
        for row in file.tokens {
            let start = row.span().start;
            let grant = row.into_inner().grant().map_err(|what| at(start, what))?;
            grants.add(grant).map_err(|error| at(start, error.to_string()))?;
        }
        Ok(grants)
    }

    /// As [`Self::parse`] reads it.
    pub fn to_text(&self) -> String {
        let mut text = String::from(
            "# Who may use the API, and for what. Made by `sekisho tokens`; a change counts at the next request.\n\
             # A token itself is nowhere: only its SHA-256 is.\n",
        );
        for grant in &self.grants {
            let scopes: Vec<String> = grant.scopes.iter().map(|scope| format!("\"{scope}\"")).collect();
            text += &format!("\n[[token]]\nname = \"{}\"\nsha256 = \"{}\"\n", grant.name, grant.hash);
            text += &format!("scopes = [{}]\n", scopes.join(", "));
            if let Some(tenant) = grant.tenant {
                text += &format!("tenant = {tenant}\n");
            }
            if let Some(until) = grant.until {
                text += &format!("until = \"{}\"\n", rfc3339(until));
            }
        }
        text
    }

    /// One more.
    pub fn add(&mut self, mut grant: Grant) -> Result<(), GrantsError> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-');
        let trimmed = grant.name.trim() == grant.name && !grant.name.is_empty();
        if !trimmed || grant.name.chars().count() > NAME_MAX || !grant.name.chars().all(fits) {
            return Err(GrantsError::Name(grant.name));
        }
        grant.scopes.sort();
        grant.scopes.dedup();
        if grant.scopes.is_empty() {
            return Err(GrantsError::Nothing(grant.name));
        }
        if self.grants.iter().any(|other| other.name == grant.name) || self.by_hash.contains_key(&grant.hash) {
            return Err(GrantsError::Taken(grant.name));
        }
        self.by_hash.insert(grant.hash, self.grants.len());
        self.grants.push(grant);
        Ok(())
    }

    /// One less.
    pub fn remove(&mut self, name: &str) -> Result<Grant, GrantsError> {
        let at = self.grants.iter().position(|grant| grant.name == name);
        let removed = self.grants.remove(at.ok_or_else(|| GrantsError::Unknown(name.to_owned()))?);
        self.by_hash = self.grants.iter().enumerate().map(|(at, grant)| (grant.hash, at)).collect();
        Ok(removed)
    }

    /// All of them, in the order of their file.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter()
    }

    /// What a token that a program shows is good for at `now`; `None` where it counts for nothing. It is looked up by its
    /// hash, so how long that takes tells nothing of other tokens.
    pub fn of(&self, token: &str, now: Timestamp) -> Option<&Grant> {
        let grant = self.grants.get(*self.by_hash.get(&TokenHash::of(token))?)?;
        grant.until.is_none_or(|until| now < until).then_some(grant)
    }
}

impl Row {
    fn grant(self) -> Result<Grant, String> {
        let until = self.until.map(|until| {
            let moment: Result<jiff::Timestamp, _> = until.parse();
            moment.map_err(|_| format!("{until:?} is no moment; write 2027-11-24T09:00:00Z"))
        });
        Ok(Grant {
            hash: self.sha256.parse()?,
            scopes: self.scopes.iter().map(|scope| scope.parse()).collect::<Result<_, _>>()?,
            tenant: self.tenant.map(TenantId),
            until: until.transpose()?.map(|until| Timestamp::from_millis(until.as_millisecond())),
            name: self.name,
        })
    }
}

fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.millis()).map_or_else(|_| time.millis().to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(name: &str, scopes: &[Scope]) -> Grant {
        Grant { name: name.into(), hash: TokenHash::of(name), scopes: scopes.to_vec(), tenant: None, until: None }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut grants = Grants::default();
        grants.add(grant("mail host", &[Scope::Rewrite, Scope::Decode, Scope::Rewrite])).unwrap();
        let until = Some(Timestamp::from_secs(1_800_000_000));
        grants.add(Grant { tenant: Some(TenantId(7)), until, ..grant("ご案内", &[Scope::Restore]) }).unwrap();
        let text = grants.to_text();
        assert_eq!(Grants::parse(&text).unwrap(), grants, "{text}");
        assert!(text.contains("until = \"2027-01-15T08:00:00Z\""), "{text}");
        assert_eq!(Grants::parse("").unwrap(), Grants::default());
    }

    #[test]
    fn a_token_counts_until_its_end_and_no_other_does() {
        let token = token(&[7; 32]);
        let mut grants = Grants::default();
        let until = Some(Timestamp::from_secs(100));
        grants.add(Grant { hash: TokenHash::of(&token), until, ..grant("a", &Scope::ALL) }).unwrap();
        assert!(token.starts_with(PREFIX) && token.len() == PREFIX.len() + 43, "{}", *token);
        assert!(grants.of(&token, Timestamp::from_secs(99)).is_some());
        assert!(grants.of(&token, Timestamp::from_secs(100)).is_none());
        assert!(grants.of(&token[1..], Timestamp::from_secs(0)).is_none());
        grants.remove("a").unwrap();
        assert!(grants.of(&token, Timestamp::from_secs(0)).is_none());
        assert_eq!(grants.remove("a"), Err(GrantsError::Unknown("a".into())));
    }

    #[test]
    fn those_behind_one_that_was_removed_are_found() {
        let mut grants = Grants::default();
        for name in ["a", "b", "c"] {
            grants.add(grant(name, &[Scope::Decode])).unwrap();
        }
        grants.remove("a").unwrap();
        assert_eq!(grants.of("c", Timestamp::from_secs(0)).unwrap().name, "c");
        assert_eq!(grants.of("b", Timestamp::from_secs(0)).unwrap().name, "b");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let hash = TokenHash::of("x").to_string();
        let row = |name: &str, more: &str| format!("[[token]]\nname = \"{name}\"\nsha256 = \"{hash}\"\n{more}\n");
        for (text, place, wanted) in [
            (row("a", "scopes = [\"all\"]"), (1, 1), "nothing that a token can be good for"),
            (row("a", "scopes = []"), (1, 1), "good for nothing"),
            (row("a\\nb", "scopes = [\"decode\"]"), (1, 1), "no name for a token"),
            (row("a", "scopes = [\"decode\"]\nuntil = \"soon\""), (1, 1), "no moment"),
            (row("a", "scopes = [\"decode\"]") + &row("b", "scopes = [\"decode\"]"), (5, 1), "already"),
            (row("a", "scope = [\"decode\"]"), (4, 1), "unknown field"),
            ("[[token]]\nname = 1".into(), (2, 8), "string"),
            (row("a", "scopes = [\"decode\"]").replace(&hash, "ab"), (1, 1), "SHA-256"),
        ] {
            let Err(GrantsError::Text { line, column, what }) = Grants::parse(&text) else { panic!("{text}") };
            assert!((line, column) == place && what.contains(wanted), "{line}:{column}: {what}\n{text}");
        }
    }
}
