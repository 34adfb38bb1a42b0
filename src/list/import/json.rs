//! Arrays in JSON: of texts, or of objects with a field for a URL or a host. Read one by one; nothing of the tree is
//! kept.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::{
    Cause, NoList,
    place::{Cursor, Place},
    sink::Sink,
};

/// Fields of an object that name what is meant, the best first.
const FIELDS: [&str; 9] = ["url", "domain", "hostname", "host", "fqdn", "ip", "indicator", "value", "entry"];

/// Reads the one array of a document, or the one under the key that was asked for.
pub(super) fn read(bytes: &[u8], sink: &mut Sink<'_, '_>) -> Result<(), NoList> {
    let key = match sink.how.key {
        Some(key) => Some(key.to_owned()),
        None => only_array(bytes)?,
    };
    elements(bytes, key.as_deref(), &mut |place, raw| element(place, raw, sink))
}

/// One element: a text, or an object with one.
pub(super) fn element(place: Place, raw: &str, sink: &mut Sink<'_, '_>) {
    let text = match serde_json::from_str(raw) {
        Ok(Value::String(text)) => text,
        Ok(Value::Object(fields)) => {
            let text = |name: &&str| fields.get(*name).and_then(Value::as_str).map(str::to_owned);
            match FIELDS.iter().find_map(text) {
                Some(text) => text,
                None => return sink.refuse(place, raw, Cause::NoField),
            }
        }
        Ok(Value::Array(_)) => return sink.refuse(place, raw, Cause::NotText("an array")),
        Ok(Value::Null) => return sink.refuse(place, raw, Cause::NotText("null")),
        Ok(Value::Bool(_)) => return sink.refuse(place, raw, Cause::NotText("true or false")),
        Ok(Value::Number(_)) => return sink.refuse(place, raw, Cause::NotText("a number")),
        // Half of a surrogate pair: JSON in form alone.
        Err(_) => return sink.refuse(place, raw, Cause::NotText("no whole character")),
    };
    let text = text.trim();
    match text.strip_prefix("*.") {
        _ if text.contains("://") => sink.url(place, text, None),
        Some(name) if !name.starts_with(['*', '=', '/']) => sink.entry(place, text, text, None, None),
        _ => sink.name(place, text, None),
    }
}

/// Hands on each element of the array at the top, or of the one under `key`, with its place and its text.
pub(super) fn elements(bytes: &[u8], key: Option<&str>, visit: &mut dyn FnMut(Place, &str)) -> Result<(), NoList> {
    let mut cursor = Cursor::new(bytes);
    let mut found = |raw: &str| {
        let offset = (raw.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
        visit(cursor.go(offset), raw);
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let seen = Elements { key, found: &mut found }.deserialize(&mut reader).map_err(told)?;
    reader.end().map_err(told)?;
    match (seen, key) {
        (false, Some(key)) => Err(NoList::NoArray(key.to_owned())),
        _ => Ok(()),
    }
}

/// The key of the only array in the object at the top; `None` where the top is an array itself.
fn only_array(bytes: &[u8]) -> Result<Option<String>, NoList> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let keys = reader.deserialize_any(Keys).map_err(told)?;
    match keys {
        None => Ok(None),
        Some(keys) => match keys.as_slice() {
            [] => Err(NoList::NoArray(String::new())),
            [only] => Ok(Some(only.clone())),
            _ => Err(NoList::SeveralArrays(keys)),
        },
    }
}

fn told(error: serde_json::Error) -> NoList {
    let (line, column) = (error.line(), error.column());
    match error.is_eof() {
        true => NoList::CutJson { line, column },
        false => {
            let what = error.to_string();
            let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what).to_owned();
            NoList::BadJson { line, column, what }
        }
    }
}

/// Goes through a document; answers whether the array was there.
struct Elements<'k, 'f> {
    key: Option<&'k str>,
    found: &'f mut dyn FnMut(&str),
}

impl<'de> DeserializeSeed<'de> for Elements<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        while let Some(raw) = seq.next_element::<&'de RawValue>()? {
            if self.key.is_none() {
                (self.found)(raw.get());
            }
        }
        Ok(self.key.is_none())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let Self { key, found } = self;
        let mut seen = false;
        while let Some(name) = map.next_key::<String>()? {
            if key == Some(name.as_str()) {
                seen |= map.next_value_seed(Elements { key: None, found: &mut *found })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(seen)
    }
}

/// The keys of arrays in the object at the top.
struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Option<Vec<String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array, or an object that holds one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = Vec::new();
        while let Some((name, raw)) = map.next_entry::<String, &'de RawValue>()? {
            if raw.get().starts_with('[') {
                keys.push(name);
            }
        }
        Ok(Some(keys))
    }
}
