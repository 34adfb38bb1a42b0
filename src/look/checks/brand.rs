//! Whose page it claims to be, against whose host it is on.

use sha2::{Digest, Sha256};

use super::View;
use crate::{
    look::{
        Check,
        brands::Named,
        check::Seen,
        quote::{quoted, shown},
        text,
    },
    url::{WebUrl, parse},
};

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    if !view.asks_secret() && view.secrets.is_empty() {
        return;
    }
    copied(view, seen);
    icon(view, seen);
    let claims = claims(view);
    let Some(claimed) = claims.iter().find(|named| !named.is_weak).or_else(|| claims.first()) else {
        logo_alone(view, seen);
        return;
    };
    let (domain, host, secret) = (claimed.domain, shown(view.host(), 80), view.secret_in_words());
    if claimed.is_weak || view.seen.len() > LONGEST || names_itself(view) {
        seen.mark(Check::BrandSoftware, format!("it names {} and asks for {secret} on {host}", quoted(claimed.word)));
    } else {
        seen.mark(
            Check::BrandClaimed,
            format!("it goes by the name of {} ({domain}) and asks for {secret} on {host}", quoted(claimed.word)),
        );
    }
    if let Some(logo) = logo(view, claimed.domain) {
        seen.mark(Check::BrandLogo, format!("it shows the logo of {domain} ({})", quoted(&logo)));
    }
    if let Some(line) = rights(view, claimed.domain) {
        seen.mark(Check::BrandRights, format!("it signs as {domain} ({})", quoted(&line)));
    }
    assets(view, Some(claimed.domain), seen);
}

/// Bytes of text from which on a page is about something, and no bare login.
const LONGEST: usize = 6000;

/// Whether its title names the house that its host is called after: then another name in it is what it is about.
fn names_itself(view: &View<'_>) -> bool {
    const SHORTEST: usize = 4;
    let (suffixes, host) = (view.around.suffixes, view.host());
    if suffixes.is_shared(host) || view.around.names.likeness(view.url(), suffixes).is_some() {
        return false;
    }
    let label = suffixes.registrable_domain(host).and_then(|domain| domain.split('.').next()).unwrap_or_default();
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let own = bare(label);
    let parts = view.title.split(['|', '-', '–', '—', '·', ':', '｜', '»', '/', '•', '<', '>', '‹']);
    own.len() >= SHORTEST && parts.map(bare).any(|part| part == own)
}

/// Foreign brands named where a page says whose it is: in its title and its headings, not beside “sign in with”.
fn claims<'v>(view: &'v View<'_>) -> Vec<Named<'v>> {
    let (brands, names) = (&view.around.lore.brands, view.around.names);
    let foreign = |text: &'v str| {
        let named = brands.named_in(text, names);
        // A page that names its own house first may name any other.
        if named.iter().any(|named| view.is_own(named)) { Vec::new() } else { named }
    };
    let mut found = foreign(&view.title);
    if found.iter().all(|named| named.is_weak) && !speaks_of_others(&view.headings) {
        let headings = foreign(&view.headings);
        // Many names in the headings are offers, not a claim.
        if headings.len() <= 2 {
            found.extend(headings.into_iter().filter(|named| !named.is_weak));
        }
    }
    found
}

/// Words beside which a name is that of a partner.
fn speaks_of_others(folded: &str) -> bool {
    const BESIDE: [&str; 24] = [
        "sign in with",
        "log in with",
        "login with",
        "signin with",
        "continue with",
        "sign up with",
        "connect with",
        "mit google anmelden",
        "anmelden mit",
        "weiter mit",
        "se connecter avec",
        "continuer avec",
        "continuar con",
        "iniciar sesión con",
        "accedi con",
        "continua con",
        "continuar com",
        "entrar com",
        "войти через",
        "войти с помощью",
        "でログイン",
        "で続行",
        "でサインイン",
        "使用",
    ];
    BESIDE.iter().any(|words| folded.contains(words))
}

/// A picture that says it is the logo of that brand.
fn logo(view: &View<'_>, domain: &str) -> Option<String> {
    let brands = &view.around.lore.brands;
    view.page.images.iter().find_map(|image| {
        let said = text::fold(&format!("{} {}", image.alt, file_of(&image.src)));
        let names = brands.named_in(&said, view.around.names).iter().any(|named| named.domain == domain);
        let is_offer = speaks_of_others(&said);
        (names && !is_offer)
            .then(|| if image.alt.is_empty() { file_of(&image.src).to_owned() } else { image.alt.clone() })
    })
}

