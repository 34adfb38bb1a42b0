use super::{Asks, Code, Codes};
use crate::judge::{Threat, Tier};

/// What is asked of a list by DNS, and what its answers mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its name in events, policies and metrics.
    pub name: String,
    /// Where it is asked, without a dot at the end.
    pub zone: String,
    /// What is asked about a URL with a name.
    pub asks: Asks,
    /// Whether it is asked about addresses that stand as the host, written backwards.
    pub takes_addresses: bool,
    /// What its answers mean.
    pub codes: Codes,
    /// Questions in a second, and in a day; 0 is no limit.
    pub budget: (u32, u32),
    /// What is always listed, so that one can find out whether the list serves this resolver.
    pub test_point: Option<&'static str>,
}

/// A list that many use: its zone, what it wants to be asked, its codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// SURBL: one zone with a bit for each kind. It wants the registered domain, and takes addresses.
    Surbl,
    /// URIBL: the same with other bits.
    Uribl,
    /// The Domain Block List of Spamhaus: it wants whole hosts, and no addresses.
    SpamhausDbl,
    /// The list of newly seen domains of Spamhaus: it wants the registered domain.
    SpamhausZrd,
    /// A list of hosts and addresses where 127.0.0.2 means that something is listed.
    Plain,
}

const BLOCKED: &str = "it does not serve this resolver: ask it through a resolver of your own (`resolver`), not through \
                       a public one, or take out a subscription if you ask it much";

impl Preset {
    /// The names of all, as a configuration writes them.
    pub const NAMES: &'static [&'static str] = &["surbl", "uribl", "spamhaus_dbl", "spamhaus_zrd", "plain"];

    /// The preset of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "surbl" => Self::Surbl,
            "uribl" => Self::Uribl,
            "spamhaus_dbl" => Self::SpamhausDbl,
            "spamhaus_zrd" => Self::SpamhausZrd,
            "plain" => Self::Plain,
            _ => return None,
        })
    }

    /// The public zone of the list, where there is one.
    pub const fn zone(self) -> Option<&'static str> {
        match self {
            Self::Surbl => Some("multi.surbl.org"),
            Self::Uribl => Some("multi.uribl.com"),
            Self::SpamhausDbl => Some("dbl.spamhaus.org"),
            // Served to subscribers alone, under a zone with their key in it.
            Self::SpamhausZrd | Self::Plain => None,
        }
    }

    /// What it wants to be asked about a name.
    pub const fn asks(self) -> Asks {
        match self {
            Self::Surbl | Self::Uribl | Self::SpamhausZrd => Asks::Domain,
            Self::SpamhausDbl | Self::Plain => Asks::Hosts,
        }
    }

    /// Whether it takes addresses. Spamhaus answers a question about one in a list of domains with an error.
    pub const fn takes_addresses(self) -> bool {
        matches!(self, Self::Surbl | Self::Uribl | Self::Plain)
    }

    /// The name that its operator always lists (RFC 5782 section 5, for lists of addresses).
    pub const fn test_point(self) -> Option<&'static str> {
        match self {
            Self::Surbl => Some("surbl-org-permanent-test-point.com"),
            Self::Uribl => Some("test.uribl.com"),
            Self::SpamhausDbl => Some("dbltest.com"),
            Self::SpamhausZrd => None,
            Self::Plain => Some("2.0.0.127"),
        }
    }

    /// What its answers mean, by what its operator publishes. Unlike a mail filter nobody weighs here: what a list calls
    /// grey, young or abused is suspicious, and only what it calls bad is malicious.
    pub fn codes(self) -> Codes {
        use Tier::{Malicious, Suspicious};
        let exact = |two: [u8; 2], tier, threat, word| Code::exact([0, two[0], two[1]], tier, threat, word);
        let spamhaus = [
            Code::refusal([127, 255, 255, 252], 32, "its zone is misspelt: look at `zone` in the configuration"),
            Code::refusal([127, 255, 255, 254], 32, BLOCKED),
            Code::refusal(
                [127, 255, 255, 255],
                32,
                "it was asked more than it allows: ask less (`per_day`), or subscribe",
            ),
            Code::refusal(
                [127, 255, 255, 0],
                24,
                "it answers with an error; look at what its operator says of this code",
            ),
        ];
        let own: Vec<Code> = match self {
            Self::Surbl => vec![
                Code::refusal([127, 0, 0, 1], 32, BLOCKED),
                // Domains for throw-away addresses and for counting clicks are no reason to warn a reader.
                Code { meaning: super::Meaning::Ignored, ..Code::bit(4, Suspicious, Threat::None, "disposable mail") },
                Code::bit(8, Malicious, Threat::Phishing, "phishing"),
                Code::bit(16, Malicious, Threat::Malware, "malware"),
                Code { meaning: super::Meaning::Ignored, ..Code::bit(32, Suspicious, Threat::None, "click tracker") },
                Code::bit(64, Malicious, Threat::Scam, "spam and abuse"),
                Code::bit(128, Malicious, Threat::None, "cracked site"),
            ],
            Self::Uribl => vec![
                Code::refusal([127, 0, 0, 1], 32, BLOCKED),
                Code::bit(2, Malicious, Threat::Scam, "black"),
                Code::bit(4, Suspicious, Threat::None, "grey"),
                Code::bit(8, Suspicious, Threat::None, "red"),
            ],
            Self::SpamhausDbl => [
                Code::refusal([127, 0, 1, 255], 32, "it was asked about an address: set `addresses = \"never\"`"),
                exact([1, 2], Malicious, Threat::Scam, "spam domain"),
                exact([1, 4], Malicious, Threat::Phishing, "phishing domain"),
                exact([1, 5], Malicious, Threat::Malware, "malware domain"),
                exact([1, 6], Malicious, Threat::Malware, "botnet controller"),
                exact([1, 102], Suspicious, Threat::Scam, "abused, spam"),
                exact([1, 103], Suspicious, Threat::Scam, "abused redirector"),
                exact([1, 104], Malicious, Threat::Phishing, "abused, phishing"),
                exact([1, 105], Malicious, Threat::Malware, "abused, malware"),
                exact([1, 106], Malicious, Threat::Malware, "abused, botnet controller"),
            ]
            .into_iter()
            .chain(spamhaus)
            .collect(),
            Self::SpamhausZrd => (2..=24)
                .map(|hours| exact([2, hours], Suspicious, Threat::None, "first seen within a day"))
                .chain([Code::refusal(
                    [127, 0, 2, 255],
                    32,
                    "it was asked about an address: set `addresses = \"never\"`",
                )])
                .chain(spamhaus)
                .collect(),
            Self::Plain => [exact([0, 2], Malicious, Threat::None, "listed")]
                .into_iter()
                .chain([Code::refusal([127, 0, 0, 1], 32, BLOCKED)])
                .chain(spamhaus)
                .collect(),
        };
        Codes(own)
    }

    /// The list as it comes.
    pub fn list(self, name: &str, zone: &str) -> Zone {
        Zone {
            name: name.to_owned(),
            zone: zone.trim_end_matches('.').to_ascii_lowercase(),
            asks: self.asks(),
            takes_addresses: self.takes_addresses(),
            codes: self.codes(),
            budget: (0, 0),
            test_point: self.test_point(),
        }
    }
}

