use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
    sync::Arc,
};

use super::{
    Exit, Failure,
    args::{PlaceArguments, RestoreArguments, RewriteArguments},
    bulk,
    keys::say_to_back_up,
    output::Stdout,
    work::{origin, say_if_moved, tenant},
};
use crate::{
    app::{Desk, DeskError, Made, SystemClock, Transport, rewriter, seed_lists},
    auth::{Authenticator, Client},
    base::Clock,
    config::{Limits, Overrides},
    mail::with_top,
    rewrite::Report,
    url::Suffixes,
};

/// A message with signed links. Written to stdout only when it is whole and the wrap log holds every link.
pub(super) fn run(place: &PlaceArguments, args: &RewriteArguments, out: &mut Stdout) -> Result<(), Failure> {
    let overrides = Overrides { base_url: args.base_url.clone(), ..place.overrides() };
    let (config, _) = place.place().load(&overrides)?;
    let tenant = tenant(&config, args.tenant)?;
    say_if_moved(place, &config)?;
    seed_lists(&config)?;
    let now = SystemClock.now();
    let (desk, made) = Desk::open(&config, tenant, origin(place), now)?;
    if made == Made::Now {
        say_to_back_up(config.keyring.path());
    }
    if let [from, to] = args.bulk.as_slice() {
        return bulk::run(&desk, args, config.limits.message_bytes, (from, to), out);
    }
    let raw = message(&config.limits)?;
    let authenticator = config.authentication.clone().map(Authenticator::open).transpose()?;
    // The null sender may come as nothing or as its angle brackets.
    let sender = args.sender.as_deref().unwrap_or_default().trim_start_matches('<').trim_end_matches('>');
    let helo = args.helo.as_deref().unwrap_or_default();
    let client = Client { address: args.client_address, helo, sender, taken: true };
    let seen = authenticator.as_ref().map(|by| (by, by.look(&raw, &client)));
    let authentication = seen.as_ref().map(|(_, seen)| &seen.authentication);
    let (recipient, sender) = (args.recipient.as_deref(), args.sender.as_deref());
    let mut rewritten = desk.rewrite(&raw, &Transport { recipient, sender, authentication }, now)?;
    if let Some((by, seen)) = &seen {
        let (message, top) = by.speak(seen, rewritten.message, now);
        rewritten.message = with_top(&top, message);
    }
    if let Some(file) = &args.report {
        write_report(file, &rewritten.report)?;
    }
    out.bytes(&rewritten.message)
}

/// A message with its original links.
pub(super) fn run_restore(place: &PlaceArguments, args: &RestoreArguments, out: &mut Stdout) -> Result<(), Failure> {
    let overrides = Overrides { base_url: args.base_url.clone(), ..place.overrides() };
    let config = place.place().foresee(&overrides)?;
    let mut message = message(&config.limits)?;
    let (now, suffixes) = (SystemClock.now(), Arc::new(Suffixes::builtin()));
    // Links of every tenant are ours, and each tenant's rewriter knows its own.
    for tenant in &config.tenants {
        let (rewriter, made) = rewriter(&config, tenant, origin(place), now, &suffixes)?;
        if made == Made::Now {
            say_to_back_up(config.keyring.path());
        }
        message = rewriter.restore(&message, now).map_err(DeskError::from)?.message;
    }
    out.bytes(&message)
}

/// All of stdin, if it is no larger than a message may be.
fn message(limits: &Limits) -> Result<Vec<u8>, Failure> {
    let mut raw = Vec::new();
    let read = io::stdin().lock().take(limits.message_bytes + 1).read_to_end(&mut raw);
    read.map_err(|error| Failure::new(Exit::Io, format_args!("cannot read the message from stdin: {error}")))?;
    if raw.len() as u64 > limits.message_bytes {
        let megabytes = limits.message_bytes >> 20;
        let what =
            format!("the message has more than {megabytes} MB; raise limits.message_megabytes if it should pass");
        return Err(Failure::new(Exit::Data, what));
    }
    Ok(raw)
}

fn write_report(file: &Path, report: &Report) -> Result<(), Failure> {
    let json =
        serde_json::to_string(report).map_err(|error| Failure::new(Exit::Bug, format_args!("the report: {error}")))?;
    if file == Path::new("-") {
        // Not stdout, which is the message's.
        writeln!(io::stderr(), "{json}")
            .map_err(|error| Failure::new(Exit::Io, format_args!("cannot write to stderr: {error}")))?;
        return Ok(());
    }
    fs::write(file, json + "\n").map_err(|error| {
        Failure::new(Exit::CannotCreate, format_args!("cannot write the report to {}: {error}", file.display()))
    })
}
