//! The laws over every mail and every page at hand.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{care, laws};
use crate::support::{self, is_message};

fn mails(folder: &str) {
    let (Some(root), Some(folder)) = (support::corpus("mail"), support::corpus(folder)) else { return };
    let mut held = Tally::default();
    for file in support::files(&folder).iter().filter(|file| is_message(&root, file)) {
        held.add(file, &fs::read(file).unwrap());
    }
    held.say(&folder);
}

/// HTML pages, each made a message: as it stands, and in base64.
fn pages(folder: &str) {
    let Some(folder) = support::corpus(folder) else { return };
    let mut held = Tally::default();
    for file in support::files(&folder) {
        let page = fs::read(&file).unwrap();
        let html = matches!(file.extension().and_then(|extension| extension.to_str()), Some("html" | "md" | "htm"));
        if !html {
            continue;
        }
        let head = "Message-ID: <page@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n";
        let plain = [head.as_bytes(), b"Content-Transfer-Encoding: 8bit\r\n\r\n", &page].concat();
        held.add(&file, &plain);
        let lines: Vec<_> = STANDARD.encode(&page).into_bytes().chunks(76).map(<[u8]>::to_vec).collect();
        let encoded = lines.join(&b"\r\n"[..]);
        held.add(&file, &[head.as_bytes(), b"Content-Transfer-Encoding: base64\r\n\r\n", &encoded].concat());
    }
    held.say(&folder);
}

#[derive(Default)]
struct Tally {
    messages: usize,
    wrapped: usize,
    left: usize,
    defanged: usize,
    removed: usize,
    recoded: usize,
    broken: Vec<String>,
}

impl Tally {
    fn add(&mut self, file: &Path, raw: &[u8]) {
        let name = file.display().to_string();
        let quiet = std::panic::catch_unwind(|| {
            care::makes_no_difference(&name, raw);
            laws::hold(&name, raw)
        });
        self.messages += 1;
        let Ok(once) = quiet else {
            self.broken.push(name);
            return;
        };
        self.wrapped += once.report.counts.wrapped;
        self.left += once.report.counts.left;
        self.defanged += once.report.counts.defanged;
        self.removed += once.report.counts.removed_parts;
        self.recoded += once.report.recoded_parts.len();
    }

    fn say(&self, folder: &Path) {
        eprintln!(
            "{}: {} messages, {} wrapped, {} left, {} defanged, {} parts removed, {} recoded",
            folder.display(),
            self.messages,
            self.wrapped,
            self.left,
            self.defanged,
            self.removed,
            self.recoded
        );
        assert!(self.messages > 0, "{}: nothing but what is no mail", folder.display());
        assert!(self.broken.is_empty(), "{} broken: {:#?}", self.broken.len(), self.broken);
    }
}

#[test]
fn laws_hold_over_the_mails_of_parsers() {
    mails("mail/mail-parser");
}

#[test]
fn laws_hold_over_broken_mail() {
    mails("mail/mail-gem");
    mails("mail/enmime/testdata/mail");
    mails("mail/flanker");
}

#[test]
fn laws_hold_over_old_mail() {
    mails("mail/spamassassin");
}

#[test]
fn laws_hold_over_phishing_mail() {
    mails("mail/phishing");
}

#[test]
fn laws_hold_over_pages() {
    pages("html/newsletters");
    pages("html/caniemail");
}
