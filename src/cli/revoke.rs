use serde::Serialize;

use super::{
    Exit, Failure,
    args::{PlaceArguments, ReleaseArguments, RevokeArguments, RevokeCommand},
    named::Named,
    output::{Stdout, moment, people},
    when::when,
};
use crate::{
    app::SystemClock,
    base::{Clock, Timestamp},
    store::{Revocation, Say, Scope, Store, Touched, printable},
};

/// Most revocations that are listed.
const LISTED_MAX: usize = 1_000_000;

/// What was taken back, or would be.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    scope: &'a Scope,
    touches: Touched,
}

/// Takes links back.
pub(super) fn run(place: &PlaceArguments, command: RevokeCommand, out: &mut Stdout) -> Result<(), Failure> {
    let named = Named::open(place)?;
    let none = Scope::default;
    let (scopes, with) = match command {
        RevokeCommand::List { all, json } => return list(&named.store, all, json, out),
        RevokeCommand::Link { link, with } => {
            let links = named.links(&link)?;
            (links.into_iter().map(|link| Scope { link: Some(link), ..none() }).collect(), with)
        }
        RevokeCommand::Message { message, with } => {
            let messages = named.messages(&message)?;
            (messages.into_iter().map(|message| Scope { message: Some(message), ..none() }).collect(), with)
        }
        RevokeCommand::Sender { sender, with } => (vec![Scope { sender: Some(sender), ..none() }], with),
        RevokeCommand::Tenant { id, with } => {
            let tenant = Some(named.tenant(id)?);
            (vec![Scope { tenant, ..none() }], with)
        }
        RevokeCommand::Key { id, with } => {
            named.key(id)?;
            (vec![Scope { key: Some(id), ..none() }], with)
        }
        RevokeCommand::Window { with } => (vec![none()], with),
    };
    let now = SystemClock.now();
    for scope in scopes {
        revoke(&named, narrowed(&named, scope, &with, now)?, &with, now, out)?;
    }
    if !with.dry_run {
        people("in force within a second in every `sekisho serve` on this store");
    }
    Ok(())
}

/// Ends a revocation.
pub(super) fn run_release(place: &PlaceArguments, args: &ReleaseArguments, out: &mut Stdout) -> Result<(), Failure> {
    let named = Named::open(place)?;
    let say = Say { time: SystemClock.now(), by: &args.by, reason: &args.reason };
    named.store.release(args.id, say)?;
    people("its links open again within a second, if nothing else is against them");
    out.line(format_args!("{}", args.id))
}

fn narrowed(named: &Named, scope: Scope, with: &RevokeArguments, now: Timestamp) -> Result<Scope, Failure> {
    let tenant = match with.of_tenant {
        Some(id) => Some(named.tenant(id)?),
        None => scope.tenant,
    };
    if scope.tenant.is_some_and(|named| tenant != Some(named)) {
        return Err(Failure::new(Exit::Usage, "--tenant names another tenant: no link is of both"));
    }
    Ok(Scope {
        tenant,
        issued_from: time("--from", with.from.as_deref(), now)?,
        issued_until: time("--until", with.until.as_deref(), now)?,
        ..scope
    })
}

fn time(option: &str, text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let time = text.map(|text| when(text, now)).transpose();
    time.map_err(|what| Failure::new(Exit::Usage, format_args!("{option}: {what}")))
}

fn revoke(
    named: &Named,
    scope: Scope,
    with: &RevokeArguments,
    now: Timestamp,
    out: &mut Stdout,
) -> Result<(), Failure> {
    let touches = named.store.touched(&named.in_time_of_key(scope.clone())?)?;
    let expires = time("--expires", with.expires.as_deref(), now)?;
    let id = if with.dry_run {
        None
    } else {
        let say = Say { time: now, by: &with.by, reason: &with.reason };
        Some(named.store.revoke(scope.clone(), say, expires)?)
    };
    if with.json {
        return out.json(&Report { id, scope: &scope, touches });
    }
    let Touched { links, messages, recipients } = touches;
    let would = if with.dry_run { "would take back" } else { "takes back" };
    people(&format!(
        "{would} {scope}: {links} in the wrap log, in {messages} messages to {recipients} recipients so far"
    ));
    match id {
        Some(id) => out.line(format_args!("{id}")),
        None => Ok(()),
    }
}

fn list(store: &Store, all: bool, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    let now = SystemClock.now();
    let shown = store.revocations(LISTED_MAX)?;
    for revocation in shown.iter().filter(|revocation| all || revocation.is_in_force(now)) {
        if json { out.json(revocation)? } else { write(revocation, now, out)? }
    }
    Ok(())
}

fn write(revocation: &Revocation, now: Timestamp, out: &mut Stdout) -> Result<(), Failure> {
    let Revocation { id, time, scope, by, reason, expires, release } = revocation;
    out.line(format_args!("{id:>6}  {}  {scope}", moment(*time)))?;
    out.line(format_args!("        by {}: {}", printable(by), printable(reason)))?;
    match (release, expires) {
        (Some(release), _) => {
            out.line(format_args!("        released {} by {}: {}", moment(release.time), release.by, release.reason))
        }
        (None, Some(expires)) if *expires <= now => out.line(format_args!("        expired {}", moment(*expires))),
        (None, Some(expires)) => out.line(format_args!("        until {}", moment(*expires))),
        (None, None) => Ok(()),
    }
}
