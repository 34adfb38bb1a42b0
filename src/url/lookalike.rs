//! Hosts that can be taken for somebody else's.

use foldhash::HashMap;
use unicode_security::confusable_detection::skeleton;

use super::{Suffixes, WebUrl, unwrap::is_below};

/// Names that others borrow: whose a host may pretend to be.
///
/// A name is the first label of a domain, as `paypal` of `paypal.com`. Names are compared as they look: digits are the
/// letters that they stand for, `rn` is `m`, and letters of other scripts are what UTS 39 calls confusable with them.
#[derive(Debug, Clone, Default)]
pub struct Names {
    names: Vec<Name>,
    /// By how they look.
    by_look: HashMap<Box<[u8]>, usize>,
    /// Long names by their first three letters and by their last four: one of both is left where one letter is wrong.
    by_head: HashMap<[u8; 3], Vec<usize>>,
    by_tail: HashMap<[u8; 4], Vec<usize>>,
    /// Domains that belong to one of the names, and the domain by which each owner is known.
    owned: HashMap<Box<str>, Box<str>>,
}

#[derive(Debug, Clone)]
struct Name {
    domain: Box<str>,
    /// The domain by which its owner is known.
    shown: Box<str>,
    label: Box<str>,
    look: Box<[u8]>,
}

/// A text that holds no domain where one has to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no domain that can be protected: write it as corp.example")]
pub struct BadName(pub String);

/// Whose a host can be taken for, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Likeness<'a> {
    /// The domain that it can be taken for.
    pub of: &'a str,
    /// The domain that it is.
    pub domain: &'a str,
    /// Why.
    pub how: How<'a>,
}

/// Why a host can be taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How<'a> {
    /// It looks the same, or almost.
    Looks,
    /// One letter differs, is missing, is too much or has changed places.
    OneLetter,
    /// The other domain stands whole in front of its own.
    InFront,
    /// The other name stands in it beside this word, which asks for trust.
    Beside(&'a str),
}

/// Letters of a name from which on one wrong letter is a likeness and no other word.
const LONG: usize = 8;
/// Letters of a name from which on it is looked for inside a label.
const SHORTEST: usize = 3;

/// Letters of the other domains of an owner from which on they are names too.
const OTHER: usize = 6;

/// Words that ask for trust; sorted.
const LURES: &[&str] = &[
    "account",
    "accounts",
    "auth",
    "authenticate",
    "authentication",
    "billing",
    "com",
    "confirm",
    "confirmation",
    "helpdesk",
    "identity",
    "invoice",
    "kyc",
    "limited",
    "locked",
    "login",
    "logon",
    "password",
    "payment",
    "recover",
    "recovery",
    "refund",
    "reset",
    "restore",
    "restricted",
    "secure",
    "secured",
    "security",
    "signin",
    "sso",
    "suspended",
    "unlock",
    "unlocked",
    "update",
    "validate",
    "validation",
    "verification",
    "verified",
    "verify",
    "webmail",
];

/// Content networks and gateways: they serve the owners of names under hosts that hold the whole name.
const FRONTS: &[&str] = &[
    "akadns.net",
    "akamai.net",
    "akamaiedge.net",
    "akamaized.net",
    "cloudflare.net",
    "edgekey.net",
    "edgesuite.net",
    "fastly.net",
    "mcas-gov.ms",
    "mcas.ms",
    "translate.goog",
];

const BUILTIN: &str = include_str!("../../data/protected_names.txt");

impl Names {
    /// The names that are built in.
    #[expect(clippy::expect_used, reason = "the text is part of the program, and a test parses it")]
    pub fn builtin() -> Self {
        Self::parse(BUILTIN).expect("the built-in names are sound")
    }

