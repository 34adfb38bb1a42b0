//! Finds what a reader of a part could click: pure functions from the text of a part to spans in it.
//!
//! One file a format. A finder says where a link stands, in which place, and what a client would read there; whether it
//! is wrapped, left or defanged is not its business. Finders are total and linear in the length of the text; what they
//! cannot read safely is an [`Unsafe`], never an empty answer.

mod attributes;
pub(crate) mod calendar;
mod code;
mod css;
mod enriched;
mod entities;
mod forms;
mod hosts;
mod html;
mod markdown;
mod nul;
mod plain;
mod reading;
mod readings;
mod runs;
mod sniff;
mod splice;
mod table;
mod text;
mod tokens;
mod watch;

pub(crate) use code::running_text;
pub(crate) use enriched::rendered;
pub(crate) use entities::{Unescaped, Within, escape_attribute, unescape};
pub(crate) use hosts::{address as is_address, is_host as bare_host};
pub(crate) use html::{Resources, page};
pub(crate) use markdown::destinations;
pub(crate) use nul::Clean;
pub(crate) use reading::{Budget, Target, plain_targets, targets};
pub(crate) use sniff::{addresses, defines_entities, looks_like_html};
pub use table::html_table;
pub(crate) use text::{Care, Grammar, Lines, Shape, words};
pub(crate) use watch::readable;

use crate::base::{Decoded, Span};

/// Something that a click could follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// What stands for the link in the text: an attribute's value without its quotes, or the text that a client would
    /// make clickable.
    pub(crate) span: Span<Decoded>,
    /// Where it stands.
    pub(crate) spot: Spot,
    /// What a client reads there: character references undone, lines joined.
    pub(crate) value: String,
    /// Where its text goes on behind markup that no reader sees: `https://evil<wbr>.test`.
    pub(crate) more: Vec<Span<Decoded>>,
}

/// Where a link stands, as far as the way to replace it depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// A whole attribute value.
    Attribute(Role, Quote),
    /// Where a form is sent. `after`: behind the start tag of the form, where a note can stand.
    Form { submit: Submit, quote: Quote, after: Option<usize> },
    /// The URL inside the `content` of a refresh; the span beside is the whole value.
    Refresh { content: Span<Decoded>, quote: Quote },
    /// The value of an event handler.
    Handler(Quote),
    /// What stands in `<script>`.
    Script,
    /// A URL of something that is loaded, in a longer value.
    Piece(Escape),
    /// Text of an HTML document outside every anchor.
    TextNode(Shape),
    /// Text of a plain text part, or of HTML where tags mean nothing.
    Text(Shape),
}

/// What an attribute is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// `href` of whatever element, however prefixed.
    Link,
    /// Opens or runs something inside the message.
    Active,
    /// Loaded with the page, never clicked; looked at only where a base that it hangs on is removed.
    Resource,
    /// What links hang on in a reading other than the first: it is blanked, whatever it says.
    Base,
}

/// What a form would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Submit {
    /// A search and the like.
    Harmless,
    /// It posts, or it asks for something that is secret.
    Secret,
}

/// What may not stand in a piece of a value as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// What means something in an attribute.
    Attribute,
    /// What would end a `url(…)`.
    Css,
    /// Both.
    CssAttribute,
}

/// What stands around an attribute value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    None,
    Single,
    Double,
    /// Not every client takes this for an attribute: only characters that mean nothing in markup may be written.
    Inert,
}

impl Quote {
    /// The quote to write: an unquoted value gets quotes, so that nothing in the new one can end it (attack row 6).
    pub(crate) const fn written(self) -> &'static str {
        match self {
            Self::Single => "'",
            Self::None | Self::Double => "\"",
            Self::Inert => "",
        }
    }
}

