//! Page models to HTML: templates from `templates/`, sentences from `locales/`, one language for each request.
//!
//! A page needs no script and no other file, weighs a few kilobytes and escapes whatever it is told. A folder of the
//! operator's own templates may replace any of the shipped ones; it is tried on every kind of page in every language
//! when it is loaded, and a mistake is told then with file, line and remedy. A template can move and reword, but not
//! reach what a page model does not hold.

mod error;
mod locale;
mod look;
mod model;
mod samples;
mod sources;

use fluent_bundle::{FluentArgs, FluentValue};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value, context, value::Kwargs};
use std::{path::Path, sync::Arc};

pub use error::TemplateError;
pub(crate) use locale::Locale;
pub use look::{Paper, legible};
pub use samples::samples;

use crate::click::Page;
use locale::LOCALES;
use sources::Sources;

/// Status codes that have an error page.
pub const ERRORS: &[u16] = &[400, 404, 405, 408, 413, 414, 421];

/// The pages, ready to be filled in.
pub struct Pages {
    languages: Vec<Environment<'static>>,
    style_hash: String,
}

/// A language that the pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language(usize);

impl Language {
    /// The language that suits an `Accept-Language` value; the first one where none does.
    pub fn negotiate(accept: Option<&str>) -> Self {
        Self(accept.map_or(0, locale::negotiate))
    }

    /// Every language.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..LOCALES.len()).map(Self)
    }

    /// BCP 47 tag.
    pub fn tag(self) -> &'static str {
        LOCALES.get(self.0).map_or("en", |(tag, _)| tag)
    }
}

impl Pages {
    /// The shipped templates, those of them replaced that `overlay` holds, tried on every kind of page.
    pub fn load(overlay: Option<&Path>) -> Result<Self, TemplateError> {
        let sources = Sources::load(overlay)?;
        let style_hash = look::hash(sources.style());
        let mut languages = Vec::new();
        for (tag, text) in LOCALES {
            let locale = Locale::load(tag, text).map_err(|(line, cause)| TemplateError::in_locale(tag, line, cause))?;
            languages.push(environment(&sources, Arc::new(locale)).map_err(|error| sources.blame(&error))?);
        }
        let pages = Self { languages, style_hash };
        pages.try_out(&sources)?;
        Ok(pages)
    }

    /// The source expression that lets the pages' own style sheet through a Content-Security-Policy.
    pub fn style_hash(&self) -> &str {
        &self.style_hash
    }

    /// The same for everything on `page`: the style of its house is let through as well.
    pub fn style_hashes(&self, page: &Page) -> String {
        let house = look::style_of(&page.house().brand);
        if house.is_empty() { self.style_hash.clone() } else { format!("{} {}", self.style_hash, look::hash(&house)) }
    }

    /// The HTML of `page` where links stand directly under the host. Errors: only a template that breaks on values it
    /// was not tried on.
    pub fn render(&self, page: &Page, language: Language) -> Result<String, minijinja::Error> {
        self.render_at(page, "", language)
    }

    /// The same where links stand under `prefix`.
    pub fn render_at(&self, page: &Page, prefix: &str, language: Language) -> Result<String, minijinja::Error> {
        let values = context! { prefix => prefix, ..model::values(page) };
        self.fill(model::template(page), values, language)
    }

    /// The HTML of the page that explains an HTTP error, one of [`ERRORS`].
    pub fn render_error(&self, status: u16, language: Language) -> Result<String, minijinja::Error> {
        self.fill("error.html", context! { prefix => "", ..model::of_error(status) }, language)
    }

    fn fill(&self, template: &str, values: Value, language: Language) -> Result<String, minijinja::Error> {
        let environment = self.languages.get(language.0).or_else(|| self.languages.first());
        let environment =
            environment.ok_or_else(|| minijinja::Error::new(ErrorKind::TemplateNotFound, "no language"))?;
        environment.get_template(template)?.render(values)
    }

    fn try_out(&self, sources: &Sources) -> Result<(), TemplateError> {
        let style = format!("<style>{}</style>", sources.style());
        for language in Language::all() {
            for (_, page) in samples() {
                let html = self.render(&page, language).map_err(|error| sources.blame(&error))?;
                sources.promises(model::template(&page), &html, &page, &style)?;
            }
            for status in ERRORS {
                self.render_error(*status, language).map_err(|error| sources.blame(&error))?;
            }
        }
        Ok(())
    }
}

fn environment(sources: &Sources, locale: Arc<Locale>) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_global("style", Value::from_safe_string(sources.style().to_owned()));
    environment.add_filter("percent", |text: &str| percent(text));
    speak(&mut environment, locale);
    for (name, text) in sources.templates() {
        environment.add_template_owned(name, text.to_owned())?;
    }
    Ok(environment)
}

/// Gives the templates of `environment` a language: `lang`, `dir`, and `t("message", value=…)` for its sentences.
pub(crate) fn speak(environment: &mut Environment<'_>, locale: Arc<Locale>) {
    environment.add_global("lang", locale.tag);
    environment.add_global("dir", locale.direction());
    environment.add_function("t", move |id: &str, values: Kwargs| {
        let mut arguments = FluentArgs::new();
        for name in values.args() {
            // A number stays one: `[404]` in a sentence picks by number, and "404" is none.
            let value = match values.get::<Value>(name)? {
                value if value.is_number() => i64::try_from(value)?.into(),
                value => FluentValue::from(value.to_string()),
            };
            arguments.set(name.to_owned(), value);
        }
        locale.say(id, &arguments).map_err(|cause| minijinja::Error::new(ErrorKind::InvalidOperation, cause))
    });
}

/// `text` for the query of a `mailto:` link (RFC 6068 section 2), without the bidi isolates that a mail's subject should not
/// carry.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.replace(['\u{2068}', '\u{2069}'], "").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
