//! Which parts are looked into, and as what.

use super::{
    find::Lines,
    policy::{Attachments, Elsewhere, Policy, Signed},
    report::{PartRule, Unread},
};
use crate::{
    link::Place,
    message::{Disposition, Part, Role, Structure, Transfer},
};

/// What a part is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Html(Place),
    /// A picture or a document in XML: its tags count, its text is no page's.
    Markup(Place),
    Text(Place, Lines),
    Calendar(Place),
    Enriched,
    Markdown,
    /// A whole message that is encoded.
    Message,
    /// A whole entity inside a signature.
    Opaque,
}

/// Why a part is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It stays, by this rule.
    Left(PartRule),
    /// It cannot be read, and goes.
    Removed(Unread),
}

const PAGES: [&str; 5] = [".html", ".htm", ".xhtml", ".shtml", ".xht"];
const CALENDARS: [&str; 6] = [".ics", ".ical", ".ifb", ".icalendar", ".vcs", ".vcf"];

/// What to read a part as, or the rule by which it is left.
pub(crate) fn kind(part: &Part, structure: &Structure, policy: &Policy) -> Result<Kind, Closed> {
    use Closed::Left;
    if matches!(part.role, Role::Preamble | Role::Epilogue) {
        return Ok(Kind::Text(Place::Text, Lines::Fixed));
    }
    if is_opaque(part) {
        return if policy.signed == Signed::Leave { Err(Left(PartRule::Signed)) } else { Ok(Kind::Opaque) };
    }
    if part.encrypted && !is_text(part) {
        return Err(Left(PartRule::Encrypted));
    }
    if part.signed && policy.signed == Signed::Leave {
        return Err(Left(PartRule::Signed));
    }
    if is_in_attached_message(part, structure) && policy.message_attachments == Attachments::Leave {
        return Err(Left(PartRule::Attachment));
    }
    if part.media.kind == "message" && matches!(part.media.subtype.as_str(), "partial" | "external-body") {
        return Err(match policy.elsewhere {
            Elsewhere::Remove => Closed::Removed(Unread::Elsewhere),
            Elsewhere::Leave => Left(PartRule::Elsewhere),
        });
    }
    // Files stand in the text, whatever the type says of them.
    if part.transfer == Transfer::Uuencode {
        return Ok(Kind::Text(Place::Attachment, Lines::Fixed));
    }
    of_content(part, policy)
}

fn of_content(part: &Part, policy: &Policy) -> Result<Kind, Closed> {
    use Closed::Left;
    let attached = part.disposition == Disposition::Attachment;
    let place = if attached { Place::Attachment } else { Place::Html };
    let switched = |kind: Kind, switch: Attachments| match (attached, switch) {
        (true, Attachments::Leave) => Err(Left(PartRule::Attachment)),
        _ => Ok(kind),
    };
    let (kind, subtype) = (part.media.kind.as_str(), part.media.subtype.as_str());
    if is_html(part) {
        return switched(Kind::Html(place), policy.html_attachments);
    }
    if is_calendar(part) {
        return switched(Kind::Calendar(Place::Calendar), policy.calendar_attachments);
    }
    if kind == "message" && is_message(part) || is_named(part, &[".eml", ".mht", ".mhtml"]) && is_file(part) {
        return switched(Kind::Message, policy.message_attachments);
    }
    if matches!((kind, subtype), ("image", "svg+xml" | "svg") | ("application", "xml" | "svg+xml"))
        || is_named(part, &[".svg", ".xml", ".xsl"]) && is_file(part)
    {
        return switched(Kind::Markup(place), policy.html_attachments);
    }
    match kind {
        // A container that nothing opens: some client shows it as text.
        "multipart" | "message" => Ok(Kind::Text(Place::Text, Lines::Fixed)),
        "text" if attached && policy.text_attachments == Attachments::Leave => Err(Left(PartRule::Attachment)),
        "text" if matches!(subtype, "enriched" | "richtext") => Ok(Kind::Enriched),
        "text" if matches!(subtype, "markdown" | "x-markdown" | "x-web-markdown") || is_named(part, &[".md"]) => {
            Ok(Kind::Markdown)
        }
        "text" => Ok(Kind::Text(if attached { place } else { Place::Text }, lines(part))),
        _ => Err(Left(carrier(part))),
    }
}

