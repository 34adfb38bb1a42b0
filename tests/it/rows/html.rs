//! Section A: how the structure of HTML hides a link.

use super::{becomes, body, fates, message, page};
use crate::rewrite::laws::hold;

const EVIL: &str = "wrapped https://evil.test/";

#[test]
fn row_001_base_striker() {
    let once = becomes(
        "<base target=_top href=\"https://evil.test/x/\"><a href=\"y\">z</a>",
        &["wrapped https://evil.test/x/y"],
    );
    assert!(body(&once).contains("<base target=_top >"), "{}", body(&once));
}

#[test]
fn row_002_clients_choose_another_base() {
    for source in [
        "<base href=\"https://good.test/\"><base href=\"https://evil.test/\"><a href=\"p\">x</a>",
        "<body><p><base href=\"https://good.test/\"><a href=\"p\">x</a><base href=\"https://evil.test/\">",
        "<base><base href=\"https://good.test/\"><svg><base href=\"https://evil.test/\"></svg><a href=\"p\">x</a>",
    ] {
        let once = becomes(source, &["wrapped https://good.test/p"]);
        assert!(!body(&once).contains("evil.test"), "{}", body(&once));
    }
}

#[test]
fn row_003_base_and_a_mark_before_the_scheme() {
    for mark in ["&lrm;", "\u{200e}", "&#8207;", "\u{feff}", "&shy;", " &lrm; "] {
        // A browser goes to `https://bank.test/%E2%80%8Ehttps://evil.test`, which is nowhere: the reading of the attack counts.
        let source = format!("<base href=\"https://bank.test\"><a href=\"{mark}https://evil.test\">x</a>");
        let once = crate::rewrite::laws::rewrite(&message("text/html; charset=utf-8", &source));
        assert_eq!(fates(&once), [EVIL], "{source}");
        assert!(!body(&once).contains("bank.test"), "{}", body(&once));
    }
}

#[test]
fn row_004_a_base_in_the_header() {
    for field in ["Content-Location", "Content-Base", "content-base"] {
        let raw = format!(
            "Message-ID: <1@example.com>\r\n{field}: https://evil.test/a/\r\nContent-Type: text/html\r\n\r\n\
             <a href=login>x</a><img src=i.png>"
        );
        let once = hold(field, raw.as_bytes());
        assert_eq!(fates(&once), ["wrapped https://evil.test/a/login", "left base_written_out"]);
        let text = String::from_utf8(once.message).unwrap();
        assert!(!text.to_lowercase().contains(&field.to_lowercase()), "the base itself goes: {text}");
    }
    // Nothing hangs on it: it stays.
    let raw = b"Content-Location: https://a.test/\r\nContent-Type: text/html\r\n\r\n<a href=https://evil.test>x</a>";
    assert!(hold("unused", raw).message.starts_with(b"Content-Location: https://a.test/\r\n"));
}

#[test]
fn row_005_greater_than_inside_a_quoted_attribute() {
    becomes("<a title=\">\" href=\"https://evil.test\">x</a>", &[EVIL]);
    becomes("<a title='\">' href=\"https://evil.test\">x</a>", &[EVIL]);
}

#[test]
fn row_006_unquoted_attribute() {
    let once = becomes("<a href=https://evil.test/?a=1>x</a>", &["wrapped https://evil.test/?a=1"]);
    assert_eq!(body(&once), "<a href=\"LINK\">x</a>");
}

#[test]
fn row_007_single_quotes_blanks_and_newlines() {
    let once = becomes("<a\nhref\n=\n'https://evil.test'>x</a>", &[EVIL]);
    assert_eq!(body(&once), "<a\nhref\n=\n'LINK'>x</a>");
    becomes("<a\x0chref\t=\r\n\"https://evil\r\n.test\">x</a>", &[EVIL]);
}

#[test]
fn row_008_slashes_between_attributes() {
    becomes("<a/href=\"https://evil.test\"/>x</a>", &[EVIL]);
    becomes("<a//x//href=https://evil.test>x</a>", &[EVIL]);
}

#[test]
fn row_009_no_blank_between_attributes() {
    becomes("<a x=\"1\"href=\"https://evil.test\">x</a>", &[EVIL]);
}

