//! What the admin listener of `sekisho serve` tells: pages, JSON, metrics; and to whom.

use std::collections::BTreeSet;

use sekisho::app::metrics::{Kind, METRICS};
use serde_json::Value;

use super::{
    Folder,
    mail::rewritten,
    serve::{Served, get},
};
use crate::{
    browser::{Browser, Look},
    dns::{Does, Wild},
    hash_server::HashServer,
};

/// A service that has let one click through, blocked one and met one damaged link, all of it written.
pub(super) fn clicked() -> (Folder, Served) {
    clicked_with("")
}

/// The same with more in its configuration, every part of it in order.
fn clicked_with(more: &str) -> (Folder, Served) {
    let folder = Folder::new();
    let (_, links) = rewritten(&folder);
    let file = folder.join("sekisho.toml");
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + more).unwrap();
    folder.write("rpz.zone", "@ SOA a. b. 1 1 1 1 1\n");
    folder.write("blocklists/mine.list", "other.example ; reason=\"Test\"\n");
    folder.write("upstream.txt", "evil.example\nco.uk\n");
    let config = std::fs::read_to_string(folder.join("sekisho.toml")).unwrap();
    folder.write(
        "sekisho.toml",
        &format!("{config}\n[[feed]]\nname = \"some\"\nfrom = \"upstream.txt\"\nformat = \"domains\"\n"),
    );
    let served = Served::start(&folder, &[]);
    served.ready_until(|answer| !answer.contains("degraded"));
    for link in &links[..2] {
        served.click(link);
    }
    served.click("http://localhost:8480/damaged");
    served.ready_until(|answer| answer.contains(" 0 waiting") && answer.contains("1 feeds, 1 entries"));
    (folder, served)
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

fn json(served: &Served, path: &str) -> Value {
    serde_json::from_str(body(&get(&served.admin, "localhost", path))).unwrap()
}

#[test]
fn it_tells_how_everything_stands_and_no_secret() {
    let (folder, served) = clicked();
    let status = json(&served, "/api/status");
    let names: BTreeSet<&str> = status.as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = ["keys", "lists", "log", "node", "now", "reload", "started", "state", "version", "vitals"];
    assert_eq!(names, BTreeSet::from(wanted));
    assert_eq!(status["keys"][0]["state"], "signing");
    let clicks = json(&served, "/api/clicks");
    let clicks = clicks.as_array().unwrap();
    assert_eq!(clicks.len(), 3);
    let page = get(&served.admin, "127.0.0.1", "/");
    for click in clicks {
        let reference = click["click_id"].as_str().unwrap();
        assert!(page.contains(&format!("href=\"/clicks/{reference}\"")), "{page}");
        assert_eq!(json(&served, &format!("/api/clicks/{reference}"))["click_id"], reference);
        assert!(get(&served.admin, "localhost", &format!("/clicks/{reference}")).contains(reference));
    }
    let secret = std::fs::read_to_string(folder.join("keyring.toml")).unwrap();
    let secret = secret.lines().find_map(|line| line.strip_prefix("secret = ")).unwrap().trim_matches('"').to_owned();
    let metrics = get(&served.admin, "localhost", "/metrics");
    for told in [&page, &status.to_string(), &metrics, &get(&served.admin, "localhost", "/api/clicks")] {
        assert!(!told.contains(&secret) && !told.contains("a?b=1"), "{told}");
    }
    let head = page.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
    for line in ["content-security-policy: default-src 'none'; style-src 'sha256-", "cache-control: no-store"] {
        assert!(head.contains(line), "{head}");
    }
    assert!(!page.contains("<script") && !page.contains(" src=") && !page.contains("<form"), "{page}");
}

#[test]
fn it_answers_this_machine_alone_and_only_reads() {
    let (_folder, served) = clicked();
    for path in ["/", "/metrics", "/api/status", "/api/clicks", "/clicks/01JD-8Q2W-7M4K-X3ZT"] {
        assert!(get(&served.admin, "evil.example", path).starts_with("HTTP/1.1 421 "), "{path}");
        assert!(get(&served.admin, "localhost", path).starts_with("HTTP/1.1 200 "), "{path}");
        // The public listener knows none of it.
        assert!(!get(&served.clicks, "localhost:8480", path).contains("sekisho_"), "{path}");
    }
    for path in ["/api/clicks/01JD-8Q2W-7M4K-X3ZT", "/clicks/x", "/api/", "/..", "//"] {
        assert!(get(&served.admin, "localhost", path).starts_with("HTTP/1.1 404 "), "{path}");
    }
}

