//! Every error of the program becomes a sentence and an exit code here and nowhere else.

use std::{fmt, io, process::ExitCode};

use crate::{
    app::{
        DeskError, DraftError, ListsError, OfficeError, RegistrarError, RingError, SorterError, StartError, TokensError,
    },
    auth::AuthError,
    config::ConfigError,
    http::{BindError, api::GrantsError},
    mail::PlaceError,
    ruling::RulingError,
    store::{AnswerError, RevokeError, StoreError},
    supply::StockError,
};

/// The codes of sysexits.h, which mail systems know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command line is wrong.
    Usage = 64,
    /// What was given to work on is wrong.
    Data = 65,
    /// What was given to work on is not there.
    NoInput = 66,
    /// Something that is needed does not answer or is taken.
    Unavailable = 69,
    /// A fault of the program.
    Bug = 70,
    /// A file cannot be made.
    CannotCreate = 73,
    /// Reading or writing failed.
    Io = 74,
    /// The mail system keeps the message and tries again.
    TryAgain = 75,
    /// Not allowed.
    NoPermission = 77,
    /// The configuration, the keyring or a list is wrong.
    Config = 78,
}

/// Why a command ends without having done what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// For machines.
    pub exit: Exit,
    /// For people: what is wrong, where, what to do.
    pub what: String,
}

impl Failure {
    pub(super) fn new(exit: Exit, what: impl fmt::Display) -> Self {
        Self { exit, what: what.to_string() }
    }

    /// A panic was caught; what it said stands on stderr already.
    pub(super) fn bug() -> Self {
        Self::new(Exit::Bug, "this is a fault of Sekisho itself; please report what stands above")
    }

    /// The same, for a mail system that must neither lose the message nor give it back: whatever is wrong on our side
    /// is wrong for now. What is wrong with the message itself stays so.
    #[must_use]
    pub(super) fn for_mail(self) -> Self {
        match self.exit {
            Exit::Data => self,
            _ => Self { exit: Exit::TryAgain, ..self },
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let exit = match &error {
            ConfigError::Unreadable { .. } | ConfigError::Wrong(_) => Exit::Config,
            ConfigError::CannotMake { source, .. } => of_io(source, Exit::CannotCreate),
        };
        Self::new(exit, error)
    }
}

impl From<RingError> for Failure {
    fn from(error: RingError) -> Self {
        let exit = match &error {
            RingError::Missing { .. }
            | RingError::Unreadable { .. }
            | RingError::Open { .. }
            | RingError::Wrong { .. } => Exit::Config,
            RingError::Unwritable { source, .. } => of_io(source, Exit::CannotCreate),
            RingError::Exists { .. } => Exit::CannotCreate,
            RingError::NoEntropy(_) => Exit::Unavailable,
        };
        Self::new(exit, error)
    }
}

impl From<DraftError> for Failure {
    fn from(error: DraftError) -> Self {
        let exit = match &error {
            DraftError::Name(_) | DraftError::Action { .. } => Exit::Usage,
            DraftError::Missing { .. } => Exit::NoInput,
            DraftError::Unreadable { error, .. } if error.kind() == io::ErrorKind::NotFound => Exit::NoInput,
            DraftError::Unreadable { .. } => Exit::Io,
            DraftError::Unwritable { .. } => Exit::CannotCreate,
            DraftError::Changed(_) => Exit::Unavailable,
            DraftError::Lists(lists) if lists.0.kind() == io::ErrorKind::NotFound => Exit::NoInput,
            DraftError::Lists(lists) => of_io(&lists.0, Exit::Io),
        };
        Self::new(exit, error)
    }
}

impl From<StockError> for Failure {
    fn from(error: StockError) -> Self {
        let exit = match &error {
            StockError::File { error, .. } => of_io(error, Exit::Io),
            StockError::Busy(_) => Exit::Unavailable,
            StockError::NothingBefore(_) | StockError::NothingRefused(..) => Exit::NoInput,
        };
        Self::new(exit, error)
    }
}

impl From<ListsError> for Failure {
    fn from(error: ListsError) -> Self {
        let exit = match error.0.kind() {
            io::ErrorKind::NotFound => Exit::NoInput,
            _ => of_io(&error.0, Exit::Io),
        };
        Self::new(exit, error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::Missing { .. } => Exit::NoInput,
            StoreError::Unreachable { source, .. } | StoreError::Spool { source, .. } => {
                of_io(source, Exit::CannotCreate)
            }
            StoreError::Forbidden { .. } => Exit::NoPermission,
            StoreError::Full { .. } | StoreError::Disk { .. } | StoreError::Other { .. } => Exit::Io,
            StoreError::Busy { .. } | StoreError::Thread { .. } => Exit::Unavailable,
            StoreError::Damaged { .. }
            | StoreError::Foreign { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Newer { .. }
            | StoreError::NoWriteAheadLog { .. } => Exit::Config,
        };
        Self::new(exit, error)
    }
}

impl From<RevokeError> for Failure {
    fn from(error: RevokeError) -> Self {
        let exit = match error {
            RevokeError::Store(error) => return error.into(),
            RevokeError::Everything | RevokeError::Backwards | RevokeError::Expired | RevokeError::Unsaid(_) => {
                Exit::Usage
            }
            RevokeError::Unknown(_) | RevokeError::UnknownNotice(_) => Exit::NoInput,
            RevokeError::Released { .. } | RevokeError::EndedNotice { .. } => Exit::Data,
            RevokeError::TooMany(_) | RevokeError::TooManyNotices(_) => Exit::Unavailable,
        };
        Self::new(exit, error)
    }
}

impl From<AnswerError> for Failure {
    fn from(error: AnswerError) -> Self {
        let exit = match error {
            AnswerError::Said(error) => return error.into(),
            AnswerError::Store(error) => return error.into(),
            AnswerError::Unknown(_) => Exit::NoInput,
            AnswerError::Answered { .. } => Exit::Data,
        };
        Self::new(exit, error)
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        Self::new(Exit::Config, error)
    }
}

impl From<DeskError> for Failure {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Ring(error) => error.into(),
            DeskError::Store(error) => error.into(),
            DeskError::Mint(_) | DeskError::Refused(_) | DeskError::Clock { .. } => Self::new(Exit::TryAgain, error),
        }
    }
}

