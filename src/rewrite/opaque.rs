//! Parts that are a whole entity in a wrapping of their own: S/MIME that is signed and not encrypted. Nothing in it can be
//! edited in place; where a link has to be dealt with, the entity comes out and takes the place of its wrapping.

use super::{
    pass::{Pass, Stop},
    report::{LeftPart, PartRule, Unread},
};
use crate::{
    base::{Edit, Raw, apply},
    message::{self, Part, fields},
};

impl Pass<'_> {
    /// The edits that put the signed entity in the place of its signature; none where it holds nothing to deal with.
    pub(super) fn opaque(&mut self, raw: &[u8], part: &Part, id: &str, depth: usize) -> Result<Vec<Edit<Raw>>, Stop> {
        let limits = &self.policy.limits;
        let bytes = part.content(raw, limits).map_err(|error| Unread::Encoding(error.to_string()))?;
        let inner = message::signed_content(&bytes);
        let edited = inner.as_deref().map(|inner| self.entity(inner, id, depth)).transpose()?;
        let Some(edited) = edited.filter(|edited| inner.as_ref() != Some(edited)) else {
            self.log.left_parts.push(LeftPart::new(id, part, PartRule::Signed));
            return Ok(Vec::new());
        };
        let structure = message::split(&edited, limits);
        let body = structure.body.of(&edited);
        if !part.can_hold(body) {
            return Err(Unread::Carry("a line of it would end the part".to_owned()).into());
        }
        let says_how = fields(&edited, structure.header).filter(|field| is_content(field.name));
        let said: Option<Vec<String>> = says_how
            .map(|field| std::str::from_utf8(field.span.of(&edited)).ok().map(|text| text.trim_end().to_owned()))
            .collect();
        let said = said.ok_or_else(|| Unread::Carry("its header is no text".to_owned()))?;
        self.log.broken_signatures.push(id.to_owned());
        Ok(part.replaced(raw, &said, body))
    }

    /// A whole entity, edited by itself.
    pub(super) fn entity(&mut self, raw: &[u8], id: &str, depth: usize) -> Result<Vec<u8>, Stop> {
        let edits = self.inner_edits(raw, id, depth)?;
        Ok(apply(raw, &edits).map_err(|overlap| Unread::Carry(overlap.to_string()))?)
    }
}

fn is_content(name: &[u8]) -> bool {
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"))
}
