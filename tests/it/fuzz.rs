//! The samples that fuzzing begins with, and what it found once: `fuzz/seeds` and `fuzz/regressions`, a folder a target.

use std::path::Path;

use crate::support::files;

#[path = "../../fuzz/oracle.rs"]
mod oracle;

fn run(target: &str, oracle: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut ran = 0;
    for folder in ["seeds", "regressions"].map(|folder| fuzz.join(folder).join(target)) {
        if !folder.exists() {
            continue;
        }
        for file in files(&folder) {
            let bytes = std::fs::read(&file).unwrap();
            let held = std::panic::catch_unwind(|| oracle(&bytes));
            assert!(held.is_ok(), "{} breaks what must hold of any bytes", file.display());
            ran += 1;
        }
    }
    assert!(ran > 0, "there are no samples for {target}");
}

#[test]
fn split_holds_on_its_samples() {
    run("split", oracle::split);
}

#[test]
fn decode_holds_on_its_samples() {
    run("decode", oracle::decode);
}

#[test]
fn html_holds_on_its_samples() {
    run("html", oracle::html);
}

#[test]
fn text_holds_on_its_samples() {
    run("text", oracle::text);
}

#[test]
fn calendar_holds_on_its_samples() {
    run("calendar", oracle::calendar);
}

#[test]
fn link_holds_on_its_samples() {
    run("link", oracle::link);
}

#[test]
fn list_holds_on_its_samples() {
    run("list", oracle::list);
}

#[test]
fn look_holds_on_its_samples() {
    run("look", oracle::look);
}

#[test]
fn message_holds_on_its_samples() {
    run("message", oracle::message);
}

#[cfg(feature = "server")]
#[test]
fn milter_holds_on_its_samples() {
    run("milter", oracle::milter);
}

#[cfg(feature = "server")]
#[test]
fn filter_holds_on_its_samples() {
    run("filter", oracle::filter);
}

#[cfg(feature = "server")]
#[test]
fn results_holds_on_its_samples() {
    run("results", oracle::results);
}

#[test]
fn rice_holds_on_its_samples() {
    run("rice", oracle::rice);
}
