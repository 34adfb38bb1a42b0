//! MISP warning lists: an object whose `list` holds what is meant, and whose `type` says how it is compared.

use super::{NoList, json, sink::Sink};

pub(super) fn read(bytes: &[u8], sink: &mut Sink<'_, '_>) -> Result<(), NoList> {
    let key = sink.how.key.unwrap_or("list");
    json::elements(bytes, Some(key), &mut |place, raw| json::element(place, raw, sink))
}
