//! Small messages, one thing each, and hostile ones.

use proptest::prelude::*;
use sekisho::{
    base::{TenantId, Timestamp},
    link::Place,
    rewrite::{Attachments, Done, Envelope, PartRule, Policy, Reason, Refused, Rewritten, Rule, Signed},
};

use super::laws::{self, BASE, NOW, TENANT, hold, keyring, opened, rewrite, rewriter, rewriter_with};

fn html(body: &str) -> Vec<u8> {
    message("text/html; charset=utf-8", body)
}

fn message(media: &str, body: &str) -> Vec<u8> {
    let head = "From: a@example.com\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n";
    format!("{head}Content-Type: {media}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n").into_bytes()
}

fn text(rewritten: &Rewritten) -> String {
    String::from_utf8(rewritten.message.clone()).unwrap()
}

/// What was done, link by link, and where it leads.
fn done(rewritten: &Rewritten) -> Vec<(Done, Option<&str>)> {
    rewritten.report.links.iter().map(|row| (row.done, row.destination.as_deref())).collect()
}

/// The one link of ours in the text.
fn link_in(text: &str) -> &str {
    let rest = &text[text.find(BASE).expect("a link of ours")..];
    rest.split(['"', '\'', '<', '>', ' ', '\r', '\n']).next().unwrap()
}

#[test]
fn nothing_to_do_is_the_same_bytes() {
    for raw in [
        &b""[..],
        b"\r\n",
        b"no header at all",
        b"Subject: x\n\nno link",
        &html(
            "<p style=\"color:red\">x <a href=\"mailto:a@example.com\">y</a> <a href='#top'>z</a><img src=http://i.example/>",
        ),
        b"Subject: =?x?\r\n\r\n\xff\xfe\x00",
    ] {
        assert_eq!(hold("nothing to do", raw).message, raw);
    }
}

#[test]
fn what_is_taken_out_where_no_link_is_stays_within_the_law() {
    let encoded = |media: &str, body: &str| {
        let head = format!("Message-ID: <1@example.com>\r\nContent-Type: {media}; charset=utf-8\r\n");
        format!("{head}Content-Transfer-Encoding: quoted-printable\r\n\r\n{body}\n").into_bytes()
    };
    // A reader that takes a NUL for a blank would find `evimml.co`.
    let nul = hold("a NUL", &encoded("text/plain", "evimml.co=00evil.comm"));
    assert!(nul.report.ambiguities.contains(&"1: NulRemoved".to_owned()), "{:?}", nul.report.ambiguities);
    assert!(text(&nul).contains("\r\nevimml.coevil.comm"));
    let base = hold("a base", &encoded("text/html", "<<base href=3Dhttps://b.test/>p>foo</p>"));
    assert!(text(&base).contains("<<base >p>foo</p>"), "{}", text(&base));
}

#[test]
fn a_body_right_behind_its_header_stays_a_body() {
    for (media, body) in [
        ("text/plain", &b"www.b.example/ and more\r\n"[..]),
        ("text/html", b"X-\xfbname: value\r\nsee http://b.example/\r\n"),
    ] {
        let head = format!(
            "Message-ID: <1@example.com>\r\nContent-Transfer-Encoding: 7bit\r\nContent-Type: {media}; charset=utf-8\r\n"
        );
        let once = hold(media, &[head.as_bytes(), body].concat());
        let out = text(&once);
        let (header, rest) = out.split_once("\r\n\r\n").unwrap_or((&out, ""));
        assert!(header.lines().last().unwrap().starts_with("X-Sekisho: v1; links=1; "), "{out}");
        assert!(!rest.contains("X-Sekisho") && rest.contains("https://go.corp.example/"), "{out}");
        // It tells the truth of the body, so it stays.
        assert!(text(&rewrite(&once.message)).contains("X-Sekisho: v1; links=1; "));
    }
}

