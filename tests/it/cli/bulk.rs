//! `sekisho rewrite --bulk`: nothing is touched, overwritten, torn or lost.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{DATA, Folder, TRY_AGAIN, command, run};

fn letter(number: usize) -> String {
    format!(
        "From: a@corp.example\nMessage-ID: <{number}@corp.example>\nSubject: {number}\n\nSee https://www.example.com/{number} now.\nFrom here on.\n\nend of {number}\n"
    )
}

fn write(path: PathBuf, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn maildir(root: &Path) {
    write(root.join("cur/1:2,S"), &letter(1));
    write(root.join("new/2"), &letter(2));
    write(root.join("new/3"), "Subject: nothing\n\nto do\n");
    write(root.join("tmp/4"), &letter(4));
    write(root.join(".Sent/cur/5"), &letter(5));
    fs::create_dir_all(root.join(".Sent/new")).unwrap();
    write(root.join("dovecot.index"), "x");
}

#[test]
fn a_maildir_becomes_another_and_a_second_run_does_nothing() {
    let (data, work) = (Folder::new(), Folder::new());
    let (from, to) = (work.path().join("in"), work.path().join("out"));
    maildir(&from);
    let args = data.with(&["rewrite", "--bulk", from.to_str().unwrap(), to.to_str().unwrap()]);
    let ran = run(&args).ok();
    assert!(
        ran.out.starts_with(
            "messages: 3 rewritten, 1 unchanged, 0 refused, 0 there already, 1 no messages\nlinks: 3 wrapped"
        ),
        "{}",
        ran.out
    );
    let first = fs::read_to_string(to.join("cur/1:2,S")).unwrap();
    assert!(first.contains("/www.example.com/") && first.ends_with("end of 1\n"), "{first}");
    assert_eq!(fs::read_to_string(to.join("new/3")).unwrap(), "Subject: nothing\n\nto do\n");
    assert!(to.join("tmp").is_dir() && to.join(".Sent/cur/5").exists() && !to.join("tmp/4").exists());
    assert_eq!(fs::read_to_string(from.join("cur/1:2,S")).unwrap(), letter(1), "the original is not touched");
    assert!(!to.join(".sekisho-part").exists());
    // One is gone, one was changed by somebody: only the first is made anew.
    fs::remove_file(to.join("new/2")).unwrap();
    fs::write(to.join("new/3"), "mine").unwrap();
    let again = run(&args).ok();
    assert!(again.out.starts_with("messages: 1 rewritten, 0 unchanged, 0 refused, 3 there already"), "{}", again.out);
    assert_eq!(fs::read_to_string(to.join("new/3")).unwrap(), "mine");
}

#[test]
fn what_is_refused_is_listed_and_does_not_appear() {
    let (data, work) = (Folder::new(), Folder::new());
    let (from, to) = (work.path().join("in"), work.path().join("out"));
    write(from.join("good.eml"), &letter(1));
    write(from.join("large.eml"), &format!("Subject: x\n\n{}", "x".repeat(65 << 20)));
    let report = work.join("report");
    let ran =
        run(&data.with(&["rewrite", "--report", &report, "--bulk", from.to_str().unwrap(), to.to_str().unwrap()]));
    assert_eq!(ran.code, DATA, "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("1 refused") && ran.out.contains("refused: large.eml: it has more than"), "{}", ran.out);
    assert!(ran.err.contains("1 message refused"), "{}", ran.err);
    assert!(to.join("good.eml").exists() && !to.join("large.eml").exists());
    let lines = fs::read_to_string(report).unwrap();
    let line: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((line["source"].as_str(), line["counts"]["wrapped"].as_i64()), (Some("good.eml"), Some(1)));
    run(&data.with(&["rewrite", "--bulk", "/nowhere", to.to_str().unwrap()])).refused(TRY_AGAIN, &["/nowhere"]);
    let inside = from.join("out");
    run(&data.with(&["rewrite", "--bulk", from.to_str().unwrap(), inside.to_str().unwrap()]))
        .refused(TRY_AGAIN, &["lies in"]);
}

fn mbox(count: usize) -> String {
    (0..count).map(|number| format!("From a@corp.example Tue Nov 24 09:00:00 2026\n{}\n", letter(number))).collect()
}

#[test]
fn an_mbox_becomes_another_and_goes_on_where_it_was() {
    let (data, work) = (Folder::new(), Folder::new());
    let (from, to) = (work.join("in.mbox"), work.join("out.mbox"));
    fs::write(&from, mbox(5)).unwrap();
    let args = data.with(&["rewrite", "--bulk", &from, &to]);
    let ran = run(&args).ok();
    assert!(ran.out.starts_with("messages: 5 rewritten"), "{}", ran.out);
    let whole = fs::read_to_string(&to).unwrap();
    assert_eq!(whole.matches("\nFrom a@corp").count() + 1, 5);
    assert_eq!(whole.matches("end of ").count(), 5);
    assert!(whole.contains("\nFrom here on.\n"), "what follows no empty line begins no message");
    let there = run(&args);
    assert!(there.err.contains("nothing is overwritten"), "{}", there.err);
    assert_ne!(there.code, 0);

    // As a run leaves it that was killed behind its second message, in the middle of the third.
    let second = mbox(2).len();
    let written = whole.match_indices("From a@corp.example Tue").nth(2).unwrap().0;
    fs::remove_file(&to).unwrap();
    fs::write(format!("{to}.sekisho-part"), &whole[..written + 40]).unwrap();
    let half = mbox(1).len();
    let begun = whole.match_indices("From a@corp.example Tue").nth(1).unwrap().0;
    fs::write(format!("{to}.sekisho-notes"), format!("{} 0\n{half} {begun}\n{second} {written}\n77", mbox(5).len()))
        .unwrap();
    let ran = run(&args).ok();
    assert!(ran.out.starts_with("messages: 3 rewritten, 0 unchanged, 0 refused, 2 there already"), "{}", ran.out);
    let resumed = fs::read_to_string(&to).unwrap();
    assert_eq!(resumed[..written], whole[..written]);
    assert_eq!(resumed.matches("end of ").count(), 5);
    assert!(!Path::new(&format!("{to}.sekisho-notes")).exists());
}

#[test]
fn a_run_that_is_killed_leaves_no_torn_file() {
    let (data, work) = (Folder::new(), Folder::new());
    let (from, to) = (work.path().join("in"), work.path().join("out"));
    for number in 0..300 {
        write(from.join(format!("{number}.eml")), &letter(number));
    }
    let args = data.with(&["rewrite", "--bulk", from.to_str().unwrap(), to.to_str().unwrap()]);
    let mut child = command(&args).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !to.join("1.eml").exists() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let whole = |path: &Path| fs::read_to_string(path).unwrap().lines().last().unwrap().starts_with("end of ");
    for entry in fs::read_dir(&to).unwrap() {
        let path = entry.unwrap().path();
        let is_part = path.file_name().unwrap().to_str().unwrap().starts_with(".sekisho-part");
        assert!(is_part || whole(&path), "{} is torn", path.display());
    }
    let ran = run(&args).ok();
    assert!(ran.out.contains("0 refused"), "{}", ran.out);
    assert_eq!(fs::read_dir(&to).unwrap().count(), 300);
}