impl Zone {
    /// The zone as it may be shown: the key of a subscriber, which stands in front of one of Spamhaus' zones, is a
    /// secret.
    pub fn shown(&self) -> &str {
        match self.zone.split_once('.') {
            Some((_, rest)) if rest.ends_with("dq.spamhaus.net") && rest != "dq.spamhaus.net" => rest,
            _ => &self.zone,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::{super::Reading, *};

    fn read(preset: Preset, answer: &str) -> Reading {
        preset.codes().read(&[answer.parse::<Ipv4Addr>().unwrap()])
    }

    #[test]
    fn each_list_is_read_by_its_own_table() {
        let worst = |preset, answer| match read(preset, answer) {
            Reading::Listed(listed) => Some((listed[0].1.clone(), listed[0].2, listed[0].3)),
            _ => None,
        };
        for (preset, answer, word, tier, threat) in [
            (Preset::Surbl, "127.0.0.8", "phishing", Tier::Malicious, Threat::Phishing),
            (Preset::Surbl, "127.0.0.80", "malware", Tier::Malicious, Threat::Malware),
            (Preset::Surbl, "127.0.0.128", "cracked site", Tier::Malicious, Threat::None),
            (Preset::Uribl, "127.0.0.2", "black", Tier::Malicious, Threat::Scam),
            (Preset::Uribl, "127.0.0.8", "red", Tier::Suspicious, Threat::None),
            (Preset::SpamhausDbl, "127.0.1.4", "phishing domain", Tier::Malicious, Threat::Phishing),
            (Preset::SpamhausDbl, "127.0.1.103", "abused redirector", Tier::Suspicious, Threat::Scam),
            (Preset::SpamhausZrd, "127.0.2.24", "first seen within a day", Tier::Suspicious, Threat::None),
            (Preset::Plain, "127.0.0.2", "listed", Tier::Malicious, Threat::None),
        ] {
            assert_eq!(worst(preset, answer), Some((word.to_owned(), tier, threat)), "{preset:?} {answer}");
        }
        assert_eq!(read(Preset::Surbl, "127.0.0.36"), Reading::Nothing, "disposable mail and click trackers");
    }

    #[test]
    fn a_list_that_refuses_is_never_taken_for_a_hit() {
        for (preset, answer) in [
            (Preset::Surbl, "127.0.0.1"),
            (Preset::Uribl, "127.0.0.1"),
            (Preset::Plain, "127.0.0.1"),
            (Preset::SpamhausDbl, "127.0.1.255"),
            (Preset::SpamhausDbl, "127.255.255.252"),
            (Preset::SpamhausDbl, "127.255.255.254"),
            (Preset::SpamhausZrd, "127.255.255.255"),
            (Preset::Plain, "127.255.255.250"),
        ] {
            assert!(matches!(read(preset, answer), Reading::Refused(..)), "{preset:?} {answer}");
        }
    }

    #[test]
    fn names_are_found_again_and_a_key_is_not_shown() {
        for name in Preset::NAMES {
            assert!(Preset::named(name).is_some(), "{name}");
        }
        let shown = |zone| Preset::SpamhausDbl.list("dbl", zone).shown().to_owned();
        assert_eq!(shown("0123456789abcdef.dbl.dq.spamhaus.net."), "dbl.dq.spamhaus.net");
        assert_eq!(shown("DBL.spamhaus.org"), "dbl.spamhaus.org");
    }
}
