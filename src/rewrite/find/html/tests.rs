use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::url::Suffixes;

static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);

fn grammar() -> Grammar<'static> {
    Grammar { suffixes: &SUFFIXES, own: &|_| None, lines: Lines::Space, care: Care::Usual }
}

/// Values in order, each of which stands at its span.
fn values(text: &str) -> Vec<String> {
    let page = page(text, &grammar(), Resources::Skip).unwrap();
    page.found.into_iter().map(|found| found.value).collect()
}

const EVIL: &str = "https://evil.test";

#[test]
fn one_link_however_it_is_written() {
    for text in [
        "<a title=\">\" href=\"https://evil.test\">",
        "<a href=https://evil.test>",
        "<a\nhref\n=\n'https://evil.test'>",
        "<a/href=\"https://evil.test\"/>",
        "<a x=\"1\"href=\"https://evil.test\">",
        "<A HREF='&#x68;ttps&colon;&sol;&sol;evil&period;test'>",
        "<a href=\"&#104ttps://evil.test\">",
        "<!--><a href=\"https://evil.test\">x</a>-->",
        "<!-- --!><a href=\"https://evil.test\">x</a>",
        "<!-- x <a href=\"https://evil.test\">",
        "<!--[if mso]><a href=\"https://evil.test\">x</a><![endif]-->",
        "<!--[if mso]><!--[if mso]><!--[if mso]><!--<!--[if mso]><a href=\"https://evil.test\">x</a><![endif]-->",
        "<noscript><a href=\"https://evil.test\" title=\"</noscript>\"></noscript>",
        "<xmp><a title=\"</xmp>\" href=\"https://evil.test\">",
        "<!--[if mso]><a title=\"-->\" href=\"https://evil.test\"><![endif]-->",
        "<!--[if mso]><v:roundrect href=\"https://evil.test\"><![endif]-->",
        "<![if !mso]><a href=\"https://evil.test\">x</a><![endif]>",
        "<!--[if !mso]><!--><a href=\"https://evil.test\"><!--<![endif]-->",
        "<q:rect xmlns:q=\"urn:schemas-microsoft-com:vml\" href=\"https://evil.test\">",
        "<map><area href=\"https://evil.test\"></map>",
        "<form action=\"https://evil.test\">",
        "<button formaction=https://evil.test>",
        "<meta http-equiv=\"refresh\" content=\"0;url='https://evil.test'\">",
        "<svg><a xlink:href=\"https://evil.test\"><text>x</text></a></svg>",
        "<svg><style><a href=\"https://evil.test\">",
        "<svg><a><animate attributeName=href to=\"https://evil.test\"></a></svg>",
        "<noscript><a href=\"https://evil.test\"></noscript>",
        "<xmp><a href=\"https://evil.test\"></xmp>",
        "<noembed><noframes><a href=\"https://evil.test\"></noframes></noembed>",
        "<plaintext><a href=\"https://evil.test\">",
        "<?xml ><a href=\"https://evil.test\">",
        "<x:a href=\"https://evil.test\">",
        "<select><style></style><a href=\"https://evil.test\"></select>",
        "<div>https://evil.test</div>",
        "<p>&#104;ttps://evil.test</p>",
        "<a href=\"\"></a><p>https://evil.test</p>",
    ] {
        let values = values(text);
        assert_eq!(values.iter().filter(|value| !value.is_empty()).collect::<Vec<_>>(), [EVIL], "{text}");
    }
}

#[test]
fn what_no_client_opens_is_not_found() {
    for text in [
        "<!-- <a href=\"https://evil.test\"> -->",
        "<style><a href=\"https://evil.test\"></style>",
        "<title><a href=\"https://evil.test\"></title>",
        "<textarea>https://evil.test</textarea>",
        "<img src=\"https://evil.test\" alt=\"https://evil.test\"",
    ] {
        assert_eq!(values(text), [""; 0], "{text}");
    }
}

#[test]
fn duplicates_are_all_found_and_spans_are_the_values() {
    let text = "<a href=\"https://a.test\" href=https://b.test href='https://c.test'>x</a>";
    let page = page(text, &grammar(), Resources::Skip).unwrap();
    let spans: Vec<_> = page.found.iter().map(|found| (found.span.of_str(text), found.spot)).collect();
    assert_eq!(
        spans,
        [
            ("https://a.test", Spot::Attribute(Role::Link, Quote::Double)),
            ("https://b.test", Spot::Attribute(Role::Link, Quote::None)),
            ("https://c.test", Spot::Attribute(Role::Link, Quote::Single)),
        ]
    );
}