#[test]
fn what_is_defanged_is_no_part_of_a_name_before_it() {
    for body in
        ["see www.www.https://[[a.example= x", "www.a.comhttp://[[b= x", "b.comhttps://[あ] x", "www.a.b.https://[[c="]
    {
        let once = hold(body, &message("text/plain; charset=utf-8", body));
        assert!(text(&once).contains("hxxp"), "{}", text(&once));
        hold(body, &html(&format!("<p>{body}</p>")));
    }
}

#[test]
fn text_is_read_with_its_references_undone() {
    let once = hold("references", &html("<p>go to www&#46;evil&period;com or http&colon;&sol;&sol;b&#x2e;com</p>"));
    let wanted = [(Done::Wrapped, Some("http://www.evil.com/")), (Done::Wrapped, Some("http://b.com/"))];
    assert_eq!(done(&once), wanted);
}

#[test]
fn a_link_is_replaced_and_nothing_else() {
    let raw = html("<A HREF='http://www.example.com/?a=1&amp;b=%2F+#f' class=x>go</A>");
    let once = hold("one link", &raw);
    let out = text(&once);
    let link = link_in(&out).to_owned();
    assert!(link.starts_with("https://go.corp.example/www.example.com/"), "{link}");
    assert_eq!(opened(&link), "http://www.example.com/?a=1&b=%2F+#f");
    let expected = String::from_utf8(raw.clone()).unwrap().replace("http://www.example.com/?a=1&amp;b=%2F+#f", &link);
    let without_marker: Vec<_> = out.split("\r\n").filter(|line| !line.starts_with("X-Sekisho:")).collect();
    assert_eq!(without_marker.join("\r\n"), expected);
    assert!(out.contains("\r\nX-Sekisho: v1; links=1; left=0; defanged=0; tag="));
    assert_eq!(once.report.counts.wrapped, 1);
    assert_eq!(once.report.growth, (once.message.len() - raw.len()) as i64);
}

#[test]
fn unquoted_values_are_quoted_and_the_quote_in_use_is_kept() {
    for (tag, wanted) in [
        ("<a href=http://e.example/?x>", "<a href=\"LINK\">"),
        ("<a href='http://e.example/'>", "<a href='LINK'>"),
        ("<a href=\"http://e.example/\">", "<a href=\"LINK\">"),
        ("<a href = \n http://e.example/ id=x>", "<a href = \n \"LINK\" id=x>"),
    ] {
        let once = hold(tag, &html(tag));
        let out = text(&once);
        let link = link_in(&out);
        assert!(out.contains(&wanted.replace("LINK", link)), "{tag}: {out}");
    }
}

#[test]
fn what_is_dangerous_is_defanged_where_it_can_be_seen() {
    let once = hold("schemes", &html("<a href=\"java&#10;script:alert(1)\">x</a> <a href=data:text/html,y>z</a>"));
    let out = text(&once);
    assert!(out.contains("<a href=\"#\" title=\"link removed: it does not lead to the web\">x</a>"), "{out}");
    assert!(out.contains("<a href=\"#\" title=\"link removed: it does not lead to the web\">z</a>"), "{out}");
    assert_eq!(once.report.counts.defanged, 2);

    let once = hold("no URL", &html("<a href='http://1.2.3.4.5/'>x</a> http://1.2.3.4.5/y"));
    assert!(
        text(&once).contains(
            "<a href='#' title='link removed: it is no valid web address'>x</a> hxxp://1[.]2[.]3[.]4[.]5/y ["
        )
    );
    assert_eq!(done(&once)[0].0, Done::Defanged { reason: Reason::Invalid });

    // `www.a.hxxp` would be a host, and so would `b.com`.
    for (body, wanted) in [("www.a.x.http://]@?", "www[.]a[.]x[.]hxxp:// ["), ("b.comhttp://[", "b[.]comhxxp://[")] {
        let glued = hold(body, &message("text/plain; charset=utf-8", &format!("{body}\r\n")));
        assert!(text(&glued).contains(wanted), "{}", text(&glued));
        hold(body, &html(body));
    }

    let once = hold("refresh", &html("<meta http-equiv=refresh content='0;url=javascript:x'>"));
    assert!(text(&once).contains("<meta http-equiv=refresh content=''>"));
}

