use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv6Net};

use super::Rehearsal;

/// The special-purpose registries (RFC 6890), as IANA publishes them.
const IPV4: &str = include_str!("../../data/iana-ipv4-special-registry.csv");
const IPV6: &str = include_str!("../../data/iana-ipv6-special-registry.csv");

/// The part of IPv6 that hosts on the internet have their addresses from (RFC 4291 section 2.4 and the registry of
/// global unicast allocations). All else is refused, so a block that is given a meaning later is too.
const GLOBAL_UNICAST: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Says which addresses are dialled for strangers: those on the internet that are nobody's special case, and not our own.
///
/// Whatever stands in a registry of special purposes is refused, reachable or not: no page that anybody clicks lives in a
/// relay's or a translator's block, and those that carry an IPv4 address inside reach whatever that is (attack row 138).
#[derive(Debug, Clone)]
pub struct Filter {
    special: Vec<(IpNet, String)>,
    own: Vec<SocketAddr>,
    never: Vec<IpNet>,
    rehearsal: Rehearsal,
}

/// An address that is not dialled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address} is not on the internet: {why}")]
pub struct Forbidden {
    /// The address.
    pub address: IpAddr,
    /// What it is, in words.
    pub why: String,
}

impl Filter {
    /// A filter that also refuses the sockets on which this program listens and `never`, networks of the operator.
    pub fn new(own: Vec<SocketAddr>, never: Vec<IpNet>) -> Self {
        let special = [IPV4, IPV6].into_iter().flat_map(registry).collect();
        Self { special, own, never, rehearsal: Rehearsal::default() }
    }

    /// The same for a rehearsal on this machine alone. No configuration leads here.
    #[must_use]
    pub fn rehearsing(self, rehearsal: Rehearsal) -> Self {
        Self { rehearsal, ..self }
    }

    pub(super) fn rehearsal(&self) -> &Rehearsal {
        &self.rehearsal
    }

    /// Whether this socket may be dialled. Errors: what speaks against it.
    pub fn check(&self, at: SocketAddr) -> Result<(), Forbidden> {
        let address = at.ip();
        let refuse = |why: &str| Err(Forbidden { address, why: why.to_owned() });
        if self.own.contains(&at) {
            return refuse("this program listens there");
        }
        if self.rehearsal.plays(at) {
            return Ok(());
        }
        if self.never.iter().any(|network| network.contains(&address.to_canonical())) {
            return refuse("a network that the configuration names");
        }
        if let Some((network, name)) = self.special.iter().find(|(network, _)| network.contains(&address)) {
            return refuse(&format!("{network}, {name}{}", inside(address)));
        }
        match address {
            IpAddr::V4(address) if address.is_multicast() => refuse("224.0.0.0/4, multicast"),
            IpAddr::V4(_) => Ok(()),
            IpAddr::V6(address) => self.check_v6(address, at.port()),
        }
    }

    fn check_v6(&self, address: Ipv6Addr, port: u16) -> Result<(), Forbidden> {
        let (first, bits) = GLOBAL_UNICAST;
        let refuse = |why: String| Err(Forbidden { address: address.into(), why });
        if !Ipv6Net::new(first, bits).is_ok_and(|network| network.contains(&address)) {
            return refuse(format!("outside of {first}/{bits}, global unicast{}", inside(address.into())));
        }
        // ISATAP (RFC 5214 section 6.1): any prefix, and an interface identifier that holds an IPv4 address.
        let [.., flag, mark, high, low] = address.segments();
        if flag & !0x0200 == 0 && mark == 0x5efe {
            let inner = Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
            if let Err(forbidden) = self.check(SocketAddr::new(inner.into(), port)) {
                return refuse(format!("ISATAP for {forbidden}"));
            }
        }
        Ok(())
    }
}

/// The blocks of a registry, with the name of each.
fn registry(text: &'static str) -> Vec<(IpNet, String)> {
    let mut blocks = Vec::new();
    for row in csv::Reader::from_reader(text.as_bytes()).into_records().map_while(Result::ok) {
        let name = row.get(1).unwrap_or_default().replace('"', "");
        for block in row.get(0).unwrap_or_default().split(',') {
            // A mark of a footnote may stand behind it.
            let block = block.split_whitespace().next().and_then(|block| block.parse::<IpNet>().ok());
            blocks.extend(block.map(|block| (block, name.clone())));
        }
    }
    blocks
}

