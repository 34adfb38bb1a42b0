use std::io::{self, BufRead};

use serde::Serialize;

use super::{
    Exit, Failure,
    args::{DecodeArguments, PlaceArguments},
    output::{Stdout, moment},
};
use crate::{
    app::{SystemClock, read_ring},
    base::{Clock, MessageHash, RecipientHash, TenantId, Timestamp},
    link::{self, KeyState, Keyring, Link, Opener, Place},
    url,
};

/// What a link says, and whether it is ours.
#[derive(Debug, Serialize)]
struct Decoded {
    /// As it was given.
    link: String,
    /// Whether our keyring signed it; none where there is no keyring to tell by.
    valid: Option<bool>,
    url: Option<String>,
    key: Option<String>,
    tenant: Option<TenantId>,
    issued: Option<String>,
    place: Option<Place>,
    message: Option<MessageHash>,
    recipient: Option<RecipientHash>,
    /// Why it is not valid, or why that cannot be told.
    problem: Option<String>,
}

pub(super) fn run(place: &PlaceArguments, args: &DecodeArguments, out: &mut Stdout) -> Result<(), Failure> {
    let decoder = Decoder::new(place)?;
    if args.link != "-" {
        let decoded = decoder.decode(args.link.as_bytes());
        write(&decoded, args.json, out)?;
        return match (decoded.valid, decoded.url, decoded.problem) {
            (Some(true), ..) | (None, Some(_), _) => Ok(()),
            (.., problem) => Err(Failure::new(Exit::Data, problem.unwrap_or_default())),
        };
    }
    for line in io::stdin().lock().split(b'\n') {
        let line = line.map_err(|error| Failure::new(Exit::Io, format_args!("cannot read stdin: {error}")))?;
        write(&decoder.decode(line.trim_ascii()), args.json, out)?;
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

/// Reads links, and proves them where a keyring can be had.
struct Decoder {
    ring: Result<(Keyring, Opener), String>,
    tenants: Vec<TenantId>,
    now: Timestamp,
}

impl Decoder {
    /// A configuration that is named has to be right. A keyring is a help and no condition: whoever holds a link may
    /// read it.
    fn new(place: &PlaceArguments) -> Result<Self, Failure> {
        let now = SystemClock.now();
        let config = place.place().foresee(&place.overrides())?;
        let tenants: Vec<TenantId> = config.tenants.iter().map(|tenant| tenant.id).collect();
        let ring = read_ring(config.keyring.path()).map_err(|error| format!("it cannot be proven: {error}"));
        let ring = ring.map(|ring| {
            let opener = ring.opener(&tenants);
            (ring, opener)
        });
        Ok(Self { ring, tenants, now })
    }

    fn decode(&self, bytes: &[u8]) -> Decoded {
        let text = String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| bytes.escape_ascii().to_string());
        let link = match link::decode(bytes) {
            Ok(link) => link,
            Err(error) => return Decoded::nothing(text, error.to_string()),
        };
        let (valid, problem) = match &self.ring {
            Err(why) => (None, Some(why.clone())),
            Ok((_, opener)) if self.proves(opener, bytes) => (Some(true), None),
            Ok((ring, _)) => (Some(false), Some(self.doubt(ring, &link))),
        };
        Decoded {
            link: text,
            valid,
            url: Some(link.destination.as_str().to_owned()),
            key: Some(link.key.to_string()),
            tenant: Some(link.facts.tenant),
            issued: Some(moment(link.facts.issued)),
            place: Some(link.facts.place),
            message: Some(link.facts.message),
            recipient: Some(link.facts.recipient),
            problem,
        }
    }

    /// Whether some part of the path is a link of ours: a prefix or a preview may stand before it.
    fn proves(&self, opener: &Opener, bytes: &[u8]) -> bool {
        let whole = std::str::from_utf8(bytes).ok().and_then(|text| url::parse(text).ok());
        let path = whole.as_ref().map_or(bytes, |url| url.after_host().as_bytes());
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        slashes.take(16).any(|at| opener.open(path.get(at..).unwrap_or_default(), &self.tenants, self.now).is_ok())
    }

    /// Why a link that can be read is not proven. For its operator; a click is never told.
    fn doubt(&self, ring: &Keyring, link: &Link) -> String {
        let issued = link.facts.issued;
        if !self.tenants.contains(&link.facts.tenant) {
            return format!("tenant {} is not configured here", link.facts.tenant);
        }
        let Some(key) = ring.keys().find(|key| key.id() == link.key) else {
            return format!("the keyring has no key {}", link.key);
        };
        if key.state() == KeyState::Compromised {
            return format!("key {} is compromised; the link opens only if the wrap log holds it", link.key);
        }
        if issued.millis_since(self.now) > link::AHEAD_MAX {
            return "it says that it was made in the future".into();
        }
        if issued < key.from() || key.until().is_some_and(|until| issued > until) {
            return format!("it says that it was made at a time when key {} did not sign", link.key);
        }
        "it has been changed: the signature does not belong to what it says".into()
    }
}

impl Decoded {
    fn nothing(link: String, problem: String) -> Self {
        Self {
            link,
            valid: Some(false),
            url: None,
            key: None,
            tenant: None,
            issued: None,
            place: None,
            message: None,
            recipient: None,
            problem: Some(problem),
        }
    }
}