#[test]
fn a_url_too_long_for_a_link_is_defanged_and_counted() {
    let long = format!("https://e.example/{}", "a".repeat(17_000));
    let once = hold("long", &html(&format!("<a href=\"{long}\">x</a>\r\n{}", "y".repeat(10))));
    assert_eq!(done(&once)[0].0, Done::Defanged { reason: Reason::TooLong });
    assert!(text(&once).contains("title=\"link removed: it is too long to be checked\""));
}

#[test]
fn a_base_is_resolved_and_removed_and_images_stay_where_they_are() {
    let raw = html(
        "<base target=_top href='https://evil.example/x/'><a href=y>z</a><img src=i.png><base href=https://b.example>",
    );
    let once = hold("base", &raw);
    let out = text(&once);
    assert_eq!(opened(link_in(&out)), "https://evil.example/x/y");
    assert!(out.contains("<base target=_top >"), "{out}");
    assert!(out.contains("<base >"), "{out}");
    assert!(out.contains("<img src=\"https://evil.example/x/i.png\">"), "{out}");
}

#[test]
fn a_base_in_the_header_counts() {
    let raw = b"Message-ID: <1@example.com>\r\nContent-Type: text/html\r\nContent-Location: https://evil.example/a/b\r\n\r\n<a href=login>x</a>";
    let once = hold("content-location", raw);
    assert_eq!(done(&once), [(Done::Wrapped, Some("https://evil.example/a/login"))]);
}

#[test]
fn documents_in_attributes_are_rewritten_inside() {
    let once = hold(
        "srcdoc",
        &html("<iframe srcdoc='&lt;a href=&quot;https://e.example/&amp;amp;&quot;&gt;x &amp;amp; y'></iframe>"),
    );
    let out = text(&once);
    assert!(out.contains("srcdoc='&lt;a href=&quot;https://go.corp.example/e.example/"), "{out}");
    assert!(out.contains("&quot;&gt;x &amp;amp; y'"), "{out}");
}

#[test]
fn text_in_html_gets_an_anchor_that_looks_like_nothing() {
    let once = hold("text node", &html("<p>See https://e.example/?a&amp;b, ok</p>"));
    let out = text(&once);
    let link = link_in(&out);
    let anchor = format!(
        "<p>See <a href=\"{link}\" style=\"color:inherit;background:none;font:inherit;text-decoration:inherit\">https://e.example/?a&amp;b</a>, ok</p>"
    );
    assert!(out.contains(&anchor), "{out}");
    assert_eq!(opened(link), "https://e.example/?a&b");
}

#[test]
fn text_gets_the_link_itself() {
    let raw = message(
        "text/plain; charset=utf-8",
        "See <https://e.example/a\r\nb> and README.md, done.It\r\n詳細はwww.example.jpをご覧",
    );
    let once = hold("text", &raw);
    assert_eq!(
        done(&once),
        [
            (Done::Wrapped, Some("https://e.example/ab")),
            (Done::Left { rule: Rule::FileName }, None),
            (Done::Left { rule: Rule::Sentence }, None),
            (Done::Wrapped, Some("http://www.example.jp/")),
        ]
    );
}

#[test]
fn links_never_run_into_one_another() {
    let once =
        hold("adjacent", &message("text/plain; charset=utf-8", "b.comあ.b.com b.com:80http://c.example b.comhttp://"));
    assert_eq!(once.report.counts.wrapped, 4, "{:?}", once.report.links);
}

