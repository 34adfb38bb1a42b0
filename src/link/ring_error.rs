use super::facts::KeyId;

/// Why a keyring was not read or not changed. Never quotes a value of the file: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The text of a keyring is wrong at one place.
    #[error("keyring, line {line}, column {column}: {problem}")]
    Text {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What is wrong there and what to do.
        problem: Problem,
    },
    /// The ring cannot be changed like this.
    #[error("keyring: {0}")]
    Ring(Problem),
}

impl KeyringError {
    /// An error at a byte offset of `text`.
    pub(super) fn at(text: &str, offset: usize, problem: Problem) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self::Text { line, column, problem }
    }
}

/// What is wrong with a keyring, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No TOML.
    #[error("this is not TOML ({0}); restore the file from its backup, or mend the line")]
    Syntax(String),
    /// A name that means nothing.
    #[error("`{0}` means nothing here; a keyring is a list of [[key]] with id, state, from, until and secret")]
    Unknown(String),
    /// A field is not there.
    #[error("this key has no `{0}`; add it from the backup")]
    Missing(&'static str),
    /// A field is of another type.
    #[error("`{field}` must be {wanted}")]
    Type {
        /// Its name.
        field: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// No key state.
    #[error("`state` is one of \"signing\", \"verify-only\" and \"compromised\"")]
    State,
    /// The secret is not 32 bytes of base64url.
    #[error("`secret` must be 32 bytes as 43 characters of base64url without padding; restore it from the backup")]
    Secret,
    /// No moment that a link can say.
    #[error("`{0}` must be a moment from 2020 on with its offset, such as 2026-11-24T04:00:00Z, without quotes")]
    Moment(&'static str),
    /// Id and secret do not belong together.
    #[error("this secret belongs to key {derived}, not to the id that is written; restore the key from the backup")]
    OtherId {
        /// The id that the secret has.
        derived: KeyId,
    },
    /// Two keys with one id.
    #[error("the ring has key {0} already; a key stands in a ring once")]
    Known(KeyId),
    /// No key signs.
    #[error("no key is \"signing\", and exactly one must be; without it no link can be made")]
    NoSigning,
    /// More than one key signs.
    #[error("a second key is \"signing\", and exactly one may be; make the older one \"verify-only\" with `until`")]
    SecondSigning,
    /// A key that signs has an end.
    #[error("the signing key has no `until`; to end its period, rotate")]
    SigningEnds,
    /// A key that no longer signs has no end.
    #[error("a key that no longer signs needs `until`, the moment it stopped signing")]
    Endless,
    /// The period ends before it begins.
    #[error("`until` is before `from`; a signing period ends after it begins")]
    Backwards,
    /// No such key.
    #[error("the ring has no key {0}")]
    Absent(KeyId),
    /// The signing key cannot be put away.
    #[error("key {0} signs; rotate first, so that another key signs, and then change its state")]
    Signs(KeyId),
    /// A key signs once in its life.
    #[error("key {0} cannot sign again; rotate to get a new signing key")]
    SignedBefore(KeyId),
    /// The clock is behind the ring.
    #[error("the clock says a time before the signing key {0} was made; set the clock of this machine")]
    Clock(KeyId),
}
