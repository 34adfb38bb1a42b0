use std::path::Path;

use serde::Serialize;

use super::{
    Exit, Failure,
    args::{PlaceArguments, TokensCommand},
    output::{Stdout, moment, people},
    when::when,
};
use crate::{
    app::{RingError, SystemClock, change_tokens, entropy, read_tokens},
    base::{Clock, TenantId, Timestamp},
    config::Config,
    http::api::{Grant, Scope, TokenHash, token},
};

pub(super) fn run(place: &PlaceArguments, command: TokensCommand, out: &mut Stdout) -> Result<(), Failure> {
    let config = place.place().foresee(&place.overrides())?;
    let (path, now) = (&config.api.tokens, SystemClock.now());
    match command {
        TokensCommand::Add { name, scopes, tenant, until } => {
            let tenant = tenant.map(|id| known(&config, id)).transpose()?;
            let until = until.map(|text| end(&text, now)).transpose()?;
            add(path, Grant { name, hash: TokenHash::of(""), scopes, tenant, until }, out)
        }
        TokensCommand::List { json } => list(path, now, json, out),
        TokensCommand::Remove { name } => {
            change_tokens(path, |grants| grants.remove(&name))?;
            people(&format!("the token {name:?} counts no longer"));
            Ok(())
        }
    }
}

fn known(config: &Config, id: u16) -> Result<TenantId, Failure> {
    super::work::tenant(config, Some(id)).map(|tenant| tenant.id)
}

fn end(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let until = when(text, now).map_err(|what| Failure::new(Exit::Usage, format_args!("--until: {what}")))?;
    if until <= now {
        return Err(Failure::new(Exit::Usage, format_args!("--until: {text} is over; the token would never count")));
    }
    Ok(until)
}

fn add(path: &Path, grant: Grant, out: &mut Stdout) -> Result<(), Failure> {
    let token = token(&entropy().map_err(RingError::from)?);
    let grant = Grant { hash: TokenHash::of(&token), ..grant };
    let name = grant.name.clone();
    change_tokens(path, |grants| grants.add(grant))?;
    people(&format!("made the token {name:?}. It is shown this once, and {} holds its SHA-256 alone", path.display()));
    out.line(format_args!("{}", *token))
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    scopes: &'a [Scope],
    tenant: Option<TenantId>,
    until: Option<String>,
    /// Whether it counts now.
    counts: bool,
}

fn list(path: &Path, now: Timestamp, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    for grant in read_tokens(path)?.iter() {
        let counts = grant.until.is_none_or(|until| now < until);
        let until = grant.until.map(moment);
        if json {
            let Grant { name, scopes, tenant, .. } = grant;
            out.json(&Shown { name, scopes, tenant: *tenant, until, counts })?;
            continue;
        }
        let scopes = grant.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let tenant = grant.tenant.map_or_else(|| "all tenants".to_owned(), |tenant| format!("tenant {tenant}"));
        let over = if counts { "" } else { " (over)" };
        let until = until.as_deref().unwrap_or("for ever");
        out.line(format_args!("{:<24} {scopes}; {tenant}; until {until}{over}", grant.name))?;
    }
    Ok(())
}
