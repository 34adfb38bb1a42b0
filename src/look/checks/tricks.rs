//! Habits of kits around a form that asks for a secret.

use super::View;
use crate::look::{Check, check::Seen, quote::quoted, text};

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    salted(view, seen);
    if !view.asks_secret() {
        return;
    }
    dead_links(view, seen);
    let script = &view.script;
    let reads_link = ["location.hash", "window.location.search", "urlsearchparams", "location.href.split"]
        .iter()
        .any(|way| script.contains(way));
    let takes_address = ["atob(", "'@'", "\"@\"", "@", "email"].iter().any(|sign| script.contains(sign))
        && script.contains("@")
        || script.contains("location.hash.substr") && script.contains("email");
    if reads_link && takes_address && ["email", "e-mail", "user", "mail"].iter().any(|word| script.contains(word)) {
        seen.mark(Check::KnowsVictim, "a script takes a mail address out of the link and fills it in");
    }
    let context =
        script.contains("contextmenu") && (script.contains("preventdefault") || script.contains("return false"));
    let keys = ["keycode == 123", "keycode==123", "keycode === 123", "keycode===123", "'f12'", "\"f12\""]
        .iter()
        .any(|key| script.contains(key));
    let stops = script.contains("debugger") && (script.contains("setinterval") || script.contains("settimeout"));
    if keys || stops || context && script.contains("ctrlkey") {
        seen.mark(
            Check::FendsOff,
            "a script keeps people from its source: it stops the keys for the developer tools or the context menu",
        );
    }
}

/// Links that lead nowhere.
fn dead_links(view: &View<'_>, seen: &mut Seen<'_>) {
    const FEWEST: usize = 4;
    let all = view.page.anchors.len();
    let is_dead = |href: &str| {
        let href = href.trim();
        href.is_empty() || href == "#" || href.starts_with("#!") || href.to_ascii_lowercase().starts_with("javascript:")
    };
    let dead = view.page.anchors.iter().filter(|anchor| is_dead(&anchor.href)).count();
    if all >= FEWEST && dead * 10 >= all * 8 {
        seen.mark(Check::DeadLinks, format!("{dead} of its {all} links lead nowhere"));
    }
}

/// Words for filters alone.
fn salted(view: &View<'_>, seen: &mut Seen<'_>) {
    let Some(word) = &view.salted else { return };
    let words = &view.around.lore.words;
    let (folded, _) = text::fold_telling(word);
    let named = !view.around.lore.brands.named_in(&folded, view.around.names).is_empty();
    let common = [
        "sign",
        "login",
        "log",
        "account",
        "email",
        "mail",
        "verify",
        "bank",
        "secure",
        "security",
        "microsoft",
        "office",
    ];
    if named || text::first_of(&folded, &words.password).is_some() || common.iter().any(|word| folded == *word) {
        seen.mark(
            Check::SaltedWords,
            format!("{} is written with letters of other scripts or with something invisible in it", quoted(&folded)),
        );
    }
}
