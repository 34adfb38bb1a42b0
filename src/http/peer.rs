use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// Counts the connections of each address. Holds no more addresses than there are connections.
#[derive(Debug, Default)]
pub(super) struct Addresses(Mutex<HashMap<IpAddr, usize>>);

/// One connection's place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Addresses {
    /// A place for a connection from `address`, if it holds fewer than `most`.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Place> {
        let address = network(address);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= most {
            if most == 0 {
                counts.remove(&address);
            }
            return None;
        }
        *count += 1;
        Some(Place { addresses: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.address)),
        }
    }
}

/// One subscriber: an IPv4 address, or the /64 that an IPv6 site hands out freely.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_holds_so_many_places_and_gives_them_back() {
        let addresses = Arc::new(Addresses::default());
        let first = addresses.take(ip("192.0.2.1"), 2).unwrap();
        let _second = addresses.take(ip("192.0.2.1"), 2).unwrap();
        assert!(addresses.take(ip("192.0.2.1"), 2).is_none());
        assert!(addresses.take(ip("192.0.2.2"), 2).is_some());
        drop(first);
        assert!(addresses.take(ip("192.0.2.1"), 2).is_some());
    }

    #[test]
    fn nothing_is_remembered_of_those_who_left() {
        let addresses = Arc::new(Addresses::default());
        drop(addresses.take(ip("192.0.2.1"), 2));
        assert!(addresses.take(ip("192.0.2.1"), 0).is_none());
        assert!(addresses.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_site_of_ipv6_is_one_address() {
        let addresses = Arc::new(Addresses::default());
        let _place = addresses.take(ip("2001:db8::1"), 1).unwrap();
        assert!(addresses.take(ip("2001:db8::ffff:2"), 1).is_none());
        assert!(addresses.take(ip("2001:db8:0:1::1"), 1).is_some());
        let _mapped = addresses.take(ip("::ffff:192.0.2.9"), 1).unwrap();
        assert!(addresses.take(ip("192.0.2.9"), 1).is_none());
    }
}
