//! Whose pages are copied, and by which words pages name them.

use super::{BadLore, text};
use crate::url::{Names, Suffixes};

/// An organisation whose pages are copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// Its domains; by the first it is known.
    pub domains: Vec<String>,
    /// Words by which pages name it, as they are folded, and whether a word says little by itself.
    words: Vec<(String, bool)>,
}

/// A brand that a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named<'a> {
    /// The domain by which it is known.
    pub(super) domain: &'a str,
    /// The word that names it.
    pub(super) word: &'a str,
    /// Whether it is a common word, or that of software which people run themselves.
    pub(super) is_weak: bool,
    brand: Option<&'a Brand>,
}

/// All that are known.
#[derive(Debug, Clone)]
pub(super) struct Brands(Vec<Brand>);

impl Brands {
    pub(super) fn parse(text: &str) -> Result<Self, BadLore> {
        let mut brands = Vec::new();
        for (line, entry) in text::entries(text) {
            let bad = || BadLore(format!("line {line} of the brands has no domains and words: {entry:?}"));
            let (domains, words) = entry.split_once('|').ok_or_else(bad)?;
            let domains: Vec<String> = domains.split_whitespace().map(str::to_ascii_lowercase).collect();
            let word = |word: &str| match word.trim().strip_prefix('~') {
                Some(weak) => (text::fold(weak), true),
                None => (text::fold(word.trim()), false),
            };
            let words: Vec<_> = words.split('|').map(word).collect();
            if domains.is_empty()
                || domains.iter().any(|domain| !domain.contains('.'))
                || words.iter().any(|(word, _)| word.is_empty())
            {
                return Err(bad());
            }
            brands.push(Brand { domains, words });
        }
        Ok(Self(brands))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Every brand that a folded text names, each once, by its strongest word.
    pub(super) fn named_in<'a>(&'a self, folded: &'a str, names: &'a Names) -> Vec<Named<'a>> {
        let mut found: Vec<Named<'a>> = Vec::new();
        for brand in &self.0 {
            let words = || brand.words.iter().filter(|(word, _)| text::has_word_alone(folded, word));
            let word = words().find(|(_, weak)| !weak).or_else(|| words().next());
            if let (Some((word, is_weak)), Some(domain)) = (word, brand.domains.first()) {
                found.push(Named { domain, word, is_weak: *is_weak, brand: Some(brand) });
            }
        }
        // The tenant's own names are in no file; a built-in one without words of its own is a word at least.
        for word in folded.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| word.len() >= SHORTEST) {
            let Some(domain) = names.named_as(word) else { continue };
            let known = self.of_domain(domain).is_some();
            if !known && found.iter().all(|named| named.domain != domain) && found.len() < MOST {
                found.push(Named { domain, word, is_weak: word.len() < LONG, brand: None });
            }
        }
        found
    }

    fn of_domain(&self, domain: &str) -> Option<&Brand> {
        self.0.iter().find(|brand| brand.domains.iter().any(|own| own == domain))
    }

    /// The brand to which a host belongs: the domain by which it is known.
    pub(super) fn owner<'a>(&'a self, host: &str, names: &'a Names, suffixes: &Suffixes) -> Option<&'a str> {
        let domain = suffixes.registrable_domain(host)?;
        let below =
            |own: &String| host == own || host.strip_suffix(own.as_str()).is_some_and(|front| front.ends_with('.'));
        let of_file = self.0.iter().find(|brand| brand.domains.iter().any(below));
        let known = of_file.and_then(|brand| brand.domains.first()).map(String::as_str);
        known.or_else(|| {
            let shown = names.owner(domain)?;
            Some(self.of_domain(shown).and_then(|brand| brand.domains.first()).map_or(shown, String::as_str))
        })
    }
}

/// Letters of a label that is taken for a word, and from which on it is no common one.
const SHORTEST: usize = 4;
const LONG: usize = 8;
/// Most names that are found in one text beside those of the file.
const MOST: usize = 200;

impl Named<'_> {
    /// Whether a host belongs to it, or has its name under another suffix, which may be its owner's too.
    pub(super) fn owns(&self, host: &str, brands: &Brands, names: &Names, suffixes: &Suffixes) -> bool {
        if brands.owner(host, names, suffixes) == Some(self.domain) {
            return true;
        }
        let Some(label) = suffixes.registrable_domain(host).and_then(|domain| domain.split('.').next()) else {
            return false;
        };
        let is_its_label = |domain: &str| domain.split('.').next() == Some(label);
        match self.brand {
            Some(brand) => brand.domains.iter().any(|domain| is_its_label(domain)),
            None => is_its_label(self.domain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brands() -> Brands {
        Brands::parse("bank.example bank.test | Grand Bank | ~GB\npay.example | ペイ\n").unwrap()
    }

    #[test]
    fn a_brand_is_named_by_its_words() {
        let (brands, mut names) = (brands(), Names::default());
        names.protect("contoso.example").unwrap();
        let named = |text: &str| -> Vec<(String, bool)> {
            let text = text::fold(text);
            brands.named_in(&text, &names).iter().map(|named| (named.domain.to_owned(), named.is_weak)).collect()
        };
        assert_eq!(named("Welcome to GRAND BANK"), [("bank.example".to_owned(), false)]);
        assert_eq!(named("GB login"), [("bank.example".to_owned(), true)]);
        assert_eq!(named("rugby"), []);
        assert_eq!(named("ペイにログイン"), [("pay.example".to_owned(), false)]);
        assert_eq!(named("Contoso portal"), [("contoso.example".to_owned(), true)]);
    }

    #[test]
    fn its_hosts_are_its_own() {
        let (brands, suffixes) = (brands(), Suffixes::builtin());
        let mut names = Names::default();
        names.protect("contoso.example").unwrap();
        let owner = |host: &str| brands.owner(host, &names, &suffixes).map(str::to_owned);
        assert_eq!(owner("www.bank.test").as_deref(), Some("bank.example"));
        assert_eq!(owner("bank.example").as_deref(), Some("bank.example"));
        assert_eq!(owner("notbank.example"), None);
        assert_eq!(owner("sso.contoso.example").as_deref(), Some("contoso.example"));
        let text = text::fold("Grand Bank");
        let named = brands.named_in(&text, &names)[0];
        let owns = |host: &str| named.owns(host, &brands, &names, &suffixes);
        assert!(owns("bank.co.test") || owns("bank.test"));
        assert!(!owns("bank.evil.test") && !owns("evil.test"));
    }

    #[test]
    fn lines_without_words_are_told() {
        for bad in ["bank.example", "bank | Bank", "| Bank", "bank.example | "] {
            assert!(Brands::parse(bad).unwrap_err().0.contains("line 1"), "{bad}");
        }
    }
}