    /// Reads a list: one owner a line, the domain that is shown and then its other domains, `#` before a comment.
    ///
    /// # Errors
    /// [`BadName`], with what is no domain.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let mut names = Self::default();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut domains = line.split_whitespace();
            let Some(first) = domains.next() else { continue };
            names.protect(first)?;
            for domain in domains {
                names.add(&plain(domain)?, first, OTHER);
            }
        }
        Ok(names)
    }

    /// Adds a domain with the name that is its first label.
    ///
    /// # Errors
    /// [`BadName`], if it is no domain.
    pub fn protect(&mut self, domain: &str) -> Result<(), BadName> {
        let domain = plain(domain)?;
        self.add(&domain, &domain, 1);
        Ok(())
    }

    /// Adds a domain whose owner is known as `shown`; its label counts as a name from so many letters on.
    fn add(&mut self, domain: &str, shown: &str, shortest: usize) {
        self.owned.entry(domain.into()).or_insert_with(|| shown.into());
        let label = domain.split('.').next().unwrap_or_default();
        let look = Look::of(label);
        let look = look.letters();
        if look.len() < shortest || self.by_look.contains_key(look) {
            return;
        }
        let at = self.names.len();
        if look.len() >= LONG && domain == shown {
            if let Some(head) = look.first_chunk() {
                self.by_head.entry(*head).or_default().push(at);
            }
            if let Some(tail) = look.last_chunk() {
                self.by_tail.entry(*tail).or_default().push(at);
            }
        }
        self.by_look.insert(look.into(), at);
        self.names.push(Name { domain: domain.into(), shown: shown.into(), label: label.into(), look: look.into() });
    }

    /// Who owns a registrable domain: the domain by which they are known.
    pub fn owner(&self, domain: &str) -> Option<&str> {
        self.owned.get(domain).map(|shown| &**shown)
    }

    /// Whose name a word is, letter by letter: the domain by which they are known. In lower case, as labels are.
    pub fn named_as(&self, word: &str) -> Option<&str> {
        self.named(word).filter(|name| *name.label == *word).map(|name| &*name.shown)
    }

    /// Whose the host of `url` can be taken for, if it is not their own.
    pub fn likeness<'a>(&'a self, url: &'a WebUrl, suffixes: &Suffixes) -> Option<Likeness<'a>> {
        let host = url.host_str();
        let host = host.strip_suffix('.').unwrap_or(host);
        if url.is_address() || !self.has_candidate(host) || FRONTS.iter().any(|front| is_below(host, front)) {
            return None;
        }
        let domain = suffixes.registrable_domain(host)?;
        if self.owned.contains_key(domain) {
            return None;
        }
        let front = host.strip_suffix(domain)?;
        let own = domain.split('.').next()?;
        // The same name under another suffix may be its owner's too.
        if self.named(own).is_some_and(|name| *name.label == *own) {
            return None;
        }
        let (name, how) = self
            .of_label(own)
            .or_else(|| self.in_front(front))
            .or_else(|| self.beside(front, own))
            .or_else(|| self.one_letter(own))?;
        Some(Likeness { of: &name.shown, domain, how })
    }

    /// Whether any part of `host` looks like a name. Almost no host has one, and then nothing else is looked at.
    fn has_candidate(&self, host: &str) -> bool {
        host.split('.').any(|label| {
            let look = Look::of(label);
            let look = look.letters();
            let is_named = |part: &[u8]| self.by_look.contains_key(part);
            let in_parts = || look.contains(&b'-') && look.split(|letter| *letter == b'-').any(is_named);
            is_named(look) || in_parts() || self.nearly(look).is_some()
        })
    }

    /// A domain whose label looks the same and is another.
    fn of_label(&self, own: &str) -> Option<(&Name, How<'static>)> {
        let name = self.named(own)?;
        (name.look.len() > SHORTEST).then_some((name, How::Looks))
    }

    /// The whole domain of another in front of one's own: `paypal.com.evil.example`.
    fn in_front(&self, front: &str) -> Option<(&Name, How<'static>)> {
        let labels = front.split_terminator('.');
        let mut named = labels.filter_map(|label| self.named(label));
        let stands = |name: &&Name| {
            front.match_indices(&*name.domain).any(|(at, _)| {
                let before = front.get(..at).is_some_and(|before| before.is_empty() || before.ends_with('.'));
                before && front.get(at + name.domain.len()..).is_some_and(|behind| behind.starts_with('.'))
            })
        };
        named.find(stands).map(|name| (name, How::InFront))
    }

    /// A name as one part of a label, and beside it a word that asks for trust; or a name that is spelt in digits.
    fn beside<'a>(&'a self, front: &'a str, own: &'a str) -> Option<(&'a Name, How<'a>)> {
        let parts = || front.split_terminator('.').chain([own]).flat_map(|label| label.split('-'));
        let lure = || parts().find(|part| LURES.binary_search(part).is_ok());
        parts().filter(|part| *part != own).find_map(|part| {
            let name = self.named(part)?;
            if name.look.len() >= LONG - 2 && *name.label != *part && is_spelt_in_digits(part) {
                return Some((name, How::Looks));
            }
            (name.look.len() >= SHORTEST).then_some((name, How::Beside(lure()?)))
        })
    }

    /// A long name with one letter wrong.
    fn one_letter(&self, own: &str) -> Option<(&Name, How<'static>)> {
        let look = Look::of(own);
        let name = self.nearly(look.letters())?;
        Some((name, How::OneLetter))
    }

    fn named(&self, part: &str) -> Option<&Name> {
        self.names.get(*self.by_look.get(Look::of(part).letters())?)
    }

    /// A long name from which `look` differs by one letter.
    fn nearly(&self, look: &[u8]) -> Option<&Name> {
        if look.len() + 1 < LONG {
            return None;
        }
        let head = look.first_chunk().and_then(|head| self.by_head.get(head));
        let tail = look.last_chunk().and_then(|tail| self.by_tail.get(tail));
        let near = [head, tail].into_iter().flatten().flatten().filter_map(|at| self.names.get(*at));
        near.into_iter().find(|name| is_one_off(&name.look, look))
    }
}

