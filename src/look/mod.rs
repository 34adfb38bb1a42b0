//! What was found at the other end of a link, looked at: is this page or file what it says it is?
//!
//! [`examine`] takes a body as a scan got it and gives marks: each names its check, its weight and, in a sentence for a
//! person, what was seen. Their sum is the score, which the thresholds of `data/page_weights.toml` make a tier
//! (docs/CHECKS.md explains every check). A page that lets only people through is never called clean. [`onward`] says where
//! a page sends its visitors by itself. Nothing here runs a script, opens a file or asks anyone: the answer depends on
//! the arguments alone, takes time linear in the body and names at most [`MAX_MARKS`] marks of bounded length.

mod brands;
mod check;
mod checks;
mod file;
mod kind;
mod lore;
mod manual;
mod onward;
mod page;
mod quote;
mod text;
mod weights;

pub use brands::Brand;
pub use check::{Check, Mark};
pub use kind::Kind;
pub use lore::{BadLore, Lore};
pub use manual::manual;
pub use onward::onward;
pub use weights::{Row, Weights};

use sha2::{Digest, Sha256};

use crate::{
    judge::{Threat, Tier},
    url::{Names, Suffixes, WebUrl},
};

/// Most marks of one body.
pub const MAX_MARKS: usize = 64;

/// What a server answered.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    /// Where it came from, behind all redirects.
    pub url: &'a WebUrl,
    /// The status of the answer.
    pub status: u16,
    /// `Content-Type`, where it was given.
    pub content_type: Option<&'a str>,
    /// `Content-Disposition`, where it was given.
    pub disposition: Option<&'a str>,
    /// The body, its content codings undone.
    pub bytes: &'a [u8],
    /// Whether it goes on behind `bytes`.
    pub is_cut: bool,
}

/// What a body is looked at with.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Tells who is behind a host.
    pub suffixes: &'a Suffixes,
    /// Names that others borrow: those that are built in and the tenant's own.
    pub names: &'a Names,
    /// Weights, brands and words.
    pub lore: &'a Lore,
    /// The icon of the page ([`Looked::icon`]), where somebody has fetched it.
    pub icon: Option<&'a [u8]>,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// What it is by its content.
    pub kind: Kind,
    /// Everything that speaks against it, heaviest first.
    pub marks: Vec<Mark>,
    /// The weights of the marks, added up.
    pub score: u32,
    /// What that amounts to.
    pub tier: Tier,
    /// What kind of harm weighs heaviest; none where the tier is neither suspicious nor malicious.
    pub threat: Threat,
    /// How much of it could be seen.
    pub sight: Sight,
    /// The SHA-256 of the whole body; `None` where it was cut.
    pub sha256: Option<[u8; 32]>,
    /// The name under which a browser would save it, where it is a file.
    pub name: Option<String>,
    /// Where the icon of the page is, if it names one on the web.
    pub icon: Option<WebUrl>,
}

/// How much could be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// All that a visitor would see, as far as that can be told without running scripts.
    Whole,
    /// The page lets only people through: what is behind it was not seen.
    Challenge,
    /// It leads on by a script that cannot be read: what is behind it was not seen.
    Leads,
    /// The page is made by a script; what that makes was not seen.
    Scripted,
    /// It was cut, too long or too costly to be read to its end.
    Part,
}

impl Looked {
    /// All of it in one clause for a person: the heaviest marks with their weights, and the score.
    pub fn in_words(&self) -> String {
        const NAMED: usize = 4;
        let told = |mark: &Mark| format!("{} ({}, +{})", mark.evidence, mark.check, mark.weight);
        let mut words: Vec<String> = self.marks.iter().take(NAMED).map(told).collect();
        if self.marks.len() > NAMED {
            words.push(format!("and {} more", self.marks.len() - NAMED));
        }
        match (words.is_empty(), self.sight) {
            (false, _) => format!("{}; together {}", words.join("; "), self.score),
            (true, Sight::Challenge) => "the page lets only people through, so what is behind it was not seen".into(),
            (true, Sight::Leads) => "the page leads on by a script that cannot be read".into(),
            (true, _) => "nothing was found that speaks against it".into(),
        }
    }
}

/// Looks at a body.
pub fn examine(body: &Body<'_>, around: &Around<'_>) -> Looked {
    let name = file::name(body);
    let kind = Kind::of(body, name.as_deref());
    let mut seen = check::Seen::new(&around.lore.weights);
    let (mut sight, mut icon) = (Sight::Whole, None);
    if kind.is_page() {
        let page = page::Page::of(body);
        icon = page.icon(body.url);
        let view = checks::View::new(body, around, &page);
        checks::run(&view, &mut seen);
        sight = checks::sight(&view);
    }
    file::look(body, kind, name.as_deref(), &mut seen);
    if body.is_cut && sight == Sight::Whole {
        sight = Sight::Part;
    }
    let (marks, score, tier, threat) = seen.settle();
    let unseen = matches!(sight, Sight::Challenge | Sight::Leads);
    let tier = if tier == Tier::Clean && unseen { Tier::Unknown } else { tier };
    let sha256 = (!body.is_cut).then(|| Sha256::digest(body.bytes).into());
    let name = if kind.is_page() { None } else { name };
    Looked { kind, marks, score, tier, threat, sight, sha256, name, icon }
}

#[cfg(test)]
mod tests;
