use crate::list::Fault;

/// Why a row of a foreign list is not taken. The text of the error is the cause; [`Cause::remedy`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the text of each variant says what it is, and names its fields")]
pub enum Cause {
    #[error("{0}")]
    Entry(Fault),
    #[error("this is no host name and no address")]
    NoHost,
    #[error("there is no URL")]
    NoUrl,
    #[error("a URL stands where a host belongs")]
    UrlForHost,
    #[error("the row has {found} fields, and the URL stands in number {wanted}")]
    Fields { wanted: usize, found: usize },
    #[error("this is {0}, and no text")]
    NotText(&'static str),
    #[error("the object has no field for a URL or a host")]
    NoField,
    #[error("it is an exception: it lets something through")]
    Exception,
    #[error("the option `{0}` narrows it in a way that no entry can")]
    Option(String),
    #[error("it hides or changes something in a page and stops none")]
    Cosmetic,
    #[error("it looks for a part of any URL")]
    Substring,
    #[error("it is a regular expression for another program")]
    Pattern,
    #[error("`{0}` is a setting and names no host to block")]
    Setting(String),
    #[error("it sends the name to {0:?}, which is not to block it")]
    Elsewhere(String),
    #[error("the trigger `{0}` is about how a name is resolved, and not about a URL")]
    Trigger(&'static str),
    #[error("the name lies outside the zone")]
    OutOfZone,
    #[error("this is no record of a zone")]
    NoRecord,
    #[error("it has {0} characters, and Microsoft takes 250")]
    MsLong(usize),
    #[error("Microsoft takes no {0} here")]
    MsNo(&'static str),
    #[error("the wildcard stands where Microsoft takes none")]
    MsStar,
    #[error("it would match inside other names too, such as not{0}")]
    MsInside(String),
    #[error("Microsoft takes an allow of this kind for simulations alone")]
    MsSimulation,
}

impl Cause {
    /// What to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::Entry(fault) => fault.remedy(),
            Self::UrlForHost => "read the file with `--format urls`, or as `phishing-database`".into(),
            Self::NoHost | Self::NoUrl | Self::NotText(_) | Self::NoField => {
                "leave it out, or write what is meant into a list".into()
            }
            Self::Fields { .. } | Self::NoRecord => {
                "fetch the file again: it may be cut off or in another format".into()
            }
            Self::Exception => "write it into a list with `@action allow` if it is meant".into(),
            Self::Option(_) => "write the domain into a list if all of it is meant".into(),
            Self::Cosmetic | Self::Trigger(_) | Self::Setting(_) => "leave it out".into(),
            Self::Substring => "write the domain or the path prefix that is meant into a list".into(),
            Self::Pattern => "write it into a list if it is meant for canonical URLs".into(),
            Self::Elsewhere(_) => "write the domain into a list if it is to be blocked".into(),
            Self::OutOfZone => "see `$ORIGIN` and the name of the zone".into(),
            Self::MsInside(name) => format!("write `{name}` for the domain"),
            Self::MsNo("scheme") => "leave the scheme off".into(),
            Self::MsNo("port") => "leave the port off: an entry covers every port".into(),
            Self::MsNo("Unicode") => "write the name as xn--…".into(),
            Self::MsLong(_) | Self::MsNo(_) | Self::MsStar | Self::MsSimulation => {
                "write what is meant into a list: `example.com`, `=example.com`, `*.example.com` or \
                 `example.com/login/*`"
                    .into()
            }
        }
    }
}