#[test]
fn row_010_duplicate_attributes() {
    becomes("<a href=\"https://ok.test\" href=\"https://evil.test\">x</a>", &["wrapped https://ok.test/", EVIL]);
    becomes("<a href=# HREF='https://evil.test'>x</a>", &["left fragment", EVIL]);
}

#[test]
fn row_011_backticks_and_mismatched_quotes() {
    for source in [
        "<a href=`https://evil.test`>x</a>",
        "<a href=\"`https://evil.test`\">x</a>",
        "<a href=\u{201c}https://evil.test\u{201d}>x</a>",
        "<a href=\"'https://evil.test'\">x</a>",
        "<a href=\"&lt;https://evil.test&gt;\">x</a>",
        "<a href=\"URL:https://evil.test\">x</a>",
    ] {
        let once = page(source);
        assert!(!body(&once).contains("evil.test"), "{source}: {}", body(&once));
    }
    becomes("<a href=\"https://evil.test'>x</a><a href=\"https://b.test\">y</a>", &["defanged invalid"]);
}

#[test]
fn row_012_any_case() {
    becomes("<A HREF=HTTPS://EVIL.TEST>x</A>", &[EVIL]);
    becomes("<SVG><A XLINK:HREF=hTTpS://eViL.tEsT>x</A></SVG>", &[EVIL]);
}

#[test]
fn row_013_character_references() {
    becomes("<a href=\"&#x68;ttps&colon;&sol;&sol;evil.test\">x</a>", &[EVIL]);
    let once = becomes("<a href=\"https://evil.test/?a=1&amp;b=2\">x</a>", &["wrapped https://evil.test/?a=1&b=2"]);
    assert_eq!(body(&once), "<a href=\"LINK\">x</a>");
}

#[test]
fn row_014_references_without_an_end() {
    becomes("<a href=\"&#104ttps://evil.test\">x</a>", &[EVIL]);
    becomes("<a href=\"&#0000000000000000104;ttps://evil.test\">x</a>", &[EVIL]);
    becomes(
        "<a href=\"https://evil.test/&#x110000;&#99999999999999999999;\">x</a>",
        &["wrapped https://evil.test/%EF%BF%BD%EF%BF%BD"],
    );
}

#[test]
fn row_015_legacy_names_in_attributes() {
    becomes("<a href=\"https://ok.test/?a&copy=2&lt=3\">x</a>", &["wrapped https://ok.test/?a&copy=2&lt=3"]);
    becomes("<a href=\"https://ok.test/?a&copy;=2\">x</a>", &["wrapped https://ok.test/?a%C2%A9=2"]);
}

#[test]
fn row_016_tabs_and_newlines_inside() {
    becomes("<a href=\"h&NewLine;ttps://ev&Tab;il.test\">x</a>", &[EVIL]);
    becomes("<a href=\"ht\ttp&#13;s:/\n/evil.test\">x</a>", &[EVIL]);
}

#[test]
fn row_017_nul_bytes() {
    for source in [
        "<a\0href=\"https://evil.test\">x</a>",
        "<a \0href=\"https://evil.test\">x</a>",
        "<a h\0ref=\"https://evil.test\">x</a>",
        "<\0a href=\"https://evil.test\">x</a>",
        "<a href=\"https://ev\0il.test\">x</a>",
        "<a href\0=\0\"\0https://evil.test\"\0>x</a>",
        "<!-\0-><a href=\"https://evil.test\">x</a>-->",
        "<a href=\"ht\0tps://evil.test\">x</a>",
        "<a hr\0ef=\"https://evil.test\">\0\0x</a>\0",
    ] {
        let once = page(source);
        assert!(!once.message.contains(&0), "{source:?}");
        let name = "<ahref=\"https://evil.test\">";
        assert!(body(&once).contains(name) || !body(&once).contains("evil.test"), "{source:?}: {}", body(&once));
    }
    becomes("<a h\0ref=\"https://ev\0il.test\">\0x</a>", &[EVIL]);
    let once = super::plain("see http\0s://ev\0il.com/a\0b now\0");
    assert_eq!(fates(&once), ["wrapped https://evil.com/ab"]);
    assert_eq!(body(&once), "see LINK now");
}

