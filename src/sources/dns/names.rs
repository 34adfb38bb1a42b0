use std::net::IpAddr;

use crate::url::{Suffixes, WebUrl};

/// What a list wants to be asked about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// The domain that somebody registered.
    Domain,
    /// The host and the domains above it, down to the one that somebody registered.
    Hosts,
}

/// Names of one question at most: the host, the three domains above the registered one, and that.
const MOST: usize = 5;

/// What a list is asked about `url`, narrowest first, without its zone. Empty where it could know nothing of it, or
/// where asking would tell a stranger of what is inside: single words, names under no public suffix of the ICANN (such
/// as `.local` or `.internal`), and addresses of no public network.
pub fn names(url: &WebUrl, asks: Asks, takes_addresses: bool, suffixes: &Suffixes) -> Vec<String> {
    if !is_outside(url, suffixes) {
        return Vec::new();
    }
    let canonical = url.canonical();
    if let Some(address) = canonical.address() {
        return if takes_addresses { vec![backwards(address)] } else { Vec::new() };
    }
    let host = canonical.host();
    let Some(domain) = suffixes.registrable_domain(host) else { return Vec::new() };
    match asks {
        Asks::Domain => vec![domain.to_owned()],
        Asks::Hosts => {
            let mut walk: Vec<String> =
                canonical.domains().take_while(|name| name.len() >= domain.len()).map(str::to_owned).collect();
            // The host itself and the widest of those above it.
            if walk.len() > MOST {
                walk.drain(1..=walk.len() - MOST);
            }
            walk
        }
    }
}

/// Whether a stranger may be asked about the host of `url`: it lies under a suffix where names are registered, or is an
/// address that is reached from outside.
pub fn is_outside(url: &WebUrl, suffixes: &Suffixes) -> bool {
    let canonical = url.canonical();
    match canonical.address() {
        Some(address) => is_public(address),
        // What lies under `arpa` is no website: `home.arpa` is for what is at home (RFC 8375), the rest is machinery.
        None => {
            let host = canonical.host();
            !host.contains(['[', ':']) && suffixes.is_known(host) && host.rsplit('.').next() != Some("arpa")
        }
    }
}

/// As lists of addresses are asked (RFC 5782 sections 2.1 and 2.4).
fn backwards(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}")
        }
        IpAddr::V6(address) => {
            let nibbles = address.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}")).collect::<Vec<_>>().join(".")
        }
    }
}

/// Whether an address can be reached from outside, and so be on a list.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            let inside = address.is_private() || address.is_loopback() || address.is_link_local() || shared;
            !(inside || first == 0 || first >= 224)
        }
        IpAddr::V6(address) => {
            let [first, ..] = address.segments();
            // Global unicast (RFC 4291 section 2.4).
            first & 0xe000 == 0x2000
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::url::parse;

    /// Parsing it takes a while.
    static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);

    fn asked(text: &str, asks: Asks) -> Vec<String> {
        names(&parse(text).unwrap(), asks, true, &SUFFIXES)
    }

    #[test]
    fn the_registered_domain_goes_by_public_suffixes() {
        for (url, domain) in [
            ("http://www.shop.example.com/a", "example.com"),
            ("http://www.example.co.uk/", "example.co.uk"),
            ("http://a.b.example.ne.jp:8080/", "example.ne.jp"),
            ("http://EXAMPLE.com./", "example.com"),
            ("http://alice.github.io/", "alice.github.io"),
            ("http://例え.jp/", "xn--r8jz45g.jp"),
        ] {
            assert_eq!(asked(url, Asks::Domain), [domain], "{url}");
        }
    }

    #[test]
    fn a_host_is_walked_up_to_it_and_no_further() {
        assert_eq!(
            asked("http://a.b.example.co.uk/", Asks::Hosts),
            ["a.b.example.co.uk", "b.example.co.uk", "example.co.uk"]
        );
        let deep = asked("http://1.2.3.4.5.6.7.example.com/", Asks::Hosts);
        let wanted =
            ["1.2.3.4.5.6.7.example.com", "5.6.7.example.com", "6.7.example.com", "7.example.com", "example.com"];
        assert_eq!(deep, wanted);
    }

    #[test]
    fn addresses_are_written_backwards_where_they_are_taken() {
        assert_eq!(asked("http://192.0.2.10/", Asks::Domain), ["10.2.0.192"]);
        assert_eq!(asked("http://[::ffff:192.0.2.10]/", Asks::Domain), ["10.2.0.192"]);
        let six = asked("http://[2001:db8::1f]/", Asks::Domain);
        assert_eq!(six, [format!("f.1.{}8.b.d.0.1.0.0.2", "0.".repeat(22))]);
        let url = parse("http://192.0.2.10/").unwrap();
        assert_eq!(names(&url, Asks::Hosts, false, &SUFFIXES), [""; 0]);
    }

    #[test]
    fn what_is_inside_is_never_asked_about() {
        for url in [
            "http://intranet/",
            "http://wiki.corp/",
            "http://printer.local/",
            "http://db.internal/",
            "http://router.home.arpa/",
            "http://app.localhost/",
            "http://com/",
            "http://co.uk/",
            "http://10.1.2.3/",
            "http://127.0.0.1/",
            "http://169.254.169.254/",
            "http://100.64.0.1/",
            "http://192.168.0.1/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            for asks in [Asks::Domain, Asks::Hosts] {
                assert_eq!(asked(url, asks), [""; 0], "{url}");
            }
        }
    }
}
