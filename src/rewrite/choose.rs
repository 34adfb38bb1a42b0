//! What becomes of one link: found text and the policy in, a [`Choice`] out.

use std::borrow::Cow;

use super::{
    find::{Found, Role, Shape, Spot, Submit, bare_host, is_address},
    own::Own,
    policy::{Code, Policy, SchemeRule, Scripts},
    report::{Reason, Rule},
};
use crate::{
    link::{LinkId, Place},
    url::{self, Context, NotWeb, Suffixes, WebUrl},
};

/// What becomes of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// A signed link to this.
    Wrap(WebUrl),
    /// It is ours already, and leads here.
    Ours(WebUrl, LinkId),
    /// It stays.
    Leave(Rule),
    /// It is made harmless.
    Defang(Reason),
    /// It is loaded, not clicked, and hangs on a base that goes: the whole URL is written out.
    Absolute(WebUrl),
    /// It is no link.
    Skip,
}

/// What holds for one document.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) suffixes: &'a Suffixes,
    pub(crate) own: &'a Own,
    /// What kind of part it is.
    pub(crate) place: Place,
    /// What relative links are relative to.
    pub(crate) base: Option<&'a WebUrl>,
    /// Whether the base is removed, from the document or from the header of its part.
    pub(crate) base_goes: bool,
    /// Encodes a query in the charset of the document.
    pub(crate) encode_query: Option<crate::url::EncodeQuery<'a>>,
}

impl<'a> Scope<'a> {
    /// Of text, where nothing is relative to anything and no document has a charset of its own.
    pub(crate) fn of_text(policy: &'a Policy, suffixes: &'a Suffixes, own: &'a Own, place: Place) -> Self {
        Self { policy, suffixes, own, place, base: None, base_goes: false, encode_query: None }
    }
}

/// Chooses for one link.
pub(crate) fn choose(found: &Found, scope: &Scope<'_>) -> Choice {
    match found.spot {
        Spot::Attribute(Role::Link, _) => attribute(&found.value, scope),
        Spot::Attribute(Role::Active, _) => active(&found.value),
        Spot::Attribute(Role::Resource, _) | Spot::Piece(_) => resource(&found.value, scope),
        Spot::Attribute(Role::Base, _) if found.value == "#" => Choice::Skip,
        Spot::Attribute(Role::Base, _) => Choice::Defang(Reason::Base),
        Spot::Form { submit, .. } => match attribute(&found.value, scope) {
            Choice::Wrap(_) | Choice::Ours(..) if submit == Submit::Secret => Choice::Defang(Reason::Form),
            choice => choice,
        },
        Spot::Refresh { .. } => match attribute(&found.value, scope) {
            // A page that is attached may well lead on; a message never does so without a click.
            Choice::Wrap(_) | Choice::Ours(..) if scope.place != Place::Attachment => Choice::Defang(Reason::Refresh),
            choice => choice,
        },
        Spot::Handler(_) | Spot::Script if matches!(found.value.trim(), "" | "#") => Choice::Skip,
        Spot::Handler(_) | Spot::Script => match scope.policy.scripts {
            Scripts::Report => Choice::Leave(Rule::Script),
            Scripts::Remove => Choice::Defang(Reason::Script),
        },
        Spot::TextNode(shape) | Spot::Text(shape) => text(shape, &found.value, scope),
    }
}

/// What the message itself brings stays.
fn active(value: &str) -> Choice {
    let clean = clean(value);
    let own = matches!(scheme(&clean).as_deref(), Some("cid" | "mid" | "about"));
    if own || clean.is_empty() || clean.starts_with('#') { Choice::Skip } else { Choice::Defang(Reason::Active) }
}

fn text(shape: Shape, value: &str, scope: &Scope<'_>) -> Choice {
    match shape {
        Shape::FileName => Choice::Leave(Rule::FileName),
        Shape::Sentence => Choice::Leave(Rule::Sentence),
        Shape::Address => Choice::Leave(Rule::BareAddress),
        Shape::Identifier if scope.policy.code == Code::Leave => Choice::Leave(Rule::Identifier),
        Shape::Code if scope.policy.code == Code::Leave => Choice::Leave(Rule::Code),
        Shape::Bare => match url::parse(value) {
            Ok(url) => web(url, scope),
            Err(_) => Choice::Leave(Rule::NoHost),
        },
        // An auto-linker knows nothing of the document's charset: it sends UTF-8.
        Shape::Url | Shape::Identifier | Shape::Code => parsed(url::parse(value), scope),
    }
}