#[test]
fn what_is_written_for_one_reading_shows_nothing_new_in_another() {
    for body in [
        "<!--[if mso]><base href=\"-->www.c.com",
        "<!--[if mso]><A HREF='-->'www.c.com<a ",
        "<!--[if mso]><a title=\"--><p title='\"><a href=https://evil.example>'>x</p>",
        "<!--[if mso]><base href=-->",
        "<svg><math><p><![CDATA[--><form action=https://evil.example>",
        "<a href=https://evil.example><svg><math><p><![CDATA[><a href=https://evil.example> ]]>",
        "<select><xmp><a href=https://evil.example></select>",
        "<xmp>www.c.comhttp://a.example/x",
        "<a href=javascript:x\"--><xmp><base href=/ -->",
        "<xmp>href='http://b.example, http://c.example/'</xmp><plaintext>http://d.example",
    ] {
        hold(body, &html(body));
    }
}

#[test]
fn flowed_text_and_folded_calendars_are_joined() {
    let raw = message("text/plain; format=flowed; delsp=yes", "https://e.example/a \r\nb c");
    assert_eq!(done(&hold("delsp", &raw)), [(Done::Wrapped, Some("https://e.example/ab"))]);
    let raw = message(
        "text/calendar",
        "BEGIN:VEVENT\r\nDESCRIPTION:https://e.example/a\r\n b\\nhttps://f.example/\\, x\r\nURL:https://g.exa\r\n mple/\r\n",
    );
    let once = hold("calendar", &raw);
    let wanted = ["https://e.example/ab", "https://f.example/", "https://g.example/"];
    assert_eq!(done(&once), wanted.map(|url| (Done::Wrapped, Some(url))));
    assert_eq!(once.report.links[0].place, Place::Calendar);
}

#[test]
fn the_charset_of_the_document_is_that_of_the_query() {
    let raw = b"Message-ID: <1@example.com>\r\nContent-Type: text/html; charset=windows-1252\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<a href=\"http://e.example/\xe9?q=\xe9\">\xe9</a>";
    let once = hold("windows-1252", raw);
    assert_eq!(done(&once), [(Done::Wrapped, Some("http://e.example/%C3%A9?q=%E9"))]);
    assert!(once.message.windows(5).any(|bytes| bytes == b"\xe9</a>"));
}

const MIXED: &str = "Message-ID: <m@example.com>\nContent-Type: multipart/mixed; boundary=b\n\n\
    --b\nContent-Type: text/plain\n\nhttp://a.example/\n\
    --b\nContent-Type: application/octet-stream; name=page.html\nContent-Disposition: attachment\n\
    Content-Transfer-Encoding: base64\n\nPGEgaHJlZj1odHRwOi8vYi5leGFtcGxlLz4=\n\
    --b\nContent-Type: text/x-diff\nContent-Disposition: attachment\n\nhttp://c.example/\n\
    --b\nContent-Type: message/rfc822\n\nSubject: inner\n\nhttp://d.example/\n\
    --b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n\
    U3ViamVjdDogeAoKaHR0cDovL2UuZXhhbXBsZS8K\n\
    --b--\nepilogue http://f.example/\n";

#[test]
fn every_part_is_looked_into() {
    let once = hold("mixed", MIXED.as_bytes());
    let destinations: Vec<_> = done(&once).into_iter().filter_map(|(_, url)| url).collect();
    let wanted =
        ["http://a.example/", "http://b.example/", "http://d.example/", "http://e.example/", "http://f.example/"];
    assert_eq!(destinations, wanted);
    assert_eq!(once.report.left_parts.len(), 1);
    assert_eq!(once.report.left_parts[0].rule, PartRule::Attachment);
    let attachment = once.report.links.iter().find(|row| row.destination.as_deref() == Some("http://b.example/"));
    assert_eq!(attachment.unwrap().place, Place::Attachment);
}