fn file_of(src: &str) -> &str {
    if src.starts_with("data:") {
        return "";
    }
    let path = src.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// The line with the sign of copyright, if it names that brand.
fn rights(view: &View<'_>, domain: &str) -> Option<String> {
    const MOST: usize = 50;
    let signs = |line: &&str| {
        let lower = line.to_ascii_lowercase();
        ["©", "copyright", "all rights reserved", "(c) 20"].iter().any(|sign| lower.contains(sign))
    };
    let brands = &view.around.lore.brands;
    let mut lines = view.page.text.lines().filter(|line| line.len() < 300).filter(signs).take(MOST);
    let line = lines.find(|line| {
        let folded = text::fold(line);
        brands.named_in(&folded, view.around.names).iter().any(|named| named.domain == domain)
    })?;
    Some(line.trim().to_owned())
}

/// Pictures, styles and scripts from the servers of a brand: of the one that is claimed, or, where none is, of one whose
/// pictures nobody needs but its own pages.
fn assets(view: &View<'_>, domain: Option<&str>, seen: &mut Seen<'_>) {
    let pictures = view.page.images.iter().map(|image| image.src.as_str());
    let all =
        pictures.chain(view.page.assets.iter().map(String::as_str)).chain(view.page.icons.iter().map(String::as_str));
    for url in all.filter_map(|address| view.page.resolve(address, view.url())) {
        let Some(owner) = view.owner(url.host_str()) else { continue };
        if domain.is_none_or(|domain| domain == owner) && !view.is_same_site(url.host_str()) && !serves_all(&url) {
            seen.mark(
                Check::BrandAssets,
                format!("it takes pictures or styles from {}, a server of {owner}", shown(url.host_str(), 80)),
            );
            return;
        }
    }
}

/// What others use in earnest: fonts, counters, libraries, buttons to pay.
fn serves_all(url: &WebUrl) -> bool {
    const SHARED: [&str; 19] = [
        "accounts.google.com",
        "ajax.aspnetcdn.com",
        "ajax.googleapis.com",
        "apis.google.com",
        "appleid.cdn-apple.com",
        "connect.facebook.net",
        "fonts.googleapis.com",
        "fonts.gstatic.com",
        "maps.googleapis.com",
        "platform.linkedin.com",
        "platform.twitter.com",
        "static.zdassets.com",
        "www.facebook.com",
        "www.google-analytics.com",
        "www.google.com",
        "www.googletagmanager.com",
        "www.gstatic.com",
        "www.paypal.com",
        "www.paypalobjects.com",
    ];
    SHARED.contains(&url.host_str()) || stores_for_all(url)
}

/// Where anyone may store files.
fn stores_for_all(url: &WebUrl) -> bool {
    const STORES: [&str; 6] = [
        "amazonaws.com",
        "azureedge.net",
        "github.io",
        "githubusercontent.com",
        "googleusercontent.com",
        "storage.googleapis.com",
    ];
    STORES.iter().any(|store| url.host_str().ends_with(store))
}

/// No name is claimed in words, but a logo stands over the form, and it is the only one.
fn logo_alone(view: &View<'_>, seen: &mut Seen<'_>) {
    if speaks_of_others(&view.seen) || view.page.images.len() > 12 {
        return;
    }
    let brands = &view.around.lore.brands;
    let said: Vec<String> =
        view.page.images.iter().map(|image| text::fold(&format!("{} {}", image.alt, file_of(&image.src)))).collect();
    let mut named: Vec<Named<'_>> = said.iter().flat_map(|said| brands.named_in(said, view.around.names)).collect();
    named.dedup_by_key(|named| named.domain);
    let [only] = named.as_slice() else { return };
    if view.is_own(only) || only.is_weak {
        return;
    }
    let domain = only.domain;
    seen.mark(Check::BrandLogo, format!("it shows the logo of {domain} and asks for {}", view.secret_in_words()));
    if let Some(line) = rights(view, domain) {
        seen.mark(Check::BrandRights, format!("it signs as {domain} ({})", quoted(&line)));
    }
    assets(view, Some(domain), seen);
}

/// The comment that browsers leave in a page that they save.
fn copied(view: &View<'_>, seen: &mut Seen<'_>) {
    let from = view.page.saved_from.as_deref().and_then(|from| parse(from).ok());
    if let Some(from) = from.filter(|from| !view.is_same_site(from.host_str())) {
        seen.mark(
            Check::BrandCopy,
            format!("it is a copy of a page of {} and asks for {}", shown(from.host_str(), 80), view.secret_in_words()),
        );
    }
}

/// The icon, bit by bit or by its address.
fn icon(view: &View<'_>, seen: &mut Seen<'_>) {
    let lore = view.around.lore;
    let inline = view.page.icons.iter().find_map(|icon| inline(icon));
    let bytes = view.around.icon.map(<[u8]>::to_vec).or(inline);
    let same = bytes.and_then(|bytes| lore.icon(&Sha256::digest(bytes).into()));
    if let Some(owner) = same.filter(|owner| view.owner(view.host()) != Some(owner) && !view.is_same_site(owner)) {
        seen.mark(Check::BrandIcon, format!("its icon is that of {owner}"));
        return;
    }
    let url = view.page.icon(view.url());
    let owner = url.as_ref().and_then(|url| {
        view.owner(url.host_str()).filter(|_| !view.is_same_site(url.host_str()) && !stores_for_all(url))
    });
    if let Some(owner) = owner {
        seen.mark(Check::BrandIcon, format!("its icon comes from {owner}"));
    }
}

fn inline(icon: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let data = icon.strip_prefix("data:image/")?.split_once(";base64,")?.1;
    base64::engine::general_purpose::STANDARD.decode(data.trim()).ok()
}
