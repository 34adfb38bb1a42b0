use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::base::{TenantId, Timestamp};

const MINUTE: i64 = 60_000;

/// Caps on the questions that are under way: all together, and visits of each tenant (attack row 146), so that whoever
/// floods one tenant takes nothing from another.
#[derive(Debug)]
pub(super) struct Seats {
    most: usize,
    tenant_most: usize,
    tenant_minute: u32,
    taken: Mutex<Taken>,
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// At most one for each of the 65,535 tenants that there can be.
    tenants: HashMap<TenantId, Visits>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Visits {
    under_way: usize,
    minute: i64,
    in_minute: u32,
}

/// One question under way; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    visit_of: Option<TenantId>,
}

impl Seats {
    pub(super) fn new(most: usize, tenant_most: usize, tenant_minute: u32) -> Arc<Self> {
        Arc::new(Self { most, tenant_most, tenant_minute, taken: Mutex::default(), refused: AtomicU64::new(0) })
    }

    /// A seat, if one is free; for a visit, one of its tenant's. Error: why there is none.
    pub(super) fn take(self: &Arc<Self>, visit_of: Option<TenantId>, now: Timestamp) -> Result<Seat, &'static str> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let why = if taken.all >= self.most {
            Some("too many questions are under way")
        } else {
            visit_of.and_then(|tenant| self.visit(taken.tenants.entry(tenant).or_default(), now))
        };
        if let Some(why) = why {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(why);
        }
        taken.all += 1;
        drop(taken);
        Ok(Seat { seats: Arc::clone(self), visit_of })
    }

    fn visit(&self, visits: &mut Visits, now: Timestamp) -> Option<&'static str> {
        let minute = now.millis().div_euclid(MINUTE);
        if visits.minute != minute {
            (visits.minute, visits.in_minute) = (minute, 0);
        }
        if visits.under_way >= self.tenant_most {
            return Some("too many visits are under way for this tenant");
        }
        if visits.in_minute >= self.tenant_minute {
            return Some("too many visits were made for this tenant within a minute");
        }
        visits.under_way += 1;
        visits.in_minute += 1;
        None
    }

    /// Questions that were not asked.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        if let Some(visits) = self.visit_of.and_then(|tenant| taken.tenants.get_mut(&tenant)) {
            visits.under_way = visits.under_way.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_146_a_tenant_takes_no_more_than_its_own_seats() {
        let (one, other) = (Some(TenantId(1)), Some(TenantId(2)));
        let at = Timestamp::from_secs;
        let seats = Seats::new(4, 2, 3);
        let (first, _second) = (seats.take(one, at(0)).unwrap(), seats.take(one, at(0)).unwrap());
        assert!(seats.take(one, at(0)).is_err());
        let _third = seats.take(other, at(0)).unwrap();
        drop(first);
        let _fourth = seats.take(one, at(0)).unwrap();
        let _fifth = seats.take(None, at(0)).unwrap();
        assert_eq!(seats.take(None, at(0)).err(), Some("too many questions are under way"));
        drop(_fourth);
        assert!(seats.take(one, at(59)).err().is_some_and(|why| why.contains("within a minute")));
        assert!(seats.take(one, at(60)).is_ok());
        assert_eq!(seats.refused(), 3);
    }
}
