use std::sync::Arc;

use super::journey::Seen;
use crate::{
    judge::{Threat, Tier},
    look::{self, Around, Body, Looked, Lore, Mark, Sight},
    net::{Cut, Page},
    sources::Objection,
    url::{Names, Suffixes, WebUrl},
};

/// Most marks of a page that are told one by one.
const MARKS: usize = 16;

/// What looks at pages.
pub(super) struct Eyes {
    pub(super) suffixes: Arc<Suffixes>,
    pub(super) names: Arc<Names>,
    pub(super) lore: Lore,
}

impl Eyes {
    /// What `page`, which stood at `url`, comes to, and whether it is a file that a visitor would keep.
    pub(super) fn look(&self, url: &WebUrl, page: &Page) -> (Seen, bool) {
        let around = Around { suffixes: &self.suffixes, names: &self.names, lore: &self.lore, icon: None };
        let looked = look::examine(&body(url, page), &around);
        let (unseen, note) = match page.cut {
            // Whoever saves a film wants no warning for its length; a page can hide behind its own.
            Some(Cut::Long) if !looked.kind.is_page() => (None, Some("only its beginning was looked at".to_owned())),
            Some(cut) => (Some(cut.to_string()), None),
            None => (unseen(&looked).or_else(|| shut(page.status)), gone(page.status)),
        };
        let is_file = !looked.kind.is_page() && !page.bytes.is_empty();
        (Seen { objections: objections(&looked), unseen, note }, is_file)
    }
}

/// Where a page sends its visitors by itself.
pub(super) fn onward(url: &WebUrl, page: &Page) -> Option<WebUrl> {
    look::onward(&body(url, page))
}

fn body<'a>(url: &'a WebUrl, page: &'a Page) -> Body<'a> {
    Body {
        url,
        status: page.status,
        content_type: page.content_type.as_deref(),
        disposition: page.disposition.as_deref(),
        bytes: &page.bytes,
        is_cut: page.cut.is_some(),
    }
}

/// What speaks against a page, all together, and each mark of it.
fn objections(looked: &Looked) -> Vec<Objection> {
    let mut objections = Vec::new();
    if looked.tier >= Tier::Suspicious {
        objections.push(Objection { tier: looked.tier, threat: looked.threat, evidence: looked.in_words() });
    }
    let told = |mark: &Mark| Objection {
        tier: Tier::Clean,
        threat: Threat::None,
        evidence: format!("{} ({}, +{})", mark.evidence, mark.check, mark.weight),
    };
    objections.extend(looked.marks.iter().take(MARKS).map(told));
    objections
}

/// Why there is more than was seen. That a script makes the page, or that it goes on, is true of half the web and no doubt
/// by itself.
fn unseen(looked: &Looked) -> Option<String> {
    match looked.sight {
        Sight::Challenge => Some("it lets only people through, so what is behind it was not seen".to_owned()),
        Sight::Leads => Some("it leads on by a script that cannot be read".to_owned()),
        Sight::Whole | Sight::Scripted | Sight::Part => None,
    }
}

/// Why an answer with this status shows nothing of what others see.
fn shut(status: u16) -> Option<String> {
    match status {
        401 | 403 | 407 | 429 | 451 | 500.. => Some(format!("it answered {status}, so others may see something else")),
        _ => None,
    }
}

fn gone(status: u16) -> Option<String> {
    matches!(status, 404 | 410).then(|| format!("there is no page ({status})"))
}