/// A document inside an attribute (`srcdoc`), with what was found in it; its spans are offsets into `document`.
#[derive(Debug)]
pub(crate) struct Nested {
    pub(crate) span: Span<Decoded>,
    pub(crate) quote: Quote,
    pub(crate) document: String,
    pub(crate) page: Page,
}

/// All that was found in one HTML document.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) found: Vec<Found>,
    pub(crate) nested: Vec<Nested>,
    /// The `href` of the first `<base>` that has one.
    pub(crate) base: Option<String>,
    /// Attributes that no link may hang on afterwards: every `href` of a `<base>`, lists of animated hrefs.
    pub(crate) removals: Vec<Span<Decoded>>,
    /// What anchors show, where it looks like a URL.
    pub(crate) labels: Vec<Span<Decoded>>,
    /// What its forms ask for.
    pub(super) forms: forms::Forms,
    /// In how many ways clients may read the document.
    pub(crate) readings: usize,
    /// The tokenizer had to guess somewhere: [`targets`] of the result have the last word.
    pub(crate) guessed: bool,
}

/// Why a part cannot be read safely; it is defanged whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// The tokenizer cannot tell markup from text, and a parser found links where the tokenizer saw none.
    #[error("its HTML can be read in two ways, and one of them hides links")]
    Ambiguous,
    /// The part needs more memory than its size allows for.
    #[error("its HTML is nested too deep or too large to be read")]
    TooComplex,
    /// Documents inside documents beyond the cap.
    #[error("documents inside documents, more than {} deep", html::DEPTH)]
    TooDeep,
}

impl Page {
    /// Adds what another reading of the same document found. What lies inside something that is replaced anyway needs
    /// nothing more; what lies across its edge, or holds what ends something in another reading, cannot be written for
    /// both.
    ///
    /// Errors: [`Unsafe::Ambiguous`].
    fn join(&mut self, text: &str, other: Self) -> Result<(), Unsafe> {
        let mut taken: Vec<Span<Decoded>> = self.found.iter().map(Found::touched).collect();
        taken.extend(self.found.iter().flat_map(|found| found.more.iter().copied()));
        taken.extend(self.nested.iter().map(|nested| nested.span));
        taken.extend(self.removals.iter().copied());
        taken.sort();
        let news = |span: Span<Decoded>| {
            let behind = taken.partition_point(|taken| taken.start() <= span.start());
            let before = behind.checked_sub(1).and_then(|at| taken.get(at));
            let after = taken.get(behind);
            match (before, after) {
                (Some(taken), _) if taken.contains(span) => Ok(false),
                (Some(taken), _) if taken.end() > span.start() => Err(Unsafe::Ambiguous),
                (_, Some(taken)) if taken.start() < span.end() => Err(Unsafe::Ambiguous),
                _ if ends_something(text, span) => Err(Unsafe::Ambiguous),
                _ => Ok(true),
            }
        };
        for found in other.found {
            if news(found.touched())? {
                self.found.push(found);
            }
        }
        for nested in other.nested {
            if news(nested.span)? {
                self.nested.push(nested);
            }
        }
        self.found.sort_by_key(|found| found.span);
        self.forms.join(other.forms);
        Ok(())
    }
}

/// Whether a stretch holds markup, or the end of a comment.
fn ends_something(text: &str, span: Span<Decoded>) -> bool {
    let value = span.of_str(text);
    let next = text.get(span.end()..).unwrap_or_default();
    let closes = value.ends_with('-') && (next.starts_with('>') || next.starts_with("->") || next.starts_with("!>"));
    closes || value.contains(['<', '>', '"', '\''])
}

impl Found {
    pub(crate) fn new(span: Span<Decoded>, spot: Spot, value: impl Into<String>) -> Self {
        Self { span, spot, value: value.into(), more: Vec::new() }
    }

    /// The most that may be replaced for it.
    fn touched(&self) -> Span<Decoded> {
        match self.spot {
            Spot::Refresh { content, .. } => content,
            _ => self.span,
        }
    }
}