impl From<TokensError> for Failure {
    fn from(error: TokensError) -> Self {
        let exit = match &error {
            TokensError::Unreadable { .. } => Exit::Config,
            TokensError::Unwritable { source, .. } => of_io(source, Exit::CannotCreate),
            TokensError::Wrong { source, .. } => match source {
                GrantsError::Text { .. } => Exit::Config,
                GrantsError::Name(_) | GrantsError::Nothing(_) => Exit::Usage,
                GrantsError::Taken(_) => Exit::Data,
                GrantsError::Unknown(_) => Exit::NoInput,
            },
        };
        Self::new(exit, error)
    }
}

impl From<RegistrarError> for Failure {
    fn from(error: RegistrarError) -> Self {
        match error {
            RegistrarError::Desk(error) => error.into(),
            RegistrarError::Config(error) => error.into(),
            RegistrarError::Tokens(error) => error.into(),
            RegistrarError::Bind(error) => error.into(),
            RegistrarError::Tls(_) => Self::new(Exit::Config, error),
            RegistrarError::Listener(_) => Self::new(Exit::Unavailable, error),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Ring(error) => error.into(),
            StartError::Lists(error) => error.into(),
            StartError::Store(error) => error.into(),
            StartError::Bind(error) => error.into(),
            StartError::Ruling(RulingError::Store(error)) => error.into(),
            StartError::Ruling(error @ RulingError::Thread(_)) => Self::new(Exit::Unavailable, error),
            StartError::Feed(_)
            | StartError::Template(_)
            | StartError::Tls(_)
            | StartError::Sources(_)
            | StartError::Dialer(_)
            | StartError::Hook(_) => Self::new(Exit::Config, error),
        }
    }
}

impl From<OfficeError> for Failure {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::Config(error) => error.into(),
            OfficeError::Sorter(SorterError::Desk(error)) => error.into(),
            OfficeError::Sorter(SorterError::Lists(error)) => error.into(),
            OfficeError::Sorter(SorterError::Auth(error)) => error.into(),
            OfficeError::Sorter(SorterError::Feed(_)) | OfficeError::Gone(_) => Self::new(Exit::Config, error),
        }
    }
}

impl From<PlaceError> for Failure {
    fn from(error: PlaceError) -> Self {
        let exit = match error.cause.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists => Exit::CannotCreate,
            _ => of_io(&error.cause, Exit::Unavailable),
        };
        Self::new(exit, error)
    }
}

impl From<BindError> for Failure {
    fn from(error: BindError) -> Self {
        let exit = match &error {
            BindError::Refused { cause, .. } => of_io(cause, Exit::Unavailable),
            BindError::NotLoopback(_) => Exit::Config,
        };
        Self::new(exit, error)
    }
}

/// What the system says, told more closely where it can be.
fn of_io(error: &io::Error, otherwise: Exit) -> Exit {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Exit::NoPermission,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Exit::Io,
        _ => otherwise,
    }
}