#[test]
fn switches_leave_parts_and_say_so() {
    let policy = Policy { html_attachments: Attachments::Leave, ..Policy::default() };
    let once = rewriter_with(policy, TENANT).rewrite(MIXED.as_bytes(), &Envelope::default(), NOW).unwrap();
    assert_eq!(once.report.left_parts.len(), 2);

    let signed = "Message-ID: <s@example.com>\nContent-Type: multipart/signed; boundary=s; protocol=\"application/pgp-signature\"\n\n\
        --s\nContent-Type: text/plain\n\nhttp://a.example/\n--s\nContent-Type: application/pgp-signature\n\nx\n--s--\n";
    assert_eq!(hold("signed", signed.as_bytes()).report.counts.wrapped, 1);
    let policy = Policy { signed: Signed::Leave, ..Policy::default() };
    let once = rewriter_with(policy, TENANT).rewrite(signed.as_bytes(), &Envelope::default(), NOW).unwrap();
    assert_eq!(once.message, signed.as_bytes());
    assert_eq!(once.report.left_parts[0].rule, PartRule::Signed);
}

#[test]
fn never_wrapped_hosts_are_left_and_reported() {
    let policy = Policy { never_wrap: vec!["corp.example".into()], ..Policy::default() };
    let raw = html("<a href=https://www.corp.example/>x</a><a href=https://notcorp.example/>y</a>");
    let once = rewriter_with(policy, TENANT).rewrite(&raw, &Envelope::default(), NOW).unwrap();
    assert_eq!(done(&once)[0].0, Done::Left { rule: Rule::NeverWrap });
    assert_eq!(done(&once)[1].0, Done::Wrapped);
}

#[test]
fn our_own_links_are_proven_before_they_are_left() {
    let once = rewrite(&html("<a href=https://e.example/x>x</a>"));
    let out = text(&once);
    let ours = link_in(&out).to_owned();
    let of = |body: &str| hold(body, &html(body));

    assert_eq!(done(&of(&format!("<a href=\"{ours}\">x</a>"))), [(Done::AlreadyOurs, Some("https://e.example/x"))]);
    // A query is glued on: what it leads to is known, so it is minted anew.
    let glued = of(&format!("<a href=\"{ours}?fbclid=1\">x</a>"));
    assert_eq!(done(&glued), [(Done::Wrapped, Some("https://e.example/x"))]);
    // Our host, and nothing proven: a URL like any other.
    let forged = format!("{BASE}/e.example/AAAA1");
    assert_eq!(done(&of(&format!("<a href=\"{forged}\">x</a>"))), [(Done::Wrapped, Some(forged.as_str()))]);
    // Another tenant's is minted anew for this one.
    let theirs = rewriter_with(Policy::default(), TenantId(8))
        .rewrite(&html("<a href=https://e.example/y>x</a>"), &Envelope::default(), NOW)
        .unwrap();
    let theirs = link_in(&text(&theirs)).to_owned();
    let anew = of(&format!("<a href=\"{theirs}\">x</a>"));
    assert_eq!(done(&anew), [(Done::Wrapped, Some("https://e.example/y"))]);
    assert_ne!(link_in(&text(&anew)), theirs);
}

#[test]
fn markers_that_others_wrote_are_stripped() {
    let raw = b"X-Sekisho: v1; links=9; left=0; defanged=0; tag=0000000000000000\r\nx-sekisho-verdict: clean\r\nSubject: x\r\nX-Sekishota: no marker\r\n\r\nhello";
    assert_eq!(rewrite(raw).message, b"Subject: x\r\nX-Sekishota: no marker\r\n\r\nhello");
    // Ours stays while it is true, and goes once the body is another.
    let once = rewrite(&html("<a href=https://e.example/x>x</a>"));
    assert_eq!(rewrite(&once.message).message, once.message);
    let footer = [&once.message[..], b"footer\r\n"].concat();
    assert!(!text(&rewrite(&footer)).contains("X-Sekisho"));
    assert!(!text(&rewriter().restore(&once.message, NOW).unwrap()).contains("X-Sekisho"));
}