#[test]
fn row_018_comments_that_end_early() {
    becomes("<!--><a href=\"https://evil.test\">x</a>-->", &[EVIL]);
    becomes("<!---><a href=\"https://evil.test\">x</a>-->", &[EVIL]);
    becomes("<!-- --!><a href=\"https://evil.test\">x</a>-->", &[EVIL]);
    becomes("<!-- <!-- --><a href=\"https://evil.test\">x</a>-->", &[EVIL]);
}

#[test]
fn row_019_comments_without_an_end() {
    becomes("<!-- x <a href=\"https://evil.test\">y</a>", &[EVIL]);
    becomes("<!-- x <a href=\"https://evil.test\">y</a> --", &[EVIL]);
    becomes("<!-- x <!-- y <a href='https://evil.test'>z</a> -", &[EVIL]);
}

#[test]
fn row_020_conditional_comments() {
    for begin in
        ["<!--[if mso]>", "<!--[IF MSO]>", "<!-- [if gte mso 9]>", "<!--\r\n[if mso | IE]>", "<!--\t[If !vml]>"]
    {
        let source = format!("{begin}<a href=\"https://evil.test\">x</a><![endif]-->");
        let once = becomes(&source, &[EVIL]);
        assert_eq!(body(&once), source.replace("https://evil.test", "LINK"));
    }
    // What ends the comment for a browser lies inside a value for Word.
    for begin in ["<!--[if mso]>", "<!--[IF mso]>", "<!-- [if mso]>"] {
        let once = page(format!("{begin}<a title=\"-->\" href=\"https://evil.test\">x</a><![endif]-->"));
        assert!(!body(&once).contains("evil.test"), "{begin}: {}", body(&once));
    }
}

#[test]
fn row_021_both_branches() {
    becomes("<![if !mso]><a href=\"https://evil.test\">x</a><![endif]>", &[EVIL]);
    becomes(
        "<!--[if mso]><a href=https://a.test>x</a><![endif]--><!--[if !mso]><!--><a href=https://b.test>y</a><!--<![endif]-->",
        &["wrapped https://a.test/", "wrapped https://b.test/"],
    );
}

#[test]
fn row_022_vml() {
    for tag in [
        "v:roundrect",
        "v:rect",
        "v:shape",
        "v:oval",
        "v:line",
        "v:image",
        "q:rect xmlns:q=\"urn:schemas-microsoft-com:vml\"",
    ] {
        for attribute in ["href", "o:href", "HREF", "zz:href"] {
            becomes(&format!("<!--[if mso]><{tag} {attribute}=\"https://evil.test\"/><![endif]-->"), &[EVIL]);
        }
    }
}

#[test]
fn row_023_image_maps() {
    becomes("<map name=m><area shape=rect href=\"https://evil.test\"></map><img usemap=#m src=cid:x>", &[EVIL]);
}

#[test]
fn row_024_forms() {
    let once = becomes("<form action=\"https://evil.test/c\" method=post><input name=pw></form>", &["defanged form"]);
    assert!(body(&once).contains("<form action=\"#\""), "{}", body(&once));
    assert!(body(&once).contains(">[This form was disabled"), "seen by the reader: {}", body(&once));
    for source in [
        "<form action=https://evil.test><input type=password></form>",
        "<input form=f type=' PassWord '><form id=f action=https://evil.test></form>",
        "<form><button formmethod=POST formaction=https://evil.test>x</button></form>",
        "<form action=https://evil.test><input type=image autocomplete='section-a cc-number'></form>",
        "<form action=https://evil.test><input name=x_passwd></form>",
        "<form method=post action=https://evil.test/ action=https://b.test/>",
        "<form method=get method=post action=https://evil.test>",
        "<form action=https://evil.test><textarea name=otp></textarea></form>",
    ] {
        let once = page(source);
        assert!(fates(&once).iter().all(|fate| fate == "defanged form"), "{source}: {:?}", fates(&once));
        assert!(!body(&once).contains("evil.test"), "{source}: {}", body(&once));
    }
    // A search sends nothing that is secret.
    becomes("<form action=https://shop.test/s><input name=q></form>", &["wrapped https://shop.test/s"]);
    becomes("<form action=\"\"><input name=q></form>", &["left empty"]);
}

