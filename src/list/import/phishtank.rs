//! PhishTank, in CSV (`phish_id,url,phish_detail_url,submission_time,verified,verification_time,online,target`) and as
//! an array of objects with the same names in JSON.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Cause, NoList,
    csv::{self, Column, Shape},
    json,
    sink::{Sink, said},
};
use crate::list::Note;

pub(super) fn read_csv(bytes: &[u8], sink: &mut Sink<'_, '_>) -> Result<(), NoList> {
    let shape = Shape {
        url: Column { name: "url", at: 1 },
        reason: Some(Column { name: "target", at: 7 }),
        reference: Some(Column { name: "phish_id", at: 0 }),
    };
    csv::read(bytes, &shape, sink)
}

/// What is read of an object.
#[derive(Deserialize)]
struct Phish<'a> {
    url: String,
    #[serde(default)]
    target: Option<String>,
    /// A number or a text, as the year has it.
    #[serde(default, borrow)]
    phish_id: Option<&'a RawValue>,
}

pub(super) fn read_json(bytes: &[u8], sink: &mut Sink<'_, '_>) -> Result<(), NoList> {
    json::elements(bytes, None, &mut |place, raw| match serde_json::from_str::<Phish<'_>>(raw) {
        Ok(phish) => {
            let reason = phish.target.as_deref().and_then(said);
            let reference = phish.phish_id.and_then(|id| said(id.get().trim_matches('"')));
            sink.url(place, phish.url.trim(), Some(Note { reason, reference, ..Note::default() }));
        }
        Err(_) => sink.refuse(place, raw, Cause::NoField),
    })
}
