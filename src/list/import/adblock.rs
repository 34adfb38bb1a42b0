//! Filters of ad blockers: `||example.com^` is a domain, and little else is about where a link leads.

use super::{
    Cause,
    lines::Line,
    sink::{Names, Sink},
};

/// Options that take nothing away from a domain when somebody goes to it.
const HARMLESS: [&str; 6] = ["all", "doc", "document", "important", "popup", ""];

pub(super) fn line(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    let text = line.text.trim();
    if text.is_empty() || text.starts_with('!') || (text.starts_with('[') && text.ends_with(']')) {
        return sink.pass();
    }
    let place = line.place(text);
    if text.starts_with("# ") || text == "#" {
        return sink.pass();
    }
    if let Err(cause) = filter(text, &mut |entry| match entry {
        Filter::Domain(name) => sink.name_as(place, name, Names::Domains, None),
        Filter::Other(entry) => sink.entry(place, text, &entry, None, None),
        Filter::Url(url) => sink.url(place, url, None),
    }) {
        sink.refuse(place, text, cause);
    }
}

enum Filter<'a> {
    Domain(&'a str),
    Url(&'a str),
    Other(String),
}

fn filter(text: &str, found: &mut dyn FnMut(Filter<'_>)) -> Result<(), Cause> {
    if text.starts_with("@@") {
        return Err(Cause::Exception);
    }
    if ["##", "#@#", "#?#", "#$#", "#%#", "#@?#", "$$"].iter().any(|mark| text.contains(mark)) {
        return Err(Cause::Cosmetic);
    }
    if text.len() > 1 && text.starts_with('/') && (text.ends_with('/') || text.contains("/$")) {
        return Err(Cause::Pattern);
    }
    let (pattern, options) = text.split_once('$').unwrap_or((text, ""));
    if let Some(option) = options.split(',').find(|option| !HARMLESS.contains(option)) {
        return Err(Cause::Option(option.to_owned()));
    }
    if let Some(rest) = pattern.strip_prefix("||") {
        return anchored(rest, found);
    }
    // Between two anchors stands one whole URL.
    let whole = pattern.strip_prefix('|').and_then(|rest| rest.strip_suffix('|'));
    match whole.filter(|url| !url.contains(['*', '^'])) {
        Some(url) => {
            found(Filter::Url(url));
            Ok(())
        }
        None => Err(Cause::Substring),
    }
}

/// What stands behind `||`.
fn anchored(rest: &str, found: &mut dyn FnMut(Filter<'_>)) -> Result<(), Cause> {
    let (name, path) = rest.split_at(rest.find(['/', '^']).unwrap_or(rest.len()));
    let name_and_all_below = matches!(path, "^" | "^*" | "^|" | "/" | "/*" | "/^");
    match path {
        _ if name.contains('*') && !(name.starts_with("*.") && name.matches('*').count() == 1) => {
            return Err(Cause::Substring);
        }
        // Without its end `||example.co` matches example.com as well.
        "" => return Err(Cause::Substring),
        _ if name_and_all_below => match name.starts_with("*.") {
            true => found(Filter::Other(name.to_owned())),
            false => found(Filter::Domain(name)),
        },
        _ => {
            let folder = path.strip_suffix('*').unwrap_or(path);
            if !folder.ends_with('/') || folder.contains(['*', '^', '?', '|']) || name.contains('*') {
                return Err(Cause::Substring);
            }
            found(Filter::Other(format!("{name}{folder}*")));
        }
    }
    Ok(())
}
