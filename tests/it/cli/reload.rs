//! A configuration that is saved while `sekisho serve` runs: what counts, what is refused, what waits.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    Folder, ONE_TENANT, run,
    serve::{Served, get},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A service on a configuration of its own.
struct House {
    folder: Folder,
    file: String,
    served: Served,
}

impl House {
    fn start(more: &str) -> Self {
        let folder = Folder::new();
        let file = folder.write("sekisho.toml", &text(more));
        run(&["keys", "init", "--config", &file]).ok();
        let served = Served::start_with(&["--config", &file]);
        Self { folder, file, served }
    }

    fn save(&self, text: &str) {
        // As an editor does: a new file is put in the place of the old.
        let beside = self.folder.write("sekisho.toml~", text);
        fs::rename(beside, &self.file).unwrap();
    }

    fn renewal(&self) -> Value {
        let answer = self.served.ready();
        serde_json::from_str::<Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap()["reload"].clone()
    }

    fn part(&self, name: &str) -> Value {
        let renewal = self.renewal();
        renewal["parts"].as_array().unwrap().iter().find(|part| part["part"] == name).unwrap().clone()
    }

    fn until(&self, what: &str, wanted: impl Fn() -> bool) {
        let began = Instant::now();
        while !wanted() {
            assert!(began.elapsed() < PATIENCE, "never {what}: {}", self.renewal());
            std::thread::yield_now();
        }
    }

    fn readings(&self) -> u64 {
        self.renewal()["readings"].as_u64().unwrap()
    }

    /// What somebody is shown whose link was damaged: the name of the tenant stands on it.
    fn page(&self, host: &str) -> String {
        get(&self.served.clicks, host, "/damaged")
    }
}

fn text(more: &str) -> String {
    format!("data_dir = \"data\"\n{ONE_TENANT}{more}\n")
}

#[test]
fn a_save_counts_by_itself_and_whole() {
    let house = House::start("");
    assert!(house.page("go.corp.example").contains("Example"));
    assert!(house.page("go.other.example").starts_with("HTTP/1.1 421 "));
    house.save(&text(
        "help = \"Call 1234\"\n[[tenant]]\nid = 2\nname = \"Other house\"\nbase_url = \"https://go.other.example\"",
    ));
    house.until("read", || house.part("configuration")["taken"] == 2);
    assert!(house.page("go.corp.example").contains("Call 1234"));
    assert!(house.page("go.other.example").contains("Other house"));
    assert!(house.served.ready().contains("\"waiting\":[]"), "{}", house.served.ready());
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_was_in_force_stays() {
    let mut house = House::start("help = \"First\"");
    house.save(&text("help = \"Second\"\nhepl = 1"));
    let line = house.served.until("refused");
    let place = format!("{}:7:1: no key is called \"hepl\"; did you mean \"help\"?", house.file);
    assert!(line.contains(&place) && line.contains("what was in force stays"), "{line}");
    house.until("refused", || house.part("configuration")["refused"] == 1);
    let part = house.part("configuration");
    assert_eq!((&part["taken"], part["problem"].as_str()), (&1.into(), Some(place.as_str())));
    assert!(part["last"].as_i64() >= part["last_taken"].as_i64());
    assert!(house.page("go.corp.example").contains("First"));
    assert!(house.served.ready().contains("\"state\":\"degraded\""));
    for (wrong, told) in
        [(&b"help = \"\xff\""[..], ":1:9: a byte that is no UTF-8"), (b"", ": no tenant is configured")]
    {
        let before = house.part("configuration")["refused"].as_u64().unwrap();
        fs::write(&house.file, wrong).unwrap();
        house.until("refused", || house.part("configuration")["refused"].as_u64().unwrap() > before);
        assert!(house.part("configuration")["problem"].as_str().unwrap().contains(told), "{}", house.renewal());
    }
    fs::remove_file(&house.file).unwrap();
    house.until("missed", || house.renewal().to_string().contains("cannot read the configuration"));
    assert!(house.page("go.corp.example").contains("First"));
    house.save(&text("help = \"Third\""));
    house.until("mended", || house.part("configuration")["problem"].is_null());
    assert!(house.page("go.corp.example").contains("Third"));
    assert!(house.served.ready().contains("\"state\":\"ready\""));
}

#[test]
fn what_cannot_change_while_running_is_named_and_waits() {
    let mut house = House::start("");
    let address = house.served.clicks.clone();
    house.save(&format!(
        "store = \"other.db\"\ndrain_seconds = 20\n{}",
        text("[limits]\nconnections = 7").replace("\"data\"", "\"elsewhere\"")
    ));
    for key in ["data_dir", "store", "spool", "drain_seconds", "limits.connections", "api.tokens"] {
        let line = house.served.until("next start");
        assert!(line.contains(&format!("{key} was changed")), "{key}: {line}");
    }
    house.until("read", || house.part("configuration")["taken"] == 2);
    let waiting = &house.renewal()["waiting"];
    assert_eq!(
        *waiting,
        serde_json::json!(["data_dir", "store", "spool", "drain_seconds", "limits.connections", "api.tokens"])
    );
    assert!(house.part("keyring")["problem"].is_null(), "the keyring is still looked for where it was at the start");
    assert!(!house.folder.path().join("other.db").exists());
    assert!(get(&address, "go.corp.example", "/damaged").starts_with("HTTP/1.1 404 "));
    house.save(&text(""));
    house.until("as it was", || house.renewal()["waiting"] == serde_json::json!([]));
}

#[test]
fn another_keyring_another_folder_of_lists_and_other_templates_count() {
    let house = House::start("");
    let ring = house.folder.join("ring.toml");
    run(&[
        "keys",
        "init",
        "--config",
        &house.folder.write("t.toml", &format!("keyring = \"ring.toml\"\n{ONE_TENANT}")),
    ])
    .ok();
    house.folder.write("lists/mine.list", "=www.example.com ; reason=\"Mine\"\n");
    house.folder.write(
        "templates/damaged.html",
        "{% extends \"base.html\" %}{% block main %}{{ reference }} Ours{% endblock %}",
    );
    let keys = |keyring: &str| {
        format!("keyring = \"{keyring}\"\nblocklists = \"lists\"\ntemplates = \"templates\"\n{}", text(""))
    };
    house.save(&keys("ring.toml"));
    house.until("read", || house.part("configuration")["taken"] == 2);
    assert!(house.page("go.corp.example").contains(" Ours"));
    assert!(house.served.ready().contains("1 lists, 1 entries"), "{}", house.served.ready());

    // A part that is wrong stays as it was and is told; the others count.
    house.save(&keys("nowhere.toml").replace("Example", "New name"));
    house.until("read", || house.part("configuration")["taken"] == 3);
    let keyring = house.part("keyring");
    assert!(keyring["problem"].as_str().unwrap().contains("nowhere.toml") && keyring["refused"] == 1, "{keyring}");
    assert!(house.page("go.corp.example").contains("New name"));
    house.folder.write("templates/damaged.html", "{% if %}");
    fs::rename(ring, house.folder.join("nowhere.toml")).unwrap();
    let before = house.readings();
    house.served.signal("HUP");
    house.until("read", || house.readings() > before);
    assert!(house.part("keyring")["problem"].is_null());
    assert!(house.part("templates")["problem"].as_str().unwrap().contains("damaged.html:1"), "{}", house.renewal());
    assert!(house.page("go.corp.example").contains(" Ours"));
}
