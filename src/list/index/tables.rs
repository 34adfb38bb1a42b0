use std::sync::Arc;

use super::{BuildError, Index, Seed, Table};
use crate::{
    base::Timestamp,
    list::{Head, Hit, List},
    url::Canonical,
};

/// Several tables as one index: the long lists each in its own, the short ones together.
#[derive(Debug, Clone, Default)]
pub struct Tables(Vec<Arc<Table>>);

impl Tables {
    /// These tables.
    pub fn new(tables: Vec<Arc<Table>>) -> Self {
        Self(tables)
    }

    /// These lists in one table in memory.
    ///
    /// # Errors
    /// [`BuildError`], where they are more than it can hold.
    pub fn of_lists(lists: &[Arc<List>], seed: Seed) -> Result<Self, BuildError> {
        let lists: Vec<&List> = lists.iter().map(|list| &**list).collect();
        Ok(Self(vec![Arc::new(Table::of_lists(&lists, seed, 0)?)]))
    }

    /// The tables.
    pub fn tables(&self) -> &[Arc<Table>] {
        &self.0
    }

    /// The lists of all of them.
    pub fn lists(&self) -> impl Iterator<Item = &Head> {
        self.0.iter().flat_map(|table| table.lists())
    }
}

impl Index for Tables {
    fn lookup<'a>(&'a self, key: &Canonical, now: Timestamp, visit: &mut dyn FnMut(Hit<'a>)) {
        self.0.iter().for_each(|table| table.lookup(key, now, visit));
    }

    fn lookup_file<'a>(&'a self, sha256: &[u8; 32], now: Timestamp, visit: &mut dyn FnMut(Hit<'a>)) {
        self.0.iter().for_each(|table| table.lookup_file(sha256, now, visit));
    }

    fn len(&self) -> usize {
        self.0.iter().map(|table| table.len()).sum()
    }
}
