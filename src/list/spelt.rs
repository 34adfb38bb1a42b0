//! Entries as they are written in a list: what is read from this text is what was written.

use std::fmt;

use super::{Confirm, Entry, Note, Reach, Scope};

impl fmt::Display for Scope {
    /// The canonical way to write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hosts { reach, name } => write!(f, "{}{name}", sign(*reach)),
            Self::Paths { reach, name, prefix } => write!(f, "{}{name}{prefix}*", sign(*reach)),
            Self::Url(url) => match url.strip_suffix('*') {
                // Behind a `/` it would be taken for a path prefix.
                Some(parent) if parent.ends_with('/') => write!(f, "={parent}%2A"),
                _ => write!(f, "={url}"),
            },
            Self::Network(network) => write!(f, "{network}"),
            Self::File(sha256) => {
                f.write_str("sha256:")?;
                sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Pattern(pattern) => write!(f, "/{}/", pattern.as_str()),
        }
    }
}

const fn sign(reach: Reach) -> &'static str {
    match reach {
        Reach::Host => "=",
        Reach::Subdomains => "*.",
        Reach::Domain => "",
    }
}

impl fmt::Display for Entry {
    /// Its line, without a comment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.note {
            Some(note) if **note != Note::default() => write!(f, " ; {note}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Note {
    /// What stands behind the `;`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until.map(|day| day.to_string());
        let said = [
            ("reason", self.reason.as_deref().map(quoted)),
            ("by", self.by.as_deref().map(quoted)),
            ("until", until),
            ("ref", self.reference.as_deref().map(quoted)),
            ("confirm", confirmed(self.confirm)),
        ];
        let mut said = said.into_iter().filter_map(|(key, value)| Some((key, value?)));
        if let Some((key, value)) = said.next() {
            write!(f, "{key}={value}")?;
        }
        said.try_for_each(|(key, value)| write!(f, " {key}={value}"))
    }
}

fn confirmed(confirm: Confirm) -> Option<String> {
    let words = [(confirm.suffix, "suffix"), (confirm.never_block, "never-block")];
    let words: Vec<&str> = words.iter().filter(|(said, _)| *said).map(|(_, word)| *word).collect();
    (!words.is_empty()).then(|| words.join(","))
}

/// In quotation marks where a bare word would be read otherwise.
fn quoted(value: &str) -> String {
    let bare = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '/' | ':' | '+');
    if !value.is_empty() && value.chars().all(bare) {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
