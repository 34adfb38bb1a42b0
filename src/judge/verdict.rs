use std::fmt;

use serde::{Deserialize, Serialize};

use super::Signal;

/// How bad, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Every configured source answered and none objects.
    Clean,
    /// A source that the policy requires did not answer.
    Unknown,
    /// Something about it is wrong, but nobody knows it as bad.
    Suspicious,
    /// Known as bad.
    Malicious,
}

/// Bad in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threat {
    /// None, or none in particular.
    None,
    /// Pretends to be somebody else to get something.
    Phishing,
    /// Delivers harmful software.
    Malware,
    /// Wants money for nothing.
    Scam,
    /// Breaks the house's rules (an admin's block).
    Policy,
}

/// What all signals say together, at one moment. It says nothing about people and is never cached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How bad.
    pub tier: Tier,
    /// Bad in which way.
    pub threat: Threat,
    /// The signal that settled it: an index into `signals`; none where nobody objected.
    pub decisive: Option<usize>,
    /// Everything that was said, in the order of evidence.
    pub signals: Vec<Signal>,
}

impl Verdict {
    /// The signal that settled it.
    pub fn decisive(&self) -> Option<&Signal> {
        self.signals.get(self.decisive?)
    }
}

macro_rules! as_text {
    ($($name:ident { $($variant:ident $text:literal),+ $(,)? })+) => {$(
        impl $name {
            /// Every one, in the order in which they are declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As it stands in events and exports.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = crate::base::BadId;
            fn from_str(text: &str) -> Result<Self, crate::base::BadId> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(crate::base::BadId {
                        text: text.to_owned(),
                        wanted: concat!("one of", $(" ", $text),+),
                    }),
                }
            }
        }
    )+};
}
pub(super) use as_text;

as_text! {
    Tier { Clean "clean", Unknown "unknown", Suspicious "suspicious", Malicious "malicious" }
    Threat { None "none", Phishing "phishing", Malware "malware", Scam "scam", Policy "policy" }
}
