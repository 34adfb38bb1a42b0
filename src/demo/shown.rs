//! A message as a mail client would show it, and its source with the changed bytes marked.

use crate::{
    message::{Limits, Opened, Part, Role, decode_words, split},
    rewrite::{Change, Report},
};

/// What stands at the top of a letter.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) subject: String,
    pub(super) from: String,
}

/// Part of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) changed: bool,
}

/// Subject and sender of a message.
pub(super) fn head(raw: &[u8]) -> Head {
    let structure = split(raw, &Limits::default());
    let field = |name| structure.header_value(raw, name).map(decode_words).unwrap_or_default();
    Head { subject: field("subject"), from: field("from") }
}

/// The document that a client shows: the HTML of the message, or its text with `links` made clickable.
pub(super) fn document(raw: &[u8], links: &[&str]) -> String {
    let limits = Limits::default();
    let structure = split(raw, &limits);
    let open = |wanted: fn(&Part) -> bool| -> Option<Opened> {
        let part = structure.parts.iter().find(|part| part.role == Role::Leaf && wanted(part))?;
        part.open(raw, &limits).ok()
    };
    if let Some(html) = open(|part| part.media.is("text", "html")) {
        return format!("<base target=\"_blank\">{}", html.text());
    }
    let text = open(|part| part.media.is("text", "plain"));
    text.map(|text| clickable(text.text(), links)).unwrap_or_default()
}

/// A plain text as clients show it: each of `links`, in the order of the text, is an anchor.
fn clickable(text: &str, links: &[&str]) -> String {
    let mut html = String::from(
        "<!doctype html><meta charset=\"utf-8\"><base target=\"_blank\"><style>pre { font: 1rem/1.7 system-ui, sans-serif; \
         white-space: pre-wrap; overflow-wrap: anywhere }</style><main><pre>",
    );
    let mut rest = text;
    for link in links {
        let Some((before, after)) = rest.split_once(link) else { continue };
        html += &format!("{}<a href=\"{1}\">{1}</a>", escape(before), escape(link));
        rest = after;
    }
    html + &escape(rest) + "</pre></main>"
}

/// The source of the message as it came in (`Side::Before`) or as it is delivered, the changed bytes apart.
pub(super) fn source(raw: &[u8], report: &Report, side: Side) -> Vec<Run> {
    let (mut runs, mut done, mut shift) = (Vec::new(), 0, 0_usize);
    for Change { at, removed, inserted } in &report.changes {
        let (start, length) = match side {
            Side::Before => (*at, *removed),
            Side::After => (at + shift, *inserted),
        };
        runs.push(run(raw.get(done..start), false));
        runs.push(run(raw.get(start..start + length), true));
        done = start + length;
        shift = (shift + inserted).wrapping_sub(*removed);
    }
    runs.push(run(raw.get(done..), false));
    runs.retain(|run| !run.text.is_empty());
    runs
}

/// Which of the two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// Bytes as a terminal would show them; what is no UTF-8 (no letter here has any) is a replacement character.
fn run(bytes: Option<&[u8]>, changed: bool) -> Run {
    let text = encoding_rs::UTF_8.decode_without_bom_handling(bytes.unwrap_or_default()).0;
    Run { text: text.replace('\u{1b}', "␛"), changed }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_a_text_are_anchors_in_its_order() {
        let html = clickable("a <b> http://x.test/?a&b c", &["http://x.test/?a&b", "http://absent.test/"]);
        assert!(html.ends_with(
            "<pre>a &lt;b&gt; <a href=\"http://x.test/?a&amp;b\">http://x.test/?a&amp;b</a> c</pre></main>"
        ));
    }
}
