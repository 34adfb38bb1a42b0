use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
};

use publicsuffix::{List, Psl, Type};

/// The public suffix list: under which domains strangers register theirs.
///
/// Hosts are taken as they come: A-labels or U-labels, any ASCII case, one dot at the end or none. Parsing the list
/// costs some tens of milliseconds and megabytes: do it once and share it behind an `Arc`.
pub struct Suffixes {
    list: List,
    /// Names of two labels, and of one with a wildcard, at which the list goes deeper than top-level domains do.
    deep: foldhash::HashSet<Box<str>>,
}

/// A text that is no public suffix list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSuffixList {
    /// A section that is not there whole: the file is something else or was cut off.
    #[error("the public suffix list has no line `// ==={0}===`: get a whole copy of public_suffix_list.dat")]
    NoMarker(&'static str),
    /// Sections without a single rule.
    #[error("the public suffix list holds no rules: get a whole copy of public_suffix_list.dat")]
    NoRules,
    /// A rule that cannot be one.
    #[error("the public suffix list holds a bad rule: {0}; mend or remove it")]
    BadRule(String),
}

const BUILTIN: &str = include_str!("../../data/public_suffix_list.dat");

impl Suffixes {
    /// The list that is built in.
    #[expect(clippy::expect_used, reason = "the text is part of the program, and a test parses it")]
    pub fn builtin() -> Self {
        Self::parse(BUILTIN).expect("the built-in public suffix list is sound")
    }

    /// Parses a list in the format of <https://publicsuffix.org/list/>.
    ///
    /// # Errors
    /// [`BadSuffixList`], if a section is missing or cut off, or a rule is bad: a list with half its rules would call
    /// strangers one domain.
    pub fn parse(text: &str) -> Result<Self, BadSuffixList> {
        for marker in ["BEGIN ICANN DOMAINS", "END ICANN DOMAINS", "BEGIN PRIVATE DOMAINS", "END PRIVATE DOMAINS"] {
            if !text.contains(marker) {
                return Err(BadSuffixList::NoMarker(marker));
            }
        }
        let list = (text.to_owned() + &hidden_rules(text)).parse().map_err(|error| match error {
            publicsuffix::Error::InvalidList => BadSuffixList::NoRules,
            error => BadSuffixList::BadRule(error.to_string()),
        })?;
        let deep = rules(text).filter_map(|(_, rule)| outermost(rule)).map(Into::into).collect();
        Ok(Self { list, deep })
    }

    /// The domain that somebody registered: the public suffix and one label more. `None` for a public suffix, an
    /// address, and what is no host. A name under an unknown top-level domain has its last two labels.
    pub fn registrable_domain<'a>(&self, host: &'a str) -> Option<&'a str> {
        self.last_two(host).or_else(|| self.by_the_list(host))
    }

    /// The last two labels, where no rule of the list has to be looked for: a name in plain letters under a top-level
    /// domain, with no suffix of two labels or more near it. Most hosts are such, and every click asks for one.
    fn last_two<'a>(&self, host: &'a str) -> Option<&'a str> {
        let (mut dots, mut before) = ([usize::MAX; 2], b'.');
        for (at, byte) in host.bytes().enumerate() {
            match byte {
                b'.' if before != b'.' => dots = [dots[1], at],
                b'a'..=b'z' | b'0'..=b'9' | b'-' => {}
                _ => return None,
            }
            before = byte;
        }
        let [second, first] = dots;
        let top = host.get(first.wrapping_add(1)..).filter(|_| first < host.len())?;
        let two = host.get(second.wrapping_add(1)..)?;
        // The list knows labels in other letters, not their A-labels alone.
        let is_plain = top.starts_with(|first: char| first.is_ascii_lowercase()) && !two.contains("xn--");
        (is_plain && !self.deep.contains(top) && !self.deep.contains(two)).then_some(two)
    }

    fn by_the_list<'a>(&self, host: &'a str) -> Option<&'a str> {
        let name = name(host)?;
        let suffix = self.list.suffix(lower(name).as_bytes())?.as_bytes().len();
        let rest = name.get(..name.len().checked_sub(suffix + 1)?)?;
        name.get(rest.rfind('.').map_or(0, |dot| dot + 1)..)
    }

    /// Whether strangers register their domains directly under this host: by an ICANN or a private rule, or as a
    /// top-level domain that the list does not know.
    pub fn is_public_suffix(&self, host: &str) -> bool {
        let Some(name) = name(host) else { return false };
        self.list.suffix(lower(name).as_bytes()).is_some_and(|suffix| suffix.as_bytes().len() == name.len())
    }

    /// Whether the host lies under a suffix of the private section: somebody's who lets others put their pages there.
    pub fn is_shared(&self, host: &str) -> bool {
        let suffix = name(host).map(lower);
        suffix.is_some_and(|name| {
            self.list.suffix(name.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(Type::Private))
        })
    }

    /// Whether the host ends in a suffix of the ICANN section: what auto-linkers take for a host without a scheme.
    /// Costs a few hash look-ups, and nothing else for a host in lower case.
    pub fn is_known(&self, host: &str) -> bool {
        let Some(name) = name(host) else { return false };
        let name = lower(name);
        let icann = |labels| self.list.find(name.as_bytes().rsplit(|byte| *byte == b'.').take(labels)).typ;
        match icann(usize::MAX) {
            Some(Type::Icann) => true,
            // A private rule won; what it stands under counts.
            Some(Type::Private) => icann(1) == Some(Type::Icann) || icann(2) == Some(Type::Icann),
            None => false,
        }
    }
}

