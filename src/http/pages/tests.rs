use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

use super::*;
use crate::click::{Damaged, Stop, Ways};

/// What a page may weigh, in bytes.
const WEIGHT_MAX: usize = 50_000;

fn shipped() -> Pages {
    Pages::load(None).unwrap()
}

fn every(check: impl Fn(&str, &Page, &str, Language)) {
    let pages = shipped();
    for language in Language::all() {
        for (name, page) in samples() {
            check(&name, &page, &pages.render(&page, language).unwrap(), language);
        }
    }
}

fn warning(change: impl FnOnce(&mut Stop)) -> String {
    let (_, mut page) = samples().into_iter().find(|(name, _)| name == "warn-none").unwrap();
    if let Page::Stop(stop) = &mut page {
        change(stop);
    }
    shipped().render(&page, Language::negotiate(None)).unwrap()
}

#[test]
fn every_page_is_small_whole_and_without_script() {
    every(|name, _, html, language| {
        assert!(html.starts_with("<!doctype html>\n<html lang=\""), "{name}");
        assert!(html.contains(&format!("<html lang=\"{}\" dir=\"ltr\">", language.tag())), "{name}");
        assert!(html.len() < WEIGHT_MAX / 3, "{name} weighs {}", html.len());
        for outside in
            ["<script", "<link", "<img", "<iframe", "src=", "@import", "url(", " style=", " on", "http-equiv"]
        {
            let found = html.match_indices(outside).any(|(at, _)| {
                outside != " on"
                    || html[at + 3..]
                        .split('=')
                        .next()
                        .is_some_and(|word| word.len() < 12 && word.chars().all(char::is_alphabetic))
            });
            assert!(!found, "{name} holds {outside:?}");
        }
        assert_eq!(html.matches("<h1>").count(), 1, "{name}");
        assert!(!html.contains("{{") && !html.contains("{%"), "{name}");
    });
}

#[test]
fn a_page_says_where_the_link_goes_unless_it_is_damaged() {
    every(|name, page, html, _| match page {
        Page::Stop(stop) => {
            let destination = &stop.destination;
            assert!(html.contains(&format!("<bdi dir=\"ltr\">{}</bdi>", destination.domain)), "{name}");
            assert!(html.contains(&format!("<b>{}</b>", destination.host)), "{name}");
            if let Some(beside) = &destination.beside {
                assert!(html.contains(&format!("<bdi dir=\"ltr\">{beside}</bdi>")), "{name}");
            }
        }
        Page::Preview(preview) => assert!(html.contains(&preview.destination.host), "{name}"),
        Page::Damaged(_) | Page::Left(_) | Page::Reported(_) => {
            let html = html.replace("&#x2f;~&#x2f;report&#x2f;www.shop.example", "");
            assert!(!html.contains("shop.example") && !html.contains("class=\"goes\""), "{name}");
        }
    });
}

#[test]
fn only_what_may_be_passed_has_a_way_on() {
    every(|name, _, html, _| {
        let way_on = ["warn", "notice", "too-many"].iter().any(|kind| name.starts_with(kind)) || name == "checking";
        assert_eq!(html.matches("<form class=\"onward\" method=\"post\">").count(), usize::from(way_on), "{name}");
        let may_report =
            way_on || ["block", "message-", "link-", "damaged", "checking"].iter().any(|kind| name.starts_with(kind));
        assert_eq!(html.matches("<button").count(), usize::from(way_on) + usize::from(may_report), "{name}");
        assert_eq!(html.matches("<form").count(), usize::from(way_on) + usize::from(may_report), "{name}");
    });
}

#[test]
fn no_page_links_to_the_destination() {
    every(|name, _, html, _| {
        let links: BTreeSet<&str> = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(
            links
                .iter()
                .all(|link| ["mailto:", "&#x2f;www.shop", "&#x2f;~&#x2f;left"].iter().any(|at| link.starts_with(at))),
            "{name}: {links:?}"
        );
    });
}

#[test]
fn a_reason_is_asked_for_and_missed() {
    let has = |name: &str| {
        let (_, page) = samples().into_iter().find(|(sample, _)| sample == name).unwrap();
        let html = shipped().render(&page, Language::negotiate(None)).unwrap();
        (html.contains("name=\"reason\" required"), html.contains("aria-invalid"))
    };
    assert_eq!(has("warn-none"), (false, false));
    assert_eq!(has("warn-reason-asked"), (true, false));
    assert_eq!(has("warn-reason-missing"), (true, true));
}

#[test]
fn whatever_a_page_is_told_stays_text() {
    let evil = "\"><script>alert(1)</script><b onclick='x'>{{ 7*7 }}\u{202e}";
    let html = warning(|stop| {
        stop.destination.domain = evil.into();
        stop.destination.beside = Some(evil.into());
        stop.destination.rest = evil.into();
        stop.reasons = vec![crate::click::Reason::Entry { note: Some(evil.into()) }];
        stop.house =
            Arc::new(crate::click::House { name: Some(evil.into()), help: Some(evil.into()), ..Default::default() });
    });
    assert!(!html.contains("<script") && !html.contains("<b onclick") && !html.contains("49"), "{html}");
    assert!(html.matches("&lt;script&gt;").count() >= 6);
}