/// Whether a base has a say in it.
pub(crate) fn is_relative(value: &str) -> bool {
    let clean = clean(value);
    !clean.is_empty() && !clean.starts_with('#') && scheme(&clean).is_none()
}

fn resource(value: &str, scope: &Scope<'_>) -> Choice {
    match in_base(&clean(value), scope) {
        Ok(url) if scope.base_goes && is_relative(value) => Choice::Absolute(url),
        _ => Choice::Skip,
    }
}

fn attribute(value: &str, scope: &Scope<'_>) -> Choice {
    let clean = clean(value);
    let mut rest = &*clean;
    if rest.is_empty() {
        return Choice::Leave(Rule::Empty);
    }
    if rest.starts_with('#') {
        return Choice::Leave(Rule::Fragment);
    }
    if is_placeholder(rest) {
        return Choice::Leave(Rule::Placeholder);
    }
    // `view-source:feed:https://…` opens the web address inside.
    while let Some(inside) = wrapped_by_scheme(rest) {
        rest = inside;
    }
    match scheme(rest).as_deref() {
        Some("http" | "https") => match absolute(rest, scope) {
            url if placeholder_host(rest, &url) => Choice::Leave(Rule::Placeholder),
            url => parsed(url, scope),
        },
        Some(name) if is_host_and_port(name, rest, scope) => parsed(absolute(&format!("http://{rest}"), scope), scope),
        Some(name) => match scope.policy.scheme(name) {
            SchemeRule::Leave => Choice::Leave(Rule::Scheme),
            SchemeRule::Defang => Choice::Defang(Reason::Scheme),
        },
        None if scope.base.is_none() && is_quoted_address(rest) => Choice::Defang(Reason::Invalid),
        None => relative(rest, scope),
    }
}

/// An absolute address behind quotation marks and the like: relative to nothing for a browser, a link for a client that
/// takes them away (attack row 11).
fn is_quoted_address(text: &str) -> bool {
    let mark = |character: char| {
        character.is_whitespace()
            || "`'\"<>()".contains(character)
            || matches!(character, '\u{ab}' | '\u{2018}'..='\u{201f}')
    };
    let inside = text.trim_start_matches(mark);
    let address = || {
        let scheme = scheme(inside);
        matches!(scheme.as_deref(), Some("http" | "https" | "url")) || inside.starts_with("//")
    };
    inside.len() < text.len() && address()
}

/// A link without a scheme (attack rows 46 and 47).
fn relative(text: &str, scope: &Scope<'_>) -> Choice {
    let slashes = text.bytes().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
    if scope.base.is_some() {
        return parsed(in_base(text, scope), scope);
    }
    if slashes >= 2 {
        return parsed(absolute(&format!("https:{text}"), scope), scope);
    }
    let first = text.split(['/', '\\', '?', '#', ':']).next().unwrap_or(text);
    let host = first.rsplit('@').next().unwrap_or(first);
    if first.len() == text.len() && first.contains('@') {
        return Choice::Leave(Rule::MailAddress);
    }
    if bare_host(host, scope.suffixes) || is_address(host) {
        return parsed(absolute(&format!("http://{text}"), scope), scope);
    }
    Choice::Leave(Rule::Relative)
}

fn parsed(url: Result<WebUrl, NotWeb>, scope: &Scope<'_>) -> Choice {
    match url {
        Ok(url) => web(url, scope),
        Err(NotWeb::Empty | NotWeb::Relative) => Choice::Leave(Rule::Relative),
        Err(NotWeb::Scheme(_) | NotWeb::Invalid(_)) => Choice::Defang(Reason::Invalid),
    }
}