impl fmt::Debug for Suffixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Suffixes")
    }
}

const SECTIONS: [&str; 2] = ["BEGIN ICANN DOMAINS", "BEGIN PRIVATE DOMAINS"];

/// The rules of a list, each with its section.
fn rules(text: &str) -> impl Iterator<Item = (&'static str, &str)> {
    let mut section = None;
    text.lines().filter_map(move |line| {
        section = SECTIONS.into_iter().find(|marker| line.contains(marker)).or(section);
        let rule = line.split_whitespace().next().filter(|rule| !rule.starts_with("//"))?;
        Some((section?, rule))
    })
}

/// Rules to write out for the crate, as more lines of a list.
///
/// Its tree does not go back to a wildcard where it has a branch: with `*.a.test` and `*.b.a.test` it would miss that
/// `b.a.test` is a suffix too, by the first.
fn hidden_rules(text: &str) -> String {
    let written = rules(text).map(|(_, rule)| rule.trim_start_matches('!')).collect::<HashSet<_>>();
    let wild =
        rules(text).filter_map(|(section, rule)| Some((rule.strip_prefix("*.")?, section))).collect::<HashMap<_, _>>();
    let mut lines = String::new();
    for rule in &written {
        for (dot, _) in rule.match_indices('.') {
            let branch = &rule[dot + 1..];
            let section = branch.split_once('.').and_then(|(_, parent)| wild.get(parent));
            if let Some(section) = section.filter(|_| !written.contains(branch)) {
                lines.extend(["\n// ", section, "\n", branch]);
            }
        }
    }
    lines
}

/// The name of at most two labels at which a rule begins to go deeper than a top-level domain: `co.uk` for `co.uk` and for
/// `x.co.uk`, `ck` for `*.ck` and `!www.ck`. `None` for a rule of one label.
fn outermost(rule: &str) -> Option<&str> {
    let rule = rule.trim_start_matches('!');
    if let Some(under) = rule.strip_prefix("*.").filter(|under| !under.contains('.')) {
        return Some(under);
    }
    let (above, _) = rule.rmatch_indices('.').next()?;
    let second = rule[..above].rfind('.').map_or(0, |dot| dot + 1);
    rule.get(second..)
}

/// The host without its trailing dot, if it can be a domain name: no empty label, no address. What ends in a number is
/// an address or nothing (WHATWG URL, "ends in a number").
fn name(host: &str) -> Option<&str> {
    let name = host.strip_suffix('.').unwrap_or(host);
    // One pass: long lists ask for millions of names.
    let (mut before, mut label) = (b'.', 0);
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b':' | b'[' | b'/' => return None,
            b'.' if before == b'.' => return None,
            b'.' => label = at + 1,
            _ => {}
        }
        before = byte;
    }
    let last = name.get(label..).filter(|last| !last.is_empty())?;
    let is_number = match last.strip_prefix("0x").or_else(|| last.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    };
    (!is_number).then_some(name)
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests;
