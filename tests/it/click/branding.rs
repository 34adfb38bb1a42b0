use std::sync::Arc;

use sekisho::click::{Brand, Color, House, Logo};

use super::{HOST, OTHER_TENANT, Station, front::get};

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h9\"/></svg>";

fn branded() -> Station {
    Station::new().moved(|tenant| {
        let brand = Brand { light: Color::parse("#7a1f3d").ok(), dark: None, logo: Logo::of(SVG.into()).ok() };
        tenant.house = Arc::new(House { name: Some("Example".into()), brand, ..House::default() });
    })
}

#[test]
fn a_logo_is_served_as_a_picture_from_the_link_host_alone() {
    let station = branded();
    let listener = station.front();
    let page = get(&listener, &station.link("http://192.0.2.1/"));
    let source = page.body.split("<img class=\"logo\" src=\"").nth(1).unwrap().split('"').next().unwrap();
    let source = source.replace("&#x2f;", "/");
    assert!(source.starts_with("/~/logo/"), "{source}");
    let logo = get(&listener, &source);
    assert_eq!((logo.status, logo.header("content-type"), logo.body.as_str()), (200, Some("image/svg+xml"), SVG));
    assert_eq!(logo.header("x-content-type-options"), Some("nosniff"));
    assert!(logo.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")));
    assert!(!page.body.contains("M0 0h9"), "a picture is never part of the page");
    assert_eq!(get(&listener, "/~/logo/0000000000000000").status, 404);
    // Another tenant's host does not have it.
    let elsewhere =
        listener.say(format!("GET {source} HTTP/1.1\r\nHost: go.other.example\r\nConnection: close\r\n\r\n"));
    assert_eq!(elsewhere.status, 404);
    // Under a prefix it lies under the prefix.
    let path = format!("/mail{}", station.link("http://192.0.2.1/"));
    let prefixed = listener.say(format!(
        "GET {path} HTTP/1.1\r\nHost: www.corp.example\r\nUser-Agent: Mozilla/5.0\r\nConnection: close\r\n\r\n"
    ));
    assert!(prefixed.body.contains("src=\"&#x2f;mail/~/logo/"), "{}", prefixed.body);
}

#[test]
fn the_policy_lets_the_brands_own_style_through_on_its_pages_alone() {
    let station = branded();
    let listener = station.front();
    let policy = |reply: super::server::Reply| reply.header("content-security-policy").unwrap().to_owned();
    let ours = policy(get(&listener, &station.link("http://192.0.2.1/")));
    assert_eq!(ours.matches("'sha256-").count(), 2, "{ours}");
    let theirs = station.link_of(OTHER_TENANT, "http://192.0.2.1/");
    let plain = listener.say(format!("GET {theirs} HTTP/1.1\r\nHost: go.other.example\r\nConnection: close\r\n\r\n"));
    assert_eq!(policy(plain).matches("'sha256-").count(), 1);
    assert!(station.checkpoint.spot(HOST, b"/").is_some());
}
