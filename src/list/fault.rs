use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{ListAction, MAX_LINE_BYTES, MAX_PATTERNS, MAX_PREFIX_BYTES};

/// A line that was refused: where it stands, why, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The file, as the reader should find it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}; {}", self.file, self.line, self.column, self.fault, self.fault.remedy())
    }
}

impl std::error::Error for BadLine {}

impl Serialize for BadLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("BadLine", 5)?;
        fields.serialize_field("file", &self.file)?;
        fields.serialize_field("line", &self.line)?;
        fields.serialize_field("column", &self.column)?;
        fields.serialize_field("cause", &self.fault.to_string())?;
        fields.serialize_field("remedy", &self.fault.remedy())?;
        fields.end()
    }
}

/// A fault and the byte offset in its line at which it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) at: usize,
    pub(super) fault: Fault,
}

/// What is wrong with a line. The text of the error is the cause; [`Fault::remedy`] says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the text of each variant says what it is, and names its fields")]
pub enum Fault {
    #[error("not UTF-8 from here on")]
    NotUtf8,
    #[error("the line has {0} bytes and may have {MAX_LINE_BYTES}")]
    LongLine(usize),
    #[error("{0:?} cannot stand in a line")]
    OddCharacter(char),
    #[error("{0} more bad lines are not shown")]
    More(usize),

