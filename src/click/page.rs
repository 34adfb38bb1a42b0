use std::sync::Arc;

use crate::{
    base::ClickId,
    click::{Brand, Destination},
    judge::{HostFact, Objection, Signal, Source, Threat, Tier, Verdict},
};

/// What a person is shown instead of being sent on: facts only, no HTML and no sentence of any language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// The click stops here, for good or until the person asks to go on.
    Stop(Box<Stop>),
    /// Where a link goes, and what is known of it; nothing was opened.
    Preview(Box<Preview>),
    /// The link is not complete or has been changed. Whatever is wrong with it, this is all that is said.
    Damaged(Damaged),
    /// The person left a page that stopped them.
    Left(Left),
    /// What became of a report.
    Reported(Reported),
}

/// Where the links and forms of a page lead, all of them on the link host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ways {
    /// Path of the page for those who go no further.
    pub leave: String,
    /// The form that reports a mistake, where there is a click to report.
    pub report: Option<ReportWay>,
}

/// A POST that reports a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportWay {
    /// Where it goes.
    pub path: String,
    /// Proves that the page was shown.
    pub nonce: String,
}

/// Somebody chose to go no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Who the page speaks for: told by the link host.
    pub house: Arc<House>,
}

/// The answer to a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// Finds click and report again; none where the report did not prove which.
    pub reference: Option<ClickId>,
    /// Who the page speaks for.
    pub house: Arc<House>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is kept, and will be answered within so many days.
    Kept {
        /// The days.
        days: u32,
    },
    /// The same was reported before.
    Known,
    /// The page that it came from is too old, or none of ours.
    TooOld,
    /// It could not be kept.
    Lost,
}

impl Page {
    /// Who it speaks for.
    pub fn house(&self) -> &House {
        match self {
            Self::Stop(stop) => &stop.house,
            Self::Preview(preview) => &preview.house,
            Self::Damaged(damaged) => &damaged.house,
            Self::Left(left) => &left.house,
            Self::Reported(reported) => &reported.house,
        }
    }
}

/// A click that was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Who stops it and whether there is a way on.
    pub barrier: Barrier,
    /// Finds the click again.
    pub reference: ClickId,
    /// Who the page speaks for.
    pub house: Arc<House>,
    /// Where its links and forms lead.
    pub ways: Ways,
    /// Where the link goes.
    pub destination: Destination,
    /// How bad it is.
    pub tier: Tier,
    /// Bad in which way.
    pub threat: Threat,
    /// Why, as far as a person should see.
    pub reasons: Vec<Reason>,
}

/// What stands between the person and the destination. Only what may be passed has an [`Onward`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Barrier {
    /// It could not be checked, or the policy wants people to look first.
    Notice(Onward),
    /// Something is wrong with it.
    Warn(Onward),
    /// It is opened unusually often.
    TooMany(Onward),
    /// It is still being looked at.
    Checking(Checking),
    /// Known as bad.
    Block,
    /// An administrator's entry stops it.
    BlockedByAdmin,
    /// The message it came in was found to be harmful.
    MessageConvicted,
    /// It was taken back.
    LinkWithdrawn,
}

impl Barrier {
    /// The way on, where there is one.
    pub fn onward(&self) -> Option<&Onward> {
        match self {
            Self::Notice(onward) | Self::Warn(onward) | Self::TooMany(onward) => Some(onward),
            Self::Checking(checking) => checking.onward.as_ref(),
            Self::Block | Self::BlockedByAdmin | Self::MessageConvicted | Self::LinkWithdrawn => None,
        }
    }
}

/// A destination that is still being looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checking {
    /// Where the page goes by itself after a moment, to ask again: a path on the link host.
    pub again: String,
    /// For how many seconds it has been looked at.
    pub seconds: u32,
    /// The way on without waiting, where the policy has one.
    pub onward: Option<Onward>,
}