/// What a part that is no text may carry.
fn carrier(part: &Part) -> PartRule {
    let subtype = part.media.subtype.as_str();
    if matches!(subtype, "ms-tnef" | "vnd.ms-tnef") || is_named(part, &["winmail.dat", ".tnef"]) {
        PartRule::Tnef
    } else if subtype == "rtf" || is_named(part, &[".rtf"]) {
        PartRule::RichText
    } else if matches!(subtype, "pdf" | "msword" | "vnd.ms-outlook" | "internet-shortcut" | "x-mswinurl")
        || is_named(part, &[".pdf", ".doc", ".msg", ".url", ".lnk", ".webloc", ".one"])
    {
        PartRule::Document
    } else {
        PartRule::Binary
    }
}

fn is_text(part: &Part) -> bool {
    part.media.kind == "text"
}

fn is_message(part: &Part) -> bool {
    matches!(part.media.subtype.as_str(), "rfc822" | "global" | "news")
}

/// Whether its type leaves it to the name what it is.
fn is_file(part: &Part) -> bool {
    matches!(part.media.kind.as_str(), "application" | "text")
}

fn is_named(part: &Part, endings: &[&str]) -> bool {
    part.names().any(|name| endings.iter().any(|ending| name.ends_with(ending)))
}

/// By type, or by name where the type says nothing: a client opens `page.html` as a page whatever its type says.
pub(crate) fn is_html(part: &Part) -> bool {
    let by_type = matches!(
        (part.media.kind.as_str(), part.media.subtype.as_str()),
        ("text", "html" | "xhtml" | "x-amp-html" | "x-html") | ("application", "xhtml+xml")
    );
    let opened_by_type = matches!(part.media.kind.as_str(), "multipart" | "message" | "image" | "audio" | "video");
    by_type || is_named(part, &PAGES) && !opened_by_type
}

fn is_calendar(part: &Part) -> bool {
    let by_type = matches!(
        (part.media.kind.as_str(), part.media.subtype.as_str()),
        ("text", "calendar" | "x-vcalendar" | "x-calendar" | "vcard" | "x-vcard" | "directory")
            | ("application", "ics" | "x-ics" | "calendar" | "vcard" | "x-vcalendar")
    );
    by_type || is_named(part, &CALENDARS) && is_file(part)
}

/// S/MIME that is signed and not encrypted, its content inside of the signature (attack row 96).
fn is_opaque(part: &Part) -> bool {
    let smime =
        part.media.kind == "application" && matches!(part.media.subtype.as_str(), "pkcs7-mime" | "x-pkcs7-mime");
    let stated = part.media.param("smime-type").unwrap_or_default().to_ascii_lowercase();
    smime && !matches!(stated.as_str(), "enveloped-data" | "authenveloped-data" | "certs-only" | "compressed-data")
}

fn is_in_attached_message(part: &Part, structure: &Structure) -> bool {
    let around = |part: &&Part| part.parent.and_then(|parent| structure.parts.get(parent));
    std::iter::successors(Some(part), around)
        .any(|part| part.role == Role::Message && part.disposition == Disposition::Attachment)
}

fn lines(part: &Part) -> Lines {
    if part.format_flowed && part.delsp { Lines::DelSp } else { Lines::Fixed }
}

/// Whether a part is an AMP version, and the message says the same in HTML (attack row 91).
pub(crate) fn is_superfluous_amp(part: &Part, structure: &Structure) -> bool {
    let amp = part.media.is("text", "x-amp-html") && part.disposition != Disposition::Attachment;
    let around = part.parent.and_then(|parent| structure.parts.get(parent));
    let alternative = around.is_some_and(|around| around.media.is("multipart", "alternative"));
    let beside = |other: &Part| {
        let inside = |other: &&Part| other.parent.and_then(|parent| structure.parts.get(parent));
        let under = std::iter::successors(Some(other), inside).any(|other| other.parent == part.parent);
        other.role == Role::Leaf && other.media.is("text", "html") && under
    };
    amp && alternative && structure.parts.iter().any(beside)
}
