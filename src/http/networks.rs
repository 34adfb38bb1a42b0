use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

/// Addresses that are trusted with something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks(Arc<[IpNet]>);

impl Networks {
    /// Whether `address` is one of them. An IPv4 address in the clothes of IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Reads one network, or one address. Errors are sentences for an admin.
    pub fn parse(text: &str) -> Result<IpNet, String> {
        let Some((address, bits)) = text.split_once('/') else {
            let address = text.parse::<IpAddr>();
            let address = address.map_err(|_| "this is no IP address and no network such as 10.0.0.0/8".to_owned())?;
            return Ok(IpNet::from(address.to_canonical()));
        };
        let network = text.parse::<IpNet>();
        let network = network.map_err(|_| format!("{address} with {bits} bits is no network such as 10.0.0.0/8"))?;
        if network.addr() != network.network() {
            return Err(format!("the network of that size is {}: write that, or the address alone", network.trunc()));
        }
        Ok(network)
    }
}

impl Default for Networks {
    fn default() -> Self {
        Self(Arc::from([]))
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<T: IntoIterator<Item = IpNet>>(networks: T) -> Self {
        Self(networks.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_hold_what_is_in_them() {
        let networks: Networks = ["127.0.0.1", "10.2.0.0/16", "2001:db8::/32", "::ffff:192.0.2.1"]
            .into_iter()
            .map(|text| Networks::parse(text).unwrap())
            .collect();
        for inside in ["127.0.0.1", "10.2.255.1", "::ffff:10.2.0.9", "2001:db8:9::1", "192.0.2.1"] {
            assert!(networks.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["127.0.0.2", "10.3.0.1", "2001:db9::1", "::1"] {
            assert!(!networks.contains(outside.parse().unwrap()), "{outside}");
        }
        assert!(!Networks::default().contains("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_told_in_a_sentence() {
        assert!(Networks::parse("localhost").unwrap_err().contains("no IP address"));
        assert!(Networks::parse("10.0.0.0/33").unwrap_err().contains("33 bits"));
        assert_eq!(
            Networks::parse("10.1.2.3/8").unwrap_err(),
            "the network of that size is 10.0.0.0/8: write that, or the address alone"
        );
    }
}
