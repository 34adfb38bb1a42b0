use minijinja::{Value, context};

use super::look::style_of;
use crate::{
    base::ClickId,
    click::{Barrier, Destination, Fate, House, Page, Preview, Reason, ReasonAsked, Reported, Stop, Ways, Would},
    judge::HostFact,
};

/// The template that shows `page`.
pub(super) fn template(page: &Page) -> &'static str {
    match page {
        Page::Stop(stop) => match stop.barrier {
            Barrier::Notice(_) => "notice.html",
            Barrier::Warn(_) => "warn.html",
            Barrier::TooMany(_) => "too-many.html",
            Barrier::Checking(_) => "checking.html",
            Barrier::Block => "block.html",
            Barrier::BlockedByAdmin => "blocked-by-admin.html",
            Barrier::MessageConvicted => "message-convicted.html",
            Barrier::LinkWithdrawn => "link-withdrawn.html",
        },
        Page::Preview(_) => "preview.html",
        Page::Damaged(_) => "damaged.html",
        Page::Left(_) => "left.html",
        Page::Reported(_) => "reported.html",
    }
}

/// What the template of `page` can name.
pub(super) fn values(page: &Page) -> Value {
    match page {
        Page::Stop(stop) => of_stop(stop),
        Page::Preview(preview) => of_preview(preview),
        Page::Damaged(damaged) => context! {
            ways => of_ways(&damaged.ways),
            ..of_house(&damaged.house, Some(damaged.reference))
        },
        Page::Left(left) => of_house(&left.house, None),
        Page::Reported(reported) => of_reported(reported),
    }
}

/// What the error page can name.
pub(super) fn of_error(status: u16) -> Value {
    context! { status => status, ..of_house(&House::default(), None) }
}

fn of_ways(ways: &Ways) -> Value {
    let report = ways.report.as_ref();
    context! {
        leave => ways.leave.as_str(),
        report => report.map(|report| context! { path => report.path.as_str(), nonce => report.nonce.as_str() }),
    }
}

fn of_reported(reported: &Reported) -> Value {
    let (fate, days) = match reported.fate {
        Fate::Kept { days } => ("kept", days),
        Fate::Known => ("known", 0),
        Fate::TooOld => ("too-old", 0),
        Fate::Lost => ("lost", 0),
    };
    context! { fate => fate, days => days, ..of_house(&reported.house, reported.reference) }
}

fn of_house(house: &House, reference: Option<ClickId>) -> Value {
    context! {
        ways => (),
        reference => reference.map(|reference| reference.to_string()),
        house => context! {
            name => house.name.as_deref(),
            help => house.help.as_deref(),
            report => house.report.as_ref().map(|address| address.as_str()),
            style => Some(style_of(&house.brand)).filter(|style| !style.is_empty()).map(Value::from_safe_string),
            logo => house.brand.logo.as_ref().map(|logo| logo.name()),
        },
    }
}

fn of_stop(stop: &Stop) -> Value {
    let (kind, onward) = match &stop.barrier {
        Barrier::Notice(onward) => ("notice", Some(onward)),
        Barrier::Warn(onward) => ("warn", Some(onward)),
        Barrier::TooMany(onward) => ("too-many", Some(onward)),
        Barrier::Checking(checking) => ("checking", checking.onward.as_ref()),
        Barrier::Block => ("block", None),
        Barrier::BlockedByAdmin => ("blocked-by-admin", None),
        Barrier::MessageConvicted => ("message-convicted", None),
        Barrier::LinkWithdrawn => ("link-withdrawn", None),
    };
    let onward = onward.map(|onward| {
        let reason = match onward.reason {
            ReasonAsked::No => "no",
            ReasonAsked::Yes => "asked",
            ReasonAsked::Missing => "missing",
        };
        context! { nonce => onward.nonce.as_str(), reason => reason }
    });
    let seconds = match &stop.barrier {
        Barrier::Checking(checking) => Some(checking.seconds),
        _ => None,
    };
    context! {
        kind => kind,
        seconds => seconds,
        tier => stop.tier.as_str(),
        threat => stop.threat.as_str(),
        destination => of_destination(&stop.destination),
        reasons => of_reasons(&stop.reasons),
        onward => onward,
        ways => of_ways(&stop.ways),
        ..of_house(&stop.house, Some(stop.reference))
    }
}

fn of_preview(preview: &Preview) -> Value {
    let would = match preview.would {
        Would::Redirect => "redirect",
        Would::Notice => "notice",
        Would::Warn => "warn",
        Would::Block => "block",
        Would::BlockedByAdmin => "blocked-by-admin",
        Would::MessageConvicted => "message-convicted",
        Would::LinkWithdrawn => "link-withdrawn",
    };
    context! {
        would => would,
        destination => of_destination(&preview.destination),
        reasons => of_reasons(&preview.reasons),
        link => preview.link.as_deref(),
        ..of_house(&preview.house, preview.reference)
    }
}

fn of_destination(destination: &Destination) -> Value {
    context! {
        domain => destination.domain.as_str(),
        beside => destination.beside.as_deref(),
        lead => destination.lead.as_str(),
        host => destination.host.as_str(),
        rest => destination.rest.as_str(),
    }
}

fn of_reasons(reasons: &[Reason]) -> Vec<Value> {
    let one = |reason: &Reason| match reason {
        Reason::Entry { note: None } => context! { id => "list", note => None::<String> },
        Reason::Entry { note: Some(note) } => context! { id => "listed-because", note => note.as_str() },
        Reason::Source => context! { id => "source", note => None::<String> },
        Reason::Host(fact) => context! { id => of_fact(*fact), note => None::<String> },
    };
    reasons.iter().map(one).collect()
}

fn of_fact(fact: HostFact) -> &'static str {
    match fact {
        HostFact::LiteralAddress => "literal-address",
        HostFact::Userinfo => "userinfo",
        HostFact::MixedScripts => "mixed-scripts",
        HostFact::OddPort => "odd-port",
        HostFact::SingleLabel => "single-label",
        HostFact::Lookalike => "lookalike",
        HostFact::NestedUrl => "nested-url",
        HostFact::Sealed => "sealed",
        HostFact::ManyWrappers => "many-wrappers",
        HostFact::TooDeep => "too-deep",
    }
}
