//! Hosts files: an address, then the names that are to lead there.

use std::net::IpAddr;

use super::{Cause, lines::Line, sink::Sink};

/// What such files begin with, to keep a machine running.
const HOUSEHOLD: [&str; 12] = [
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost6",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
];

pub(super) fn line(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    let Some(text) = line.without_comment(&['#']) else { return sink.pass() };
    let mut words = text.split_ascii_whitespace();
    let address = words.next().unwrap_or_default();
    let Some(leads) = leads_nowhere(address) else {
        return sink.refuse(line.place(address), text, Cause::NoHost);
    };
    let mut named = false;
    for name in words {
        let place = line.place(name);
        named = true;
        match name {
            _ if HOUSEHOLD.contains(&name) || name == address || name == "ip6-allhosts" => sink.pass(),
            _ if !leads => sink.refuse(place, text, Cause::Elsewhere(address.to_owned())),
            _ => sink.name(place, name, None),
        }
    }
    if !named {
        sink.refuse(line.place(address), text, Cause::NoHost);
    }
}

/// Whether what leads to this address leads nowhere. `None` where it is no address.
pub(super) fn leads_nowhere(address: &str) -> Option<bool> {
    // Zones (`fe80::1%lo0`) are of this machine.
    let address: IpAddr = address.split('%').next().unwrap_or_default().parse().ok()?;
    Some(address.is_unspecified() || address.is_loopback() || is_household(address))
}

fn is_household(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast() || address.is_unicast_link_local(),
    }
}
