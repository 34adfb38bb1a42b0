use super::{
    destination::{NotALink, join},
    facts::{Facts, Link, LinkId},
    token::{self, Candidate, Flags, Header, TAG},
};
use crate::{base::TenantId, url};

/// Reads a link without proving it: no key, no server, and no trust in what comes out.
///
/// `text` is a whole link (`https://…`) or its path. A prefix path, or ours before a preview, is skipped: the first two
/// segments side by side that hold a link are it. Error: what is wrong with the nearest thing to a link.
pub fn decode(text: &[u8]) -> Result<Link, NotALink> {
    let text = text.trim_ascii();
    let whole = [&b"http://"[..], b"https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if !whole {
        return search(text);
    }
    let text = std::str::from_utf8(text).map_err(|_| NotALink::Shape)?;
    let url = url::parse(text).map_err(NotALink::NotWeb)?;
    search(url.after_host().as_bytes())
}

/// Segments of a prefix, and of a preview before it, that are looked at.
const DEPTH: usize = 16;

pub(super) fn search(path: &[u8]) -> Result<Link, NotALink> {
    let mut nearest = NotALink::Shape;
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    for start in slashes.take(DEPTH) {
        match Candidate::find(path.get(start..).unwrap_or_default()).map_err(NotALink::from).and_then(|it| read(&it)) {
            Ok(link) => return Ok(link),
            Err(NotALink::Shape) => {}
            // A prefix may be any word; whatever is wrong behind a good host tells more.
            Err(NotALink::Host) if nearest != NotALink::Shape => {}
            Err(other) => nearest = other,
        }
    }
    Err(nearest)
}

/// What a candidate says. Not proven here.
pub(super) fn read(candidate: &Candidate<'_>) -> Result<Link, NotALink> {
    let (bytes, spelled) = candidate.header();
    let mut rest = Vec::with_capacity(candidate.rest_length());
    let tag = candidate.rest(|piece| rest.extend_from_slice(piece));
    let tag = tag.filter(|_| spelled).ok_or(NotALink::Base64)?;
    read_rest(candidate.segment, Header::from_bytes(&bytes), &rest, tag)
}

/// What a segment and the bytes of a token say. Not proven here.
pub(super) fn read_rest(segment: &[u8], header: Header, rest: &[u8], tag: [u8; TAG]) -> Result<Link, NotALink> {
    let flags = Flags::from_byte(header.flags).ok_or(NotALink::Flags(header.flags))?;
    if header.tenant == TenantId(0) {
        return Err(NotALink::Nobody);
    }
    let destination = join(segment, flags, rest)?;
    let facts = Facts {
        tenant: header.tenant,
        place: flags.place,
        issued: token::moment(header.issued),
        message: header.message,
        recipient: header.recipient,
    };
    Ok(Link { destination, facts, key: header.key, id: LinkId(tag) })
}