#[test]
fn row_025_meta_refresh() {
    for content in [
        "0;url='https://evil.test'",
        "0 ; URL = https://evil.test",
        "0 https://evil.test",
        "0,https://evil.test",
        "https://evil.test",
        ";;url=https://evil.test",
    ] {
        let once = becomes(&format!("<meta http-equiv=\" Refresh \" content=\"{content}\">"), &["defanged refresh"]);
        assert!(!body(&once).contains("evil"), "{}", body(&once));
    }
}

#[test]
fn row_026_svg_and_mathml() {
    becomes("<svg><a xlink:href=\"https://evil.test\"><text>x</text></a></svg>", &[EVIL]);
    becomes("<svg><a href=\"https://evil.test\"><text>x</text></a></svg>", &[EVIL]);
    becomes("<math><mi href=\"https://evil.test\">x</mi></math>", &[EVIL]);
    becomes("<svg><a><animate attributeName=href to=https://evil.test /></a></svg>", &[EVIL]);
    becomes("<svg><a><set attributeName='xlink:href' to='https://evil.test'/></a></svg>", &[EVIL]);
    let once = page("<svg><a><animate attributeName=href values='#;https://evil.test;https://b.test'/>x</a></svg>");
    assert!(!body(&once).contains("evil.test"), "{}", body(&once));
    let once = page("<svg xml:base='https://evil.test/'><a xlink:href=y>x</a></svg>");
    assert!(!body(&once).contains("evil.test"), "{}", body(&once));
}

#[test]
fn row_027_raw_text_by_context() {
    becomes("<svg><style><a href=\"https://evil.test\">x</a></style></svg>", &[EVIL]);
    becomes("<svg><title><a href=\"https://evil.test\">x</a></title></svg>", &[EVIL]);
    for source in [
        "<select><style><a href=\"https://evil.test\">x</a></style></select>",
        "<math><annotation-xml encoding=text/html><style><a href=https://evil.test></style></math>",
        "<noembed><a href=\"https://evil.test\">x</a></noembed>",
        "<noframes><a href=\"https://evil.test\">x</a></noframes>",
        "<xmp><a href=\"https://evil.test\">x</a></xmp>",
        "<plaintext><a href=\"https://evil.test\">x</a>",
        "<svg><p><style><a href=\"https://evil.test\">x</a></style>",
        "<table><style></table><a href=\"https://evil.test\">x</a></style><a href=\"https://evil.test\">x</a>",
    ] {
        page(source);
    }
}

#[test]
fn row_028_noscript() {
    becomes("<noscript><a href=\"https://evil.test\">x</a></noscript>", &[EVIL]);
    becomes("<head><noscript><style></noscript><a href=\"https://evil.test\">x</a></style></noscript>", &[EVIL]);
}

#[test]
fn row_029_bogus_comments() {
    becomes("<?xml ><a href=\"https://evil.test\">x</a>", &[EVIL]);
    becomes("</ x><a href=\"https://evil.test\">x</a>", &[EVIL]);
    becomes("<!x><a href=\"https://evil.test\">x</a>", &[EVIL]);
    page("<![CDATA[<a href=\"https://evil.test\">x</a>]]>");
    page("<svg><![CDATA[<a href=\"https://evil.test\">x</a>]]></svg>");
}

#[test]
fn row_030_unknown_elements() {
    for tag in ["x:a href", "a:b href", "foo href", "o:p v:href", "td href"] {
        becomes(&format!("<{tag}=\"https://evil.test\">x"), &[EVIL]);
    }
}

#[test]
fn row_031_active_embeds() {
    for source in [
        "<iframe src=\"https://evil.test\"></iframe>",
        "<frameset><frame src=https://evil.test></frameset>",
        "<object data='https://evil.test'></object>",
        "<object codebase='https://evil.test' data='cid:x'></object>",
        "<embed src=//evil.test>",
        "<applet codebase=https://evil.test code=x.class></applet>",
        "<portal src=https://evil.test></portal>",
        "<iframe src=\"https://evil.test\" src='http://evil.test/2'></iframe>",
        "<object><param name=movie value=https://evil.test></object>",
        "<iframe src=data:text/html,evil.test></iframe>",
        "<fencedframe src=https://evil.test></fencedframe>",
    ] {
        let once = page(source);
        assert!(fates(&once).iter().any(|fate| fate == "defanged active"), "{source}: {:?}", fates(&once));
        assert!(!body(&once).contains("evil.test"), "{source}: {}", body(&once));
    }
    becomes("<iframe srcdoc=\"&lt;a href=https://evil.test&gt;x\"></iframe>", &[EVIL]);
    becomes("<iframe src=\"about:blank\"></iframe><iframe src=''></iframe>", &[]);
}

