use std::path::Path;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    Exit, Failure,
    args::{KeysCommand, PlaceArguments},
    output::{Stdout, count, moment, people},
};
use crate::{
    app::{RingError, SystemClock, change_ring, entropy, make_ring, read_ring},
    base::{Clock, Timestamp},
    link::{Key, KeyId, KeyState},
};

pub(super) fn run(place: &PlaceArguments, command: KeysCommand, out: &mut Stdout) -> Result<(), Failure> {
    let config = place.place().foresee(&place.overrides())?;
    let (path, now) = (config.keyring.path(), SystemClock.now());
    match command {
        KeysCommand::Init => init(path, now, out),
        KeysCommand::List { json } => list(path, json, out),
        KeysCommand::Rotate => rotate(path, now, out),
        KeysCommand::VerifyOnly { id } => set_state(path, id, KeyState::VerifyOnly, out),
        KeysCommand::Compromise { id } => set_state(path, id, KeyState::Compromised, out),
        KeysCommand::Import { file } => import(path, &file, now, out),
    }
}

/// Said wherever a keyring is made.
pub(super) fn say_to_back_up(path: &Path) {
    people(&format!(
        "made the keyring {}. Back it up now, apart from this machine: without it every link made with it is dead",
        path.display()
    ));
}

fn init(path: &Path, now: Timestamp, out: &mut Stdout) -> Result<(), Failure> {
    let ring = make_ring(path, now)?;
    say_to_back_up(path);
    ring.keys().try_for_each(|key| out.line(format_args!("{}", key.id())))
}

#[derive(Serialize)]
struct Shown {
    key: String,
    state: &'static str,
    from: String,
    until: Option<String>,
}

impl Shown {
    fn new(key: &Key) -> Self {
        Self {
            key: key.id().to_string(),
            state: key.state().as_str(),
            from: moment(key.from()),
            until: key.until().map(moment),
        }
    }
}

fn list(path: &Path, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    for key in read_ring(path)?.keys().map(Shown::new) {
        if json {
            out.json(&key)?;
        } else {
            let until = key.until.as_deref().unwrap_or("now");
            out.line(format_args!("{}  {:<12} signs from {} until {until}", key.key, key.state, key.from))?;
        }
    }
    Ok(())
}

fn rotate(path: &Path, now: Timestamp, out: &mut Stdout) -> Result<(), Failure> {
    let secret = entropy().map_err(RingError::from)?;
    let id = change_ring(path, |ring| ring.rotate(secret, now))?;
    people(&format!(
        "key {id} signs from now on, and what was signed before opens as ever. Back {} up again, and send SIGHUP to \
         every `sekisho serve` within ten minutes, so that it knows the new key",
        path.display()
    ));
    out.line(format_args!("{id}"))
}

fn set_state(path: &Path, id: KeyId, state: KeyState, out: &mut Stdout) -> Result<(), Failure> {
    change_ring(path, |ring| ring.set_state(id, state))?;
    people(&format!("key {id} is {state}; send SIGHUP to every `sekisho serve`, so that it knows"));
    out.line(format_args!("{id}"))
}

fn import(path: &Path, file: &Path, now: Timestamp, out: &mut Stdout) -> Result<(), Failure> {
    let unreadable = |error| Failure::new(Exit::NoInput, format_args!("cannot read {}: {error}", file.display()));
    let text = Zeroizing::new(std::fs::read_to_string(file).map_err(unreadable)?);
    let ids = change_ring(path, |ring| ring.import(&text, now))?;
    people(&format!("{} came over; back {} up again", count(ids.len(), "key"), path.display()));
    ids.iter().try_for_each(|id| out.line(format_args!("{id}")))
}
