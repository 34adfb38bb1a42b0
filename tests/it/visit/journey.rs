//! Where a visit leads: redirects of every kind, what can be read off, and what it comes to among the findings.

use std::sync::Arc;

use sekisho::{
    judge::{Evidence, Freshness, Said, Tier},
    scan::{By, End},
    sources::{Limits, Panel, Questions, Rest, Source, Visit},
};

use super::{Server, Still, Zone, answer, means, parse, redirect, scanner};

fn zone() -> Zone {
    let zone = Zone::default();
    zone.set("www.example.com", &[&["127.0.0.1"]]);
    zone
}

#[tokio::test]
async fn every_kind_of_redirect_is_followed_and_told() {
    let server = Server::answering(|target| match target {
        "/1" => answer("301 Moved", "Location: 2\r\n", b""),
        "/2" => answer("200 OK", "Refresh: 0; url='/3'\r\nContent-Type: text/html\r\n", b"moment"),
        "/3" => answer("307 Temporary", "Location: //www.example.com:{port}/4\r\n", b""),
        _ => answer("200 OK", "Content-Type: text/html\r\n", b"<h1>hello</h1>"),
    });
    let zone = zone();
    let scanner = scanner(means(&zone, &[&server]));
    let at = |path: &str| parse(&format!("http://www.example.com:{}/{path}", server.port()));
    let journey = scanner.visit(&at("1")).await;
    let by: Vec<&By> = journey.steps.iter().map(|step| &step.by).collect();
    assert_eq!(by[..3], [&By::Link, &By::Redirect(301), &By::Refresh]);
    assert_eq!(journey.steps[0].status, Some(301));
    assert!(matches!(&journey.end, End::Left(why) if why.contains("no page")), "{journey:?}");
    let wrapped = parse(&format!("https://www.google.com/url?q={}", at("page")));
    let journey = scanner.visit(&wrapped).await;
    assert_eq!(journey.steps[1].url, at("page"), "Google was not asked");
    assert_eq!((journey.steps[0].status, journey.steps[1].status), (None, Some(200)));
    assert!(matches!(&journey.end, End::Seen(seen) if seen.objections.is_empty() && seen.unseen.is_none()));
}

#[tokio::test]
async fn what_cannot_be_told_is_silence_and_what_is_gone_is_an_answer() {
    let server = Server::answering(|target| match target {
        "/403" => answer("403 Forbidden", "", b"no"),
        "/503" => answer("503 Busy", "", b"no"),
        "/404" => answer("404 Not Found", "", b"no"),
        _ => answer("200 OK", "", b"<p>hello</p>"),
    });
    let zone = zone();
    let scanner = scanner(means(&zone, &[&server]));
    for (path, unclear) in [("403", true), ("503", true), ("404", false), ("page", false)] {
        let journey = scanner.visit(&parse(&format!("http://www.example.com:{}/{path}", server.port()))).await;
        let finding = journey.finding();
        assert_eq!(matches!(finding.rest, Rest::Unclear(_)), unclear, "{path}: {finding:?}");
    }
    let nobody = scanner.visit(&parse("http://nobody.example.com/")).await.finding();
    assert!(matches!(&nobody.rest, Rest::Unlooked(why) if why.contains("no such host")), "{nobody:?}");
}

#[tokio::test]
async fn one_visit_is_made_however_many_click_at_once() {
    let server = Server::answering(|_| answer("200 OK", "", b"<p>hello</p>"));
    let zone = zone();
    let scanner = Arc::new(scanner(means(&zone, &[&server])));
    let panel = Panel::new(vec![scanner as Arc<dyn Source>], Limits::default(), Arc::new(Still));
    let panel = Arc::new(panel);
    let url = parse(&format!("http://www.example.com:{}/", server.port()));
    let questions = Questions { about: vec![(0, url)], visit: Visit::Hop(0), tenant: None };
    let clicks: Vec<_> = (0..50)
        .map(|_| {
            let (panel, questions) = (panel.clone(), questions.clone());
            tokio::spawn(async move { panel.gather(&questions).await })
        })
        .collect();
    for click in clicks {
        let findings = click.await.unwrap();
        let heard = &findings.heard[0];
        assert_eq!((heard.said(), heard.evidence, heard.from), (Said::Clear, Evidence::Scan, Freshness::Asked));
    }
    assert_eq!(server.came(), 1);
    let never = Questions { visit: Visit::Never(0, "policy".into()), ..questions };
    let told = panel.gather(&never).await.told();
    assert_eq!((told[0].said, told[0].why.as_deref()), (Said::Clear, Some("policy")));
}

#[tokio::test]
async fn a_lure_into_a_network_is_suspicious() {
    let server = Server::answering(|_| redirect("http://192.168.1.1/admin"));
    let zone = zone();
    let journey = scanner(means(&zone, &[&server]));
    let finding = journey.visit(&parse(&format!("http://www.example.com:{}/", server.port()))).await.finding();
    assert_eq!(finding.objections[0].tier, Tier::Suspicious);
    assert!(finding.objections[0].evidence.contains("192.168.1.1"), "{finding:?}");
    assert_eq!(finding.led_to.len(), 1, "where it leads is looked up too");
    // That a link itself leads inside is everyday.
    let inside = journey.visit(&parse("http://192.168.1.1/admin")).await.finding();
    assert!(inside.objections.is_empty() && matches!(inside.rest, Rest::Unlooked(_)), "{inside:?}");
}

#[tokio::test]
async fn what_stands_there_is_looked_at_and_each_mark_is_told() {
    let page = include_str!("../../pages/microsoft-login-en.page").split_once("\n\n").unwrap().1;
    let server = Server::answering(move |target| match target {
        "/go" => answer("200 OK", "Content-Type: text/html\r\n", b"<meta http-equiv=refresh content='0;url=/office'>"),
        _ => answer("200 OK", "Content-Type: text/html; charset=utf-8\r\n", page.as_bytes()),
    });
    let zone = zone();
    let scanner = scanner(means(&zone, &[&server]));
    let journey = scanner.visit(&parse(&format!("http://www.example.com:{}/go", server.port()))).await;
    assert_eq!(journey.steps[1].by, By::Page);
    let finding = journey.finding();
    assert!(finding.objects(), "{finding:?}");
    let marks = finding.objections.iter().filter(|objection| objection.tier == Tier::Clean);
    assert!(marks.count() >= 2, "{finding:?}");
}