/// The IPv4 address that an IPv6 address carries, in words: mapped and compatible (RFC 4291 section 2.5.5), 6to4 (RFC
/// 3056), Teredo (RFC 4380, the client's, inverted), NAT64 (RFC 6052 and 8215).
fn inside(address: IpAddr) -> String {
    let IpAddr::V6(v6) = address else { return String::new() };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    let inner = match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0 | 0xffff] if (g, h) > (0, 1) => of(g, h),
        [0x2002, high, low, ..] => of(high, low),
        [0x2001, 0, ..] => of(!g, !h),
        [0x64, 0xff9b, ..] => of(g, h),
        _ => return String::new(),
    };
    format!(", which leads to {inner}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter() -> Filter {
        Filter::new(Vec::new(), Vec::new())
    }

    fn refused(address: IpAddr) -> bool {
        filter().check((address, 443).into()).is_err()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn beside(network: &IpNet) -> [Option<IpAddr>; 2] {
        let step = |address: IpAddr, by: i8| match address {
            IpAddr::V4(v4) => v4.to_bits().checked_add_signed(by.into()).map(|bits| Ipv4Addr::from(bits).into()),
            IpAddr::V6(v6) => v6.to_bits().checked_add_signed(by.into()).map(|bits| Ipv6Addr::from(bits).into()),
        };
        [step(network.network(), -1), step(network.broadcast(), 1)]
    }

    /// Attack row 137: every block at both edges, and one beyond each edge where no other block begins.
    #[test]
    fn row_137_every_special_block_is_refused_to_its_edges_and_no_further() {
        let blocks: Vec<IpNet> = [IPV4, IPV6].into_iter().flat_map(registry).map(|(block, _)| block).collect();
        assert_eq!(blocks.len(), 25 + 25, "a registry was not read whole");
        let multicast: IpNet = "224.0.0.0/4".parse().unwrap();
        let outside = |address: IpAddr| {
            address.is_ipv6() && !"2000::/3".parse::<IpNet>().unwrap().contains(&address)
                || multicast.contains(&address)
        };
        let mut beyond = 0;
        for block in blocks.iter().chain([&multicast]) {
            for edge in [block.network(), block.broadcast()] {
                assert!(refused(edge), "{edge} of {block}");
            }
            for next in beside(block).into_iter().flatten() {
                if outside(next) || blocks.iter().any(|other| other.contains(&next)) {
                    assert!(refused(next), "{next}");
                } else {
                    beyond += 1;
                    assert!(!refused(next), "{next} beside {block}");
                }
            }
        }
        assert!(beyond > 30, "{beyond}");
        for edge in ["1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "fec0::1", "ff02::1", "::7f00:1"] {
            assert!(refused(ip(edge)), "{edge}");
        }
        for edge in ["2000::", "3fff:1000::", "2a00:1450:4001::1", "1.1.1.1", "9.255.255.255", "223.255.255.255"] {
            assert!(!refused(ip(edge)), "{edge}");
        }
    }

    /// Attack row 138.
    #[test]
    fn row_138_an_ipv4_address_inside_an_ipv6_address_is_refused_and_named() {
        for (text, named) in [
            ("::ffff:169.254.169.254", "169.254.169.254"),
            ("::ffff:8.8.8.8", "8.8.8.8"),
            ("::10.0.0.1", "10.0.0.1"),
            ("2002:7f00:1::", "127.0.0.1"),
            ("2001:0:1:2:3:4:80ff:fffe", "127.0.0.1"),
            ("64:ff9b::a9fe:a9fe", "169.254.169.254"),
            ("64:ff9b:1::a00:1", "10.0.0.1"),
            ("2a00:1450::5efe:a00:1", "10.0.0.1"),
            ("2a00:1450::200:5efe:7f00:1", "127.0.0.1"),
        ] {
            let forbidden = filter().check((ip(text), 80).into()).unwrap_err();
            assert!(forbidden.why.contains(named), "{text}: {forbidden}");
        }
        assert!(!refused(ip("2a00:1450::5efe:808:808")), "leads to a public address");
    }

    #[test]
    fn our_own_sockets_and_the_operators_networks_are_refused() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let filter = Filter::new(vec![at("192.31.195.1:443")], vec!["11.0.0.0/8".parse().unwrap()]);
        for own in ["192.31.195.1:443", "11.1.1.1:80", "[::ffff:11.1.1.1]:80"] {
            assert!(filter.check(at(own)).is_err(), "{own}");
        }
        assert_eq!(filter.check(at("192.31.195.1:80")), Ok(()), "another's port");
    }

    #[test]
    fn a_rehearsal_lets_its_own_sockets_through_and_nothing_else() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let rehearsal = Rehearsal::on(&[at("127.0.0.1:8482"), at("127.0.0.1:8480")]).unwrap();
        let filter = Filter::new(vec![at("127.0.0.1:8480")], Vec::new()).rehearsing(rehearsal);
        assert_eq!(filter.check(at("127.0.0.1:8482")), Ok(()));
        for other in ["127.0.0.1:8481", "127.0.0.1:8480", "127.0.0.2:8482", "10.0.0.1:8482", "[::1]:8482"] {
            assert!(filter.check(at(other)).is_err(), "{other}");
        }
    }
}