#[test]
fn text_is_linked_only_outside_anchors() {
    for (text, wanted) in [
        ("<a href=x>https://in.test</a> https://out.com", vec!["x", "https://out.com"]),
        ("<a name=x>https://out.com</a>", vec!["https://out.com"]),
        ("<a data-href=x>https://out.com</a>", vec!["https://out.com"]),
        // The second anchor ends the first, and nothing is left open behind it.
        ("<p><a href=x><a href=y>z</a> https://out.com</p>", vec!["x", "y", "https://out.com"]),
        ("<table><td><a href=x>y</td><td>https://out.com</td></table>", vec!["x", "https://out.com"]),
        ("<a href=x><!--[if mso]>https://in.test<![endif]--></a>", vec!["x"]),
        ("<button>https://out.com</button>", vec!["https://out.com"]),
    ] {
        assert_eq!(values(text), wanted, "{text}");
    }
}

#[test]
fn bases_and_documents_inside() {
    let text = "<base target=_blank href='https://a.test/x/'><base href=https://b.test><iframe srcdoc=\"&lt;a href=&quot;c&quot;&gt;\">";
    let page = page(text, &grammar(), Resources::Skip).unwrap();
    assert_eq!(page.base.as_deref(), Some("https://a.test/x/"));
    let removals: Vec<_> = page.removals.iter().map(|span| span.of_str(text)).collect();
    assert_eq!(removals, ["href='https://a.test/x/'", "href=https://b.test"]);
    assert_eq!(page.nested[0].document, "<a href=\"c\">");
    assert_eq!(page.nested[0].page.found[0].value, "c");
}

#[test]
fn what_cannot_be_read_safely_is_said() {
    let mut deep = "<a href=x>".to_owned();
    for _ in 0..DEPTH + 2 {
        deep = format!("<iframe srcdoc=\"{}\">", deep.replace('&', "&amp;").replace('"', "&quot;"));
    }
    assert_eq!(page(&deep, &grammar(), Resources::Skip).map(|_| ()), Err(Unsafe::TooDeep));
    // A parser in `select` drops the `xmp` and sees the link; a tokenizer takes it for text. Here both see it.
    assert_eq!(values("<select><xmp><a href=x></select>"), ["x"]);
    // Behind a frameset a parser ignores `style`, and the tokenizer loses the link with it.
    let hidden = "<frameset></frameset><noframes></noframes><style><a href=x></style>";
    assert!(page(hidden, &grammar(), Resources::Skip).is_ok(), "no reading of it has a link");
}

/// Documents in documents, which several readings find at every level.
fn in_documents(marks: &str, depth: usize) -> String {
    let document = "<p>x".repeat(2_000) + marks;
    (0..depth).fold(document, |inside, _| {
        format!("<iframe srcdoc=\"{}\"></iframe>{marks}", inside.replace('&', "&amp;").replace('"', "&quot;"))
    })
}

#[test]
fn hostile_html_is_read_in_linear_time() {
    for text in [
        "<div>".repeat(200_000),
        format!("<a {}>", "href=x ".repeat(100_000)),
        format!("<a href=\"{}\">", "x".repeat(20_000_000)),
        "<a href=x>".repeat(100_000),
        "<a href=x>".repeat(50_000) + &"</p>".repeat(50_000),
        "<".repeat(1_000_000),
        "&".repeat(1_000_000),
        "<!--[if mso]>".repeat(100_000),
        "<noscript>".repeat(100_000),
        format!("https://a{}", "<wbr>b".repeat(100_000)),
        in_documents("<noscript></noscript><xmp></xmp><!--[if mso]><![endif]-->", DEPTH),
    ] {
        let _ = page(&text, &grammar(), Resources::Skip);
    }
}

proptest! {
    #[test]
    fn any_html_is_read_and_spans_hold_what_they_say(
        text in "(<a |<a href=|href='|href=\"|'|\"|>|<|/|</a>|<!--|-->|<!--\\[if mso\\]>|<noscript>|</noscript>|<svg>|<style>|</style>|<select>|<base href=|<meta http-equiv=refresh content='0;url=|http://a\\.com|&amp;|&#x|\0| |é|<iframe srcdoc=\"|&lt;){0,40}"
    ) {
        let Ok(page) = page(&text, &grammar(), Resources::Skip) else { return Ok(()) };
        let mut done = 0;
        for found in &page.found {
            prop_assert!(found.span.start() >= done, "{:?} in {:?}", found, text);
            prop_assert!(text.get(found.span.range()).is_some());
            done = found.span.end();
        }
    }
}
