use std::path::PathBuf;

/// A template, a style sheet or a file of sentences that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {cause}; {remedy}", file.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct TemplateError {
    /// Which file: in the overlay folder, or a shipped one (`templates/…`, `locales/…`).
    pub file: PathBuf,
    /// Where in it, from 1, where that can be told.
    pub line: Option<usize>,
    /// What is wrong.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

impl TemplateError {
    pub(crate) fn in_locale(tag: &str, line: usize, cause: String) -> Self {
        Self {
            file: PathBuf::from(format!("locales/{tag}.ftl")),
            line: (line > 0).then_some(line),
            cause,
            remedy: "this file is part of the program; write it as Project Fluent describes".into(),
        }
    }

    /// A template that is part of the program and that no overlay replaces.
    pub(crate) fn shipped(name: &str, error: &minijinja::Error) -> Self {
        Self {
            file: PathBuf::from("templates").join(name),
            line: error.line(),
            cause: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
            remedy: "this file is part of the program; mend it and build again".into(),
        }
    }
}
