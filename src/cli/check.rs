use std::sync::Arc;

use serde::Serialize;

use super::{
    Exit, Failure,
    args::{CheckArguments, PlaceArguments},
    output::Stdout,
    work::{Work, tenant},
};
use crate::{
    app::{Shelf, SystemClock, Visits, internal},
    base::{Clock as _, TenantId},
    config::Tenant,
    judge::{Asked, Decision, Evidence, Freshness, InnerUrl, Signal, Source, Verdict},
    link,
    list::ForTenant,
    net::Rehearsal,
    policy::{self, Scan},
    scan::{self, Journey},
    sources::{Findings, Heard},
    url::{self, Chain, WebUrl},
    verdict::{self, Grounds},
};

/// What a click on the URL would meet now.
#[derive(Serialize)]
struct Report<'a> {
    url: &'a str,
    /// As lists know it.
    key: &'a str,
    host: &'a str,
    domain: Option<&'a str>,
    tenant: TenantId,
    /// The URLs inside it, and those to which a visit led, which are looked up too.
    chain: Vec<InnerUrl>,
    /// The visit, place by place; nothing where nobody went.
    visit: Vec<Visited>,
    /// What was said of it.
    asked: Vec<Asked>,
    verdict: Verdict,
    decision: Decision,
}

/// One place of a visit.
#[derive(Serialize)]
struct Visited {
    url: String,
    /// What led there.
    by: String,
    /// What it answered.
    status: Option<u16>,
    /// What is wrong with its certificate.
    certificate: Option<String>,
}

pub(super) fn run(place: &PlaceArguments, args: &CheckArguments, out: &mut Stdout) -> Result<(), Failure> {
    let work = Work::open(place)?;
    let (url, shelf) = (work.destination(&args.url)?, Arc::new(work.shelf()?));
    let tenant = tenant(&work.config, args.tenant)?;
    let index = ForTenant { index: &shelf.index, tenant: tenant.id, policy: &tenant.policy.name };
    let mut chain = link::chain(&url);
    let (suffixes, needs, none) = (&work.suffixes, &tenant.policy.needs, Findings::default());
    let grounds = Grounds { index: &index, suffixes, names: &tenant.names, findings: &none, needs, now: work.now };
    let open = verdict::open_hops(&url, &chain, &grounds);
    let journey = match (args.no_fetch, tenant.policy.scan) {
        (false, Scan::All) if open.contains(&chain.end()) => visit(&work, &shelf, tenant, &url, &chain)?,
        _ => None,
    };
    let findings = journey.as_ref().map(|journey| heard(chain.end(), journey)).unwrap_or_default();
    for heard in &findings.heard {
        let led_to = heard.answer.iter().flat_map(|finding| &finding.led_to);
        chain.follow(heard.hop, led_to.cloned(), &heard.source);
    }
    let verdict = verdict::judge(&url, &chain, &Grounds { findings: &findings, ..grounds });
    let decision = policy::decide(&tenant.policy, &verdict);
    let key = url.canonical();
    let report = Report {
        url: url.as_str(),
        key: key.as_str(),
        host: url.host_str(),
        domain: work.suffixes.registrable_domain(url.host_str()),
        tenant: tenant.id,
        chain: chain.told(),
        visit: journey.as_ref().map(places).unwrap_or_default(),
        asked: findings.told(),
        verdict,
        decision,
    };
    if args.json { out.json(&report) } else { write(&report, out) }
}

/// Goes where a click would lead for all that can be read, if anybody goes there at all.
fn visit(
    work: &Work,
    shelf: &Arc<Shelf>,
    tenant: &Tenant,
    url: &WebUrl,
    chain: &Chain,
) -> Result<Option<Journey>, Failure> {
    let inner = chain.end().checked_sub(1).and_then(|at| chain.hops().get(at));
    let end = inner.map_or(url, |hop| &hop.url);
    if tenant.policy.spares(end.host_str()).is_some() {
        return Ok(None);
    }
    let cannot = |error: &dyn std::fmt::Display| Failure::new(Exit::Unavailable, format_args!("cannot visit: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| cannot(&error))?;
    runtime.block_on(async {
        let lists = Arc::clone(shelf);
        let own = Arc::new(move |url: &WebUrl| internal(&lists.index, url));
        let suffixes = Arc::new(url::Suffixes::builtin());
        let visits = Visits::of(&work.config, &suffixes, own, Rehearsal::default()).map_err(|error| cannot(&error))?;
        match visits {
            Some(visits) => Ok(Some(visits.scanner.visit(end).await)),
            None => Ok(None),
        }
    })
}

fn heard(hop: usize, journey: &Journey) -> Findings {
    let heard = Heard {
        source: scan::NAME.into(),
        evidence: Evidence::Scan,
        hop,
        answer: Ok(Arc::new(journey.finding())),
        from: Freshness::Asked,
        learned: Some(SystemClock.now()),
        under_way: None,
    };
    Findings { heard: vec![heard], waited_micros: None }
}

fn places(journey: &Journey) -> Vec<Visited> {
    let place = |step: &scan::Step| Visited {
        url: step.url.as_str().to_owned(),
        by: step.by.to_string(),
        status: step.status,
        certificate: step.certificate.clone(),
    };
    journey.steps.iter().map(place).collect()
}

fn write(report: &Report<'_>, out: &mut Stdout) -> Result<(), Failure> {
    let Report { url, key, host, domain, chain, visit, asked, verdict, decision, .. } = report;
    out.line(format_args!("{}: {}", decision.outcome, decision.why))?;
    out.line(format_args!("  url       {url}"))?;
    out.line(format_args!("  looked up {key}"))?;
    out.line(format_args!("  host      {host}, domain {}", domain.unwrap_or("none")))?;
    out.line(format_args!("  verdict   {}, threat {}, policy {}", verdict.tier, verdict.threat, decision.policy))?;
    for (at, inner) in (1..).zip(chain) {
        out.line(format_args!("  inside {at:<2} {} ({}, in {})", inner.url, inner.by, inner.inside))?;
    }
    for Visited { url, by, status, certificate } in visit {
        let status = status.map_or_else(|| "not asked".to_owned(), |status| status.to_string());
        let fault = certificate.as_ref().map(|fault| format!(", {fault}")).unwrap_or_default();
        out.line(format_args!("  visited   {url} ({by}): {status}{fault}"))?;
    }
    for Asked { source, said, why, .. } in asked {
        let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        out.line(format_args!("  {source:<9} {said}{why}"))?;
    }
    for (at, signal) in verdict.signals.iter().enumerate() {
        let mark = if verdict.decisive == Some(at) { "decides" } else { "also" };
        out.line(format_args!("  {mark:<9} {}", told(signal)))?;
    }
    Ok(())
}

/// A signal in a line, with its place in a list and, where it is about a URL inside, which.
fn told(signal: &Signal) -> String {
    let about = if signal.hop == 0 { String::new() } else { format!(" [about {}]", signal.hop) };
    let said = match &signal.source {
        Source::List(entry) | Source::Feed(entry) => {
            let reason = entry.reason.as_deref().map(|reason| format!(", {reason:?}")).unwrap_or_default();
            format!("{}.list:{}: {}{reason} (version {})", entry.list, entry.line, entry.entry, entry.version)
        }
        Source::Asked { .. } | Source::Revocation(_) | Source::Host { .. } => signal.evidence.clone(),
    };
    said + &about
}
