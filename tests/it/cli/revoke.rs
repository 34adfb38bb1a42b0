//! Taking links back, from the command line to the click.

use std::time::{Duration, Instant};

use super::{DATA, Folder, NO_INPUT, Ran, USAGE, mail::rewritten_from, serve::Served};

const SAID: [&str; 4] = ["--reason", "INC-7", "--by", "alice"];

fn revoke(folder: &Folder, args: &[&str]) -> Ran {
    folder.run(&[&["revoke"], args, &SAID].concat())
}

fn release(folder: &Folder, id: &str) -> Ran {
    folder.run(&[&["release", id], &SAID[..]].concat())
}

#[test]
fn what_is_taken_back_stops_in_a_running_server_and_opens_when_it_is_released() {
    let folder = Folder::new();
    let (_, links) = rewritten_from(&folder, "shop@mail.example");
    let served = Served::start(&folder, &[]);
    assert!(served.click(&links[0]).starts_with("HTTP/1.1 302 "));
    let hash = folder.run(&["decode", "--json", &links[0]]).json()[0]["message"].as_str().unwrap().to_owned();
    let key = folder.run(&["keys", "list", "--json"]).json()[0]["key"].as_str().unwrap().to_owned();
    let preview = links[0].replacen("8480/", "8480/~/preview/", 1);
    let page = "withdrawn and no longer opens";
    let message = "found to be harmful";
    for (args, says, both) in [
        (vec!["link", &links[0]], page, false),
        (vec!["link", &preview], page, false),
        (vec!["message", &links[1]], message, true),
        (vec!["message", &hash], message, true),
        (vec!["message", "<1@corp.example>"], message, true),
        (vec!["message", "1@corp.example"], message, true),
        (vec!["sender", "SHOP@mail.example"], message, true),
        (vec!["tenant", "1"], page, true),
        (vec!["key", &key], page, true),
        (vec!["window", "--from", "1h"], page, true),
        (vec!["sender", "shop@mail.example", "--tenant", "1", "--from", "1h"], message, true),
    ] {
        let id = revoke(&folder, &args).ok().says(&["takes back", "1 messages to 1 recipients"]).out;
        served.click_until(&links[0], "HTTP/1.1 403 ");
        assert!(served.click(&links[0]).contains(says), "{args:?}");
        assert_eq!(served.click(&links[1]).starts_with("HTTP/1.1 403 "), both, "{args:?}");
        release(&folder, id.trim()).ok();
        served.click_until(&links[0], "HTTP/1.1 302 ");
    }
    // The store gets a click a little after it was answered.
    let began = Instant::now();
    let reference = loop {
        let clicks = folder.run(&["clicks", "--json", "--outcome", "allowed"]).ok().json();
        if let Some(click) = clicks.first() {
            break click["click_id"].as_str().unwrap().to_owned();
        }
        assert!(began.elapsed() < Duration::from_secs(10), "no click was ever written");
    };
    revoke(&folder, &["link", &reference]).ok();
    served.click_until(&links[0], "HTTP/1.1 403 ");
    assert!(served.click(&links[1]).starts_with("HTTP/1.1 302 "));
    assert!(served.ready().contains("\"rulings\""), "{}", served.ready());
}

#[test]
fn a_dry_run_counts_and_does_nothing() {
    let folder = Folder::new();
    let (_, links) = rewritten_from(&folder, "shop@mail.example");
    let counted = |args: &[&str]| {
        let ran = revoke(&folder, &[args, &["--dry-run", "--json"]].concat()).ok();
        let touches = ran.json()[0]["touches"].clone();
        assert_eq!(ran.json()[0].get("id"), None);
        (touches["links"].as_i64().unwrap(), touches["recipients"].as_i64().unwrap())
    };
    let key = folder.run(&["keys", "list", "--json"]).json()[0]["key"].as_str().unwrap().to_owned();
    assert_eq!(counted(&["link", &links[0]]), (1, 1));
    assert_eq!(counted(&["message", &links[0]]), (2, 1));
    assert_eq!(counted(&["sender", "shop@mail.example"]), (2, 1));
    assert_eq!(counted(&["sender", "nobody@mail.example"]), (0, 0));
    assert_eq!(counted(&["tenant", "1", "--until", "1h"]), (0, 0));
    assert_eq!(counted(&["key", &key]), (2, 1));
    assert_eq!(folder.run(&["revoke", "list", "--all", "--json"]).ok().out, "");
}

