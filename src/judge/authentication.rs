use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

/// What is known of who sent a message, as it was on arrival.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Authentication {
    /// Whose word it is, where another program had looked already and is believed; none where we looked ourselves.
    pub by: Option<String>,
    /// What was looked at, and what came of it.
    pub checks: Vec<Check>,
    /// What the owner of the domain in From asks for where nothing proves that a message is his.
    pub wish: Option<Wish>,
    /// The hosts that it came by, the last one first.
    pub path: Vec<Hop>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// By which method.
    pub method: Method,
    /// What came of it.
    pub proof: Proof,
    /// Of what: names as RFC 8601 has them (`smtp.mailfrom`, `header.d`) and values.
    pub about: Vec<(String, String)>,
    /// Why, where that is not plain.
    pub reason: Option<String>,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$about])* $variant),+ }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As header fields write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// What is written so, in any case.
            pub fn named(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|this| this.as_str().eq_ignore_ascii_case(word))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// How a message is looked at.
    Method {
        /// Whether the client may send for a domain (RFC 7208).
        Spf "spf",
        /// A signature of a domain (RFC 6376).
        Dkim "dkim",
        /// Whether one of these stands for the domain in From (RFC 7489, RFC 9989).
        Dmarc "dmarc",
        /// The seals of those who handed it on (RFC 8617).
        Arc "arc",
    }
}
words! {
    /// What came of it (RFC 8601 section 2.7).
    Proof {
        /// It holds.
        Pass "pass",
        /// It does not.
        Fail "fail",
        /// The owner would rather not have it so, and does not say no.
        SoftFail "softfail",
        /// The owner says neither yes nor no; a signature that cannot be read.
        Neutral "neutral",
        /// There is nothing to look at.
        None "none",
        /// It may hold, and is not taken: too weak, too many.
        Policy "policy",
        /// It could not be found out now.
        TempError "temperror",
        /// It can never be found out: what was published is wrong.
        PermError "permerror",
    }
}
words! {
    /// What the owner of a domain asks for (DMARC).
    Wish {
        /// Nothing.
        Nothing "none",
        /// To keep such mail aside.
        Quarantine "quarantine",
        /// To refuse it.
        Reject "reject",
    }
}

/// One step of a message on its way, as the host that took it wrote it down. All but the last ones can be made up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hop {
    /// How the client called itself.
    pub from: Option<String>,
    /// Its address.
    pub address: Option<IpAddr>,
    /// Who took it.
    pub by: Option<String>,
}

