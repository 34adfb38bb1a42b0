use serde::Serialize;

use super::{
    Failure,
    args::{CheckArguments, PlaceArguments},
    output::Stdout,
    work::{Work, tenant},
};
use crate::{
    base::TenantId,
    judge::{Decision, InnerUrl, Signal, Source, Verdict},
    list::ForTenant,
    policy,
    sources::Findings,
    url,
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
    /// The URLs inside it, which are looked up too.
    chain: Vec<InnerUrl>,
    verdict: Verdict,
    decision: Decision,
}

pub(super) fn run(place: &PlaceArguments, args: &CheckArguments, out: &mut Stdout) -> Result<(), Failure> {
    let work = Work::open(place)?;
    let (url, shelf) = (work.destination(&args.url)?, work.shelf()?);
    let tenant = tenant(&work.config, args.tenant)?;
    let index = ForTenant { index: &shelf.index, tenant: tenant.id, policy: &tenant.policy.name };
    let chain = url::unwrap(&url);
    let (suffixes, needs) = (&work.suffixes, &tenant.policy.needs);
    let findings = Findings::default();
    let grounds = Grounds { index: &index, suffixes, names: &tenant.names, findings: &findings, needs, now: work.now };
    let verdict = verdict::judge(&url, &chain, &grounds);
    let decision = policy::decide(&tenant.policy, &verdict);
    let key = url.canonical();
    let report = Report {
        url: url.as_str(),
        key: key.as_str(),
        host: url.host_str(),
        domain: work.suffixes.registrable_domain(url.host_str()),
        tenant: tenant.id,
        chain: chain.told(),
        verdict,
        decision,
    };
    if args.json { out.json(&report) } else { write(&report, out) }
}

fn write(report: &Report<'_>, out: &mut Stdout) -> Result<(), Failure> {
    let Report { url, key, host, domain, chain, verdict, decision, .. } = report;
    out.line(format_args!("{}: {}", decision.outcome, decision.why))?;
    out.line(format_args!("  url       {url}"))?;
    out.line(format_args!("  looked up {key}"))?;
    out.line(format_args!("  host      {host}, domain {}", domain.unwrap_or("none")))?;
    out.line(format_args!("  verdict   {}, threat {}, policy {}", verdict.tier, verdict.threat, decision.policy))?;
    for (at, inner) in (1..).zip(chain) {
        out.line(format_args!("  inside {at:<2} {} ({}, in {})", inner.url, inner.by, inner.inside))?;
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
