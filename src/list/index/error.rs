use std::io;

use super::front::FORM;

/// Why bytes are not taken for an index. They are made anew from the list, or an older index stays in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// They end too early, or go on behind their end.
    #[error("it is not as long as it says; its writing was cut off, or something was added to it")]
    Short,
    /// They are something else.
    #[error("it is no index of lists")]
    Other,
    /// Another build wrote them.
    #[error("it has form {0} and this build reads form {FORM}")]
    Form(u32),
    /// A sum does not agree.
    #[error("its {0} is damaged")]
    Damaged(&'static str),
}

/// Why an index cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// What it is written to, or what does not fit in memory, fails.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// More than an index can hold.
    #[error("the entries take more than an index can hold (32 GiB of names, or four thousand million lines)")]
    TooLarge,
    /// Too many keys fell on the last lines, which happens by chance less than once in 10^70.
    #[error("the entries do not fit under this seed; make the index again under another")]
    Unlucky,
}
