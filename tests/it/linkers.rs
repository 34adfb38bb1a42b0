//! linkify-it, the auto-linker of many web mailers, reads every text after it came through: what it links is ours, or a
//! rule of the report left it. It needs node, and a folder with the package in it:
//!
//!     npm install --prefix DIR linkify-it
//!     SEKISHO_LINKIFY=DIR cargo test --test it linkers -- --ignored --nocapture

use std::{
    io::Write,
    process::{Command, Stdio},
};

use sekisho::{
    message::{Limits, Role, split},
    rewrite::{Done, Report},
};

use crate::{house::House, mails::corpus_mails};

const SCRIPT: &str = "
const known = require('linkify-it');
const linkify = typeof known === 'function' ? known() : known.linkifyit({ fuzzyLink: true });
const texts = JSON.parse(require('fs').readFileSync(0));
process.stdout.write(JSON.stringify(texts.map((text) =>
  (linkify.match(text) || []).filter((m) => m.schema !== 'mailto:').map((m) => [m.raw, m.url]))));
";

#[test]
#[ignore = "needs node and linkify-it; see the head of this file"]
fn linkify_it_finds_nothing_that_is_neither_ours_nor_reported() {
    let (Some(folder), Some(mails)) = (std::env::var_os("SEKISHO_LINKIFY"), corpus_mails()) else { return };
    let house = House::new();
    let (mut texts, mut from) = (Vec::new(), Vec::new());
    for mail in &mails {
        let rewritten = house.rewrite(&mail.raw);
        let structure = split(&rewritten.message, &Limits::default());
        for part in structure.parts.iter().filter(|part| part.role == Role::Leaf && part.media.is("text", "plain")) {
            let left = rewritten.report.left_parts.iter().any(|left| left.part == part.id);
            let Ok(opened) = part.open(&rewritten.message, &Limits::default()) else { continue };
            if !left {
                texts.push(opened.text().to_owned());
                from.push((mail, rewritten.report.clone()));
            }
        }
    }
    let mut node = Command::new("node")
        .args(["-e", SCRIPT])
        .env("NODE_PATH", std::path::Path::new(&folder).join("node_modules"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    node.stdin.take().unwrap().write_all(&serde_json::to_vec(&texts).unwrap()).unwrap();
    let answer = node.wait_with_output().unwrap();
    let answer: Vec<Vec<(String, String)>> = serde_json::from_slice(&answer.stdout).unwrap();
    let (mut ours, mut ruled, mut escaped) = (0, 0, Vec::new());
    for (found, (mail, report)) in answer.iter().zip(&from) {
        for (raw, url) in found {
            if house.is_ours(url) {
                ours += 1;
            } else if is_ruled(report, raw, url) {
                ruled += 1;
            } else {
                escaped.push(format!("{}: {raw}", mail.name));
            }
        }
    }
    println!("{} texts: {ours} ours, {ruled} left by rule, {} escaped", texts.len(), escaped.len());
    assert!(escaped.is_empty(), "{}", escaped.join("\n"));
}

fn is_ruled(report: &Report, raw: &str, url: &str) -> bool {
    report.links.iter().any(|link| {
        let same = link.original == raw || link.original == url || link.original.ends_with(&format!("//{raw}"));
        matches!(link.done, Done::Left { .. }) && same
    })
}