#[test]
fn row_032_css() {
    // Loaded and never clicked: it stays, byte for byte.
    for source in [
        "<p style=\"background:url(https://i.test/x.png)\">x</p>",
        "<style>@import\"//i.test/a.css\"; a{background:\\68ttps://i.test}</style>",
        "<style>v\\:* {behavior:url(#default#VML)}</style>",
        "<img src=https://i.test/x.png srcset='https://i.test/y.png 2x'>",
    ] {
        let raw = message("text/html; charset=utf-8", source);
        assert_eq!(hold(source, &raw).message, raw);
    }
}

#[test]
fn row_033_scripts() {
    for source in [
        "<a href=\"https://ok.test\" onclick=\"location='https://evil.test'\">x</a>",
        "<body onload=\"location='https://evil.test'\"><a href=https://ok.test>x</a>",
    ] {
        let once = page(source);
        assert!(fates(&once).contains(&"left script".to_owned()), "said in the report: {:?}", fates(&once));
        let strict =
            crate::rewrite::laws::rewriter_with(sekisho::rewrite::Policy::strict(), crate::rewrite::laws::TENANT)
                .rewrite(&message("text/html", source), &Default::default(), crate::rewrite::laws::NOW)
                .unwrap();
        assert!(!body(&strict).contains("evil.test"), "{}", body(&strict));
    }
    becomes("<a href=\"javascript:location='https://evil.test'\">x</a>", &["defanged scheme"]);
    let once = page("<script src=https://evil.test/x.js></script>");
    assert!(!body(&once).contains("evil.test"), "{}", body(&once));
}

#[test]
fn row_034_every_attribute_has_its_place() {
    // The table itself is docs/HTML.md, made from the code. Pictures and sounds are loaded, links are clicked.
    becomes("<img longdesc=https://evil.test src=https://i.test/x>", &[EVIL]);
    becomes("<a href=https://evil.test ping=https://p.test/>x</a>", &[EVIL]);
    becomes("<video poster=https://i.test/x><source src=https://i.test/y><track src=https://i.test/z></video>", &[]);
    becomes("<blockquote cite=https://c.test/>x</blockquote>", &[]);
    // All pictures find their files after the base has gone.
    let once = page(
        "<base href=https://i.test/a/><table background=b.png><img srcset='c.png 1x, d.png 2x' src=e.png><a href=f>g</a>",
    );
    for url in
        ["https://i.test/a/b.png", "https://i.test/a/c.png 1x, https://i.test/a/d.png 2x", "https://i.test/a/e.png"]
    {
        assert!(body(&once).contains(url), "{url}: {}", body(&once));
    }
    let once = page(
        "<base href=https://i.test/a/><p style=\"background:url('b.png')\"><style>p{background:url(c.png)}</style>",
    );
    for url in ["url('https://i.test/a/b.png')", "url(https://i.test/a/c.png)"] {
        assert!(body(&once).contains(url), "{url}: {}", body(&once));
    }
}

#[test]
fn row_035_zero_width_characters_inside() {
    for mark in ["&#8203;", "\u{ad}", "&shy;", "\u{2060}", "&#xfeff;"] {
        becomes(&format!("<a href=\"https://ev{mark}il.test\">x</a>"), &[EVIL]);
    }
    becomes("<a href=\"https://ev&zwnj;il.test\">x</a>", &["defanged invalid"]);
}

#[test]
fn row_036_hidden_text() {
    // What the reader sees is another thing than what the markup says; each reading leads through us.
    let once = page("https://ev<span style=\"font-size:0\">zz</span>il.com <a href=https://evil.test>x</a>");
    assert!(fates(&once).contains(&EVIL.to_owned()));
}

