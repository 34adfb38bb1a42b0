//! Words that hurry people, or promise what waits behind a password.

use super::View;
use crate::look::{Check, check::Seen, page::Secret, quote::quoted, text};

/// Words of a whole manual are no page that asks for something at once.
const LONGEST: usize = 6000;

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    if !view.asks_secret() || view.seen.len() > LONGEST {
        return;
    }
    let words = &view.around.lore.words;
    let texts = [&view.seen, &view.title, &view.headings];
    let of = |list: &[String]| texts.into_iter().find_map(|text| text::first_of(text, list).map(quoted));
    if let Some(word) = of(&words.threatens) {
        seen.mark(Check::Threatens, format!("it says {word} and asks for {}", view.secret_in_words()));
    }
    if let Some(word) = of(&words.lures) {
        seen.mark(Check::Lures, format!("it promises something that waits behind the password ({word})"));
    }
    if let Some(word) = of(&words.mail_alarm).filter(|_| view.asks(Secret::Password)) {
        seen.mark(Check::MailAlarm, format!("it says {word} and asks for a password"));
    }
}