    #[error("unknown directive @{name}")]
    UnknownDirective { name: String, nearest: Option<&'static str> },
    #[error("{value:?} cannot stand behind @{directive}")]
    BadValue { directive: &'static str, value: String },
    #[error("@{0} stands here a second time")]
    RepeatedDirective(&'static str),
    #[error("a directive stands behind an entry")]
    LateDirective,
    #[error("a directive stands without `@`")]
    NoAt { directive: String },

    #[error("there is no blank on both sides of the `;`")]
    NoteSpacing,
    #[error("{0:?} is no note")]
    NotAPair(String),
    #[error("unknown note {key:?}")]
    UnknownKey { key: String, nearest: Option<&'static str> },
    #[error("{0} stands here a second time")]
    RepeatedKey(&'static str),
    #[error("there is nothing behind {0}=")]
    NoValue(&'static str),
    #[error("`;` or `,` stands behind a value")]
    NoteEnd,
    #[error("a quotation mark is not closed, or text follows it without a blank")]
    OpenQuote,
    #[error("{0:?} is not a day")]
    BadDay(String),
    #[error("{value:?} cannot be confirmed")]
    BadConfirm { value: String, nearest: Option<&'static str> },

    #[error("this would match everything")]
    Everything,
    #[error("there is no host")]
    NoHost,
    #[error("a blank stands inside the entry")]
    Words { host: Option<String> },
    #[error("this is written for an ad blocker")]
    AdBlock { host: String },
    #[error("a URL stands without `=`")]
    SchemeWithoutEquals { url: String, host: String },
    #[error("not a web address: {0}")]
    NotWeb(String),
    #[error("an exact URL ends in `/*`")]
    StarInUrl { prefix: String },
    #[error("a port does not limit an entry")]
    Port { without: String },
    #[error("`@` cannot stand before or in a host")]
    Userinfo,
    #[error("`{0}` stands in the path of an entry that is no exact URL")]
    QueryInPrefix(char),
    #[error("a backslash cannot stand in an entry")]
    Backslash,
    #[error("`*` stands elsewhere than as `*.` at the start or `/*` at the end")]
    Star,
    #[error("a dot stands before the name")]
    LeadingDot { name: String },
    #[error("a label of the host is empty")]
    EmptyLabel,
    #[error("{name:?} is not a host: {cause}")]
    BadHost { name: String, cause: String },
    #[error("marks stand around the host")]
    AroundHost { name: String },
    #[error("a comma stands in the host")]
    SeveralHosts,
    #[error("{name:?} is a single label")]
    SingleLabel { name: String },
    #[error("{name:?} is a public suffix: strangers register their domains below it")]
    PublicSuffix { name: String },
    #[error("the path does not end in `/*`")]
    PathEnd { entry: String },
    #[error("a path cannot follow `*.`")]
    PathOnSubdomains { entry: String },
    #[error("a path prefix may have {MAX_PREFIX_BYTES} bytes")]
    LongPrefix,
    #[error("`*.` stands before an address")]
    SubdomainsOfAddress,
    #[error("an IPv6 address stands without brackets, or is not one")]
    BareIpv6 { written: Option<String> },
    #[error("the range has address bits beyond its length")]
    HostBits { range: String },
    #[error("{0:?} is not the length of such a range")]
    RangeLength(String),
    #[error("what follows sha256: is not 64 hexadecimal digits")]
    BadHash,
    #[error("a regular expression begins with `/` and does not end with `/`")]
    OpenPattern,
    #[error("the regular expression is refused: {0}")]
    BadPattern(String),
    #[error("a list may have {MAX_PATTERNS} regular expressions")]
    TooManyPatterns,
    #[error("a list with @action {0} holds hosts and address ranges alone")]
    HostsOnly(ListAction),
    #[error("this would block {0:?}, where our own links live")]
    OurHost(String),
    #[error("this would block {0:?}, which is on the never-block list")]
    NeverBlocked(String),
}

impl Fault {
    /// What to write instead, or to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::More(_) => "mend those above first".into(),
            Self::NotUtf8 => "save the file as UTF-8".into(),
            Self::LongLine(_) => "shorten it, or write its path prefix instead".into(),
            Self::OddCharacter(c) if c.is_whitespace() => "write an ordinary blank, or remove it".into(),
            Self::OddCharacter(_) => "remove it".into(),
            Self::UnknownDirective { .. }
            | Self::BadValue { .. }
            | Self::RepeatedDirective(_)
            | Self::LateDirective
            | Self::NoAt { .. } => self.directive_remedy(),
            Self::NoteSpacing
            | Self::NotAPair(_)
            | Self::UnknownKey { .. }
            | Self::RepeatedKey(_)
            | Self::NoValue(_)
            | Self::NoteEnd
            | Self::OpenQuote
            | Self::BadDay(_)
            | Self::BadConfirm { .. } => self.note_remedy(),
            _ => self.entry_remedy(),
        }
    }

    fn directive_remedy(&self) -> String {
        match self {
            Self::UnknownDirective { nearest: Some(nearest), .. } => format!("did you mean @{nearest}?"),
            Self::UnknownDirective { .. } => "known are @action, @tenant, @policy, @trust, @threat and @confirm".into(),
            Self::BadValue { directive: "action", .. } => "write block, allow, never-block or internal".into(),
            Self::BadValue { directive: "tenant", .. } => "write the tenant's number, 1 to 65535".into(),
            Self::BadValue { directive: "policy", .. } => {
                "write the policy's name: letters, digits, `.`, `_` and `-`".into()
            }
            Self::BadValue { directive: "trust", .. } => "write block, warn or signal".into(),
            Self::BadValue { directive: "threat", .. } => "write phishing, malware or scam".into(),
            Self::BadValue { .. } => "the one thing to confirm for a whole list is `@confirm empty`".into(),
            Self::RepeatedDirective(_) => "keep one of the two".into(),
            Self::NoAt { directive } => format!("write `@{directive}`"),
            _ => "directives stand before the first entry; move it up".into(),
        }
    }

    fn note_remedy(&self) -> String {
        match self {
            Self::NoteSpacing => "write `example.com ; reason=\"…\"`".into(),
            Self::NotAPair(_) => "write key=value or key=\"some words\", with blanks between them".into(),
            Self::UnknownKey { nearest: Some(nearest), .. } => format!("did you mean {nearest}=?"),
            Self::UnknownKey { .. } => "known are reason=, by=, until=, ref= and confirm=".into(),
            Self::RepeatedKey(_) => "keep one of the two".into(),
            Self::NoValue(key) => format!("write {key}=something, or leave it out"),
            Self::NoteEnd => "part notes by blanks alone; a value that ends so stands in quotation marks".into(),
            Self::OpenQuote => "write reason=\"some words\" (\\\" for a quotation mark inside)".into(),
            Self::BadDay(_) => "write a day of the calendar as until=2026-12-31".into(),
            Self::BadConfirm { nearest: Some(nearest), .. } => format!("did you mean confirm={nearest}?"),
            _ => "write confirm=suffix, confirm=never-block, or both with a comma".into(),
        }
    }

    fn entry_remedy(&self) -> String {
        match self {
            Self::Everything => "name a domain, a host, a path or a URL".into(),
            Self::NoHost => "write the host first, as in `example.com` or `example.com/login/*`".into(),
            Self::Words { host: Some(host) } => {
                format!("write `{host}` alone (the addresses of a hosts file are not used)")
            }
            Self::Words { host: None } => {
                "write one entry a line, notes behind ` ; `, comments behind ` # ` (`\\x20` for a blank in a regular \
                 expression)"
                    .into()
            }
            Self::AdBlock { host } => format!("write `{host}`"),
            Self::SchemeWithoutEquals { url, host } => {
                format!("write `{host}` for the domain, or `={url}` for this URL only")
            }
            Self::NotWeb(_) => "write it as `=https://example.com/a?x=1`".into(),
            Self::StarInUrl { prefix } => {
                format!("write `{prefix}` for all that is below (a star that is part of the URL is `%2A`)")
            }
            Self::Port { without } => format!("write `{without}`: it covers every port"),
            Self::Userinfo => "write the host alone: what stands before `@` is never looked at".into(),
            Self::QueryInPrefix(_) => "end the path before it, or write the exact URL with `=https://`".into(),
            Self::Backslash => "write `/`".into(),
            Self::Star => {
                "write `example.com` (with subdomains), `*.example.com` (subdomains alone) or `example.com/login/*`"
                    .into()
            }
            Self::LeadingDot { name } => format!("write `{name}` (with subdomains) or `*.{name}` (subdomains alone)"),
            Self::EmptyLabel => "remove the dot that is too many".into(),
            Self::BadHost { .. } => "write it as it stands in a browser's address bar".into(),
            Self::AroundHost { name } => format!("write `{name}` alone"),
            Self::SeveralHosts => "write one entry a line".into(),
            Self::SingleLabel { name } => format!("write `={name}` for the host of that name"),
            Self::PublicSuffix { name } => {
                format!("write a domain below it, or add ` ; confirm=suffix` if all of {name:?} is meant")
            }
            Self::PathEnd { entry } => format!(
                "write `{}/*` for all that is below, or `=https://{}` for this URL only",
                entry.trim_end_matches('/'),
                entry.trim_start_matches('=')
            ),
            Self::PathOnSubdomains { entry } => format!("write `{entry}`: it covers the subdomains too"),
            Self::LongPrefix => "end the path earlier".into(),
            Self::SubdomainsOfAddress => "write the address alone, or a range as `203.0.113.0/24`".into(),
            Self::BareIpv6 { written: Some(written) } => format!("write `{written}`"),
            Self::BareIpv6 { written: None } => "write it as `[2001:db8::1]`, a range as `[2001:db8::]/32`".into(),
            Self::HostBits { range } => format!("write `{range}`"),
            Self::RangeLength(_) => "write 1 to 32 for IPv4, 1 to 128 for IPv6".into(),
            Self::BadHash => "write the file's SHA-256 as `sha256:` and 64 hexadecimal digits".into(),
            Self::OpenPattern => {
                "write `/…/` for a regular expression, flags inside (`/(?i)…/`); a path needs its host: \
                 `example.com/login/*`"
                    .into()
            }
            Self::BadPattern(_) => "try the URL, its path prefix or its domain instead".into(),
            Self::TooManyPatterns => "use domains and path prefixes: they cost nothing, however many".into(),
            Self::HostsOnly(_) => "write the host, the domain or the range alone".into(),
            Self::OurHost(_) => "leave it out: a link of ours is revoked, not blocked".into(),
            Self::NeverBlocked(_) => {
                "write the path that is bad (`…/path/*`), or add ` ; confirm=never-block` if the whole host is meant"
                    .into()
            }
            _ => "see README.md beside the lists".into(),
        }
    }
}
