use std::net::Ipv4Addr;

use crate::judge::{Threat, Tier};

/// What the answers of a list mean: one table for each list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Codes(pub Vec<Code>);

/// One code and its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The answers that it is about: those which agree with `address` in the bits of `mask`, or, where `bit` is not 0,
    /// those in 127.0.0.0/24 that have this bit in their last number.
    pub address: Ipv4Addr,
    /// The bits that count.
    pub mask: u32,
    /// One bit of the last number.
    pub bit: u8,
    /// What it means.
    pub meaning: Meaning,
    /// In a word or two, for people.
    pub word: String,
}

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The name is listed, so bad and in this way.
    Listed(Tier, Threat),
    /// The name is listed in a way that nobody minds.
    Ignored,
    /// The list does not serve who asks; the sentence says why and what to do.
    Refused(&'static str),
}

/// What the answers to one question say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The codes that object, worst first: address, word, tier and threat.
    Listed(Vec<(Ipv4Addr, String, Tier, Threat)>),
    /// Nothing that anybody minds.
    Nothing,
    /// The list refuses, and says why.
    Refused(Ipv4Addr, &'static str),
    /// Nothing that this list could have said.
    Foreign(Ipv4Addr),
}

/// A code that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCode {
    /// It has not the right form.
    #[error(
        "write a code as an answer and what it means, such as \"127.0.0.2 phishing\" or \"bit 8 malware suspicious\""
    )]
    Form,
    /// No answer.
    #[error("{0:?} is no answer of a list: write an address from 127.0.0.2 to 127.255.254.255")]
    Address(String),
    /// No bit.
    #[error("{0:?} is no bit: write 2, 4, 8, 16, 32, 64 or 128")]
    Bit(String),
    /// No threat.
    #[error("{0:?} is no threat: write phishing, malware, scam, none, or ignored")]
    Threat(String),
    /// No tier.
    #[error("{0:?} is no tier: write malicious or suspicious")]
    Tier(String),
}

impl Codes {
    /// What these answers say together. A refusal settles it; codes that nobody knows are listings of an unknown kind
    /// where they lie in 127.0.0.0/8, and else no listing at all.
    pub fn read(&self, answers: &[Ipv4Addr]) -> Reading {
        let mut listed = Vec::new();
        let mut foreign = None;
        for answer in answers {
            if !answer.is_loopback() {
                foreign = foreign.or(Some(*answer));
                continue;
            }
            let mut is_known = false;
            for code in self.0.iter().filter(|code| code.is_about(*answer)) {
                is_known = true;
                match code.meaning {
                    Meaning::Refused(why) => return Reading::Refused(*answer, why),
                    Meaning::Ignored => {}
                    Meaning::Listed(tier, threat) => listed.push((*answer, code.word.clone(), tier, threat)),
                }
            }
            if !is_known {
                listed.push((*answer, "a code that is not in its table".to_owned(), Tier::Suspicious, Threat::None));
            }
        }
        listed.sort_by_key(|(_, _, tier, _)| std::cmp::Reverse(*tier));
        match (listed.is_empty(), foreign) {
            (false, _) => Reading::Listed(listed),
            (true, Some(foreign)) => Reading::Foreign(foreign),
            (true, None) => Reading::Nothing,
        }
    }
}

impl Code {
    /// The code that is this answer.
    pub fn exact(last_three: [u8; 3], tier: Tier, threat: Threat, word: &str) -> Self {
        let [b, c, d] = last_three;
        let address = Ipv4Addr::new(127, b, c, d);
        Self { address, mask: u32::MAX, bit: 0, meaning: Meaning::Listed(tier, threat), word: word.into() }
    }

    /// A bit of the last number of 127.0.0.x.
    pub fn bit(bit: u8, tier: Tier, threat: Threat, word: &str) -> Self {
        let address = Ipv4Addr::new(127, 0, 0, 0);
        Self { address, mask: 0xffff_ff00, bit, meaning: Meaning::Listed(tier, threat), word: word.into() }
    }