/// The way on: a POST to the page's own address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onward {
    /// Proves that this page was shown for this link a short while ago.
    pub nonce: String,
    /// Whether the person has to say why.
    pub reason: ReasonAsked,
}

/// Whether going on wants a reason in the person's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasonAsked {
    /// It does not.
    No,
    /// It does.
    Yes,
    /// It does, and the person went on without one.
    Missing,
}

/// Where a link goes, without going there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Finds the event again, where there is one: a previewer came by the link itself. Asking for a preview is no click.
    pub reference: Option<ClickId>,
    /// Who the page speaks for.
    pub house: Arc<House>,
    /// Where the link goes.
    pub destination: Destination,
    /// What a click would meet at this moment.
    pub would: Would,
    /// Why, as far as a person should see.
    pub reasons: Vec<Reason>,
    /// Path of the link itself, where a click would not be stopped for good.
    pub link: Option<String>,
}

/// What a click would meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Would {
    /// The destination.
    Redirect,
    /// The notice page.
    Notice,
    /// The warning page.
    Warn,
    /// The block page.
    Block,
    /// The page of an administrator's block.
    BlockedByAdmin,
    /// The page of a convicted message.
    MessageConvicted,
    /// The page of a link that was taken back.
    LinkWithdrawn,
}

/// The answer to every link that cannot be proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Finds the attempt again.
    pub reference: ClickId,
    /// Who the page speaks for: told by the link host, never by the link.
    pub house: Arc<House>,
    /// Where its links and forms lead.
    pub ways: Ways,
}

/// Who a page speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct House {
    /// Shown beside the mark.
    pub name: Option<String>,
    /// What the organisation wants people to know: who helps, and how to reach them. Plain text.
    pub help: Option<String>,
    /// Mail address that takes reports of mistakes.
    pub report: Option<MailAddress>,
    /// Colours and logo.
    pub brand: Brand,
}

/// A mail address that can stand in a `mailto:` link without meaning anything more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress(String);

/// A text that cannot stand in a `mailto:` link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no plain mail address; write it as help@example.com (letters, digits and . _ + - on both sides of one @)"
)]
pub struct BadMailAddress(pub String);

impl MailAddress {
    /// Takes `local@domain` of letters, digits and `. _ + -`: what needs no quoting in a mail and no escape in a URL.
    pub fn parse(text: &str) -> Result<Self, BadMailAddress> {
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
        };
        match text.split_once('@') {
            Some((local, domain)) if text.len() <= 254 && plain(local) && plain(domain) => Ok(Self(text.to_owned())),
            _ => Err(BadMailAddress(text.to_owned())),
        }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One reason, in the words of no language yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An administrator's entry; only the reason the administrator wrote is shown, never the list, line or author.
    Entry {
        /// What the administrator wrote.
        note: Option<String>,
    },
    /// A source that knows bad addresses; which is for the administrator.
    Source,
    /// Something that can be read off the URL itself.
    Host(HostFact),
}

impl Reason {
    /// What a person may see of `verdict`: what objects, each once, in the order of evidence.
    pub fn of(verdict: &Verdict) -> Vec<Self> {
        let mut reasons = Vec::new();
        for reason in verdict.signals.iter().filter_map(Self::of_signal) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons
    }

    fn of_signal(signal: &Signal) -> Option<Self> {
        let objects = match signal.objection {
            Objection::Blocks => true,
            // Who took a link back, and why, is told to those who look it up.
            Objection::Revokes => false,
            Objection::Speaks(tier, _) => tier >= Tier::Suspicious,
            Objection::Allows | Objection::Internal | Objection::NeverBlock => false,
        };
        match &signal.source {
            Source::List(entry) => objects.then(|| Self::Entry { note: entry.reason.clone() }),
            Source::Host { fact } => objects.then_some(Self::Host(*fact)),
            Source::Feed(_) | Source::Asked { .. } => objects.then_some(Self::Source),
            Source::Revocation(_) => None,
        }
    }
}
