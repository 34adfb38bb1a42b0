//! What a reader sees where something was taken away.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::report::Reason;
use crate::{
    base::{Decoded, Edit, Raw, Span},
    message::{Limits, Part, Transfer},
};

/// Short, for a title or behind a link in text. Plain words without a character that means something in markup.
pub(crate) const fn defanged(reason: Reason) -> &'static str {
    match reason {
        Reason::Scheme => "link removed: it does not lead to the web",
        Reason::Invalid => "link removed: it is no valid web address",
        Reason::TooLong => "link removed: it is too long to be checked",
        Reason::Base => "link removed",
        Reason::Form => "form disabled: it would send what you type to a web site",
        Reason::Refresh => "link removed: it would open without a click",
        Reason::Active => "removed: it would open inside the message",
        Reason::Script => "script removed",
    }
}

/// What a reader sees in the place of a form that was disabled, which is why its field takes nothing to anywhere.
pub(crate) const FORM: &str =
    "<b>[This form was disabled: a message must not ask for what you type here. Go to the web site yourself.]</b>";

const REMOVED: &str = "[This part of the message could not be checked for dangerous links and was removed.\r\n\
    Ask your administrator for it.]";

/// Puts a note in the place of a part that could not be dealt with, through its charset if that can still be done.
pub(crate) fn instead_of(raw: &[u8], part: &Part, limits: &Limits) -> Vec<Edit<Raw>> {
    let opened = part.open(raw, limits).ok();
    let carried = opened.and_then(|opened| {
        let whole = Span::<Decoded>::new(0, opened.text().len());
        opened.carry(raw, &[Edit::new(whole, text(part))]).ok()
    });
    carried.map_or_else(|| vec![Edit::new(part.body, bytes(part))], |carried| carried.edits)
}

fn text(part: &Part) -> String {
    if part.media.subtype.contains("html") { format!("<p>{REMOVED}</p>") } else { REMOVED.to_owned() }
}

/// The note as the part's header says that it is encoded.
fn bytes(part: &Part) -> Vec<u8> {
    let charset = part.charset.as_deref().unwrap_or_default().to_ascii_lowercase();
    let text = text(part);
    let bytes = if charset.starts_with("utf-16") {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(if charset.ends_with("be") { u16::to_be_bytes } else { u16::to_le_bytes }).collect()
    } else {
        text.into_bytes()
    };
    if part.transfer != Transfer::Base64 {
        return bytes;
    }
    let encoded = STANDARD.encode(bytes);
    let lines: Vec<_> = encoded.as_bytes().chunks(76).collect();
    lines.join(&b"\r\n"[..])
}
