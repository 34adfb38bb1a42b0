//! What a page asks for, and where it goes.

use super::View;
use crate::look::{
    Check,
    check::Seen,
    page::Secret,
    quote::{quoted, shown},
    text,
};

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    where_it_goes(view, seen);
    what_is_asked(view, seen);
    messenger(view, seen);
}

fn where_it_goes(view: &View<'_>, seen: &mut Seen<'_>) {
    for (at, form) in view.page.forms.iter().enumerate() {
        let asked: Vec<Secret> =
            view.secrets.iter().filter(|(_, form)| *form == at).map(|(secret, _)| *secret).collect();
        // A collector is one for whatever it is given together with an address of mail.
        let Some(secret) = asked.iter().find(|secret| **secret != Secret::Identity) else { continue };
        let secret = secret.name();
        let Some(action) = form.action.as_deref() else {
            cleartext(view, secret, seen);
            continue;
        };
        if action.trim_start().get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:")) {
            seen.mark(
                Check::FormMail,
                format!("{secret} that is typed in is sent by mail, to {}", quoted(action.trim_start())),
            );
            continue;
        }
        let Some(target) = view.page.resolve(action, view.url()) else { continue };
        let host = target.host_str();
        if is_collector(view, host) {
            seen.mark(
                Check::FormCollector,
                format!("{secret} that is typed in goes to {}, which collects forms for anyone", shown(host, 80)),
            );
        }
        if target.is_address() && host != view.host() {
            seen.mark(Check::FormAddress, format!("{secret} that is typed in goes to the bare network address {host}"));
        } else if !view.is_same_site(host) {
            seen.mark(
                Check::FormElsewhere,
                format!("{secret} that is typed in goes to {}, which is another site", shown(host, 80)),
            );
        }
        if let Some(likeness) = view.around.names.likeness(&target, view.around.suffixes) {
            seen.mark(
                Check::FormLookalike,
                format!(
                    "{secret} that is typed in goes to {}, which can be taken for {}",
                    shown(likeness.domain, 80),
                    likeness.of
                ),
            );
        }
        if !target.is_https() {
            seen.mark(Check::FormCleartext, format!("{secret} that is typed in is sent without encryption"));
        }
    }
}

fn cleartext(view: &View<'_>, secret: &str, seen: &mut Seen<'_>) {
    if !view.url().is_https() {
        seen.mark(Check::FormCleartext, format!("{secret} that is typed in is sent without encryption"));
    }
}

fn is_collector(view: &View<'_>, host: &str) -> bool {
    let own = view.host();
    let below = |host: &str, service: &str| {
        host == service || host.strip_suffix(service).is_some_and(|front| front.ends_with('.'))
    };
    view.around.lore.words.collectors.iter().any(|service| below(host, service) && !below(own, service))
}

fn what_is_asked(view: &View<'_>, seen: &mut Seen<'_>) {
    // Words of a wallet are asked for in one field, or in as many as there are words.
    let words = view.around.lore.words.seed.as_slice();
    let numbered = view
        .page
        .forms
        .iter()
        .map(|form| {
            form.fields.iter().filter(|field| matches!(field.kind.as_str(), "text" | "password" | "textarea")).count()
        })
        .max();
    let speaks = text::first_of(&view.seen, words).or_else(|| text::first_of(&view.title, words));
    let asked = view.asks(Secret::Seed) || speaks.is_some() && numbered.is_some_and(|fields| matches!(fields, 12..=30));
    if asked {
        seen.mark(
            Check::AsksSeed,
            "it asks for the recovery words or the private key of a wallet, with which anyone can empty it",
        );
    }
    if view.asks(Secret::Card) && view.asks(Secret::CardPin) {
        seen.mark(Check::AsksPin, "it asks for the number of a card together with its PIN");
    }
    if view.asks(Secret::CardCode) && together(view) {
        seen.mark(Check::AsksMuch, "one form asks for a password and for the number and code of a card");
    }
    let providers = &view.around.lore.words.providers;
    let offers = |text: &str| text::count_of(text, providers);
    let pictures: String =
        view.page.images.iter().map(|image| text::fold(&format!("{} {} ", image.alt, image.hints))).collect();
    if view.asks(Secret::Password)
        && offers(&view.headings).max(offers(&pictures)).max(offers_in_lines(view)) >= 3
        && !sends_to_providers(view)
    {
        seen.mark(
            Check::AsksMailbox,
            "it lets people choose among mail providers and asks for the password of any of them itself",
        );
    }
    if let Some((form, field)) = view.page.fields().find(|(_, field)| field.is_masked) {
        let named = if field.hints.trim().is_empty() { String::new() } else { format!(" ({})", quoted(&field.hints)) };
        let packed = if form.was_packed { ", in an encoded text" } else { "" };
        seen.mark(
            Check::AsksMasked,
            format!("a field{named}{packed} shows dots for what is typed, and is not marked as one for a password"),
        );
    } else if view.page.style.masks
        && view.secrets.iter().all(|(secret, _)| *secret != Secret::Password)
        && view.page.fields().next().is_some()
    {
        seen.mark(
            Check::AsksMasked,
            "a style of the page shows dots for what is typed, and no field is marked as one for a password",
        );
    }
}

/// Card and password in one form, or both in no form: a shop's page may have a login in its corner.
fn together(view: &View<'_>) -> bool {
    let of = |secret: Secret| view.secrets.iter().filter(move |(known, _)| *known == secret).map(|(_, form)| *form);
    of(Secret::Card).any(|card| of(Secret::Password).any(|password| password == card))
}

/// Short lines that name a provider, as buttons do that are no buttons.
fn offers_in_lines(view: &View<'_>) -> usize {
    let lines = view.page.text.lines().filter(|line| line.len() < 40).map(text::fold);
    let short: String = lines.map(|line| line + "\n").collect();
    text::count_of(&short, &view.around.lore.words.providers)
}

/// Whether the offers are links to providers, as honest ones are.
fn sends_to_providers(view: &View<'_>) -> bool {
    let leads = view.page.anchors.iter().filter_map(|anchor| view.page.resolve(&anchor.href, view.url()));
    leads
        .filter(|url| {
            view.owner(url.host_str()).is_some() || url.as_str().contains("oauth") || url.as_str().contains("/auth")
        })
        .take(2)
        .count()
        >= 2
}

fn messenger(view: &View<'_>, seen: &mut Seen<'_>) {
    let used = view.around.lore.words.messengers.iter().find(|messenger| view.script.contains(messenger.as_str()));
    if let Some(messenger) = used.filter(|_| !view.secrets.is_empty()) {
        seen.mark(
            Check::FormMessenger,
            format!("a script sends {} that is typed in to a chat ({messenger})", view.secret_in_words()),
        );
    }
}
