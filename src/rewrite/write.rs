//! Edits of a text that put something else where a link was found, escaped for its place.

use super::{
    find::{Escape, Found, Quote, Role, Spot, Within, escape_attribute, unescape},
    note,
};
use crate::base::{Decoded, Edit, Span};

/// The style of an anchor that is put around text: the page looks as before.
const INHERIT: &str = "color:inherit;background:none;font:inherit;text-decoration:inherit";

/// Puts `url` in the place of the link. In a text node it stands around the text that was there.
pub(crate) fn link(found: &Found, url: &str) -> Vec<Edit<Decoded>> {
    let escaped = escape_attribute(url);
    match found.spot {
        Spot::Attribute(_, quote) | Spot::Form { quote, .. } | Spot::Handler(quote) => {
            vec![Edit::new(found.span, quoted(quote, &escaped))]
        }
        Spot::Refresh { .. } => vec![Edit::new(found.span, escaped)],
        Spot::TextNode(_) => {
            let pieces = found.more.iter().chain([&found.span]);
            let around = |span: &Span<Decoded>| {
                let open = format!("<a href=\"{escaped}\" style=\"{INHERIT}\">");
                let (start, end) = (span.start(), span.end());
                [Edit::new(Span::new(start, start), open), Edit::new(Span::new(end, end), "</a>")]
            };
            pieces.flat_map(around).collect()
        }
        Spot::Text(_) | Spot::Script => vec![Edit::new(found.span, url)],
        Spot::Piece(escape) => vec![Edit::new(found.span, piece(escape, url))],
    }
}

/// A URL as it may stand in a longer value.
fn piece(escape: Escape, url: &str) -> String {
    let css = || url.replace('(', "%28").replace(')', "%29").replace('\'', "%27");
    match escape {
        Escape::Attribute => escape_attribute(&url.replace(',', "%2C")),
        Escape::Css => css(),
        Escape::CssAttribute => escape_attribute(&css()),
    }
}

/// Puts `url` in the place of the link, in a text node too.
pub(crate) fn plain(found: &Found, url: &str) -> Vec<Edit<Decoded>> {
    match found.spot {
        Spot::TextNode(_) => vec![Edit::new(found.span, escape_attribute(url))],
        _ => link(found, url),
    }
}

/// Makes the link harmless, and says so where it can be seen: as the title of a link, as `hxxp` in text, before the
/// fields of a form.
pub(crate) fn defanged(text: &str, found: &Found, why: &str) -> Vec<Edit<Decoded>> {
    let with = match found.spot {
        Spot::Attribute(Role::Active, quote) | Spot::Handler(quote) => emptied(quote).to_owned(),
        Spot::Script => String::new(),
        Spot::Attribute(_, quote) | Spot::Form { quote, .. } => match quote {
            Quote::Inert => "#".to_owned(),
            Quote::None => format!("\"#\" title=\"{why}\""),
            _ => format!("#{quote} title={quote}{why}", quote = quote.written()),
        },
        // Without a URL it would load the same page again.
        Spot::Refresh { content, quote } => return vec![Edit::new(content, emptied(quote))],
        Spot::TextNode(_) => {
            let shown = unescape(found.span.of_str(text), Within::Text).into_text();
            escape_attribute(&format!("{} [{why}]", hxxp(&shown)))
        }
        Spot::Text(_) | Spot::Piece(_) => format!("{} [{why}]", hxxp(found.span.of_str(text))),
    };
    let mut edits = vec![Edit::new(found.span, with)];
    if let Spot::Form { after: Some(after), .. } = found.spot {
        edits.push(Edit::new(Span::new(after, after), note::FORM));
    }
    edits
}

/// An attribute without a value.
const fn emptied(quote: Quote) -> &'static str {
    match quote {
        Quote::Inert => "#",
        Quote::None => "\"\"",
        Quote::Single | Quote::Double => "",
    }
}

/// As people write links that must not be followed: `hxxp://e[.]example`. No piece of it may look like a link either.
pub(crate) fn hxxp(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let scheme = rest.get(..4).filter(|start| start.eq_ignore_ascii_case("http"));
        match (scheme, first) {
            (Some(_), _) => out.push_str("hxxp"),
            (None, '.') => out.push_str("[.]"),
            (None, other) => out.push(other),
        }
        let taken = scheme.map_or(first.len_utf8(), str::len);
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

fn quoted(quote: Quote, value: &str) -> String {
    match quote {
        Quote::None => format!("\"{value}\""),
        _ => value.to_owned(),
    }
}

/// Puts another document in the place of one inside an attribute.
pub(crate) fn document(span: Span<Decoded>, quote: Quote, document: &str) -> Edit<Decoded> {
    let mut escaped = escape_attribute(document);
    if quote == Quote::Inert {
        let blanks = [(' ', "&#32;"), ('\t', "&#9;"), ('\n', "&#10;"), ('\r', "&#13;"), ('\u{c}', "&#12;")];
        for (blank, reference) in blanks {
            escaped = escaped.replace(blank, reference);
        }
    }
    Edit::new(span, quoted(quote, &escaped))
}