#[test]
fn restore_gives_the_destinations_back() {
    let raw = html("<a href=\"https://e.example/?a=1&amp;b='2'\">x</a> https://f.example/");
    let back = rewriter().restore(&rewrite(&raw).message, NOW).unwrap();
    let out = text(&back);
    assert!(out.contains("<a href=\"https://e.example/?a=1&amp;b=%272%27\">x</a>"), "{out}");
    assert!(out.contains(
        "<a href=\"https://f.example/\" style=\"color:inherit;background:none;font:inherit;text-decoration:inherit\">https://f.example/</a>"
    ));
    assert_eq!(back.report.counts.restored, 2);
    let plain = message("text/plain", "https://e.example/?a=b c");
    assert_eq!(text(&rewriter().restore(&rewrite(&plain).message, NOW).unwrap()).as_bytes(), plain);
    // What is not ours stays.
    let foreign = html(&format!("<a href=\"{BASE}/e.example/AAAA1\">x</a> <a href=https://e.example/>y</a>"));
    assert_eq!(rewriter().restore(&foreign, NOW).unwrap().message, foreign);
}

#[test]
fn what_cannot_be_read_safely_becomes_a_note() {
    let mut deep = "<a href=http://e.example/>".to_owned();
    for _ in 0..9 {
        deep = format!("<iframe srcdoc=\"{}\">", deep.replace('&', "&amp;").replace('"', "&quot;"));
    }
    let once = hold("deep", &html(&deep));
    assert_eq!(once.report.removed_parts.len(), 1);
    assert!(text(&once).contains("could not be checked for dangerous links and was removed"));

    let policy = Policy { links_max: 2, ..Policy::default() };
    let raw = html("http://a.example/ http://b.example/ http://c.example/");
    let once = rewriter_with(policy, TENANT).rewrite(&raw, &Envelope::default(), NOW).unwrap();
    assert_eq!(once.report.removed_parts.len(), 1);
    assert!(!text(&once).contains("c.example"));
    assert_eq!(once.report.links, []);

    let mut policy = Policy::default();
    policy.limits.decoded_bytes = 20;
    let once = rewriter_with(policy.clone(), TENANT).rewrite(MIXED.as_bytes(), &Envelope::default(), NOW).unwrap();
    assert!(!once.report.removed_parts.is_empty());
    assert!(!text(&once).contains("U3ViamVjdDogeAoKaHR0cDovL2UuZXhhbXBsZS8K"), "a part over the limit goes on unread");
    policy.limits.header_bytes = 100;
    let long = MIXED.replacen("\n\n", &format!("\nX: {}\n\n", "x".repeat(200)), 1);
    let refused = rewriter_with(policy, TENANT).rewrite(long.as_bytes(), &Envelope::default(), NOW);
    assert!(matches!(refused, Err(Refused::Limit { .. })), "{refused:?}");
}

#[test]
fn a_clock_before_the_key_keeps_the_message() {
    let raw = html("<a href=https://e.example/>x</a>");
    let refused = rewriter().rewrite(&raw, &Envelope::default(), Timestamp::from_secs(1_600_000_000));
    assert!(matches!(refused, Err(Refused::Mint(_))), "{refused:?}");
    assert!(rewriter().rewrite(b"\r\nno link", &Envelope::default(), Timestamp::from_secs(0)).is_ok());
}

#[test]
fn links_name_message_and_recipient() {
    let raw = html("<a href=https://e.example/>x</a>");
    let of = |recipient| rewriter().rewrite(&raw, &Envelope { recipient }, NOW).unwrap();
    let (a, b, shared) = (of(Some("a@corp.example")), of(Some("b@corp.example")), of(None));
    assert_ne!(link_in(&text(&a)), link_in(&text(&b)));
    assert_eq!(shared.report.recipient.to_string(), "0000000000000000");
    let path = link_in(&text(&a))[BASE.len()..].to_owned();
    let facts = keyring().opener(&[TENANT]).open(path.as_bytes(), &[TENANT], NOW).unwrap().into_inner().facts;
    assert_eq!((facts.message, facts.recipient), (a.report.message, a.report.recipient));
    assert_eq!((facts.place, a.report.message), (Place::Html, b.report.message));
}

