use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::base::Timestamp;

/// Destinations that are counted at one time; where there are more, those on top are not visited.
const COUNTED: usize = 16 << 10;
const MINUTE: i64 = 60_000;

/// How much is asked of others (attack row 146): of all together, and of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Fetches at one time.
    pub at_once: usize,
    /// Fetches at one time from one domain, and from one address.
    pub at_once_each: usize,
    /// Fetches in a minute from one domain.
    pub a_minute_domain: u32,
    /// Fetches in a minute from one address, where many domains may live.
    pub a_minute_address: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self { at_once: 256, at_once_each: 8, a_minute_domain: 60, a_minute_address: 600 }
    }
}

/// Why a fetch has to wait for another day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// Too many at one time.
    #[error("too much is being fetched already")]
    All,
    /// Too many from this destination at one time.
    #[error("too much is being fetched from there already")]
    Destination,
    /// Too many from this destination in this minute.
    #[error("too much was fetched from there within a minute")]
    Minute,
}

/// Who is visited.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Visited {
    Domain(String),
    Address(IpAddr),
}

impl Visited {
    /// An IPv4 address, or the /64 that one site of IPv6 has.
    pub(super) fn address(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        })
    }
}

/// Counts what is under way and what was.
pub(super) struct Budget {
    quota: Quota,
    under_way: Arc<AtomicUsize>,
    each: Arc<Mutex<HashMap<Visited, Spent>>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Spent {
    under_way: usize,
    minute: i64,
    in_minute: u32,
}

/// One fetch that is under way; given back when it is dropped.
pub(super) struct Leave {
    under_way: Arc<AtomicUsize>,
}

/// The same at one destination.
pub(super) struct Visit {
    each: Arc<Mutex<HashMap<Visited, Spent>>>,
    whom: Visited,
}

impl Budget {
    pub(super) fn new(quota: Quota) -> Self {
        Self { quota, under_way: Arc::default(), each: Arc::default() }
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Leave to fetch, if not too many have it.
    pub(super) fn leave(&self) -> Result<Leave, Busy> {
        let more = |taken| (taken < self.quota.at_once).then_some(taken + 1);
        match self.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(Leave { under_way: Arc::clone(&self.under_way) }),
            Err(_) => Err(Busy::All),
        }
    }

    /// Leave to visit `whom`.
    pub(super) fn visit(&self, whom: Visited, now: Timestamp) -> Result<Visit, Busy> {
        let minute = now.millis().div_euclid(MINUTE);
        let most = match whom {
            Visited::Domain(_) => self.quota.a_minute_domain,
            Visited::Address(_) => self.quota.a_minute_address,
        };
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        if each.len() >= COUNTED && !each.contains_key(&whom) {
            each.retain(|_, spent| spent.under_way > 0 || spent.minute == minute);
            if each.len() >= COUNTED {
                return Err(Busy::All);
            }
        }
        let spent = each.entry(whom.clone()).or_default();
        if spent.minute != minute {
            (spent.minute, spent.in_minute) = (minute, 0);
        }
        if spent.under_way >= self.quota.at_once_each {
            return Err(Busy::Destination);
        }
        if spent.in_minute >= most {
            return Err(Busy::Minute);
        }
        spent.under_way += 1;
        spent.in_minute += 1;
        drop(each);
        Ok(Visit { each: Arc::clone(&self.each), whom })
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spent) = each.get_mut(&self.whom) {
            spent.under_way = spent.under_way.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota() -> Quota {
        Quota { at_once: 2, at_once_each: 2, a_minute_domain: 3, a_minute_address: 100 }
    }

    fn domain(name: &str) -> Visited {
        Visited::Domain(name.into())
    }

    #[test]
    fn row_146_so_many_at_once_in_all_and_so_many_of_each() {
        let budget = Budget::new(quota());
        let (first, _second) = (budget.leave().unwrap(), budget.leave().unwrap());
        assert_eq!(budget.leave().err(), Some(Busy::All));
        drop(first);
        assert!(budget.leave().is_ok());
        let now = Timestamp::from_secs(60);
        let (one, _two) = (budget.visit(domain("a"), now).unwrap(), budget.visit(domain("a"), now).unwrap());
        assert_eq!(budget.visit(domain("a"), now).err(), Some(Busy::Destination));
        assert!(budget.visit(domain("b"), now).is_ok());
        drop(one);
        assert!(budget.visit(domain("a"), now).is_ok());
    }

    #[test]
    fn so_many_in_a_minute() {
        let budget = Budget::new(quota());
        let at = |secs| Timestamp::from_secs(secs);
        for _ in 0..3 {
            drop(budget.visit(domain("a"), at(60)).unwrap());
        }
        assert_eq!(budget.visit(domain("a"), at(119)).err(), Some(Busy::Minute));
        assert!(budget.visit(domain("a"), at(120)).is_ok());
    }

    #[test]
    fn what_is_counted_has_a_cap_and_old_counts_go() {
        let budget = Budget::new(quota());
        for number in 0..COUNTED {
            drop(budget.visit(domain(&number.to_string()), Timestamp::from_secs(0)).unwrap());
        }
        assert_eq!(budget.visit(domain("one more"), Timestamp::from_secs(59)).err(), Some(Busy::All));
        assert!(budget.visit(domain("one more"), Timestamp::from_secs(60)).is_ok());
        assert_eq!(budget.each.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_site_of_ipv6_is_one_destination() {
        let of = |text: &str| Visited::address(text.parse().unwrap());
        assert_eq!(of("2a00::1"), of("2a00::ffff"));
        assert_ne!(of("2a00::1"), of("2a00:0:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
