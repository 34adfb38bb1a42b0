use std::net::IpAddr;

use ipnet::IpNet;

use super::{mail::Mail, received::path};

/// Who brought a message, as far as that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Client<'a> {
    /// The address that it came from.
    pub address: Option<IpAddr>,
    /// How it called itself; empty where that is not known.
    pub helo: &'a str,
    /// The sender of the envelope, without angle brackets; empty for a bounce.
    pub sender: &'a str,
    /// Our own mail system has taken the message already, and its field Received is the topmost one. Otherwise that was
    /// written by who brought it, and may be a lie.
    pub taken: bool,
}

/// Where a message came in to us; what the envelope does not tell, the field Received of our own mail system does. Hosts in
/// `relays` are ours too: it came from where they say.
pub(super) fn entry(mail: &Mail<'_>, client: &Client<'_>, relays: &[IpNet]) -> (Option<IpAddr>, String) {
    let ours = |address: IpAddr| relays.iter().any(|network| network.contains(&address.to_canonical()));
    let (mut address, mut helo) = (client.address, client.helo.to_owned());
    for hop in path(mail.raw) {
        match address {
            Some(known) if !ours(known) => break,
            None if !client.taken => break,
            // A host of ours that does not say where it has it from is where it began.
            _ if hop.address.is_none() => break,
            _ => (address, helo) = (hop.address, hop.from.unwrap_or_default()),
        }
    }
    (address.map(|address| address.to_canonical()), helo)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &[u8] = b"Received: from inner.corp.example (inner.corp.example [10.0.0.2])\r\n\tby mx (Postfix)\r\n\
        Received: from [6.6.6.6] (out.sender.example [192.0.2.1])\r\n\tby inner.corp.example\r\n\
        Received: from x ([203.0.113.1])\r\n\tby out.sender.example\r\n\r\n";

    #[test]
    fn hosts_of_ours_are_looked_through_and_no_others() {
        let relays: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let of = |address: Option<&str>, relays: &[IpNet]| {
            let address = address.map(|text| text.parse().unwrap());
            let client = Client { address, helo: "said", sender: "", taken: true };
            let (address, helo) = entry(&Mail::of(RAW), &client, relays);
            (address.map(|address| address.to_string()).unwrap_or_default(), helo)
        };
        let is = |address: &str, helo: &str| (address.to_owned(), helo.to_owned());
        assert_eq!(of(Some("198.51.100.1"), &relays), is("198.51.100.1", "said"));
        assert_eq!(of(Some("::ffff:198.51.100.1"), &relays), is("198.51.100.1", "said"));
        assert_eq!(of(None, &[]), is("10.0.0.2", "inner.corp.example"));
        assert_eq!(of(None, &relays), is("192.0.2.1", "[6.6.6.6]"));
        assert_eq!(of(Some("10.9.9.9"), &relays), is("192.0.2.1", "[6.6.6.6]"));
        let unknown = Client { taken: true, ..Client::default() };
        assert_eq!(entry(&Mail::of(b"A: b\r\n\r\n"), &unknown, &relays).0, None);
        // Before our mail system has written a line of its own, the topmost one is a stranger's.
        assert_eq!(entry(&Mail::of(RAW), &Client::default(), &relays).0, None);
    }
}
