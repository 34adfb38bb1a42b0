//! Section D: what clients make clickable in running text.

use super::{becomes, body, fates, message, page, plain};
use crate::rewrite::laws::{hold, rewrite};

fn text_becomes(text: &str, wanted: &[&str]) -> sekisho::rewrite::Rewritten {
    let once = plain(text);
    assert_eq!(fates(&once), wanted, "{text}: {}", body(&once));
    once
}

#[test]
fn row_100_bare_domains() {
    for (text, url) in [
        ("evil.com", "http://evil.com/"),
        ("www.evil.test", "http://www.evil.test/"),
        ("evil.co.uk/p?x", "http://evil.co.uk/p?x"),
        ("Evil.Com:8080/x", "http://evil.com:8080/x"),
        ("例え.みんな", "http://xn--r8jz45g.xn--q9jyb4c/"),
        ("пример.рф/а", "http://xn--e1afmkfd.xn--p1ai/%D0%B0"),
        ("http://例え.テスト/あ", "http://xn--r8jz45g.xn--zckzah/%E3%81%82"),
        ("http://a_b.example/", "http://a_b.example/"),
        ("http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
        ("http:\\\\evil.test\\p", "http://evil.test/p"),
        ("http://localhost/x", "http://localhost/x"),
        ("➡.ws/䨹", "http://xn--hgi.ws/%E4%A8%B9"),
    ] {
        let once = text_becomes(&format!("see {text} now"), &[&format!("wrapped {url}")]);
        assert_eq!(body(&once), "see LINK now");
    }
    for text in ["README.md", "install.sh", "1.2.3.4", "a@evil.com", "e.g. this", "v1.2", "node.js", "foo.qqq"] {
        let once = plain(&format!("see {text} now"));
        assert_eq!(body(&once), format!("see {text} now"));
    }
}

#[test]
fn row_101_punctuation_at_the_edges() {
    for (text, wanted) in [
        ("(https://ok.test/a_(b))", "(LINK)"),
        ("https://ok.test/a.", "LINK."),
        ("\"https://ok.test/a\", and", "\"LINK\", and"),
        ("[https://ok.test/a]", "[LINK]"),
        ("<https://ok.test/a>", "<LINK>"),
        ("https://ok.test/a…", "LINK…"),
        ("https://ok.test/aをご覧", "LINKをご覧"),
        ("見よhttps://ok.test/。次", "見よLINK。次"),
        ("'https://ok.test/a'!", "'LINK'!"),
        ("https://ok.test/a?b=c&d;", "LINK;"),
        ("*https://ok.test/a*", "*LINK*"),
        ("{https://ok.test/{a}}", "{LINK}"),
    ] {
        let once = plain(text);
        assert_eq!(body(&once), wanted, "{:?}", fates(&once));
    }
    assert_eq!(fates(&plain("(https://ok.test/a_(b))")), ["wrapped https://ok.test/a_(b)"]);
}

#[test]
fn row_102_text_of_html() {
    let once = becomes("<div>go to https://evil.test/?a&amp;b now</div>", &["wrapped https://evil.test/?a&b"]);
    let wanted = "<div>go to <a href=\"LINK\" style=\"color:inherit;background:none;font:inherit;text-decoration:inherit\">https://evil.test/?a&amp;b</a> now</div>";
    assert_eq!(body(&once), wanted);
    // Not inside an anchor, whose target is the only one; in the cell behind one that was never closed again.
    becomes("<a href=https://a.test>https://b.test</a>", &["wrapped https://a.test/"]);
    becomes("<a name=x>https://b.test</a>", &["wrapped https://b.test/"]);
    becomes(
        "<table><tr><td><a href=https://a.test>x</td><td>https://b.test</td></tr></table>",
        &["wrapped https://a.test/", "wrapped https://b.test/"],
    );
    becomes(
        "<a href=https://a.test><div>x</a>https://b.test</div>",
        &["wrapped https://a.test/", "wrapped https://b.test/"],
    );
    for hidden in ["style", "script", "title", "textarea"] {
        let source = format!("<{hidden}>https://evil.test</{hidden}>");
        let raw = message("text/html; charset=utf-8", &source);
        assert_eq!(hold(&source, &raw).message, raw);
    }
}

#[test]
fn row_103_lures_that_are_no_links() {
    for text in ["hxxp://evil.com/x", "evil[.]com", "evil dot com", "h t t p : / / evil", "hXXps://evil[.]com/a"] {
        text_becomes(text, &[]);
        page(text);
    }
}

#[test]
fn row_104_bidirectional_controls() {
    for mark in ['\u{202e}', '\u{200e}', '\u{200f}', '\u{2066}', '\u{61c}'] {
        let once = plain(&format!("https://evil.test/a{mark}gpj.b"));
        assert_eq!(fates(&once)[0], "wrapped https://evil.test/a");
    }
}

#[test]
fn row_105_no_text_takes_long() {
    // Each of these is quadratic in some auto-linker; a megabyte of it ends here at once. (The named command
    // `mutations` measures.)
    for piece in [
        "http://",
        "a@",
        "www.",
        "(",
        "a.b",
        "http://a@",
        "<http://x",
        "aあ",
        "://",
        "&amp;",
        "http://(",
        "a.com/",
        " \r\n",
    ] {
        for before in ["", "http://"] {
            let text = format!("{before}{}", piece.repeat(300_000 / piece.len()));
            rewrite(&message("text/plain; charset=utf-8; format=flowed; delsp=yes", &text));
        }
    }
}

#[test]
fn row_106_schemes_in_text() {
    text_becomes("HTTPS://EVIL.TEST/x", &["wrapped https://evil.test/x"]);
    text_becomes("ftp.evil.com", &["wrapped http://ftp.evil.com/"]);
    for text in ["mailto:a@evil.com", "skype:evil", "bitcoin:evil", "javascript:alert(1)"] {
        text_becomes(text, &[]);
    }
}

#[test]
fn angle_brackets_hold_lines_together() {
    let once = plain("<URL:https://evil.test/a\r\nb\r\n  c> and <https://b.test/\r\nd>");
    assert_eq!(fates(&once), ["wrapped https://evil.test/abc", "wrapped https://b.test/d"]);
    assert_eq!(body(&once), "<URL:LINK> and <LINK>");
}

#[test]
fn flowed_lines_are_joined_and_flow_on() {
    let of = |format: &str, text: &str| hold(text, &message(&format!("text/plain; charset=utf-8; {format}"), text));
    let once = of("format=flowed; delsp=yes", "see https://evil.test/a-very- \r\nlong-one and \r\nmore");
    assert_eq!(fates(&once), ["wrapped https://evil.test/a-very-long-one"]);
    assert_eq!(body(&once), "see LINK and \r\nmore");
    let once = of("format=flowed", "> see https://evil.test/a \r\n> b");
    assert_eq!(fates(&once), ["wrapped https://evil.test/a"]);
    assert_eq!(body(&once), "> see LINK \r\n> b");
}

#[test]
fn identifiers_and_code_are_left_by_rule() {
    for text in [
        "<html xmlns=\"http://www.w3.org/1999/xhtml\">",
        "<x xmlns:saml='urn:x' xmlns:a = 'https://schema.test/a'>",
        "<md:EntityDescriptor entityID=\"https://idp.test/saml\">",
        "<saml:Issuer>https://idp.test/saml</saml:Issuer>",
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1.dtd\">",
        "targetNamespace=\"http://a.test/ns\"",
    ] {
        text_becomes(text, &["left identifier"]);
    }
    let diff = "Fix it\r\n\r\n--- a/x.c\r\n+++ b/x.c\r\n@@ -1,2 +1,3 @@\r\n /* see https://a.test/ */\r\n+/* see https://b.test/ */\r\n }\r\nhttps://c.test/\r\n";
    text_becomes(diff, &["left code", "left code", "wrapped https://c.test/"]);
    text_becomes(
        "run\r\n```sh\r\ncurl https://a.test/\r\n```\r\nsee https://b.test/",
        &["left code", "wrapped https://b.test/"],
    );
    // A fence that nothing ends, and a hunk without its file, are text.
    text_becomes("```\r\nhttps://a.test/", &["wrapped https://a.test/"]);
    text_becomes("@@ -1,2 +1,3 @@\r\n https://a.test/", &["wrapped https://a.test/"]);
    // Strict leaves nothing of the kind.
    use crate::rewrite::laws::{NOW, TENANT, rewriter_with};
    let strict = rewriter_with(sekisho::rewrite::Policy::strict(), TENANT);
    let once = strict.rewrite(&message("text/plain", diff), &Default::default(), NOW).unwrap();
    assert_eq!(once.report.counts.wrapped, 3);
}
