//! The checks of a page: one file a check or a few that see the same thing. Each is a function from facts to marks.

mod alarm;
mod brand;
mod challenge;
mod clipboard;
mod form;
mod frame;
mod haste;
mod hidden;
mod host;
mod smuggled;
mod tricks;

use super::{
    Around, Body, Sight,
    brands::Named,
    check::Seen,
    onward,
    page::{Page, Secret},
    text,
};
use crate::url::WebUrl;

/// What checks look at.
pub(super) struct View<'a> {
    pub(super) body: &'a Body<'a>,
    pub(super) around: &'a Around<'a>,
    pub(super) page: &'a Page,
    /// What the page asks for, each once, and of which form.
    pub(super) secrets: Vec<(Secret, usize)>,
    /// All that is seen, folded.
    pub(super) seen: String,
    /// Title and name of the site, folded.
    pub(super) title: String,
    /// Headings, labels and buttons, folded.
    pub(super) headings: String,
    /// The first word that was written for no reader.
    pub(super) salted: Option<String>,
    /// All scripts in lower case.
    pub(super) script: String,
}

impl<'a> View<'a> {
    pub(super) fn new(body: &'a Body<'a>, around: &'a Around<'a>, page: &'a Page) -> Self {
        let words = &around.lore.words;
        let mut secrets: Vec<(Secret, usize)> = Vec::new();
        for (at, form) in page.forms.iter().enumerate() {
            for secret in form.fields.iter().filter_map(|field| Secret::of(field, words)) {
                if secrets.iter().all(|(known, form)| (*known, *form) != (secret, at)) {
                    secrets.push((secret, at));
                }
            }
        }
        let (title, salted_title) = text::fold_telling(&format!("{} {}", page.title, page.site_name));
        let (headings, salted_heading) = text::fold_telling(&page.headings.join(" \n"));
        let (seen, salted_text) = text::fold_telling(&page.text);
        Self {
            body,
            around,
            page,
            secrets,
            seen,
            title,
            headings,
            salted: salted_title.or(salted_heading).or(salted_text),
            script: page.script.to_lowercase(),
        }
    }

    pub(super) fn url(&self) -> &WebUrl {
        self.body.url
    }

    /// The host, without a dot at its end.
    pub(super) fn host(&self) -> &str {
        let host = self.url().host_str();
        host.strip_suffix('.').unwrap_or(host)
    }

    pub(super) fn asks(&self, secret: Secret) -> bool {
        self.secrets.iter().any(|(known, _)| *known == secret)
    }

    /// Whether it asks for something that counts by itself: a code alone may be that of a shop's coupon.
    pub(super) fn asks_secret(&self) -> bool {
        self.first_secret().is_some()
    }

    pub(super) fn first_secret(&self) -> Option<Secret> {
        let strong = |secret: &Secret| !matches!(secret, Secret::OneTime | Secret::Identity);
        self.secrets.iter().map(|(secret, _)| *secret).find(strong)
    }

    /// What it asks for, in words.
    pub(super) fn secret_in_words(&self) -> &'static str {
        self.first_secret().map_or("a secret", Secret::name)
    }

    /// Who owns a host, of those whose pages are copied.
    pub(super) fn owner(&self, host: &str) -> Option<&str> {
        self.around.lore.brands.owner(host, self.around.names, self.around.suffixes)
    }

    /// Whether a brand has this page's host.
    pub(super) fn is_own(&self, named: &Named<'_>) -> bool {
        named.owns(self.host(), &self.around.lore.brands, self.around.names, self.around.suffixes)
    }

    /// Whether two hosts are one site: they have one owner or one registrable domain.
    pub(super) fn is_same_site(&self, host: &str) -> bool {
        let domain = |host: &str| self.around.suffixes.registrable_domain(host).map(str::to_owned);
        if host == self.host() {
            return true;
        }
        match (domain(host), domain(self.host())) {
            (Some(one), Some(other)) if one == other => true,
            _ => self.owner(host).is_some_and(|owner| self.owner(self.host()) == Some(owner)),
        }
    }
}

/// Runs every check.
pub(super) fn run(view: &View<'_>, seen: &mut Seen<'_>) {
    form::check(view, seen);
    haste::check(view, seen);
    brand::check(view, seen);
    host::check(view, seen);
    frame::check(view, seen);
    hidden::check(view, seen);
    tricks::check(view, seen);
    smuggled::check(view, seen);
    clipboard::check(view, seen);
    alarm::check(view, seen);
}

/// How much of the page could be seen.
pub(super) fn sight(view: &View<'_>) -> Sight {
    if challenge::is_challenge(view) {
        return Sight::Challenge;
    }
    if onward::of_page(view.page, view.url()).is_none() && onward::leads_unread(view.page) {
        return Sight::Leads;
    }
    if view.page.is_cut {
        return Sight::Part;
    }
    let is_bare = view.seen.len() < 200 && view.page.fields().next().is_none() && view.page.anchors.len() < 3;
    let has_script = !view.page.script.is_empty() || view.page.assets.iter().any(|asset| asset.contains(".js"));
    if is_bare && has_script { Sight::Scripted } else { Sight::Whole }
}
