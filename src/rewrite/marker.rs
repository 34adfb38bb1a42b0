//! The header field that says what was done: `X-Sekisho: v1; links=3; left=1; defanged=0; tag=…`.
//!
//! Its tag is a keyed hash of the body as it left us, the Message-ID and the counts, so nobody else can write one, and
//! a message that comes by again unchanged is known by it and stays as it is. Every other field of this name that comes
//! in is stripped.

use sha2::{Digest, Sha256};

use super::report::Counts;
use crate::{
    base::{Edit, Raw, Span},
    link::Minter,
    message::{Field, Newline, Structure, fields},
};

const NAME: &str = "X-Sekisho";

/// Deletions of the marker fields of a message, but for one that tells the truth about it.
pub(crate) fn strip(raw: &[u8], structure: &Structure, minter: &Minter) -> Vec<Edit<Raw>> {
    let ours: Vec<_> = fields(raw, structure.header).filter(is_marker).collect();
    if let [only] = ours.as_slice()
        && is_true(raw, structure, only, minter)
    {
        return Vec::new();
    }
    ours.iter().map(|field| Edit::new(field.span, "")).collect()
}

/// Deletions of all marker fields.
pub(crate) fn strip_all(raw: &[u8], structure: &Structure) -> Vec<Edit<Raw>> {
    fields(raw, structure.header).filter(is_marker).map(|field| Edit::new(field.span, "")).collect()
}

/// The field to add at the end of the header, for a message whose body will have this SHA-256. `None` where there is no
/// header to add it to.
pub(crate) fn add(
    raw: &[u8],
    structure: &Structure,
    body: &[u8; 32],
    counts: &Counts,
    minter: &Minter,
) -> Option<Edit<Raw>> {
    let header = structure.header;
    if header.is_empty() || !header.of(raw).ends_with(b"\n") {
        return None;
    }
    let links = counts.wrapped + counts.already_ours;
    let claim =
        format!(" v1; links={links}; left={}; defanged={}", counts.left, counts.defanged + counts.removed_parts);
    let tag = tag(&claim, structure.message_id(raw).unwrap_or_default(), body, minter);
    let newline = if structure.newline == Newline::Crlf { "\r\n" } else { "\n" };
    let at = Span::new(header.end(), header.end());
    Some(Edit::new(at, format!("{NAME}:{claim}; tag={tag}{newline}")))
}

fn is_marker(field: &Field<'_>) -> bool {
    let name = field.name.get(..NAME.len()).unwrap_or_default();
    let rest = field.name.get(NAME.len()..).unwrap_or_default();
    name.eq_ignore_ascii_case(NAME.as_bytes()) && (rest.is_empty() || rest.starts_with(b"-"))
}

fn is_true(raw: &[u8], structure: &Structure, field: &Field<'_>, minter: &Minter) -> bool {
    let Ok(value) = std::str::from_utf8(field.value) else { return false };
    let Some((claim, given)) = value.split_once("; tag=") else { return false };
    let tag = || {
        let body = Sha256::digest(structure.body.of(raw)).into();
        tag(claim, structure.message_id(raw).unwrap_or_default(), &body, minter)
    };
    field.name == NAME.as_bytes() && tag() == given
}

/// The hash that names messages, over an input that no Message-ID can be: it has a line break in it.
fn tag(claim: &str, message_id: &[u8], body: &[u8; 32], minter: &Minter) -> String {
    let name = [NAME.as_bytes(), b"\n", claim.as_bytes(), b"\n", message_id].concat();
    minter.message_hash(&name, body).to_string()
}
