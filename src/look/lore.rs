//! What is known about pages in general, from data files.

use foldhash::HashMap;
use serde::Deserialize;

use super::{Weights, brands::Brands};

/// A data file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the data about pages cannot be used: {0}")]
pub struct BadLore(pub String);

/// Weights, brands, icons and words. Reading it takes some milliseconds: do it once and share it.
#[derive(Debug, Clone)]
pub struct Lore {
    pub(super) weights: Weights,
    pub(super) brands: Brands,
    /// Whose an icon is, by its SHA-256.
    icons: HashMap<[u8; 32], String>,
    pub(super) words: Words,
}

/// `data/page_words.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) password: Vec<String>,
    pub(super) card: Vec<String>,
    pub(super) card_code: Vec<String>,
    pub(super) card_pin: Vec<String>,
    pub(super) one_time: Vec<String>,
    pub(super) seed: Vec<String>,
    pub(super) identity: Vec<String>,
    pub(super) threatens: Vec<String>,
    pub(super) lures: Vec<String>,
    pub(super) mail_alarm: Vec<String>,
    pub(super) providers: Vec<String>,
    pub(super) prompt: Vec<String>,
    pub(super) paste: Vec<String>,
    pub(super) pretext: Vec<String>,
    pub(super) alarm: Vec<String>,
    pub(super) call: Vec<String>,
    pub(super) challenge: Vec<String>,
    pub(super) challenge_marks: Vec<String>,
    pub(super) collectors: Vec<String>,
    pub(super) messengers: Vec<String>,
    pub(super) shared: Vec<String>,
}

impl Lore {
    /// What is built in.
    #[expect(clippy::expect_used, reason = "the files are part of the program, and a test reads them")]
    pub fn builtin() -> Self {
        Self::parse(
            include_str!("../../data/page_weights.toml"),
            include_str!("../../data/page_brands.txt"),
            include_str!("../../data/page_icons.txt"),
            include_str!("../../data/page_words.toml"),
        )
        .expect("the built-in data about pages is sound")
    }

    /// Reads the four files: weights, brands, icons, words.
    ///
    /// # Errors
    /// [`BadLore`], with what is wrong and in which line.
    pub fn parse(weights: &str, brands: &str, icons: &str, words: &str) -> Result<Self, BadLore> {
        let words = toml::from_str(words).map_err(|error| BadLore(error.to_string()))?;
        Ok(Self { weights: Weights::parse(weights)?, brands: Brands::parse(brands)?, icons: read_icons(icons)?, words })
    }

    /// What each check weighs.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Whose an icon is, bit by bit: the owner's domain.
    pub fn icon(&self, sha256: &[u8; 32]) -> Option<&str> {
        self.icons.get(sha256).map(String::as_str)
    }
}

fn read_icons(text: &str) -> Result<HashMap<[u8; 32], String>, BadLore> {
    let mut icons = HashMap::default();
    for (line, entry) in super::text::entries(text) {
        let bad = || BadLore(format!("line {line} of the icons is no SHA-256 and a domain: {entry:?}"));
        let (hash, domain) = entry.split_once(char::is_whitespace).ok_or_else(bad)?;
        icons.insert(sha256(hash).ok_or_else(bad)?, domain.trim().to_owned());
    }
    Ok(icons)
}

fn sha256(digits: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_files_are_sound() {
        let lore = Lore::builtin();
        assert!(lore.brands.len() > 60 && lore.icons.is_empty());
    }

    #[test]
    fn icons_are_hashes_and_domains() {
        let icons = read_icons(&format!("# x\n\n{} bank.example\n", "0a".repeat(32))).unwrap();
        assert_eq!(icons.get(&[10; 32]).map(String::as_str), Some("bank.example"));
        for bad in
            ["0a bank.example", &"0a".repeat(32), &format!("{} a", "é".repeat(32)), &format!("{} a", "+a".repeat(32))]
        {
            assert!(read_icons(bad).unwrap_err().0.contains("line 1"), "{bad}");
        }
    }
}
