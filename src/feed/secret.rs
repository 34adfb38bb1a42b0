use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
};

use crate::list::{BuildError, List, Seed, Tables};

/// A seed that nobody knows. Where the system has no randomness the standard library's own is used: lists must not
/// stand still for the want of it.
pub(super) fn fresh_seed() -> Seed {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        for half in bytes.chunks_mut(8) {
            half.copy_from_slice(&RandomState::new().build_hasher().finish().to_ne_bytes()[..half.len()]);
        }
    }
    Seed(bytes)
}

/// An index in memory over lists, under a seed that nobody knows.
///
/// # Errors
/// [`BuildError::TooLarge`], where they are more than an index can hold.
pub fn index_of(lists: &[Arc<List>]) -> Result<Tables, BuildError> {
    lucky(|seed| Tables::of_lists(lists, seed))
}

/// Makes something under a fresh seed, and again where that one did not do.
pub(super) fn lucky<T>(make: impl Fn(Seed) -> Result<T, BuildError>) -> Result<T, BuildError> {
    match make(fresh_seed()) {
        Err(BuildError::Unlucky) => make(fresh_seed()),
        made => made,
    }
}
