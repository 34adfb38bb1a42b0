//! The index: finds the entries for a URL among tens of millions.
//!
//! One form of bytes for all lists. Short lists are put into it in memory at each edit; a long one is put into it once,
//! on the disk, and read where it lies. The bytes are a table of tags of 16 bits, twenty to a line of 64 bytes, and
//! behind it the records, which are touched only where a tag agrees:
//!
//! ```text
//! header   magic, form, sum of the header, seed, generation, counts, sums of the parts
//! lines    tag × 20, length of its record × 20, place of the block and whether entries spill over into the next line
//! blocks   for each line its records (sum, key, entries with list, line, words, note), and behind them those that are too
//!          long to stand among them
//! about    the lists, the regular expressions, which kinds of keys there are, how many dots names have
//! ```
//!
//! The form is a number in the header; whoever finds another than its own takes the file for none and makes it anew.
//!
//! A key is hashed with SipHash-1-3 under the seed; the upper half of the hash says the line, the lower half is the
//! tag. A prefix stands under its name with the path behind it, and the record of the name says how deep the prefixes on
//! it lie, so that a URL is looked up under those alone. A range of addresses stands under its first bits; the lengths
//! that occur are known. What agrees by tag is compared as text, so no entry is ever found by accident.

mod build;
mod bytes;
mod error;
mod front;
mod key;
mod line;
mod piece;
mod place;
mod record;
mod seed;
mod sort;
mod table;
mod tables;
#[cfg(test)]
mod tests;

pub use build::{Builder, Imprint, MAX_REPEATS};
pub use error::{BuildError, Refused};
pub use place::Target;
pub use seed::Seed;
pub use sort::{Scratch, Unsorted};
pub use table::{Bytes, Table};
pub use tables::Tables;

use super::Hit;
use crate::{
    base::{TenantId, Timestamp},
    url::Canonical,
};

/// Finds the entries for a URL. Every lookup is on an immutable index; names, paths, URLs and addresses are found
/// without a lock and without allocating (a regular expression fills its caches when it is first tried).
pub trait Index: Send + Sync {
    /// Every entry in force at `now` that matches the URL with this key, in no particular order; of entries that say the
    /// same, [`MAX_REPEATS`] of each list.
    fn lookup<'a>(&'a self, key: &Canonical, now: Timestamp, visit: &mut dyn FnMut(Hit<'a>));

    /// Every entry in force at `now` for the file with this SHA-256.
    fn lookup_file<'a>(&'a self, sha256: &[u8; 32], now: Timestamp, visit: &mut dyn FnMut(Hit<'a>));

    /// Entries, in force or not.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An index as one tenant sees it under one policy: entries of lists for other tenants and policies are not there.
pub struct ForTenant<'i> {
    /// What is looked into.
    pub index: &'i dyn Index,
    /// Whose click it is.
    pub tenant: TenantId,
    /// The name of the policy that applies.
    pub policy: &'i str,
}

impl Index for ForTenant<'_> {
    fn lookup<'a>(&'a self, key: &Canonical, now: Timestamp, visit: &mut dyn FnMut(Hit<'a>)) {
        self.index.lookup(key, now, &mut |hit| {
            if hit.list.applies_to(self.tenant, self.policy) {
                visit(hit);
            }
        });
    }

    fn lookup_file<'a>(&'a self, sha256: &[u8; 32], now: Timestamp, visit: &mut dyn FnMut(Hit<'a>)) {
        self.index.lookup_file(sha256, now, &mut |hit| {
            if hit.list.applies_to(self.tenant, self.policy) {
                visit(hit);
            }
        });
    }

    fn len(&self) -> usize {
        self.index.len()
    }
}