impl Check {
    /// The value of a property.
    pub fn about(&self, name: &str) -> Option<&str> {
        self.about.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

impl Authentication {
    /// What came of a method; of several signatures the one that holds, if any does.
    pub fn of(&self, method: Method) -> Option<Proof> {
        let of = || self.checks.iter().filter(|check| check.method == method).map(|check| check.proof);
        of().find(|proof| *proof == Proof::Pass).or_else(|| of().next())
    }

    /// What is asked for a message that the owner of its domain does not stand behind; none where he does, or where it
    /// is not known.
    pub fn asked(&self) -> Option<Wish> {
        let wish = self.wish.filter(|wish| *wish != Wish::Nothing)?;
        (self.of(Method::Dmarc) == Some(Proof::Fail)).then_some(wish)
    }

    /// All of it in sentences, one after the other. They hold what strangers wrote: show them as text.
    pub fn sentences(&self) -> Vec<String> {
        let author = self.checks.iter().find(|check| check.method == Method::Dmarc).and_then(|check| {
            check.about("header.from").map(|from| from.rsplit('@').next().unwrap_or_default().to_owned())
        });
        let mut lines: Vec<String> =
            self.checks.iter().map(|check| sentence(check, author.as_deref(), self.wish)).collect();
        if let Some(by) = &self.by {
            lines.push(format!("{by} looked at this before us, and is believed."));
        }
        let steps = self.path.iter().filter(|hop| hop.from.is_some() || hop.address.is_some());
        lines.extend(steps.map(|hop| {
            let from = hop.from.as_deref().unwrap_or("somebody without a name");
            let address = hop.address.map_or_else(String::new, |address| format!(" ({address})"));
            let by = hop.by.as_deref().unwrap_or("a host without a name");
            format!("{by} took it from {from}{address}.")
        }));
        lines
    }
}

fn sentence(check: &Check, author: Option<&str>, wish: Option<Wish>) -> String {
    let why = check.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    match check.method {
        Method::Spf => about_client(check, &why),
        Method::Dkim => about_signature(check, author, &why),
        Method::Dmarc => about_author(check, wish, &why),
        Method::Arc => about_seals(check, &why),
    }
}

fn about_client(check: &Check, why: &str) -> String {
    let (what, domain) = match (check.about("smtp.mailfrom"), check.about("smtp.helo")) {
        (Some(from), _) => ("of the sender", from.rsplit('@').next().unwrap_or(from)),
        (None, Some(helo)) => ("by which the client called itself", helo),
        (None, None) => ("of the sender", "(unknown)"),
    };
    let domain = format!("The domain {what}, {domain},");
    match check.proof {
        Proof::Pass => format!("{domain} lets this client send its mail (SPF)."),
        Proof::Fail => format!("{domain} says that this client does not send its mail (SPF){why}."),
        Proof::SoftFail => format!("{domain} says that this client hardly sends its mail (SPF softfail){why}."),
        Proof::Neutral | Proof::None | Proof::Policy => format!("{domain} does not say who sends its mail (SPF){why}."),
        Proof::TempError => {
            format!("Whether this client may send could not be found out (SPF){why}. {domain} did not answer.")
        }
        Proof::PermError => format!("{domain} says who sends its mail in a way that cannot be read (SPF){why}."),
    }
}

fn about_signature(check: &Check, author: Option<&str>, why: &str) -> String {
    let domain = check.about("header.d").or_else(|| check.about("header.i").and_then(|id| id.rsplit('@').next()));
    let Some(domain) = domain else {
        return match check.proof {
            Proof::None => "No domain signed this message (DKIM).".into(),
            _ => format!("A signature cannot be read (DKIM){why}."),
        };
    };
    let is_authors = author.is_some_and(|author| is_within(author, domain));
    match (check.proof, is_authors) {
        (Proof::Pass, true) => {
            format!("The domain in From, {domain}, did sign this message, and it has not been changed since (DKIM).")
        }
        (Proof::Pass, false) => {
            format!(
                "{domain}, which is not the domain in From, signed this message, and it has not been changed since (DKIM)."
            )
        }
        (Proof::TempError, _) => format!("Whether a signature of {domain} holds could not be found out (DKIM){why}."),
        (Proof::Policy, _) => format!("A signature of {domain} is not taken (DKIM){why}."),
        _ => format!("A signature of {domain} does not hold (DKIM){why}."),
    }
}

fn about_author(check: &Check, wish: Option<Wish>, why: &str) -> String {
    let domain = check.about("header.from").unwrap_or("(unknown)");
    let asks = match wish {
        Some(Wish::Reject) => " It asks that such mail be refused (DMARC p=reject).",
        Some(Wish::Quarantine) => " It asks that such mail be kept aside (DMARC p=quarantine).",
        Some(Wish::Nothing) | None => " It asks for nothing to be done about that (DMARC).",
    };
    match check.proof {
        Proof::Pass => format!("That this message comes from the domain in From, {domain}, is proven (DMARC)."),
        Proof::Fail => {
            format!("Nothing proves that this message comes from the domain in From, {domain}{why}.{asks}")
        }
        Proof::TempError => {
            format!(
                "Whether this message comes from the domain in From, {domain}, could not be found out (DMARC){why}."
            )
        }
        Proof::PermError => {
            format!("What the domain in From, {domain}, says of its mail cannot be read (DMARC){why}.")
        }
        _ => format!("The domain in From, {domain}, does not say what proves its mail (DMARC){why}."),
    }
}

fn about_seals(check: &Check, why: &str) -> String {
    match check.proof {
        Proof::Pass => "Everybody who handed it on and sealed it left it as he says (ARC).".into(),
        Proof::None => "Nobody who handed it on sealed it (ARC).".into(),
        Proof::TempError => format!("Whether the seals on it hold could not be found out (ARC){why}."),
        _ => format!("The seals on it do not hold (ARC){why}."),
    }
}

/// Whether one of them is the other or a part of it.
fn is_within(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let inside = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('.'));
    one == other || inside(&one, &other) || inside(&other, &one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, proof: Proof, about: &[(&str, &str)]) -> Check {
        let about = about.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Check { method, proof, about, reason: None }
    }

    #[test]
    fn what_was_found_reads_as_a_person_would_say_it() {
        let found = Authentication {
            by: Some("mx.corp.example".into()),
            checks: vec![
                check(Method::Spf, Proof::Pass, &[("smtp.mailfrom", "bounce@mail.shop.example")]),
                check(Method::Dkim, Proof::Pass, &[("header.d", "shop.example")]),
                check(Method::Dkim, Proof::Fail, &[("header.d", "relay.example")]),
                check(Method::Dmarc, Proof::Fail, &[("header.from", "mail.shop.example")]),
                check(Method::Arc, Proof::None, &[]),
            ],
            wish: Some(Wish::Reject),
            path: vec![Hop { from: Some("a.example".into()), address: "192.0.2.1".parse().ok(), by: None }],
        };
        let lines = found.sentences().join("\n");
        for wanted in [
            "The domain of the sender, mail.shop.example, lets this client send",
            "The domain in From, shop.example, did sign this message",
            "A signature of relay.example does not hold",
            "Nothing proves that this message comes from the domain in From, mail.shop.example. It asks that such mail be refused",
            "Nobody who handed it on sealed it",
            "mx.corp.example looked at this before us",
            "a host without a name took it from a.example (192.0.2.1).",
        ] {
            assert!(lines.contains(wanted), "{wanted}: {lines}");
        }
        assert_eq!((found.of(Method::Dkim), found.asked()), (Some(Proof::Pass), Some(Wish::Reject)));
    }

    #[test]
    fn nothing_is_asked_for_where_the_domain_stands_behind_it_or_asks_for_nothing() {
        let with = |proof, wish| Authentication {
            checks: vec![check(Method::Dmarc, proof, &[])],
            wish,
            ..Authentication::default()
        };
        assert_eq!(with(Proof::Pass, Some(Wish::Reject)).asked(), None);
        assert_eq!(with(Proof::TempError, Some(Wish::Reject)).asked(), None);
        assert_eq!(with(Proof::Fail, Some(Wish::Nothing)).asked(), None);
        assert_eq!(with(Proof::Fail, Some(Wish::Quarantine)).asked(), Some(Wish::Quarantine));
    }

    #[test]
    fn a_domain_is_within_another_by_whole_labels() {
        assert!(is_within("a.shop.example", "SHOP.example") && is_within("shop.example", "a.shop.example"));
        assert!(!is_within("myshop.example", "shop.example") && !is_within("shop.example", "shop.test"));
    }
}
