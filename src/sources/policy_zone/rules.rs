use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;

use crate::url::{Canonical, Suffixes};

/// Rules of one zone at most.
pub(super) const MAX_RULES: usize = 2_000_000;

/// What a zone does about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Says that there is no such name.
    NoName,
    /// Says that the name has nothing.
    NoData,
    /// Says nothing.
    Drop,
    /// Leads somewhere else.
    Elsewhere,
    /// Lets it pass, whatever else the zone says.
    Pass,
}

/// What of a zone can be said of a URL.
#[derive(Debug, Default)]
pub struct Rules {
    names: HashMap<Box<str>, Action>,
    below: HashMap<Box<str>, Action>,
    networks: Vec<(IpNet, Action)>,
    /// What cannot, and how much of it.
    pub skipped: Skipped,
}

/// Records that are passed over, by the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skipped {
    /// Triggers about clients and servers of names.
    pub triggers: usize,
    /// Actions that are about how an answer is sent, or data that stop nobody.
    pub actions: usize,
    /// Rules about everything below a public suffix.
    pub too_wide: usize,
    /// Names that are none, or lie outside of the zone.
    pub malformed: usize,
    /// More than the cap.
    pub too_many: usize,
}

/// A rule that a URL meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The rule, as it stands in the zone.
    pub rule: String,
    /// What it does.
    pub action: Action,
}

impl Rules {
    /// Takes the records of a zone: the owner without the zone behind it, in lower case, and what it is led to.
    pub fn add(&mut self, owner: &str, target: Target<'_>, suffixes: &Suffixes) {
        let Some(action) = target.action(owner) else {
            self.skipped.actions += 1;
            return;
        };
        if self.len() >= MAX_RULES {
            self.skipped.too_many += 1;
            return;
        }
        let labels: Vec<&str> = owner.split('.').collect();
        match labels.as_slice() {
            [.., "rpz-client-ip" | "rpz-nsip" | "rpz-nsdname"] => self.skipped.triggers += 1,
            [network @ .., "rpz-ip"] => match network_of(network) {
                Some(network) if network.prefix_len() == 0 => self.skipped.too_wide += 1,
                Some(network) => self.networks.push((network, action)),
                None => self.skipped.malformed += 1,
            },
            ["*"] => self.skipped.too_wide += 1,
            _ => {
                let (name, is_below) = owner.strip_prefix("*.").map_or((owner, false), |name| (name, true));
                let is_name = !name.is_empty() && name.split('.').all(|label| !label.is_empty() && label != "*");
                if !is_name {
                    self.skipped.malformed += 1;
                } else if action != Action::Pass && suffixes.is_public_suffix(name) {
                    self.skipped.too_wide += 1;
                } else {
                    let table = if is_below { &mut self.below } else { &mut self.names };
                    table.insert(name.into(), action);
                }
            }
        }
    }

