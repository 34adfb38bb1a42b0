//! Entries of Microsoft's "Tenant Allow/Block List" (URLs) and "Do not rewrite" list, one a line.
//!
//! They look alike and mean different things: a bare host that is blocked takes in everything below, one that is
//! allowed its front page alone; `contoso.com/*` leaves the front page out in one list and takes it in in the other.
//! Each is translated into what means the same here. Where nothing does, a block becomes the next wider entry and says
//! so in its remark; an allow becomes wider by no more than a front page. docs/LISTS.md has the table.

use std::net::IpAddr;

use super::{Cause, lines::Line, sink::Sink};

/// Characters of an entry, at most.
const MAX: usize = 250;

const EMBEDDED: &str = "there it also matches where the name stands in the path of another URL";
const FRONT: &str = "takes in the front page too";
const PATHS: &str = "takes in every path too, and not front pages alone";
const SCHEMES: &str = "takes in what is below under both schemes";

pub(super) fn tenant_block(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    each(line, sink, |entry, take| {
        let Entry { left, host, path, below } = checked(entry)?;
        match (left, path, below) {
            (Left::Tilde, "", false) => take(host, Some(PATHS)),
            (Left::TildeBoth, "", false) => take(host, Some(EMBEDDED)),
            (Left::Star, "", false) => take(&format!("*.{host}"), Some(PATHS)),
            (Left::Star, "", true) => take(&format!("*.{host}"), Some(FRONT)),
            (Left::None, "", false) if is_address(host) => both_schemes(host, "/", take),
            (Left::None, "", false) => take(host, Some(EMBEDDED)),
            (Left::None, ..) => paths(host, path, below, take),
            _ => return Err(Cause::MsStar),
        }
        Ok(())
    });
}

pub(super) fn tenant_allow(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    each(line, sink, |entry, take| {
        let Entry { left, host, path, below } = checked(entry)?;
        match (left, path, below) {
            (Left::None, "", false) => both_schemes(host, "/", take),
            (Left::None, ..) => paths(host, path, below, take),
            _ => return Err(Cause::MsSimulation),
        }
        Ok(())
    });
}

pub(super) fn do_not_rewrite(line: Line<'_>, sink: &mut Sink<'_, '_>) {
    each(line, sink, |entry, take| {
        let (scheme, rest) = entry.split_once("://").map_or(("", entry), |(scheme, rest)| (scheme, rest));
        if !matches!(scheme.to_ascii_lowercase().as_str(), "" | "http" | "https") {
            return Err(Cause::MsNo("scheme but http and https"));
        }
        if let Some(inside) = rest.strip_prefix('*').filter(|rest| !rest.starts_with('.')) {
            return Err(Cause::MsInside(inside.trim_end_matches(['*', '/']).to_owned()));
        }
        let Entry { left, host, path, below } = checked(rest)?;
        match (left, path, below) {
            (Left::None, "", true) => take(&format!("={host}"), None),
            (Left::Star, "", false) => take(&format!("*.{host}"), Some(PATHS)),
            (Left::Star, "", true) => take(&format!("*.{host}"), None),
            (Left::None, ..) => {
                let meant =
                    ["http", "https"].into_iter().filter(|name| scheme.is_empty() || scheme.eq_ignore_ascii_case(name));
                let path_or_front = if path.is_empty() { "/" } else { path };
                meant.for_each(|scheme| take(&format!("={scheme}://{host}{path_or_front}"), None));
                if below {
                    take(&format!("={host}{path}/*"), (!scheme.is_empty()).then_some(SCHEMES));
                }
            }
            (Left::Star, ..) => return Err(Cause::MsStar),
            _ => return Err(Cause::MsNo("~")),
        }
        Ok(())
    });
}

