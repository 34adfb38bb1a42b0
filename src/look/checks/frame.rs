//! Windows that are pictures of windows, and pages behind and in front of others.

use super::View;
use crate::look::{Check, check::Seen, quote::shown};

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    drawn_window(view, seen);
    let foreign = view.page.frames.iter().filter_map(|frame| {
        let url = view.page.resolve(&frame.src, view.url())?;
        (!view.is_same_site(url.host_str())).then_some((frame, url))
    });
    for (frame, url) in foreign {
        if !frame.style.fills {
            continue;
        }
        let host = shown(url.host_str(), 80);
        if view.asks_secret() {
            seen.mark(
                Check::CoversPage,
                format!("a form that asks for {} lies over a page of {host}", view.secret_in_words()),
            );
        } else if view.seen.len() < 400 {
            seen.mark(Check::FramedWhole, format!("the page is one frame with a page of {host}"));
        }
    }
    if view.asks_secret() && view.page.style.floats && view.page.style.fills {
        let picture = view.page.images.iter().chain([]).find(|image| {
            let name = image.src.to_ascii_lowercase();
            ["screenshot", "backdrop", "background", "thum.io", "screenshotapi", "urlbox", "mshots", "microlink"]
                .iter()
                .any(|word| name.contains(word))
        });
        let style =
            view.page.assets.iter().find(|asset| {
                ["thum.io", "screenshotapi", "mshots", "microlink"].iter().any(|word| asset.contains(word))
            });
        if picture.is_some() || style.is_some() {
            seen.mark(
                Check::CoversPage,
                format!("a form that asks for {} lies over a picture of another page", view.secret_in_words()),
            );
        }
    }
}

/// An address of a brand as text, with a form or a frame below it.
fn drawn_window(view: &View<'_>, seen: &mut Seen<'_>) {
    if !view.asks_secret() && view.page.frames.is_empty() {
        return;
    }
    for drawn in &view.page.drawn {
        let text = if drawn.contains("://") { drawn.clone() } else { format!("https://{drawn}") };
        let Ok(url) = crate::url::parse(&text) else { continue };
        let host = url.host_str();
        let Some(owner) = view.owner(host).filter(|_| !view.is_same_site(host)) else { continue };
        let signs =
            ["/login", "/signin", "/oauth", "/auth", "/account", "/o/", "accounts.", "login.", "signin.", "auth."];
        if signs.iter().any(|sign| url.as_str().contains(sign)) || view.page.style.floats || has_buttons(view) {
            seen.mark(
                Check::FakeWindow,
                format!("it draws a window of a browser that shows {}, an address of {owner}", shown(host, 80)),
            );
            return;
        }
    }
}

/// The signs in the corner of a window.
fn has_buttons(view: &View<'_>) -> bool {
    let lines = view.page.text.lines().map(str::trim);
    lines
        .filter(|line| matches!(*line, "✕" | "×" | "✖" | "—" | "–" | "─" | "□" | "☐" | "◻" | "▢" | "🗕" | "🗖" | "🗙"))
        .take(2)
        .count()
        == 2
}
