//! JPCERT/CC's phishing URLs: `date,URL,description`.

use super::{
    NoList,
    csv::{self, Column, Shape},
    sink::Sink,
};

pub(super) fn read(bytes: &[u8], sink: &mut Sink<'_, '_>) -> Result<(), NoList> {
    let shape = Shape {
        url: Column { name: "URL", at: 1 },
        reason: Some(Column { name: "description", at: 2 }),
        reference: None,
    };
    csv::read(bytes, &shape, sink)
}