#[test]
fn the_report_is_json() {
    let report = rewrite(&html("<a href=https://e.example/>x</a><a href=#y>z</a>")).report;
    let json: serde_json::Value = serde_json::to_value(&report).unwrap();
    assert_eq!(json["links"][0]["done"], "wrapped");
    assert_eq!(json["links"][0]["place"], "html");
    assert_eq!((&json["links"][1]["done"], &json["links"][1]["rule"]), (&"left".into(), &"fragment".into()));
    assert_eq!(json["counts"]["wrapped"], 1);
    assert_eq!(json["changes"][0]["removed"].as_u64().map(|removed| removed > 0), Some(false));
    assert_eq!(json["message_id"], "<1@example.com>");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn laws_hold_over_hostile_html(
        body in "(<a |<a href=|<A HREF='|\"|'|>|<|/|</a>|<!--|-->|<!--\\[if mso\\]>|<!\\[endif\\]-->|<noscript>|</noscript>|<svg>|<xmp>|</xmp>|<style>|</style>|<select>|<base href=|<iframe srcdoc='|&lt;a href=|http://a\\.example/x|//b\\.example|www\\.c\\.com|javascript:x|&amp;|&#x|\0| |\r\n|é){0,40}"
    ) {
        let once = rewrite(&html(&body));
        let twice = rewrite(&once.message);
        prop_assert!(twice.message == once.message, "{:?} {:?}", body, twice.report);
    }

    /// Whatever the tokenizer makes of it, no parser finds a way out.
    #[test]
    fn laws_hold_where_tokenizers_and_parsers_differ(
        body in "(<a |<a href=//a\\.example|href='http://b\\.example'|href=\"|'|\"|>|<|/|</a>|<!--|-->|<!-->|<noscript>|</noscript>|<svg>|</svg>|<math>|<mtext>|<style>|</style>|<title>|</title>|<select>|</select>|<xmp>|</xmp>|<table>|<td>|<template>|<frameset>|<p>|</p>|<form action=//c\\.example>|\\]\\]>|<!\\[CDATA\\[|<\\?|x){0,30}"
    ) {
        let once = rewrite(&html(&body));
        laws::no_attribute_escapes(&body, &once);
        laws::twice_is_once(&body, &once);
    }

    #[test]
    fn laws_hold_over_hostile_text(
        body in "(http://|https://|HTTP:|www\\.|a\\.example|b\\.com|/|@|\\(|\\)|\\[|\\]|\\.|,|<|>|<URL:| |\r\n| \r\n|あ|。|é|:80|\\?|#|\\\\|=\r\n){0,30}"
    ) {
        let raw = message("text/plain; charset=utf-8", &body);
        laws::hold(&body, &raw);
    }

    #[test]
    fn any_bytes_are_dealt_with(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
        let once = rewrite(&raw);
        prop_assert!(rewrite(&once.message).message == once.message);
        prop_assert!(rewriter().restore(&raw, NOW).is_ok());
    }

    #[test]
    fn any_structure_is_dealt_with(
        raw in "(Content-Type: |text/html|text/plain|multipart/mixed|message/rfc822|; boundary=b|; charset=utf-16|; charset=utf-7|; charset=iso-2022-jp|\nContent-Transfer-Encoding: |base64|quoted-printable|\n|\n\n|--b\n|--b--\n|<a href=http://a\\.example/>|http://b\\.example/|PGEgaHJlZj1odHRwOi8vYi5leGFtcGxlLz4=\n|=\n|=41|X-Sekisho: x\n){0,30}"
    ) {
        let once = rewrite(raw.as_bytes());
        let twice = rewrite(&once.message);
        prop_assert!(twice.message == once.message, "{:?}", twice.report);
    }
}
