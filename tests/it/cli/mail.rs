//! The pipe of a mail system: a whole message or none, and code 75 whenever the fault is ours.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

use sekisho::{
    base::{Clock, MessageHash, RecipientHash, TenantId},
    link::Place,
    store::{Store, Wrap, WrapOutcome},
};

use super::{DATA, Folder, ONE_TENANT, TRY_AGAIN, command, run_with};

const LETTER: &[u8] = b"From: a@corp.example\r\nTo: b@corp.example\r\nSubject: Hello\r\n\
    Message-ID: <1@corp.example>\r\n\r\nSee https://www.example.com/a?b=1#c and http://other.example/\r\n";

/// Every URL of our default base in a message.
pub(super) fn links(message: &str) -> Vec<String> {
    let words = message.split_ascii_whitespace();
    words.filter(|word| word.starts_with("http://localhost:8480/")).map(str::to_owned).collect()
}

/// The letter through `sekisho rewrite` on a data folder, and its two links.
pub(super) fn rewritten(folder: &Folder) -> (String, Vec<String>) {
    rewritten_from(folder, "a@corp.example")
}

/// The same from another sender.
pub(super) fn rewritten_from(folder: &Folder, sender: &str) -> (String, Vec<String>) {
    let args = ["rewrite", "--recipient", "b@corp.example", "--sender", sender];
    let message = run_with(&folder.with(&args), LETTER).ok().out;
    let links = links(&message);
    assert_eq!(links.len(), 2, "{message}");
    (message, links)
}

#[test]
fn a_message_goes_through_is_proven_and_comes_back() {
    let folder = Folder::new();
    let report = folder.join("report.json");
    let mut args = folder.with(&["rewrite", "--recipient", "b@corp.example", "--report", &report]);
    args.extend(["--base-url", "https://go.corp.example/mail"]);
    let ran = run_with(&args, LETTER).ok().says(&["Back it up"]);
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    assert_eq!(report["counts"]["wrapped"], 2);
    let links: Vec<&str> =
        report["links"].as_array().unwrap().iter().map(|link| link["link"].as_str().unwrap()).collect();
    assert!(links.iter().all(|link| ran.out.contains(link) && link.starts_with("https://go.corp.example/mail/")));
    assert!(folder.path().join("blocklists/block.list").exists(), "the shipped lists are there to be edited");

    // What follows needs no option any more: the first use settled the base.
    let again = run_with(&folder.with(&["rewrite"]), LETTER).ok();
    assert_eq!(again.err, "", "a keyring is made once");
    assert!(again.out.contains("https://go.corp.example/mail/www.example.com/"));

    let (start, end) = links[0].split_at(links[0].len() - 10);
    let other = if end.starts_with('x') { 'y' } else { 'x' };
    let damaged = format!("{start}{other}{}", &end[1..]);
    let input = format!("{}\n{damaged}\n", links[0]);
    let decoded = run_with(&folder.with(&["decode", "--json", "-"]), input.as_bytes()).ok().json();
    assert_eq!((&decoded[0]["valid"], &decoded[0]["url"]), (&true.into(), &"https://www.example.com/a?b=1#c".into()));
    assert_eq!((&decoded[0]["tenant"], &decoded[0]["problem"]), (&1.into(), &serde_json::Value::Null));
    assert_eq!(decoded[1]["valid"], false);
    assert!(decoded[1]["problem"].is_string());
    let other = Folder::new();
    other.run(&["keys", "init"]).ok();
    let foreign = other.run(&["decode", "--json", links[0]]);
    assert_eq!((foreign.code, &foreign.json()[0]["valid"]), (DATA, &false.into()));
    let alone = Folder::new().run(&["decode", "--json", links[0]]).ok();
    assert_eq!(
        (&alone.json()[0]["valid"], &alone.json()[0]["message"]),
        (&serde_json::Value::Null, &report["message"])
    );

    let restored = run_with(&folder.with(&["restore"]), ran.out.as_bytes()).ok();
    assert_eq!(restored.out.as_bytes(), LETTER);
    // Asked about one of our links, the answer is about its destination.
    folder.write("blocklists/mine.list", "=www.example.com\n");
    let judged = &folder.run(&["check", "--json", links[0]]).ok().json()[0];
    assert_eq!(
        (&judged["host"], &judged["decision"]["outcome"]),
        (&"www.example.com".into(), &"blocked_by_admin".into())
    );
}

