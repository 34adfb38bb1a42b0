//! Pages that let only people through: what is behind them nobody knows (attack row 125).

use super::View;
use crate::look::text;

/// Bytes of text from which on a page has something to say for itself.
const LONG: usize = 1800;

/// Whether the page stands before another one.
///
/// The tools for it stand in many honest forms too; it is a challenge where there is hardly anything else, or where the
/// status says so.
pub(super) fn is_challenge(view: &View<'_>) -> bool {
    let words = &view.around.lore.words;
    let says = text::first_of(&view.title, &words.challenge)
        .or_else(|| text::first_of(&view.seen, &words.challenge))
        .is_some();
    let sources =
        || view.page.assets.iter().map(String::as_str).chain(view.page.frames.iter().map(|frame| frame.src.as_str()));
    let marks = |text: &str| words.challenge_marks.iter().any(|mark| text.contains(mark.as_str()));
    let marked =
        marks(&view.script) || sources().any(|source| marks(&source.to_ascii_lowercase())) || marks(&view.page.classes);
    let refused = matches!(view.body.status, 401 | 403 | 405 | 406 | 429 | 503);
    let is_short = view.seen.len() < LONG;
    let asks = view.page.fields().any(|(_, field)| !matches!(field.kind.as_str(), "checkbox" | "textarea"));
    match (marked, says) {
        (true, true) => is_short || refused,
        (true, false) => is_short && (refused || !asks && view.seen.len() < 600),
        (false, true) => is_short && refused,
        (false, false) => false,
    }
}