    /// Puts the rules in order; to be called when all are there.
    pub fn settle(&mut self) {
        self.networks.sort_by_key(|(network, _)| std::cmp::Reverse(network.prefix_len()));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len() + self.below.len() + self.networks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rule that a host meets: the name itself before those above it, the nearest of these first, and of networks
    /// the smallest.
    pub fn find(&self, url: &Canonical) -> Option<Hit> {
        if let Some(address) = url.address() {
            let (network, action) = self.networks.iter().find(|(network, _)| network.contains(&address))?;
            return Some(Hit { rule: network.to_string(), action: *action });
        }
        if let Some(action) = self.names.get(url.host()) {
            return Some(Hit { rule: url.host().to_owned(), action: *action });
        }
        let above = url.domains().skip(1);
        let mut found = above.filter_map(|name| Some((name, *self.below.get(name)?)));
        found.next().map(|(name, action)| Hit { rule: format!("*.{name}"), action })
    }
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// Another name, in lower case, with its final dot.
    Name(&'a str),
    /// An address.
    Address,
    /// Something else.
    Other,
}

impl Target<'_> {
    fn action(self, owner: &str) -> Option<Action> {
        Some(match self {
            Self::Name(".") => Action::NoName,
            Self::Name("*.") => Action::NoData,
            Self::Name("rpz-drop.") => Action::Drop,
            Self::Name("rpz-passthru.") => Action::Pass,
            // How passing was written once: the name leads to itself.
            Self::Name(name) if name.strip_suffix('.') == Some(owner) => Action::Pass,
            Self::Name(name) if name.starts_with("rpz-") => return None,
            Self::Name(_) | Self::Address => Action::Elsewhere,
            Self::Other => return None,
        })
    }
}

/// `24.0.2.0.192` is 192.0.2.0/24; `48.zz.db8.2001` is 2001:db8::/48, where `zz` stands for the zeros.
fn network_of(labels: &[&str]) -> Option<IpNet> {
    let (length, address) = labels.split_first()?;
    let length: u8 = length.parse().ok()?;
    let address: IpAddr = match address {
        [d, c, b, a] if !address.contains(&"zz") => format!("{a}.{b}.{c}.{d}").parse::<Ipv4Addr>().ok()?.into(),
        words => {
            let mut text = String::new();
            let forward: Vec<&str> = words.iter().rev().copied().collect();
            let zeros = forward.iter().filter(|word| **word == "zz").count();
            for (place, word) in forward.iter().enumerate() {
                if place > 0 {
                    text.push(':');
                }
                match *word {
                    // At either end two colons have to stand.
                    "zz" if place == 0 || place + 1 == forward.len() => text.push(':'),
                    "zz" => {}
                    word => text.push_str(word),
                }
            }
            (zeros <= 1).then(|| text.parse::<Ipv6Addr>().ok())??.into()
        }
    };
    let network = IpNet::new(address, length).ok()?;
    (network.trunc() == network).then_some(network)
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoName => "no such name",
            Self::NoData => "nothing there",
            Self::Drop => "no answer",
            Self::Elsewhere => "led elsewhere",
            Self::Pass => "let pass",
        })
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { triggers, actions, too_wide, malformed, too_many } = self;
        write!(
            f,
            "{triggers} about clients or servers of names, {actions} with an action that stops nobody, {too_wide} about a \
             whole suffix, {malformed} malformed, {too_many} too many"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::url::parse;

    /// Parsing it takes a while.
    static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);

    fn rules(lines: &[(&str, Target<'_>)]) -> Rules {
        let mut rules = Rules::default();
        lines.iter().for_each(|(owner, target)| rules.add(owner, *target, &SUFFIXES));
        rules.settle();
        rules
    }

    fn hit(rules: &Rules, url: &str) -> Option<(String, Action)> {
        rules.find(&parse(url).unwrap().canonical()).map(|hit| (hit.rule, hit.action))
    }

    #[test]
    fn a_name_is_itself_a_wildcard_what_is_below_and_the_nearest_counts() {
        let rules = rules(&[
            ("evil.com", Target::Name(".")),
            ("*.evil.com", Target::Name("*.")),
            ("good.evil.com", Target::Name("rpz-passthru.")),
            ("*.shop.evil.com", Target::Name("garden.corp.example.")),
            ("only.org", Target::Address),
            ("old.net", Target::Name("old.net.")),
            ("gone.net", Target::Name("rpz-drop.")),
        ]);
        for (host, wanted) in [
            ("evil.com", Some(("evil.com", Action::NoName))),
            ("a.b.evil.com", Some(("*.evil.com", Action::NoData))),
            ("good.evil.com", Some(("good.evil.com", Action::Pass))),
            ("a.good.evil.com", Some(("*.evil.com", Action::NoData))),
            ("shop.evil.com", Some(("*.evil.com", Action::NoData))),
            ("a.shop.evil.com", Some(("*.shop.evil.com", Action::Elsewhere))),
            ("only.org", Some(("only.org", Action::Elsewhere))),
            ("www.only.org", None),
            ("old.net", Some(("old.net", Action::Pass))),
            ("gone.net", Some(("gone.net", Action::Drop))),
            ("notevil.com", None),
        ] {
            let wanted = wanted.map(|(rule, action)| (rule.to_owned(), action));
            assert_eq!(hit(&rules, &format!("http://{host}/")), wanted, "{host}");
        }
        assert_eq!((rules.len(), rules.skipped), (7, Skipped::default()));
    }

    #[test]
    fn addresses_that_stand_as_a_host_meet_the_smallest_network() {
        let rules = rules(&[
            ("24.0.2.0.192.rpz-ip", Target::Name(".")),
            ("32.9.2.0.192.rpz-ip", Target::Name("rpz-passthru.")),
            ("48.zz.1.db8.2001.rpz-ip", Target::Name(".")),
            ("128.1.zz.2.db8.2001.rpz-ip", Target::Name(".")),
            ("128.1.zz.rpz-ip", Target::Name(".")),
        ]);
        assert_eq!(hit(&rules, "http://192.0.2.7/"), Some(("192.0.2.0/24".into(), Action::NoName)));
        assert_eq!(hit(&rules, "http://192.0.2.9/"), Some(("192.0.2.9/32".into(), Action::Pass)));
        assert_eq!(hit(&rules, "http://192.0.3.1/"), None);
        assert_eq!(hit(&rules, "http://[2001:db8:1::5]/").unwrap().0, "2001:db8:1::/48");
        assert_eq!(hit(&rules, "http://[2001:db8:2::1]/").unwrap().0, "2001:db8:2::1/128");
        assert_eq!((rules.len(), rules.skipped), (5, Skipped::default()));
    }

    #[test]
    fn what_means_nothing_for_a_url_or_too_much_is_counted() {
        let rules = rules(&[
            ("32.1.2.0.192.rpz-client-ip", Target::Name(".")),
            ("32.1.2.0.192.rpz-nsip", Target::Name(".")),
            ("ns.evil.com.rpz-nsdname", Target::Name(".")),
            ("a.com", Target::Name("rpz-tcp-only.")),
            ("b.com", Target::Other),
            ("*", Target::Name(".")),
            ("com", Target::Name(".")),
            ("*.co.uk", Target::Name(".")),
            ("0.0.0.0.0.rpz-ip", Target::Name(".")),
            ("24.1.2.0.192.rpz-ip", Target::Name(".")),
            ("99.1.2.0.192.rpz-ip", Target::Name(".")),
            ("x.*.com", Target::Name(".")),
            ("", Target::Name(".")),
        ]);
        let skipped = Skipped { triggers: 3, actions: 2, too_wide: 4, malformed: 4, too_many: 0 };
        assert_eq!((rules.len(), rules.skipped), (0, skipped));
        assert_eq!(hit(&rules, "http://www.a.com/"), None);
    }

    proptest! {
        #[test]
        fn any_owner_is_a_rule_or_counted(owner in "[a-z0-9.*-]{0,40}", ip in "([0-9]{1,3}|zz|[0-9a-f]{1,4})(\\.([0-9]{1,3}|zz|[0-9a-f]{1,4})){0,9}") {
            let all = rules(&[(&owner, Target::Name(".")), (&format!("{ip}.rpz-ip"), Target::Name("."))]);
            let Skipped { triggers, actions, too_wide, malformed, too_many } = all.skipped;
            prop_assert_eq!(all.len() + triggers + actions + too_wide + malformed + too_many, 2);
        }
    }
}
