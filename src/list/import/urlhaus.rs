//! URLhaus: `id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter`, the header in a comment.

use super::{
    NoList,
    csv::{self, Column, Shape},
    sink::Sink,
};

pub(super) fn read(bytes: &[u8], sink: &mut Sink<'_, '_>) -> Result<(), NoList> {
    let shape = Shape {
        url: Column { name: "url", at: 2 },
        reason: Some(Column { name: "threat", at: 5 }),
        reference: Some(Column { name: "id", at: 0 }),
    };
    csv::read(bytes, &shape, sink)
}
