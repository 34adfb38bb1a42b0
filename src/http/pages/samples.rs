use std::sync::Arc;

use crate::{
    base::ClickId,
    click::{
        Barrier, Brand, Checking, Damaged, Destination, Fate, House, Left, MailAddress, Onward, Page, Preview, Reason,
        ReasonAsked, ReportWay, Reported, Stop, Ways, Would,
    },
    judge::{HostFact, Threat, Tier},
};

/// One page of every kind and every branch, named. Templates are tried on them when they are loaded, so that a broken
/// overlay is told to the person who starts the server and never to one who clicks.
pub fn samples() -> Vec<(String, Page)> {
    let mut samples = Vec::new();
    for threat in [Threat::None, Threat::Phishing, Threat::Malware, Threat::Scam, Threat::Policy] {
        samples.push((format!("block-{threat}"), stop(Barrier::Block, Tier::Malicious, threat)));
        samples
            .push((format!("warn-{threat}"), stop(Barrier::Warn(onward(ReasonAsked::No)), Tier::Suspicious, threat)));
    }
    for (name, asked) in [("asked", ReasonAsked::Yes), ("missing", ReasonAsked::Missing)] {
        let page = stop(Barrier::Warn(onward(asked)), Tier::Suspicious, Threat::None);
        samples.push((format!("warn-reason-{name}"), page));
    }
    for tier in [Tier::Clean, Tier::Unknown, Tier::Suspicious] {
        samples.push((format!("notice-{tier}"), stop(Barrier::Notice(onward(ReasonAsked::No)), tier, Threat::None)));
    }
    for (name, barrier) in [
        ("blocked-by-admin", Barrier::BlockedByAdmin),
        ("message-convicted", Barrier::MessageConvicted),
        ("link-withdrawn", Barrier::LinkWithdrawn),
    ] {
        samples.push((name.into(), stop(barrier, Tier::Malicious, Threat::Policy)));
    }
    for (name, would) in [
        ("redirect", Would::Redirect),
        ("notice", Would::Notice),
        ("warn", Would::Warn),
        ("block", Would::Block),
        ("blocked-by-admin", Would::BlockedByAdmin),
        ("message-convicted", Would::MessageConvicted),
        ("link-withdrawn", Would::LinkWithdrawn),
    ] {
        samples.push((format!("preview-{name}"), preview(would)));
    }
    for (name, onward) in [("", Some(onward(ReasonAsked::No))), ("-wait", None)] {
        let again = "/www.shop.example/AbCdEf1?again=c2FtcGxl".into();
        let barrier = Barrier::Checking(Checking { again, seconds: 4, onward });
        samples.push((format!("checking{name}"), stop(barrier, Tier::Unknown, Threat::None)));
    }
    samples.push(("too-many".into(), stop(Barrier::TooMany(onward(ReasonAsked::No)), Tier::Clean, Threat::None)));
    for (name, house) in [("", house()), ("-plain", Arc::default())] {
        samples.push((format!("damaged{name}"), Page::Damaged(Damaged { reference: REFERENCE, house, ways: ways() })));
    }
    samples.push(("left".into(), Page::Left(Left { house: house() })));
    for (name, fate) in
        [("kept", Fate::Kept { days: 3 }), ("known", Fate::Known), ("too-old", Fate::TooOld), ("lost", Fate::Lost)]
    {
        let reference = (fate != Fate::TooOld).then_some(REFERENCE);
        samples.push((format!("reported-{name}"), Page::Reported(Reported { reference, house: house(), fate })));
    }
    samples
}

const REFERENCE: ClickId = ClickId([0x01, 0x93, 0x5c, 0x2a, 0x41, 0x7e, 0x5b, 0xd0, 0x0f, 0x6a]);

fn stop(barrier: Barrier, tier: Tier, threat: Threat) -> Page {
    let mut reasons = vec![Reason::Entry { note: None }];
    reasons.push(Reason::Entry { note: Some("copies our sign-in page".into()) });
    reasons.push(Reason::Source);
    for fact in [
        HostFact::LiteralAddress,
        HostFact::Userinfo,
        HostFact::MixedScripts,
        HostFact::OddPort,
        HostFact::SingleLabel,
        HostFact::Lookalike,
        HostFact::NestedUrl,
        HostFact::Sealed,
        HostFact::ManyWrappers,
        HostFact::TooDeep,
    ] {
        reasons.push(Reason::Host(fact));
    }
    let destination = if threat == Threat::Scam { international() } else { plain() };
    Page::Stop(Box::new(Stop {
        barrier,
        reference: REFERENCE,
        house: house(),
        ways: ways(),
        destination,
        tier,
        threat,
        reasons,
    }))
}

fn preview(would: Would) -> Page {
    let stopped = !matches!(would, Would::Redirect | Would::Notice | Would::Warn);
    Page::Preview(Box::new(Preview {
        reference: stopped.then_some(REFERENCE),
        house: house(),
        destination: plain(),
        would,
        reasons: if would == Would::Redirect { vec![] } else { vec![Reason::Host(HostFact::OddPort)] },
        link: (!stopped).then(|| "/www.shop.example/AbCdEf1".to_owned()),
    }))
}

fn onward(reason: ReasonAsked) -> Onward {
    Onward { nonce: "c2FtcGxl".into(), reason }
}

fn ways() -> Ways {
    let report = ReportWay { path: "/~/report/www.shop.example/AbCdEf1".into(), nonce: "cmVwb3J0".into() };
    Ways { leave: "/~/left".into(), report: Some(report) }
}

fn house() -> Arc<House> {
    Arc::new(House {
        name: Some("Example Corp".into()),
        help: Some("IT help desk, extension 1234, weekdays 9 to 17".into()),
        report: MailAddress::parse("helpdesk@corp.example").ok(),
        brand: Brand::default(),
    })
}

fn plain() -> Destination {
    Destination {
        domain: "shop.example".into(),
        beside: None,
        lead: "https://".into(),
        host: "www.shop.example".into(),
        rest: "/account/verify?session=8f14e45fceea167a&next=%2Fhome#top".into(),
    }
}

fn international() -> Destination {
    Destination {
        domain: "例え.テスト".into(),
        beside: Some("xn--r8jz45g.xn--zckzah".into()),
        lead: "https://user@".into(),
        host: "login.xn--r8jz45g.xn--zckzah".into(),
        rest: ":8443/%E3%83%9A%E3%83%BC%E3%82%B8".into(),
    }
}
