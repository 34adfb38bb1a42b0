use std::fmt;

use super::refresh;
use crate::{
    judge::{Threat, Tier},
    link,
    net::{NoAddress, NotFetched, Page},
    sources::Objection,
    url::{self, Context, WebUrl},
};

/// A visit, step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// Where it went, the URL itself first.
    pub steps: Vec<Step>,
    /// How it ended.
    pub end: End,
}

/// One place on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The place.
    pub url: WebUrl,
    /// What led there.
    pub by: By,
    /// What it answered, where it was asked.
    pub status: Option<u16>,
    /// What is wrong with its certificate.
    pub certificate: Option<String>,
}

/// What leads from one place to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The link itself.
    Link,
    /// It can be read off the URL, whose format this is.
    Format(String),
    /// A redirect with this status.
    Redirect(u16),
    /// The `Refresh` header.
    Refresh,
    /// The page itself: `<meta http-equiv=refresh>`, or a script that does nothing else.
    Page,
}

/// How a visit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Something was seen.
    Seen(Seen),
    /// It was not visited to its end, and why. That is an answer.
    Left(String),
    /// It cannot be told what stands there.
    Unclear(String),
    /// It led where no honest link leads.
    Lured(Objection),
}

/// What was seen at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// What speaks against it.
    pub objections: Vec<Objection>,
    /// Why there is more than was seen.
    pub unseen: Option<String>,
    /// What is worth telling beside.
    pub note: Option<String>,
}

impl Step {
    pub(super) fn to(url: WebUrl, by: By) -> Self {
        Self { url, by, status: None, certificate: None }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("the link"),
            Self::Format(name) => f.write_str(name),
            Self::Redirect(status) => write!(f, "redirect {status}"),
            Self::Refresh => f.write_str("refresh"),
            Self::Page => f.write_str("the page"),
        }
    }
}

/// Where a redirector or wrapper leads for all that can be read off it.
pub(super) fn read_off(here: &WebUrl) -> Option<Step> {
    let chain = link::chain(here);
    let hop = chain.hops().get(chain.end().checked_sub(1)?)?;
    Some(Step::to(hop.url.clone(), By::Format(hop.way.by().to_owned())))
}

/// Where an answer sends its visitor by itself; an error where that is no place to visit.
pub(super) fn onward(here: &WebUrl, page: &Page) -> Option<Result<Step, End>> {
    if page.redirects() {
        let target = page.location.as_deref()?;
        return Some(follow(here, target, By::Redirect(page.status)));
    }
    let refresh = page.refresh.as_deref().and_then(refresh::target);
    if let Some(target) = refresh.filter(|target| !target.is_empty()) {
        let next = follow(here, target, By::Refresh);
        // A page that reloads itself leads nowhere else.
        if !matches!(&next, Ok(step) if step.url == *here) {
            return Some(next);
        }
    }
    let target = super::seen::onward(here, page)?;
    (target != *here).then(|| Ok(Step::to(target, By::Page)))
}

fn follow(here: &WebUrl, target: &str, by: By) -> Result<Step, End> {
    let context = Context { base: Some(here), encode_query: None };
    match url::parse_in(target, &context) {
        Ok(next) => Ok(Step::to(next, by)),
        Err(why) => Err(End::Left(format!("it leads on to what is no page ({why})"))),
    }
}

/// How a visit ends where nothing could be fetched.
pub(super) fn end_without(here: &WebUrl, why: NotFetched, is_first: bool) -> End {
    let lured = |why: &dyn fmt::Display| {
        let evidence = match is_first {
            true => format!("{why}"),
            false => format!("it sends its visitors to {}: {why}", here.host_str()),
        };
        End::Lured(Objection { tier: Tier::Suspicious, threat: Threat::None, evidence })
    };
    match why {
        // Nobody's page has one foot on the internet and one inside a network (attack row 139); and no page of the internet
        // sends people into one (row 140). That a link itself leads inside is what people inside send one another.
        NotFetched::Mixed(_) => lured(&why),
        NotFetched::Forbidden(_) if !is_first => lured(&why),
        NotFetched::Forbidden(_)
        | NotFetched::NotPublic
        | NotFetched::Own
        | NotFetched::Port(_)
        | NotFetched::NoAddress(NoAddress::NoSuchHost) => End::Left(why.to_string()),
        why => End::Unclear(why.to_string()),
    }
}