#[test]
fn row_037_urls_broken_by_markup() {
    let once = becomes("<p>see https://evil<wbr>.test/a<!-- x -->b now</p>", &["wrapped https://evil.test/ab"]);
    assert_eq!(body(&once).matches("LINK").count(), 3, "{}", body(&once));
    becomes("<p>ht<!-- -->tp://evil.test/</p>", &["wrapped http://evil.test/"]);
    becomes("<p>ht<b>tps:</b>//evil.test/</p>", &["wrapped https://evil.test/"]);
    becomes("<p>www<b></b>.evil.com</p>", &["wrapped http://www.evil.com/"]);
    // Another word in another style is no more of the URL.
    becomes("<b>https://a.test/x</b><i>Next</i>", &["wrapped https://a.test/x"]);
    becomes("<td>https://a.test/</td><td>x</td>", &["wrapped https://a.test/"]);
}

#[test]
fn row_038_a_scheme_split_over_anchors() {
    let once = becomes("<a href=\"#\">h</a><a href=\"https://evil.test\">ttps://ok.test</a>", &["left fragment", EVIL]);
    assert_eq!(body(&once), "<a href=\"#\">h</a><a href=\"LINK\">ttps://ok.test</a>");
}

#[test]
fn row_039_text_that_looks_like_a_link_of_ours() {
    let text = format!("{}/ok.test/safe", crate::rewrite::laws::BASE);
    let once = becomes(&format!("<a href=\"https://evil.test\">{text}</a>"), &[EVIL]);
    assert!(
        once.report.ambiguities.iter().any(|noted| noted.contains("LooksLikeOurs")),
        "{:?}",
        once.report.ambiguities
    );
}

#[test]
fn row_040_leading_controls() {
    becomes("<a href=\" &#1;&#31;https://evil.test\u{1} \">x</a>", &[EVIL]);
}

#[test]
fn row_041_what_must_stay_exactly() {
    for value in [
        "#top",
        "",
        "{{unsub}}",
        "*|UNSUB|*",
        "%%unsub%%",
        "[unsubscribe]",
        "${x}",
        "mailto:a@b.test",
        "tel:+1",
        "cid:x",
    ] {
        let raw = message("text/html; charset=utf-8", format!("<a href=\"{value}\">x</a>"));
        assert_eq!(hold(value, &raw).message, raw, "{value}");
    }
}

#[test]
fn row_042_nesting_and_floods() {
    let link = "<a href=https://evil.test>x</a>";
    let mut attributes = "<a ".to_owned();
    (0..100_000).for_each(|number| attributes.push_str(&format!("a{number}=b ")));
    for source in [
        "<div>".repeat(200_000) + link,
        attributes + "href=https://evil.test>x</a>",
        format!("<p title=\"{}\">{link}", "x".repeat(5_000_000)),
        "<svg><a>".repeat(20_000) + link,
        "<b><p>".repeat(20_000) + link,
        "<table>".repeat(20_000) + link,
        "<!--[if mso]>".repeat(20_000) + link,
    ] {
        let once = crate::rewrite::laws::rewrite(&message("text/html; charset=utf-8", &source));
        let gone = once.report.removed_parts.len() == 1;
        assert!(gone || fates(&once).iter().any(|fate| fate == EVIL), "{}", &source[..40]);
        assert!(!String::from_utf8_lossy(&once.message).contains("=https://evil.test"), "{}", &source[..40]);
    }
}

#[test]
fn row_043_offsets() {
    // Multi-byte text, references and edits before and behind each other: what no edit covers is the same.
    let source = "<p>日本語&copy;é <a href='https://a.test/é?b=日'>&#x1F600;</a> ü https://b.test/ö, <a href=https://c.test>ß</a>";
    let once = page(source);
    let wanted = "<p>日本語&copy;é <a href='LINK'>&#x1F600;</a> ü <a href=\"LINK\" \
        style=\"color:inherit;background:none;font:inherit;text-decoration:inherit\">https://b.test/ö</a>, <a href=\"LINK\">ß</a>";
    assert_eq!(body(&once), wanted);
}

#[test]
fn the_manual_has_the_table() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/HTML.md");
    if std::env::var_os("SEKISHO_BLESS").is_some() {
        std::fs::write(&file, sekisho::rewrite::html_table()).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == sekisho::rewrite::html_table(), "docs/HTML.md is not the table: run this with SEKISHO_BLESS=1");
}