fn web(url: WebUrl, scope: &Scope<'_>) -> Choice {
    match scope.own.open(&url) {
        Some(link) if link.stays => Choice::Ours(link.destination, link.id),
        Some(link) => Choice::Wrap(link.destination),
        None if scope.policy.never_wraps(url.host_str()) => Choice::Leave(Rule::NeverWrap),
        None => Choice::Wrap(url),
    }
}

fn absolute(text: &str, scope: &Scope<'_>) -> Result<WebUrl, NotWeb> {
    url::parse_in(text, &Context { base: None, encode_query: scope.encode_query })
}

fn in_base(text: &str, scope: &Scope<'_>) -> Result<WebUrl, NotWeb> {
    url::parse_in(text, &Context { base: scope.base, encode_query: scope.encode_query })
}

/// What a URL parser takes away first, and the format characters before it, which some clients skip (attack row 3).
fn clean(value: &str) -> Cow<'_, str> {
    let edge = |character: char| character <= ' ';
    let skipped = |character: char| {
        matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let value = value.trim_end_matches(edge).trim_start_matches(|character| edge(character) || skipped(character));
    let dropped = ['\t', '\n', '\r'];
    if memchr::memchr3(b'\t', b'\n', b'\r', value.as_bytes()).is_some() {
        value.replace(dropped, "").into()
    } else {
        value.into()
    }
}

/// The scheme in lower case, if there is one.
pub(crate) fn scheme(text: &str) -> Option<Cow<'_, str>> {
    // As nearly all are written.
    if let Some(usual) = ["https", "http"].into_iter().find(|usual| is_scheme_of(text, usual)) {
        return Some(Cow::Borrowed(usual));
    }
    let (scheme, _) = text.split_once(':')?;
    let body = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let valid = scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(body);
    valid.then(|| scheme.to_ascii_lowercase().into())
}

fn is_scheme_of(text: &str, scheme: &str) -> bool {
    text.strip_prefix(scheme).is_some_and(|rest| rest.starts_with(':'))
}

/// The web address behind a scheme that only says how to show it.
fn wrapped_by_scheme(text: &str) -> Option<&str> {
    const SHOWS: [&str; 4] = ["view-source", "feed", "microsoft-edge", "url"];
    if !SHOWS.contains(&&*scheme(text)?) {
        return None;
    }
    let (_, inside) = text.split_once(':')?;
    let inside = inside.trim_start();
    let web = scheme(inside).is_some_and(|scheme| matches!(&*scheme, "http" | "https") || SHOWS.contains(&&*scheme));
    (web || inside.starts_with("//")).then_some(inside)
}

/// `evil.test:8080/x`: the port looks like the rest of a URL with the scheme `evil.test`.
fn is_host_and_port(name: &str, text: &str, scope: &Scope<'_>) -> bool {
    let after = text.get(name.len() + 1..).unwrap_or_default();
    let port = after.split(['/', '?', '#']).next().unwrap_or_default();
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && bare_host(name, scope.suffixes)
}

/// What a template engine has yet to fill in stands at the beginning, so no client can open it (attack row 41).
fn is_placeholder(text: &str) -> bool {
    const MARKS: [&str; 7] = ["{{", "{%", "%%", "*|", "<%", "${", "[["];
    let bracket = text.starts_with('[') && text.ends_with(']');
    is_marked(text) && (bracket || MARKS.iter().any(|mark| text.starts_with(mark)))
}

/// Whether the first character could begin a placeholder.
fn is_marked(text: &str) -> bool {
    text.starts_with(['{', '%', '*', '<', '$', '['])
}

/// What a template engine has yet to fill in stands at the beginning of the host; no client can find one there. It can
/// behind `{{name}}@`, where `{{name}}` stands before a host, and an IPv6 address looks like a placeholder too.
fn placeholder_host(text: &str, url: &Result<WebUrl, NotWeb>) -> bool {
    let after = text.split_once(':').map_or("", |(_, after)| after).trim_start_matches(['/', '\\']);
    let name = |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_found =
        |url: &WebUrl| url.is_address() || url.host_str().rsplit('.').find(|label| !label.is_empty()).is_some_and(name);
    is_marked(after)
        && is_placeholder(after.split(['/', '?', '#']).next().unwrap_or_default())
        && !url.as_ref().is_ok_and(is_found)
}

#[cfg(test)]
mod tests;
