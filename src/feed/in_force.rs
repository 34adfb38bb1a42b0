use std::sync::Arc;

use crate::list::{Head, List, Table};

/// A version of a list that is in force, and where its entries are.
#[derive(Debug, Clone)]
pub(super) struct InForce {
    head: Head,
    held: Held,
}

#[derive(Debug, Clone)]
enum Held {
    Short(Arc<List>),
    Long(Arc<Table>),
}

impl InForce {
    pub(super) fn short(list: List) -> Self {
        Self { head: Head::from(&list), held: Held::Short(Arc::new(list)) }
    }

    /// A table of one list.
    pub(super) fn long(table: Arc<Table>) -> Self {
        let head = table.lists().first().cloned().unwrap_or_default();
        Self { head, held: Held::Long(table) }
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// The list itself, where it is held in memory.
    pub(super) fn list(&self) -> Option<&Arc<List>> {
        match &self.held {
            Held::Short(list) => Some(list),
            Held::Long(_) => None,
        }
    }

    /// The table, where it is on the disk.
    pub(super) fn table(&self) -> Option<&Arc<Table>> {
        match &self.held {
            Held::Short(_) => None,
            Held::Long(table) => Some(table),
        }
    }
}