/// Gets an entry and how it differs from what was meant there.
type Take<'t> = &'t mut dyn FnMut(&str, Option<&'static str>);

/// Reads a line; every entry that comes of it goes to the sink, or one refusal.
fn each(line: Line<'_>, sink: &mut Sink<'_, '_>, read: fn(&str, Take<'_>) -> Result<(), Cause>) {
    let Some(text) = line.without_comment(&['#']) else { return sink.pass() };
    let place = line.place(text);
    let mut entries = Vec::new();
    match read(text, &mut |entry, remark| entries.push((entry.to_owned(), remark))) {
        Ok(()) => entries.iter().for_each(|(entry, remark)| sink.entry(place, text, entry, None, *remark)),
        Err(cause) => sink.refuse(place, text, cause),
    }
}

/// An entry taken apart.
struct Entry<'a> {
    left: Left,
    host: &'a str,
    /// Without what stands for all below; empty, or begins with `/`.
    path: &'a str,
    /// Whether `/*` stands at the end.
    below: bool,
}

/// What stands before the host.
enum Left {
    None,
    Star,
    Tilde,
    /// `~` on both sides.
    TildeBoth,
}

/// What both lists take; Microsoft's rules and limits.
fn checked(text: &str) -> Result<Entry<'_>, Cause> {
    let characters = text.chars().count();
    if characters > MAX {
        return Err(Cause::MsLong(characters));
    }
    let forbidden = [
        (text.contains("://"), "scheme"),
        (!text.is_ascii(), "Unicode"),
        (text.contains('"') || text.contains('\''), "quotation marks"),
        (text.contains([' ', '\t']), "blanks"),
    ];
    if let Some((_, what)) = forbidden.iter().find(|(found, _)| *found) {
        return Err(Cause::MsNo(what));
    }
    let (left, rest) = match (text.strip_prefix('~'), text.strip_prefix("*.")) {
        (Some(rest), _) => match rest.strip_suffix('~') {
            Some(rest) => (Left::TildeBoth, rest),
            None => (Left::Tilde, rest),
        },
        (None, Some(rest)) => (Left::Star, rest),
        (None, None) => (Left::None, text),
    };
    let (rest, below) = rest.strip_suffix("/*").map_or((rest, false), |rest| (rest, true));
    if rest.contains(['*', '~']) {
        return Err(Cause::MsStar);
    }
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    host_is_sound(host, matches!(left, Left::Star) && below)?;
    if is_address(host) && !matches!(left, Left::None) {
        return Err(Cause::MsStar);
    }
    Ok(Entry { left, host, path, below })
}

/// `whole_zone`: `*.<TLD>/*` alone needs no dot in its host, and the grammar says what becomes of it.
fn host_is_sound(host: &str, whole_zone: bool) -> Result<(), Cause> {
    if host.contains('@') {
        return Err(Cause::MsNo("user before the host"));
    }
    if host.parse::<IpAddr>().is_ok() || host.starts_with('[') {
        return Ok(());
    }
    if host.contains(':') {
        return Err(Cause::MsNo("port"));
    }
    let sound = host.rsplit_once('.').is_some_and(|(name, zone)| !name.is_empty() && zone.len() >= 2);
    match sound || (whole_zone && !host.is_empty()) {
        true => Ok(()),
        false => Err(Cause::MsNo("host without a dot")),
    }
}

fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok() || host.starts_with('[')
}

/// An entry is about no scheme, and a URL has one.
fn both_schemes(host: &str, path: &str, take: Take<'_>) {
    let host = match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    };
    for scheme in ["http", "https"] {
        take(&format!("={scheme}://{host}{path}"), None);
    }
}

/// A path on one host, alone or with what is below; not the path itself in the second case.
fn paths(host: &str, path: &str, below: bool, take: Take<'_>) {
    match (path, below) {
        ("", true) if is_address(host) => take(host, Some(FRONT)),
        ("", true) => take(&format!("={host}"), Some(FRONT)),
        (path, true) => take(&format!("={host}{path}/*"), None),
        (path, false) => both_schemes(host, path, take),
    }
}
