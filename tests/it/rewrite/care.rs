//! HTML that all tokenizers read alike is read by ours; whatever the libraries would have made of it must be the same.

use crate::rewrite::laws;

/// That the message comes out the same, and the report too, when nothing is taken for plain.
pub(crate) fn makes_no_difference(name: &str, raw: &[u8]) {
    let envelope = sekisho::rewrite::Envelope { recipient: Some("user@corp.example") };
    let usual = laws::rewriter().rewrite(raw, &envelope, laws::NOW);
    let careful = laws::rewriter().with_all_care().rewrite(raw, &envelope, laws::NOW);
    match (usual, careful) {
        (Ok(usual), Ok(careful)) => {
            assert!(usual.message == careful.message, "{name}: not what the libraries make of it");
            let said = |report| serde_json::to_string(report).unwrap();
            assert_eq!(said(&usual.report), said(&careful.report), "{name}");
        }
        (usual, careful) => assert_eq!(usual.err(), careful.err(), "{name}"),
    }
}

#[test]
fn plain_html_is_read_as_by_the_libraries() {
    let head = "Content-Type: text/html; charset=utf-8\r\n\r\n";
    for html in [
        "<a href=https://a.example/>x</a>",
        "<A HREF = 'https://a.example/?a&amp;b'>https://b.example</A> www.c.example",
        "<a href=\"https://a.example/\"><b>x</a>www.b.example</b>www.c.example",
        "<div><a href=https://a.example/>www.b.example</div>www.c.example",
        "<a name=x>www.a.example</a><a href=\"\">www.b.example</a>",
        "<a href=https://a.example/ href=https://b.example/>x</a>",
        "<title>www.a.example</title><style>www.b.example</style>www.c.example",
        "<table><title></title><tr><style></style><td><a href=https://a.example/x/>x",
        "<!--[if mso]><a href=https://a.example/>x</a><![endif]-->",
        "<!--[if !mso]><!--><a href=https://a.example/>x</a><!--<![endif]-->",
        "<![if !mso]><a href=https://a.example/>x</a><![endif]>",
        "<!-- --!><a href=https://a.example/>x</a> --><!--><a href=https://b.example/>",
        "<base href=https://a.example/d/><a href=x>x</a><img src=y.png>",
        "<form action=https://a.example/><input name=q></form><form method=post action=https://b.example/>",
        "<meta http-equiv=refresh content='0; url=https://a.example/'>",
        "<v:rect href=\"https://a.example/\"/><area xlink:href=https://b.example/>",
        "<p title=\"<a href=https://a.example/>\">x</p><a title='>' href=https://b.example/>x</a>",
        "<a href=\"https://a.example/\r\nb\">https://a<wbr>.example</a>https://b<wbr>.example",
        "<a href=https://a.example/",
        "<a href=\"https://a.example/",
        "<!-- <a href=https://a.example/>",
        "<style><a href=https://a.example/>",
        "<a/href=https://a.example/>x</a></a href=https://b.example/>",
        "a < b <3 https://a.example/ <?x <a href=https://b.example/> ?>",
        "<iframe srcdoc='<a href=https://a.example/>x</a>'></iframe>",
        "<p background=https://a.example/ onclick=x style='background:url(https://a.example/)'>",
    ] {
        makes_no_difference(html, format!("{head}{html}").as_bytes());
        makes_no_difference(html, format!("{head}<!doctype html><html><body>{html}</body></html>").as_bytes());
    }
}