#[test]
fn a_destination_of_16_kb_still_makes_a_light_page() {
    let html = warning(|stop| stop.destination.rest = format!("/{}", "a&".repeat(4000)));
    assert!(html.len() < WEIGHT_MAX, "{}", html.len());
    assert!(warning(|stop| stop.destination.rest = format!("/{}", "a".repeat(16_000))).len() < WEIGHT_MAX);
}

#[test]
fn the_policy_lets_through_the_style_that_stands_in_the_page() {
    let pages = shipped();
    every(|name, _, html, _| {
        let style = html.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap();
        let hash = BASE64_STANDARD.encode(Sha256::digest(style.as_bytes()));
        assert_eq!(pages.style_hash(), format!("'sha256-{hash}'"), "{name}");
    });
}

#[test]
fn a_report_names_the_click_and_nothing_else() {
    let html = warning(|_| ());
    let subject = html.split("mailto:helpdesk@corp.example?subject=").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(subject, "Mistake%20on%20a%20link%20check%2C%20reference%20069N-RAJ1-FSDX-03VA");
}

#[test]
fn every_error_has_a_page_in_every_language() {
    let pages = shipped();
    for language in Language::all() {
        let all: BTreeSet<String> =
            ERRORS.iter().map(|status| pages.render_error(*status, language).unwrap()).collect();
        assert_eq!(all.len(), ERRORS.len());
    }
}

#[test]
fn an_error_page_says_what_to_do_about_this_very_error() {
    let pages = shipped();
    let says = |status, advice| pages.render_error(status, Language::negotiate(None)).unwrap().contains(advice);
    assert!(says(404, "go back to the message and open it there again") && says(408, "Please try again."));
    assert!(says(405, "tell your help desk what you clicked"));
}

fn overlaid(files: &[(&str, &str)]) -> Result<Pages, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    Pages::load(Some(folder.path())).map_err(|error| {
        let folder = format!("{}/", folder.path().display());
        error.to_string().replace(&folder, "overlay/")
    })
}

#[test]
fn an_overlay_replaces_what_it_holds() {
    let damaged = "{% extends \"base.html\" %}{% block main %}<h1>Oh</h1>{{ reference }}{% endblock %}";
    let pages = overlaid(&[("damaged.html", damaged), ("style.css", "h1{color:red}"), (".gitignore", "*")]).unwrap();
    let page = Page::Damaged(Damaged {
        reference: crate::base::ClickId([0; 10]),
        house: Arc::default(),
        ways: Ways::default(),
    });
    let html = pages.render(&page, Language::negotiate(None)).unwrap();
    assert!(html.contains("<h1>Oh</h1>0000-0000-0000-0000") && html.contains("<style>h1{color:red}</style>"));
    assert_ne!(pages.style_hash(), shipped().style_hash());
}

#[test]
fn a_broken_overlay_is_refused_with_file_line_and_remedy() {
    for (name, text, said) in [
        ("warn.html", "a\nb\n{% block %}", "overlay/warn.html:3: "),
        ("warn.html", "\n{{ destinatoin }}", "overlay/warn.html:2: "),
        ("block.html", "\n\n\n{{ t(\"no-such\") }}", "overlay/block.html:4: locales/en.ftl has no message \"no-such\""),
        ("notice.html", "<style>{{ style }}</style>{{ reference }}", "overlay/notice.html: the page has no <form"),
        ("damaged.html", "<style>{{ style }}</style>", "overlay/damaged.html: the page does not show {{ reference }}"),
        ("damaged.html", "{{ reference }}", "overlay/damaged.html: the page lost <style>"),
        ("block.html", "<style>{{ style }}</style>{{ reference }}<form>", "overlay/block.html: the page has a form"),
        ("blok.html", "", "overlay/blok.html: no page has this name; use one of base.html"),
        ("style.css", "</style><script>", "overlay/style.css: holds \"</\""),
        ("onward.html", "\n{{ kind.x.y }}", "overlay/onward.html:2: "),
    ] {
        let error = overlaid(&[(name, text)]).err().unwrap_or_else(|| panic!("{name} {text:?} was taken"));
        assert!(error.starts_with(said), "{error}");
        assert!(error.contains("; "), "{error}");
    }
    assert!(
        Pages::load(Some(Path::new("/no/such/folder"))).is_err_and(|error| error.remedy.starts_with("name a folder"))
    );
}

/// Writes every page in every language into `SEKISHO_SAMPLES`, to be looked at.
#[test]
fn samples_for_the_eye() {
    let Some(folder) = std::env::var_os("SEKISHO_SAMPLES") else { return };
    every(|name, _, html, language| {
        std::fs::write(Path::new(&folder).join(format!("{name}.{}.html", language.tag())), html).unwrap();
    });
    let error = shipped().render_error(404, Language::negotiate(None)).unwrap();
    std::fs::write(Path::new(&folder).join("error-404.en.html"), error).unwrap();
}
