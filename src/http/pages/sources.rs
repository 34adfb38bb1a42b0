use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::TemplateError;
use crate::click::Page;

macro_rules! shipped {
    ($($name:literal),+ $(,)?) => { &[$(($name, include_str!(concat!("../../../templates/", $name)))),+] };
}

/// Every file that makes up the pages; an overlay folder may hold any of them under the same name.
const SHIPPED: &[(&str, &str)] = shipped![
    "base.html",
    "block.html",
    "blocked-by-admin.html",
    "checking.html",
    "damaged.html",
    "destination.html",
    "error.html",
    "left.html",
    "link-withdrawn.html",
    "message-convicted.html",
    "notice.html",
    "onward.html",
    "preview.html",
    "report.html",
    "reported.html",
    "shapes.html",
    "style.css",
    "too-many.html",
    "ways.html",
    "warn.html",
];

/// Largest template that is read.
const TEMPLATE_MAX: u64 = 256 * 1024;

/// The text of every template, and where it came from.
pub(super) struct Sources {
    texts: BTreeMap<&'static str, Cow<'static, str>>,
    overlay: Option<PathBuf>,
}

impl Sources {
    /// The shipped files, those replaced that `overlay` holds. Files with other names are refused: a typo would
    /// otherwise leave the shipped template in force without a word. Names that begin with a dot are left alone.
    pub(super) fn load(overlay: Option<&Path>) -> Result<Self, TemplateError> {
        let texts = SHIPPED.iter().map(|(name, text)| (*name, Cow::Borrowed(*text))).collect();
        let mut sources = Self { texts, overlay: overlay.map(Path::to_owned) };
        let Some(folder) = overlay else { return Ok(sources) };
        let unreadable = |error: std::io::Error| TemplateError {
            file: folder.to_owned(),
            line: None,
            cause: format!("cannot be read ({error})"),
            remedy: "name a folder that the server may read, or none to use the shipped templates".into(),
        };
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            if !name.starts_with('.') {
                sources.replace(name, &entry.path())?;
            }
        }
        Ok(sources)
    }

    fn replace(&mut self, name: &str, path: &Path) -> Result<(), TemplateError> {
        let wrong = |cause: String, remedy: String| TemplateError { file: path.to_owned(), line: None, cause, remedy };
        let Some((name, _)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) else {
            let known: Vec<_> = SHIPPED.iter().map(|(name, _)| *name).collect();
            return Err(wrong("no page has this name".into(), format!("use one of {}", known.join(", "))));
        };
        let unreadable = |error: std::io::Error| {
            wrong(format!("cannot be read ({error})"), "make it a readable text file in UTF-8, or remove it".into())
        };
        if std::fs::metadata(path).map_err(unreadable)?.len() > TEMPLATE_MAX {
            return Err(wrong(format!("larger than {TEMPLATE_MAX} bytes"), "a page should weigh below 50 kB".into()));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        if *name == "style.css" && text.contains("</") {
            return Err(wrong("holds \"</\"".into(), "it stands inside <style>; write no markup into it".into()));
        }
        self.texts.insert(name, Cow::Owned(text));
        Ok(())
    }

    pub(super) fn style(&self) -> &str {
        self.texts.get("style.css").map_or("", AsRef::as_ref)
    }

    pub(super) fn templates(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.texts.iter().filter(|(name, _)| name.ends_with(".html")).map(|(name, text)| (*name, text.as_ref()))
    }

    /// The innermost error that knows its place, as whoever edits the templates needs it.
    pub(super) fn blame(&self, error: &minijinja::Error) -> TemplateError {
        let mut innermost = error;
        let mut next: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
        while let Some(source) = next {
            if let Some(known) = source.downcast_ref::<minijinja::Error>() {
                innermost = known;
            }
            next = source.source();
        }
        let cause = innermost.detail().map_or_else(|| innermost.kind().to_string(), str::to_owned);
        let name = innermost.name().or(error.name()).unwrap_or("base.html");
        self.wrong(name, innermost.line(), cause)
    }

    fn wrong(&self, name: &str, line: Option<usize>, cause: String) -> TemplateError {
        let own = self.overlay.as_ref().map(|folder| folder.join(name)).filter(|path| path.exists());
        let remedy = match own {
            Some(_) => "mend it, or remove it to use the shipped one",
            None => "this file is shipped; a template of yours that it uses may have lost a block or a macro",
        };
        let file = own.unwrap_or_else(|| Path::new("templates").join(name));
        TemplateError { file, line, cause, remedy: remedy.into() }
    }

    /// What a page must hold whatever it looks like: the style sheet that the policy lets through, the reference, and
    /// a way on exactly where there is one.
    pub(super) fn promises(&self, name: &str, html: &str, page: &Page, style: &str) -> Result<(), TemplateError> {
        let broken = |cause: &str| Err(self.wrong(name, None, cause.to_owned()));
        let (reference, onward, report) = match page {
            Page::Stop(stop) => (Some(stop.reference), stop.barrier.onward(), stop.ways.report.as_ref()),
            Page::Preview(preview) => (preview.reference, None, None),
            Page::Damaged(damaged) => (Some(damaged.reference), None, damaged.ways.report.as_ref()),
            Page::Left(_) => (None, None, None),
            Page::Reported(reported) => (reported.reference, None, None),
        };
        let reports = usize::from(report.is_some_and(|report| html.contains(&report.nonce)));
        if !html.contains(style) {
            return broken("the page lost <style>{{ style }}</style>, and no other style sheet is let through");
        }
        if reference.is_some_and(|reference| !html.contains(&reference.to_string())) {
            return broken("the page does not show {{ reference }}, which finds the click again");
        }
        match onward {
            Some(onward) if !(html.contains(&onward.nonce) && html.contains("method=\"post\"")) => {
                broken("the page has no <form method=\"post\"> with {{ onward.nonce }}, so nobody could go on")
            }
            None if html.matches("<form").count() > reports => broken("the page has a form, but there is no way on"),
            _ => Ok(()),
        }
    }
}