#[test]
fn the_list_shows_who_when_why_and_what_became_of_it() {
    let folder = Folder::new();
    let (_, links) = rewritten_from(&folder, "shop@mail.example");
    let first = revoke(&folder, &["link", &links[0], "--expires", "2100-01-01"]).ok().out.trim().to_owned();
    assert_eq!(revoke(&folder, &["link", &links[0], "--expires", "2100-01-01"]).ok().out.trim(), first);
    let second = revoke(&folder, &["tenant", "1"]).ok().out.trim().to_owned();
    release(&folder, &second).ok();
    let shown = folder.run(&["revoke", "list", "--json"]).ok().json();
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0]["by"].as_str(), shown[0]["reason"].as_str()), (Some("alice"), Some("INC-7")));
    assert!(shown[0]["link"].is_string() && shown[0]["release"].is_null() && shown[0]["expires"].is_i64());
    let all = folder.run(&["revoke", "list", "--all", "--json"]).ok().json();
    assert_eq!((all.len(), all[1]["release"]["by"].as_str()), (2, Some("alice")));
    let text = folder.run(&["revoke", "list", "--all"]).ok().out;
    for words in ["by alice: INC-7", "until 2100-01-01T00:00:00Z", "links of tenant 1", "released "] {
        assert!(text.contains(words), "{words}: {text}");
    }
    release(&folder, &second).refused(DATA, &["released already, by alice"]);
    release(&folder, "99").refused(NO_INPUT, &["there is no revocation 99"]);
}

#[test]
fn what_names_nothing_of_ours_is_refused_with_what_to_do() {
    let folder = Folder::new();
    revoke(&folder, &["link", "https://x.example/"]).refused(NO_INPUT, &["there is no store"]);
    let (_, links) = rewritten_from(&folder, "shop@mail.example");
    let damaged = &links[0][..links[0].len() - 2];
    revoke(&folder, &["link", damaged]).refused(DATA, &["none of our links"]);
    revoke(&folder, &["link", "nonsense"]).refused(DATA, &["none of our links"]);
    revoke(&folder, &["link", "0000-0000-0000-0000"]).refused(NO_INPUT, &["no click with the reference"]);
    revoke(&folder, &["message", "<2@corp.example>"]).refused(NO_INPUT, &["no message with it as Message-ID"]);
    revoke(&folder, &["tenant", "9"]).refused(USAGE, &["there is no tenant 9; the configuration has 1"]);
    revoke(&folder, &["key", "00000000"]).refused(USAGE, &["the keyring has no key"]);
    revoke(&folder, &["window"]).refused(USAGE, &["every link of everybody"]);
    revoke(&folder, &["window", "--from", "1h", "--until", "2h"]).refused(USAGE, &["ends before it begins"]);
    revoke(&folder, &["tenant", "1", "--expires", "yesterday"]).refused(USAGE, &["--expires"]);
    revoke(&folder, &["tenant", "1", "--expires", "1h"]).refused(USAGE, &["expired already"]);
    folder.run(&["revoke", "tenant", "1", "--by", "alice"]).refused(USAGE, &["--reason"]);
    folder.run(&["revoke", "tenant", "1", "--by", "", "--reason", "x"]).refused(USAGE, &["is empty"]);
    assert_eq!(folder.run(&["revoke", "list", "--all"]).ok().out, "");
}
