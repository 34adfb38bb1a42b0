//! Sources that have to be asked, as a configuration names them.

use std::net::Ipv4Addr;

use super::{
    CONFIG, Folder, ONE_TENANT,
    mail::rewritten,
    run,
    serve::{Served, get},
};
use crate::{
    dns::{Does, Rbldnsd, Wild},
    hash_server::HashServer,
};

#[test]
fn a_list_by_dns_of_the_configuration_stops_a_click_and_is_told_of() {
    let Some(server) = Rbldnsd::start(&[("multi.test", "dnset", "example.com :127.0.0.8:phishing\n")]) else { return };
    let folder = Folder::new();
    let (_, links) = rewritten(&folder);
    let file = folder.join("sekisho.toml");
    let list = format!(
        "\n[[dns_list]]\nname = \"surbl\"\npreset = \"surbl\"\nzone = \"multi.test\"\nresolver = \"{}\"\n",
        server.address
    );
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + &list).unwrap();
    let served = Served::start(&folder, &[]);
    let page = served.click(&links[0]);
    assert!(page.starts_with("HTTP/1.1 403 "), "{page}");
    assert!(served.click(&links[1]).starts_with("HTTP/1.1 302 "), "another domain");
    assert!(served.ready().contains("1 lists by DNS, 1 questions"), "{}", served.ready());
    let metrics = get(&served.admin, "localhost", "/metrics");
    for sample in [
        "sekisho_dns_list_questions_total{list=\"surbl\",result=\"listed\"} 1",
        "sekisho_dns_list_shut{list=\"surbl\"} 0",
    ] {
        assert!(metrics.contains(sample), "{metrics}");
    }
    served.signal("TERM");
    assert_eq!(served.end().0, Some(0));
    let click = &folder.run(&["clicks", "--json", "--outcome", "blocked"]).ok().json()[0];
    assert_eq!(click["signals"][0]["evidence"], "example.com is listed in multi.test as 127.0.0.8, phishing");
    let told = folder.run(&["explain", click["click_id"].as_str().unwrap()]).ok().out;
    assert!(told.contains("surbl") && told.contains("127.0.0.8"), "{told}");
}

#[test]
fn what_is_wrong_with_a_source_is_told_with_its_place() {
    let folder = Folder::new();
    for (text, words) in [
        ("[[dns_list]]\npreset = \"surbl\"\n", "it needs one, such as name = \"surbl\""),
        ("[[dns_list]]\nname = \"own\"\n", "this preset has no public zone"),
        ("[[dns_list]]\nname = \"a/b\"\npreset = \"surbl\"\n", "64 letters, digits"),
        ("[[dns_list]]\nname = \"own\"\nzone = \"one\"\n", "\"one\" is no zone"),
        (
            "[[dns_list]]\nname = \"own\"\nzone = \"bl.test\"\ncodes = [\"127.0.0.1 phishing\"]\n",
            "is no answer of a list",
        ),
        ("[[dns_list]]\nname = \"own\"\nzone = \"bl.test\"\nresolver = \"localhost\"\n", "such as 127.0.0.1:53"),
        ("[[rpz]]\nname = \"own\"\nzone = \"rpz.test\"\n", "write `file` or `primary`"),
        ("[[rpz]]\nname = \"own\"\nfile = \"x\"\n", "a policy zone needs one"),
        (
            "[[rpz]]\nname = \"own\"\nzone = \"rpz.test\"\nprimary = \"192.0.2.1:53\"\nkey_name = \"k\"\n",
            "write both, or neither",
        ),
        ("[safe_browsing]\nurl = \"https://a.example\"\nlists = [\"../x\"]\n", "no list has such a name"),
        (
            "[[dns_list]]\nname = \"own\"\nzone = \"bl.test\"\n[[dns_list]]\nname = \"own\"\nzone = \"bl.test\"\n",
            "there is a source \"own\" already",
        ),
    ] {
        let file = folder.write("sekisho.toml", &format!("data_dir = \"data\"\n{ONE_TENANT}{text}"));
        run(&["config", "check", "--config", &file]).says(&[words, "sekisho.toml:"]);
        assert_eq!(run(&["config", "check", "--config", &file]).code, CONFIG, "{text}");
    }
}

#[test]
fn a_policy_zone_and_hash_prefixes_of_the_configuration_stop_clicks() {
    let server = HashServer::start();
    server.list("se-4b", &["other.example/", "www.example.com/a"]);
    server.knows("www.example.com/a", "SOCIAL_ENGINEERING", &[]);
    let folder = Folder::new();
    let (_, links) = rewritten(&folder);
    folder.write("rpz.zone", "@ SOA a. b. 3 1 1 1 1\nother.example CNAME .\n");
    let file = folder.join("sekisho.toml");
    let more = format!(
        "\n[[rpz]]\nname = \"own-rpz\"\nzone = \"rpz.test\"\nfile = \"rpz.zone\"\ntier = \"suspicious\"\n\
         \n[safe_browsing]\nurl = \"{}\"\nlists = [\"se-4b\"]\n",
        server.url
    );
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + &more).unwrap();
    let served = Served::start(&folder, &[]);
    served
        .ready_until(|answer| answer.contains("0 lists by DNS, 0 questions; 1 policy zones, 1 rules; 2 hash prefixes"));
    served.click_until(&links[0], "HTTP/1.1 403 ");
    let warned = served.click(&links[1]);
    assert!(warned.starts_with("HTTP/1.1 200 ") && !warned.contains("\r\nlocation:"), "{warned}");
    let metrics = get(&served.admin, "localhost", "/metrics");
    for sample in [
        "sekisho_policy_zone_rules{zone=\"own-rpz\"} 1",
        "sekisho_hash_list_entries{list=\"se-4b\"} 2",
        "sekisho_hash_requests_total{what=\"update\",result=\"taken\"} 1",
    ] {
        assert!(metrics.contains(sample), "{metrics}");
    }
    served.signal("TERM");
    assert_eq!(served.end().0, Some(0));
    assert!(folder.path().join("safe_browsing/se-4b.prefixes").exists());
}

#[test]
fn doctor_says_which_list_refuses_this_resolver() {
    let server = Wild::start(|name| match name {
        "2.0.0.127.good.test" => Does::Tells(60, vec![Ipv4Addr::new(127, 0, 0, 2)]),
        "2.0.0.127.shut.test" => Does::Tells(60, vec![Ipv4Addr::new(127, 255, 255, 254)]),
        _ => Does::Denies(60),
    });
    let folder = Folder::new();
    rewritten(&folder);
    let lists: String = ["good", "shut", "empty"]
        .map(|name| {
            format!("\n[[dns_list]]\nname = \"{name}\"\nzone = \"{name}.test\"\nresolver = \"{}\"\n", server.address)
        })
        .concat();
    let file = folder.join("sekisho.toml");
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + &lists).unwrap();
    let ran = folder.run(&["doctor"]);
    assert_eq!(ran.code, CONFIG);
    for line in [
        "ok   list by DNS    good (good.test) answers and lists its test point",
        "BAD  list by DNS    shut (shut.test) answers 127.255.255.254: it does not serve this resolver",
        "note list by DNS    empty (empty.test) answers and does not list its test point 2.0.0.127",
    ] {
        assert!(ran.out.contains(line), "{}", ran.out);
    }
}
