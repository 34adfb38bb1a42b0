//! The rows of the table: elements, attributes, meaning, and why. The first row that fits counts.

use std::fmt::Write;

use super::attributes::Meaning;

pub(super) struct Row {
    pub(super) elements: Elements,
    pub(super) attributes: Names,
    pub(super) meaning: Meaning,
    why: &'static str,
}

/// On which elements.
#[derive(Clone, Copy)]
pub(super) enum Elements {
    /// Whatever its name and namespace.
    Any,
    Named(&'static [&'static str]),
    /// Those in SVG or MathML.
    Foreign(&'static [&'static str]),
    /// `<meta http-equiv=refresh>`.
    Refresh,
    /// With `attributeName=href`.
    LinkAnimation,
    /// `<param>` that names a file.
    FileParameter,
}

/// Of which attributes.
#[derive(Clone, Copy)]
pub(super) enum Names {
    /// Under whatever prefix.
    Local(&'static [&'static str]),
    /// Prefix and all.
    Whole(&'static [&'static str]),
    /// `on…`.
    Handlers,
}

pub(super) const TABLE: &[Row] = &[
    Row {
        elements: Elements::Named(&["base"]),
        attributes: Names::Local(&["href"]),
        meaning: Meaning::Base,
        why: "links are resolved against it, as are pictures, and it is removed: clients disagree which base counts",
    },
    Row {
        elements: Elements::Any,
        attributes: Names::Whole(&["xml:base"]),
        meaning: Meaning::Removed,
        why: "old browsers resolve against it; nobody else does",
    },
    Row {
        elements: Elements::Named(&["script"]),
        attributes: Names::Local(&["href", "src"]),
        meaning: Meaning::Active,
        why: "loads a program",
    },
    Row {
        elements: Elements::Named(&["link"]),
        attributes: Names::Local(&["href"]),
        meaning: Meaning::Resource,
        why: "style sheets and fonts",
    },
    Row {
        elements: Elements::Foreign(&[
            "feimage",
            "filter",
            "image",
            "lineargradient",
            "mpath",
            "pattern",
            "radialgradient",
            "textpath",
            "tref",
            "use",
        ]),
        attributes: Names::Local(&["href"]),
        meaning: Meaning::Resource,
        why: "drawn, not followed",
    },
    Row {
        elements: Elements::Any,
        attributes: Names::Local(&["href"]),
        meaning: Meaning::Link,
        why: "anchors, image maps, SVG, MathML, VML shapes under any prefix, and elements that only some client knows",
    },
    Row {
        elements: Elements::Any,
        attributes: Names::Whole(&["longdesc"]),
        meaning: Meaning::Link,
        why: "screen readers follow it",
    },
    Row {
        elements: Elements::Any,
        attributes: Names::Whole(&["action", "formaction"]),
        meaning: Meaning::Action,
        why: "a form that posts or asks for a secret is disabled with a note in sight; a search is wrapped",
    },
    Row {
        elements: Elements::Refresh,
        attributes: Names::Whole(&["content"]),
        meaning: Meaning::Refresh,
        why: "removed in the body of a message, wrapped in a page that is attached",
    },
    Row {
        elements: Elements::Any,
        attributes: Names::Whole(&["srcdoc"]),
        meaning: Meaning::Document,
        why: "read as a page of its own",
    },
    Row {
        elements: Elements::LinkAnimation,
        attributes: Names::Whole(&["to", "from", "by"]),
        meaning: Meaning::Link,
        why: "the link leads there after a moment",
    },
    Row {
        elements: Elements::LinkAnimation,
        attributes: Names::Whole(&["values"]),
        meaning: Meaning::Removed,
        why: "a list of targets that a link takes in turn",
    },
    Row {
        elements: Elements::Named(&[
            "iframe",
            "frame",
            "fencedframe",
            "portal",
            "embed",
            "object",
            "applet",
            "layer",
            "ilayer",
        ]),
        attributes: Names::Whole(&["src", "data", "codebase", "code", "archive", "classid", "object"]),
        meaning: Meaning::Active,
        why: "a page or program inside the message; what the message itself brings (`cid:`) stays",
    },
    Row {
        elements: Elements::FileParameter,
        attributes: Names::Whole(&["value"]),
        meaning: Meaning::Active,
        why: "the same, said in another way",
    },
    Row {
        elements: Elements::Any,
        attributes: Names::Handlers,
        meaning: Meaning::Script,
        why: "no mail client runs it: reported by the standard policy, removed by the strict one",
    },
    Row {
        elements: Elements::Any,
        attributes: Names::Local(&["src"]),
        meaning: Meaning::Resource,
        why: "pictures and sounds",
    },
    Row {
        elements: Elements::Any,
        attributes: Names::Whole(&["background", "poster", "lowsrc", "dynsrc"]),
        meaning: Meaning::Resource,
        why: "pictures",
    },
    Row {
        elements: Elements::Any,
        attributes: Names::Whole(&["srcset", "imagesrcset"]),
        meaning: Meaning::ResourceList,
        why: "pictures in several sizes",
    },
    Row {
        elements: Elements::Any,
        attributes: Names::Whole(&["style"]),
        meaning: Meaning::Style,
        why: "pictures in `url(…)`; what stands in `<style>` likewise",
    },
];

