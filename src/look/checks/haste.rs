//! Words that hurry people, or promise what waits behind a password.

use super::View;
use crate::look::{Check, check::Seen, quote::quoted, text};

/// Words of a whole manual are no page that asks for something at once.
const LONGEST: usize = 6000;

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    if !view.asks_secret() || view.seen.len() > LONGEST {
        return;
    }
    let words = &view.around.lore.words;
    let says = |words: &'static str| words;
    let of = |list: &[String]| {
        [&view.seen, &view.title, &view.headings]
            .into_iter()
            .find_map(|text| text::first_of(text, list).map(str::to_owned))
    };
    if let Some(word) = of(&words.threatens) {
        seen.mark(
            Check::Threatens,
            format!("it {} {} and asks for {}", says("says"), quoted(&word), view.secret_in_words()),
        );
    }
    if let Some(word) = of(&words.lures) {
        seen.mark(Check::Lures, format!("it promises something that waits behind the password ({})", quoted(&word)));
    }
}
