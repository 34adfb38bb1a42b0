//! What is changed on the admin listener: by programs, by forms, and by nobody else.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
};

use fantoccini::Locator;
use serde_json::{Value, json};

use super::{
    Folder,
    admin::{clicked, shot},
    serve::{Served, get},
};
use crate::browser::{Browser, Look};

fn post(served: &Served, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut stream = TcpStream::connect(&served.admin).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        served.admin,
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_else(|_| panic!("{answer}"))
}

fn key(folder: &Folder) -> String {
    fs::read_to_string(folder.join("admin.key")).unwrap().trim().to_owned()
}

/// A change as a program asks for it: its status and what came of it.
fn ask(folder: &Folder, served: &Served, path: &str, change: &Value) -> (String, Value) {
    let bearer = format!("Bearer {}", key(folder));
    let answer = post(served, path, &[("Authorization", &bearer)], &change.to_string());
    (answer[9..12].to_owned(), body(&answer))
}

fn found(served: &Served, text: &str) -> Vec<String> {
    let found = body(&get(&served.admin, "localhost", &format!("/api/entries?q={text}")));
    let entries = found["entries"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| format!("{}:{} {}", entry["list"], entry["line"], entry["entry"]).replace('"', ""))
        .collect()
}

fn found_until(served: &Served, text: &str, wanted: &[&str]) {
    let began = std::time::Instant::now();
    while found(served, text) != wanted {
        assert!(began.elapsed().as_secs() < 10, "{text}: {:?} and not {wanted:?}", found(served, text));
    }
}

