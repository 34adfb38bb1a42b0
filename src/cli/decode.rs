use std::io::{self, BufRead};

use super::{
    Exit, Failure,
    args::{DecodeArguments, PlaceArguments},
    output::Stdout,
};
use crate::{
    app::{SystemClock, decoder},
    base::Clock,
    click::Decoded,
};

pub(super) fn run(place: &PlaceArguments, args: &DecodeArguments, out: &mut Stdout) -> Result<(), Failure> {
    let config = place.place().foresee(&place.overrides())?;
    let decoder = decoder(&config);
    let now = SystemClock.now();
    if args.link != "-" {
        let decoded = decoder.decode(args.link.as_bytes(), now);
        write(&decoded, args.json, out)?;
        return match (decoded.valid, decoded.url, decoded.problem) {
            (Some(true), ..) | (None, Some(_), _) => Ok(()),
            (.., problem) => Err(Failure::new(Exit::Data, problem.unwrap_or_default())),
        };
    }
    for line in io::stdin().lock().split(b'\n') {
        let line = line.map_err(|error| Failure::new(Exit::Io, format_args!("cannot read stdin: {error}")))?;
        write(&decoder.decode(line.trim_ascii(), SystemClock.now()), args.json, out)?;
        // One who asks link by link through a pipe waits for each answer.
        out.flush()?;
    }
    Ok(())
}

fn write(decoded: &Decoded, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    if json {
        return out.json(decoded);
    }
    let valid = match decoded.valid {
        Some(true) => "yes, our keyring signed it",
        Some(false) => "no",
        None => "cannot be told",
    };
    let text = |value: Option<&dyn ToString>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    for (name, value) in [
        ("url", text(decoded.url.as_ref().map(|v| v as _))),
        ("valid", valid.to_owned()),
        ("tenant", text(decoded.tenant.as_ref().map(|v| v as _))),
        ("issued", text(decoded.issued.as_ref().map(|v| v as _))),
        ("place", text(decoded.place.as_ref().map(|v| v as _))),
        ("message", text(decoded.message.as_ref().map(|v| v as _))),
        ("recipient", text(decoded.recipient.as_ref().map(|v| v as _))),
        ("key", text(decoded.key.as_ref().map(|v| v as _))),
        ("problem", text(decoded.problem.as_ref().map(|v| v as _))),
    ] {
        out.line(format_args!("{name:<10} {value}"))?;
    }
    Ok(())
}