#[test]
fn the_first_command_that_names_a_base_url_settles_it() {
    let folder = Folder::new();
    folder.run(&["keys", "init"]).ok();
    folder.run(&["list", "show"]).ok();
    let first = run_with(&folder.with(&["rewrite", "--base-url", "http://localhost:9000"]), LETTER).ok();
    assert_eq!(first.err, "");
    assert!(run_with(&folder.with(&["rewrite"]), LETTER).ok().out.contains(" http://localhost:9000/www"));
    // Another base URL counts for its command alone, and that is said; both are known to be ours there.
    let args = folder.with(&["rewrite", "--base-url", "http://localhost:9001"]);
    let moved = run_with(&args, LETTER).ok().says(&["note: new links live at http://localhost:9001", "sekisho.toml"]);
    assert!(moved.out.contains(" http://localhost:9001/www"));
    let args = folder.with(&["restore", "--base-url", "http://localhost:9001"]);
    assert_eq!(run_with(&args, moved.out.as_bytes()).ok().out.as_bytes(), LETTER);
    assert_eq!(run_with(&args, first.out.as_bytes()).ok().out.as_bytes(), LETTER);
}

#[test]
fn what_needs_no_change_comes_back_byte_for_byte() {
    let folder = Folder::new();
    for message in [&b""[..], b"no header at all", b"Subject: x\n\nnothing to see\n"] {
        let ran = run_with(&folder.with(&["rewrite"]), message).ok();
        assert_eq!(ran.out.as_bytes(), message);
    }
}

#[test]
fn many_at_once_on_a_fresh_folder_share_one_keyring() {
    let folder = Folder::new();
    let outs: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| rewritten(&folder).1[0].clone())).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let decoded = run_with(&folder.with(&["decode", "--json", "-"]), outs.join("\n").as_bytes()).ok().json();
    assert!(decoded.iter().all(|link| link["valid"] == true), "{decoded:?}");
    let keys: BTreeSet<&str> = decoded.iter().map(|link| link["key"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), 1);
}

#[test]
fn without_its_keyring_nothing_is_signed_with_a_fresh_one() {
    let named = Folder::new();
    let file = named.write("sekisho.toml", &format!("data_dir = \"data\"\n{ONE_TENANT}"));
    run_with(&["rewrite", "--config", &file], LETTER).refused(TRY_AGAIN, &["no keyring", "keys init"]);
    assert!(!named.path().join("data/keyring.toml").exists());

    let used = Folder::new();
    rewritten(&used);
    fs::rename(used.join("keyring.toml"), used.join("backup")).unwrap();
    run_with(&used.with(&["rewrite"]), LETTER).refused(TRY_AGAIN, &["put the backup back"]);
    assert!(!used.path().join("keyring.toml").exists());
    fs::rename(used.join("backup"), used.join("keyring.toml")).unwrap();
    rewritten(&used);

    fs::set_permissions(used.join("keyring.toml"), Permissions::from_mode(0o604)).unwrap();
    run_with(&used.with(&["rewrite"]), LETTER).refused(TRY_AGAIN, &["chmod 600"]);
}

#[test]
fn mistakes_of_the_operator_are_a_reason_to_try_again() {
    let folder = Folder::new();
    let file = folder.write("sekisho.toml", "lisen = 1");
    run_with(&["rewrite", "--config", &file], LETTER).refused(TRY_AGAIN, &["lisen"]);
    run_with(&["rewrite", "--config", "/nowhere.toml"], LETTER).refused(TRY_AGAIN, &["/nowhere.toml"]);
    run_with(&["rewrite", "--recipent", "x"], LETTER).refused(TRY_AGAIN, &["--recipent"]);
    let two = format!("{ONE_TENANT}{}", ONE_TENANT.replace("id = 1", "id = 2").replace("go.", "to."));
    let file = folder.write("two.toml", &two);
    run_with(&["rewrite", "--config", &file], LETTER).refused(TRY_AGAIN, &["--tenant", "1, 2"]);
    let fresh = Folder::new();
    run_with(&fresh.with(&["rewrite", "--base-url", "ftp://x.example"]), LETTER).refused(TRY_AGAIN, &["--base-url"]);
    run_with(&fresh.with(&["rewrite", "--report", "/nowhere/report"]), LETTER).refused(TRY_AGAIN, &["/nowhere/report"]);
}

#[test]
fn a_message_that_is_too_large_is_given_back() {
    let folder = Folder::new();
    let file =
        folder.write("sekisho.toml", &format!("data_dir = \".\"\n{ONE_TENANT}[limits]\nmessage_megabytes = 1\n"));
    super::run(&["keys", "init", "--config", &file]).ok();
    let large = [LETTER, &vec![b'x'; 1 << 20]].concat();
    run_with(&["rewrite", "--config", &file], &large).refused(DATA, &["1 MB", "message_megabytes"]);
}