#[test]
fn a_program_tries_writes_ends_and_removes_an_entry() {
    let (folder, served) = clicked();
    assert_eq!(fs::metadata(folder.join("admin.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read_to_string(folder.join("blocklists/block.list")).unwrap();
    let new = json!({"list": "block", "entry": "www.example.com", "reason": "why not", "ref": "INC-7"});
    let (status, shown) = ask(&folder, &served, "/api/entries/preview", &new);
    assert_eq!((status.as_str(), &shown["written"]), ("200", &json!(false)), "{shown}");
    assert_eq!((&shown["met"]["clicks"], &shown["met"]["hosts"]), (&json!(1), &json!(["www.example.com"])), "{shown}");
    assert_eq!(fs::read_to_string(folder.join("blocklists/block.list")).unwrap(), before);
    let (_, made) = ask(&folder, &served, "/api/entries/add", &new);
    assert_eq!(made["written"], true, "{made}");
    let line = "www.example.com ; reason=\"why not\" ref=INC-7";
    assert_eq!(fs::read_to_string(folder.join("blocklists/block.list")).unwrap(), format!("{before}{line}\n"));
    let number = before.lines().count() + 1;
    found_until(&served, "INC-7", &[&format!("block:{number} www.example.com")]);
    let (_, again) = ask(&folder, &served, "/api/entries/add", &new);
    assert_eq!((&again["written"], &again["relations"][0]["relation"]), (&json!(false), &json!("same")));

    let old = json!({"list": "block", "entry": "WWW.example.com"});
    let mut end = old.clone();
    end["until"] = "2031-05-01".into();
    let (_, ended) = ask(&folder, &served, "/api/entries/expire", &end);
    assert_eq!(ended["come"][0][1], "www.example.com ; reason=\"why not\" until=2031-05-01 ref=INC-7", "{ended}");
    let (_, gone) = ask(&folder, &served, "/api/entries/remove", &old);
    assert_eq!(gone["gone"][0][0], json!(number));
    assert_eq!(fs::read_to_string(folder.join("blocklists/block.list")).unwrap(), before, "byte for byte");
    found_until(&served, "INC-7", &[]);

    for (path, change, status) in [
        ("add", json!({"list": "block", "entry": "co.uk"}), "422"),
        ("add", json!({"list": "block", "entry": "login.microsoftonline.com"}), "422"),
        ("add", json!({"list": "block", "entry": "# x"}), "422"),
        ("add", json!({"list": "block", "entry": "x.example\n@action allow"}), "422"),
        ("add", json!({"list": "block", "entry": "x.example", "reason": "a\nb"}), "422"),
        ("add", json!({"list": "../block", "entry": "x.example"}), "422"),
        ("add", json!({"list": "feeds/some", "entry": "x.example"}), "422"),
        ("add", json!({"list": "none", "entry": "x.example"}), "404"),
        ("remove", old.clone(), "404"),
        ("expire", end.clone(), "404"),
        ("add", json!({"entries": []}), "400"),
        ("burn", json!({}), "404"),
    ] {
        let (told, says) = ask(&folder, &served, &format!("/api/entries/{path}"), &change);
        assert_eq!(told, status, "{path} {change}: {says}");
        assert!(says["error"].as_str().is_some_and(|says| !says.is_empty()));
    }
    assert_eq!(fs::read_to_string(folder.join("blocklists/block.list")).unwrap(), before);
}

#[test]
fn nobody_changes_anything_without_the_key_or_from_another_site() {
    let (folder, served) = clicked();
    let before = fs::read_to_string(folder.join("blocklists/block.list")).unwrap();
    let bearer = format!("Bearer {}", key(&folder));
    let change = json!({"list": "block", "entry": "x.example"}).to_string();
    for (headers, status) in [
        (vec![], "401"),
        (vec![("Authorization", "Bearer x")], "401"),
        (vec![("Authorization", bearer.as_str()), ("Origin", "http://evil.example")], "403"),
        (vec![("Authorization", bearer.as_str()), ("Sec-Fetch-Site", "cross-site")], "403"),
    ] {
        for path in ["/api/entries/add", "/api/feeds/some/rollback"] {
            let answer = post(&served, path, &headers, &change);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers:?} {answer}");
        }
    }
    // By a form: without a cookie, and with the cookie of whoever has no key.
    let form = "token=x&list=block&entry=x.example";
    for headers in [vec![], vec![("Cookie", "sekisho_admin=x")]] {
        for path in ["/lists/add", "/lists/remove", "/feeds/some/rollback", "/enter"] {
            let answer = post(&served, path, &headers, form);
            assert!(answer.starts_with("HTTP/1.1 403 "), "{path} {answer}");
            assert!(!answer.to_lowercase().contains("set-cookie"), "{answer}");
        }
    }
    for path in ["/", "/api/status", "/readyz", "/api/feeds/some/burn", "/lists"] {
        assert!(post(&served, path, &[("Authorization", &bearer)], "").starts_with("HTTP/1.1 405 "), "{path}");
    }
    assert_eq!(fs::read_to_string(folder.join("blocklists/block.list")).unwrap(), before);
    for path in ["/lists", "/feeds", "/lists?q=other", "/api/feeds", "/api/entries?q=o", "/api/status"] {
        assert!(!get(&served.admin, "localhost", path).contains(&key(&folder)), "{path}");
    }
}

#[test]
fn feeds_are_seen_asked_and_taken_back() {
    let (folder, served) = clicked();
    let feed = || body(&get(&served.admin, "localhost", "/api/feeds"))[0].clone();
    assert_eq!((&feed()["standing"], &feed()["current"]["rows"]["suffixes"]), (&json!("current"), &json!(1)));
    found_until(&served, "evil.example", &["feeds/some:5 evil.example"]);
    folder.write("upstream.txt", "evil.example\nworse.example\n");
    ask(&folder, &served, "/api/feeds/some/update", &json!({}));
    found_until(&served, "worse.example", &["feeds/some:6 worse.example"]);
    let (status, told) = ask(&folder, &served, "/api/feeds/some/rollback", &json!({}));
    assert_eq!(status, "200", "{told}");
    assert_eq!((&feed()["standing"], &feed()["current"]["version"]), (&json!("held"), &told["version"]));
    found_until(&served, "worse.example", &[]);
    assert_eq!(ask(&folder, &served, "/api/feeds/some/accept", &json!({})).0, "404");
    assert_eq!(ask(&folder, &served, "/api/feeds/none/update", &json!({})).0, "404");
}

/// Fits the window, but for tables, which scroll by themselves.
const FITS: &str = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth";

#[tokio::test]
async fn the_pages_are_whole_in_a_browser_and_change_what_they_say() {
    let (folder, served) = clicked();
    folder.write("upstream.txt", "/\nevil.example\n");
    assert_eq!(folder.run(&["feed", "update"]).code, super::DATA);
    served.ready_until(|answer| answer.contains("was refused"));
    let key = key(&folder);
    for (language, form, size, dark) in [
        ("en", "phone", (390, 844), false),
        ("ja", "phone", (390, 844), true),
        ("en", "desktop", (1280, 1400), true),
        ("ja", "desktop", (1280, 1400), false),
    ] {
        let browser = Browser::start(&Look { language, size, dark }).await;
        let client = &browser.client;
        let name = |page: &str| format!("admin-{page}-{language}-{form}-{}", if dark { "dark" } else { "light" });
        client.goto(&format!("http://{}/lists", served.admin)).await.unwrap();
        client.find(Locator::Css("input[name=key]")).await.unwrap().send_keys(&key).await.unwrap();
        shot(client, &name("key")).await;
        client.find(Locator::Css("form[action='/enter'] button")).await.unwrap().click().await.unwrap();
        let entry = client.wait().for_element(Locator::Css("input[name=entry]")).await.unwrap();
        let host = format!("{language}-{form}.example.com");
        entry.send_keys(&host).await.unwrap();
        client.find(Locator::Css("form[action='/lists/preview'] button")).await.unwrap().click().await.unwrap();
        let write = client.wait().for_element(Locator::Css("button[formaction='/lists/add']")).await.unwrap();
        shot(client, &name("preview")).await;
        assert_eq!(client.execute(FITS, vec![]).await.unwrap(), Value::Bool(true), "{}", name("preview"));
        write.click().await.unwrap();
        client.wait().for_element(Locator::Css(".note pre")).await.unwrap();
        let began = std::time::Instant::now();
        while found(&served, &host).is_empty() {
            assert!(began.elapsed().as_secs() < 10, "{host} was not written");
        }
        assert!(fs::read_to_string(folder.join("blocklists/block.list")).unwrap().ends_with(&format!("{host}\n")));
        client.goto(&format!("http://{}/lists?q=example", served.admin)).await.unwrap();
        shot(client, &name("entries")).await;
        assert_eq!(client.execute(FITS, vec![]).await.unwrap(), Value::Bool(true), "{}", name("entries"));
        client.goto(&format!("http://{}/feeds", served.admin)).await.unwrap();
        client.find(Locator::Css("form[action='/feeds/some/accept']")).await.unwrap();
        shot(client, &name("feeds")).await;
        assert_eq!(client.execute(FITS, vec![]).await.unwrap(), Value::Bool(true), "{}", name("feeds"));
        browser.stop().await;
    }
}
