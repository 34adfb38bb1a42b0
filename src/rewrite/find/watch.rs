//! Keeps a parser from work that grows faster than its text, where no call of the tree shows it: the tokenizer compares
//! each attribute of a tag with all before it, the tree builder each formatting element with all that it still holds. What
//! they are about to do is counted before they are asked.

use std::{cell::Cell, rc::Rc};

use html5ever::{
    LocalName,
    tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult},
};
use memchr::{memchr, memchr2};

/// What a parser did and holds, for all who count.
#[derive(Debug, Default)]
pub(super) struct Meter {
    steps: Cell<u64>,
    /// Formatting elements that it still holds, open or to be opened again.
    formatting: Cell<u64>,
}

impl Meter {
    pub(super) fn add(&self, steps: u64) {
        self.steps.set(self.steps.get().saturating_add(steps));
    }

    pub(super) fn take(&self) -> u64 {
        self.steps.take()
    }
}

/// A formatting element, for as long as the parser holds it.
#[derive(Debug)]
pub(super) struct Held(Rc<Meter>);

impl Held {
    /// `None` for an element that is none.
    pub(super) fn of(name: &LocalName, meter: &Rc<Meter>) -> Option<Self> {
        is_formatting(name).then(|| {
            meter.formatting.set(meter.formatting.get() + 1);
            Self(Rc::clone(meter))
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.formatting.set(self.0.formatting.get().saturating_sub(1));
    }
}

/// Elements that are opened again behind what closed them (WHATWG "the list of active formatting elements").
fn is_formatting(name: &LocalName) -> bool {
    matches!(
        &**name,
        "a" | "b" | "big" | "code" | "em" | "font" | "i" | "nobr" | "s" | "small" | "strike" | "strong" | "tt" | "u"
    )
}

/// Stands between a tokenizer and a tree builder.
pub(super) struct Watched<S> {
    pub(super) builder: S,
    meter: Rc<Meter>,
    /// Whether a token came.
    came: Cell<bool>,
    /// The last token, where it was text.
    text: Cell<Option<Text>>,
    /// The most attributes of a formatting element.
    attributes: Cell<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Blanks,
    Words,
}

impl<S> Watched<S> {
    pub(super) fn new(builder: S, meter: Rc<Meter>) -> Self {
        Self { builder, meter, came: Cell::default(), text: Cell::default(), attributes: Cell::default() }
    }

    /// Whether a token came since this was last asked.
    pub(super) fn came(&self) -> bool {
        self.came.take()
    }

    /// Each formatting element that is held may be compared; where the names are the same, attributes are sorted.
    fn start_tag(&self, tag: &Tag) {
        if is_formatting(&tag.name) {
            let attributes = tag.attrs.len() as u64;
            self.attributes.set(self.attributes.get().max(attributes));
            let each = 1 + COMPARED * (attributes + self.attributes.get());
            self.meter.add(self.meter.formatting.get() * each / 2);
        }
    }

    /// Whether a text says nothing new to the tree: it follows another one that did what it would do.
    fn is_more_of_it(&self, text: &str) -> bool {
        let blank = text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r'));
        let now = if blank { Text::Blanks } else { Text::Words };
        let before = self.text.get();
        let more = before == Some(Text::Words) || before == Some(now);
        if !more {
            self.text.set(Some(now));
        }
        more
    }
}

/// Steps that an attribute costs which is compared.
const COMPARED: u64 = 8;

impl<S: TokenSink> TokenSink for Watched<S> {
    type Handle = S::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        if let Token::ParseError(_) = token {
            return TokenSinkResult::Continue;
        }
        self.came.set(true);
        if let Token::CharacterTokens(text) = &token {
            if self.is_more_of_it(text) {
                return TokenSinkResult::Continue;
            }
        } else {
            self.text.set(None);
        }
        if let Token::TagToken(tag) = &token
            && tag.kind == TagKind::StartTag
        {
            self.start_tag(tag);
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Tags that a tokenizer may be in, wherever one could have begun: what stands in quotes for one is a tag for another.
/// Those that have come to the same place go on as one, with the attributes of the longest.
#[derive(Debug, Clone, Default)]
pub(super) struct Tags {
    /// Where in the tag, and how many attributes it has so far.
    tags: Vec<(State, u64)>,
}

impl Tags {
    /// Reads on; gives the comparisons of attributes that a tokenizer makes there at most. With `begin`, tags may begin.
    pub(super) fn read(&mut self, text: &[u8], begin: bool) -> u64 {
        let (mut compared, mut rest) = (0, text);
        while let Some((byte, behind)) = rest.split_first() {
            match self.tags.as_slice() {
                [] if !begin => break,
                [] if *byte != b'<' => {
                    rest = memchr(b'<', behind).and_then(|at| behind.get(at..)).unwrap_or_default();
                    continue;
                }
                [(State::Quoted(quote), _)] => {
                    let length = memchr2(*quote, b'<', rest).unwrap_or(rest.len());
                    if length > 0 {
                        rest = rest.get(length..).unwrap_or_default();
                        continue;
                    }
                }
                _ => {}
            }
            rest = behind;
            self.tags.retain_mut(|(state, attributes)| {
                let Some((next, begins)) = state.next(*byte) else { return false };
                *state = next;
                if begins {
                    compared += *attributes;
                    *attributes += 1;
                }
                true
            });
            if self.tags.len() > 1 {
                self.tags.sort_unstable_by(|one, other| other.cmp(one));
                self.tags.dedup_by_key(|(state, _)| *state);
            }
            if begin && *byte == b'<' {
                self.tags.push((State::Open, 0));
            }
        }
        compared
    }

    /// Together with others.
    pub(super) fn join(&mut self, others: &Self) {
        self.tags.extend_from_slice(&others.tags);
    }
}

/// How much of `text` a tokenizer can read before it compared `most` attributes, in bytes, rounded down to some tens of
/// kilobytes.
pub(crate) fn readable(text: &str, most: u64) -> usize {
    const STEP: usize = 32 * 1024;
    let (mut tags, mut compared, mut done) = (Tags::default(), 0_u64, 0);
    for step in text.as_bytes().chunks(STEP) {
        compared = compared.saturating_add(tags.read(step, true));
        if compared > most {
            return text.floor_char_boundary(done);
        }
        done += step.len();
    }
    done
}

/// Where in a tag (WHATWG "tag open state" to "self-closing start tag state").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Open,
    EndOpen,
    Name,
    BeforeAttribute,
    Attribute,
    AfterAttribute,
    BeforeValue,
    Quoted(u8),
    Bare,
    AfterQuoted,
    SelfClosing,
}

impl State {
    /// Where a byte leads, and whether it begins an attribute; `None` where it ends the tag, or there was none.
    const fn next(self, byte: u8) -> Option<(Self, bool)> {
        let blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
        let next = match (self, byte) {
            (Self::Open, b'/') => Self::EndOpen,
            (Self::Open | Self::EndOpen, _) if byte.is_ascii_alphabetic() => Self::Name,
            (Self::Open | Self::EndOpen, _) => return None,
            (Self::Quoted(quote), _) if byte == quote => Self::AfterQuoted,
            (Self::Quoted(_), _) => self,
            (_, b'>') => return None,
            (Self::BeforeValue, b'"' | b'\'') => Self::Quoted(byte),
            (Self::BeforeValue, _) if !blank => Self::Bare,
            (Self::Attribute | Self::AfterAttribute, _) if blank => Self::AfterAttribute,
            (Self::BeforeValue, _) => self,
            (_, _) if blank => Self::BeforeAttribute,
            (Self::Bare, _) => self,
            (_, b'/') => Self::SelfClosing,
            (Self::Attribute | Self::AfterAttribute, b'=') => Self::BeforeValue,
            (Self::Name | Self::Attribute, _) => self,
            _ => return Some((Self::Attribute, true)),
        };
        Some((next, false))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use html5ever::{
        TokenizerResult,
        tendril::StrTendril,
        tokenizer::{BufferQueue, Tokenizer, TokenizerOpts},
    };
    use proptest::prelude::*;

    use super::*;

    /// Counts the attributes of every tag, those that are no duplicates.
    #[derive(Default)]
    struct Counted(RefCell<u64>);

    impl TokenSink for Counted {
        type Handle = ();

        fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
            if let Token::TagToken(tag) = token {
                let attributes = tag.attrs.len() as u64;
                *self.0.borrow_mut() += attributes * attributes.saturating_sub(1) / 2;
            }
            TokenSinkResult::Continue
        }
    }

    fn tokenized(text: &str) -> u64 {
        let tokenizer = Tokenizer::new(Counted::default(), TokenizerOpts::default());
        let queue = BufferQueue::default();
        queue.push_back(StrTendril::from_slice(text));
        while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
        tokenizer.end();
        tokenizer.sink.0.into_inner()
    }

    #[test]
    fn a_text_is_readable_up_to_a_tag_of_too_many_attributes() {
        let many: String = (0..20_000).map(|at| format!("a{at} ")).collect();
        let text = format!("{}<p {many}>", "é ".repeat(40_000));
        assert_eq!(readable(&text, u64::MAX), text.len());
        let end = readable(&text, 1_000_000);
        assert!(end > 60_000 && end < 160_000, "{end}");
        assert!(text.is_char_boundary(end));
    }

    proptest! {
        #[test]
        fn no_tokenizer_compares_more(text in "(<|</|<a|>|/|=|\"|'|`| |\n|[a-e]|<!--|-->|&|<a [a-e] [a-e]=\"[a-e] ){0,40}") {
            prop_assert!(Tags::default().read(text.as_bytes(), true) >= tokenized(&text), "{}", text);
        }
    }

    #[test]
    fn a_tag_that_begins_in_quotes_counts_by_itself() {
        let text = "<p title=\"<a b c d\" e>";
        assert_eq!(Tags::default().read(text.as_bytes(), true), 1 + (1 + 2 + 3));
        assert_eq!(tokenized("<a b c d e>"), 6);
        assert_eq!(tokenized("<a/b/c d=e f='g'h=\"i\"j>"), 15);
        assert_eq!(Tags::default().read(b"<a/b/c d=e f='g'h=\"i\"j>", true), 15);
        assert_eq!(Tags::default().read(b"a b c d < a b c", true), 0);
    }
}
