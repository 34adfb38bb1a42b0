//! What a field asks for.

use super::Field;
use crate::look::{lore::Words, text};

/// What should be typed on few pages only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::look) enum Secret {
    Password,
    Card,
    CardCode,
    CardPin,
    OneTime,
    Seed,
    Identity,
}

/// Words of fields in which something is looked for.
const SEARCHES: [&str; 7] = ["search", "query", "suche", "recherche", "buscar", "検索", "搜索"];

impl Secret {
    /// What the field asks for, by its type and by the words of its names and around it.
    pub(in crate::look) fn of(field: &Field, words: &Words) -> Option<Self> {
        if matches!(
            field.kind.as_str(),
            "hidden"
                | "submit"
                | "button"
                | "checkbox"
                | "radio"
                | "image"
                | "reset"
                | "file"
                | "range"
                | "color"
                | "search"
        ) {
            return None;
        }
        let is_query = matches!(field.hints.trim(), "q" | "s");
        if is_query || SEARCHES.iter().any(|word| text::has_word_alone(&field.hints, word)) {
            return None;
        }
        let says = |words: &[String]| {
            text::first_of(&field.hints, words).is_some() || text::first_of(&field.before, words).is_some()
        };
        let filled = |names: &[&str]| names.iter().any(|name| field.autocomplete.split(' ').any(|word| word == *name));
        if says(&words.seed) {
            return Some(Self::Seed);
        }
        if filled(&["cc-number"]) || says(&words.card) {
            return Some(Self::Card);
        }
        if says(&words.card_pin) {
            return Some(Self::CardPin);
        }
        if filled(&["cc-csc"]) || says(&words.card_code) {
            return Some(Self::CardCode);
        }
        if filled(&["one-time-code"]) || says(&words.one_time) {
            return Some(Self::OneTime);
        }
        if field.kind == "password" || field.is_masked || filled(&["current-password"]) {
            return Some(Self::Password);
        }
        if says(&words.identity) {
            return Some(Self::Identity);
        }
        // A field for an address beside the word “password” is none for one.
        let is_plain = matches!(field.kind.as_str(), "text" | "tel" | "number");
        (is_plain && text::first_of(&field.hints, &words.password).is_some()).then_some(Self::Password)
    }

    pub(in crate::look) fn name(self) -> &'static str {
        match self {
            Self::Password => "a password",
            Self::Card => "the number of a card",
            Self::CardCode => "the security code of a card",
            Self::CardPin => "the PIN of a card",
            Self::OneTime => "a one-time code",
            Self::Seed => "the recovery words of a wallet",
            Self::Identity => "a personal identity number",
        }
    }
}
