use serde::Serialize;

use super::Unsafe;
use crate::{
    base::{Edit, MessageHash, Raw, RecipientHash},
    link::{LinkId, Place},
};

/// All that was done to a message, and all that was not.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Names the message in every link that was minted for it.
    pub message: MessageHash,
    /// Names the recipient in them; zeros where the envelope names none.
    pub recipient: RecipientHash,
    /// The Message-ID, if it has one that is text.
    pub message_id: Option<String>,
    /// The policy that was applied.
    pub policy: String,
    /// Every link that was found, part by part.
    pub links: Vec<ReportedLink>,
    /// Parts that were replaced by a note, as they could not be read safely.
    pub removed_parts: Vec<RemovedPart>,
    /// Parts that were not looked into, and the rule.
    pub left_parts: Vec<LeftPart>,
    /// Parts that were encoded anew as a whole, and why.
    pub recoded_parts: Vec<RecodedPart>,
    /// What readers of the message may disagree about.
    pub ambiguities: Vec<String>,
    /// Every stretch of bytes that is not as it was, in order.
    pub changes: Vec<Change>,
    /// Sums over `links`.
    pub counts: Counts,
    /// Bytes of the result less bytes of the message.
    pub growth: i64,
}

/// One link of the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedLink {
    /// The part, as in IMAP: `1.2`.
    pub part: String,
    /// Where it stands.
    #[serde(serialize_with = "place")]
    pub place: Place,
    /// Offset in the text of the part, its encodings undone; in a document inside an attribute, that of the attribute.
    pub at: usize,
    /// As a client reads it: character references undone, lines joined.
    pub original: String,
    /// The URL that a client would have opened, as a browser writes it.
    pub destination: Option<String>,
    /// What stands there now.
    pub link: Option<String>,
    /// Names the link, where one was minted or stayed.
    #[serde(serialize_with = "hex", skip_serializing_if = "Option::is_none")]
    pub id: Option<LinkId>,
    /// What was done.
    #[serde(flatten)]
    pub done: Done,
}

/// What was done with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub enum Done {
    /// It is a signed link now.
    Wrapped,
    /// It stays as it is.
    Left {
        /// By which rule.
        rule: Rule,
    },
    /// It cannot be followed any more.
    Defanged {
        /// Why.
        reason: Reason,
    },
    /// It was a link of ours for this tenant, proven, and stays.
    AlreadyOurs,
    /// It was a link of ours, and is its destination again.
    Restored,
}

/// Why a link stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Nothing to follow.
    Empty,
    /// A place in the message itself: `#top`.
    Fragment,
    /// What a template engine has yet to fill in: `{{link}}`.
    Placeholder,
    /// The policy leaves its scheme.
    Scheme,
    /// Relative to nothing.
    Relative,
    /// An e-mail address.
    MailAddress,
    /// A bare name that is a file's.
    FileName,
    /// Two sentences that lack a blank.
    Sentence,
    /// A bare IPv4 address or version number.
    BareAddress,
    /// A name that is written like a URL: an XML namespace, a document type, a SAML entity.
    Identifier,
    /// It stands in a hunk of a diff or in a fenced block.
    Code,
    /// A script or an event handler, which no mail client runs.
    Script,
    /// A bare name that no browser takes for a host.
    NoHost,
    /// The policy never wraps its host.
    NeverWrap,
    /// Loaded, not clicked; its base was removed, so the whole URL is written out.
    BaseWrittenOut,
    /// No link of ours, where only ours are looked for.
    NotOurs,
}

/// Why a link was defanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its scheme runs programs or opens what is not on the web.
    Scheme,
    /// It looks like a web address, and a browser refuses it; another client might not.
    Invalid,
    /// Longer than a signed link can say.
    TooLong,
    /// Links of another reading of the page hang on it.
    Base,
    /// A form that posts, or asks for a secret.
    Form,
    /// It would open without a click.
    Refresh,
    /// It would open a page or run a program inside the message.
    Active,
    /// A script, under a policy that removes them.
    Script,
}

/// A part that is a note now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemovedPart {
    /// The part, as in IMAP.
    pub part: String,
    /// What stood in the way.
    #[serde(serialize_with = "sentence")]
    pub why: Unread,
}

/// Why a part could not be dealt with safely.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unread {
    /// Its HTML.
    #[error("{0}")]
    Html(#[from] Unsafe),
    /// Its transfer encoding or charset.
    #[error("its encoding cannot be undone: {0}")]
    Encoding(String),
    /// The edits cannot be carried back to its bytes.
    #[error("its links cannot be written back: {0}")]
    Carry(String),
    /// The policy's cap.
    #[error("the message has more links than the {0} that the policy allows")]
    Links(usize),
    /// The policy's cap.
    #[error("signed links would make the message grow by more than the {0} bytes that the policy allows")]
    Growth(usize),
}

/// A part that nobody looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftPart {
    /// The part, as in IMAP.
    pub part: String,
    /// Its media type.
    pub media: String,
    /// By which rule.
    pub rule: PartRule,
}

/// Why a part is not looked into, or what looking into it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartRule {
    /// Text that is attached as a file.
    Attachment,
    /// Not text.
    Binary,
    /// Encrypted: nobody on the way can read it.
    Encrypted,
    /// Signed, and the policy keeps signatures.
    Signed,
    /// It could not be read safely, on its way out.
    Unread,
}

/// A part that was encoded anew as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecodedPart {
    /// The part, as in IMAP.
    pub part: String,
    /// Why.
    pub why: String,
}

/// A stretch of bytes of the message that was replaced. Where the result differs from the message, one of these says
/// so: the bytes between two changes are the same in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Offset in the message as it came in.
    pub at: usize,
    /// Bytes of it that are gone.
    pub removed: usize,
    /// Bytes that stand there instead.
    pub inserted: usize,
}

/// How many links had which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Signed links made.
    pub wrapped: usize,
    /// Left by a rule.
    pub left: usize,
    /// Defanged.
    pub defanged: usize,
    /// Ours before.
    pub already_ours: usize,
    /// Ours before, their destination now.
    pub restored: usize,
    /// Parts replaced by a note.
    pub removed_parts: usize,
}

impl Change {
    pub(crate) fn of(edit: &Edit<Raw>) -> Self {
        Self { at: edit.span.start(), removed: edit.span.len(), inserted: edit.with.len() }
    }
}

impl Counts {
    pub(crate) fn of(links: &[ReportedLink], removed_parts: usize) -> Self {
        let mut counts = Self { removed_parts, ..Self::default() };
        for link in links {
            let count = match link.done {
                Done::Wrapped => &mut counts.wrapped,
                Done::Left { .. } => &mut counts.left,
                Done::Defanged { .. } => &mut counts.defanged,
                Done::AlreadyOurs => &mut counts.already_ours,
                Done::Restored => &mut counts.restored,
            };
            *count += 1;
        }
        counts
    }
}

fn place<S: serde::Serializer>(place: &Place, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(place.as_str())
}

fn hex<S: serde::Serializer>(id: &Option<LinkId>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}

fn sentence<S: serde::Serializer>(why: &Unread, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(why)
}
