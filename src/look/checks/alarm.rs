//! False alarms about one's computer, with a number to call.

use super::View;
use crate::look::{Check, check::Seen, quote::quoted, text};

/// Distinct alarms that one page gives before it counts as one.
const ALARMS: usize = 3;
/// Texts about such pages are longer than they are.
const LONGEST: usize = 5000;

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    let words = &view.around.lore.words;
    let text = format!(
        "{}\n{}\n{}",
        view.title,
        view.seen,
        view.script.get(..view.script.floor_char_boundary(20_000)).unwrap_or_default()
    );
    let traps = traps(view);
    let alarms = text::count_of(&text, &words.alarm);
    if view.seen.len() > LONGEST || alarms < ALARMS && !(alarms > 0 && traps >= 2) {
        return;
    }
    let (phone, call) = (phone(&view.seen), text::first_of(&view.seen, &words.call));
    // An alarm alone is a news item or a shop for virus scanners.
    if phone.is_none() && traps == 0 {
        return;
    }
    let first = text::first_of(&text, &words.alarm).unwrap_or_default();
    seen.mark(Check::Alarm, format!("it raises an alarm about this computer ({})", quoted(first)));
    if let (Some(phone), Some(call)) = (phone, call) {
        seen.mark(Check::AlarmCall, format!("it gives a number to call ({}, {})", quoted(call), quoted(&phone)));
    }
    if traps > 0 {
        seen.mark(Check::PageTrap, "it sounds by itself, fills the screen or keeps people from leaving");
    }
}

/// Ways in which it holds people.
fn traps(view: &View<'_>) -> usize {
    let script = &view.script;
    let has = |ways: &[&str]| ways.iter().any(|way| script.contains(way));
    [
        has(&[
            "requestfullscreen",
            "webkitrequestfullscreen",
            "mozrequestfullscreen",
            "toggefullscreen",
            "togglefullscreen",
        ]),
        has(&["onbeforeunload", "'beforeunload'", "\"beforeunload\""]),
        has(&["keyboard.lock", "requestpointerlock"]),
        has(&["history.pushstate"]) && has(&["onpopstate", "'popstate'", "\"popstate\""]),
        view.page.plays || has(&[".play()", "speechsynthesis"]),
        has(&["while(true)", "while (true)", "for(;;)"]) && has(&["alert(", "confirm("]),
    ]
    .into_iter()
    .filter(|trap| *trap)
    .count()
}

/// The first run of characters that a person would dial.
fn phone(text: &str) -> Option<String> {
    let mut run = String::new();
    for c in text.chars().chain(['\n']) {
        match c {
            '0'..='9' | '+' | '-' | '(' | ')' | ' ' | '.' | '‑' | '–' => run.push(c),
            _ => {
                let digits = run.chars().filter(char::is_ascii_digit).count();
                let parted = run.trim().contains(['-', '(', ' ', '‑', '–', '.']) || run.trim().starts_with('+');
                if (9..=14).contains(&digits) && parted {
                    return Some(run.trim().to_owned());
                }
                run.clear();
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_to_dial_are_known() {
        for (text, number) in [
            ("call +1 (888) 555-0100 now", "+1 (888) 555-0100"),
            ("電話 03-5555-0100 まで", "03-5555-0100"),
            ("0800 555 01 00!", "0800 555 01 00"),
        ] {
            assert_eq!(phone(text).as_deref(), Some(number));
        }
        for text in ["error 0x80072ee7", "2026-11-24", "1234567890", "1.2.3"] {
            assert_eq!(phone(text), None, "{text}");
        }
    }
}
