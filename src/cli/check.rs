use serde::Serialize;

use super::{
    Failure,
    args::{CheckArguments, PlaceArguments},
    output::Stdout,
    work::{Work, tenant},
};
use crate::{
    base::TenantId,
    judge::{Decision, Signal, Source, Verdict},
    list::ForTenant,
    policy, verdict,
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
    verdict: Verdict,
    decision: Decision,
}

pub(super) fn run(place: &PlaceArguments, args: &CheckArguments, out: &mut Stdout) -> Result<(), Failure> {
    let work = Work::open(place)?;
    let (url, shelf) = (work.destination(&args.url)?, work.shelf()?);
    let tenant = tenant(&work.config, args.tenant)?;
    let index = ForTenant { index: &shelf.index, tenant: tenant.id, policy: &tenant.policy.name };
    let verdict = verdict::judge(&url, &index, &work.suffixes, work.now);
    let decision = policy::decide(&tenant.policy, &verdict);
    let key = url.canonical();
    let report = Report {
        url: url.as_str(),
        key: key.as_str(),
        host: url.host_str(),
        domain: work.suffixes.registrable_domain(url.host_str()),
        tenant: tenant.id,
        verdict,
        decision,
    };
    if args.json { out.json(&report) } else { write(&report, out) }
}

fn write(report: &Report<'_>, out: &mut Stdout) -> Result<(), Failure> {
    let Report { url, key, host, domain, verdict, decision, .. } = report;
    out.line(format_args!("{}: {}", decision.outcome, decision.why))?;
    out.line(format_args!("  url       {url}"))?;
    out.line(format_args!("  looked up {key}"))?;
    out.line(format_args!("  host      {host}, domain {}", domain.unwrap_or("none")))?;
    out.line(format_args!("  verdict   {}, threat {}, policy {}", verdict.tier, verdict.threat, decision.policy))?;
    for (at, signal) in verdict.signals.iter().enumerate() {
        let mark = if verdict.decisive == Some(at) { "decides" } else { "also" };
        out.line(format_args!("  {mark:<9} {}", told(signal)))?;
    }
    Ok(())
}

/// A signal in a line, with its place in a list.
fn told(signal: &Signal) -> String {
    match &signal.source {
        Source::List(entry) => {
            let reason = entry.reason.as_deref().map(|reason| format!(", {reason:?}")).unwrap_or_default();
            format!("{}.list:{}: {}{reason} (version {})", entry.list, entry.line, entry.entry, entry.version)
        }
        Source::Revocation(_) | Source::Host { .. } => signal.evidence.clone(),
    }
}
