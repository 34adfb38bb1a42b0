use std::{borrow::Cow, fmt};

use publicsuffix::{List, Psl, Type};

/// The public suffix list: under which domains strangers register theirs.
///
/// Hosts are taken as they come: A-labels or U-labels, any ASCII case, one dot at the end or none. Parsing the list
/// costs some tens of milliseconds and megabytes: do it once and share it behind an `Arc`.
pub struct Suffixes {
    list: List,
}

/// A text that is no public suffix list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSuffixList {
    /// A section that is not there whole: the file is something else or was cut off.
    #[error("the public suffix list has no line `// ==={0}===`: get a whole copy of public_suffix_list.dat")]
    NoMarker(&'static str),
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
        let list = text.parse().map_err(|error: publicsuffix::Error| BadSuffixList::BadRule(error.to_string()))?;
        Ok(Self { list })
    }

    /// The domain that somebody registered: the public suffix and one label more. `None` for a public suffix, an
    /// address, and what is no host. A name under an unknown top-level domain has its last two labels.
    pub fn registrable_domain<'a>(&self, host: &'a str) -> Option<&'a str> {
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

/// The host without its trailing dot, if it can be a domain name: no empty label, no address. What ends in a number is
/// an address or nothing (WHATWG URL, "ends in a number").
fn name(host: &str) -> Option<&str> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next()?;
    let number = match last.strip_prefix("0x").or_else(|| last.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    };
    let empty = name.starts_with('.') || last.is_empty() || name.contains("..");
    (!number && !empty && !name.contains([':', '[', '/'])).then_some(name)
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static BUILT_IN: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);

    const SMALL: &str = "// ===BEGIN ICANN DOMAINS===\ntest\n*.wild.test\n!not.wild.test\nテスト\n\
        // ===END ICANN DOMAINS===\n// ===BEGIN PRIVATE DOMAINS===\npages.test\n// ===END PRIVATE DOMAINS===\n";

    #[test]
    fn the_registrable_domain_is_the_suffix_and_one_label() {
        let list = Suffixes::parse(SMALL).unwrap();
        for (host, domain) in [
            ("test", None),
            ("shop.test", Some("shop.test")),
            ("www.shop.test", Some("shop.test")),
            ("www.shop.test.", Some("shop.test")),
            ("WWW.Shop.TEST", Some("Shop.TEST")),
            ("pages.test", None),
            ("a.pages.test", Some("a.pages.test")),
            ("b.a.pages.test", Some("a.pages.test")),
            ("x.wild.test", None),
            ("b.a.x.wild.test", Some("a.x.wild.test")),
            ("not.wild.test", Some("not.wild.test")),
            ("b.例.テスト", Some("例.テスト")),
            ("b.xn--fsq.xn--zckzah", Some("xn--fsq.xn--zckzah")),
            ("intranet", None),
            ("a.b.unlisted", Some("b.unlisted")),
        ] {
            assert_eq!(list.registrable_domain(host), domain, "{host}");
        }
    }

    #[test]
    fn what_is_no_name_has_no_domain() {
        let list = Suffixes::parse(SMALL).unwrap();
        for host in [
            "",
            ".",
            "..",
            ".test",
            ".a.test",
            "a..test",
            "a.test..",
            "127.0.0.1",
            "1.2.3",
            "9",
            "a.0x7f",
            "[::1]",
            "[2001:db8::1]",
            "a.test:80",
        ] {
            assert_eq!(list.registrable_domain(host), None, "{host}");
            assert!(!list.is_public_suffix(host), "{host}");
            assert!(!list.is_known(host), "{host}");
        }
    }

    #[test]
    fn a_public_suffix_is_one_of_either_section_or_an_unlisted_top_level() {
        let list = Suffixes::parse(SMALL).unwrap();
        for host in ["test", "TEST.", "pages.test", "x.wild.test", "unlisted", "xn--zckzah"] {
            assert!(list.is_public_suffix(host), "{host}");
        }
        for host in ["shop.test", "a.pages.test", "not.wild.test", "a.unlisted"] {
            assert!(!list.is_public_suffix(host), "{host}");
        }
    }

    #[test]
    fn a_host_is_known_by_the_icann_section_alone() {
        let list = Suffixes::parse(SMALL).unwrap();
        for host in ["shop.test", "SHOP.TEST", "a.pages.test", "a.x.wild.test", "not.wild.test", "例.テスト"] {
            assert!(list.is_known(host), "{host}");
        }
        for host in ["report.final", "intranet", "a.unlisted", "readme.md5"] {
            assert!(!list.is_known(host), "{host}");
        }
    }

    #[test]
    fn the_built_in_list_is_sound() {
        assert_eq!(BUILT_IN.registrable_domain("a.b.example.co.uk"), Some("example.co.uk"));
        assert_eq!(BUILT_IN.registrable_domain("a.b.github.io"), Some("b.github.io"));
        assert!(BUILT_IN.is_public_suffix("github.io"));
        assert!(BUILT_IN.is_known("b.github.io"));
        assert!(BUILT_IN.is_known("example.ck"), "known by a wildcard alone");
        assert!(!BUILT_IN.is_known("invoice.docx"));
    }

    #[test]
    fn half_a_list_is_refused_and_the_error_says_what_to_do() {
        let cut = SMALL.replace("// ===END PRIVATE DOMAINS===", "");
        let error = Suffixes::parse(&cut).unwrap_err();
        assert_eq!(error, BadSuffixList::NoMarker("END PRIVATE DOMAINS"));
        assert!(error.to_string().contains("get a whole copy"), "{error}");
        assert_eq!(Suffixes::parse("").unwrap_err(), BadSuffixList::NoMarker("BEGIN ICANN DOMAINS"));
        let error = Suffixes::parse(&SMALL.replace("pages.test", "pages..test")).unwrap_err();
        assert!(error.to_string().contains("pages..test"), "{error}");
    }
}
