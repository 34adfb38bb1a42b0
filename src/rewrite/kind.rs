//! Which parts are looked into, and as what.

use super::{
    find::Lines,
    policy::{Attachments, Policy, Signed},
    report::PartRule,
};
use crate::{
    link::Place,
    message::{Disposition, Part, Role},
};

/// What a part is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Html(Place),
    Text(Place, Lines),
    /// A whole message that is encoded.
    Message,
}

/// What to read a part as, or the rule by which it is left.
pub(crate) fn kind(part: &Part, policy: &Policy) -> Result<Kind, PartRule> {
    if matches!(part.role, Role::Preamble | Role::Epilogue) {
        return Ok(Kind::Text(Place::Text, Lines::Fixed));
    }
    if part.encrypted && !is_text(part) {
        return Err(PartRule::Encrypted);
    }
    if part.signed && policy.signed == Signed::Leave {
        return Err(PartRule::Signed);
    }
    let attached = part.disposition == Disposition::Attachment;
    if is_html(part) {
        return match (attached, policy.html_attachments) {
            (false, _) => Ok(Kind::Html(Place::Html)),
            (true, Attachments::Rewrite) => Ok(Kind::Html(Place::Attachment)),
            (true, Attachments::Leave) => Err(PartRule::Attachment),
        };
    }
    match part.media.kind.as_str() {
        "message" if is_message(part) => Ok(Kind::Message),
        // A container that nothing opens: some client shows it as text.
        "multipart" | "message" => Ok(Kind::Text(Place::Text, Lines::Fixed)),
        "text" if part.media.is("text", "calendar") && !attached => Ok(Kind::Text(Place::Calendar, Lines::Folded)),
        "text" if attached => Err(PartRule::Attachment),
        "text" => Ok(Kind::Text(Place::Text, lines(part))),
        _ => Err(PartRule::Binary),
    }
}

fn is_text(part: &Part) -> bool {
    part.media.kind == "text"
}

fn is_message(part: &Part) -> bool {
    matches!(part.media.subtype.as_str(), "rfc822" | "global" | "news")
}

/// By type, or by name where the type says nothing: a client opens `page.html` as a page whatever its type says.
fn is_html(part: &Part) -> bool {
    let by_type = matches!(
        (part.media.kind.as_str(), part.media.subtype.as_str()),
        ("text", "html" | "xhtml" | "x-amp-html" | "x-html") | ("application", "xhtml+xml")
    );
    let name = part.filename.as_deref().unwrap_or_default().to_ascii_lowercase();
    let by_name = [".html", ".htm", ".xhtml", ".shtml", ".xht"].iter().any(|ending| name.ends_with(ending));
    by_type || by_name && !matches!(part.media.kind.as_str(), "multipart" | "message" | "image" | "audio" | "video")
}

fn lines(part: &Part) -> Lines {
    if part.format_flowed && part.delsp { Lines::DelSp } else { Lines::Fixed }
}