/// What HTML can hold and what becomes of it, as a page of the manual: docs/HTML.md.
pub fn html_table() -> String {
    let mut out = String::from(HEAD);
    for row in TABLE {
        let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let elements = match row.elements {
            Elements::Any => "any".to_owned(),
            Elements::Named(names) => quoted(names),
            Elements::Foreign(names) => format!("in SVG and MathML: {}", quoted(names)),
            Elements::Refresh => "`meta` with `http-equiv=refresh`".to_owned(),
            Elements::LinkAnimation => "any with `attributeName=href`".to_owned(),
            Elements::FileParameter => "`param` with `name=movie` and the like".to_owned(),
        };
        let attributes = match row.attributes {
            Names::Local(names) => format!("{} under any prefix", quoted(names)),
            Names::Whole(names) => quoted(names),
            Names::Handlers => "`on…`".to_owned(),
        };
        let class = match row.meaning {
            Meaning::Link => "**click**: wrapped",
            Meaning::Action => "**click**: form",
            Meaning::Refresh => "**click**: by itself",
            Meaning::Document => "**click**: document",
            Meaning::Base => "base: resolved and removed",
            Meaning::Removed => "base: removed",
            Meaning::Active => "**active**: emptied",
            Meaning::Script => "**active**: script",
            Meaning::Resource | Meaning::ResourceList | Meaning::Style => "resource: stays",
            Meaning::None => "nothing",
        };
        let _ = writeln!(out, "| {elements} | {attributes} | {class} | {} |", row.why);
    }
    out.push_str(FOOT);
    out
}

const HEAD: &str = "\
# What HTML can hold, and what becomes of it

<!-- Made from src/rewrite/find/table.rs; do not edit. `SEKISHO_BLESS=1 cargo test the_manual_has_the_table` writes it. -->

The first row that fits an attribute counts. Names are compared in any case; of an attribute that stands there twice each
copy counts. *Click* is what a reader follows, *active* what opens or runs something inside the message, *resource* what
is loaded with the page and never followed: it stays byte for byte, unless a base that it hangs on is removed; then its
whole URL is written out.

| Element | Attribute | Class | Why |
|---|---|---|---|
";

const FOOT: &str = "| any | every other | nothing | `cite`, `ping`, `usemap`, `data-…` and the like: not followed by a click |

Beside attributes: text outside anchors that a client would make clickable gets an anchor that looks like the text around
it. Conditional comments, comments without an end, `noscript` and what old clients do not know as raw text (`xmp`,
`noembed`, `noframes`, `plaintext`, `iframe`) are read too. NUL characters are removed. CSS is never changed but for a
base; `behavior`, `-moz-binding` and `@import` stay, since no client of today runs the first two and every newsletter
with VML or web fonts uses the others. Styles that hide or move text are not judged.

## Who reads it

A document is read by a tokenizer (lol_html), and once it is edited a parser that shares nothing with it (html5ever) has
the last word: where it still finds a link to be dealt with, a note stands in the place of the part. A document that every
tokenizer reads alike needs neither; a scanner reads it, before and after. It is such a document where

- no tag is `select`, `frameset`, `svg`, `math`, `template`, `script`, `noscript`, `textarea`, `xmp`, `iframe`, `noembed`,
  `noframes` or `plaintext`, so that where a tag stands has no say in what the bytes behind it mean;
- `title` and `style` end at the first `</` behind them;
- comments begin with neither `>` nor `->`, end in `-->` and have no `--!>` in them, and what else begins with `<!` ends
  before the next `<` and is no CDATA section;
- behind every other `<` stands a tag of ordinary names, its attributes apart from one another by blanks and none of them
  twice, without `<` and `>` in a value, and without quotes, `=` and `` ` `` in one that is not quoted;
- it has no NUL, no `srcdoc`, and no end tag inside an anchor that ends something outside.

Every mail at hand, and every mutant of one, is dealt with both ways in the tests, and must come out the same.

## What looks otherwise afterwards

Of 266 newsletters and test pages these do not look pixel for pixel as before (`looks::every_newsletter`):

- a page that is nothing but a refresh (cerberus) no longer leads away, so its own text shows, not a browser's error page;
- forms that ask for a secret have a note in sight, and an `object` that opens something from elsewhere is emptied
  (html-forms, html-object);
- a character beside an anchor that was put around text is drawn a fraction of a pixel aside: a browser lays text out by
  elements (css-background, css-background-image, css-clamp, css-transition, css-word-break, html-base, html-body);
- what moves by itself, or waits for the network, is at another moment in some runs (css-animation, html-audio, html-marquee, html-video).
";