#[test]
fn metrics_are_those_of_the_page_and_count() {
    // One source of each kind, of which none knows of anything.
    let (names, hashes) = (Wild::start(|_| Does::Denies(60)), HashServer::start());
    hashes.list("se-4b", &[]);
    let (_folder, served) = clicked_with(&format!(
        "\n[[dns_list]]\nname = \"own\"\nzone = \"bl.test\"\nresolver = \"{}\"\n\
         \n[[rpz]]\nname = \"own-rpz\"\nzone = \"rpz.test\"\nfile = \"rpz.zone\"\n\
         \n[safe_browsing]\nurl = \"{}\"\nlists = [\"se-4b\"]\n",
        names.address, hashes.url
    ));
    let answer = get(&served.admin, "localhost", "/metrics");
    assert!(
        answer.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"),
        "{answer}"
    );
    let text = body(&answer);
    let told: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert_eq!(told, METRICS.iter().map(|metric| metric.name).collect());
    for metric in METRICS {
        let samples = |line: &&str| line.starts_with(metric.name) && !line.starts_with('#');
        let sample = text.lines().find(samples).unwrap_or_else(|| panic!("{} has no value", metric.name));
        for label in metric.labels {
            assert!(sample.contains(&format!("{label}=\"")), "{sample}");
        }
        let suffix = if metric.kind == Kind::Counter { "_total" } else { "" };
        assert!(sample.starts_with(&format!("{}{suffix}", metric.name)), "{sample}");
    }
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name}: {text}")).parse().unwrap()
    };
    for (name, wanted) in [
        ("sekisho_clicks_total{outcome=\"allowed\"}", 1.0),
        ("sekisho_clicks_total{outcome=\"blocked_by_admin\"}", 1.0),
        ("sekisho_clicks_total{outcome=\"bad_signature\"}", 1.0),
        ("sekisho_clicks_total{outcome=\"warned\"}", 0.0),
        ("sekisho_decision_seconds_count", 3.0),
        ("sekisho_http_total{what=\"requests\"}", 3.0),
        ("sekisho_spool_synced_total", 3.0),
        ("sekisho_spool_dropped_total", 0.0),
        ("sekisho_list_entries{list=\"mine\"}", 1.0),
        ("sekisho_reload_failed{part=\"configuration\"}", 0.0),
        ("sekisho_keys{state=\"signing\"}", 1.0),
    ] {
        assert_eq!(value(name), wanted, "{name}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn the_page_is_whole_in_a_browser() {
    let (folder, served) = clicked();
    folder.write("blocklists/broken.list", "/ ; becuase=x\n");
    served.ready_until(|answer| answer.contains("degraded"));
    for (language, wanted) in [("en", "something needs a look"), ("ja", "確認が必要な箇所があります")] {
        for (form, size) in [("phone", (390, 844)), ("desktop", (1280, 1600))] {
            let dark = form == "phone" && language == "ja";
            let browser = Browser::start(&Look { language, size, dark }).await;
            let client = &browser.client;
            client.goto(&format!("http://{}/", served.admin)).await.unwrap();
            assert!(client.source().await.unwrap().contains(wanted));
            // The style sheet was let through, and nothing but the tables is wider than the window.
            let fits = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth \
                        && getComputedStyle(document.querySelector('.sheet')).maxWidth !== 'none'";
            shot(client, &format!("admin-{language}-{form}")).await;
            assert_eq!(client.execute(fits, vec![]).await.unwrap(), Value::Bool(true), "{language} {form}");
            client.find(fantoccini::Locator::Css("a[href^='/clicks/']")).await.unwrap().click().await.unwrap();
            client.wait().for_element(fantoccini::Locator::Css("pre.told")).await.unwrap();
            shot(client, &format!("admin-click-{language}-{form}")).await;
            browser.stop().await;
        }
    }
}

/// Kept where `SEKISHO_SCREENSHOTS` names a folder, to be looked at.
pub(super) async fn shot(client: &fantoccini::Client, name: &str) {
    if let Some(folder) = std::env::var_os("SEKISHO_SCREENSHOTS") {
        let picture = client.screenshot().await.unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
    }
}
