//! Which entries say what another one says already.

use super::{Reach, Scope};
use crate::url::{self, Canonical};

/// Whether every URL (or file) that `narrow` is about is one that `wide` is about as well.
pub fn covers(wide: &Scope, narrow: &Scope) -> bool {
    match (wide, narrow) {
        _ if wide == narrow => true,
        (Scope::Pattern(pattern), Scope::Url(text)) => pattern.is_match(text),
        (_, Scope::Url(text)) => url::parse(text).is_ok_and(|url| takes_in(wide, &url.canonical())),
        (Scope::Hosts { reach, name }, Scope::Hosts { reach: less, name: below }) => hosts(*reach, name, *less, below),
        (Scope::Hosts { reach, name }, Scope::Paths { reach: less, name: below, .. }) => {
            hosts(*reach, name, *less, below)
        }
        (Scope::Paths { reach, name, prefix }, Scope::Paths { reach: less, name: below, prefix: longer }) => {
            longer.starts_with(&**prefix) && hosts(*reach, name, *less, below)
        }
        (Scope::Network(network), Scope::Network(part)) => {
            network.length() <= part.length() && network.contains(part.first())
        }
        (Scope::Network(network), Scope::Paths { name, .. }) => {
            let url = url::parse(&format!("http://{name}/")).ok();
            url.and_then(|url| url.address()).is_some_and(|address| network.contains(address))
        }
        _ => false,
    }
}

/// Whether the hosts of the first are all among those of the second.
fn hosts(reach: Reach, name: &str, less: Reach, below: &str) -> bool {
    let is_below = below.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    match reach {
        Reach::Host => less == Reach::Host && below == name,
        Reach::Subdomains => is_below || (less == Reach::Subdomains && below == name),
        Reach::Domain => is_below || below == name,
    }
}

fn takes_in(wide: &Scope, key: &Canonical) -> bool {
    let on = |reach: Reach, name: &str| {
        let is_name = key.address().is_none() || reach == Reach::Host;
        is_name && hosts(reach, name, Reach::Host, key.host())
    };
    match wide {
        Scope::Hosts { reach, name } => on(*reach, name),
        Scope::Paths { reach, name, prefix } => on(*reach, name) && key.path().starts_with(&**prefix),
        Scope::Network(network) => key.address().is_some_and(|address| network.contains(address)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        list::{Context, parse},
        url::Suffixes,
    };

    fn scope(text: &str) -> Scope {
        let suffixes = Suffixes::builtin();
        let context = Context { suffixes: &suffixes, own_hosts: &[], never_block: None };
        parse("x", text, &context).0.entries.remove(0).scope
    }

    #[test]
    fn what_is_wider_covers_what_is_narrower_and_never_the_other_way_round() {
        for (wide, narrow) in [
            ("ok.example", "a.ok.example"),
            ("ok.example", "=ok.example"),
            ("ok.example", "*.ok.example"),
            ("ok.example", "ok.example/x/*"),
            ("ok.example", "=https://a.ok.example:81/x"),
            ("*.ok.example", "a.ok.example"),
            ("*.ok.example", "=https://a.ok.example/"),
            ("=ok.example", "=ok.example/x/*"),
            ("=ok.example", "=http://ok.example/"),
            ("ok.example/x/*", "ok.example/x/y/*"),
            ("ok.example/x/*", "=a.ok.example/x/*"),
            ("ok.example/x/*", "=https://ok.example/x/?q"),
            ("203.0.113.0/24", "203.0.113.7"),
            ("203.0.113.7", "203.0.113.7/x/*"),
            ("203.0.113.0/24", "=http://203.0.113.7/x"),
            ("[2001:db8::]/32", "[2001:db8::1]/128"),
            ("/ok/", "=https://ok.example/"),
        ] {
            assert!(covers(&scope(wide), &scope(narrow)), "{wide} {narrow}");
            assert!(!covers(&scope(narrow), &scope(wide)), "{narrow} {wide}");
            assert!(covers(&scope(wide), &scope(wide)));
        }
    }

    #[test]
    fn strangers_cover_nothing_of_one_another() {
        let all = [
            "ok.example",
            "notok.example",
            "*.no.example",
            "=no.example",
            "no.example/x/*",
            "=https://no.example/y",
            "203.0.113.0/24",
            "203.0.112.7",
            "[2001:db8::]/32",
            "/zz/",
        ];
        for one in all {
            for other in all.iter().filter(|other| **other != one) {
                let meant = one == "=no.example" && *other == "=https://no.example/y";
                assert_eq!(covers(&scope(one), &scope(other)), meant, "{one} {other}");
            }
        }
    }
}
