//! What a reader sees before and after: every page at hand in Chromium, its DOM (the same but for targets, anchors put
//! around text, and what was disabled) and its pixels.
//!
//!     cargo test --test it looks::every_newsletter -- --ignored --nocapture

use crate::{
    browser::{Browser, DESKTOP},
    house::House,
    mails::{Mail, corpus_mails},
};
use sekisho::message::{Limits, split};

#[derive(Default)]
struct Tally {
    pages: usize,
    links: usize,
    dom: Vec<String>,
    pixels: Vec<String>,
}

/// The body of the first HTML part, as a client decodes it.
fn page(raw: &[u8]) -> Option<String> {
    let limits = Limits::default();
    let structure = split(raw, &limits);
    let part = structure.parts.iter().find(|part| part.media.is("text", "html"))?;
    Some(part.open(raw, &limits).ok()?.text().to_owned())
}

async fn compare(mails: &[Mail]) -> Tally {
    let house = House::new();
    let browser = Browser::start(&DESKTOP).await;
    browser.client.set_window_size(1000, 3000).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    let mut tally = Tally::default();
    for mail in mails {
        let Some(before) = page(&mail.raw) else { continue };
        let rewritten = house.rewrite(&mail.raw);
        let after = page(&rewritten.message).unwrap_or_default();
        tally.pages += 1;
        tally.links += rewritten.report.counts.wrapped;
        let mut seen = Vec::new();
        for text in [&before, &after] {
            // Marked as what the decoded text is; a `meta` of the page comes too late to say otherwise.
            std::fs::write(&file, format!("\u{feff}{text}")).unwrap();
            browser.client.goto(&format!("file://{}", file.display())).await.unwrap();
            let dom = browser.client.execute(include_str!("looks.js"), Vec::new()).await.unwrap();
            let dom: Vec<String> = serde_json::from_value(dom).unwrap();
            seen.push((dom, browser.client.screenshot().await.unwrap()));
        }
        let ((dom_before, pixels_before), (dom_after, pixels_after)) = (&seen[0], &seen[1]);
        if dom_before != dom_after {
            let at = dom_before.iter().zip(dom_after).position(|(before, after)| before != after).unwrap_or_default();
            let line = |dom: &[String]| dom.get(at).map_or(String::new(), |line| line.chars().take(300).collect());
            tally.dom.push(format!("{}: {:?} / {:?}", mail.name, line(dom_before), line(dom_after)));
        }
        if pixels_before != pixels_after {
            tally.pixels.push(mail.name.clone());
            if let Some(folder) = std::env::var_os("SEKISHO_LOOKS") {
                let name = mail.name.replace('/', "_");
                for (kind, pixels) in [("before", pixels_before), ("after", pixels_after)] {
                    std::fs::write(std::path::Path::new(&folder).join(format!("{name}.{kind}.png")), pixels).unwrap();
                }
            }
        }
    }
    browser.stop().await;
    eprintln!(
        "{} pages, {} links: {} differ in their DOM, {} in their pixels",
        tally.pages,
        tally.links,
        tally.dom.len(),
        tally.pixels.len()
    );
    tally
}

fn newsletters() -> Option<Vec<Mail>> {
    let mut mails = corpus_mails()?;
    mails.retain(|mail| mail.name.starts_with("html/"));
    Some(mails)
}

#[tokio::test]
async fn some_newsletters_look_as_before() {
    let Some(mails) = newsletters() else { return };
    let some: Vec<Mail> = mails.into_iter().step_by(24).collect();
    let tally = compare(&some).await;
    assert!(tally.dom.is_empty(), "{}", tally.dom.join("\n"));
    assert!(tally.pixels.is_empty(), "{}", tally.pixels.join("\n"));
    assert!(tally.pages > 4);
}

#[tokio::test]
#[ignore = "takes minutes; see the head of this file"]
async fn every_newsletter() {
    let Some(mails) = newsletters() else { return };
    let tally = compare(&mails).await;
    let broken = [tally.dom, tally.pixels].concat();
    assert!(broken.is_empty(), "{} differences:\n{}", broken.len(), broken.join("\n"));
}

/// Mail as it was sent, which may look whatever way; what differs is said.
#[tokio::test]
#[ignore = "takes minutes; see the head of this file"]
async fn every_mail() {
    let Some(mut mails) = corpus_mails() else { return };
    mails.retain(|mail| !mail.name.starts_with("html/"));
    let tally = compare(&mails).await;
    println!("DOM:\n{}\npixels:\n{}", tally.dom.join("\n"), tally.pixels.join("\n"));
    assert!(tally.dom.len() * 100 < tally.pages, "more than one in a hundred differs");
}
