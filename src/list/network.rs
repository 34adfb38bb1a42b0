use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// A literal address, or a range of them (CIDR). An IPv4 address inside an IPv6 one (mapped, `::ffff:203.0.113.7`, or
/// behind the NAT64 prefix `64:ff9b::/96`) is the IPv4 address, as it is in a canonical URL: it reaches the same
/// machine, so one spelling must not slip past an entry for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    first: IpAddr,
    length: u8,
}

impl Network {
    /// One address.
    pub fn address(address: IpAddr) -> Self {
        let first = plain(address);
        Self { first, length: width(first) }
    }

    /// The range `first/length`. `None` where the length is more than the address has bits, or where `first` has bits
    /// beyond it.
    pub fn range(first: IpAddr, length: u8) -> Option<Self> {
        let whole = (length <= width(first)).then_some(Self { first, length })?;
        match plain(first) {
            inner if inner != first && length >= 96 => Self::range(inner, length - 96),
            _ => (whole.masked(first) == number(first)).then_some(whole),
        }
    }

    /// The range of this length that `address` lies in: what a range with bits set beyond its length meant.
    pub fn around(address: IpAddr, length: u8) -> Option<Self> {
        let whole = (length <= width(address)).then_some(Self { first: address, length })?;
        let first = match address {
            IpAddr::V4(_) => IpAddr::V4((whole.masked(address) as u32).into()),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(whole.masked(address))),
        };
        Self::range(first, length)
    }

    /// Whether it holds `address`.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = plain(address);
        address.is_ipv4() == self.first.is_ipv4() && self.masked(address) == number(self.first)
    }

    /// Whether it shares an address with `other`.
    pub fn meets(&self, other: &Self) -> bool {
        self.contains(other.first) || other.contains(self.first)
    }

    /// The lowest address.
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// Leading bits that are fixed: 0 to 32, or to 128.
    pub const fn length(&self) -> u8 {
        self.length
    }

    /// Whether it is one address.
    pub fn is_address(&self) -> bool {
        self.length == width(self.first)
    }

    fn masked(&self, address: IpAddr) -> u128 {
        let free = u32::from(width(address).saturating_sub(self.length));
        let kept = u128::MAX.checked_shl(free).unwrap_or(0);
        number(address) & kept
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first {
            IpAddr::V4(address) => write!(f, "{address}")?,
            IpAddr::V6(address) => write!(f, "[{address}]")?,
        }
        if self.is_address() { Ok(()) } else { write!(f, "/{}", self.length) }
    }
}

/// The IPv4 address that an IPv6 one leads to (RFC 4291 section 2.5.5.2, RFC 6052 section 2.1), or the address itself.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if matches!(v6.segments(), [0x64, 0xff9b, 0, 0, 0, 0, ..]) => {
            IpAddr::V4((u128::from(v6) as u32).into())
        }
        other => other.to_canonical(),
    }
}

const fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address as a number, so that ranges of either family are compared alike.
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, length: u8) -> Option<Network> {
        Network::range(first.parse().unwrap(), length)
    }

    fn holds(first: &str, length: u8, address: &str) -> bool {
        range(first, length).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_range_ends_at_its_last_address() {
        assert!(holds("203.0.113.0", 24, "203.0.113.255") && !holds("203.0.113.0", 24, "203.0.114.0"));
        assert!(holds("2001:db8::", 32, "2001:db8:ffff::1") && !holds("2001:db8::", 32, "2001:db9::"));
        assert!(holds("0.0.0.0", 0, "255.255.255.255") && !holds("0.0.0.0", 0, "::"));
        assert!(!holds("::", 0, "192.0.2.1"), "the families do not mix");
    }

    #[test]
    fn bits_beyond_the_length_are_not_a_range() {
        assert_eq!(range("203.0.113.7", 24), None);
        assert_eq!(range("203.0.113.0", 33), None);
        assert_eq!(range("2001:db8::1", 32), None);
        assert_eq!(Network::around("203.0.113.7".parse().unwrap(), 24), range("203.0.113.0", 24));
        assert_eq!(Network::around("2001:db8::1".parse().unwrap(), 32), range("2001:db8::", 32));
    }

    #[test]
    fn ipv4_in_ipv6_is_ipv4() {
        assert!(holds("203.0.113.0", 24, "::ffff:203.0.113.9"));
        assert!(holds("::ffff:203.0.113.0", 120, "203.0.113.9"));
        assert!(holds("64:ff9b::", 96, "203.0.113.9") && holds("203.0.113.0", 24, "64:ff9b::203.0.113.9"));
        assert_eq!(Network::address("::ffff:192.0.2.1".parse().unwrap()).to_string(), "192.0.2.1");
    }
}