    /// The answers that agree with `address` in their first `bits` say that the list does not serve who asks.
    pub fn refusal(address: [u8; 4], bits: u32, why: &'static str) -> Self {
        let mask = u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0);
        Self { address: address.into(), mask, bit: 0, meaning: Meaning::Refused(why), word: String::new() }
    }

    /// Reads `127.0.0.2 phishing`, `127.0.0.4 scam suspicious`, `bit 8 malware`, `127.0.0.9 ignored`. A listing is
    /// malicious unless it says otherwise.
    ///
    /// # Errors
    /// [`BadCode`], which says what to write.
    pub fn parse(text: &str) -> Result<Self, BadCode> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (address, mask, bit, rest) = match words.as_slice() {
            ["bit", bit, rest @ ..] => {
                let read = bit.parse().ok().filter(|bit: &u8| *bit >= 2 && bit.is_power_of_two());
                let bit = read.ok_or_else(|| BadCode::Bit((*bit).to_owned()))?;
                (Ipv4Addr::new(127, 0, 0, 0), 0xffff_ff00, bit, rest)
            }
            [address, rest @ ..] => {
                let read = address.parse().ok().filter(Self::can_mean_listed);
                (read.ok_or_else(|| BadCode::Address((*address).to_owned()))?, u32::MAX, 0, rest)
            }
            [] => return Err(BadCode::Form),
        };
        let (threat, tier) = match rest {
            [threat] => (*threat, "malicious"),
            [threat, tier] => (*threat, *tier),
            _ => return Err(BadCode::Form),
        };
        let tier = match tier {
            "malicious" => Tier::Malicious,
            "suspicious" => Tier::Suspicious,
            other => return Err(BadCode::Tier(other.to_owned())),
        };
        let meaning = match threat {
            "ignored" => Meaning::Ignored,
            "phishing" => Meaning::Listed(tier, Threat::Phishing),
            "malware" => Meaning::Listed(tier, Threat::Malware),
            "scam" => Meaning::Listed(tier, Threat::Scam),
            "none" => Meaning::Listed(tier, Threat::None),
            other => return Err(BadCode::Threat(other.to_owned())),
        };
        let word = if threat == "none" { "listed" } else { threat };
        Ok(Self { address, mask, bit, meaning, word: word.to_owned() })
    }

    fn can_mean_listed(address: &Ipv4Addr) -> bool {
        let bits = u32::from(*address);
        (0x7f00_0002..0x7fff_ff00).contains(&bits)
    }

    fn is_about(&self, answer: Ipv4Addr) -> bool {
        let agrees = (u32::from(answer) ^ u32::from(self.address)) & self.mask == 0;
        let [.., last] = answer.octets();
        agrees && (self.bit == 0 || last & self.bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, 0, 0, last)
    }

    fn table(lines: &[&str]) -> Codes {
        Codes(lines.iter().map(|line| Code::parse(line).unwrap()).collect())
    }

    #[test]
    fn bits_add_up_and_the_worst_comes_first() {
        let codes = table(&["bit 8 phishing", "bit 16 malware suspicious", "bit 32 ignored"]);
        let Reading::Listed(listed) = codes.read(&[ip(8 + 16 + 32)]) else { panic!() };
        let words: Vec<_> = listed.iter().map(|(_, word, tier, _)| (word.as_str(), *tier)).collect();
        assert_eq!(words, [("phishing", Tier::Malicious), ("malware", Tier::Suspicious)]);
        assert_eq!(codes.read(&[ip(32)]), Reading::Nothing);
    }

    #[test]
    fn what_lies_outside_of_127_is_never_a_hit() {
        let codes = table(&["127.0.0.2 phishing"]);
        let foreign = Ipv4Addr::new(198, 51, 100, 7);
        assert_eq!(codes.read(&[foreign]), Reading::Foreign(foreign));
        assert!(matches!(codes.read(&[foreign, ip(2)]), Reading::Listed(listed) if listed.len() == 1));
        assert_eq!(codes.read(&[]), Reading::Nothing);
    }

    #[test]
    fn a_refusal_settles_it_and_an_unknown_code_is_a_suspicion() {
        let mut codes = table(&["127.0.0.2 phishing"]);
        codes.0.push(Code::refusal([127, 255, 255, 0], 24, "the resolver is open"));
        let refused = Ipv4Addr::new(127, 255, 255, 254);
        assert_eq!(codes.read(&[ip(2), refused]), Reading::Refused(refused, "the resolver is open"));
        assert!(matches!(codes.read(&[ip(77)]), Reading::Listed(listed) if listed[0].2 == Tier::Suspicious));
    }

    #[test]
    fn codes_are_read_or_told_what_to_write() {
        assert_eq!(
            Code::parse("127.0.0.2 scam suspicious").unwrap().meaning,
            Meaning::Listed(Tier::Suspicious, Threat::Scam)
        );
        for (text, error) in [
            ("", BadCode::Form),
            ("127.0.0.2", BadCode::Form),
            ("127.0.0.2 phishing malicious now", BadCode::Form),
            ("127.0.0.1 phishing", BadCode::Address("127.0.0.1".into())),
            ("127.255.255.254 phishing", BadCode::Address("127.255.255.254".into())),
            ("192.0.2.1 phishing", BadCode::Address("192.0.2.1".into())),
            ("bit 3 phishing", BadCode::Bit("3".into())),
            ("bit 1 phishing", BadCode::Bit("1".into())),
            ("127.0.0.2 fishing", BadCode::Threat("fishing".into())),
            ("127.0.0.2 phishing clean", BadCode::Tier("clean".into())),
        ] {
            assert_eq!(Code::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}", near in "(bit|127\\.0\\.0\\.[0-9]{1,4}|[0-9]{1,4}| |phishing|ignored|malicious){0,6}") {
            let _ = (Code::parse(&text), Code::parse(&near));
        }

        #[test]
        fn no_answer_from_outside_is_a_hit(bits in any::<u32>()) {
            let answer = Ipv4Addr::from(bits);
            let codes = Codes(vec![Code::bit(0xff, Tier::Malicious, Threat::None, "all")]);
            prop_assert!(answer.is_loopback() || codes.read(&[answer]) == Reading::Foreign(answer));
        }
    }
}