fn is_spelt_in_digits(part: &str) -> bool {
    !part.starts_with("xn--") && part.bytes().any(|byte| byte.is_ascii_digit())
}

/// A domain in lower case and A-labels.
fn plain(domain: &str) -> Result<String, BadName> {
    let bad = || BadName(domain.to_owned());
    let url = super::parse(&format!("http://{domain}/")).map_err(|_| bad())?;
    let host = url.host_str();
    let whole = url.as_str().len() == "http:///".len() + host.len() && !domain.contains(['/', ':', '*']);
    (whole && !url.is_address() && host.trim_matches('.').contains('.'))
        .then(|| host.trim_end_matches('.').to_owned())
        .ok_or_else(bad)
}

/// How a label looks, in letters; empty where it cannot look like a name.
struct Look {
    letters: [u8; LABEL],
    length: usize,
}

/// No longer label can be resolved (RFC 1035 section 2.3.4).
const LABEL: usize = 63;

impl Look {
    fn of(label: &str) -> Self {
        let mut look = Self { letters: [0; LABEL], length: 0 };
        if label.len() > LABEL {
            return look;
        }
        if !label.starts_with("xn--") {
            label.bytes().for_each(|byte| look.push(byte));
            return look;
        }
        // Marks above and below letters are overlooked.
        let unicode = super::host::unicode(label);
        let seen = skeleton(&unicode).filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).flat_map(char::to_lowercase);
        for letter in seen {
            match u8::try_from(letter) {
                Ok(letter) if letter.is_ascii() => look.push(letter),
                _ => return Self { length: 0, ..look },
            }
        }
        look
    }

    fn push(&mut self, letter: u8) {
        let letter = LETTERS[usize::from(letter)];
        let joined = match letter {
            b'n' => Some((b'r', b'm')),
            b'v' => Some((b'v', b'w')),
            _ => None,
        };
        let before = joined.and_then(|_| self.letters.get_mut(self.length.checked_sub(1)?));
        if let (Some((first, both)), Some(before)) = (joined, before)
            && *before == first
        {
            *before = both;
        } else if let Some(place) = self.letters.get_mut(self.length) {
            *place = letter;
            self.length += 1;
        }
    }

    fn letters(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }
}

/// The letter as which each byte is seen.
const LETTERS: [u8; 256] = {
    let mut letters = [0; 256];
    let mut byte = 0;
    while byte < letters.len() {
        letters[byte] = match byte as u8 {
            b'0' => b'o',
            b'1' | b'i' => b'l',
            b'3' => b'e',
            b'4' => b'a',
            b'5' => b's',
            b'7' => b't',
            b'8' => b'b',
            other => other.to_ascii_lowercase(),
        };
        byte += 1;
    }
    letters
};

/// Whether one letter was put in, left out, replaced, or has changed places with its neighbour.
fn is_one_off(one: &[u8], other: &[u8]) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let same = short.iter().zip(long).take_while(|(one, other)| one == other).count();
    let (short, long) = (short.get(same..).unwrap_or_default(), long.get(same..).unwrap_or_default());
    match (short, long) {
        ([], []) => false,
        ([a, b, short @ ..], [c, d, long @ ..]) if (a, b) == (d, c) && short == long => true,
        ([_, short @ ..], [_, long @ ..]) if short.len() == long.len() => short == long,
        (short, [_, long @ ..]) => short == long,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
