//! The demonstration's own pages, in the languages of the others.

use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, Value};

use crate::http::pages::{Language, Locale, TemplateError, speak};

/// Sentences, by the tag of their language. A language without a file here is shown the first one.
const SENTENCES: [(&str, &str); 2] =
    [("en", include_str!("../../locales/demo/en.ftl")), ("ja", include_str!("../../locales/demo/ja.ftl"))];

const TEMPLATES: [(&str, &str); 5] = [
    ("demo/layout.html", include_str!("../../templates/demo/layout.html")),
    ("demo/inbox.html", include_str!("../../templates/demo/inbox.html")),
    ("demo/letter.html", include_str!("../../templates/demo/letter.html")),
    ("demo/arrived.html", include_str!("../../templates/demo/arrived.html")),
    ("demo/explain.html", include_str!("../../templates/demo/explain.html")),
];

/// The style sheet of all of them.
pub(super) const STYLE: &str = include_str!("../../templates/demo/demo.css");

/// Renders the pages.
pub(super) struct Pages {
    languages: Vec<(&'static str, Environment<'static>)>,
}

impl Pages {
    /// Reads what was built in; `data_dir` stands at the foot of every page.
    pub(super) fn load(data_dir: &str) -> Result<Self, TemplateError> {
        let mut languages = Vec::new();
        for (tag, text) in SENTENCES {
            let locale = Locale::load(tag, text)
                .map_err(|(line, cause)| TemplateError::in_locale(&format!("demo/{tag}"), line, cause))?;
            let mut environment = Environment::new();
            environment.set_undefined_behavior(UndefinedBehavior::Strict);
            environment.add_global("data_dir", data_dir);
            speak(&mut environment, Arc::new(locale));
            for (name, source) in TEMPLATES {
                environment.add_template(name, source).map_err(|error| TemplateError::shipped(name, &error))?;
            }
            languages.push((tag, environment));
        }
        Ok(Self { languages })
    }

    /// The HTML of one page.
    pub(super) fn render(&self, name: &str, values: Value, language: Language) -> Result<String, minijinja::Error> {
        let found = self.languages.iter().find(|(tag, _)| *tag == language.tag()).or(self.languages.first());
        let missing = || minijinja::Error::new(minijinja::ErrorKind::TemplateNotFound, "no language");
        let (_, environment) = found.ok_or_else(missing)?;
        environment.get_template(name)?.render(values)
    }
}