#[test]
fn a_full_disk_under_stdout_means_try_again() {
    let folder = Folder::new();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let letter = folder.join("letter.eml");
    fs::write(&letter, LETTER).unwrap();
    let stdin = fs::File::open(&letter).unwrap();
    let output = command(&folder.with(&["rewrite"])).stdin(stdin).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(TRY_AGAIN));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot write to stdout: No space left on device"));
}

#[test]
fn nothing_goes_out_that_the_wrap_log_does_not_hold() {
    let folder = Folder::new();
    rewritten(&folder);
    let store = folder.join("sekisho.db");
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{store}{suffix}"));
    }
    fs::create_dir(&store).unwrap();
    run_with(&folder.with(&["rewrite"]), LETTER).refused(TRY_AGAIN, &["sekisho.db"]);
    fs::remove_dir(&store).unwrap();
    fs::write(&store, vec![b'x'; 8192]).unwrap();
    run_with(&folder.with(&["rewrite"]), LETTER).refused(TRY_AGAIN, &["sekisho.db", "damaged"]);
}

/// On a file system of one and a half megabytes of its own, where this machine lets a test mount one.
#[test]
fn a_full_disk_under_the_wrap_log_means_try_again_and_passes() {
    let (folder, mount) = (Folder::new(), Folder::new());
    rewritten(&folder);
    fs::write(folder.join("letter.eml"), LETTER).unwrap();
    let script = r#"
        mount -t tmpfs -o size=1536k tmpfs "$MOUNT" || exit 99
        cp -a "$FOLDER"/. "$MOUNT"
        dd if=/dev/zero of="$MOUNT/ballast" bs=4k 2>/dev/null
        "$SEKISHO" rewrite --data-dir "$MOUNT" --recipient c@corp.example < "$FOLDER/letter.eml" > "$FOLDER/full.out"
        echo "full $?"
        rm "$MOUNT/ballast"
        "$SEKISHO" rewrite --data-dir "$MOUNT" --recipient c@corp.example < "$FOLDER/letter.eml" > "$FOLDER/free.out"
        echo "free $?"
    "#;
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .env("MOUNT", mount.path())
        .env("FOLDER", folder.path())
        .env("SEKISHO", env!("CARGO_BIN_EXE_sekisho"))
        .output();
    let Ok(output) = ran else { return eprintln!("skipped: there is no unshare(1) here") };
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    if out.is_empty() {
        return eprintln!("skipped: a test may not mount a file system here: {err}");
    }
    assert_eq!(out, "full 75\nfree 0\n", "{err}");
    assert!(err.contains("sekisho.db") && (err.contains("free space") || err.contains("disk is full")), "{err}");
    assert_eq!(fs::read(folder.join("full.out")).unwrap(), b"", "nothing went out");
    assert_eq!(links(&fs::read_to_string(folder.join("free.out")).unwrap()).len(), 2);
}

#[test]
fn a_clock_that_went_back_signs_nothing() {
    let folder = Folder::new();
    rewritten(&folder);
    let later = |minutes: i64| {
        Store::open(Path::new(&folder.join("sekisho.db"))).unwrap().record_wraps(&[Wrap {
            time: sekisho::app::SystemClock.now().plus_millis(minutes * 60_000),
            tenant: TenantId(1),
            message: MessageHash([minutes as u8; 8]),
            recipient: RecipientHash::SHARED,
            recipient_address: None,
            message_id: None,
            sender: None,
            subject: None,
            part: "1".into(),
            place: Place::Text,
            outcome: WrapOutcome::Wrapped,
            rule: None,
            url: "https://example.com/".into(),
            host: None,
            domain: None,
            link_id: None,
        }])
    };
    later(9).unwrap();
    rewritten(&folder);
    later(30).unwrap();
    run_with(&folder.with(&["rewrite"]), LETTER).refused(TRY_AGAIN, &["minutes behind", "set the clock"]);
}

#[test]
fn a_reader_that_went_away_is_told_of() {
    let folder = Folder::new();
    let mut child = command(&folder.with(&["rewrite"])).stdin(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(LETTER).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(TRY_AGAIN));
}

#[test]
fn what_another_house_wrapped_is_looked_up_in_the_lists_of_this_one() {
    let (other, own) = (Folder::new(), Folder::new());
    let theirs = run_with(&other.with(&["rewrite", "--base-url", "https://go.other.example"]), LETTER).ok().out;
    let link = theirs.split_ascii_whitespace().find(|word| word.starts_with("https://go.other.example/www.")).unwrap();
    own.write("blocklists/mine.list", "=www.example.com\n");
    let judged = &own.run(&["check", "--json", "--no-fetch", link]).ok().json()[0];
    assert_eq!(judged["decision"]["outcome"], "blocked_by_admin", "{judged}");
}
