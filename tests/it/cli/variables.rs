//! `SEKISHO_…` variables: what counts, where it was written, what is refused.

use std::{fs, os::unix::fs::PermissionsExt, process::Output};

use super::{CONFIG, Folder, ONE_TENANT, command, run};

fn run_in(variables: &[(&str, &str)], args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command(args).envs(variables.iter().copied()).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_file_a_variable_and_an_option_each_count_and_are_shown() {
    let folder = Folder::new();
    let file = folder.write("s.toml", &format!("listen = \"127.0.0.1:1\"\ndata_dir = \"d\"\n{ONE_TENANT}"));
    let variables = [("SEKISHO_CONFIG", file.as_str()), ("SEKISHO_LISTEN", "127.0.0.1:2")];
    let (code, out, err) = run_in(&variables, &["config", "show"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("listen = \"127.0.0.1:2\"  # SEKISHO_LISTEN\n"), "{out}");
    assert!(out.contains(&format!("id = 1  # {file}:4\n")), "{out}");
    let (_, out, _) = run_in(&variables, &["config", "show", "--json", "--config", &file, "--data-dir", "/d"]);
    let all: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |key: &str| all.iter().find(|setting| setting["key"] == key).unwrap();
    assert_eq!((&of("data_dir")["value"], &of("data_dir")["origin"]), (&"\"/d\"".into(), &"--data-dir".into()));
    assert_eq!((&of("tenant.name")["section"], &of("templates")["value"]), (&"1".into(), &serde_json::Value::Null));
}

#[test]
fn a_data_folder_can_be_named_by_a_variable() {
    let folder = Folder::new();
    let path = folder.join("data");
    let (code, _, err) = run_in(&[("SEKISHO_DATA_DIR", &path)], &["keys", "init"]);
    assert_eq!(code, 0, "{err}");
    assert!(folder.path().join("data/keyring.toml").exists());
    let (_, out, _) = run_in(&[("SEKISHO_DATA_DIR", &path)], &["config", "show"]);
    assert!(out.contains(&format!("data_dir = \"{path}\"  # SEKISHO_DATA_DIR\n")), "{out}");
    assert!(out.contains(&format!("store = \"{path}/sekisho.db\"")), "{out}");
}

#[test]
fn a_variable_that_is_wrong_is_refused_by_its_name() {
    let folder = Folder::new();
    let file = folder.write("s.toml", ONE_TENANT);
    for (name, value, told) in [
        ("SEKISHO_LISTNE", "127.0.0.1:2", "did you mean SEKISHO_LISTEN?"),
        ("SEKISHO_LISTEN", "2", "SEKISHO_LISTEN: listen: \"2\" is not an IP address"),
        ("SEKISHO_DRAIN_SECONDS", "-1", "SEKISHO_DRAIN_SECONDS: drain_seconds must be a whole number from 0 to 600"),
    ] {
        let (code, out, err) = run_in(&[(name, value)], &["config", "check", "--config", &file]);
        assert_eq!((code, out.as_str()), (CONFIG, ""), "{err}");
        assert!(err.contains(name) && err.contains(told), "{err}");
    }
}

#[test]
fn a_credential_of_systemd_is_a_keyring_although_its_group_may_read_it() {
    let folder = Folder::new();
    let file = folder.write("s.toml", &format!("data_dir = \"data\"\n{ONE_TENANT}"));
    let ring = folder.join("ring.toml");
    run(&["keys", "init", "--config", &folder.write("t.toml", &format!("keyring = \"ring.toml\"\n{ONE_TENANT}"))]).ok();
    fs::set_permissions(&ring, fs::Permissions::from_mode(0o440)).unwrap();
    let args = ["keys", "list", "--config", &file];
    let folder = folder.path().to_str().unwrap().to_owned();
    let (code, _, err) = run_in(&[("SEKISHO_KEYRING", &ring)], &args);
    assert!(code == CONFIG && err.contains("can be read by others"), "{err}");
    let (code, out, err) = run_in(&[("SEKISHO_KEYRING", &ring), ("CREDENTIALS_DIRECTORY", &folder)], &args);
    assert_eq!((code, out.lines().count()), (0, 1), "{err}");
}
