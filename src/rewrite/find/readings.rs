//! The ways in which clients read one HTML document.
//!
//! They differ in what they take for text: a browser that runs scripts hides what is in `noscript`, an old client does
//! not know `xmp`, Word reads what a conditional comment holds. A tag may even begin inside such an element and end
//! outside (`<noscript><a href="…</noscript>…">`), so it does not do to read the content by itself. Each reading is the
//! whole document once more, of the same length, with the names disarmed that this client does not heed.

use std::borrow::Cow;

/// One way to read a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// A browser without scripts, as mail clients are: `noscript` is live (attack row 28). The one that decides.
    Mail,
    /// A browser that runs scripts: `noscript` is text.
    Scripted,
    /// A client that knows none of the elements whose content is text.
    Plain,
    /// Word: conditional comments are live (attack row 20).
    Word,
}

/// What may be in a document, told by what stands behind each `<`, in one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Marks {
    /// A `<base>`.
    pub(super) base: bool,
    /// SVG or MathML. A tokenizer only simulates when these begin and end, and has been seen to err: behind
    /// `<svg><math><p>` it takes `<![CDATA[` for text, where a browser is back in HTML.
    pub(super) foreign: bool,
    /// Something that [`Reading::others`] may differ over.
    pub(super) special: bool,
}

impl Marks {
    pub(super) fn of(text: &str) -> Self {
        let mut marks = Self::default();
        let bytes = text.as_bytes();
        for at in memchr::memchr_iter(b'<', bytes) {
            let behind = bytes.get(at + 1..).unwrap_or_default();
            let (tag, ends) = behind.strip_prefix(b"/").map_or((behind, false), |tag| (tag, true));
            let begins =
                |name: &str| tag.get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()));
            match tag.first().map(u8::to_ascii_lowercase) {
                Some(b'b') => marks.base |= !ends && begins("base"),
                Some(b's') => marks.foreign |= !ends && begins("svg"),
                Some(b'm') => marks.foreign |= !ends && begins("math"),
                Some(b'!') => marks.special |= begins("!--"),
                Some(b'n' | b'x' | b'p' | b'i') => marks.special |= UNKNOWN.into_iter().any(begins),
                _ => {}
            }
        }
        marks
    }
}

const LIVE: [&str; 1] = ["noscript"];
const UNKNOWN: [&str; 6] = ["noscript", "xmp", "noembed", "noframes", "plaintext", "iframe"];

impl Reading {
    /// The readings of `text` beside [`Reading::Mail`] that could differ from it.
    pub(super) fn others(text: &str) -> Vec<Self> {
        let mut readings = Vec::new();
        let mut add = |reading, wanted: bool| {
            if wanted {
                readings.push(reading);
            }
        };
        add(Self::Scripted, spots(text, &LIVE).next().is_some());
        add(Self::Plain, spots(text, UNKNOWN.get(1..).unwrap_or_default()).next().is_some());
        add(Self::Word, conditions(text).next().is_some());
        readings
    }

    /// The document as this client takes it: same length, same offsets.
    pub(super) fn of(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Mail => disarmed(text, &LIVE),
            Self::Scripted => Cow::Borrowed(text),
            Self::Plain => disarmed(text, &UNKNOWN),
            Self::Word => opened(disarmed(text, &LIVE)),
        }
    }
}

/// Whether a comment is a conditional one, by what stands behind its `<!--`. In any case, and behind blanks: a client
/// may be as lenient.
pub(super) fn is_condition(inside: &str) -> bool {
    inside.trim_start().get(..3).is_some_and(|start| start.eq_ignore_ascii_case("[if"))
}

/// Where conditional comments begin.
fn conditions(text: &str) -> impl Iterator<Item = usize> + '_ {
    memchr::memmem::find_iter(text.as_bytes(), b"<!--")
        .filter(|at| is_condition(text.get(at + 4..).unwrap_or_default()))
}

/// The text with conditional comments open: what begins them is a bogus comment of the same length.
fn opened(text: Cow<'_, str>) -> Cow<'_, str> {
    let (mut out, mut done) = (String::new(), 0);
    for at in conditions(&text) {
        out.push_str(text.get(done..at).unwrap_or_default());
        out.push_str("<!xx");
        done = at + 4;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

/// Replaces the names in tags by others of the same length that mean nothing.
fn disarmed<'a>(text: &'a str, names: &[&str]) -> Cow<'a, str> {
    let mut out = String::new();
    let mut done = 0;
    for (start, length) in spots(text, names) {
        out.push_str(text.get(done..start).unwrap_or_default());
        out.push_str("x-xxxxxxx".get(..length).unwrap_or_default());
        done = start + length;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

/// Where one of `names` stands as the beginning of a tag's name, and its length.
fn spots<'a>(text: &'a str, names: &'a [&str]) -> impl Iterator<Item = (usize, usize)> + 'a {
    memchr::memchr_iter(b'<', text.as_bytes()).filter_map(move |at| {
        let start = at + 1 + usize::from(text.as_bytes().get(at + 1) == Some(&b'/'));
        // Nearly all others have another letter there.
        if !matches!(text.as_bytes().get(start)? | 0x20, b'n' | b'x' | b'p' | b'i') {
            return None;
        }
        names.iter().find_map(|name| {
            let there = text.as_bytes().get(start..start + name.len())?;
            there.eq_ignore_ascii_case(name.as_bytes()).then_some((start, name.len()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_keep_every_offset() {
        let text = "<NOSCRIPT>é<xmp></xmp><!--[if mso]><plaintext><iframe src=x><noembed></NoFrames><a href=x>";
        for reading in [Reading::Mail, Reading::Scripted, Reading::Plain, Reading::Word] {
            let read = reading.of(text);
            assert_eq!(read.len(), text.len(), "{reading:?}");
            assert_eq!(read.find("<a href"), text.find("<a href"), "{reading:?}");
        }
        assert_eq!(Reading::others(text), [Reading::Scripted, Reading::Plain, Reading::Word]);
        assert_eq!(Reading::others("<a href=x>"), []);
        for text in ["<XMP>", "</noembed>", "<!--[if mso]>", "<plaintext>", "<iframe>", "</NOSCRIPT", "</iframe>"] {
            assert!(Marks::of(text).special, "{text}");
        }
        let of = |base, foreign| Marks { base, foreign, special: false };
        assert_eq!(Marks::of("<p class=x><img src=x></p><s><b>"), Marks::default());
        assert_eq!(Marks::of("x<SVG>"), of(false, true));
        assert_eq!(Marks::of("<p><math"), of(false, true));
        assert_eq!(Marks::of("<Base>"), of(true, false));
        assert_eq!(Marks::of("svg base"), Marks::default());
        for text in ["<!--[IF mso]>", "<!-- \r\n[If mso]>"] {
            assert_eq!(Reading::others(text), [Reading::Word]);
            assert!(!Reading::Word.of(text).contains("<!--"), "{text}");
        }
    }
}
