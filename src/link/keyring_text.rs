//! The keyring file: a list of `[[key]]`, read by hand so that no message can quote a secret.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use zeroize::Zeroizing;

use super::{
    derive,
    keyring::{Key, KeyState},
    moment,
    ring_error::{KeyringError, Problem},
};

const HEAD: &str = "\
# Keyring of Sekisho. Whoever reads this file can make links that look like ours.
# Whoever loses it loses every link that was ever minted: BACK IT UP, and keep the backup as secret as the file.
# Change it with `sekisho keys`, not by hand.
";

/// The signing key and the others, in the order of the file.
pub(super) fn parse(text: &str) -> Result<(Key, Vec<Key>), KeyringError> {
    let at = |offset, problem| KeyringError::at(text, offset, problem);
    let syntax = |error: toml::de::Error| {
        at(error.span().map_or(0, |span| span.start), Problem::Syntax(error.message().to_owned()))
    };
    let document = DeTable::parse(text).map_err(syntax)?.into_inner();
    if let Some(name) = document.keys().find(|name| name.get_ref() != "key") {
        return Err(at(name.span().start, Problem::Unknown(name.get_ref().to_string())));
    }
    let (mut signing, mut retired) = (None, Vec::<Key>::new());
    for table in document.get("key").map(tables).unwrap_or_default() {
        let key = Fields::of(text, table)?.key()?;
        let start = table.span().start;
        if signing.iter().chain(&retired).any(|known| known.id == key.id) {
            return Err(at(start, Problem::Known(key.id)));
        }
        match (key.state, &signing) {
            (KeyState::Signing, None) => signing = Some(key),
            (KeyState::Signing, Some(_)) => return Err(at(start, Problem::SecondSigning)),
            _ => retired.push(key),
        }
    }
    let signing = signing.ok_or_else(|| at(text.len(), Problem::NoSigning))?;
    Ok((signing, retired))
}

/// The elements of `[[key]]`; a value that is none of that is one element, and refused as such.
fn tables<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> Vec<&'a Spanned<DeValue<'i>>> {
    match value.get_ref() {
        DeValue::Array(elements) => elements.iter().collect(),
        _ => vec![value],
    }
}

/// The text of the file, written without leaving a copy of a secret behind.
pub(super) fn write<'k>(keys: impl Iterator<Item = &'k Key>) -> Zeroizing<String> {
    const KEY_MAX: usize = 256;
    let keys: Vec<&Key> = keys.collect();
    // A string that grows leaves what it held in freed memory.
    let mut text = Zeroizing::new(String::with_capacity(HEAD.len() + KEY_MAX * keys.len()));
    text.push_str(HEAD);
    for key in keys {
        text.push_str(&format!("\n[[key]]\nid = \"{}\"\nstate = \"{}\"\n", key.id, key.state));
        text.push_str(&format!("from = {}\n", moment::text(key.from)));
        if let Some(until) = key.until {
            text.push_str(&format!("until = {}\n", moment::text(until)));
        }
        let mut spelled = Zeroizing::new([0; 43]);
        let length = URL_SAFE_NO_PAD.encode_slice(key.secret.as_slice(), spelled.as_mut_slice()).unwrap_or(0);
        text.push_str("secret = \"");
        text.push_str(spelled.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default());
        text.push_str("\"\n");
    }
    text
}

/// The fields of one `[[key]]`, each with its place.
struct Fields<'a, 'i> {
    text: &'a str,
    start: usize,
    table: &'a DeTable<'i>,
}

impl<'a, 'i> Fields<'a, 'i> {
    fn of(text: &'a str, value: &'a Spanned<DeValue<'i>>) -> Result<Self, KeyringError> {
        let start = value.span().start;
        let DeValue::Table(table) = value.get_ref() else {
            let problem = Problem::Type { field: "key", wanted: "a list of tables, each under [[key]]" };
            return Err(KeyringError::at(text, start, problem));
        };
        let known = ["id", "state", "from", "until", "secret"];
        match table.keys().find(|name| !known.contains(&name.get_ref().as_ref())) {
            Some(name) => Err(KeyringError::at(text, name.span().start, Problem::Unknown(name.get_ref().to_string()))),
            None => Ok(Self { text, start, table }),
        }
    }

    fn key(&self) -> Result<Key, KeyringError> {
        let secret = self.secret()?;
        let derived = derive::key_id(&secret);
        let (id, id_at) = self.string("id")?;
        if id.parse() != Ok(derived) {
            return Err(self.at(id_at, Problem::OtherId { derived }));
        }
        let (state, state_at) = self.string("state")?;
        let state = KeyState::from_word(state).ok_or_else(|| self.at(state_at.clone(), Problem::State))?;
        let from = self.moment("from")?.ok_or_else(|| self.missing("from"))?;
        let until = self.moment("until")?;
        match until {
            Some(_) if state == KeyState::Signing => Err(self.at(state_at, Problem::SigningEnds)),
            None if state != KeyState::Signing => Err(self.at(state_at, Problem::Endless)),
            Some(until) if until < from => Err(self.at(self.span("until"), Problem::Backwards)),
            _ => Ok(Key { id: derived, state, from, until, secret }),
        }
    }

    fn secret(&self) -> Result<Zeroizing<[u8; 32]>, KeyringError> {
        let (spelled, at) = self.string("secret")?;
        let mut bytes = Zeroizing::new([0; 36]);
        let mut secret = Zeroizing::new([0; 32]);
        if URL_SAFE_NO_PAD.decode_slice(spelled, bytes.as_mut_slice()) != Ok(secret.len()) {
            return Err(self.at(at, Problem::Secret));
        }
        secret.iter_mut().zip(bytes.iter()).for_each(|(to, from)| *to = *from);
        Ok(secret)
    }

    fn string(&self, field: &'static str) -> Result<(&'a str, Range<usize>), KeyringError> {
        let value = self.table.get(field).ok_or_else(|| self.missing(field))?;
        let wanted = || self.at(value.span(), Problem::Type { field, wanted: "a text in quotes" });
        Ok((value.get_ref().as_str().ok_or_else(wanted)?, value.span()))
    }

    fn moment(&self, field: &'static str) -> Result<Option<u32>, KeyringError> {
        let Some(value) = self.table.get(field) else { return Ok(None) };
        let minutes = value.get_ref().as_datetime().and_then(moment::from_toml);
        minutes.map(Some).ok_or_else(|| self.at(value.span(), Problem::Moment(field)))
    }

    fn span(&self, field: &str) -> Range<usize> {
        self.table.get(field).map_or(self.start..self.start, Spanned::span)
    }

    fn missing(&self, field: &'static str) -> KeyringError {
        KeyringError::at(self.text, self.start, Problem::Missing(field))
    }

    fn at(&self, span: Range<usize>, problem: Problem) -> KeyringError {
        KeyringError::at(self.text, span.start, problem)
    }
}
